//! Rooms that serve many cursors at random, compared with a model of what a follower must end up
//! with.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::{Action, Rendering, ServerMessage, parse};

/// The moment at which everything happens.
const NOW: Timestamp = Timestamp(1_000);

fn room(limits: Limits) -> Room {
    Room::new(RoomId::from_random(1), KeyDigest([7; 32]), None, limits)
}

fn action<'a>(key: &'a str, params: &'a str, slot: Option<&'a str>) -> Action<&'a str> {
    Action { key, params, slot, at: None }
}

fn next(room: &mut Room, cursor: &mut Cursor) -> String {
    let mut frame = Frame::default();
    room.serve(cursor, &mut frame);
    String::from_utf8(frame.payload().to_vec()).unwrap()
}

#[test]
fn the_snapshot_is_shared_until_a_slot_changes() {
    let mut room = room(Limits::default());
    room.action(None, action("a", "[1]", Some("a")), NOW).unwrap();
    let mut payload = || {
        let mut frame = Frame::default();
        let mut cursor = room.cursor(Rendering::Original, None);
        room.serve(&mut cursor, &mut frame);
        frame.payload()
    };
    assert_eq!(payload().as_ptr(), payload().as_ptr());
    room.action(None, action("b", "[]", None), NOW).unwrap();
    let before = room.slots.snapshot(Rendering::Compact, "", &room.account);
    room.action(None, action("b", "[]", None), NOW).unwrap();
    assert_eq!(
        before.slice(0, 1, 100).0.as_ptr(),
        room.slots.snapshot(Rendering::Compact, "", &room.account).slice(0, 1, 100).0.as_ptr()
    );
    room.clear(None, "a", NOW);
    assert_eq!(room.slots.snapshot(Rendering::Compact, "", &room.account).messages(), 0);
}

#[test]
fn actions_appended_between_joining_and_being_served_are_served_live() {
    for rendering in [Rendering::Compact, Rendering::Original] {
        let mut room = room(Limits::default());
        room.action(None, action("before", "[]", None), NOW).unwrap();
        let mut cursor = room.join(rendering, None).unwrap();
        room.action(None, action("after", "[]", None), NOW).unwrap();
        let served = next(&mut room, &mut cursor);
        assert!(served.contains("after") && !served.contains("before"), "{served}");
    }
}

#[test]
fn state_is_bounded_in_slots_and_bytes_and_replacing_frees_the_old_value() {
    let mut room = room(Limits { slots_per_room: 2, slot_bytes_per_room: 30, ..Limits::default() });
    let long = format!("[{}]", "1".repeat(20));
    room.action(None, action("a", &long, Some("a")), NOW).unwrap();
    assert_eq!(room.action(None, action("b", &long, Some("b")), NOW).unwrap_err().code, "state_too_large");
    assert_eq!(room.action(None, action("a", &long, Some("a")), NOW), Ok(Accepted::Appended(2)));
    room.action(None, action("b", "[]", Some("b")), NOW).unwrap();
    assert_eq!(room.action(None, action("c", "[]", Some("c")), NOW).unwrap_err().code, "too_many_slots");
    room.clear(None, "a", NOW);
    assert_eq!(room.action(None, action("c", &long, Some("c")), NOW), Ok(Accepted::Appended(5)));
}

