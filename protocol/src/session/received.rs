//! What a session does with the server's messages.

use super::{Buffered, EndReason, Event, Identity, Outcome, Output, Session, SessionStatus, State};
use crate::{Connected, ENTRY_SLOT, OwnerPresence, Refusal, RefusalCode, ServerMessage, Timestamp, render};

impl<P, I: Identity> Session<P, I> {
    pub(super) fn received(&mut self, now: Timestamp, message: ServerMessage<P>) {
        match &mut self.state {
            State::Joining { .. } => self.received_while_joining(now, message),
            State::Live { last_received_at, pong_due, .. } => {
                *last_received_at = now;
                *pong_due = None;
                self.received_in_room(message);
            }
            State::Closing { .. } => match message {
                ServerMessage::Closed => self.end_connection(EndReason::Left),
                other => self.answered(other),
            },
            State::Idle | State::Connecting { .. } | State::Waiting { .. } | State::Closed => {}
        }
    }

    fn received_while_joining(&mut self, now: Timestamp, message: ServerMessage<P>) {
        match message {
            ServerMessage::Connected(reply) => self.enter(now, reply),
            ServerMessage::Closed => self.end_connection(EndReason::RoomClosed),
            ServerMessage::Refused(refusal) => {
                let may_return = self.has_entered && refusal.may_pass_later() || self.loses_seat(&refusal);
                let wait = refusal.retry_after_ms.or(may_return.then_some(0));
                // A session that was never in its room waits no longer than its timeout allows.
                let wait = wait.filter(|wait| self.has_entered || now.after(*wait) < self.give_up_at);
                if let Some(wait) = wait {
                    self.last_failure = EndReason::Refused(refusal);
                    self.give_up_connection(now, wait);
                } else {
                    self.end_connection(EndReason::Refused(refusal));
                }
            }
            // Nothing else can come before the reply. If it does, it is meant for another
            // connection.
            ServerMessage::Action { .. }
            | ServerMessage::Cleared { .. }
            | ServerMessage::Resync(_)
            | ServerMessage::Synced(_)
            | ServerMessage::Ack { .. }
            | ServerMessage::Owner(_)
            | ServerMessage::Audience(_)
            | ServerMessage::Shutdown(_)
            | ServerMessage::Ping(_)
            | ServerMessage::Pong { .. } => {}
        }
    }

    /// Enters the room: the reply to the first message came.
    fn enter(&mut self, now: Timestamp, reply: Connected) {
        if reply.version.is_none() {
            let message =
                "the server doesn't speak the session fields that this SDK needs: update the server";
            let refusal = Refusal::with_message(RefusalCode::UnsupportedVersion, message);
            return self.end_connection(EndReason::Refused(refusal));
        }
        self.state = State::Live { since: now, last_received_at: now, pong_due: None };
        self.limits = reply.limits;
        self.outbox.set_limits(reply.limits);
        self.moments.entered(now, reply.clock, reply.time);
        // A page that knows nothing of the room gets the snapshot. One that opened the room, or has
        // driven it, knows the state.
        let gets_snapshot = !core::mem::take(&mut self.opens) && self.progress.needs_snapshot();
        self.identity.entered(reply.uuid, reply.owner_key, reply.code);
        self.take_role(reply.epoch, reply.ack);
        self.progress.enter_room(if self.is_owner { 0 } else { reply.seq }, gets_snapshot);
        self.buffered = Buffered { bytes: 0, reported_at: now };
        if gets_snapshot {
            // For the server this is a first join, which is told about the owner only if it is
            // away.
            self.set_owner_presence(OwnerPresence::Here);
        }
        // A creator's page that was loaded anew is handed the state before it is told that it is in
        // its room, so that it shows what its audience sees.
        if self.is_creator && gets_snapshot {
            return;
        }
        if !gets_snapshot {
            self.note_driving();
        }
        self.finish_entering();
    }

    /// Takes the role that the reply names: a page that may write is told its epoch. `answered` is
    /// the highest id that the room has answered to this session.
    pub(super) fn take_role(&mut self, epoch: Option<u64>, answered: u64) {
        self.is_owner = epoch.is_some();
        if self.is_owner {
            self.epoch = epoch;
            return self.outbox.reconnected(answered);
        }
        // What has no answer by now was never taken, and never will be.
        let outputs = &mut self.outputs;
        self.outbox.drop_after(answered, |ticket, slot| {
            let outcome = Outcome::Refused { refusal: RefusalCode::NotOwner.into(), slot };
            outputs.push_back(Output::Event(Event::Answered { ticket, outcome }));
        });
    }

    /// Notes that what the page does itself is from now on no part of its progress, if it drives.
    pub(super) fn note_driving(&mut self) {
        if self.is_owner {
            self.progress.drive();
        }
    }

