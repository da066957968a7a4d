//! Clients of all kinds that come and go.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use proptest::prelude::Rng;
use proptest::test_runner::{RngAlgorithm, TestRng};
use serde_json::json;
use tokio::time::{interval, sleep};

use crate::{Client, Opcode, RawSocket, Room, message};

/// Bytes of a state message's value.
const VALUE_BYTES: usize = 2_000;
/// How many slots the owner of a short room writes.
const SLOTS: u64 = 40;
/// Actions that the owner of a steady room sends at a time; a pause follows.
const BURST: u64 = 10;
const PAUSE: Duration = Duration::from_millis(50);

/// What all clients know.
#[derive(Debug)]
pub(super) struct Arena {
    address: String,
    rooms: Mutex<Vec<String>>,
    visits: AtomicU64,
    is_over: AtomicBool,
    is_closed: AtomicBool,
}

impl Arena {
    pub(super) fn new(address: &str) -> Self {
        Self {
            address: address.to_owned(),
            rooms: Mutex::default(),
            visits: AtomicU64::new(0),
            is_over: AtomicBool::new(false),
            is_closed: AtomicBool::new(false),
        }
    }

    /// Adds a room that others may join.
    pub(super) fn open(&self, uuid: &str) {
        self.rooms.lock().expect("nobody panics with it").push(uuid.to_owned());
    }

    /// Lets no more clients come.
    pub(super) fn stop(&self) {
        self.is_over.store(true, Ordering::Relaxed);
    }

    /// Lets the owners of the steady rooms leave too.
    pub(super) fn close(&self) {
        self.is_closed.store(true, Ordering::Relaxed);
    }

    pub(super) fn visits(&self) -> u64 {
        self.visits.load(Ordering::Relaxed)
    }

    fn goes_on(&self) -> bool {
        !self.is_over.load(Ordering::Relaxed)
    }

    fn count(&self) {
        self.visits.fetch_add(1, Ordering::Relaxed);
    }

    fn room(&self, number: u32) -> String {
        let rooms = self.rooms.lock().expect("nobody panics with it");
        rooms[number as usize % rooms.len()].clone()
    }
}

fn random(kind: u64, seed: u64) -> TestRng {
    let bytes = [kind, seed].map(u64::to_le_bytes).concat();
    TestRng::from_seed(RngAlgorithm::XorShift, &bytes)
}

/// An owner that broadcasts all the time, and a follower that misses nothing.
pub(super) async fn steady(arena: Arc<Arena>, mut room: Room) {
    let mut follower = room.join_synced(0).await;
    let mut ticks = interval(PAUSE);
    let mut last = 0;
    while !arena.is_closed.load(Ordering::Relaxed) {
        ticks.tick().await;
        room.act(last + 1, last + BURST).await;
        for seq in last + 1..=last + BURST {
            follower.hears(&json!({"seq": seq, "funcKey": "act"})).await;
        }
        last += BURST;
    }
}

/// Followers that stay for a while and leave in different ways.
pub(super) async fn passers_by(arena: Arc<Arena>, seed: u64) {
    let mut random = random(1, seed);
    while arena.goes_on() {
        let uuid = arena.room(random.next_u32());
        let mut follower = Client::connect(&arena.address).await;
        match random.next_u32() % 3 {
            0 => follower.send(message::join(&uuid)).await,
            1 => follower.send(message::session_join(&uuid)).await,
            _ => follower.send(message::session_rejoin(&uuid, u64::from(random.next_u32() % 1_000))).await,
        }
        for _ in 0..1 + random.next_u32() % 40 {
            follower.next().await;
        }
        if random.next_u32().is_multiple_of(2) {
            follower.send(message::close(&uuid)).await;
            follower.rest().await;
        }
        arena.count();
    }
}

/// Owners that open a room, fill it with state messages and close it, or just leave.
pub(super) async fn short_rooms(arena: Arc<Arena>, seed: u64) {
    let mut random = random(2, seed);
    let value = "x".repeat(VALUE_BYTES);
    while arena.goes_on() {
        let mut room = Room::open(&arena.address).await;
        for id in 1..=SLOTS {
            let action = json!({"id": id, "funcKey": "set", "funcParams": [value], "stateMessage": true, "slot": format!("s{id}")});
            room.owner.send(action).await;
        }
        while room.owner.next().await["ack"] != SLOTS {}
        let mut follower = room.join().await;
        while follower.next().await["synced"] != SLOTS {}
        if random.next_u32().is_multiple_of(2) {
            room.owner.send(message::close(&room.uuid)).await;
            follower.rest().await;
        }
        arena.count();
        sleep(Duration::from_millis(u64::from(random.next_u32() % 50))).await;
    }
}

/// Clients that misbehave.
pub(super) async fn nuisances(arena: Arc<Arena>, seed: u64) {
    let mut random = random(3, seed);
    while arena.goes_on() {
        match random.next_u32() % 6 {
            0 => drop(RawSocket::connect(&arena.address).await),
            1 => {
                // Half a request: the server waits and gives up.
                let mut socket = RawSocket::connect(&arena.address).await;
                socket.send_bytes(b"GET /broadcasting HTTP/1.1\r\nHost: x\r\n").await;
                sleep(Duration::from_millis(u64::from(random.next_u32() % 3_000))).await;
            }
            2 => {
                let mut client = Client::connect(&arena.address).await;
                client.send("{").await;
                client.send(message::session_join("00000000-0000-4000-8000-000000000000")).await;
                client.rest().await;
            }
            3 => {
                let mut socket = RawSocket::upgrade(&arena.address).await;
                socket.send_frame(Opcode::Text, true, &vec![b'a'; 70_000]).await;
                socket.closed().await;
            }
            4 => {
                // Reads nothing until the server closes the connection.
                let mut socket = RawSocket::upgrade_narrow(&arena.address).await;
                socket.send_text(&message::session_join(&arena.room(random.next_u32())).to_string()).await;
                sleep(Duration::from_millis(u64::from(random.next_u32() % 4_000))).await;
            }
            _ => {
                let mut socket = RawSocket::upgrade(&arena.address).await;
                for _ in 0..200 {
                    socket.send_frame(Opcode::Ping, true, b"?").await;
                }
            }
        }
        arena.count();
    }
}
