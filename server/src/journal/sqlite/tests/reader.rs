//! A store as others look into it.

use serde_json::{Value, json};

use super::super::{ExportError, StoreReader, forget_room};
use super::*;

/// The lines of a room, as JSON.
fn export(directory: &Directory, room: RoomId) -> Vec<Value> {
    let mut bytes = Vec::new();
    StoreReader::open(directory.path()).unwrap().export(&room.to_string(), &mut bytes).unwrap();
    let text = String::from_utf8(bytes).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn the_rooms_of_a_live_store_are_listed_and_exported() {
    let directory = Directory::new();
    let mut process = Process::start(&directory, SyncMode::Disk);
    let ids = [process.open_room(), process.open_room(), process.open_room()];
    process.act(ids[0], "[1,{\"a\":\"é\"}]", Some("slide"));
    process.act(ids[0], "[]", None);
    process.room(ids[0]).clear(Some(3), "other", Timestamp(0));
    process.push(ids[0], false);
    process.room(ids[1]).owner_left(1, Timestamp(5));
    process.push(ids[1], false);
    process.room(ids[2]).close();
    process.push(ids[2], false);
    process.settle();
    let rooms = StoreReader::open(directory.path()).unwrap().rooms().unwrap();
    let seen: Vec<_> =
        rooms.iter().map(|room| (room.id.as_str(), room.seq, room.epoch, room.slots)).collect();
    let (first, second) = (ids[0].to_string(), ids[1].to_string());
    assert_eq!(seen, [(first.as_str(), 3, 1, 1), (second.as_str(), 0, 1, 0)]);
    assert_eq!(rooms[0].owner_away_since_ms, None);
    assert_eq!(rooms[1].owner_away_since_ms, Some(process.clock_start_ms + 5));
    assert!(rooms[0].changed_ms >= process.clock_start_ms && rooms[0].bytes > 40, "{rooms:?}");

    let mut lines = export(&directory, ids[0]);
    let room = lines.remove(0);
    assert_eq!((&room["kind"], &room["id"], &room["seq"]), (&json!("room"), &json!(first), &json!(3)));
    let params = json!([1, {"a": "é"}]);
    let expected = [
        json!({"kind": "slot", "seq": 1, "funcKey": "f", "funcParams": params, "slot": "slide"}),
        json!({"kind": "action", "seq": 1, "funcKey": "f", "funcParams": params, "slot": "slide", "id": 1}),
        json!({"kind": "action", "seq": 2, "funcKey": "f", "funcParams": [], "id": 2}),
        json!({"kind": "clear", "seq": 3, "slot": "other", "id": 3}),
    ];
    assert_eq!(lines, expected);
    for unknown in [ids[2].to_string(), "no uuid".to_owned()] {
        let error =
            StoreReader::open(directory.path()).unwrap().export(&unknown, &mut Vec::new()).unwrap_err();
        assert!(matches!(&error, ExportError::Store(StoreError::UnknownRoom { .. })), "{error}");
        assert!(error.to_string().contains(&unknown), "{error}");
    }
}

#[test]
fn a_reader_sees_one_moment() {
    let directory = Directory::new();
    let mut process = Process::start(&directory, SyncMode::Os);
    let id = process.open_room();
    process.act(id, "[]", None);
    process.settle();
    let reader = StoreReader::open(directory.path()).unwrap();
    assert_eq!(reader.rooms().unwrap()[0].seq, 1);
    process.act(id, "[]", None);
    process.settle();
    assert_eq!(reader.rooms().unwrap()[0].seq, 1);
    assert_eq!(StoreReader::open(directory.path()).unwrap().rooms().unwrap()[0].seq, 2);
}

#[test]
fn a_room_is_forgotten_however_damaged_it_is_and_the_others_stay() {
    let directory = Directory::new();
    let mut process = Process::start(&directory, SyncMode::Os);
    let ids = [process.open_room(), process.open_room()];
    for number in 0..10 {
        process.act(ids[number % 2], "[\"params\"]", None);
        // A row of its own, so that the last one is the second room's.
        process.settle();
    }
    let text = ids[1].to_string();
    let error = forget_room(directory.path(), &text).unwrap_err();
    assert!(matches!(error, StoreError::InUse { .. }), "{error}");
    process.journal.shut_down();
    let connection = super::super::file::database::open(&directory.file()).unwrap();
    let sql = "UPDATE record SET bytes = x'00' WHERE n = (SELECT max(n) FROM record)";
    assert_eq!(connection.execute(sql, []), Ok(1));
    drop(connection);
    let error = Process::with(&directory, SyncMode::Os, &small_limits()).map(drop).unwrap_err();
    assert!(matches!(error, StoreError::DamagedRow { room, .. } if room == ids[1]), "{error}");
    forget_room(directory.path(), &text).unwrap();
    let mut process = Process::start(&directory, SyncMode::Os);
    assert_eq!((process.rooms.len(), process.room(ids[0]).head()), (1, 5));
    process.journal.shut_down();
    let error = forget_room(directory.path(), &text).unwrap_err();
    assert!(matches!(error, StoreError::UnknownRoom { .. }), "{error}");
}

#[test]
fn where_there_is_no_store_none_is_made() {
    let directory = Directory::new();
    let opened = StoreReader::open(directory.path()).map(drop).unwrap_err();
    let forgotten = forget_room(directory.path(), "no uuid").unwrap_err();
    for error in [opened, forgotten] {
        assert!(matches!(error, StoreError::Missing { .. }), "{error}");
    }
    assert!(!directory.path().exists());
}
