//! A page's end of a connection: what the page does with frames, compared with its witness, and
//! what its session asks for.

use rtbroadcaster_protocol::{
    CloseCode, EndReason, Event, Input, Outcome, Output, RefusalCode, ServerMessage, SessionStatus, parse,
};

use super::invariant::{Checked, Invariant};
use super::link::{Down, LinkId, Up};
use super::model::{moment_of, number};
use super::page::{Kind, Modern};
use super::world::World;

/// How long a page of the original's protocol waits before it connects again, in milliseconds.
const LEGACY_PAUSE_MS: u64 = 3_000;
/// The unsent bytes that a page reports while the network accepts nothing from it.
const CLOGGED_BYTES: u64 = 1 << 20;

impl World {
    /// Delivers what has arrived at a page.
    pub(super) fn deliver_down(&mut self, id: LinkId) -> Checked {
        loop {
            let Some(link) = self.links.get_mut(&id) else { return Ok(()) };
            let page = link.page;
            if !link.is_looked_at || self.pages[page].is_stalled {
                return Ok(());
            }
            let Some(frame) = link.down.receive(self.now) else { return Ok(()) };
            match frame {
                Down::Ping => {
                    let arrives = self.now.after(self.pages[page].delay_ms);
                    link.send_up(arrives, Up::Pong);
                }
                Down::Opened => self.page_opened(page)?,
                Down::Text(text) => self.page_receives(page, id, &text)?,
                Down::Closed(code) => {
                    self.note(|| format!("page {page} is disconnected: {code}"));
                    self.let_go(page, false);
                    self.page_disconnected(page, code)?;
                }
            }
        }
    }

