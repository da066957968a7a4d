//! What pages hear.

use serde_json::Value;

use super::connection::Down;
use super::judge::{Entry, entry_in};
use super::page::{Answered, Question, Who, Wish};
use super::world::HandOverWorld;
use crate::sim::invariant::{Checked, Invariant};

const ROOM_CLOSED: u16 = 4500;
const LEFT: u16 = 4501;
const SUPERSEDED: u16 = 4502;

impl HandOverWorld {
    /// So many of the server's messages arrive at a page.
    pub(super) fn deliver_down(&mut self, index: usize, messages: usize) -> Checked {
        for _ in 0..messages {
            let Some(connection) = &mut self.pages[index].connection else { break };
            match connection.down.pop_front() {
                None => break,
                Some(Down::Text(text)) => {
                    self.note(|| format!("page {index} hears {text}"));
                    let message = serde_json::from_str(&text).map_err(|error| {
                        Invariant::NoPanic.violated(format!("{text} is no JSON: {error}"))
                    })?;
                    self.hear(index, &message)?;
                }
                Some(Down::Closed(code)) => self.hear_end(index, code),
            }
        }
        Ok(())
    }

    fn hear_end(&mut self, index: usize, code: u16) {
        self.note(|| format!("page {index} is closed with {code}"));
        let page = &mut self.pages[index];
        (page.connection, page.is_connected) = (None, false);
        match code {
            SUPERSEDED => {
                page.has_ended = true;
                if matches!(page.who, Who::Guest(_)) {
                    self.goals.hit("a second page took over the key");
                }
            }
            ROOM_CLOSED => self.is_over = true,
            LEFT => page.has_ended = true,
            // One that took the pen by its claim would do so again and again.
            _ => page.is_away |= page.who == Who::Elder,
        }
    }

    fn hear(&mut self, index: usize, message: &Value) -> Checked {
        if message["status"]["value"] == 3 && message["error"].is_null() {
            return self.hear_reply(index, message);
        }
        let error = &message["error"];
        if let Some(ask) = message["ask"].as_u64().or(error["ask"].as_u64()) {
            return self.hear_answer(index, ask, message);
        }
        if error.is_object() {
            return self.hear_refusal(index, error);
        }
        if let Some(id) = message["ack"].as_u64() {
            return self.hear_ack(index, id, message["seq"].as_u64().unwrap_or(0));
        }
        if let Some(seq) = message["synced"].as_u64() {
            let page = &mut self.pages[index];
            let driver = page.snapshot.take().unwrap_or(0);
            (page.applied, page.has_state) = (page.applied.max(seq), true);
            if driver != 0 {
                self.goals.hit("a snapshot named the driver");
            }
            return self.hear_driver(index, driver);
        }
        if message["resync"] == true {
            self.pages[index].snapshot = Some(0);
        } else if message["refused"].is_u64() || message["revoked"].is_u64() {
            self.hear_end_of_seat(index, message);
        }
        match entry_in(message) {
            Some((seq, entry)) => self.hear_entry(index, seq, entry),
            None => Ok(()),
        }
    }

    fn hear_reply(&mut self, index: usize, message: &Value) -> Checked {
        let epoch = message["epoch"].as_u64();
        let answered = message["ack"].as_u64().unwrap_or(0);
        let room_driver = self.room_driver();
        let page = &mut self.pages[index];
        page.is_connected = true;
        if let Some(seat) = message["seat"].as_u64() {
            page.seat = u32::try_from(seat).ok();
        }
        let has_key = page.has_key;
        if has_key && epoch.is_none() {
            if page.seat == Some(room_driver) {
                self.goals.hit("a page followed before it could begin");
            }
            if page.epoch.is_some() {
                self.goals.hit("a page went on behind its own turn");
            }
        }
        if epoch.is_some() {
            if page.epoch.is_some() && !page.drives {
                self.goals.hit("a session drove twice");
            } else if page.life > 0 && !page.has_entered && page.knows_seats() {
                self.goals.hit("a page drove after a reload");
            }
            page.began_at = (page.applied, !page.has_state || page.applied == 0);
            page.driver = page.seat.unwrap_or(0);
        }
        // A page that has driven goes on behind its turn, and all others from what they name.
        let knows_nothing = has_key && page.applied == 0 && page.epoch.is_none();
        if !page.has_state || knows_nothing {
            (page.snapshot, page.has_state) = (Some(0), false);
        }
        (page.drives, page.epoch) = (epoch.is_some(), epoch.or(page.epoch));
        page.has_entered = true;
        if page.life == 0 && page.who == Who::Creator && message["ownerKey"].is_string() {
            (page.snapshot, page.has_state) = (None, true);
            (page.seat, page.began_at) = (Some(0), (0, false));
        }
        self.send_again(index, epoch.is_some(), answered)
    }

