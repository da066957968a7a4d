//! What pages ask, and what comes of it.

use serde_json::{Value, json};

use super::connection::What;
use super::page::{Question, Who};
use super::speaking::key_of;
use super::world::HandOverWorld;
use crate::sim::invariant::{Checked, Invariant};

impl HandOverWorld {
    /// A page asks, now and after each reconnect, until it has an answer.
    pub(super) fn ask(&mut self, index: usize, question: Question) -> Checked {
        let page = &mut self.pages[index];
        if page.has_ended || !page.knows_seats() {
            return Ok(());
        }
        page.last_ask += 1;
        page.asks.insert(page.last_ask, question);
        let ask = page.last_ask;
        if page.is_connected {
            self.put(index, ask);
        }
        Ok(())
    }

    /// A page that doesn't drive asks for the right to write.
    pub(super) fn request(&mut self, index: usize) -> Checked {
        let page = &mut self.pages[index];
        // The key of an invitation is in a link, and the key of a request is new.
        let may_ask = matches!(page.who, Who::Guest(key) if key > 2 || page.has_key);
        if !may_ask || page.drives || page.requests {
            return Ok(());
        }
        page.requests = true;
        self.ask(index, Question::Request)
    }

    /// A page that isn't the creator's tries what only the creator may.
    pub(super) fn try_to_manage(&mut self, index: usize, what: u8) -> Checked {
        if matches!(self.pages[index].who, Who::Creator | Who::Elder) {
            return Ok(());
        }
        let question = match what {
            0 => json!({"takeBack": true}),
            1 => json!({"invite": {"key": key_of(9), "role": "presenter"}}),
            _ => json!({"revoke": self.pages[1].seat.unwrap_or(1)}),
        };
        self.ask(index, Question::Forbidden(question.to_string()))
    }

    /// A page sends a question.
    pub(super) fn put(&mut self, index: usize, ask: u64) {
        let page = &self.pages[index];
        let Some(question) = page.asks.get(&ask) else { return };
        let (mut message, what) = match question {
            Question::Invite { key, expires_ms } => {
                let mut invite = json!({"key": key_of(*key), "role": "presenter"});
                if let Some(expires_ms) = expires_ms {
                    invite["expires"] = json!(expires_ms);
                }
                (json!({"invite": invite}), What::Other)
            }
            Question::Request => {
                let Who::Guest(key) = page.who else { return };
                (json!({"request": {"key": key_of(key), "name": "guest"}}), What::Request)
            }
            Question::Refuse(seat) => (json!({"refuse": seat}), What::Refuse(*seat)),
            Question::Revoke(seat) => (json!({"revoke": seat}), What::Other),
            Question::TakeBack => (json!({"takeBack": true}), What::TakeBack),
            Question::Forbidden(text) => (serde_json::from_str(text).unwrap_or_default(), What::Other),
        };
        message["ask"] = json!(ask);
        self.send(index, message.to_string(), what);
    }

    /// Notes an answer that the server has sent. It is kept then.
    pub(super) fn note_answered(&mut self, index: usize, message: &Value) -> Checked {
        let error = &message["error"];
        let Some(ask) = message["ask"].as_u64().or(error["ask"].as_u64()) else { return Ok(()) };
        let Some(question) = self.pages[index].asks.get(&ask).cloned() else { return Ok(()) };
        let seat = message["seat"].as_u64().and_then(|seat| u32::try_from(seat).ok());
        if let Question::Forbidden(text) = &question {
            Invariant::CreatorDecides
                .ensure(error.is_object(), || format!("page {index} may do {text}: {message}"))?;
            self.goals.hit("a follower was refused what only the creator may");
        }
        if error.is_object() {
            return Ok(());
        }
        match (question, seat) {
            (Question::Invite { key, expires_ms }, Some(seat)) => {
                self.ended.remove(&seat);
                if self.good_keys.insert(key, seat) != Some(seat) {
                    self.expires.remove(&seat);
                    if let Some(expires_ms) = expires_ms {
                        self.expires.insert(seat, self.now + expires_ms);
                    }
                }
            }
            (Question::Request, Some(seat)) => {
                self.ended.remove(&seat);
            }
            (Question::Revoke(seat), _) => {
                self.ended.insert(seat, "was revoked");
                self.goals.hit("a key was revoked");
            }
            (Question::Refuse(seat), _) => {
                let is_member =
                    self.log.drivers.contains(&seat) || self.good_keys.values().any(|good| *good == seat);
                // Whoever has asked again may be accepted.
                let refused_at = self.refused.get(&seat).copied().unwrap_or(0);
                let has_asked_since = self.requested.iter().any(|(page, heard)| {
                    *heard > refused_at && self.pages[*page].seat.is_none_or(|of| of == seat)
                });
                if !is_member && !has_asked_since {
                    self.ended.insert(seat, "was refused");
                }
            }
            (Question::TakeBack, _) => {
                let seq = message["seq"].as_u64().unwrap_or(u64::MAX);
                Invariant::CreatorDecides.ensure(seq == 0 || self.log.driver_at(seq) == Some(0), || {
                    format!("the pen was taken back at {seq}, where the log has no such entry")
                })?;
            }
            _ => {}
        }
        Ok(())
    }

    /// A page hears the answer to a question.
    pub(super) fn hear_answer(&mut self, index: usize, ask: u64, message: &Value) -> Checked {
        let page = &mut self.pages[index];
        let Some(question) = page.asks.remove(&ask) else { return Ok(()) };
        let is_error = message["error"].is_object();
        let seat = message["seat"].as_u64().and_then(|seat| u32::try_from(seat).ok());
        match question {
            Question::Request if is_error => page.requests = false,
            Question::Request => {
                page.seat = seat;
                // It may have been accepted before the answer came.
                let driver = page.driver;
                return if driver == 0 { Ok(()) } else { self.hear_driver(index, driver) };
            }
            Question::Invite { key, .. } if !is_error => return self.bring_link(key),
            _ => {}
        }
        Ok(())
    }

    /// A guest opens its link.
    fn bring_link(&mut self, key: usize) -> Checked {
        let Some(index) = self.pages.iter().position(|page| page.who == Who::Guest(key)) else {
            return Ok(());
        };
        if self.pages[index].has_key { Ok(()) } else { self.reload(index) }
    }
}
