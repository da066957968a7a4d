//! A room that the server has lost, opened anew by its owner.

use super::*;

/// The host of a server that was restarted: it has lost the room of `session_owner`.
fn restarted() -> TestHost {
    TestHost { lost: vec![(RoomId::parse(ROOM).unwrap(), "key-1")], ..host() }
}

fn claim(host: &mut TestHost, fields: &str) -> (Peer, Vec<String>) {
    let mut owner = Peer::default();
    let received = send(&mut owner, host, &join(&format!(r#","v":2,"ownerKey":"key-1"{fields}"#)));
    (owner, received)
}

#[test]
fn a_live_session_goes_on_and_is_told_that_the_room_is_empty() {
    let mut host = restarted();
    let (mut owner, received) = claim(&mut host, r#","session":"s1","ack":7,"epoch":3"#);
    assert!(received[0].contains(r#""seq":1000,"#), "{received:?}");
    assert!(received[0].contains(r#""epoch":1001,"ack":7"#), "{received:?}");
    assert_eq!(received[1..3], [r#"{"resync":true,"seq":1000}"#, r#"{"synced":1000}"#]);
    let received = send(&mut owner, &mut host, r#"{"id":7,"funcKey":"old"}{"id":8,"funcKey":"new"}"#);
    assert_eq!(received, [r#"{"ack":8,"seq":1001}"#], "what was answered before is not taken again");
    let (_, received) = claim(&mut host, r#","session":"s1","ack":8,"epoch":1001"#);
    assert!(received[0].contains(r#""epoch":1002,"ack":8"#), "{received:?}");
    assert!(!received.iter().any(|message| message.contains("resync")), "it knows that: {received:?}");
}

#[test]
fn a_session_that_lost_its_connection_before_it_was_told_is_told_again() {
    let mut host = restarted();
    claim(&mut host, r#","session":"s1","ack":7,"epoch":3"#);
    let (_, received) = claim(&mut host, r#","session":"s1","ack":7,"epoch":1001"#);
    assert_eq!(received[1], r#"{"resync":true,"seq":1000}"#);
}

#[test]
fn a_page_that_was_loaded_anew_gets_an_empty_snapshot() {
    let mut host = restarted();
    let (mut owner, received) = claim(&mut host, r#","session":"s2","ack":0,"since":0"#);
    assert!(received[0].contains(r#""epoch":1001,"ack":0"#), "{received:?}");
    assert_eq!(received[1], r#"{"synced":1000}"#);
    assert_eq!(send(&mut owner, &mut host, r#"{"id":1,"funcKey":"a"}"#), [r#"{"ack":1,"seq":1001}"#]);
}

#[test]
fn a_follower_comes_back_after_the_owner_and_is_resynced() {
    let mut host = restarted();
    for since in [0, 57] {
        let received = send(&mut Peer::default(), &mut host, &join(&format!(r#","v":2,"since":{since}"#)));
        assert_eq!(refusal_code(&received[0]), Some("unknown_room"));
        assert!(received[0].contains(r#""retryAfterMs":1000"#), "{received:?}");
        assert_eq!(received[1], "closed 4005", "it is to come back");
    }
    let (mut owner, _) = claim(&mut host, r#","session":"s1","ack":7,"epoch":3"#);
    send(&mut owner, &mut host, r#"{"id":8,"funcKey":"goTo","stateMessage":true}"#);
    // Its seq is one that an action of the lost room had.
    let received = send(&mut Peer::default(), &mut host, &join(r#","v":2,"since":57"#));
    assert_eq!(
        received[1..4],
        [
            r#"{"resync":true,"seq":1001}"#,
            r#"{"seq":1001,"funcKey":"goTo","stateMessage":true}"#,
            r#"{"synced":1001}"#
        ]
    );
}

#[test]
fn others_are_told_at_once_that_there_is_no_such_room() {
    let mut host = restarted();
    for fields in [r#","v":2"#, r#","v":2,"ownerKey":"key-2","session":"s1","ack":7,"epoch":3,"since":0"#] {
        let received = send(&mut Peer::default(), &mut host, &join(fields));
        assert_eq!(refusal_code(&received[0]), Some("unknown_room"));
        assert!(!received[0].contains("retryAfterMs"), "{received:?}");
        assert_eq!(received[1], "closed 4503");
    }
}

#[test]
fn opening_a_room_anew_needs_the_permission_to_open_one() {
    let mut host = restarted();
    let (_, received) = claim(&mut host, r#","session":"s1","token":"follow""#);
    assert_eq!((refusal_code(&received[0]), received[1].as_str()), (Some("forbidden"), "closed 4505"));
    // The lost room had the first number.
    host.opened = 1;
    for _ in 0..2 {
        session_owner(&mut host);
    }
    let (_, received) = claim(&mut host, r#","session":"s1""#);
    assert_eq!(refusal_code(&received[0]), Some("too_many_rooms"), "a limit of new rooms");
}

#[test]
fn of_two_sessions_of_the_lost_room_the_newer_one_has_it() {
    let mut host = restarted();
    // It was superseded and never told, and comes back first.
    let (mut older, _) = claim(&mut host, r#","session":"s1","ack":7,"epoch":1"#);
    let (mut newer, received) = claim(&mut host, r#","session":"s2","ack":3,"epoch":2"#);
    assert!(received[0].contains(r#""epoch":1002"#), "{received:?}");
    assert_eq!(send(&mut older, &mut host, r#"{"id":8,"funcKey":"a"}"#), ["closed 4502"]);
    assert_eq!(send(&mut newer, &mut host, r#"{"id":4,"funcKey":"b"}"#), [r#"{"ack":4,"seq":1001}"#]);
    let (_, received) = claim(&mut host, r#","session":"s1","ack":7,"epoch":1001"#);
    assert_eq!(received, ["closed 4502"]);
}

#[test]
fn an_older_session_does_not_take_the_room_from_the_newer_one() {
    for newer in [r#","session":"s2","ack":3,"epoch":2"#, r#","session":"s3","since":0"#] {
        let mut host = restarted();
        claim(&mut host, newer);
        let (_, received) = claim(&mut host, r#","session":"s1","ack":7,"epoch":1"#);
        assert_eq!(received, ["closed 4502"]);
    }
}
