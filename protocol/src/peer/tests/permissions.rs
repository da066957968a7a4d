//! What a client may do with its token, and how often it may guess a room's id.

use std::task::Poll;

use super::*;

const CREATE: &str = r#"{"status":{"value":1},"v":2,"token":"TOKEN"}"#;

fn with_token(message: &str, token: &str) -> String {
    message.replace("TOKEN", token)
}

fn refused(code: &str, message: &str) -> String {
    format!(
        r#"{{"status":{{"value":0,"text":"{message}"}},"error":{{"code":"{code}","message":"{message}"}}}}"#
    )
}

fn forbidden() -> Vec<String> {
    vec![refused("forbidden", RefusalCode::Forbidden.message()), "closed 4505".to_owned()]
}

#[test]
fn a_token_to_follow_opens_no_room_and_a_token_to_own_does() {
    let host = &mut host();
    assert_eq!(send(&mut Peer::default(), host, &with_token(CREATE, "follow")), forbidden());
    assert!(host.rooms.is_empty());
    assert!(send(&mut Peer::default(), host, &with_token(CREATE, "own"))[0].contains("ownerKey"));
}

#[test]
fn a_token_to_own_follows_no_room_but_claims_with_the_owner_key() {
    let host = &mut host();
    let _owner = session_owner(host);
    assert_eq!(send(&mut Peer::default(), host, &join(r#","v":2,"token":"own""#)), forbidden());
    let claim = join(r#","v":2,"token":"own","ownerKey":"key-1","session":"s1""#);
    assert!(send(&mut Peer::default(), host, &claim)[0].contains(r#""epoch":2"#));
    let claim = join(r#","v":2,"token":"follow","ownerKey":"key-1","session":"s1""#);
    assert_eq!(send(&mut Peer::default(), host, &claim), forbidden());
}

#[test]
fn a_token_that_is_not_accepted_is_refused_for_good_with_the_reason() {
    let host = &mut host();
    let received = send(&mut Peer::default(), host, &with_token(CREATE, "expired"));
    assert_eq!(received, [refused("unauthorized", "the token has expired"), "closed 4505".to_owned()]);
}

#[test]
fn clients_of_the_original_send_their_token_too() {
    let host = &mut host();
    let received = send(&mut Peer::default(), host, r#"{"status":{"value":1},"token":"follow"}"#);
    assert!(received[0].contains(r#""error":{"code":"forbidden""#), "{received:?}");
    assert_eq!(received[1], "closed 4505");
}

#[test]
fn a_token_of_a_wrong_type_is_malformed() {
    let host = &mut host();
    let received = send(&mut Peer::default(), host, r#"{"status":{"value":1},"v":2,"token":7}"#);
    assert!(received[0].contains(r#""code":"malformed""#), "{received:?}");
    assert!(received[0].contains(r#"\"token\" must be a string"#), "{received:?}");
}

#[test]
fn a_forbidden_join_does_not_reveal_whether_the_room_exists() {
    let host = &mut host();
    let received = send(&mut Peer::default(), host, &join(r#","v":2,"token":"own""#));
    assert_eq!(received, forbidden());
    assert_eq!(host.guesses_left, 3);
}

#[test]
fn after_too_many_guesses_every_join_is_rate_limited_whether_the_room_exists_or_not() {
    let host = &mut host();
    for _ in 0..3 {
        assert_eq!(send(&mut Peer::default(), host, &join(""))[1], "closed 4503");
    }
    let limited = |host: &mut TestHost| {
        let received = send(&mut Peer::default(), host, &join(r#","v":2"#));
        assert!(received[0].contains(r#""code":"rate_limited""#), "{received:?}");
        assert!(received[0].contains(r#""retryAfterMs":5000"#), "{received:?}");
        assert_eq!(received[1], "closed 4005");
    };
    limited(host);
    let _owner = session_owner(host);
    limited(host);
}

#[test]
fn what_a_client_sends_waits_until_its_host_has_decided() {
    let host = &mut host();
    host.decisions.extend([Poll::Pending, Poll::Pending]);
    let mut peer = Peer::default();
    let create = with_token(CREATE, "own");
    let sent = send(&mut peer, host, &format!(r#"{{"ping":1}}{create}{{"id":1,"funcKey":"a"}}"#));
    assert_eq!(sent, [r#"{"pong":1}"#], "what came before is answered");
    peer.resume_reading(Timestamp(1_000), host);
    assert_eq!(drain(&mut peer, host), Vec::<String>::new());
    assert!(peer.awaits_entry() && host.rooms.is_empty(), "it is pending still");
    peer.resume_reading(Timestamp(1_000), host);
    let received = drain(&mut peer, host);
    assert!(received[0].contains("ownerKey") && !peer.awaits_entry(), "{received:?}");
    assert_eq!(received[1], r#"{"ack":1,"seq":1}"#);
}

#[test]
fn a_client_that_its_host_refuses_is_told_so_before_it_is_known_whether_the_room_exists() {
    let host = &mut host();
    let refusal = || Poll::Ready(Err(Refusal::with_message(RefusalCode::Forbidden, "not you")));
    host.decisions.extend([refusal(), refusal()]);
    let expected = vec![refused("forbidden", "not you"), "closed 4505".to_owned()];
    assert_eq!(send(&mut Peer::default(), host, &with_token(CREATE, "own")), expected);
    assert_eq!(send(&mut Peer::default(), host, &join(r#","v":2"#)), expected);
    assert_eq!(host.guesses_left, 3);
    host.lost = vec![(RoomId::parse(ROOM).unwrap(), "key-1")];
    host.decisions.push_back(refusal());
    let claim = join(r#","v":2,"ownerKey":"key-1","session":"s1""#);
    assert_eq!(send(&mut Peer::default(), host, &claim), expected);
    assert!(host.rooms.is_empty(), "nothing is opened anew for it");
}
