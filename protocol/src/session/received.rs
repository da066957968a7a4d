//! What a session makes of what the server says.

use std::collections::BTreeSet;

use super::{EndReason, Event, Goal, Output, Session, SessionStatus, State};
use crate::{ClientMessage, Connected, Refusal, RefusalCode, ServerMessage, Timestamp};

impl<P> Session<P> {
    pub(super) fn received(&mut self, now: Timestamp, message: ServerMessage<P>) {
        match &mut self.state {
            State::Joining { .. } => self.received_while_joining(now, message),
            State::Live { heard, pong_due, .. } => {
                *heard = now;
                *pong_due = None;
                self.received_in_room(message);
            }
            State::Closing { .. } => {
                if let ServerMessage::Closed = message {
                    self.outputs.push_back(Output::Disconnect);
                    self.end(EndReason::Left);
                }
            }
            State::Idle | State::Connecting { .. } | State::Waiting { .. } | State::Closed => {}
        }
    }

    fn received_while_joining(&mut self, now: Timestamp, message: ServerMessage<P>) {
        match message {
            ServerMessage::Connected(reply) => self.enter(now, reply),
            ServerMessage::Closed => self.end_connection(EndReason::RoomClosed),
            ServerMessage::Refused(refusal) => {
                let may_pass_later = refusal.known_code().is_some_and(RefusalCode::may_pass_later);
                if self.entered && may_pass_later {
                    self.outputs.push_back(Output::Disconnect);
                    self.reconnect_later(now);
                } else {
                    self.end_connection(EndReason::Refused(refusal));
                }
            }
            // Nothing else can come before the reply; a server that says it anyway means another connection.
            ServerMessage::Action { .. }
            | ServerMessage::Cleared { .. }
            | ServerMessage::Resync(_)
            | ServerMessage::Synced(_)
            | ServerMessage::Ack { .. }
            | ServerMessage::Owner(_)
            | ServerMessage::Ping(_)
            | ServerMessage::Pong(_) => {}
        }
    }

    fn enter(&mut self, now: Timestamp, reply: Connected) {
        if reply.version.is_none() {
            let message =
                "the server doesn't speak the session fields that this SDK needs: update the server";
            let refusal = Refusal::with_message(RefusalCode::UnsupportedVersion, message);
            return self.end_connection(EndReason::Refused(refusal));
        }
        self.state = State::Live { since: now, heard: now, pong_due: None };
        self.limits = reply.limits;
        self.outbox.set_limits(reply.limits);
        self.outbox.reconnected(reply.ack);
        self.uuid = Some(reply.uuid);
        if reply.owner_key.is_some() {
            self.owner_key = reply.owner_key;
        }
        // Whoever knows nothing of the room yet is given all that it retains; an owner that comes back knows it.
        let gets_snapshot = match self.goal {
            Goal::Create => false,
            Goal::Claim { .. } => !self.entered,
            Goal::Join { .. } => self.progress.applied.is_none(),
        };
        self.progress.snapshot = gets_snapshot.then(BTreeSet::new);
        self.progress.target = if self.is_owner() { 0 } else { reply.seq };
        if !self.entered {
            self.entered = true;
            self.event(Event::Entered);
        }
        let complete = self.progress.is_complete();
        self.set_status(if complete { SessionStatus::Connected } else { SessionStatus::CatchingUp });
    }

    fn received_in_room(&mut self, message: ServerMessage<P>) {
        match message {
            ServerMessage::Action { seq, key, params, slot } => {
                if self.is_news(seq, slot.as_deref()) {
                    self.event(Event::Action { key, params, slot });
                    self.report_progress();
                }
            }
            ServerMessage::Cleared { seq, slot } => {
                if self.is_news(seq, None) {
                    self.progress.slots.remove(&slot);
                    self.event(Event::Cleared(slot));
                    self.report_progress();
                }
            }
            ServerMessage::Resync(_) => {
                self.progress.snapshot = Some(BTreeSet::new());
                self.set_status(SessionStatus::CatchingUp);
            }
            ServerMessage::Synced(seq) => self.snapshot_complete(seq),
            ServerMessage::Ack { id, .. } => self.outbox.answered(id),
            ServerMessage::Refused(refusal) => {
                let slot = refusal.id.and_then(|id| self.outbox.refused(id));
                self.event(Event::Refused { refusal, slot });
            }
            ServerMessage::Closed => self.end_connection(EndReason::RoomClosed),
            ServerMessage::Owner(presence) => self.event(Event::Owner(presence)),
            ServerMessage::Ping(number) => self.send(&ClientMessage::Pong(number)),
            ServerMessage::Pong(_) | ServerMessage::Connected(_) => {}
        }
    }

    /// Whether an action was not handed over before, noting that it is now.
    fn is_news(&mut self, seq: Option<u64>, slot: Option<&str>) -> bool {
        let Some(seq) = seq else { return true };
        let progress = &mut self.progress;
        if let Some(in_snapshot) = &mut progress.snapshot {
            let Some(slot) = slot else { return true };
            in_snapshot.insert(slot.to_owned());
            return progress.slots.insert(slot.to_owned(), seq) != Some(seq);
        }
        if progress.applied.is_some_and(|applied| seq <= applied) {
            return false;
        }
        progress.applied = Some(seq);
        if let Some(slot) = slot {
            match progress.slots.get_mut(slot) {
                Some(known) => *known = seq,
                None => {
                    progress.slots.insert(slot.to_owned(), seq);
                }
            }
        }
        true
    }

    /// The snapshot has come in whole: slots that this page knows and that were not in it have been cleared.
    fn snapshot_complete(&mut self, seq: u64) {
        let Some(in_snapshot) = self.progress.snapshot.take() else { return };
        let known: Vec<_> =
            self.progress.slots.keys().filter(|slot| !in_snapshot.contains(*slot)).cloned().collect();
        for slot in known {
            self.progress.slots.remove(&slot);
            self.event(Event::Cleared(slot));
        }
        self.progress.applied = Some(seq);
        self.report_progress();
    }

    fn report_progress(&mut self) {
        if self.status == SessionStatus::CatchingUp && self.progress.is_complete() {
            self.set_status(SessionStatus::Connected);
        }
    }

    /// Ends the session and its connection.
    fn end_connection(&mut self, reason: EndReason) {
        self.outputs.push_back(Output::Disconnect);
        self.end(reason);
    }
}
