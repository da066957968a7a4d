//! A room with a journal, cut off anywhere: what is restored is the room as it was then.

use proptest::prelude::*;

use super::*;
use crate::{
    Action, Claim, Frame, Lane, LaneKind, Mark, OwnerPresence, Post, Records, Rendering, RoomCode,
    RoomReport, ServerMessage, parse,
};

const KEY: KeyDigest = KeyDigest([7; 32]);
/// Where the clock of the first process starts.
const CLOCK_START_MS: u64 = 1_700_000_000_000;

fn limits() -> Limits {
    Limits { ring_actions: 8, slots_per_room: 3, ..Limits::default() }
}

fn new_room() -> Room {
    let code = RoomCode::from_random(7, 6);
    let mut room = Room::new(RoomId::from_random(1), KEY, Some("page"), limits()).with_code(code);
    room.stage_records(CLOCK_START_MS);
    room
}

fn restart_at(milliseconds: u64) -> Restart {
    Restart {
        clock_start_ms: CLOCK_START_MS + milliseconds,
        now: Timestamp(0),
        ended_ms: CLOCK_START_MS + milliseconds,
        down_ms: 0,
    }
}

fn restore_at(bytes: &[u8], milliseconds: u64) -> Result<Option<Room>, RestoreError> {
    Room::restore(RoomId::from_random(1), limits(), Records::new(bytes), restart_at(milliseconds))
}

fn commit(room: &mut Room) -> Vec<u8> {
    let Some((bytes, mark)) = room.take_staged() else { return Vec::new() };
    room.committed(mark);
    bytes
}

fn act(room: &mut Room, id: Option<u64>, slot: Option<&str>) -> Result<(), String> {
    let action = Action { key: "f", params: "[1]", slot, at: None };
    room.action(id, action, Timestamp(0)).map(drop).map_err(|refusal| refusal.code)
}

fn served(room: &mut Room, since: Option<u64>) -> String {
    let mut cursor = room.cursor(Rendering::Compact, since);
    let (mut frame, mut text) = (Frame::default(), String::new());
    loop {
        room.serve(&mut cursor, &mut frame);
        if frame.is_empty() {
            return text;
        }
        text += std::str::from_utf8(&frame.payload()).expect("JSON is text");
        text.push('\n');
    }
}

/// All that clients can ever see of a room: its state and answers, its snapshot and its ring.
fn visible(room: &mut Room) -> (Vec<u8>, String, String) {
    let mut state = Vec::new();
    let mut checkpoint = room.checkpoint(0);
    checkpoint.owner.away_since_ms = None;
    Record::Checkpoint(checkpoint).encode(&mut state);
    let oldest = room.compact.oldest_cursor();
    (state, served(room, None), served(room, Some(oldest)))
}

#[derive(Debug, Clone)]
enum Step {
    Act { slot: Option<u8>, by: Option<u8>, has_id: bool },
    Clear(u8),
    Lane { name: u8, options: Option<u8>, has_id: bool },
    Refuse,
    Claim(u8),
    Leave,
    Share(bool),
    Checkpoint,
    SkipAhead,
}

fn step() -> impl Strategy<Value = Step> {
    let act = (proptest::option::of(0..5_u8), proptest::option::of(0..2_u8), any::<bool>());
    prop_oneof![
        8 => act.prop_map(|(slot, by, has_id)| Step::Act { slot, by, has_id }),
        2 => (0..5_u8).prop_map(Step::Clear),
        2 => (0..3_u8, proptest::option::of(2..5_u8), any::<bool>())
            .prop_map(|(name, options, has_id)| Step::Lane { name, options, has_id }),
        1 => Just(Step::Refuse),
        2 => (0..3_u8).prop_map(Step::Claim),
        1 => Just(Step::Leave),
        1 => any::<bool>().prop_map(Step::Share),
        1 => Just(Step::Checkpoint),
        1 => Just(Step::SkipAhead),
    ]
}

