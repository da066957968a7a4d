//! The servers of a world of people: each has the room, and tells the others who is there.

use rtbroadcaster_protocol::{Limits, Room, RoomId, RosterServer, Timestamp};

use crate::sim::table::Table;

/// How often servers say who is there, in milliseconds.
const SAYS_EVERY_MS: u64 = 1_000;

#[derive(Debug)]
pub(super) struct Servers {
    pub(super) tables: Vec<Table>,
    /// When each was started last.
    pub(super) started: Vec<u64>,
    /// Whether what it and the others say to each other is lost.
    is_apart: Vec<bool>,
    /// When one of them was apart last.
    pub(super) apart_at: u64,
    /// The number of each, by which the others know it.
    numbers: Vec<u16>,
    /// How often one was started.
    starts: u32,
    pub(super) says_at: u64,
}

impl Servers {
    pub(super) fn new(limits: &Limits, count: usize, now: u64) -> Self {
        Self {
            tables: (0..count).map(|_| Table::new(limits.clone(), false)).collect(),
            started: vec![now; count],
            is_apart: vec![false; count],
            apart_at: 0,
            numbers: vec![0; count],
            starts: 0,
            says_at: now,
        }
    }

    pub(super) fn count(&self) -> usize {
        self.tables.len()
    }

    /// Starts a server, which shares the seats of its room if there are others. Either it is a new
    /// process, or the same one has the room again.
    pub(super) fn start(&mut self, server: usize, room: &mut Room, is_new: bool, now: u64) {
        self.tables[server].restart();
        self.started[server] = now;
        self.starts += 1;
        if self.count() > 1 {
            if is_new {
                self.numbers[server] = self.starts as u16;
            }
            let (list, number) = (self.starts.into(), self.numbers[server]);
            // With numbers of their own, new processes may count alike.
            let given = if is_new { 0 } else { self.starts.wrapping_mul(0x9e37_79b1) };
            room.share_seats(RosterServer { id: number.into(), seats: number, list, given, asks: true });
        }
    }

    pub(super) fn separate(&mut self, server: usize, is_apart: bool) {
        self.is_apart[server] = is_apart;
    }

    pub(super) fn unite(&mut self) {
        self.is_apart.fill(false);
    }

    /// Whether nothing that was said since a moment was lost.
    pub(super) fn hear_all_since(&self, moment: u64) -> bool {
        self.apart_at < moment && !self.is_apart.contains(&true)
    }

    /// All servers say what they have to say, if that is due.
    pub(super) fn talk(&mut self, room: RoomId, now: u64) {
        if self.count() == 1 || self.says_at > now {
            return;
        }
        self.says_at = now + SAYS_EVERY_MS;
        if self.is_apart.contains(&true) {
            self.apart_at = now;
        }
        for from in 0..self.count() {
            let said = with(&mut self.tables[from], room, |room| room.say_roster(Timestamp(now)));
            for to in (0..self.count()).filter(|to| *to != from) {
                if self.is_apart[from] || self.is_apart[to] {
                    continue;
                }
                for said in said.iter().flatten() {
                    with(&mut self.tables[to], room, |room| room.hear_roster(said.clone(), Timestamp(now)));
                }
            }
        }
    }
}

/// Does something with a room, and sets its alarm.
fn with<R>(table: &mut Table, room: RoomId, act: impl FnOnce(&mut Room) -> R) -> Option<R> {
    use rtbroadcaster_protocol::Host as _;

    let (result, alarm) = table.with(room, |room| (act(room), room.take_alarm()))?;
    if let Some(alarm) = alarm {
        table.wake_at(room, alarm);
    }
    Some(result)
}