    fn page_opened(&mut self, page: usize) -> Checked {
        let Kind::Legacy(legacy) = &mut self.pages[page].kind else { return self.tell(page, Input::Opened) };
        legacy.handed.clear();
        let first = match &legacy.joins {
            Some(uuid) => format!(r#"{{"uuid":"{uuid}","status":{{"value":2,"text":""}}}}"#),
            None => r#"{"status":{"value":1}}"#.to_owned(),
        };
        self.send(page, first);
        Ok(())
    }

    pub(super) fn page_disconnected(&mut self, page: usize, code: u16) -> Checked {
        match &mut self.pages[page].kind {
            Kind::Modern(_) => self.tell(page, Input::Disconnected(code)),
            Kind::Legacy(legacy) => {
                legacy.room = None;
                if legacy.joins.is_some() && CloseCode::may_return(code) {
                    legacy.reconnect_at = Some(self.now.after(LEGACY_PAUSE_MS));
                } else {
                    legacy.is_over = true;
                }
                Ok(())
            }
        }
    }

    fn page_receives(&mut self, page: usize, link: LinkId, text: &str) -> Checked {
        self.note(|| format!("page {page} hears {text}"));
        let messages = parse::server_messages(text)
            .map_err(|error| Invariant::NoPanic.violated(format!("{text} is no frame: {error}")))?;
        for message in messages {
            if self.pages[page].link != Some(link) {
                break;
            }
            match self.pages[page].kind {
                Kind::Modern(_) => self.modern_receives(page, message)?,
                Kind::Legacy(_) => self.legacy_receives(page, &message)?,
            }
        }
        Ok(())
    }

    fn modern_receives(&mut self, page: usize, message: ServerMessage<String>) -> Checked {
        self.cover_message(page, &message);
        let Some(modern) = self.pages[page].modern_mut() else { return Ok(()) };
        if modern.is_leaving {
            // The application has closed its session, and ignores what still comes.
            return self.tell(page, Input::Received(message));
        }
        modern.witness.before(&message, &self.limits, self.cluster.is_some())?;
        if let ServerMessage::Connected(reply) = &message {
            modern.target = reply.seq;
            modern.queue_actions = reply.limits.queue_actions;
        }
        let message = without_moment(message)?;
        let is_end = matches!(message, ServerMessage::Closed) && !modern.session.is_owner();
        let what = message.clone();
        self.tell(page, Input::Received(message))?;
        let Some(modern) = self.pages[page].modern_mut() else { return Ok(()) };
        let room = modern.session.uuid().and_then(|uuid| self.model.room(uuid));
        let Some(room) = room else { return Ok(()) };
        if is_end {
            Invariant::ExactlyOnce.ensure(modern.closed_at.is_some_and(|at| at == room.head()), || {
                format!("page {page} had {:?} of {} when its room was closed", modern.closed_at, room.head())
            })?;
        }
        modern.witness.after(&what, room)
    }

    fn cover_message(&mut self, page: usize, message: &ServerMessage<String>) {
        let Some(modern) = self.pages[page].modern_mut() else { return };
        let first = std::mem::replace(&mut modern.is_first, matches!(message, ServerMessage::Connected(_)));
        let rejoined = first && modern.witness.cursor().is_some();
        match message {
            ServerMessage::Connected(_) if modern.session.is_owner() && modern.entered => {
                self.coverage.hit("a claim by the same session");
            }
            ServerMessage::Connected(reply) if reply.epoch.is_some_and(|epoch| epoch > 1) => {
                self.coverage.hit("a claim by a reloaded page");
            }
            ServerMessage::Resync(_) if rejoined => self.coverage.hit("a resync on rejoin"),
            ServerMessage::Resync(_) => self.coverage.hit("a resync while live"),
            ServerMessage::Action { .. } if rejoined => self.coverage.hit("a resume from the ring"),
            _ => {}
        }
    }

    fn legacy_receives(&mut self, page: usize, message: &ServerMessage<String>) -> Checked {
        let Kind::Legacy(legacy) = &mut self.pages[page].kind else { return Ok(()) };
        match message {
            ServerMessage::Connected(reply) => {
                legacy.room = Some(reply.uuid.clone());
                Ok(())
            }
            ServerMessage::Action { params, .. } => {
                let room = legacy.room.as_ref().and_then(|uuid| self.model.room(uuid));
                let seq = number(params).and_then(|number| room?.seq_of(number));
                let seq =
                    seq.ok_or_else(|| Invariant::SingleWriter.violated(format!("{params} is in no log")))?;
                legacy.handed.push(seq);
                self.coverage.hit("a legacy follower was served");
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Sends a page's frame, if the page has a socket.
    pub(super) fn send(&mut self, page: usize, text: String) {
        let arrives = self.arrival(page);
        if let Some(link) = self.pages[page].link.and_then(|id| self.links.get_mut(&id)) {
            link.send_up(arrives, Up::Text(text));
        }
    }

    /// Gives an input to a page's session, and does what the session asks for.
    pub(super) fn tell(&mut self, page: usize, input: Input<String>) -> Checked {
        if let Some(modern) = self.pages[page].modern_mut() {
            modern.session.handle(self.now, input);
        }
        self.drain(page)
    }

    /// Does what a page's session asks for.
    pub(super) fn drain(&mut self, page: usize) -> Checked {
        loop {
            let (now, clogged_until) = (self.now, self.pages[page].clogged_until);
            let Some(modern) = self.pages[page].modern_mut() else { return Ok(()) };
            let unsent = if now < clogged_until { CLOGGED_BYTES } else { 0 };
            modern.session.handle(now, Input::Buffered(unsent));
            let Some(output) = modern.session.poll_output() else { return Ok(()) };
            let is_over = modern.ended.is_some();
            Invariant::ClosingIsFinal
                .ensure(!is_over, || format!("page {page} ended and wants {output:?}"))?;
            match output {
                Output::Connect => self.connect(page),
                Output::Send(text) => {
                    if text.starts_with("{\"id\"") {
                        self.pages[page].written = Some(text.clone());
                    }
                    self.send(page, text);
                }
                Output::Disconnect => self.let_go(page, false),
                Output::Event(event) => self.happened(page, event)?,
            }
        }
    }

    /// A page's application receives an event.
    fn happened(&mut self, page: usize, event: Event<String>) -> Checked {
        self.note(|| format!("page {page}: {event:?}"));
        let Some(modern) = self.pages[page].modern_mut() else { return Ok(()) };
        let room = modern.session.uuid().and_then(|uuid| self.model.room(uuid));
        match event {
            Event::Action { params, slot, .. } => {
                let known = number(&params).zip(room);
                let (number, room) = known
                    .ok_or_else(|| Invariant::SingleWriter.violated(format!("{params} was never sent")))?;
                modern.witness.action(number, slot.as_deref(), room)
            }
            Event::Cleared { slot, .. } => {
                let room = room.ok_or_else(|| Invariant::SingleWriter.violated("a clear in no room"))?;
                if modern.witness.is_in_snapshot() {
                    self.coverage.hit("cleared by a resync");
                }
                modern.witness.cleared(&slot, room)
            }
            Event::Status(status) => {
                modern.status = status;
                let is_true = status != SessionStatus::Connected
                    || modern.session.is_owner()
                    || modern.witness.is_complete(modern.target)
                    || modern.witness.is_in_snapshot();
                Invariant::JoiningIsOneStep
                    .ensure(is_true, || format!("page {page} is told that it is in sync, and isn't"))
            }
            Event::Entered => {
                let is_thief = modern.is_thief;
                Invariant::SingleWriter.ensure(!is_thief, || format!("page {page} has stolen the room"))?;
                let twice = std::mem::replace(&mut modern.entered, true);
                Invariant::JoiningIsOneStep.ensure(!twice, || format!("page {page} entered twice"))
            }
            Event::Answered { ticket, outcome } => self.answered(page, ticket, &outcome),
            Event::Audience(audience) => {
                modern.audience = Some(audience);
                Ok(())
            }
            Event::Owner(presence) => {
                modern.owner = presence;
                Ok(())
            }
            Event::Refused(refusal) => Err(Invariant::ExactlyOnce
                .violated(format!("page {page} was refused what it never asked: {refusal:?}"))),
            Event::Resync | Event::AttemptFailed => Ok(()),
            Event::Ended(reason) => self.ended(page, reason),
        }
    }

    /// An owner receives the outcome of one of its actions.
    fn answered(&mut self, page: usize, ticket: u64, outcome: &Outcome) -> Checked {
        let Some(modern) = self.pages[page].modern_mut() else { return Ok(()) };
        let what = modern.tickets.remove(&ticket);
        let what =
            what.ok_or_else(|| Invariant::ExactlyOnce.violated(format!("ticket {ticket} answered again")))?;
        let room = modern.session.uuid().and_then(|uuid| self.model.room(uuid));
        let is_in_log =
            what.number().is_some_and(|number| room.is_some_and(|room| room.seq_of(number).is_some()));
        if let Outcome::Appended(seq) = outcome {
            let logged = room.and_then(|room| room.at(*seq));
            return Invariant::ExactlyOnce.ensure(logged == Some(&what), || {
                format!("page {page} was told that {what:?} is {logged:?} at {seq}")
            });
        }
        Invariant::ExactlyOnce.ensure(!is_in_log, || {
            format!("page {page} was told {outcome:?} of {what:?}, which is in the log")
        })?;
        if let Some(number) = what.number() {
            self.note_avoided(number);
        }
        if *outcome == Outcome::Replaced {
            self.coverage.hit("an action was replaced before it was written");
        }
        Ok(())
    }

    /// A page's session has ended.
    fn ended(&mut self, page: usize, reason: EndReason) -> Checked {
        let Some(modern) = self.pages[page].modern_mut() else { return Ok(()) };
        let room = modern.session.uuid().and_then(|uuid| self.model.room(uuid));
        let is_closed = room.is_none_or(|room| !room.is_open);
        modern.closed_at = modern.witness.cursor();
        let (is_true, goal) = match &reason {
            EndReason::RoomClosed => (is_closed, Some("a follower ended with the close")),
            EndReason::Left => (modern.is_leaving, None),
            EndReason::Superseded => (modern.has_rival, Some("an owner was fenced off")),
            EndReason::ConnectionFailed => (!modern.entered, None),
            EndReason::Refused(refusal) => refused(modern, refusal.known_code(), is_closed),
        };
        Invariant::ClosingIsFinal.ensure(is_true, || format!("page {page} ended: {reason:?}"))?;
        modern.ended = Some(reason);
        if let Some(goal) = goal {
            self.coverage.hit(goal);
        }
        Ok(())
    }
}

/// The same message, for pages that don't know their server's clock. Those that do are in
/// `sim/one_moment`. Its moment must be the one that its owner gave it.
fn without_moment(mut message: ServerMessage<String>) -> Checked<ServerMessage<String>> {
    if let ServerMessage::Action { params, at, .. } = &mut message {
        let given = number(params).and_then(moment_of);
        Invariant::Order.ensure(*at == given, || format!("{params} runs at {at:?}, not {given:?}"))?;
        *at = None;
    }
    Ok(message)
}

/// Whether a session may end with this refusal, and what that proves.
fn refused(modern: &Modern, code: Option<RefusalCode>, is_closed: bool) -> (bool, Option<&'static str>) {
    match code {
        Some(RefusalCode::UnknownRoom) => (is_closed, Some("an unknown room was refused")),
        Some(RefusalCode::RoomFull) => {
            (!modern.entered && !modern.session.is_owner(), Some("the room was full"))
        }
        Some(RefusalCode::TooManyRooms) => {
            (!modern.entered && modern.session.is_owner(), Some("the rooms were too many"))
        }
        // It was away until its first attempts had taken too long.
        Some(RefusalCode::Unavailable) => (!modern.entered, None),
        Some(RefusalCode::WrongOwnerKey) => (modern.is_thief, Some("a wrong key was refused")),
        _ => (false, None),
    }
}
