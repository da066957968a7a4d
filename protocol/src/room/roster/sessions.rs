//! Which seat a session has. It has two where its page was faster at another server than what the
//! servers tell each other, until its former connection ends.

use std::collections::HashMap;

/// The seats of sessions.
#[derive(Debug, Default)]
pub(super) struct Sessions {
    seats: HashMap<Box<str>, u32>,
    /// The other seat of a session that has two.
    others: HashMap<Box<str>, u32>,
}

impl Sessions {
    /// The seat by which a session comes back.
    pub(super) fn seat(&self, session: &str) -> Option<u32> {
        self.seats.get(session).copied()
    }

    /// Whether a session has another seat beside this one.
    pub(super) fn has_another(&self, session: &str) -> bool {
        self.others.contains_key(session)
    }

    /// Notes that a session has a seat. It comes back by this one if `is_newest`.
    pub(super) fn note(&mut self, session: &str, seat: u32, is_newest: bool) {
        let other = match self.seats.get(session).copied() {
            Some(known) if known == seat => return,
            Some(known) if is_newest => known,
            Some(_) => seat,
            None => {
                self.seats.insert(session.into(), seat);
                return;
            }
        };
        if is_newest {
            self.seats.insert(session.into(), seat);
        }
        self.others.insert(session.into(), other);
    }

    /// Forgets a seat of a session, which goes on with the other one if it has two.
    pub(super) fn forget(&mut self, session: &str, seat: u32) {
        if self.others.get(session) == Some(&seat) {
            self.others.remove(session);
        } else if self.seats.get(session) == Some(&seat) {
            if let Some(other) = self.others.remove(session) {
                self.seats.insert(session.into(), other);
            } else {
                self.seats.remove(session);
            }
        }
    }
}
