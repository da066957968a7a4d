//! A process ends, in order or suddenly, and the next one has its rooms.

use super::super::file::database;
use super::super::file::life::{Life, Moment};
use super::super::file::row::{INSERT, Row};
use super::*;

#[test]
fn rooms_are_the_same_after_an_orderly_end_and_after_a_sudden_one() {
    for sync in [SyncMode::Os, SyncMode::Disk] {
        let directory = Directory::new();
        let mut process = Process::start(&directory, sync);
        for _ in 0..3 {
            let id = process.open_room();
            for number in 0..40 {
                process.act(id, &format!("[{number}]"), [None, Some("a"), Some("b")][number % 3]);
            }
        }
        process.settle();
        let before = process.visible();
        let crashed = directory.crash_copy();
        process.journal.shut_down();
        for directory in [&directory, &crashed] {
            let mut process = Process::start(directory, sync);
            assert_eq!(process.visible(), before);
            process.settle();
            let id = *process.rooms.keys().next().unwrap();
            process.act(id, "[\"more\"]", None);
            process.settle();
            assert_eq!((process.room(id).head(), process.room(id).durable()), (41, 41));
        }
    }
}

#[test]
fn a_closed_room_stays_closed_and_its_rows_are_deleted() {
    let directory = Directory::new();
    let mut process = Process::start(&directory, SyncMode::Os);
    let (closed, open) = (process.open_room(), process.open_room());
    process.settle();
    process.room(closed).close();
    process.push(closed, false);
    process.settle();
    let crashed = directory.crash_copy();
    process.journal.shut_down();
    for directory in [&directory, &crashed] {
        let process = Process::start(directory, SyncMode::Os);
        assert_eq!(process.rooms.keys().collect::<Vec<_>>(), [&open]);
        process.journal.shut_down();
        assert_eq!(number(&directory.file(), "SELECT count(DISTINCT room) FROM record"), 1);
    }
}

/// The end of the process may come while a closed room is deleted, row by row.
#[test]
fn a_closed_room_that_is_half_deleted_stays_closed() {
    let directory = Directory::new();
    let mut process = Process::start(&directory, SyncMode::Os);
    let closed = process.open_room();
    for _ in 0..5 {
        process.act(closed, "[]", Some("slide"));
        process.settle();
    }
    let open = process.open_room();
    process.settle();
    let before = directory.crash_copy();
    process.room(closed).close();
    let (bytes, mark) = process.room(closed).take_staged().unwrap();
    for rows in 0..5 {
        let copy = before.crash_copy();
        let connection = database::open(&copy.file()).unwrap();
        let previous = number(&copy.file(), "SELECT max(n) FROM record") - 1;
        let row =
            Row { n: previous + 2, room: closed, previous, last_seq: mark.seq, written_ms: 0, bytes: &bytes };
        row.insert(&mut connection.prepare(INSERT).unwrap()).unwrap();
        let sql = "DELETE FROM record WHERE n IN (SELECT n FROM record ORDER BY n LIMIT ?1)";
        assert_eq!(connection.execute(sql, [rows]), Ok(rows as usize));
        drop(connection);
        let process = Process::start(&copy, SyncMode::Os);
        assert_eq!(process.rooms.keys().collect::<Vec<_>>(), [&open], "{rows} rows are deleted");
    }
}

/// Makes the store look as if the former process had run in another boot.
fn reboot(directory: &Directory) {
    let connection = database::open(&directory.file()).unwrap();
    let mut life = Life::read(&connection, &directory.file()).unwrap().unwrap();
    life.boot = Some("another boot".to_owned());
    life.write(&connection).unwrap();
}

/// A store as a process has left it that had one room with 20 actions, and ended suddenly.
fn crashed(sync: SyncMode) -> (Directory, RoomId) {
    let directory = Directory::new();
    let mut process = Process::start(&directory, sync);
    let id = process.open_room();
    (0..20).for_each(|number| process.act(id, &format!("[{number}]"), Some("slide")));
    process.settle();
    (directory.crash_copy(), id)
}

#[test]
fn after_a_loss_of_power_without_sync_the_rooms_skip_ahead_once_and_for_good() {
    let (directory, id) = crashed(SyncMode::Os);
    reboot(&directory);
    let mut process = Process::start(&directory, SyncMode::Os);
    let (head, epoch) = (process.room(id).head(), process.room(id).epoch());
    assert_eq!((head, epoch), (1_000_020, 1_001));
    let resynced = served_after(process.room(id), 20);
    assert!(resynced.starts_with("{\"resync\":true"), "{resynced}");
    assert!(resynced.contains("\"funcParams\":[19]"), "{resynced}");
    // It ends before anything else is kept.
    let again = directory.crash_copy();
    process.settle();
    process.act(id, "[\"more\"]", None);
    process.settle();
    assert_eq!(process.room(id).durable(), 1_000_021);
    let later = directory.crash_copy();
    let mut process = Process::start(&again, SyncMode::Os);
    assert_eq!((process.room(id).head(), process.room(id).epoch()), (1_000_020, 1_001));
    let mut process = Process::start(&later, SyncMode::Os);
    assert_eq!(process.room(id).head(), 1_000_021);
}

