//! A process ends, in order or suddenly, and the next one has its rooms.

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
        let rows = super::super::database::open_to_read(&directory.file()).unwrap();
        let sql = "SELECT count(DISTINCT room) FROM record";
        assert_eq!(rows.query_row(sql, [], |row| row.get::<_, i64>(0)), Ok(1));
    }
}
