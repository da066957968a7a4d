//! The server's end: what it hears and sends, its journal, and its restarts.

use rtbroadcaster_protocol::{Frame, OwnerPresence, Peer, PeerOutput, Records, Restart, Room, Timestamp};
use serde_json::{Value, json};

use super::connection::{Connection, Down, Sent, What};
use super::page::Who;
use super::speaking::{OWNER_KEY, key_of};
use super::world::HandOverWorld;
use crate::sim::invariant::{Checked, Invariant};
use crate::sim::server_end::text_of;

impl HandOverWorld {
    /// The seat that has the pen.
    pub(super) fn room_driver(&self) -> u32 {
        self.table.find(self.room).map_or(0, |room| room.driver().seat)
    }

    fn head(&self) -> u64 {
        self.table.find(self.room).map_or(0, Room::head)
    }

    /// The observer comes, or comes back.
    pub(super) fn watch(&mut self) {
        self.observer = Peer::default();
        let join = json!({"status": {"value": 2}, "uuid": self.room.to_string(), "v": 2,
            "since": self.log.head()});
        self.observer.receive_frame(&join.to_string(), Timestamp(self.now), &mut self.table);
    }

    /// So many of a page's messages arrive at the server.
    pub(super) fn deliver_up(&mut self, index: usize, frames: usize) -> Checked {
        for _ in 0..frames {
            let Some(mut connection) = self.pages[index].connection.take() else { break };
            let sent = connection.up.pop_front().filter(|_| !connection.is_over);
            let received = sent.as_ref().map(|sent| self.receive(index, &mut connection, sent));
            self.pages[index].connection = Some(connection);
            let Some(received) = received else { break };
            received?;
            self.pump()?;
        }
        Ok(())
    }

    /// The server hears so much of a connection whose page has gone on, and then its end.
    pub(super) fn hear_former(&mut self, at: usize, frames: u8) -> Checked {
        if at >= self.formers.len() {
            return Ok(());
        }
        let (index, mut connection) = self.formers.remove(at);
        for _ in 0..frames {
            let Some(sent) = connection.up.pop_front().filter(|_| !connection.is_over) else { break };
            self.goals.hit("a connection was heard after its page had another");
            self.receive(index, &mut connection, &sent)?;
            self.poll(index, &mut connection)?;
        }
        connection.peer.disconnected(Timestamp(self.now), &mut self.table);
        self.pump()
    }

    fn receive(&mut self, index: usize, connection: &mut Connection, sent: &Sent) -> Checked {
        let (life, peer) = (connection.life, &mut connection.peer);
        self.note(|| format!("the server hears of page {index}: {}", sent.text));
        self.heard += 1;
        match sent.what {
            What::Request => drop(self.requested.insert(index, self.heard)),
            What::Refuse(seat) => drop(self.refused.insert(seat, self.heard)),
            _ => {}
        }
        let (head, driver) = (self.head(), self.room_driver());
        let (was_owner, was_ending, was_in_room) = (peer.is_owner(), peer.is_ending(), peer.is_in_room());
        peer.receive_frame(&sent.text, Timestamp(self.now), &mut self.table);
        if was_owner && self.head() > head && life == self.pages[index].life {
            self.judge_seat(index)?;
        }
        let driver_now = self.room_driver();
        let is_shut_out = !was_in_room && !peer.is_in_room();
        Invariant::WriterHasPen.ensure(driver == driver_now || !is_shut_out, || {
            format!("page {index} isn't let in, and {driver_now} has the pen in place of {driver}")
        })?;
        match sent.what {
            What::FreshClaim => {
                Invariant::CreatorDecides.ensure(peer.is_owner() && driver_now == 0, || {
                    format!("a claim took nothing: {driver_now} has the pen")
                })?;
                if driver != 0 {
                    self.goals.hit("a claim without seats took the pen");
                }
            }
            What::TakeBack if was_in_room && !was_ending && !peer.is_ending() => {
                Invariant::CreatorDecides.ensure(driver_now == 0, || {
                    format!("the creator took the pen back, and {driver_now} has it")
                })?;
                if driver != 0 {
                    self.goals.hit("the creator took the pen back");
                }
            }
            _ if driver != 0 && driver_now == 0 && sent.text.contains("\"revoke\"") => {
                self.goals.hit("a driver was revoked");
            }
            _ => {}
        }
        Ok(())
    }

    /// H5: who has just changed the room has a key that is good.
    fn judge_seat(&mut self, index: usize) -> Checked {
        let page = &self.pages[index];
        let Some(seat) = page.seat.filter(|_| matches!(page.who, Who::Guest(_))) else { return Ok(()) };
        let ended = self.ended.get(&seat).copied();
        Invariant::KeysEnd.ensure(ended.is_none(), || format!("seat {seat} acts, and {ended:?}"))?;
        let expired = self.expires.get(&seat).filter(|at| **at < self.now);
        Invariant::KeysEnd
            .ensure(expired.is_none(), || format!("seat {seat} acts, and its key expired at {expired:?}"))
    }

