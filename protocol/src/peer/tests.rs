//! Peers on a table of rooms, without a server: what each client is sent, in the order of the wire.

mod answers;
mod audience;
mod codes;
mod entries;
mod handover;
mod host;
mod lanes;
mod losses;
mod ownership;
mod pace;
mod permissions;
mod reopening;
mod roster;
mod shutdown;

use host::{TestHost, host};

use super::reading::MAX_REFUSALS_PER_FRAME;
use super::*;
use crate::Limits;

fn send(peer: &mut Peer, host: &mut TestHost, frame: &str) -> Vec<String> {
    peer.receive_frame(frame, Timestamp(1_000), host);
    drain(peer, host)
}

/// The messages that a client is sent now. `closed CODE` comes last if its connection is closed.
fn drain(peer: &mut Peer, host: &mut TestHost) -> Vec<String> {
    let mut frame = Frame::default();
    let mut received = Vec::new();
    loop {
        match peer.poll_output(&mut frame, host) {
            PeerOutput::Send => {
                let text = String::from_utf8(frame.payload().to_vec()).unwrap();
                received.extend(text.split('\n').map(str::to_owned));
            }
            PeerOutput::Wait => return received,
            PeerOutput::Close(code) => {
                received.push(format!("closed {}", code.value()));
                return received;
            }
        }
    }
}

const ROOM: &str = "00000000-0000-4000-8000-000000000001";

fn original(value: u64, text: &str) -> String {
    format!(
        r#"{{"uuid":"{ROOM}","status":{{"value":{value},"text":"{text}"}},"funcKey":"","funcParams":[],"stateMessage":false}}"#
    )
}

