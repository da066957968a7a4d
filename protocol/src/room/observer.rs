//! What happens in a room, for the application that it is part of. The room tells its [`Observer`]
//! in the order in which it happens, and nothing before its journal has kept it.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;

use super::{Mark, Room, RoomId};

/// Something that happened in a room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RoomNotice {
    /// The room was opened.
    Opened,
    /// A follower joined.
    Joined {
        /// How many followers the room has now.
        followers: usize,
    },
    /// A follower left.
    Left {
        /// How many followers the room has now.
        followers: usize,
    },
    /// The owner's connection is gone.
    OwnerAway,
    /// An owner that was away has a connection again.
    OwnerBack,
}

/// Hears what happens in rooms. A room calls it while its caller holds the room's lock, so it must
/// neither wait nor ask the room for anything.
pub trait Observer: fmt::Debug + Send + Sync {
    /// Whether anybody wants to know. If not, the room remembers nothing for later.
    fn is_listening(&self) -> bool;

    /// Something has happened in this room.
    fn notice(&self, room: RoomId, notice: RoomNotice);
}

/// A room's observer, and what it is to be told later.
#[derive(Debug, Default)]
pub(super) struct Observation {
    observer: Option<Arc<dyn Observer>>,
    /// What waits until the journal has kept all records up to the mark, in order.
    waiting: VecDeque<(Mark, RoomNotice)>,
}

impl Room {
    /// Has an observer told from now on.
    pub fn observe_with(&mut self, observer: Arc<dyn Observer>) {
        self.observation.observer = Some(observer);
    }

    /// Tells the observer, once the journal has kept the room as it is now. The room calls this
    /// itself, but for [`RoomNotice::Opened`]: its caller knows when the room is in its table.
    pub fn notice(&mut self, notice: RoomNotice) {
        let Some(observer) = self.observation.observer.as_ref().filter(|observer| observer.is_listening())
        else {
            return;
        };
        if self.observation.waiting.is_empty() && self.unkept_mark().is_none() {
            observer.notice(self.id, notice);
        } else {
            let mark = self.mark();
            self.observation.waiting.push_back((mark, notice));
        }
    }

    /// Tells the observer what has waited until the journal has kept it.
    pub(super) fn release_notices(&mut self) {
        let Some(observer) = self.observation.observer.clone() else { return };
        let kept = self.staging.as_ref().map_or(u64::MAX, |staging| staging.kept);
        while self.observation.waiting.front().is_some_and(|(mark, _)| mark.records <= kept) {
            let Some((_, notice)) = self.observation.waiting.pop_front() else { break };
            observer.notice(self.id, notice);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;
    use crate::{Claim, KeyDigest, Limits, Rendering, Timestamp};

    const KEY: KeyDigest = KeyDigest([7; 32]);

    #[derive(Debug, Default)]
    struct Listener(Mutex<Vec<RoomNotice>>);

    impl Observer for Listener {
        fn is_listening(&self) -> bool {
            true
        }

        fn notice(&self, _room: RoomId, notice: RoomNotice) {
            self.0.lock().unwrap().push(notice);
        }
    }

    impl Listener {
        fn take(&self) -> Vec<RoomNotice> {
            std::mem::take(&mut self.0.lock().unwrap())
        }
    }

    fn observed() -> (Room, Arc<Listener>) {
        let mut room = Room::new(RoomId::from_random(1), KEY, None, Limits::default());
        let listener = Arc::<Listener>::default();
        room.observe_with(Arc::clone(&listener) as Arc<dyn Observer>);
        (room, listener)
    }

    fn claim(room: &mut Room) {
        let claim = Claim {
            owner_key: "".into(),
            session: None,
            acknowledged: None,
            epoch: None,
            share_audience: false,
        };
        room.claim(&KEY, &claim).unwrap();
    }

    #[test]
    fn followers_and_the_owner_are_noticed_as_they_come_and_go() {
        let (mut room, listener) = observed();
        let first = room.join(Rendering::Compact, None).unwrap();
        let second = room.join(Rendering::Compact, None).unwrap();
        room.leave(&first);
        room.owner_left(1, Timestamp(5));
        claim(&mut room);
        claim(&mut room);
        assert_eq!(
            listener.take(),
            [
                RoomNotice::Joined { followers: 1 },
                RoomNotice::Joined { followers: 2 },
                RoomNotice::Left { followers: 1 },
                RoomNotice::OwnerAway,
                RoomNotice::OwnerBack,
            ],
            "an owner that was here is not back"
        );
        room.close();
        room.leave(&second);
        room.owner_left(3, Timestamp(6));
        assert_eq!(listener.take(), [], "after its end nothing happens in a room");
    }

    #[test]
    fn nothing_is_noticed_before_the_journal_has_kept_it_and_the_order_stays() {
        let (mut room, listener) = observed();
        room.stage_records(0);
        room.notice(RoomNotice::Opened);
        let opened = room.mark();
        room.owner_left(1, Timestamp(5));
        room.join(Rendering::Compact, None).unwrap();
        let left = room.mark();
        assert_eq!(listener.take(), []);
        room.committed(opened);
        assert_eq!(listener.take(), [RoomNotice::Opened]);
        room.committed(left);
        assert_eq!(listener.take(), [RoomNotice::OwnerAway, RoomNotice::Joined { followers: 1 }]);
        room.join(Rendering::Compact, None).unwrap();
        assert_eq!(listener.take(), [RoomNotice::Joined { followers: 2 }], "nothing waits any more");
    }
}