fn take(room: &mut Room, step: &Step, number: u64) {
    match step {
        Step::Act { slot, by: Some(session), .. } => {
            let name = format!("robot {session}");
            let line = match slot {
                Some(slot) => format!("{{\"funcKey\":\"g\",\"slot\":\"s{slot}\",\"stateMessage\":true}}"),
                None => format!("{{\"funcKey\":\"g\",\"funcParams\":[{number}]}}"),
            };
            Post { session: Some((&name, number)), key: None }.append(
                room,
                [&*line].into_iter(),
                Timestamp(number),
            );
        }
        Step::Act { slot, by: None, has_id } => {
            let slot = slot.map(|slot| format!("s{slot}"));
            let _ = act(room, has_id.then_some(number), slot.as_deref());
        }
        Step::Clear(slot) => {
            room.clear(Some(number), &format!("s{slot}"), Timestamp(0));
        }
        Step::Lane { name, options, has_id } => {
            let kind = |options: &u8| LaneKind::Vote { options: u64::from(*options) };
            let lane = options.as_ref().map(|options| Lane { kind: kind(options), per_ms: 1_000 });
            let name = format!("q{name}");
            room.set_lane(has_id.then_some(number), &name, lane, Timestamp(0)).ok();
        }
        Step::Refuse => {
            room.refuse(Some(number), crate::RefusalCode::Malformed.into());
        }
        Step::Claim(session) => {
            let session = Some(format!("session {session}").into());
            let (acknowledged, epoch) = (None, None);
            let (share_audience, share_roster) = (false, false);
            let claim =
                Claim { session, acknowledged, epoch, share_audience, share_roster, ..Claim::default() };
            let _ = room.claim(&KEY, &claim);
        }
        Step::Leave => room.owner_left(room.epoch(), Timestamp(number)),
        Step::Share(shares) => room.share_audience(*shares),
        Step::Checkpoint => room.stage_checkpoint(),
        Step::SkipAhead => room.skip_ahead(),
    }
}

