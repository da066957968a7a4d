//! What a room does with its roster where several servers have it.

use super::exchange::Exchange;
use super::said::RosterSaid;
use super::seats::SeatNumbering;
use super::state::SharedSeats;
use crate::room::Room;
use crate::{RoomId, Timestamp};

/// A server that shares the seats of a room with others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RosterServer {
    /// The number of the server among all that ever have the room.
    pub id: u64,
    /// The number of its seats: from 1 to [`RosterServer::MOST`], and another one than those of the
    /// other servers.
    pub seats: u16,
    /// The number of this list among all that the server ever has of this room, from 1 on.
    pub list: u64,
    /// From where on its seats are counted: random, so that those whom an earlier list of the room
    /// gave a seat, and who are at another server now, have theirs for themselves.
    pub given: u32,
    /// Whether other servers may have people of the room: not if it has just been opened.
    pub asks: bool,
}

impl RosterServer {
    /// The highest number of a server's seats.
    pub const MOST: u16 = 4_095;
}

impl Room {
    /// Shares the seats with other servers. To be called before anybody enters the room.
    pub fn share_seats(&mut self, server: RosterServer) {
        let RosterServer { id, seats, list, given, asks } = server;
        self.roster.shared = Some(Box::new(SharedSeats {
            numbering: SeatNumbering::of_server(key_of(self.id()), seats, given),
            exchange: Exchange::new(id, list, asks),
        }));
    }

    /// How many people with a name are connected to this server, those included whose seats are
    /// kept here.
    #[must_use]
    pub fn named_here(&self) -> usize {
        self.roster.list.as_ref().map_or(0, |list| list.here())
    }

    /// Whether [`Room::say_roster`] may have something to say. In a room in which nobody has a
    /// name, and nobody asks, it has nothing.
    #[must_use]
    pub fn has_to_say_roster(&self) -> bool {
        let Some(shared) = self.roster.shared.as_deref() else { return false };
        self.roster.list.is_some() || shared.exchange.must_ask() || shared.exchange.knows_others()
    }

    /// What this server is to tell the others of its people. To be called once a second.
    pub fn say_roster(&mut self, now: Timestamp) -> Vec<RosterSaid> {
        let Some(shared) = &mut self.roster.shared else { return Vec::new() };
        let exchange = &mut shared.exchange;
        let mut messages = Vec::new();
        let mut has_people = false;
        let silent = exchange.take_silent(now);
        if let Some(list) = &mut self.roster.list {
            silent.into_iter().for_each(|server| list.forget_server(server));
            has_people = list.here() > 0;
            let (came, went) = list.take_untold();
            if exchange.takes_whole(now) {
                if !came.is_empty() || !went.is_empty() {
                    exchange.note_changed();
                }
                messages = exchange.whole(list.people_here(), now);
            } else {
                messages = exchange.changes(came, &went, now);
            }
        }
        messages.extend(exchange.reminders(has_people, now));
        self.update_memory_use();
        messages
    }

    /// Takes what another server has said of its people. Returns false if there is no memory for
    /// those who came: then they are missing here, and it is asked again later.
    pub fn hear_roster(&mut self, said: RosterSaid, now: Timestamp) -> bool {
        let has_memory = self.account.memory().has_space_for_new();
        let Some(shared) = &mut self.roster.shared else { return true };
        let server = said.server;
        let Some(mut heard) = shared.exchange.hear(said, now) else { return true };
        let came = heard.came.len();
        if !has_memory {
            let list = self.roster.list.as_deref();
            heard.came.retain(|person| list.is_some_and(|list| list.seats.contains_key(&person.seat)));
        }
        let has_all = heard.came.len() == came;
        if !has_all {
            shared.exchange.note_refused(server, now);
        }
        if has_memory || self.roster.list.is_some() {
            self.roster.list(0).hear(server, heard);
        }
        self.update_memory_use();
        has_all
    }
}

/// Decides the order of a room's seats. All servers use the same, which need not be secret.
fn key_of(room: RoomId) -> u64 {
    let bits = u128::from_be_bytes(room.to_bytes());
    (bits >> 64) as u64 ^ bits as u64
}
