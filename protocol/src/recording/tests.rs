use super::*;
use crate::wire::parse::{RecordedEvent, RecordedLine, RecordingHeader, recorded_line};
use crate::{Action, KeyDigest, Limits, RecorderHost, RecordingWish, Refusal, Room, RoomId, Timestamp};

const LIMITS: RecorderLimits =
    RecorderLimits { bytes: 1 << 20, milliseconds: 1 << 20, snapshot_ms: 1_000, snapshot_bytes: 1 << 16 };

#[derive(Debug)]
struct Anything;

impl RecorderHost for Anything {
    fn may_begin(&self) -> Result<(), Refusal> {
        Ok(())
    }

    fn begin(&self, _room: RoomId) {}
}

fn room() -> Room {
    let limits = Limits { ring_actions: 8, ..Limits::default() };
    let mut room = Room::new(RoomId::from_random(1), KeyDigest([7; 32]), None, limits);
    room.record_with(std::sync::Arc::new(Anything));
    room
}

fn act(room: &mut Room, key: &str, is_state: bool) {
    let action = Action { key, params: "[]", slot: is_state.then_some(key), at: None };
    room.action(None, action, Timestamp(0)).unwrap();
}

fn header() -> RecordingHeader {
    RecordingHeader { uuid: "u".into(), started: 5, part: 1 }
}

fn recorder(room: &mut Room, limits: RecorderLimits, out: &mut String) -> Recorder {
    room.record(None, RecordingWish::Start { shared: false }, Timestamp(0)).unwrap();
    Recorder::new(room.take_recorder_start().unwrap(), &header(), limits, out)
}

/// Records everything there is.
fn record(recorder: &mut Recorder, room: &mut Room, t: u64, out: &mut String) -> Recorded {
    loop {
        match recorder.record(room, t, out) {
            Recorded::More => {}
            recorded => return recorded,
        }
    }
}

/// The lines in short: kinds and seqs.
fn short(out: &str) -> Vec<String> {
    let line = |line: &str| match recorded_line(line).unwrap_or_else(|| panic!("{line}")) {
        RecordedLine::Header(_) => "header".to_owned(),
        RecordedLine::At { event, .. } => match event {
            RecordedEvent::Snapshot(seq) => format!("snapshot {seq}"),
            RecordedEvent::Gap => "gap".to_owned(),
            RecordedEvent::Synced(seq) => format!("synced {seq}"),
            RecordedEvent::End(why) => format!("end {why}"),
            RecordedEvent::Message(message) => message.seq().unwrap_or_default().to_string(),
            RecordedEvent::Unknown(seq) => format!("entry {}", seq.unwrap_or_default()),
        },
    };
    out.lines().map(line).collect()
}

#[test]
fn a_snapshot_comes_anew_when_it_is_due_and_something_has_changed() {
    let (mut room, mut out) = (room(), String::new());
    act(&mut room, "a", true);
    let mut recorder = recorder(&mut room, LIMITS, &mut out);
    record(&mut recorder, &mut room, 0, &mut out);
    act(&mut room, "b", true);
    record(&mut recorder, &mut room, 10, &mut out);
    record(&mut recorder, &mut room, 1_500, &mut out);
    record(&mut recorder, &mut room, 3_000, &mut out);
    act(&mut room, "c", false);
    act(&mut room, "a", true);
    record(&mut recorder, &mut room, 4_000, &mut out);
    let expected = [
        "header",
        "snapshot 2",
        "1",
        "entry 2",
        "synced 2",
        "3", // at 0 and 10
        "snapshot 3",
        "1",
        "entry 2",
        "3",
        "synced 3", // at 1,500
        "4",
        "5",
        "snapshot 5",
        "entry 2",
        "3",
        "5",
        "synced 5", // at 4,000
    ];
    assert_eq!(short(&out), expected);
    assert_eq!(recorder.bytes(), out.len() as u64);
}

#[test]
fn a_recorder_that_is_late_has_a_gap_and_then_the_state() {
    let (mut room, mut out) = (room(), String::new());
    let mut recorder = recorder(&mut room, LIMITS, &mut out);
    record(&mut recorder, &mut room, 0, &mut out);
    for _ in 0..9 {
        act(&mut room, "a", true);
    }
    record(&mut recorder, &mut room, 5, &mut out);
    let expected =
        ["header", "snapshot 1", "entry 1", "synced 1", "gap", "snapshot 10", "entry 1", "10", "synced 10"];
    assert_eq!(short(&out), expected);
}

#[test]
fn one_that_was_killed_before_its_first_snapshot_says_that_something_is_missing() {
    let (mut room, mut out) = (room(), String::new());
    drop(recorder(&mut room, LIMITS, &mut out));
    act(&mut room, "plain", false);
    let mut scan = RecordingScan::new();
    out.split_inclusive('\n').for_each(|line| scan.line(line));
    let mut recorder = Recorder::resume(&mut room, &scan, LIMITS).unwrap();
    record(&mut recorder, &mut room, 5, &mut out);
    act(&mut room, "later", false);
    record(&mut recorder, &mut room, 6, &mut out);
    let expected = ["header", "gap", "snapshot 2", "entry 1", "synced 2", "3"];
    assert_eq!(short(&out), expected);
    // The same if not even the first line was there.
    let mut out = String::new();
    room.record_anew();
    let mut recorder = Recorder::new(room.take_recorder_start().unwrap(), &header(), LIMITS, &mut out);
    record(&mut recorder, &mut room, 7, &mut out);
    assert_eq!(short(&out), ["header", "gap", "snapshot 3", "entry 1", "synced 3"]);
}

