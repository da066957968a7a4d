//! The server's end of a connection: what the server does with frames, compared with the model, and
//! what it sends.

use rtbroadcaster_protocol::{ClientMessage, CloseCode, Frame, PeerOutput, Refusal, Room, RoomId, parse};

use super::invariant::{Checked, Invariant, Violation};
use super::link::{Down, LinkId, Served, Up};
use super::model::{Attempt, Fate, What, number};
use super::world::World;

/// The most frames in a row to a connection while nothing happens in its room.
const FRAMES_FOR_NOTHING: u32 = 200;

impl World {
    /// Delivers what has arrived at the server.
    pub(super) fn deliver_up(&mut self, id: LinkId) -> Checked {
        if !self.links.get(&id).is_some_and(|link| self.is_running(link.server)) {
            return Ok(());
        }
        self.go_on(id)?;
        while let Some(frame) = self.links.get_mut(&id).and_then(|link| link.receive(self.now)) {
            let Some(link) = self.links.get_mut(&id) else { break };
            if let Up::Open = frame {
                link.served = Some(Served::new(self.now, &self.limits));
                let arrives = self.now.after(self.pages[link.page].delay_ms);
                link.send_down(arrives, Down::Opened);
            }
            let Some(served) = &mut link.served else { continue };
            served.heard = self.now;
            match frame {
                Up::Open | Up::Pong => {}
                Up::Text(text) => self.server_receives(id, &text)?,
                Up::Closed => self.hang_up(id, CloseCode::Left.value()),
            }
        }
        Ok(())
    }

    fn server_receives(&mut self, id: LinkId, text: &str) -> Checked {
        self.note(|| format!("link {id} says {text}"));
        if text.len() > self.limits.message_bytes {
            self.hang_up(id, 1009);
            return Ok(());
        }
        let mut messages = parse::ClientMessages::new(text, self.limits.params_depth);
        loop {
            let unread = messages.rest();
            let Some(message) = messages.next(true) else { return Ok(()) };
            self.server_takes(id, message)?;
            self.stage();
            let served = self.links.get_mut(&id).and_then(|link| link.served.as_mut());
            if let Some(served) = served.filter(|served| served.peer.awaits_entry()) {
                unread.clone_into(&mut served.unread);
                return self.await_room(id);
            }
            let served = self.links.get_mut(&id).and_then(|link| link.served.as_mut());
            let Some(served) = served.filter(|served| served.peer.pause(self.now).is_some()) else {
                continue;
            };
            self.coverage.hit("an owner was too fast");
            messages.rest().clone_into(&mut served.unread);
            return Ok(());
        }
    }

    /// Reads on from an owner that was too fast.
    fn go_on(&mut self, id: LinkId) -> Checked {
        let Some(served) = self.links.get_mut(&id).and_then(|link| link.served.as_mut()) else {
            return Ok(());
        };
        if served.peer.pause(self.now).is_some() {
            // A connection that the server does not read is not silent.
            served.heard = self.now;
            return Ok(());
        }
        if served.peer.awaits_entry() {
            return Ok(());
        }
        let unread = std::mem::take(&mut served.unread);
        self.server_receives(id, &unread)
    }

    /// Gives one message to the server, and compares what it does with the model.
    fn server_takes(&mut self, id: LinkId, message: Result<ClientMessage<'_>, Refusal>) -> Checked {
        let Some(link) = self.links.get_mut(&id) else { return Ok(()) };
        let Some(served) = &mut link.served else { return Ok(()) };
        served.is_due = true;
        served.frames = 0;
        let (page, server) = (link.page, link.server);
        let (before, was_owner, was_ending) =
            (served.room(), served.peer.is_owner(), served.peer.is_ending());
        let attempt = message.as_ref().ok().and_then(attempted).map(|(id_in_session, what)| Attempt {
            link: Some(id),
            page,
            id: id_in_session,
            what,
        });
        let joins = match &message {
            Ok(ClientMessage::Join(join)) if join.claim.is_none() => RoomId::parse(&join.uuid),
            _ => None,
        };
        let closes = matches!(message, Ok(ClientMessage::Close)) && was_owner && !was_ending;
        let table = &mut self.servers[server].table;
        table.decide_entry(served.entry.take());
        served.peer.receive(message, self.now, table);
        let (after, is_owner) = (served.room(), served.peer.is_owner());
        let head = before.or(after).and_then(|room| table.find(room)).map_or(0, Room::head);
        if before.is_none() {
            served.served_head = head;
        }
        let is_sent_away = served.peer.awaits_entry() || table.has_sent_away();
        // Something is lost that the connection has done before, so it must come back.
        let must_come_back = self.cluster.is_some() && served.peer.is_ending();
        if let (Some(room), true, false) = (after, is_owner, was_owner) {
            self.view_mut(server).owned(&room.to_string(), id);
        }
        if let Some(room) = joins.filter(|_| !is_sent_away) {
            self.joined(server, room, after == Some(room))?;
        }
        let Some(room) = before else { return Ok(()) };
        let uuid = room.to_string();
        if let Some(attempt) = attempt.filter(|_| !was_ending && !must_come_back) {
            let now = self.now;
            match self.view_mut(server).attempted(&uuid, &attempt, head, now)? {
                Fate::Duplicate => self.coverage.hit("a duplicate action was dropped"),
                Fate::Refused => self.coverage.hit("an action was refused"),
                Fate::Appended if attempt.id.is_none() => {
                    self.coverage.hit("a legacy owner's action was appended");
                }
                Fate::Ignored if !was_owner => self.coverage.hit("a follower's action was refused"),
                Fate::Appended | Fate::Ignored => {}
            }
        }
        if closes {
            self.owner_closed(server, id, room)?;
        }
        Ok(())
    }