    /// Whether the refusal says that the key of the page's seat isn't good any more: it was
    /// revoked, or has expired. If so, the page is an ordinary follower from now on. That is for
    /// pages that were in the room; any other learns that its key is wrong.
    pub(super) fn loses_seat(&mut self, refusal: &Refusal) -> bool {
        let loses_seat =
            self.has_entered && !self.is_creator && refusal.code == RefusalCode::WrongOwnerKey.as_str();
        if loses_seat {
            self.identity.lose_seat();
            self.epoch = None;
            self.progress.forget_driving();
        }
        loses_seat
    }

    /// Tells the page that it is in its room.
    fn finish_entering(&mut self) {
        if !self.has_entered {
            self.has_entered = true;
            self.event(Event::Entered);
        }
        let complete = self.progress.is_complete();
        self.set_status(if complete { SessionStatus::Connected } else { SessionStatus::CatchingUp });
    }

    fn received_in_room(&mut self, message: ServerMessage<P>) {
        match message {
            ServerMessage::Action { seq, key, params, slot, at } => {
                let slots = self.progress.slot_count();
                if self.progress.note_action(seq, slot.as_deref()) {
                    let knew_slot = slot.is_some() && self.progress.slot_count() == slots;
                    self.event(Event::Action { key, params, slot, knew_slot, at });
                    self.report_progress();
                }
            }
            ServerMessage::Cleared { seq, slot } => {
                if self.progress.note_action(seq, None) {
                    // Of an entry only the seq counts here.
                    if slot != ENTRY_SLOT {
                        let slots = self.progress.slot_count();
                        self.progress.remove_slot(&slot);
                        let knew_slot = self.progress.slot_count() < slots;
                        self.event(Event::Cleared { slot, knew_slot });
                    }
                    self.report_progress();
                }
            }
            ServerMessage::Resync(_) => {
                // An owner knows the state that its room has lost. It undoes nothing, and
                // broadcasts the state again.
                if !self.is_owner {
                    self.progress.begin_snapshot();
                    self.set_status(SessionStatus::CatchingUp);
                }
                self.event(Event::Resync);
            }
            ServerMessage::Synced(seq) => self.complete_snapshot(seq),
            ServerMessage::Ack { .. } | ServerMessage::Refused(_) => self.answered(message),
            ServerMessage::Closed => self.end_connection(EndReason::RoomClosed),
            ServerMessage::Owner(presence) => self.set_owner_presence(presence),
            ServerMessage::Audience(audience) => self.event(Event::Audience(audience)),
            ServerMessage::Shutdown(window_ms) => self.return_window_ms = Some(window_ms),
            ServerMessage::Ping(number) => self.send(|text| render::client_number(text, "pong", number)),
            ServerMessage::Pong { number, time } => self.moments.answered(self.now, number, time),
            ServerMessage::Connected(_) => {}
        }
    }

    /// Handles a message that says what became of the page's own actions.
    fn answered(&mut self, message: ServerMessage<P>) {
        match message {
            ServerMessage::Ack { id, seq } => {
                let outputs = &mut self.outputs;
                self.outbox.answered(id, seq, |ticket, seq| {
                    let outcome = Outcome::Appended(seq);
                    outputs.push_back(Output::Event(Event::Answered { ticket, outcome }));
                });
            }
            ServerMessage::Refused(refusal) => {
                let refused = refusal.id.and_then(|id| self.outbox.refused(id));
                self.event(match refused {
                    Some((ticket, slot)) => {
                        Event::Answered { ticket, outcome: Outcome::Refused { refusal, slot } }
                    }
                    None => Event::Refused(refusal),
                });
            }
            _ => {}
        }
    }

    fn set_owner_presence(&mut self, presence: OwnerPresence) {
        if core::mem::replace(&mut self.owner_presence, presence) != presence {
            self.event(Event::Owner(presence));
        }
    }

    fn complete_snapshot(&mut self, seq: u64) {
        let (now, outputs, moments) = (self.now, &mut self.outputs, &mut self.moments);
        self.progress.complete_snapshot(seq, |slot| {
            let cleared = moments.hold(now, Event::Cleared { slot, knew_slot: true });
            outputs.extend(cleared.map(Output::Event));
        });
        self.note_driving();
        if self.has_entered {
            self.report_progress();
        } else {
            self.finish_entering();
        }
    }

    /// Reports `Connected` once the page has been handed everything that it missed.
    fn report_progress(&mut self) {
        if self.status == SessionStatus::CatchingUp && self.progress.is_complete() {
            self.set_status(SessionStatus::Connected);
        }
    }
}
