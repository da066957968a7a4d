//! Several servers and one log: whatever is delayed, dropped or proposed at the same time, all
//! replicas become equal, and no seq names two actions.

mod losses;

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::{Action, Claim, Frame, KeyDigest, Limits, Record, Rendering, RoomId};

const KEY: KeyDigest = KeyDigest([7; 32]);
const SERVERS: usize = 3;
/// Small, so that most groups take several entries.
const MAX_BYTES: usize = 48;

fn limits() -> Limits {
    Limits { ring_actions: 64, ..Limits::default() }
}

/// The log, as its keeper has it: what is not the next entry is refused.
#[derive(Debug, Default)]
struct Log {
    entries: Vec<Vec<u8>>,
    /// How many of the oldest are deleted.
    deleted: u64,
}

impl Log {
    fn last(&self) -> u64 {
        self.entries.len() as u64
    }

    fn delete_all_but_last(&mut self) {
        self.deleted = self.last() - 1;
    }

    fn write(&mut self, proposal: &Proposal) -> Option<u64> {
        (proposal.previous == self.last()).then(|| {
            self.entries.push(proposal.entry.clone());
            self.last()
        })
    }

    fn entry(&self, position: u64) -> LogEntry<'_> {
        let at = usize::try_from(position - 1).unwrap();
        LogEntry::decode(&self.entries[at]).unwrap()
    }

    fn load(&self, now: Timestamp, has_original: bool) -> LoadedRoom {
        let mut loader = ReplicaLoader::new(RoomId::from_random(1), limits(), has_original);
        for position in self.deleted + 1..=self.last() {
            loader.take(position, &self.entry(position)).unwrap();
        }
        loader.finish(0, now).unwrap()
    }
}

struct Server {
    room: Room,
    replica: Replica,
    /// The position up to which entries were delivered or dropped.
    delivered: u64,
    /// A proposal whose outcome isn't known.
    sent: Option<Proposal>,
    epoch: u64,
    follower: crate::Cursor,
}

/// What followers and owners were told, on all servers.
#[derive(Default)]
struct Told {
    /// The text that each seq was served with.
    served: BTreeMap<u64, String>,
    /// The highest seq that counts as kept anywhere.
    kept: u64,
}

struct World {
    log: Log,
    servers: Vec<Server>,
    told: Told,
    acted: u32,
    now: u64,
}

impl World {
    fn new() -> Self {
        let mut log = Log::default();
        let mut room = Room::new(RoomId::from_random(1), KEY, Some("page"), limits());
        room.stage_records(0);
        let mut replica = Replica::new(1, 0);
        let (bytes, mark) = room.take_staged().unwrap();
        replica.stage(&bytes, mark, true);
        while let Some(proposal) = replica.propose(&room, MAX_BYTES) {
            let position = log.write(&proposal).unwrap();
            assert_eq!(replica.acknowledge(&mut room, proposal.number, position), Received::Kept);
        }
        let mut servers = vec![Server::new(room, replica)];
        for writer in 2..=SERVERS as u64 {
            let (room, replica) = Replica::loaded(writer, 0, log.load(Timestamp(0), false)).unwrap();
            servers.push(Server::new(room, replica));
        }
        Self { log, servers, told: Told::default(), acted: 0, now: 0 }
    }

    fn step(&mut self, at: usize, step: Step) {
        self.now += 10;
        let now = Timestamp(self.now);
        let server = &mut self.servers[at];
        match step {
            Step::Act(slot) => {
                self.acted += 1;
                server.act(self.acted, slot, now);
            }
            Step::Claim(session) => server.claim(session),
            Step::Leave => server.room.owner_left(server.epoch, now),
            Step::Close => drop(server.room.as_owner(server.epoch, Room::close)),
            Step::Checkpoint => server.room.stage_checkpoint(),
            Step::Propose { is_told } => server.propose(&mut self.log, is_told, now),
            Step::Deliver => server.deliver(&self.log, now),
            Step::Drop => server.delivered = (server.delivered + 1).min(self.log.last()),
            Step::CatchUp => server.catch_up(&self.log, now),
        }
        server.check(&mut self.told);
    }

    /// Lets everything come to rest.
    fn settle(&mut self) {
        let now = Timestamp(self.now);
        for _ in 0..3 {
            for server in &mut self.servers {
                while server.replica.has_unkept() || server.room.has_staged() {
                    server.propose(&mut self.log, true, now);
                    server.catch_up(&self.log, now);
                }
                server.catch_up(&self.log, now);
                server.check(&mut self.told);
            }
        }
    }
}

