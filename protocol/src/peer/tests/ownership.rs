//! Owning a room: acknowledgements, claims, and an owner that goes and comes back.

use super::*;

#[test]
fn actions_in_a_row_are_acknowledged_together_and_a_refusal_splits_the_run() {
    let mut host = host();
    let mut owner = session_owner(&mut host);
    let frame = r#"{"id":1,"funcKey":"a"}{"id":2,"funcKey":"b"}{"id":3,"funcKey":7}{"id":4,"funcKey":"d"}"#;
    let received = send(&mut owner, &mut host, frame);
    assert_eq!(received[0], r#"{"ack":2,"seq":2}"#);
    assert!(
        received[1].contains(r#""id":3"#) && refusal_code(&received[1]) == Some("malformed"),
        "{received:?}"
    );
    assert_eq!(received[2], r#"{"ack":4,"seq":3}"#);
}

#[test]
fn an_action_sent_again_after_a_claim_is_not_appended_again() {
    let mut host = host();
    let mut owner = session_owner(&mut host);
    let mut follower = session_follower(&mut host);
    send(&mut owner, &mut host, r#"{"id":1,"funcKey":"a"}{"id":2,"funcKey":3}"#);
    owner.disconnected(Timestamp(2_000), &mut host);
    let mut again = Peer::default();
    let received = send(&mut again, &mut host, &join(r#","v":2,"ownerKey":"key-1","session":"s1","ack":0"#));
    assert!(received[0].contains(r#""epoch":2,"ack":2"#), "{received:?}");
    assert_eq!(received[1], r#"{"ack":1,"seq":1}"#, "what the former connection may not have received");
    assert_eq!(
        (refusal_code(&received[2]), received.len()),
        (Some("malformed"), 4),
        "no snapshot, because the session knows the state"
    );
    assert_eq!(
        received[3], r#"{"audience":{"connected":0,"lagging":0}}"#,
        "the page may know an older count"
    );
    let received =
        send(&mut again, &mut host, r#"{"id":1,"funcKey":"a"}{"id":2,"funcKey":"b"}{"id":3,"funcKey":"c"}"#);
    assert_eq!(received, [r#"{"ack":3,"seq":2}"#]);
    assert_eq!(
        drain(&mut follower, &mut host),
        [r#"{"seq":1,"funcKey":"a"}"#, r#"{"seq":2,"funcKey":"c"}"#],
        "each action once, and the owner was not away when the follower was served"
    );
}

#[test]
fn a_claim_ends_the_former_connections_ownership() {
    let mut host = host();
    let mut first = session_owner(&mut host);
    send(&mut first, &mut host, r#"{"id":1,"funcKey":"a","stateMessage":true}"#);
    let mut second = Peer::default();
    let received = send(&mut second, &mut host, &join(r#","v":2,"ownerKey":"key-1","session":"s2""#));
    assert!(received[0].contains(r#""epoch":2,"ack":0"#), "{received:?}");
    assert_eq!(received[1..], [r#"{"seq":1,"funcKey":"a","stateMessage":true}"#, r#"{"synced":1}"#]);
    assert_eq!(send(&mut first, &mut host, r#"{"id":2,"funcKey":"b"}"#), ["closed 4502"]);
    first.disconnected(Timestamp(2_000), &mut host);
    assert_eq!(send(&mut second, &mut host, r#"{"id":1,"funcKey":"c"}"#), [r#"{"ack":1,"seq":2}"#]);
    let presence = host.with(RoomId::parse(ROOM).unwrap(), |room| room.owner_presence());
    assert_eq!(
        presence,
        Some(OwnerPresence::Here),
        "the fenced connection's end says nothing about the owner"
    );
}

#[test]
fn a_claim_with_a_wrong_key_is_refused_and_does_not_make_a_follower() {
    let mut host = host();
    session_owner(&mut host);
    let mut thief = Peer::default();
    let received = send(&mut thief, &mut host, &join(r#","v":2,"ownerKey":"key-2""#));
    assert_eq!((refusal_code(&received[0]), received[1].as_str()), (Some("wrong_owner_key"), "closed 4504"));
    assert!(!thief.is_in_room());
}

#[test]
fn followers_are_told_when_the_owner_goes_and_comes_back() {
    let mut host = host();
    let mut owner = session_owner(&mut host);
    let mut follower = session_follower(&mut host);
    let mut legacy = Peer::default();
    send(&mut legacy, &mut host, &join(""));
    owner.disconnected(Timestamp(2_000), &mut host);
    assert_eq!(drain(&mut follower, &mut host), [r#"{"owner":"away"}"#]);
    send(&mut Peer::default(), &mut host, &join(r#","v":2,"ownerKey":"key-1","session":"s1""#));
    assert_eq!(drain(&mut follower, &mut host), [r#"{"owner":"back"}"#]);
    assert_eq!(drain(&mut legacy, &mut host), Vec::<String>::new());
    let mut received = Vec::new();
    for now in [2_000 + host.limits.owner_grace_ms, 3_000_000] {
        host.tick(Timestamp(now));
        received.extend(drain(&mut follower, &mut host));
    }
    assert_eq!(received, Vec::<String>::new(), "the owner is back, so no grace ends");
}

#[test]
fn a_room_whose_owner_does_not_come_back_is_closed_after_its_grace() {
    let mut host = host();
    let mut owner = session_owner(&mut host);
    let mut follower = session_follower(&mut host);
    owner.disconnected(Timestamp(2_000), &mut host);
    drain(&mut follower, &mut host);
    let end = 2_000 + host.limits.owner_grace_ms;
    host.tick(Timestamp(end - 1));
    assert_eq!(drain(&mut follower, &mut host), Vec::<String>::new());
    host.tick(Timestamp(end));
    assert_eq!(
        drain(&mut follower, &mut host),
        [r#"{"status":{"value":0,"text":"not connected"}}"#, "closed 4500"]
    );
}

#[test]
fn a_claim_cut_off_before_its_snapshot_gets_the_snapshot_again() {
    let mut host = host();
    let mut owner = session_owner(&mut host);
    send(&mut owner, &mut host, r#"{"funcKey":"a","stateMessage":true}"#);
    for _ in 0..2 {
        let claim = join(r#","v":2,"ownerKey":"key-1","session":"s2","since":0"#);
        let received = send(&mut Peer::default(), &mut host, &claim);
        assert_eq!(received[2], r#"{"synced":1}"#);
    }
}

#[test]
fn a_superseded_session_that_was_not_told_cannot_claim_again() {
    let mut host = host();
    let mut first = session_owner(&mut host);
    send(&mut first, &mut host, r#"{"id":1,"funcKey":"a"}"#);
    let mut second = Peer::default();
    send(&mut second, &mut host, &join(r#","v":2,"ownerKey":"key-1","session":"s2""#));
    let again = join(r#","v":2,"ownerKey":"key-1","session":"s1","ack":0,"epoch":1"#);
    assert_eq!(send(&mut Peer::default(), &mut host, &again), ["closed 4502"]);
    assert_eq!(send(&mut second, &mut host, r#"{"id":1,"funcKey":"b"}"#), [r#"{"ack":1,"seq":2}"#]);
}