#[test]
fn a_large_snapshot_comes_in_several_frames_while_the_room_goes_on() {
    let mut room = room(Limits::default());
    let params = format!("[\"{}\"]", "x".repeat(30_000));
    for slot in ["1", "2", "3", "4", "5"] {
        room.action(None, action("s", &params, Some(slot)), NOW).unwrap();
    }
    let mut cursor = room.join(Rendering::Compact, None).unwrap();
    let first = next(&mut room, &mut cursor);
    room.action(None, action("s", "[\"new\"]", Some("5")), NOW).unwrap();
    let mut frames = vec![first];
    while room.head() != 6 || cursor.is_catching_up() || frames.len() < 4 {
        let frame = next(&mut room, &mut cursor);
        if frame.is_empty() {
            break;
        }
        frames.push(frame);
    }
    assert!(frames.iter().all(|frame| frame.len() <= 64 * 1024), "no frame above its bound");
    let all = frames.join("\n");
    let kinds: Vec<_> = parse::server_messages(&all)
        .unwrap()
        .into_iter()
        .map(|message| match message {
            ServerMessage::Action { seq, .. } => format!("{}", seq.unwrap()),
            ServerMessage::Synced(seq) => format!("synced {seq}"),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(kinds, ["1", "2", "3", "4", "5", "synced 5", "6"]);
}

/// What one step of a random history does.
#[derive(Debug, Clone)]
enum Step {
    Act { slot: Option<u8> },
    Clear { slot: u8 },
    Serve { follower: usize },
    Join { rendering: Rendering },
    Rejoin { follower: usize, back: u64 },
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => proptest::option::of(0..4_u8).prop_map(|slot| Step::Act { slot }),
        1 => (0..4_u8).prop_map(|slot| Step::Clear { slot }),
        4 => any::<usize>().prop_map(|follower| Step::Serve { follower }),
        1 => prop_oneof![Just(Rendering::Compact), Just(Rendering::Original)].prop_map(|rendering| Step::Join { rendering }),
        1 => (any::<usize>(), 0..12_u64).prop_map(|(follower, back)| Step::Rejoin { follower, back }),
    ]
}

/// A follower that applies what it is sent, and checks that it may.
struct Follower {
    cursor: Cursor,
    seen: u64,
    slots: BTreeMap<String, String>,
    snapshot: Option<BTreeMap<String, String>>,
}

impl Follower {
    fn new(cursor: Cursor) -> Self {
        let snapshot = cursor.is_catching_up().then(BTreeMap::new);
        Self { cursor, seen: 0, slots: BTreeMap::new(), snapshot }
    }

    fn read(&mut self, frame: &str) {
        for message in parse::server_messages(frame).unwrap() {
            match message {
                ServerMessage::Action { seq, params, slot, .. } => {
                    self.advance(seq);
                    if let Some(slot) = slot {
                        self.snapshot.as_mut().unwrap_or(&mut self.slots).insert(slot, params);
                    }
                }
                ServerMessage::Cleared { seq, slot } => {
                    self.advance(seq);
                    self.slots.remove(&slot);
                }
                ServerMessage::Resync(_) => self.snapshot = Some(BTreeMap::new()),
                ServerMessage::Synced(seq) => {
                    self.slots = self.snapshot.take().expect("synced ends a snapshot");
                    self.seen = seq;
                }
                other => panic!("{other:?}"),
            }
        }
    }

    /// G2, G3, G4: a live action always has the very next seq.
    fn advance(&mut self, seq: Option<u64>) {
        if self.snapshot.is_none() && self.cursor.rendering == Rendering::Compact {
            assert_eq!(seq, Some(self.seen + 1));
            self.seen += 1;
        }
    }
}

proptest! {
    #[test]
    fn every_follower_sees_each_action_once_in_order_and_ends_with_the_rooms_state(
        steps in proptest::collection::vec(step(), 1..120),
        ring_actions in 1..12_usize,
    ) {
        let mut room = room(Limits { ring_actions, ..Limits::default() });
        let mut followers: Vec<Follower> = Vec::new();
        let mut model = BTreeMap::new();
        for (number, step) in steps.into_iter().enumerate() {
            match step {
                Step::Act { slot } => {
                    let (slot, params) = (slot.map(|slot| format!("k{slot}")), format!("[{number}]"));
                    let key = slot.clone().unwrap_or_else(|| "beep".to_owned());
                    room.action(None, action(&key, &params, slot.as_deref()), NOW).unwrap();
                    model.extend(slot.map(|slot| (slot, params)));
                }
                Step::Clear { slot } => {
                    room.clear(None, &format!("k{slot}"), NOW);
                    model.remove(&format!("k{slot}"));
                }
                Step::Join { rendering } => {
                    followers.push(Follower::new(room.join(rendering, None).unwrap()));
                }
                Step::Serve { follower } if !followers.is_empty() => {
                    let index = follower % followers.len();
                    let follower = &mut followers[index];
                    let frame = next(&mut room, &mut follower.cursor);
                    follower.read(&frame);
                }
                Step::Rejoin { follower, back } if !followers.is_empty() => {
                    let index = follower % followers.len();
                    let follower = &mut followers[index];
                    let rendering = follower.cursor.rendering;
                    if follower.snapshot.is_none() && rendering == Rendering::Compact {
                        // Sometimes a seq beyond the head, as after a restart of the server.
                        let since = if back == 11 { room.head() + 1 } else { follower.seen };
                        room.rejoin(&mut follower.cursor, Some(since));
                    }
                }
                Step::Serve { .. } | Step::Rejoin { .. } => {}
            }
        }
        for follower in &mut followers {
            loop {
                let frame = next(&mut room, &mut follower.cursor);
                if frame.is_empty() {
                    break;
                }
                follower.read(&frame);
            }
            if follower.cursor.rendering == Rendering::Compact {
                prop_assert_eq!(&follower.slots, &model);
                prop_assert_eq!(follower.seen, room.head());
            }
        }
    }
}
