//! What an owner's connection does: actions and clears, pausing when it is too fast, and waiting
//! for its followers.

use super::host::with;
use super::{Peer, Role, members};
use crate::mutation::mutated;
use crate::room::Frame;
use crate::{
    Accepted, Action, Delay, Host, Lag, Lane, Recording, RecordingWish, Refusal, RefusalCode, Room, RoomId,
    ServerMessage, Timestamp, render,
};

/// Shortest pause of an owner that is too fast, in milliseconds. The actions that it may send by
/// then go out in one write to each follower.
const MIN_PAUSE_MS: u64 = 20;

impl Peer {
    /// Whether this is an owner that should wait for its followers, and isn't to be read. To be
    /// asked after each frame, and again while it waits, then with `is_waiting`.
    pub fn lag(&self, is_waiting: bool, now: Timestamp, host: &mut impl Host) -> Lag {
        let Role::Owner { room, .. } = self.role else { return Lag::No };
        let look = |room: &mut Room| if is_waiting { room.lag(now) } else { room.lag_if_due(now) };
        with(host, room, look).unwrap_or(Lag::No)
    }

    /// Stops waiting for the followers that lag now: this owner has waited long enough.
    pub fn give_up_on_laggards(&self, host: &mut impl Host) {
        if let Role::Owner { room, .. } = self.role {
            with(host, room, Room::give_up_on_laggards);
        }
    }

    /// Adds what the room has for its owner to the frame, and the answers that it gives unasked.
    pub(super) fn serve_owner(&mut self, frame: &mut Frame, host: &mut impl Host) {
        let Role::Owner { room, claim, snapshot, last_sent } = &mut self.role else { return };
        let room = *room;
        let told = claim.told_requests;
        let served = claim.act(host, room, |room| {
            if let Some(cursor) = snapshot.as_mut().filter(|cursor| cursor.is_catching_up()) {
                room.serve_snapshot(cursor, frame);
            }
            let requests = members::requests(room, told);
            (room.audience(), room.has_lanes(), room.recording_news(), requests)
        });
        let (audience, news, (told, requests)) = match served {
            Ok((audience, has_lanes, news, requests)) => {
                self.hears_lanes = has_lanes;
                (audience, news, requests)
            }
            Err(code) => return self.end_of_turn(room, code, host),
        };
        claim.told_requests = told;
        let is_news = std::mem::replace(&mut claim.told_recording, news) != news;
        if last_sent.replace(audience) != Some(audience) {
            self.answers.push_if_compact(&ServerMessage::Audience(audience));
        }
        if is_news && self.answers.is_compact() {
            self.tell_recording(room, host);
        }
        self.tell_requests(&requests);
    }

    pub(super) fn action(
        &mut self,
        id: Option<u64>,
        action: Action<&str>,
        now: Timestamp,
        host: &mut impl Host,
    ) {
        self.as_owner(id, now, host, |room| room.action(id, action, now));
    }

    pub(super) fn clear(&mut self, id: Option<u64>, slot: &str, now: Timestamp, host: &mut impl Host) {
        self.as_owner(id, now, host, |room| Ok(room.clear(id, slot, now)));
    }

    pub(super) fn record(
        &mut self,
        id: Option<u64>,
        wish: RecordingWish,
        now: Timestamp,
        host: &mut impl Host,
    ) {
        self.as_owner(id, now, host, |room| room.record_as_driver(id, wish, now));
    }

    /// Has the room recorded, if an owner that has just entered wants that.
    pub(super) fn record_from_entry(
        &mut self,
        wish: Option<RecordingWish>,
        now: Timestamp,
        host: &mut impl Host,
    ) {
        let (Some(wish), Role::Owner { room, claim, .. }) = (wish, &self.role) else { return };
        if claim.seat != 0 {
            return;
        }
        if let Some(Err(refusal)) = with(host, *room, |room| room.record_from_entry(wish, now)) {
            self.refuse(refusal, host);
        }
    }

    /// Tells the owner whether its room is recorded. Others are told by the log.
    pub(super) fn tell_recording(&mut self, room: RoomId, host: &mut impl Host) {
        let told = host.with(room, |room| room.recording_state().map(rendered)).flatten();
        if let Some(text) = told {
            self.answers.push_rendered(&text);
        }
    }

    pub(super) fn set_lane(
        &mut self,
        id: Option<u64>,
        name: &str,
        lane: Option<Lane>,
        now: Timestamp,
        host: &mut impl Host,
    ) {
        self.as_owner(id, now, host, |room| room.set_lane(id, name, lane, now));
    }

    /// Does something that only the owner may do, under the epoch that this connection holds.
    pub(super) fn as_owner(
        &mut self,
        id: Option<u64>,
        now: Timestamp,
        host: &mut impl Host,
        act: impl FnOnce(&mut Room) -> Result<Accepted, Refusal>,
    ) {
        let (room, claim) = match &mut self.role {
            Role::Owner { room, claim, .. } => (*room, claim),
            Role::Follower { .. } => {
                return self.refuse(Refusal { id, ..RefusalCode::NotOwner.into() }, host);
            }
            Role::Outside | Role::Gone => {
                return self.refuse(Refusal { id, ..RefusalCode::NotInRoom.into() }, host);
            }
        };
        let done = claim.act(host, room, |room| {
            let accepted = act(room);
            (accepted, room.pause(now), room.unanswered_mark())
        });
        let done = done.map(|(accepted, pause, mark)| {
            self.pause_for(pause, now);
            self.answers.wait_for(mark);
            accepted
        });
        match done {
            Ok(Ok(Accepted::Appended(seq))) => self.answers.acknowledge(id, seq),
            Ok(Ok(Accepted::Duplicate)) => {}
            Ok(Err(refusal)) => self.refuse(refusal, host),
            Err(code) => self.end_of_turn(room, code, host),
        }
    }

    /// Makes later answers wait until the room's journal has kept what the room is now.
    pub(super) fn answer_after_room(&mut self, room: RoomId, host: &mut impl Host) {
        self.answers.wait_for(host.with(room, |room| room.unkept_mark()).flatten());
    }

    /// Pauses an owner that is too fast for this long.
    pub(super) fn pause_for(&mut self, pause: Option<Delay>, now: Timestamp) {
        if let Some(pause) = pause.filter(|_| !mutated!(IgnorePace)) {
            self.paused_until = now.after(pause.milliseconds().max(MIN_PAUSE_MS));
        }
    }
}

fn rendered(recording: &Recording) -> String {
    let mut text = String::new();
    render::recording(&mut text, recording);
    text
}
