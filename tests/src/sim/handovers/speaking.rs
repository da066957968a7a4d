//! What pages send: their first messages, actions and hand-overs.

use serde_json::{Value, json};

use super::connection::{Connection, Sent, What};
use super::page::{Who, Wish};
use super::world::HandOverWorld;
use crate::sim::invariant::Checked;

/// The key of the only room.
pub(super) const OWNER_KEY: &str = "key-1";

/// The key of a guest.
pub(super) fn key_of(guest: usize) -> String {
    format!("secret-of-guest-{guest}-0123456789")
}

impl HandOverWorld {
    /// The creator opens the room, and all others come.
    pub(super) fn open(&mut self) -> Checked {
        let session = self.pages[0].session(0);
        let create = json!({"status": {"value": 1}, "v": 2, "session": session}).to_string();
        self.pages[0].connection = Some(Connection::default());
        self.send(0, create, What::Other);
        self.arrive()?;
        self.watch();
        self.come_back()
    }

    /// A page connects.
    pub(super) fn connect(&mut self, index: usize) {
        let (message, what) = self.first_message(index);
        let page = &mut self.pages[index];
        page.start_again();
        page.connection = Some(Connection { life: page.life, ..Connection::default() });
        self.send(index, message.to_string(), what);
    }

    fn first_message(&self, index: usize) -> (Value, What) {
        let page = &self.pages[index];
        let mut message = json!({"status": {"value": 2}, "uuid": self.room.to_string(), "v": 2});
        match page.who {
            Who::Creator => {
                message["ownerKey"] = json!(OWNER_KEY);
                message["drive"] = json!(false);
            }
            Who::Elder => message["ownerKey"] = json!(OWNER_KEY),
            Who::Guest(key) if page.has_key => message["invite"] = json!(key_of(key)),
            Who::Guest(_) | Who::Follower => {
                if page.has_state {
                    message["since"] = json!(page.applied);
                }
                return (message, What::Other);
            }
        }
        message["session"] = json!(page.session(index));
        message["ack"] = json!(page.acknowledged);
        if let Some(epoch) = page.epoch {
            message["epoch"] = json!(epoch);
        }
        if !page.has_state {
            // It may have driven before its snapshot came.
            message["since"] = json!(0);
        } else if page.applied > 0 {
            message["since"] = json!(page.applied);
        }
        let is_fresh = page.who == Who::Elder && !page.has_entered;
        (message, if is_fresh { What::FreshClaim } else { What::Other })
    }

    /// A page drops its connection and connects at once.
    pub(super) fn enter_anew(&mut self, index: usize) -> Checked {
        let page = &self.pages[index];
        if page.has_ended || page.is_away || page.connection.is_none() {
            return Ok(());
        }
        self.drop_connection(index);
        self.connect(index);
        Ok(())
    }

    /// A page's connection ends, which the server doesn't notice yet.
    pub(super) fn drop_connection(&mut self, index: usize) {
        let page = &mut self.pages[index];
        page.is_connected = false;
        if let Some(connection) = page.connection.take() {
            self.formers.push((index, connection));
        }
    }

    /// A page sends something under an id.
    pub(super) fn say(&mut self, index: usize, id: u64, wish: Wish) {
        let page = &self.pages[index];
        let message = match wish {
            Wish::Drive(seat) => json!({"id": id, "drive": seat}),
            Wish::Act => {
                let (applied, knew_nothing) = page.began_at;
                let known = if knew_nothing || !page.knows_seats() { None } else { Some(applied) };
                let seat = page.seat.unwrap_or(0);
                json!({"id": id, "funcKey": "act", "funcParams": [index, page.life, id, seat, known]})
            }
        };
        self.send(index, message.to_string(), What::Other);
    }

    pub(super) fn send(&mut self, index: usize, text: String, what: What) {
        self.note(|| format!("page {index} sends {text}"));
        if let Some(connection) = &mut self.pages[index].connection {
            connection.up.push_back(Sent { text, what });
        }
    }

    /// A page leaves the room. The creator would close it.
    pub(super) fn leave(&mut self, index: usize) -> Checked {
        let page = &mut self.pages[index];
        if matches!(page.who, Who::Creator | Who::Elder) || !page.is_connected {
            return Ok(());
        }
        page.has_ended = true;
        if page.drives {
            self.goals.hit("a guest that drives left the room");
        }
        self.send(index, json!({"status": {"value": 4}}).to_string(), What::Other);
        self.deliver_up(index, usize::MAX)?;
        self.drop_connection(index);
        Ok(())
    }
}