impl Server {
    fn new(mut room: Room, replica: Replica) -> Self {
        let follower = room.join(Rendering::Compact, Some(0)).unwrap();
        let delivered = replica.position();
        Self { room, replica, delivered, sent: None, epoch: 1, follower }
    }

    fn act(&mut self, number: u32, slot: Option<u8>, now: Timestamp) {
        let (params, slot) = (format!("[{number}]"), slot.map(|slot| slot.to_string()));
        let action = Action { key: "act", params: params.as_str(), slot: slot.as_deref(), at: None };
        // Superseded is an answer too.
        let _ = self.room.as_owner(self.epoch, |room| room.action(None, action, now));
    }

    fn claim(&mut self, session: u8) {
        let session = session.to_string();
        let claim = Claim {
            key: "".into(),
            kind: crate::ClaimKind::Takes,
            session: Some(session.into()),
            acknowledged: None,
            epoch: None,
            share_audience: false,
            share_roster: false,
        };
        if let Ok(claimed) = self.room.claim(&KEY, &claim) {
            self.epoch = claimed.epoch;
        }
    }

    fn propose(&mut self, log: &mut Log, is_told: bool, now: Timestamp) {
        if let Some((bytes, mark)) = self.room.take_staged() {
            let has_checkpoint =
                crate::Records::new(&bytes).any(|record| matches!(record, Ok(Record::Checkpoint(_))));
            self.replica.stage(&bytes, mark, has_checkpoint);
        }
        if self.sent.is_none() {
            self.sent = self.replica.propose(&self.room, MAX_BYTES);
        }
        let Some(proposal) = &self.sent else { return };
        let written = log.write(proposal);
        if is_told {
            match written {
                Some(position) => {
                    self.replica.acknowledge(&mut self.room, proposal.number, position);
                    self.sent = None;
                }
                None => self.catch_up(log, now),
            }
        }
    }

    fn deliver(&mut self, log: &Log, now: Timestamp) {
        if self.delivered < log.last() {
            self.delivered += 1;
            self.receive(log, self.delivered, now);
        }
    }

    fn catch_up(&mut self, log: &Log, now: Timestamp) {
        while self.replica.position() < log.last() {
            self.receive(log, self.replica.position() + 1, now);
        }
        self.delivered = log.last();
    }

    fn receive(&mut self, log: &Log, position: u64, now: Timestamp) {
        let entry = log.entry(position);
        match self.replica.receive(&mut self.room, position, &entry, now) {
            Received::Hole => self.catch_up(log, now),
            Received::Lost => {
                self.sent = None;
                let loaded = log.load(now, self.room.has_original());
                self.replica.rebuild(&mut self.room, loaded);
            }
            Received::Kept => self.sent = None,
            Received::Known | Received::Taken => {}
        }
        if self.sent.as_ref().is_some_and(|sent| sent.previous < self.replica.position()) {
            self.sent = None;
        }
    }

    /// Serves its follower, and compares that with all that was ever served.
    fn check(&mut self, told: &mut Told) {
        let mut frame = Frame::default();
        loop {
            self.room.serve(&mut self.follower, &mut frame);
            if frame.is_empty() {
                break;
            }
            let text = String::from_utf8(frame.payload().to_vec()).unwrap();
            for message in text.lines().filter(|message| message.starts_with("{\"seq\":")) {
                let seq: u64 = message[7..]
                    .split(|digit: char| !digit.is_ascii_digit())
                    .next()
                    .unwrap()
                    .parse()
                    .unwrap();
                let known = told.served.entry(seq).or_insert_with(|| message.to_owned());
                assert_eq!(known, message, "a seq names one action for ever");
            }
        }
        told.kept = told.kept.max(self.room.durable());
    }

    /// All but the moment since when the owner is away, which each server sees by its own clock.
    fn state(&self) -> Vec<u8> {
        let mut checkpoint = self.room.checkpoint(0);
        checkpoint.owner.away_since_ms = checkpoint.owner.away_since_ms.map(|_| 0);
        let mut state = Vec::new();
        Record::Checkpoint(checkpoint).encode(&mut state);
        state
    }
}

#[derive(Debug, Clone, Copy)]
enum Step {
    Act(Option<u8>),
    Claim(u8),
    Leave,
    Close,
    Checkpoint,
    Propose { is_told: bool },
    Deliver,
    Drop,
    CatchUp,
}

