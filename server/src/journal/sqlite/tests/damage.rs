//! Files that are not as they were written.

use super::super::file::database;
use super::*;

/// Numbers that look random, the same in each run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }
}

/// A store with three rooms, and what could be seen of them after each commit.
fn store_with_moments() -> (Directory, Vec<BTreeMap<RoomId, Visible>>) {
    let directory = Directory::new();
    let mut process = Process::start(&directory, SyncMode::Os);
    let mut moments = vec![BTreeMap::new()];
    for _ in 0..3 {
        process.open_room();
        process.settle();
        moments.push(process.visible());
    }
    let mut ids: Vec<_> = process.rooms.keys().copied().collect();
    ids.sort_unstable();
    for number in 0..60 {
        let id = ids[number % 3];
        process.act(id, &format!("[\"params {number}\"]"), (number % 4 == 0).then_some("slide"));
        if number % 20 == 0 {
            process.checkpoint(id);
        }
        process.settle();
        moments.push(process.visible());
    }
    (directory.crash_copy(), moments)
}

#[test]
fn of_a_wal_that_is_cut_anywhere_an_earlier_commit_is_left() {
    let (directory, moments) = store_with_moments();
    let length = fs::metadata(directory.wal()).unwrap().len();
    let mut numbers = Numbers(1);
    let mut cuts: Vec<_> = (0..150).map(|_| numbers.below(length)).chain([0, length]).collect();
    cuts.sort_unstable();
    let mut seen = 0;
    for cut in cuts {
        let copy = directory.crash_copy();
        let wal = fs::File::options().write(true).open(copy.wal()).unwrap();
        wal.set_len(cut).unwrap();
        let mut process = Process::start(&copy, SyncMode::Os);
        let visible = process.visible();
        let moment = moments.iter().rposition(|moment| *moment == visible);
        let moment = moment.unwrap_or_else(|| panic!("cut at {cut} of {length}: half a room"));
        assert!(moment >= seen, "a longer WAL has less: {moment} < {seen}");
        seen = moment;
    }
    assert_eq!(seen, moments.len() - 1, "the whole WAL has everything");
}

#[test]
fn a_byte_that_changes_in_the_wal_cuts_it_there() {
    let (directory, moments) = store_with_moments();
    let mut numbers = Numbers(2);
    for _ in 0..100 {
        let copy = directory.crash_copy();
        let mut bytes = fs::read(copy.wal()).unwrap();
        let at = numbers.below(bytes.len() as u64) as usize;
        bytes[at] ^= 1 << numbers.below(8);
        fs::write(copy.wal(), &bytes).unwrap();
        let mut process = Process::start(&copy, SyncMode::Os);
        let visible = process.visible();
        assert!(moments.contains(&visible), "byte {at}: half a room");
    }
}

#[test]
fn a_byte_that_changes_in_the_file_is_an_error_or_was_not_needed() {
    let (directory, moments) = store_with_moments();
    Process::start(&directory, SyncMode::Os).journal.shut_down();
    let bytes = fs::read(directory.file()).unwrap();
    let mut numbers = Numbers(3);
    let mut errors = 0;
    for _ in 0..400 {
        let at = numbers.below(bytes.len() as u64) as usize;
        let copy = directory.crash_copy();
        let mut changed = bytes.clone();
        changed[at] ^= 1 << numbers.below(8);
        fs::write(copy.file(), changed).unwrap();
        match Process::with(&copy, SyncMode::Os, &small_limits()) {
            Ok(mut process) => assert_eq!(Some(&process.visible()), moments.last(), "byte {at}"),
            Err(error) => {
                errors += 1;
                assert!(error.to_string().starts_with(copy.path().to_str().unwrap()), "{error}");
            }
        }
    }
    assert!(errors > 40, "{errors} of 400");
}

#[test]
fn a_byte_that_changes_in_a_row_is_found_by_its_checksum() {
    let (directory, moments) = store_with_moments();
    Process::start(&directory, SyncMode::Os).journal.shut_down();
    let mut bytes = fs::read(directory.file()).unwrap();
    let needle = b"params 58";
    let at = bytes.windows(needle.len()).position(|window| window == needle).expect("it is in the ring");
    bytes[at] = b'P';
    fs::write(directory.file(), bytes).unwrap();
    let error = Process::with(&directory, SyncMode::Os, &small_limits()).map(drop).unwrap_err();
    let StoreError::DamagedRow { room, .. } = &error else { panic!("{error}") };
    let ids: Vec<_> = moments.last().unwrap().keys().copied().collect();
    assert_eq!(*room, ids[58 % 3]);
    let text = error.to_string();
    let command = format!("rtbroadcaster forget {room} --data {}", directory.path().display());
    assert!(text.contains("restore a backup") && text.contains(&command), "{text}");
}

