//! An owner that is too fast is paused, and loses nothing.

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::Delay;

/// A server where an owner may send this many actions and bytes a second.
fn host_with(actions: u64, bytes: u64, message_bytes: usize) -> TestHost {
    let limits = Limits {
        owner_actions_per_second: actions,
        owner_bytes_per_second: bytes,
        message_bytes,
        ..Limits::default()
    };
    TestHost { limits, ..host() }
}

fn numbered(ids: std::ops::RangeInclusive<u64>) -> String {
    ids.map(|id| format!(r#"{{"id":{id},"funcKey":"f","funcParams":[{id}]}}"#)).collect()
}

/// For how many milliseconds the peer is paused.
fn pause(peer: &Peer, now: Timestamp) -> u64 {
    peer.pause(now).map_or(0, Delay::milliseconds)
}

fn head(host: &mut TestHost) -> u64 {
    host.with(RoomId::parse(ROOM).unwrap(), |room| room.head()).unwrap()
}

/// Lets time pass until the peer is read again and has read everything. Returns when that is.
fn wait(peer: &mut Peer, mut now: Timestamp, host: &mut TestHost) -> Timestamp {
    while peer.has_unread() || peer.pause(now).is_some() {
        now = now.after(pause(peer, now));
        peer.resume_reading(now, host);
    }
    now
}

#[test]
fn an_owner_that_is_too_fast_is_paused_and_then_goes_on_where_it_was() {
    let mut host = host_with(10, u64::MAX, 65_536);
    let mut owner = session_owner(&mut host);
    let mut follower = session_follower(&mut host);
    let start = Timestamp(5_000);
    owner.receive_frame(&numbered(1..=100), start, &mut host);
    assert_eq!((head(&mut host), owner.has_unread()), (11, true), "a second's worth, and one more as a debt");
    assert_eq!(drain(&mut owner, &mut host), [r#"{"ack":11,"seq":11}"#]);
    assert_eq!(pause(&owner, start), 100);
    owner.resume_reading(start.after(99), &mut host);
    assert_eq!(head(&mut host), 11, "not yet");
    let end = wait(&mut owner, start, &mut host);
    assert_eq!(
        (head(&mut host), drain(&mut owner, &mut host)),
        (100, vec![r#"{"ack":100,"seq":100}"#.into()])
    );
    assert!(end.since(start) >= 8_900, "{end:?}");
    let received: Vec<_> =
        (1..=100).map(|n| format!(r#"{{"seq":{n},"funcKey":"f","funcParams":[{n}]}}"#)).collect();
    assert_eq!(drain(&mut follower, &mut host), received);
}

#[test]
fn bytes_count_too_and_one_message_never_pauses_for_longer_than_a_second() {
    let mut host = host_with(1_000, 1, 1_000);
    let mut owner = session_owner(&mut host);
    let large = format!(r#"{{"funcKey":"f","funcParams":["{}"]}}"#, "x".repeat(900));
    let now = Timestamp(5_000);
    owner.receive_frame(&large, now, &mut host);
    assert_eq!(pause(&owner, now), 0);
    owner.receive_frame(&large, now, &mut host);
    let pause = pause(&owner, now);
    assert!((500..=1_000).contains(&pause), "{pause}");
    assert_eq!(head(&mut host), 2);
}

#[test]
fn a_new_connection_inherits_the_pause_of_its_room() {
    let mut host = host_with(10, u64::MAX, 65_536);
    let mut owner = session_owner(&mut host);
    let now = Timestamp(1_000);
    owner.receive_frame(&numbered(1..=11), now, &mut host);
    let claim = join(r#","v":2,"ownerKey":"key-1","session":"s1""#);
    let mut again = Peer::default();
    again.receive_frame(&format!("{claim}{}", numbered(1..=99)), now, &mut host);
    assert_eq!(head(&mut host), 11);
    assert_eq!(pause(&again, now), 100);
    wait(&mut again, now, &mut host);
    assert_eq!(head(&mut host), 99, "duplicates cost nothing and are not appended again");
}

#[test]
fn duplicates_cost_nothing() {
    let mut host = host_with(10, u64::MAX, 65_536);
    let mut owner = session_owner(&mut host);
    let now = Timestamp(1_000);
    owner.receive_frame(&numbered(1..=10), now, &mut host);
    owner.receive_frame(&numbered(1..=10).repeat(50), now, &mut host);
    assert_eq!((pause(&owner, now), head(&mut host)), (0, 10));
}

#[test]
fn followers_and_strangers_are_never_paused() {
    let mut host = host_with(1, 1, 65_536);
    let _owner = session_owner(&mut host);
    for mut peer in [session_follower(&mut host), Peer::default()] {
        peer.receive_frame(&r#"{"ping":1}"#.repeat(100), Timestamp(1_000), &mut host);
        assert_eq!((pause(&peer, Timestamp(1_000)), peer.has_unread()), (0, false));
    }
}

proptest! {
    /// However slowly an owner is read, its messages make the same log and get the same answers.
    #[test]
    fn pauses_change_nothing_but_the_time(
        frames in vec(vec((0_u8..8, any::<bool>()), 1..30), 1..20),
        rate in 1_u64..50,
        pauses in vec(0_u64..200, 20),
    ) {
        let play = |rate| {
            let mut host = host_with(rate, u64::MAX, 65_536);
            let mut owner = session_owner(&mut host);
            let (mut now, mut id, mut received) = (Timestamp(1_000), 0, Vec::new());
            for (frame, pause) in frames.iter().zip(&pauses) {
                let text: String = frame.iter().map(|(kind, is_numbered)| {
                    id += u64::from(*is_numbered);
                    let number = if *is_numbered { format!(r#""id":{id},"#) } else { String::new() };
                    match kind {
                        0 => format!(r#"{{{number}"clear":"a"}}"#),
                        1 => format!(r#"{{{number}"funcKey":7}}"#),
                        2 => format!(r#"{{"ping":{id}}}"#),
                        slot => format!("{{{number}\"funcKey\":\"f\",\"slot\":\"{slot}\"}}\n"),
                    }
                }).collect();
                now = wait(&mut owner, now.after(*pause), &mut host);
                owner.receive_frame(&text, now, &mut host);
                received.extend(drain(&mut owner, &mut host));
            }
            wait(&mut owner, now, &mut host);
            received.extend(drain(&mut owner, &mut host));
            let mut late = Peer::default();
            let state = send(&mut late, &mut host, &join(r#","v":2"#));
            // How many actions one acknowledgement stands for depends on the time.
            received.retain(|message| !message.starts_with(r#"{"ack":"#));
            (state, received)
        };
        prop_assert_eq!(play(rate), play(1_000_000));
    }
}
