//! Fan-out to subscribers that count, without any socket.

use std::io::{self, ErrorKind, IoSlice};
#[cfg(unix)]
use std::os::fd::BorrowedFd;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rtbroadcaster_protocol::{Action, KeyDigest, Limits, Rendering, Room, RoomId, Timestamp};

use super::{RoomSubscription, SharedRoom};
use crate::fanout::{SendContext, Subscriber};
use crate::metrics::Metrics;

/// Bounds a test whose fan-out never comes. It is far above what a fan-out takes.
const PATIENCE: Duration = Duration::from_secs(60);

/// Counts what it is asked for. While it `is_blocked` it delivers nothing.
#[derive(Debug, Default)]
struct Counting {
    deliveries: AtomicUsize,
    wakes: AtomicUsize,
    is_blocked: AtomicBool,
    panics: AtomicBool,
    index: AtomicUsize,
}

// SAFETY: it has no socket.
#[expect(unsafe_code, reason = "the trait asks for a promise")]
unsafe impl Subscriber for Counting {
    #[cfg(unix)]
    fn socket(&self) -> Option<BorrowedFd<'_>> {
        None
    }

    fn write(&self, _slices: &[IoSlice<'_>]) -> io::Result<usize> {
        Err(ErrorKind::WouldBlock.into())
    }

    fn deliver(&self, _context: &mut SendContext) -> bool {
        assert!(!self.panics.load(Ordering::Relaxed), "of this test");
        self.deliveries.fetch_add(1, Ordering::Relaxed);
        !self.is_blocked.load(Ordering::Relaxed)
    }

    fn wake(&self) {
        self.wakes.fetch_add(1, Ordering::Relaxed);
    }

    fn index(&self) -> usize {
        self.index.load(Ordering::Relaxed)
    }

    fn set_index(&self, index: usize) {
        self.index.store(index, Ordering::Relaxed);
    }
}

fn shared_room() -> Arc<SharedRoom> {
    let room = Room::new(RoomId::from_random(1), KeyDigest([7; 32]), None, Limits::default());
    Arc::new(SharedRoom::new(room, Timestamp(0), Arc::new(Metrics::new()), None))
}

fn subscribe(room: &SharedRoom, is_owner: bool, subscriber: &Arc<Counting>) -> RoomSubscription {
    let subscriber = Arc::clone(subscriber) as Arc<dyn Subscriber>;
    room.subscribe(is_owner, Rendering::Compact, &subscriber)
}

fn follow(room: &SharedRoom) -> Arc<Counting> {
    let follower = Arc::new(Counting::default());
    subscribe(room, false, &follower);
    follower
}

fn act(room: &Arc<SharedRoom>) {
    let action = Action { key: "goTo", params: "[1]", slot: None, at: None };
    room.with(|room| room.action(None, action, Timestamp(1)).map(drop)).unwrap().unwrap();
}

fn deliveries(subscribers: &[&Arc<Counting>]) -> Vec<usize> {
    subscribers.iter().map(|subscriber| subscriber.deliveries.load(Ordering::Relaxed)).collect()
}

#[test]
fn several_actions_are_one_delivery_to_each_follower_and_none_to_the_owner() {
    let room = shared_room();
    let owner = Arc::new(Counting::default());
    subscribe(&room, true, &owner);
    let (first, second) = (follow(&room), follow(&room));
    act(&room);
    act(&room);
    assert!(!room.serve(), "a small room is served without a task");
    assert_eq!(deliveries(&[&first, &second, &owner]), [1, 1, 0]);
    assert!(!room.serve());
    assert_eq!(deliveries(&[&first, &second, &owner]), [1, 1, 0], "nothing is new");
}

#[test]
fn the_rest_of_an_action_is_left_to_the_connection_and_the_others_are_served() {
    let room = shared_room();
    let (blocked, other) = (follow(&room), follow(&room));
    blocked.is_blocked.store(true, Ordering::Relaxed);
    act(&room);
    room.serve();
    assert_eq!(deliveries(&[&blocked, &other]), [1, 1]);
    assert_eq!([&blocked, &other].map(|one| one.wakes.load(Ordering::Relaxed)), [1, 0]);
}

#[test]
fn a_panic_of_one_is_left_to_its_task_and_the_others_are_served() {
    let room = shared_room();
    let (first, broken, last) = (follow(&room), follow(&room), follow(&room));
    broken.panics.store(true, Ordering::Relaxed);
    for _ in 0..2 {
        act(&room);
        room.serve();
    }
    assert_eq!(deliveries(&[&first, &last]), [2, 2]);
    assert_eq!(broken.wakes.load(Ordering::Relaxed), 2);
}