fn session_owner(host: &mut TestHost) -> Peer {
    let mut owner = Peer::default();
    send(&mut owner, host, r#"{"status":{"value":1},"v":2,"session":"s1"}"#);
    owner
}

fn session_follower(host: &mut TestHost) -> Peer {
    let mut follower = Peer::default();
    let received = send(&mut follower, host, &join(r#","v":2"#));
    assert!(received[0].contains(r#""value":3"#), "{received:?}");
    follower
}

fn join(more: &str) -> String {
    format!(r#"{{"uuid":"{ROOM}","status":{{"value":2}}{more}}}"#)
}

fn refusal_code(received: &str) -> Option<&str> {
    received.split_once(r#""error":{"code":""#)?.1.split('"').next()
}

#[test]
fn a_client_of_the_original_creates_broadcasts_and_closes() {
    let mut host = host();
    let (mut owner, mut follower) = (Peer::default(), Peer::default());
    assert_eq!(send(&mut owner, &mut host, r#"{"status":{"value":1}}"#), [original(3, "connected")]);
    assert_eq!(send(&mut follower, &mut host, &join("")), [original(3, "connected")]);
    let sent = r#"{"uuid":"","status":{"value":3},"funcKey":"f","funcParams":["a"],"stateMessage":true}"#;
    assert_eq!(send(&mut owner, &mut host, sent), Vec::<String>::new(), "no echo");
    let action = format!(
        r#"{{"uuid":"{ROOM}","status":{{"value":3,"text":"connected"}},"funcKey":"f","funcParams":["a"],"stateMessage":true}}"#
    );
    assert_eq!(drain(&mut follower, &mut host), [action.as_str()]);
    let mut late = Peer::default();
    assert_eq!(send(&mut late, &mut host, &join("")), [original(3, "connected"), action]);

    let end = [original(0, "not connected"), "closed 4500".to_owned()];
    assert_eq!(send(&mut owner, &mut host, r#"{"status":{"value":4}}"#), end);
    assert_eq!(drain(&mut follower, &mut host), end);
    assert_eq!(drain(&mut late, &mut host), end);
    assert_eq!(refusal_code(&send(&mut Peer::default(), &mut host, &join(""))[0]), Some("unknown_room"));
}

#[test]
fn a_follower_with_session_fields_gets_reply_snapshot_synced_and_then_the_next_seq() {
    let mut host = host();
    let mut owner = session_owner(&mut host);
    send(
        &mut owner,
        &mut host,
        r#"{"id":1,"funcKey":"a","stateMessage":true}{"id":2,"funcKey":"b","slot":"s"}"#,
    );
    let mut follower = Peer::default();
    let received = send(&mut follower, &mut host, &join(r#","v":2"#));
    assert!(
        received[0].contains(r#""v":2,"seq":2,"limits":{"messageBytes":65536,"paramsDepth":120"#),
        "{received:?}"
    );
    assert_eq!(
        received[1..],
        [
            r#"{"seq":1,"funcKey":"a","stateMessage":true}"#,
            r#"{"seq":2,"funcKey":"b","stateMessage":true,"slot":"s"}"#,
            r#"{"synced":2}"#
        ]
    );
    send(&mut owner, &mut host, r#"{"id":3,"clear":"s"}"#);
    assert_eq!(drain(&mut follower, &mut host), [r#"{"seq":3,"clear":"s"}"#]);
}

#[test]
fn a_rejoin_resumes_from_the_ring_or_is_resynced() {
    let mut host = host();
    let mut owner = session_owner(&mut host);
    send(&mut owner, &mut host, r#"{"id":1,"funcKey":"s","stateMessage":true}"#);
    for id in 2..=8 {
        send(&mut owner, &mut host, &format!(r#"{{"id":{id},"funcKey":"a"}}"#));
    }
    let since = |seq: u64, host: &mut TestHost| {
        let mut follower = Peer::default();
        let received = send(&mut follower, host, &join(&format!(r#","v":2,"since":{seq}"#)));
        follower.disconnected(Timestamp(0), host);
        let (owner, served) = received[1..].split_last().unwrap();
        assert_eq!(owner, r#"{"owner":"back"}"#, "the page may believe that the owner is away");
        served.to_vec()
    };
    assert_eq!(since(8, &mut host), Vec::<String>::new());
    assert_eq!(since(6, &mut host), [r#"{"seq":7,"funcKey":"a"}"#, r#"{"seq":8,"funcKey":"a"}"#]);
    let resync =
        [r#"{"resync":true,"seq":8}"#, r#"{"seq":1,"funcKey":"s","stateMessage":true}"#, r#"{"synced":8}"#];
    assert_eq!(since(3, &mut host), resync, "fallen off a ring of four");
    assert_eq!(since(9, &mut host), resync, "beyond the head");
}

#[test]
fn a_follower_that_falls_off_the_ring_while_live_is_resynced() {
    let mut host = host();
    let mut owner = session_owner(&mut host);
    let mut follower = session_follower(&mut host);
    for id in 1..=9 {
        send(&mut owner, &mut host, &format!(r#"{{"id":{id},"funcKey":"a","stateMessage":true}}"#));
    }
    assert_eq!(
        drain(&mut follower, &mut host),
        [r#"{"resync":true,"seq":9}"#, r#"{"seq":9,"funcKey":"a","stateMessage":true}"#, r#"{"synced":9}"#]
    );
}

#[test]
fn joining_the_same_room_again_gives_reply_and_snapshot_again() {
    let mut host = host();
    let mut owner = session_owner(&mut host);
    send(&mut owner, &mut host, r#"{"funcKey":"a","stateMessage":true}"#);
    let mut follower = Peer::default();
    let once = send(&mut follower, &mut host, &join(""));
    assert_eq!(once.len(), 2);
    assert_eq!(send(&mut follower, &mut host, &join("")), once);
    assert_eq!(host.with(RoomId::parse(ROOM).unwrap(), |room| room.followers()), Some(1));
}

#[test]
fn forbidden_messages_are_refused_and_the_connection_stays_open() {
    let mut host = host();
    let mut owner = session_owner(&mut host);
    session_owner(&mut host);
    let mut follower = session_follower(&mut host);
    let mut outside = Peer::default();
    let other = join("").replace("0001", "0002");
    let create = r#"{"status":{"value":1}}"#;
    let mut refused =
        |peer: &mut Peer, frame: &str| refusal_code(&send(peer, &mut host, frame)[0]).map(str::to_owned);
    assert_eq!(refused(&mut owner, create).as_deref(), Some("already_in_room"));
    assert_eq!(refused(&mut owner, &join("")).as_deref(), Some("already_in_room"));
    assert_eq!(refused(&mut follower, create).as_deref(), Some("already_in_room"));
    assert_eq!(refused(&mut follower, &other).as_deref(), Some("already_in_room"));
    assert_eq!(refused(&mut follower, r#"{"funcKey":"a"}"#).as_deref(), Some("not_owner"));
    assert_eq!(refused(&mut follower, r#"{"clear":"a"}"#).as_deref(), Some("not_owner"));
    assert_eq!(refused(&mut outside, r#"{"funcKey":"a"}"#).as_deref(), Some("not_in_room"));
    assert_eq!(refused(&mut outside, r#"{"status":{"value":4}}"#).as_deref(), Some("not_in_room"));
    for peer in [&owner, &follower, &outside] {
        assert!(!peer.is_ending());
    }
}

#[test]
fn beyond_a_limit_new_things_are_refused_and_old_ones_go_on() {
    let mut host = host();
    let mut owner = session_owner(&mut host);
    session_owner(&mut host);
    let third = send(&mut Peer::default(), &mut host, r#"{"status":{"value":1},"v":2}"#);
    assert_eq!((refusal_code(&third[0]), third[1].as_str()), (Some("too_many_rooms"), "closed 4004"));
    let (_first, _second) = (session_follower(&mut host), session_follower(&mut host));
    let third = send(&mut Peer::default(), &mut host, &join(r#","v":2"#));
    assert_eq!((refusal_code(&third[0]), third[1].as_str()), (Some("room_full"), "closed 4004"));
    let frame = r#"{"id":1,"funcKey":"a","slot":"1"}{"id":2,"funcKey":"a","slot":"2"}{"id":3,"funcKey":"a","slot":"3"}"#;
    let received = send(&mut owner, &mut host, frame);
    assert_eq!(
        (received[0].as_str(), refusal_code(&received[1])),
        (r#"{"ack":2,"seq":2}"#, Some("too_many_slots"))
    );
    assert_eq!(send(&mut owner, &mut host, r#"{"id":4,"funcKey":"a","slot":"2"}"#), [r#"{"ack":4,"seq":3}"#]);
}

#[test]
fn an_older_version_is_refused() {
    let received = send(&mut Peer::default(), &mut host(), r#"{"status":{"value":1},"v":1}"#);
    assert_eq!(
        (refusal_code(&received[0]), received[1].as_str()),
        (Some("unsupported_version"), "closed 4504")
    );
}

#[test]
fn a_follower_that_leaves_gets_the_confirmation_alone() {
    let mut host = host();
    let mut owner = session_owner(&mut host);
    let (mut leaving, mut staying) = (session_follower(&mut host), session_follower(&mut host));
    let received = send(&mut leaving, &mut host, r#"{"status":{"value":4}}"#);
    assert_eq!(received, [r#"{"status":{"value":0,"text":"not connected"}}"#, "closed 4501"]);
    leaving.disconnected(Timestamp(0), &mut host);
    send(&mut owner, &mut host, r#"{"funcKey":"a"}"#);
    assert_eq!(drain(&mut staying, &mut host).len(), 1);
    assert_eq!(host.with(RoomId::parse(ROOM).unwrap(), |room| room.followers()), Some(1));
}

#[test]
fn the_original_rendering_is_kept_only_while_a_follower_needs_it() {
    let mut host = host();
    let mut owner = session_owner(&mut host);
    send(&mut owner, &mut host, r#"{"funcKey":"before","stateMessage":true}"#);
    let mut legacy = Peer::default();
    assert_eq!(send(&mut legacy, &mut host, &join("")).len(), 2);
    send(&mut owner, &mut host, r#"{"clear":"before"}{"funcKey":"live"}"#);
    let received = drain(&mut legacy, &mut host);
    assert_eq!(received.len(), 1, "it would not understand a clear: {received:?}");
    assert!(received[0].contains(r#""funcKey":"live""#));
    legacy.disconnected(Timestamp(0), &mut host);
    let mut next = Peer::default();
    assert_eq!(send(&mut next, &mut host, &join("")), [original(3, "connected")]);
}