    /// The journal keeps what it may, and everybody is sent what there is.
    pub(super) fn pump(&mut self) -> Checked {
        let unkept = self.table.find(self.room).map_or(0, |room| room.head().saturating_sub(room.durable()));
        // A server waits for its journal before the ring is full.
        if self.is_kept_at_once || unkept >= self.limits.ring_actions as u64 / 2 {
            self.commit()?;
        }
        self.observe()?;
        for index in 0..self.pages.len() {
            if let Some(mut connection) = self.pages[index].connection.take() {
                let polled = self.poll(index, &mut connection);
                self.pages[index].connection = Some(connection);
                polled?;
            }
        }
        let mut formers = std::mem::take(&mut self.formers);
        let polled = formers.iter_mut().try_for_each(|(index, connection)| self.poll(*index, connection));
        self.formers = formers;
        polled
    }

    fn poll(&mut self, index: usize, connection: &mut Connection) -> Checked {
        let mut frame = Frame::default();
        while !connection.is_over {
            match connection.peer.poll_output(&mut frame, &mut self.table) {
                PeerOutput::Send => {
                    let text = text_of(&frame)?;
                    self.judge_secrets(index, &text)?;
                    for line in text.lines() {
                        let message: Value = serde_json::from_str(line).map_err(|error| {
                            Invariant::NoPanic.violated(format!("{line} is no JSON: {error}"))
                        })?;
                        if connection.life == self.pages[index].life {
                            self.note_answered(index, &message)?;
                        }
                        connection.down.push_back(Down::Text(line.to_owned()));
                    }
                }
                PeerOutput::Wait => break,
                PeerOutput::Close(code) => {
                    connection.peer.disconnected(Timestamp(self.now), &mut self.table);
                    connection.down.push_back(Down::Closed(code.value()));
                    connection.is_over = true;
                }
            }
        }
        Ok(())
    }

    /// H7: a page is served no key but its own.
    fn judge_secrets(&self, index: usize, text: &str) -> Checked {
        let who = self.pages[index].who;
        let is_own = |key: &str| match who {
            Who::Creator => key != key_of(3) && key != key_of(4),
            Who::Elder => key == OWNER_KEY,
            Who::Guest(guest) => key == key_of(guest),
            Who::Follower => false,
        };
        let keys = (1..=4).map(key_of).chain([OWNER_KEY.to_owned()]);
        let shown = { keys }.find(|key| text.contains(key.as_str()) && !is_own(key));
        Invariant::KeysArePrivate.ensure(shown.is_none(), || format!("page {index} is served {text}"))
    }

    fn observe(&mut self) -> Checked {
        let mut frame = Frame::default();
        while let PeerOutput::Send = self.observer.poll_output(&mut frame, &mut self.table) {
            for line in text_of(&frame)?.lines() {
                let message: Value = serde_json::from_str(line).unwrap_or_default();
                if message["status"].is_null() {
                    self.judge(&message)?;
                }
            }
        }
        Ok(())
    }

    /// The journal keeps what was staged.
    pub(super) fn commit(&mut self) -> Checked {
        for room in self.table.all_mut() {
            if let Some((bytes, mark)) = room.take_staged() {
                self.kept.extend(bytes);
                room.committed(mark);
            }
        }
        self.observe()
    }

    /// Does what is due in the room.
    pub(super) fn tick(&mut self) {
        let look = |room: &Room| (room.owner_presence(), room.guests());
        let before = self.table.find(self.room).map(look);
        if !self.table.tick(Timestamp(self.now)).is_empty() {
            self.is_over = true;
        }
        let after = self.table.find(self.room).map(look);
        if let (Some((OwnerPresence::Here, _)), Some((OwnerPresence::Away, _))) = (before, after) {
            self.goals.hit("nobody came for the pen");
        }
        let has_expired = self.expires.values().any(|at| *at <= self.now);
        if has_expired && before.map(|(_, guests)| guests) > after.map(|(_, guests)| guests) {
            self.goals.hit("a key expired");
        }
    }

    /// The server is killed, and starts with what its journal has kept.
    pub(super) fn restart(&mut self) -> Checked {
        if self.kept.is_empty() {
            return Ok(());
        }
        for page in &mut self.pages {
            (page.connection, page.is_connected) = (None, false);
        }
        self.formers.clear();
        self.table.restart();
        let restart = Restart { clock_start_ms: 0, now: Timestamp(self.now), ended_ms: self.now, down_ms: 0 };
        let restored = Room::restore(self.room, self.limits.clone(), Records::new(&self.kept), restart);
        let restored = restored.map_err(|error| Invariant::WholeRooms.violated(format!("{error:?}")))?;
        let mut room = restored.ok_or_else(|| Invariant::WholeRooms.violated("the room is gone"))?;
        if !room.tick(Timestamp(self.now)) {
            self.is_over = true;
            return Ok(());
        }
        let alarm = room.take_alarm();
        let adopted = self.table.adopt(room);
        adopted.map_err(|code| Invariant::Limits.violated(format!("{code:?}")))?;
        if let Some(alarm) = alarm {
            self.table.rooms.wake_at(alarm, self.room);
        }
        self.goals.hit("the server restarted");
        self.watch();
        self.come_back()
    }
}