#[test]
fn with_sync_or_on_the_same_boot_or_after_an_orderly_end_nothing_is_skipped() {
    let (synced, id) = crashed(SyncMode::Disk);
    reboot(&synced);
    let (same_boot, _) = crashed(SyncMode::Os);
    for (directory, sync) in [(&synced, SyncMode::Os), (&same_boot, SyncMode::Os)] {
        let mut process = Process::start(directory, sync);
        assert_eq!(process.room(id).head(), 20);
    }
    let orderly = same_boot;
    Process::start(&orderly, SyncMode::Os).journal.shut_down();
    reboot(&orderly);
    assert_eq!(Process::start(&orderly, SyncMode::Os).room(id).head(), 20);
}

#[test]
fn a_backup_of_the_live_file_has_the_rooms_and_they_skip_ahead() {
    for keeps_lock in [false, true] {
        let directory = Directory::new();
        let mut process = Process::start(&directory, SyncMode::Disk);
        let id = process.open_room();
        (0..20).for_each(|number| process.act(id, &format!("[{number}]"), Some("slide")));
        process.settle();
        let backup = directory.path().join("backup.sqlite");
        let reader = database::open_to_read(&directory.file()).unwrap();
        reader.execute("VACUUM INTO ?1", [backup.to_str().unwrap()]).unwrap();
        process.act(id, "[\"later\"]", Some("slide"));
        process.settle();
        process.journal.shut_down();
        for name in ["rooms.sqlite", "rooms.sqlite-wal", "rooms.sqlite-shm"] {
            let _ = fs::remove_file(directory.path().join(name));
        }
        if !keeps_lock {
            fs::remove_file(directory.path().join("rooms.lock")).unwrap();
        }
        fs::rename(&backup, directory.file()).unwrap();
        let mut process = Process::start(&directory, SyncMode::Disk);
        assert_eq!(process.room(id).head(), 1_000_020);
        let resynced = served_after(process.room(id), 21);
        assert!(resynced.contains("\"funcParams\":[19]"), "{resynced}");
    }
}

#[test]
fn a_store_that_moves_after_an_orderly_end_goes_on() {
    let (directory, id) = crashed(SyncMode::Disk);
    Process::start(&directory, SyncMode::Disk).journal.shut_down();
    let moved = directory.crash_copy();
    assert_eq!(Process::start(&moved, SyncMode::Disk).room(id).head(), 20);
}

#[test]
fn a_clock_that_was_set_over_a_restart_neither_ends_a_room_nor_keeps_it() {
    for ahead_ms in [-1_000_000_000_i64, 0, 1_000_000_000] {
        let (directory, id) = crashed(SyncMode::Os);
        // The former process's clock was wrong; the boot is the same.
        let connection = database::open(&directory.file()).unwrap();
        let mut life = Life::read(&connection, &directory.file()).unwrap().unwrap();
        life.ended.ms = life.ended.ms.saturating_add_signed(ahead_ms);
        life.write(&connection).unwrap();
        drop(connection);
        let mut process = Process::start(&directory, SyncMode::Os);
        let away = process.away_ms(id);
        assert!(away < PATIENCE.as_millis() as u64, "{ahead_ms}: {away}");
        process.settle();
        let again = Process::start(&directory.crash_copy(), SyncMode::Os).away_ms(id);
        assert!(again >= away, "the grace starts anew: {away}, {again}");
    }
}

#[test]
fn the_time_without_a_process_is_that_since_the_boot_or_else_that_of_the_clocks() {
    let at = |ms, since_boot_ms| Moment { ms, since_boot_ms };
    let life = |boot: Option<&str>| Life {
        number: 1,
        boot: boot.map(str::to_owned),
        sync: SyncMode::Disk,
        ended: at(1_000_000, Some(500)),
        is_clean: false,
        last_row: 0,
    };
    let down = |life: Life, now| life.seen_from(now, Some("this"), Some(1)).down_ms;
    assert_eq!(down(life(Some("this")), at(999_999_999, Some(700))), 200);
    assert_eq!(down(life(Some("this")), at(3, Some(700))), 200);
    assert_eq!(down(life(Some("other")), at(1_000_300, Some(700))), 300);
    assert_eq!(down(life(Some("other")), at(3, Some(700))), 0, "the clock was set back");
    assert_eq!(down(life(None), at(1_000_300, None)), 300);
}

#[test]
fn what_is_pushed_before_the_end_is_kept_and_what_comes_after_never_is() {
    let directory = Directory::new();
    let mut process = Process::start(&directory, SyncMode::Os);
    let id = process.open_room();
    (0..500).for_each(|_| process.act(id, "[]", None));
    process.journal.shut_down();
    process.settle();
    process.act(id, "[]", None);
    process.journal.shut_down();
    assert!(process.told.try_recv().is_err());
    assert_eq!(process.counts().backlog_bytes, 0);
    assert_eq!(Process::start(&directory, SyncMode::Os).room(id).head(), 500);
}
