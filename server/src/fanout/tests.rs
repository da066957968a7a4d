//! A chunk's followers in step, without any socket.

use std::collections::VecDeque;
use std::io::{self, ErrorKind, IoSlice};
#[cfg(unix)]
use std::os::fd::BorrowedFd;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use rtbroadcaster_protocol::{
    Action, Frame, KeyDigest, Limits, Rendering, Room, RoomId, Standing, Timestamp,
};

use super::chunk::Chunk;
use super::step_frames::{Next, Source};
use super::{LeftStep, SendContext, Subscriber, Subscribers};
use crate::metrics::Metrics;

/// A room, and how often frames were made of it.
struct Counted {
    room: Mutex<Room>,
    made: AtomicUsize,
}

impl Source for Counted {
    fn serve_in_step(&self, rendering: Rendering, standing: Standing, frame: &mut Frame) -> Option<Next> {
        self.made.fetch_add(1, Ordering::Relaxed);
        let mut room = self.room.lock().unwrap();
        let standing = room.serve_in_step(rendering, standing, frame)?;
        Some(Next { standing, has_more: standing.seq() < room.served_seq() })
    }
}

/// A client that takes so many bytes of one write after another, and then all.
#[derive(Debug, Default)]
struct Client {
    takes: Mutex<VecDeque<usize>>,
    taken: Mutex<Vec<u8>>,
    writes: AtomicUsize,
    deliveries: AtomicUsize,
    panics: AtomicBool,
    index: AtomicUsize,
}

// SAFETY: it has no socket.
#[expect(unsafe_code, reason = "the trait asks for a promise")]
unsafe impl Subscriber for Client {
    #[cfg(unix)]
    fn socket(&self) -> Option<BorrowedFd<'_>> {
        None
    }

    fn write(&self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        assert!(!self.panics.load(Ordering::Relaxed), "of this test");
        let bytes: Vec<u8> = slices.iter().flat_map(|slice| slice.iter().copied()).collect();
        let takes = self.takes.lock().unwrap().pop_front().unwrap_or(bytes.len());
        self.taken.lock().unwrap().extend(&bytes[..takes]);
        self.writes.fetch_add(1, Ordering::Relaxed);
        if takes == 0 { Err(ErrorKind::WouldBlock.into()) } else { Ok(takes) }
    }

    fn deliver(&self, _context: &mut SendContext) -> bool {
        self.deliveries.fetch_add(1, Ordering::Relaxed);
        true
    }

    fn wake(&self) {}

    fn index(&self) -> usize {
        self.index.load(Ordering::Relaxed)
    }

    fn set_index(&self, index: usize) {
        self.index.store(index, Ordering::Relaxed);
    }
}

/// A room with one chunk of followers.
struct Hall {
    source: Counted,
    chunk: Chunk,
}

impl Hall {
    fn open() -> Self {
        let limits = Limits::default().with(|limits| limits.owner_bytes_per_second = u64::MAX);
        let room = Room::new(RoomId::from_random(1), KeyDigest([7; 32]), None, limits);
        let source = Counted { room: Mutex::new(room), made: AtomicUsize::new(0) };
        Self { source, chunk: Chunk::new(Rendering::Compact) }
    }

    /// A client in step.
    fn join<const N: usize>(&self, takes: [usize; N]) -> Arc<Client> {
        let client = Arc::new(Client { takes: Mutex::new(takes.into()), ..Client::default() });
        let subscriber: Arc<dyn Subscriber> = Arc::clone(&client) as _;
        assert!(self.chunk.subscribe(Rendering::Compact, &subscriber));
        let standing = self.source.room.lock().unwrap().newest_standing();
        self.chunk.get_in_step(&*client, standing);
        client
    }

    fn act(&self, params: &str) {
        let action = Action { key: "goTo", params, slot: None, at: None };
        self.source.room.lock().unwrap().action(None, action, Timestamp(1)).unwrap();
    }

    /// Serves the chunk. Returns the indexes of those that must be served alone.
    fn serve(&self) -> Vec<usize> {
        let alone = self.chunk.serve(&self.source, &mut SendContext::default());
        alone.iter().map(|subscriber| subscriber.index()).collect()
    }

    fn made(&self) -> usize {
        self.source.made.swap(0, Ordering::Relaxed)
    }
}

fn texts(client: &Client) -> Vec<String> {
    let mut bytes = &client.taken.lock().unwrap()[..];
    let mut texts = Vec::new();
    while let [_, short, rest @ ..] = bytes {
        let (payload, after) = match short {
            126 => rest[2..].split_at(usize::from(u16::from_be_bytes([rest[0], rest[1]]))),
            127 => rest[8..].split_at(u64::from_be_bytes(rest[..8].try_into().unwrap()) as usize),
            short => rest.split_at(usize::from(*short)),
        };
        texts.push(String::from_utf8(payload.to_vec()).unwrap());
        bytes = after;
    }
    texts
}

