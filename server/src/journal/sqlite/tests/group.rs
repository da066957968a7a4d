//! What is committed together, and in which order.

use super::super::writer::group::{marks, rows};
use super::*;

fn staged(room: u128, text: &str, seq: u64) -> Staged {
    Staged {
        room: RoomId::from_random(room),
        bytes: text.as_bytes().to_vec(),
        mark: Mark { records: seq, seq },
        oldest_seq: seq,
        has_checkpoint: text == " checkpoint ",
        is_end: text == "end",
    }
}

#[test]
fn a_room_has_one_row_in_a_group_with_its_records_in_order() {
    let group = [(1, "a", 1), (2, "b", 1), (1, " checkpoint ", 2), (2, "c", 2), (1, "end", 3)];
    let group = rows(group.into_iter().map(|(room, text, seq)| staged(room, text, seq)));
    let texts: Vec<_> = group.iter().map(|draft| std::str::from_utf8(&draft.bytes).unwrap()).collect();
    assert_eq!(texts, ["a checkpoint end", "bc"]);
    assert!(group[0].contents.has_checkpoint && group[0].contents.is_end);
    assert!(!group[1].contents.has_checkpoint && !group[1].contents.is_end);
    assert_eq!(group.iter().map(|draft| draft.contents.oldest_seq).collect::<Vec<_>>(), [3, 2]);
    let expected =
        [(1, 3), (2, 2)].map(|(room, seq)| (RoomId::from_random(room), Mark { records: seq, seq }));
    assert_eq!(marks(&group), expected);
}

#[test]
fn a_row_does_not_grow_without_bound_and_a_room_is_named_once_all_the_same() {
    let large = "x".repeat(100 * 1024);
    let group = rows((1..=5).map(|seq| staged(1, &large, seq)));
    assert_eq!(group.iter().map(|draft| draft.mark.seq).collect::<Vec<_>>(), [2, 4, 5]);
    assert_eq!(marks(&group), [(RoomId::from_random(1), Mark { records: 5, seq: 5 })]);
}

#[test]
fn what_comes_while_a_commit_runs_is_committed_together() {
    const PUSHES: u64 = 20_000;
    let directory = Directory::new();
    let mut process = Process::start(&directory, SyncMode::Disk);
    let ids = [process.open_room(), process.open_room()];
    for number in 0..PUSHES {
        process.act(ids[number as usize % 2], "[]", None);
    }
    process.settle();
    let counts = process.counts();
    // Each group was told once.
    assert_eq!(counts.commits, process.groups);
    assert_eq!(counts.latency.count(), counts.commits);
    assert!(counts.commits < PUSHES / 2, "{counts:?}");
    assert!(counts.rows <= counts.commits * 2, "{counts:?}");
    assert_eq!((counts.backlog_bytes, counts.rooms), (0, 2));
    let again = Process::start(&directory.crash_copy(), SyncMode::Disk);
    assert!(again.rooms.values().all(|room| room.head() == PUSHES / 2));
}

#[test]
fn several_threads_push_and_each_room_keeps_its_order() {
    let directory = Directory::new();
    let mut process = Process::start(&directory, SyncMode::Os);
    let ids: Vec<_> = (0..4).map(|_| process.open_room()).collect();
    process.settle();
    let journal = &process.journal;
    std::thread::scope(|scope| {
        for room in process.rooms.values_mut() {
            scope.spawn(move || {
                for number in 1..=2_000 {
                    let action = Action { key: "f", params: "[]", slot: None, at: None };
                    room.action(Some(number), action, Timestamp(0)).unwrap();
                    let (bytes, mark) = room.take_staged().unwrap();
                    let (room, oldest_seq) = (room.id(), room.oldest_seq());
                    let staged =
                        Staged { room, bytes, mark, oldest_seq, has_checkpoint: false, is_end: false };
                    journal.push(staged);
                    journal.commit_here();
                }
            });
        }
    });
    process.settle();
    let before = process.visible();
    process.journal.shut_down();
    // A room whose records were out of order couldn't be restored.
    let mut again = Process::start(&directory, SyncMode::Os);
    assert_eq!(again.visible(), before);
    assert!(ids.iter().all(|id| again.room(*id).head() == 2_000));
}