fn step() -> impl Strategy<Value = (usize, Step)> {
    let step = prop_oneof![
        6 => proptest::option::of(0..3_u8).prop_map(Step::Act),
        2 => (0..3_u8).prop_map(Step::Claim),
        1 => Just(Step::Leave),
        1 => Just(Step::Checkpoint),
        6 => any::<bool>().prop_map(|is_told| Step::Propose { is_told }),
        6 => Just(Step::Deliver),
        1 => Just(Step::Drop),
        1 => Just(Step::CatchUp),
    ];
    (0..SERVERS, step)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]
    #[test]
    fn all_replicas_become_equal_and_nothing_kept_is_lost(steps in prop::collection::vec(step(), 1..80)) {
        let mut world = World::new();
        for (server, step) in steps {
            world.step(server, step);
        }
        world.settle();
        let states: Vec<_> = world.servers.iter().map(Server::state).collect();
        prop_assert!(states.windows(2).all(|pair| pair[0] == pair[1]));
        let head = world.servers[0].room.head();
        prop_assert!(world.told.kept <= head, "{} was kept, and the log ends at {head}", world.told.kept);
        for server in &world.servers {
            prop_assert_eq!(server.room.durable(), head);
            prop_assert!(server.room.unkept_mark().is_none());
        }
    }
}

#[test]
fn of_two_claims_at_the_same_time_one_is_lost_and_says_so() {
    let mut world = World::new();
    world.servers[0].claim(1);
    world.servers[1].claim(2);
    let waits_for = world.servers[1].room.mark();
    world.step(0, Step::Propose { is_told: true });
    world.step(1, Step::Propose { is_told: true });
    assert_eq!(world.servers[0].replica.holder(), 1);
    let loser = &mut world.servers[1];
    assert!(loser.room.is_lost(waits_for) && !loser.room.is_kept(waits_for));
    assert!(!loser.room.holds_owner());
    assert_eq!(loser.replica.holder(), 1);
    loser.claim(2);
    assert!(!loser.room.is_lost(loser.room.mark()));
    world.settle();
    assert_eq!(world.servers[0].room.epoch(), 3);
    assert_eq!(world.servers[0].replica.holder(), 2);
}

#[test]
fn a_group_that_another_entry_interrupts_counts_for_nothing() {
    let mut world = World::new();
    world.acted = 100;
    for _ in 0..5 {
        world.step(0, Step::Act(None));
    }
    // The first of several entries.
    world.step(0, Step::Propose { is_told: true });
    assert!(world.servers[0].replica.has_unkept());
    world.step(1, Step::CatchUp);
    world.servers[1].claim(1);
    world.step(1, Step::Propose { is_told: true });
    world.settle();
    assert_eq!(world.servers[0].room.head(), 0);
    assert_eq!(world.servers[2].room.epoch(), 2);
}

#[test]
fn a_room_that_was_closed_stays_closed_on_every_server() {
    let mut world = World::new();
    world.servers[0].room.close();
    world.step(0, Step::Propose { is_told: false });
    world.servers[1].claim(1);
    world.settle();
    assert!(world.servers.iter().all(|server| server.room.has_ended()));
}

#[test]
fn what_a_follower_waits_for_is_taken_anew_when_it_was_lost() {
    let mut world = World::new();
    world.step(1, Step::Claim(1));
    world.step(1, Step::Act(Some(1)));
    // It has the action in its snapshot, and waits for it.
    let mut joined = world.servers[1].room.join(Rendering::Compact, None).unwrap();
    world.step(0, Step::Act(Some(2)));
    world.step(0, Step::Propose { is_told: true });
    world.settle();
    let mut frame = Frame::default();
    world.servers[1].room.serve(&mut joined, &mut frame);
    let text = String::from_utf8(frame.payload().to_vec()).unwrap();
    assert!(text.contains("[2]") && !text.contains("[1]"), "{text}");
}

#[test]
fn a_log_without_its_oldest_entries_makes_the_same_room() {
    let mut world = World::new();
    for _ in 0..20 {
        world.step(0, Step::Act(Some(1)));
        world.settle();
    }
    world.step(0, Step::Checkpoint);
    world.settle();
    let server = &mut world.servers[0];
    assert_eq!(server.replica.needed_from(&server.room), Some(1), "the ring needs all of them");
    let mut loader = ReplicaLoader::new(RoomId::from_random(1), limits(), false);
    for position in 10..=world.log.last() {
        loader.take(position, &world.log.entry(position)).unwrap();
    }
    let loaded = loader.finish(0, Timestamp(0)).unwrap();
    let (room, replica) = Replica::loaded(9, 0, loaded).unwrap();
    assert_eq!(room.head(), world.servers[0].room.head());
    assert_eq!(replica.position(), world.log.last());
    let mut hole = ReplicaLoader::new(RoomId::from_random(1), limits(), false);
    hole.take(10, &world.log.entry(10)).unwrap();
    assert_eq!(hole.take(12, &world.log.entry(12)), Err(LoadError::Hole));
}