#[test]
fn rows_that_are_missing_are_noticed() {
    let (directory, moments) = store_with_moments();
    Process::start(&directory, SyncMode::Os).journal.shut_down();
    let rows = number(&directory.file(), "SELECT count(*) FROM record");
    for row in 0..rows {
        let copy = directory.crash_copy();
        let connection = database::open(&copy.file()).unwrap();
        let sql = "DELETE FROM record WHERE n = (SELECT n FROM record ORDER BY n LIMIT 1 OFFSET ?1)";
        assert_eq!(connection.execute(sql, [row]), Ok(1));
        drop(connection);
        match Process::with(&copy, SyncMode::Os, &small_limits()) {
            Err(StoreError::IncompleteRoom { .. } | StoreError::Damaged { .. }) => {}
            Err(error) => panic!("{error}"),
            // Before a checkpoint a row is needed only for the ring.
            Ok(mut process) => {
                let states = |moment: BTreeMap<RoomId, Visible>| -> Vec<_> {
                    moment.into_values().map(|(state, _)| state).collect()
                };
                let expected = states(moments.last().unwrap().clone());
                assert_eq!(states(process.visible()), expected, "row {row}");
            }
        }
    }
}

/// Large rows, so that they are read in several batches.
#[test]
fn of_several_errors_the_one_of_the_earliest_row_is_told() {
    const ROWS: i64 = 30;
    let (directory, limits) = (Directory::new(), Limits::default());
    let mut process = Process::with(&directory, SyncMode::Os, &limits).unwrap();
    let id = process.open_room_with(limits.clone());
    process.settle();
    for number in 1..ROWS {
        process.act(id, &format!("[{number}, \"{}\"]", "x".repeat(50_000)), None);
        process.settle();
    }
    let visible = process.visible();
    let start = |missing: i64, damaged: i64| {
        let copy = directory.crash_copy();
        let connection = database::open(&copy.file()).unwrap();
        connection.execute("DELETE FROM record WHERE n = ?1", [missing]).unwrap();
        connection.execute("UPDATE record SET checksum = 0 WHERE n = ?1", [damaged]).unwrap();
        Process::with(&copy, SyncMode::Os, &limits).map(|mut process| process.visible())
    };
    assert_eq!(start(0, 0).unwrap(), visible);
    // The row of the opening may be deleted already, and no ring needs it.
    for (missing, damaged) in [(5, 7), (5, ROWS), (ROWS - 3, ROWS - 1), (ROWS - 1, 0)] {
        let error = start(missing, damaged).unwrap_err();
        let StoreError::IncompleteRoom { row, .. } = error else { panic!("{error}") };
        assert_eq!(row, missing + 1);
    }
    for (damaged, missing) in [(5, 7), (5, ROWS - 1), (ROWS - 3, ROWS - 2), (ROWS - 1, 0)] {
        let error = start(missing, damaged).unwrap_err();
        let StoreError::DamagedRow { row, .. } = error else { panic!("{error}") };
        assert_eq!(row, damaged);
    }
}

/// A table that is gone stands for every error that SQLite has while it writes.
#[test]
fn after_an_error_nothing_is_kept_any_more_and_that_is_said_once() {
    let directory = Directory::new();
    let mut process = Process::start(&directory, SyncMode::Os);
    let id = process.open_room();
    process.act(id, "[]", None);
    process.settle();
    let other = database::open(&directory.file()).unwrap();
    other.execute_batch("DROP TABLE record").unwrap();
    process.act(id, "[]", None);
    assert_eq!(process.hear(), Told::Failed);
    let failure = process.journal.failure().unwrap().to_string();
    assert!(failure.starts_with(directory.file().to_str().unwrap()), "{failure}");
    process.act(id, "[]", None);
    process.journal.shut_down();
    assert!(process.told.try_recv().is_err());
    assert_eq!(process.room(id).durable(), 1);
    assert_eq!(process.counts().backlog_bytes, 0);
}
