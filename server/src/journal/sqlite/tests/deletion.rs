//! What is needed no more is deleted, so that the file stays small.

use std::sync::Arc;

use rtbroadcaster_protocol::Memory;

use super::super::file::database;
use super::super::file::index::Index;
use super::super::file::row::{Contents, Row};
use super::*;

fn row(n: i64, last_seq: u64, bytes: &[u8]) -> Row<'_> {
    Row { n, room: RoomId::from_random(1), previous: 0, last_seq, written_ms: 0, bytes }
}

fn contents(has_checkpoint: bool, oldest_seq: u64) -> Contents {
    Contents { has_checkpoint, oldest_seq, is_end: false }
}

#[test]
fn rows_go_once_a_checkpoint_is_kept_and_the_ring_has_moved_on() {
    let mut index = Index::default();
    for n in 1..=4 {
        index.add(&row(n, n as u64, b"x"), contents(false, n as u64));
    }
    assert_eq!(index.garbage(), 0, "there is no checkpoint");
    index.add(&row(5, 4, b"x"), contents(true, 3));
    assert_eq!(index.take_garbage(10), [1, 2], "3 and 4 are in the ring");
    index.add(&row(6, 5, b"x"), contents(false, 4));
    assert_eq!(index.take_garbage(10), [3]);
    index.add(&row(7, 900, b"x"), contents(false, 900));
    assert_eq!(index.take_garbage(10), [4], "what came since the checkpoint stays");
    assert_eq!(index.last_row(RoomId::from_random(1)), 7);
    index.add(&row(8, 900, b"x"), Contents { is_end: true, ..contents(false, 900) });
    assert_eq!(index.take_garbage(2), [5, 6], "the end is deleted last, or the room would be open again");
    assert_eq!((index.take_garbage(10), index.rooms()), (vec![7, 8], 0));
}

#[test]
fn a_checkpoint_is_asked_for_once_much_was_staged_since_the_last_one() {
    let id = RoomId::from_random(1);
    let mut index = Index::default();
    let half = vec![0; 128 * 1024];
    index.add(&row(1, 1, &half), contents(false, 1));
    assert!(!index.ask_for_checkpoint(id));
    index.add(&row(2, 2, &half), contents(false, 1));
    assert!(index.ask_for_checkpoint(id));
    assert!(!index.ask_for_checkpoint(id), "it was asked");
    let large = vec![0; 3 * 256 * 1024];
    index.add(&row(3, 3, &large), contents(true, 1));
    for n in 4..9 {
        index.add(&row(n, n as u64, &half), contents(false, 1));
        assert!(!index.ask_for_checkpoint(id), "the last one was larger");
    }
    index.add(&row(9, 9, &half), contents(false, 1));
    assert!(index.ask_for_checkpoint(id));
}

#[test]
fn above_the_bound_the_rooms_with_the_oldest_rows_are_asked_first() {
    let mut index = Index::default();
    for (n, room, bytes) in [(1, 1, 100), (2, 2, 10), (3, 3, 50), (4, 1, 0)] {
        let bytes = vec![0; bytes];
        index.add(&Row { room: RoomId::from_random(room), ..row(n, 1, &bytes) }, contents(false, 1));
    }
    let ids = [1, 2, 3].map(RoomId::from_random);
    assert_eq!(index.ask_oldest_for_checkpoints(101), ids[..2]);
    assert_eq!(index.ask_oldest_for_checkpoints(1), ids[2..]);
    assert_eq!(index.ask_oldest_for_checkpoints(1), []);
}

#[test]
fn a_busy_room_stages_checkpoints_and_keeps_only_its_ring() {
    let directory = Directory::new();
    let mut process = Process::start(&directory, SyncMode::Os);
    let id = process.open_room();
    let params = format!("[\"{}\"]", "x".repeat(1_000));
    for _ in 0..2_000 {
        process.act(id, &params, Some("slide"));
        process.settle();
    }
    let before = process.visible();
    process.journal.shut_down();
    let rows = number(&directory.file(), "SELECT count(*) FROM record");
    assert!(rows < 300, "{rows} rows: a checkpoint after 256 KiB, which are 250 actions");
    let mut process = Process::start(&directory, SyncMode::Os);
    assert_eq!(process.visible(), before);
}

