//! Rooms with a short code, which clients join by it.

use super::*;

const CREATE: &str = r#"{"status":{"value":1},"v":2,"session":"s1","code":true}"#;

fn join_by(code: &str, more: &str) -> String {
    format!(r#"{{"uuid":"{code}","status":{{"value":2}},"v":2{more}}}"#)
}

/// Room 1 with its code, and its owner.
fn coded(host: &mut TestHost) -> (Peer, String) {
    let mut owner = Peer::default();
    let reply = send(&mut owner, host, CREATE).remove(0);
    let (_, code) = reply.split_once(r#""code":""#).expect("the reply has a code");
    (owner, code.trim_end_matches("\"}").to_owned())
}

#[test]
fn a_code_is_in_each_reply_of_its_room_and_joins_it_under_its_uuid() {
    let host = &mut host();
    let (_owner, code) = coded(host);
    assert_eq!(code.len(), 6);
    let typed = code.to_lowercase();
    for uuid in [ROOM, &code, &typed] {
        let mut follower = Peer::default();
        let reply = send(&mut follower, host, &join_by(uuid, "")).remove(0);
        follower.disconnected(Timestamp(1_000), host);
        assert!(reply.starts_with(&format!(r#"{{"uuid":"{ROOM}","status":{{"value":3"#)), "{reply}");
        assert!(reply.ends_with(&format!(r#","code":"{code}"}}"#)), "{reply}");
    }
    let claim = join_by(&code, r#","ownerKey":"key-1","session":"s2""#);
    let reply = send(&mut Peer::default(), host, &claim).remove(0);
    assert!(reply.contains(r#""epoch":2"#) && reply.contains(&code), "{reply}");
}

#[test]
fn a_room_has_no_code_unless_its_owner_wants_one() {
    let host = &mut host();
    let mut owner = Peer::default();
    let reply = send(&mut owner, host, r#"{"status":{"value":1},"v":2,"session":"s1"}"#).remove(0);
    assert!(!reply.contains("code"), "{reply}");
    assert!(host.codes.is_empty());
    let reply = send(&mut Peer::default(), host, r#"{"status":{"value":1},"code":true}"#).remove(0);
    assert!(!reply.contains("code") && host.codes.is_empty(), "without session fields: {reply}");
}

#[test]
fn clients_of_the_original_cannot_join_by_a_code() {
    let host = &mut host();
    let (_owner, code) = coded(host);
    let joins = format!(r#"{{"uuid":"{code}","status":{{"value":2}}}}"#);
    assert_eq!(refusal_code(&send(&mut Peer::default(), host, &joins)[0]), Some("unknown_room"));
}

#[test]
fn a_code_is_no_right() {
    let host = &mut host();
    let (_owner, code) = coded(host);
    let refused = send(&mut Peer::default(), host, &join_by(&code, r#","token":"own""#));
    assert_eq!(refusal_code(&refused[0]), Some("forbidden"));
    let wrong = join_by(&code, r#","ownerKey":"wrong","session":"s2""#);
    assert_eq!(refusal_code(&send(&mut Peer::default(), host, &wrong)[0]), Some("wrong_owner_key"));
}

/// C3.
#[test]
fn c3_the_code_of_a_room_that_has_ended_is_unknown_at_once_and_the_refusal_says_what_to_do() {
    let host = &mut host();
    let (mut owner, code) = coded(host);
    send(&mut owner, host, r#"{"status":{"value":4}}"#);
    let refused = send(&mut Peer::default(), host, &join_by(&code, ""));
    assert_eq!(refusal_code(&refused[0]), Some("unknown_room"));
    assert!(refused[0].contains("ask for a new one"), "{refused:?}");
    assert_eq!(refused[1], "closed 4503");
    assert_eq!(host.guesses_left, 3, "a code is no guess at a uuid");
}

#[test]
fn a_client_that_guesses_codes_is_refused_whether_the_code_is_right_or_not() {
    let host = &mut host();
    let (_owner, code) = coded(host);
    host.may_look_up_codes = false;
    for code in [&*code, "333333"] {
        let refused = send(&mut Peer::default(), host, &join_by(code, ""));
        assert_eq!(refusal_code(&refused[0]), Some("rate_limited"), "{code}");
    }
}

#[test]
fn a_client_waits_while_the_server_looks_for_the_room_of_a_code() {
    let host = &mut host();
    let (_owner, code) = coded(host);
    host.looks_for_code = true;
    let mut peer = Peer::default();
    assert!(send(&mut peer, host, &join_by(&code, "")).is_empty() && peer.awaits_entry());
    peer.resume_reading(Timestamp(0), host);
    assert!(peer.awaits_entry(), "it is not known still");
    host.looks_for_code = false;
    peer.resume_reading(Timestamp(0), host);
    assert!(peer.is_in_room() && !peer.awaits_entry());
}

#[test]
fn a_code_of_a_wrong_type_is_malformed() {
    let received = send(&mut Peer::default(), &mut host(), &CREATE.replace("true", "\"K7M4QX\""));
    assert_eq!(refusal_code(&received[0]), Some("malformed"));
}