#[test]
fn an_unsubscribed_follower_is_passed_over_and_the_last_takes_its_index() {
    let room = shared_room();
    let followers = [(); 3].map(|()| Arc::new(Counting::default()));
    let [first, second, third] = followers.each_ref().map(|one| subscribe(&room, false, one));
    room.unsubscribe(first, &*followers[0]);
    assert_eq!(followers[2].index(), 0);
    act(&room);
    room.serve();
    assert_eq!(deliveries(&followers.each_ref()), [0, 1, 1]);
    room.unsubscribe(third, &*followers[2]);
    room.unsubscribe(second, &*followers[1]);
    act(&room);
    room.serve();
    assert_eq!(deliveries(&followers.each_ref()), [0, 1, 1]);
}

#[test]
fn an_owner_that_waits_is_woken_when_its_followers_were_served() {
    let room = shared_room();
    let owner = Arc::new(Counting::default());
    subscribe(&room, true, &owner);
    let _follower = follow(&room);
    for (waits, wakes) in [(false, 0), (true, 1)] {
        room.set_owner_waits(waits);
        act(&room);
        room.serve();
        assert_eq!(owner.wakes.load(Ordering::Relaxed), wakes);
    }
}

#[test]
fn a_room_that_a_panic_has_left_half_changed_is_served_to_everyone_in_it() {
    let room = shared_room();
    let owner = Arc::new(Counting::default());
    subscribe(&room, true, &owner);
    let follower = follow(&room);
    let broken = std::panic::AssertUnwindSafe(|| room.with(|_| panic!("of this test")));
    assert!(std::panic::catch_unwind(broken).is_err());
    assert!(room.with(|room| room.head()).is_none());
    room.serve();
    assert_eq!(deliveries(&[&owner, &follower]), [1, 1]);
    assert!(room.report().is_none());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_large_room_is_served_in_tasks_again_and_again() {
    let room = shared_room();
    let followers: Vec<_> = (0..9_000).map(|_| follow(&room)).collect();
    for served in 1..=3 {
        act(&room);
        assert!(room.serve(), "in tasks");
        let is_served = |follower: &Arc<Counting>| follower.deliveries.load(Ordering::Relaxed) == served;
        let all = async {
            while !followers.iter().all(is_served) {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(PATIENCE, all).await.expect("everybody is served");
    }
}

#[cfg(feature = "store")]
mod kept {
    //! What a journal gets of a room.

    use super::{Arc, KeyDigest, Limits, Metrics, Mutex, Room, RoomId, SharedRoom, Timestamp};
    use crate::journal::{Journal, JournalHandle, Staged};
    use rtbroadcaster_protocol::Action;
    use tokio::sync::watch;

    /// The records of each push.
    #[derive(Debug, Default)]
    struct Pushes(Arc<Mutex<Vec<u64>>>);

    impl Journal for Pushes {
        fn push(&self, staged: Staged) -> bool {
            self.0.lock().unwrap().push(staged.mark.records);
            true
        }

        fn commit_here(&self) {}

        fn shut_down(&self) {}
    }

    #[test]
    fn what_one_read_has_brought_is_one_push() {
        let pushes = Arc::default();
        let journal = Box::new(Pushes(Arc::clone(&pushes)));
        let journal = Arc::new(JournalHandle::new(journal, 0, watch::channel(false).1));
        let mut room = Room::new(RoomId::from_random(1), KeyDigest([7; 32]), None, Limits::default());
        journal.keep(&mut room);
        let room = Arc::new(SharedRoom::new(room, Timestamp(0), Arc::new(Metrics::new()), Some(journal)));
        let act = |room: &mut Room| {
            room.action(None, Action { key: "goTo", params: "[1]", slot: None, at: None }, Timestamp(1))
                .map(drop)
        };
        room.with_later_push(act).unwrap().unwrap();
        room.with_later_push(act).unwrap().unwrap();
        assert!(pushes.lock().unwrap().is_empty(), "the room is not served yet");
        room.serve();
        room.serve();
        assert_eq!(*pushes.lock().unwrap(), [3], "the opening and both actions");
        room.with(act).unwrap().unwrap();
        assert_eq!(*pushes.lock().unwrap(), [3, 4], "at once");
    }
}