/// Rooms that come, act and go. Their rings and state take less than `room_memory_bytes`, as they
/// do in a server. D8.
#[test]
fn the_file_is_bounded_under_churn() {
    const MEMORY: usize = 2 * 1024 * 1024;
    let limits = Limits::default().with(|limits| {
        limits.ring_actions = 256;
        limits.room_memory_bytes = MEMORY;
    });
    let directory = Directory::new();
    let mut process = Process::with(&directory, SyncMode::Os, &limits).unwrap();
    let memory = Arc::new(Memory::new(MEMORY));
    let mut ids = Vec::new();
    let mut largest = 0;
    let mut refused = 0;
    for step in 0..3_000_usize {
        if ids.len() < 40 {
            let id = process.open_room_with(limits.clone());
            process.room(id).share_memory(&memory);
            ids.push(id);
        }
        // Some rooms act often, some seldom; now and then one goes.
        let id = ids[step * step % ids.len()];
        let params = format!("[\"{}\"]", "x".repeat(step * 37 % 2_000));
        for slot_number in 0..8 {
            let slot = (slot_number % 2 == 0).then(|| format!("slot {}", (step + slot_number) % 30));
            let number = (step * 8 + slot_number + 1) as u64;
            refused += usize::from(!process.try_act(id, number, &params, slot.as_deref()));
        }
        if step % 50 == 0 {
            let gone = ids.remove(step / 50 % ids.len());
            process.room(gone).close();
            process.push(gone, false);
            process.settle();
            process.rooms.remove(&gone);
        }
        process.settle();
        assert!(memory.used() <= MEMORY, "{}", memory.used());
        // With the pages that are in the WAL, and without them.
        let file = fs::metadata(directory.file()).unwrap().len();
        largest = largest.max(file).max(process.counts().file_bytes);
    }
    assert!(refused < 3_000, "{refused}: the memory is as full as it may be, but rooms go on");
    let counts = process.counts();
    assert!(counts.bytes > 10 * MEMORY as u64, "{counts:?}");
    let bound = 3 * MEMORY as u64 + 256 * 1024;
    assert!(largest <= bound, "{largest} > {bound}: {counts:?}");
    let before = process.visible();
    process.journal.shut_down();
    let mut again = Process::with(&directory, SyncMode::Os, &limits).unwrap();
    assert_eq!(again.visible().len(), before.len());
    let shrunk = fs::metadata(directory.file()).unwrap().len();
    assert!(shrunk <= bound, "{shrunk}");
}

#[test]
fn a_reader_holds_back_the_wal_and_that_is_counted() {
    let directory = Directory::new();
    let mut process = Process::start(&directory, SyncMode::Os);
    let id = process.open_room();
    process.settle();
    let reader = database::open_to_read(&directory.file()).unwrap();
    reader.execute_batch("BEGIN; SELECT count(*) FROM record").unwrap();
    let params = format!("[\"{}\"]", "x".repeat(60_000));
    let push_some = |process: &mut Process| {
        for _ in 0..50 {
            process.act(id, &params, None);
            process.settle();
        }
    };
    while process.counts().held_back == 0 {
        push_some(&mut process);
    }
    let held = process.counts();
    assert!(held.wal_bytes > 8 * 1024 * 1024, "{held:?}");
    reader.execute_batch("COMMIT").unwrap();
    while process.counts().wal_bytes > 4 * 1024 * 1024 {
        push_some(&mut process);
    }
    process.journal.shut_down();
    assert_eq!(fs::metadata(directory.wal()).unwrap().len(), 0);
}

#[test]
fn the_wal_is_bounded_however_much_is_written() {
    for sync in [SyncMode::Os, SyncMode::Disk] {
        let directory = Directory::new();
        let mut process = Process::start(&directory, sync);
        let id = process.open_room();
        let params = format!("[\"{}\"]", "x".repeat(60_000));
        let mut largest = 0;
        for _ in 0..150 {
            for _ in 0..10 {
                process.act(id, &params, None);
            }
            process.settle();
            largest = largest.max(fs::metadata(directory.wal()).unwrap().len());
        }
        // 32 MiB, at which it is full, and the group that has filled it.
        assert!(largest < 40 * 1024 * 1024, "{sync:?}: {largest} {:?}", process.counts());
        assert!(process.counts().bytes > 2 * largest, "{sync:?}: it has begun anew");
        assert_eq!(process.counts().held_back, 0, "{sync:?}");
    }
}