    /// A follower has asked to join.
    fn joined(&mut self, server: usize, room: RoomId, is_in: bool) -> Checked {
        let uuid = room.to_string();
        let is_open = self.view(server).room(&uuid).is_some_and(|room| room.is_open);
        Invariant::ClosingIsFinal
            .ensure(is_open || !is_in, || format!("{uuid} is closed and was entered"))?;
        let is_full = self.followers(server, room) >= self.limits.followers_per_room;
        Invariant::Limits.ensure(is_in || !is_open || is_full, || format!("{uuid} isn't full"))
    }

    /// An owner's close has arrived. It counts if this is the current owner.
    fn owner_closed(&mut self, server: usize, id: LinkId, room: RoomId) -> Checked {
        let uuid = room.to_string();
        let may_close = self.view(server).room(&uuid).is_some_and(|room| room.writer == Some(id));
        let table = &self.servers[server].table;
        let is_open = table.rooms.get(room).is_some_and(|room| !room.is_closed() || room.has_ended());
        if is_open && self.cluster.is_some() {
            // The connection has lost something, and is sent away.
            return Ok(());
        }
        Invariant::ClosingIsFinal
            .ensure(!may_close || !is_open, || format!("{uuid} was closed and is open"))?;
        if may_close {
            self.note_closed(server, id, &uuid);
        }
        Ok(())
    }

    /// Serves every connection that may have something to receive.
    pub(super) fn serve_all(&mut self) -> Checked {
        self.stage();
        let links: Vec<LinkId> = self.links.keys().copied().collect();
        links.into_iter().try_for_each(|id| self.serve(id))?;
        self.note_in_step();
        Ok(())
    }

    /// Serves a connection as the server does: when something came in or the room has changed, and
    /// never more than the page accepts.
    fn serve(&mut self, id: LinkId) -> Checked {
        let is_running = self.links.get(&id).is_some_and(|link| self.is_running(link.server));
        let Some(link) = self.links.get_mut(&id).filter(|_| is_running) else { return Ok(()) };
        let server = link.server;
        let table = &mut self.servers[server].table;
        let Some(served) = &mut link.served else { return Ok(()) };
        let room = served.room().and_then(|room| table.find(room));
        let id_of_room = served.room();
        let waits = room.is_some_and(|room| self.cluster.is_some() && room.unkept_mark().is_some());
        let (version, head, durable) = room.map_or((0, 0, 0), |room| {
            let version = if served.peer.is_owner() { room.owner_version() } else { room.version() };
            (version, room.head(), room.head().min(room.durable()))
        });
        if !served.is_due && served.version == version {
            return Ok(());
        }
        if served.version != version {
            served.frames = 0;
        }
        served.version = version;
        served.fell_behind |= head.saturating_sub(served.served_head) > self.limits.ring_actions as u64;
        let arrives = self.now.after(self.pages[link.page].delay_ms);
        if self.serve_in_step(id)? {
            self.note_served(id, head, durable, waits);
            return Ok(());
        }
        let Some(link) = self.links.get_mut(&id) else { return Ok(()) };
        link.served.iter_mut().for_each(|served| served.is_due = true);
        let mut frame = Frame::default();
        while let Some(link) = self.links.get_mut(&id) {
            if !link.takes_more(self.now) {
                break;
            }
            let Some(served) = &mut link.served else { break };
            match served.peer.poll_output(&mut frame, &mut self.servers[server].table) {
                PeerOutput::Send => {
                    served.frames += 1;
                    Invariant::BoundedMemory.ensure(served.frames <= FRAMES_FOR_NOTHING, || {
                        format!("link {id} is sent frames without end")
                    })?;
                    let text = text_of(&frame)?;
                    link.send_down(arrives, Down::Text(text.clone()));
                    if let Some(room) = id_of_room {
                        self.check_sent(room, &text)?;
                    }
                }
                PeerOutput::Wait => {
                    self.note_served(id, head, durable, waits);
                    self.get_in_step(id);
                    break;
                }
                PeerOutput::Close(code) => {
                    self.check_ended(id_of_room, code)?;
                    self.hang_up(id, code.value());
                    break;
                }
            }
        }
        Ok(())
    }

    /// Notes that a connection was served everything.
    fn note_served(&mut self, id: LinkId, head: u64, durable: u64, waits: bool) {
        let Some(served) = self.links.get_mut(&id).and_then(|link| link.served.as_mut()) else { return };
        served.is_due = false;
        served.served_head = durable;
        // What a snapshot that waits will hold isn't known yet.
        if served.peer.is_in_room() && !waits {
            served.live_from.get_or_insert(head);
        }
    }
}

/// The text of a frame.
pub(super) fn text_of(frame: &Frame) -> Result<String, Violation> {
    let text = String::from_utf8(frame.payload().to_vec());
    text.map_err(|_| Invariant::NoPanic.violated("a frame is not UTF-8"))
}

/// The action in a client's message, with its id.
fn attempted(message: &ClientMessage<'_>) -> Option<(Option<u64>, What)> {
    match message {
        ClientMessage::Action { id, action } => {
            let number = number(&action.params)?;
            let what = match &action.slot {
                Some(slot) => {
                    let bytes = slot.len() + action.key.len() + action.params.len();
                    What::Write { number, slot: slot.to_string(), bytes }
                }
                None => What::Plain { number },
            };
            Some((*id, what))
        }
        ClientMessage::Clear { id, slot } => Some((*id, What::Clear { slot: slot.to_string() })),
        _ => None,
    }
}