#[test]
fn a_frame_is_made_once_for_all_that_stand_at_the_same_place() {
    let hall = Hall::open();
    let early = [(); 3].map(|()| hall.join([]));
    hall.act("[1]");
    let late = [(); 3].map(|()| hall.join([]));
    hall.act("[2]");
    assert!(hall.serve().is_empty());
    assert_eq!(hall.made(), 2);
    let second = r#"{"seq":2,"funcKey":"goTo","funcParams":[2]}"#;
    for client in &early {
        let both = format!("{{\"seq\":1,\"funcKey\":\"goTo\",\"funcParams\":[1]}}\n{second}");
        assert_eq!(texts(client), [both]);
    }
    for client in &late {
        assert_eq!(texts(client), [second]);
    }
    hall.act("[3]");
    assert!(hall.serve().is_empty());
    assert_eq!(hall.made(), 1, "all stand at the same place now");
    assert!(early.iter().chain(&late).all(|client| client.writes.load(Ordering::Relaxed) == 2));
}

#[test]
fn a_backlog_comes_in_as_many_frames_as_it_takes() {
    let hall = Hall::open();
    let clients = [hall.join([]), hall.join([])];
    let large = format!("[\"{}\"]", "x".repeat(40_000));
    (0..3).for_each(|_| hall.act(&large));
    assert!(hall.serve().is_empty());
    for client in &clients {
        let texts = texts(client);
        let messages: usize = texts.iter().map(|text| text.lines().count()).sum();
        assert_eq!((texts.len(), messages), (3, 3));
    }
}

#[test]
fn a_client_that_takes_a_part_is_served_alone_and_the_rest_is_kept() {
    let hall = Hall::open();
    let (torn, other) = (hall.join([5]), hall.join([]));
    hall.act("[1]");
    assert_eq!(hall.serve(), [torn.index()]);
    hall.act("[2]");
    assert_eq!(hall.serve(), [torn.index()], "nothing is written behind a part");
    assert_eq!(torn.writes.load(Ordering::Relaxed), 1);
    assert_eq!(texts(&other).len(), 2);
    let Some(LeftStep { standing, torn: Some((pieces, written)) }) = hall.chunk.leave_step(&*torn) else {
        panic!("it was in step");
    };
    assert_eq!((standing.seq(), written), (1, 5));
    let rest = pieces.concat().split_off(written);
    torn.taken.lock().unwrap().extend(rest);
    assert_eq!(texts(&torn), [r#"{"seq":1,"funcKey":"goTo","funcParams":[1]}"#]);
    assert!(hall.chunk.leave_step(&*torn).is_none());
}

#[test]
fn a_client_that_takes_nothing_is_served_alone_from_where_it_stands() {
    let hall = Hall::open();
    let (blocked, other) = (hall.join([0]), hall.join([]));
    hall.act("[1]");
    assert_eq!(hall.serve(), [blocked.index()]);
    assert_eq!(texts(&other).len(), 1);
    let left = hall.chunk.leave_step(&*blocked).unwrap();
    assert!(left.torn.is_none());
    assert_eq!(left.standing.seq(), 0);
}

#[test]
fn after_a_panic_each_of_its_chunk_is_served_alone() {
    let hall = Hall::open();
    let subscribers = Subscribers::default();
    let clients = [(); 3].map(|()| Arc::new(Client::default()));
    for client in &clients {
        let subscriber: Arc<dyn Subscriber> = Arc::clone(client) as _;
        let subscription = subscribers.subscribe(Rendering::Compact, &subscriber);
        let standing = hall.source.room.lock().unwrap().newest_standing();
        subscription.get_in_step(&**client, standing);
    }
    clients[1].panics.store(true, Ordering::Relaxed);
    hall.act("[1]");
    assert!(subscribers.announce(None));
    subscribers.begin_pass().unwrap().serve(&hall.source, &Metrics::new());
    assert!(clients.iter().all(|client| client.deliveries.load(Ordering::Relaxed) == 1));
}

#[test]
fn news_are_told_to_each_alone() {
    let hall = Hall::open();
    let clients = [hall.join([]), hall.join([])];
    hall.source.room.lock().unwrap().owner_left(1, Timestamp(1));
    hall.act("[1]");
    assert_eq!(hall.serve(), [0, 1]);
    assert_eq!(hall.made(), 1);
    assert!(clients.iter().all(|client| client.writes.load(Ordering::Relaxed) == 0));
}

#[test]
fn a_full_chunk_takes_nobody_and_one_that_leaves_makes_a_seat() {
    let hall = Hall::open();
    let clients: Vec<_> = (0..super::chunk::CHUNK_SEATS).map(|_| hall.join([])).collect();
    let one_more: Arc<dyn Subscriber> = Arc::new(Client::default());
    assert!(!hall.chunk.subscribe(Rendering::Compact, &one_more));
    hall.chunk.leave_step(&*clients[0]).unwrap();
    assert!(!hall.chunk.unsubscribe(&*clients[0]));
    assert_eq!(clients[super::chunk::CHUNK_SEATS - 1].index(), 0, "the last takes its index");
    assert!(!hall.chunk.subscribe(Rendering::Original, &one_more));
    assert!(hall.chunk.subscribe(Rendering::Compact, &one_more));
    assert_eq!(hall.serve(), [one_more.index()]);
}