    /// After a reply: what the room has never taken is sent again, or rejected.
    fn send_again(&mut self, index: usize, drives: bool, answered: u64) -> Checked {
        let above: Vec<(u64, Wish)> =
            self.pages[index].outbox.iter().copied().filter(|(id, _)| *id > answered).collect();
        for (id, wish) in above {
            if drives {
                self.say(index, id, wish);
            } else if self.pages[index].has_key {
                self.goals.hit("an action was never taken");
                self.pages[index].outbox.retain(|(of, _)| *of != id);
                self.settle(index, id, Answered::NeverTaken)?;
            }
        }
        let page = &mut self.pages[index];
        let waits = page.requests && !drives;
        if waits && !page.asks.values().any(|question| *question == Question::Request) {
            page.last_ask += 1;
            page.asks.insert(page.last_ask, Question::Request);
        }
        let asks: Vec<u64> = page.asks.keys().copied().collect();
        asks.into_iter().for_each(|ask| self.put(index, ask));
        Ok(())
    }

    fn hear_ack(&mut self, index: usize, id: u64, seq: u64) -> Checked {
        let page = &mut self.pages[index];
        page.acknowledged = page.acknowledged.max(id);
        let settled: Vec<(u64, Wish)> = page.outbox.iter().copied().take_while(|(of, _)| *of <= id).collect();
        page.outbox.retain(|(of, _)| *of > id);
        let life = page.life;
        for (of, wish) in settled {
            self.settle(index, of, Answered::Taken)?;
            let place = match wish {
                Wish::Act => self.log.places.get(&(index, life, of)).copied(),
                Wish::Drive(seat) => Some(seq).filter(|seq| self.log.driver_at(*seq) == Some(seat)),
            };
            let is_right = if of == id { place == Some(seq) } else { place.is_some() };
            Invariant::OneAnswer.ensure(is_right, || {
                format!("page {index} was told of {of} that it is at {seq}, and it is at {place:?}")
            })?;
        }
        Ok(())
    }

    fn hear_refusal(&mut self, index: usize, error: &Value) -> Checked {
        if let Some(id) = error["id"].as_u64() {
            let page = &mut self.pages[index];
            page.acknowledged = page.acknowledged.max(id);
            if page.outbox.iter().any(|(of, wish)| *of == id && matches!(wish, Wish::Drive(_))) {
                self.goals.hit("a hand-over was refused");
            }
            page.outbox.retain(|(of, _)| *of != id);
            return self.settle(index, id, Answered::Refused);
        }
        let page = &mut self.pages[index];
        if error["code"] == "wrong_owner_key" {
            // It follows on without a key. What became of what it has sent it never learns.
            (page.has_key, page.drives, page.seat, page.epoch) = (false, false, None, None);
            page.outbox.clear();
        }
        if !page.is_connected {
            self.drop_connection(index);
        }
        Ok(())
    }

    fn hear_end_of_seat(&mut self, index: usize, message: &Value) {
        let page = &mut self.pages[index];
        page.requests = false;
        if message["revoked"].is_u64() {
            (page.has_key, page.seat) = (false, None);
            return;
        }
        let was_refused = page.seat.is_some_and(|seat| self.ended.contains_key(&seat));
        if !page.has_key {
            page.seat = None;
        }
        self.goals.hit(if was_refused { "a request was refused" } else { "a request expired" });
    }

    fn hear_entry(&mut self, index: usize, seq: u64, entry: Entry) -> Checked {
        let page = &mut self.pages[index];
        if let Some(named) = &mut page.snapshot {
            if let Entry::Driver(seat) = entry {
                *named = seat;
            }
            return Ok(());
        }
        if !page.knows_seats() {
            return Ok(());
        }
        self.judge_handed(index, seq, entry)?;
        self.pages[index].applied = seq;
        match entry {
            Entry::Driver(seat) => self.hear_driver(index, seat),
            Entry::Act(_) => Ok(()),
        }
    }

    /// A page learns who drives.
    pub(super) fn hear_driver(&mut self, index: usize, seat: u32) -> Checked {
        let page = &mut self.pages[index];
        page.driver = seat;
        if page.requests && page.seat == Some(seat) {
            // Its request was accepted.
            (page.requests, page.has_key) = (false, true);
            self.goals.hit("a request was accepted");
        }
        let page = &mut self.pages[index];
        let is_over = page.drives && page.seat.unwrap_or(0) != seat && page.knows_seats();
        if is_over {
            page.drives = false;
        }
        if is_over || page.may_begin() { self.enter_anew(index) } else { Ok(()) }
    }
}