proptest! {
    /// D3, D4, D6, D7.
    #[test]
    fn a_room_restored_from_any_prefix_is_the_room_of_that_moment(
        steps in prop::collection::vec(step(), 1..60),
    ) {
        let mut room = new_room();
        let mut bytes = commit(&mut room);
        let mut moments = vec![(bytes.len(), visible(&mut room))];
        for (number, step) in (1..).zip(&steps) {
            take(&mut room, step, number);
            bytes.extend(commit(&mut room));
            moments.push((bytes.len(), visible(&mut room)));
        }
        for (length, expected) in moments {
            let mut restored = restore_at(&bytes[..length], 100).expect("all is there").expect("it is open");
            prop_assert_eq!(visible(&mut restored), expected);
            prop_assert_eq!(restored.owner_presence(), OwnerPresence::Away);
        }
    }

    /// D7 once more: what is damaged is an error or some room, but never a panic.
    #[test]
    fn no_records_make_it_panic(
        steps in prop::collection::vec(step(), 1..20),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        more in prop::collection::vec(step(), 1..10),
    ) {
        let mut room = new_room();
        (1..).zip(&steps).for_each(|(number, step)| take(&mut room, step, number));
        room.stage_checkpoint();
        let mut bytes = commit(&mut room);
        for (at, value) in damage {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        if let Ok(Some(mut restored)) = restore_at(&bytes, 100) {
            (1_000..).zip(&more).for_each(|(number, step)| take(&mut restored, step, number));
            visible(&mut restored);
        }
    }
}

#[test]
fn what_is_older_than_a_checkpoint_is_needed_only_for_the_ring() {
    let mut room = new_room();
    commit(&mut room);
    let mut rows = Vec::new();
    for id in 1..=20 {
        act(&mut room, Some(id), Some(["a", "b"][id as usize % 2])).unwrap();
        rows.push(commit(&mut room));
    }
    room.stage_checkpoint();
    rows.push(commit(&mut room));
    act(&mut room, Some(21), None).unwrap();
    rows.push(commit(&mut room));
    let ring: Vec<u8> = rows[13..].concat();
    let mut restored = restore_at(&ring, 0).unwrap().unwrap();
    assert_eq!(visible(&mut restored), visible(&mut room));
    let mut without_ring = restore_at(&rows[20..].concat(), 0).unwrap().unwrap();
    assert_eq!((without_ring.head(), without_ring.compact.oldest_cursor()), (21, 20));
    assert_eq!(visible(&mut without_ring).0, visible(&mut room).0);
    assert!(served(&mut without_ring, Some(15)).starts_with("{\"resync\":true"));
}

#[test]
fn missing_records_are_an_error_and_never_half_a_room() {
    let mut room = new_room();
    let opened = commit(&mut room);
    let actions = [1, 2, 3].map(|id| {
        act(&mut room, Some(id), None).unwrap();
        commit(&mut room)
    });
    let [first, second, third] = &actions;
    for rows in [
        vec![],
        vec![first],
        vec![&opened, second],
        vec![&opened, first, third],
        vec![&opened, first, first],
        vec![&opened, first, &opened],
    ] {
        let bytes: Vec<u8> = rows.into_iter().flatten().copied().collect();
        assert!(matches!(restore_at(&bytes, 0), Err(RestoreError::Incomplete)), "{bytes:?}");
    }
    let torn = &first[..first.len() - 1];
    let error = restore_at(&[&opened[..], torn].concat(), 0).unwrap_err();
    assert_eq!(error, RestoreError::Unreadable(RecordError::Torn));
}

/// D10.
#[test]
fn a_closed_room_stays_closed_and_ends_once_that_is_kept() {
    let mut room = new_room();
    let mut bytes = commit(&mut room);
    room.close();
    room.close();
    room.owner_left(1, Timestamp(1));
    room.share_audience(true);
    room.stage_checkpoint();
    assert!(room.is_closed() && !room.has_ended());
    let (closed, mark) = room.take_staged().unwrap();
    assert_eq!(Records::new(&closed).collect::<Vec<_>>(), [Ok(Record::Closed)]);
    bytes.extend(&closed);
    room.committed(mark);
    assert!(room.has_ended());
    assert!(restore_at(&bytes, 0).unwrap().is_none());
    assert!(restore_at(&closed, 0).unwrap().is_none(), "although its other records are deleted");
}

#[test]
fn the_grace_goes_on_over_a_restart_and_over_two() {
    let grace = limits().owner_grace_ms;
    let mut room = new_room();
    let mut bytes = commit(&mut room);
    let mut here = restore_at(&bytes, 5_000).unwrap().unwrap();
    assert_eq!(here.take_alarm(), Some(Timestamp(grace)), "it was here until the end");
    let mut twice = restore_at(&[&bytes[..], &commit(&mut here)].concat(), 6_000).unwrap().unwrap();
    assert_eq!(twice.take_alarm(), Some(Timestamp(grace - 1_000)), "it is away since the first end");
    room.owner_left(1, Timestamp(1_000));
    bytes.extend(commit(&mut room));
    let mut away = restore_at(&bytes, 5_000).unwrap().unwrap();
    assert_eq!(away.take_alarm(), Some(Timestamp(grace - 4_000)));
    assert!(away.tick(Timestamp(grace - 4_001)) && !away.tick(Timestamp(grace - 4_000)));
    let mut expired = restore_at(&bytes, 1_000 + grace).unwrap().unwrap();
    assert!(!expired.tick(Timestamp(0)));
    let mut clock_set_back = restore_at(&bytes, 0).unwrap().unwrap();
    assert_eq!(clock_set_back.take_alarm(), Some(Timestamp(grace)));
}

#[test]
fn the_clocks_of_two_processes_are_not_compared() {
    let mut room = new_room();
    room.owner_left(1, Timestamp(1_000));
    let bytes = commit(&mut room);
    let restart = |clock_start_ms| Restart {
        clock_start_ms,
        now: Timestamp(10),
        ended_ms: CLOCK_START_MS + 3_000,
        down_ms: 500,
    };
    for clock_start_ms in [0, CLOCK_START_MS, 2 * CLOCK_START_MS] {
        let restore = |bytes: &[u8], restart| {
            Room::restore(RoomId::from_random(1), limits(), Records::new(bytes), restart).unwrap().unwrap()
        };
        let grace = limits().owner_grace_ms;
        let mut once = restore(&bytes, restart(clock_start_ms));
        assert_eq!(once.take_alarm(), Some(Timestamp(10 + grace - 2_500)));
        // The next process has the first one's records, and those of the second one's clock.
        let twice = [&bytes[..], &commit(&mut once)].concat();
        let next =
            Restart { clock_start_ms: 7, now: Timestamp(0), ended_ms: clock_start_ms + 10, down_ms: 0 };
        let expected = if clock_start_ms == 0 { 10 } else { 2_500 };
        assert_eq!(restore(&twice, next).take_alarm(), Some(Timestamp(grace - expected)));
    }
}

/// D2, D5.
#[test]
fn a_room_that_skips_ahead_resyncs_everybody_and_goes_on_after_another_restart() {
    let mut room = new_room();
    for id in 1..=3 {
        act(&mut room, Some(id), Some("s")).unwrap();
    }
    let mut bytes = commit(&mut room);
    let mut skipped = restore_at(&bytes, 0).unwrap().unwrap();
    skipped.skip_ahead();
    bytes.extend(commit(&mut skipped));
    let mut again = restore_at(&bytes, 0).unwrap().unwrap();
    assert_eq!(visible(&mut again), visible(&mut skipped));
    assert_eq!((again.head(), again.epoch(), again.oldest_seq()), (1_000_003, 1_001, 1_000_004));
    for since in [0, 3, 4, 1_000_002] {
        let text = served(&mut again, Some(since));
        assert!(text.starts_with("{\"resync\":true") && text.contains("\"seq\":3,"), "{text}");
    }
    act(&mut again, Some(3), None).unwrap();
    assert_eq!(again.head(), 1_000_003, "what was answered is not taken again");
    act(&mut again, Some(4), None).unwrap();
    bytes.extend(commit(&mut again));
    assert!(served(&mut again, Some(1_000_003)).contains("\"seq\":1000004"));
    assert_eq!(visible(&mut restore_at(&bytes, 0).unwrap().unwrap()), visible(&mut again));
    for (seq, epoch) in [(1_000_004, 1_002), (1_000_005, 1_001), (u64::MAX, 1_002), (1_000_005, u64::MAX)] {
        let mut bytes = bytes.clone();
        Record::Skipped { seq, epoch }.encode(&mut bytes);
        assert!(matches!(restore_at(&bytes, 0), Err(RestoreError::Incomplete)), "{seq}, {epoch}");
    }
}

/// D1.
#[test]
fn nothing_is_served_before_it_is_kept() {
    let mut room = new_room();
    commit(&mut room);
    let mut live = room.join(Rendering::Compact, None).unwrap();
    let mut frame = Frame::default();
    room.serve(&mut live, &mut frame);
    let mut marks = Vec::new();
    for id in 1..=4 {
        act(&mut room, Some(id), Some("s")).unwrap();
        marks.push(room.take_staged().unwrap().1);
    }
    let mut late = room.join(Rendering::Compact, None).unwrap();
    let heard = |room: &mut Room, cursor: &mut crate::Cursor| {
        let mut frame = Frame::default();
        room.serve(cursor, &mut frame);
        String::from_utf8(frame.payload().to_vec()).unwrap()
    };
    let seqs = |text: &str| -> Vec<u64> {
        let messages = parse::server_messages(text).unwrap();
        let seq = |message| match message {
            ServerMessage::Action { seq: Some(seq), .. } => Some(seq),
            _ => None,
        };
        messages.into_iter().filter_map(seq).collect()
    };
    assert_eq!(heard(&mut room, &mut live), "");
    assert_eq!(heard(&mut room, &mut late), "");
    room.committed(marks[1]);
    assert_eq!(room.durable(), 2);
    assert_eq!(seqs(&heard(&mut room, &mut live)), [1, 2]);
    assert_eq!(heard(&mut room, &mut late), "", "its snapshot has newer actions");
    act(&mut room, Some(5), Some("s")).unwrap();
    room.committed(marks[3]);
    room.committed(marks[0]);
    assert_eq!(room.durable(), 4, "a late answer of the journal takes nothing back");
    assert_eq!(seqs(&heard(&mut room, &mut live)), [3, 4]);
    assert!(heard(&mut room, &mut late).ends_with("{\"synced\":4}"), "it wasn't rendered anew meanwhile");
}

/// D9, for a room.
#[test]
fn without_a_journal_nothing_is_staged_and_all_is_served_at_once() {
    let mut room = Room::new(RoomId::from_random(1), KEY, None, limits());
    act(&mut room, Some(1), None).unwrap();
    room.stage_checkpoint();
    assert!(room.take_staged().is_none() && room.is_kept(room.mark()));
    assert_eq!(room.mark(), Mark { records: 0, seq: 1 });
    let report: RoomReport = room.report();
    assert_eq!((report.seq, room.durable()), (1, u64::MAX));
    assert!(served(&mut room, Some(0)).contains("\"seq\":1"));
}
