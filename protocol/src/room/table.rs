//! The table of a server's rooms. The server keeps it behind a lock.

use std::collections::{BTreeSet, HashMap};

use crate::{RefusalCode, RoomId, Timestamp};

/// All rooms of a server, and when [`Room::tick`](crate::Room::tick) is due for each. `R` is the
/// room itself in a simulation, and a shared room in the server.
#[derive(Debug)]
pub struct Rooms<R> {
    rooms: HashMap<RoomId, R>,
    max_rooms: usize,
    /// When rooms are due, the earliest first.
    alarms: BTreeSet<(Timestamp, RoomId)>,
    /// The moments in `alarms`, by room.
    alarms_by_room: HashMap<RoomId, Vec<Timestamp>>,
}

impl<R> Rooms<R> {
    /// A table for at most `max_rooms` rooms.
    #[must_use]
    pub fn new(max_rooms: usize) -> Self {
        Self { rooms: HashMap::new(), max_rooms, alarms: BTreeSet::new(), alarms_by_room: HashMap::new() }
    }

    /// How many rooms there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rooms.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rooms.is_empty()
    }

    /// Adds a room.
    ///
    /// # Errors
    /// `too_many_rooms`: there are as many rooms as there may be.
    pub fn insert(&mut self, id: RoomId, room: R) -> Result<(), RefusalCode> {
        if self.rooms.len() >= self.max_rooms {
            return Err(RefusalCode::TooManyRooms);
        }
        self.rooms.insert(id, room);
        Ok(())
    }

    /// The room with this id.
    #[must_use]
    pub fn get(&self, id: RoomId) -> Option<&R> {
        self.rooms.get(&id)
    }

    /// The room with this id, mutably.
    #[must_use]
    pub fn get_mut(&mut self, id: RoomId) -> Option<&mut R> {
        self.rooms.get_mut(&id)
    }

    /// Every room.
    pub fn iter(&self) -> impl Iterator<Item = &R> {
        self.rooms.values()
    }

    /// Every room, mutably.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut R> {
        self.rooms.values_mut()
    }

    /// Removes a room. Its id is unknown from then on.
    pub fn remove(&mut self, id: RoomId) -> Option<R> {
        for moment in self.alarms_by_room.remove(&id).unwrap_or_default() {
            self.alarms.remove(&(moment, id));
        }
        self.rooms.remove(&id)
    }

    /// Sets an alarm for a room at the moment that [`Room::take_alarm`](crate::Room::take_alarm)
    /// returned.
    pub fn wake_at(&mut self, moment: Timestamp, id: RoomId) {
        if self.alarms.insert((moment, id)) {
            self.alarms_by_room.entry(id).or_default().push(moment);
        }
    }

    /// Removes the alarms that are due now and returns their rooms, for which
    /// [`Room::tick`](crate::Room::tick) is to be called. Some of the rooms may be gone.
    pub fn take_due(&mut self, now: Timestamp) -> Vec<RoomId> {
        let mut due = Vec::new();
        while let Some((moment, id)) = self.alarms.first().copied() {
            if moment > now {
                break;
            }
            self.alarms.pop_first();
            self.forget_alarm(id, moment);
            due.push(id);
        }
        due
    }

    /// The rooms that have an alarm at `moment` or later, the earliest first. Rooms without an
    /// owner are among them; the one that lost its owner first comes first.
    pub fn alarms_after(&self, moment: Timestamp) -> impl Iterator<Item = RoomId> {
        self.alarms.range((moment, RoomId::from_random(0))..).map(|(_, id)| *id)
    }

    /// The moment of the earliest alarm: when to call [`Rooms::take_due`] next.
    #[must_use]
    pub fn next_alarm(&self) -> Option<Timestamp> {
        self.alarms.first().map(|(moment, _)| *moment)
    }

    fn forget_alarm(&mut self, id: RoomId, moment: Timestamp) {
        if let Some(alarms) = self.alarms_by_room.get_mut(&id) {
            alarms.retain(|other| *other != moment);
            if alarms.is_empty() {
                self.alarms_by_room.remove(&id);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_a_room_beyond_its_limit_until_another_is_removed() {
        let mut rooms = Rooms::new(1);
        let (first, second) = (RoomId::from_random(1), RoomId::from_random(2));
        rooms.insert(first, ()).unwrap();
        assert_eq!(rooms.insert(second, ()), Err(RefusalCode::TooManyRooms));
        rooms.remove(first);
        assert_eq!(rooms.insert(second, ()), Ok(()));
    }

    #[test]
    fn returns_each_room_that_is_due_once() {
        let mut rooms = Rooms::<()>::new(10);
        let (early, late) = (RoomId::from_random(1), RoomId::from_random(2));
        rooms.wake_at(Timestamp(20), late);
        rooms.wake_at(Timestamp(10), early);
        assert_eq!(rooms.next_alarm(), Some(Timestamp(10)));
        assert_eq!(rooms.take_due(Timestamp(9)), []);
        assert_eq!(rooms.take_due(Timestamp(10)), [early]);
        assert_eq!(rooms.take_due(Timestamp(30)), [late]);
        assert_eq!(rooms.next_alarm(), None);
    }

    #[test]
    fn a_removed_room_has_no_alarms_and_hides_none_of_the_others() {
        let mut rooms = Rooms::<()>::new(10);
        let [gone, soon, late] = [1, 2, 3].map(RoomId::from_random);
        for (moment, id) in [(5, soon), (20, gone), (30, late), (40, gone)] {
            rooms.wake_at(Timestamp(moment), id);
        }
        rooms.remove(gone);
        assert_eq!(rooms.alarms_after(Timestamp(10)).collect::<Vec<_>>(), [late]);
        assert_eq!(rooms.take_due(Timestamp(100)), [soon, late]);
        assert!(rooms.alarms_by_room.is_empty());
    }
}
