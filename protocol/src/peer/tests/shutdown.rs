//! How connections end with their room, and with their server.

use super::*;

#[test]
fn a_shutdown_says_when_to_come_back() {
    let mut host = host();
    session_owner(&mut host);
    let mut follower = session_follower(&mut host);
    follower.shut_down(5_000);
    assert_eq!(drain(&mut follower, &mut host), [r#"{"shutdown":5000}"#, "closed 4000"]);
}

#[test]
fn actions_acknowledged_before_a_shutdown_reach_the_followers_and_later_ones_do_not() {
    let mut host = host();
    let mut owner = session_owner(&mut host);
    let mut follower = session_follower(&mut host);
    owner.receive_frame(r#"{"id":1,"funcKey":"last"}"#, Timestamp(0), &mut host);
    owner.shut_down(5_000);
    follower.shut_down(5_000);
    let received = send(&mut owner, &mut host, r#"{"id":2,"funcKey":"too late"}"#);
    assert_eq!(received, [r#"{"ack":1,"seq":1}"#, r#"{"shutdown":5000}"#, "closed 4000"]);
    let received = drain(&mut follower, &mut host);
    assert_eq!(received, [r#"{"seq":1,"funcKey":"last"}"#, r#"{"shutdown":5000}"#, "closed 4000"]);
}

#[test]
fn actions_acknowledged_before_a_close_reach_the_followers_before_the_end() {
    let mut host = host();
    let mut owner = session_owner(&mut host);
    let mut follower = session_follower(&mut host);
    let received = send(&mut owner, &mut host, r#"{"id":1,"funcKey":"bye"}{"status":{"value":4}}"#);
    let end = r#"{"status":{"value":0,"text":"not connected"}}"#;
    assert_eq!(received, [r#"{"ack":1,"seq":1}"#, end, "closed 4500"]);
    assert_eq!(drain(&mut follower, &mut host), [r#"{"seq":1,"funcKey":"bye"}"#, end, "closed 4500"]);
    let claim = join(r#","v":2,"ownerKey":"key-1""#);
    assert_eq!(refusal_code(&send(&mut Peer::default(), &mut host, &claim)[0]), Some("unknown_room"));
}