#[test]
fn what_came_in_time_is_recorded_before_it_ends() {
    let (mut room, mut out) = (room(), String::new());
    let mut recorder = recorder(&mut room, LIMITS, &mut out);
    record(&mut recorder, &mut room, 0, &mut out);
    act(&mut room, "waits for the disk", false);
    let late = LIMITS.milliseconds + 7;
    assert_eq!(recorder.record(&mut room, late, &mut out), Recorded::More);
    act(&mut room, "later", false);
    assert_eq!(record(&mut recorder, &mut room, late, &mut out), Recorded::Ended(RecordingEnd::Time));
    let expected = ["header", "snapshot 1", "entry 1", "synced 1", "2", "end time"];
    assert_eq!(short(&out), expected);
    let t = format!(r#"{{"t":{},"#, LIMITS.milliseconds - 1);
    assert!(out.lines().nth(4).unwrap().starts_with(&t), "{out}");
}

#[test]
fn what_comes_after_the_end_is_in_no_recording() {
    let (mut room, mut out) = (room(), String::new());
    let mut first = recorder(&mut room, LIMITS, &mut out);
    room.record(None, RecordingWish::Stop, Timestamp(0)).unwrap();
    act(&mut room, "private", true);
    room.record(None, RecordingWish::Start { shared: true }, Timestamp(0)).unwrap();
    let recorded = record(&mut first, &mut room, 7, &mut out);
    assert_eq!(recorded, Recorded::Ended(RecordingEnd::Stopped));
    let expected = ["header", "snapshot 1", "entry 1", "synced 1", "entry 2", "end stopped"];
    assert_eq!(short(&out), expected);
    // One that is late doesn't record the state that was made after the end.
    let (mut room, mut out) = (self::room(), String::new());
    let mut late = recorder(&mut room, LIMITS, &mut out);
    record(&mut late, &mut room, 0, &mut out);
    room.record(None, RecordingWish::Stop, Timestamp(0)).unwrap();
    for _ in 0..9 {
        act(&mut room, "private", true);
    }
    assert_eq!(record(&mut late, &mut room, 7, &mut out), Recorded::Ended(RecordingEnd::Stopped));
    assert_eq!(short(&out).last().map(String::as_str), Some("end stopped"));
    assert!(!out.contains("private"));
}

#[test]
fn a_recording_has_no_more_bytes_than_it_may_and_lasts_no_longer() {
    for bytes in 300..700 {
        let (mut room, mut out) = (room(), String::new());
        let mut recorder = recorder(&mut room, RecorderLimits { bytes, ..LIMITS }, &mut out);
        let mut recorded = Recorded::All;
        for t in 0..100 {
            act(&mut room, "a", t % 2 == 0);
            recorded = record(&mut recorder, &mut room, t * 100, &mut out);
        }
        assert_eq!(recorded, Recorded::Ended(RecordingEnd::Size));
        assert!(out.len() as u64 <= bytes, "{} of {bytes}", out.len());
        assert_eq!(short(&out).last().map(String::as_str), Some("end size"));
    }
    let (mut room, mut out) = (room(), String::new());
    let mut recorder = recorder(&mut room, RecorderLimits { milliseconds: 50, ..LIMITS }, &mut out);
    record(&mut recorder, &mut room, 49, &mut out);
    assert_eq!(record(&mut recorder, &mut room, 50, &mut out), Recorded::Ended(RecordingEnd::Time));
    act(&mut room, "late", false);
    assert_eq!(record(&mut recorder, &mut room, 51, &mut out), Recorded::Ended(RecordingEnd::Time));
    assert!(!out.contains("late"));
}

#[test]
fn a_recording_goes_on_behind_what_is_whole_of_it() {
    let (mut room, mut out) = (room(), String::new());
    act(&mut room, "a", true);
    let mut recorder = recorder(&mut room, LIMITS, &mut out);
    for t in [0, 10, 2_000] {
        act(&mut room, "b", t > 0);
        record(&mut recorder, &mut room, t, &mut out);
    }
    let first = out.find("synced").unwrap() + 20;
    for cut in first..=out.len() {
        let mut scan = RecordingScan::new();
        for line in out[..cut].split_inclusive('\n') {
            scan.line(line);
        }
        let mut whole = out[..scan.whole_bytes() as usize].to_owned();
        let mut again = Recorder::resume(&mut room, &scan, LIMITS).unwrap();
        assert!(!scan.has_ended());
        record(&mut again, &mut room, 0, &mut whole);
        let lines = short(&whole);
        let live: Vec<_> = lines.iter().filter(|line| line.parse::<u64>().is_ok()).collect();
        assert!(!lines.contains(&"gap".to_owned()));
        for seq in 3..=5 {
            let seq = seq.to_string();
            assert!(live.contains(&&seq), "{seq} after a cut at {cut}: {lines:?}");
        }
        assert_eq!(again.bytes(), whole.len() as u64);
    }
}

#[test]
fn without_a_journal_the_owner_waits_for_the_recorder() {
    let (mut room, mut out) = (room(), String::new());
    act(&mut room, "before", false);
    assert_eq!(room.unanswered_mark(), None);
    let mut recorder = recorder(&mut room, LIMITS, &mut out);
    assert_eq!(room.unanswered_mark(), None);
    act(&mut room, "a", false);
    let mark = room.unanswered_mark().unwrap();
    record(&mut recorder, &mut room, 0, &mut out);
    assert!(!room.may_answer(mark), "it isn't written yet");
    recorder.note_written(&mut room);
    assert!(room.may_answer(mark));
    act(&mut room, "b", false);
    assert!(room.unanswered_mark().is_some());
    recorder.note_ended(&mut room, RecordingEnd::Disk);
    assert_eq!((room.unanswered_mark(), room.recording()), (None, None));
}
