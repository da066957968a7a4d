//! Entries of the log, as each kind of client sees them.

use super::*;

const Q1: &str = r#"{"id":1,"lane":"q1","as":{"kind":"vote","options":3}}"#;

#[test]
fn an_entry_has_a_seq_and_an_answer_and_is_in_the_snapshot_of_those_who_join_late() {
    let mut host = host();
    let mut owner = session_owner(&mut host);
    let mut follower = session_follower(&mut host);
    drain(&mut follower, &mut host);
    assert_eq!(send(&mut owner, &mut host, Q1)[0], r#"{"ack":1,"seq":1}"#);
    let told = r#"{"seq":1,"clear":"\u0000","lane":"q1","as":{"kind":"vote","options":3}}"#;
    assert_eq!(drain(&mut follower, &mut host), [told]);
    send(&mut owner, &mut host, r#"{"id":2,"funcKey":"a","stateMessage":true}"#);
    send(
        &mut owner,
        &mut host,
        r#"{"id":3,"lane":"react","as":{"kind":"count","symbols":["❤","+1"],"per":500}}"#,
    );
    let late = send(&mut Peer::default(), &mut host, &join(r#","v":2"#));
    assert_eq!(
        late[1..],
        [
            r#"{"seq":1,"lane":"q1","as":{"kind":"vote","options":3}}"#,
            r#"{"seq":2,"funcKey":"a","stateMessage":true}"#,
            r#"{"seq":3,"lane":"react","as":{"kind":"count","symbols":["❤","+1"],"per":500}}"#,
            r#"{"synced":3}"#,
        ]
    );
}

#[test]
fn what_was_replaced_or_has_ended_is_not_retained() {
    let mut host = host();
    let mut owner = session_owner(&mut host);
    send(&mut owner, &mut host, Q1);
    send(&mut owner, &mut host, r#"{"id":2,"lane":"q1","as":{"kind":"vote","options":4}}"#);
    send(&mut owner, &mut host, r#"{"id":3,"lane":"hand","as":{"kind":"say"}}"#);
    send(&mut owner, &mut host, r#"{"id":4,"lane":"hand","as":null}"#);
    let late = send(&mut Peer::default(), &mut host, &join(r#","v":2"#));
    assert_eq!(late[1..], [r#"{"seq":2,"lane":"q1","as":{"kind":"vote","options":4}}"#, r#"{"synced":4}"#]);
    let resumed = send(&mut Peer::default(), &mut host, &join(r#","v":2,"since":2"#));
    assert_eq!(
        resumed[1..3],
        [
            r#"{"seq":3,"clear":"\u0000","lane":"hand","as":{"kind":"say","per":1000}}"#,
            r#"{"seq":4,"clear":"\u0000","lane":"hand","as":null}"#,
        ]
    );
}

#[test]
fn a_client_without_session_fields_is_sent_nothing_of_entries() {
    let mut host = host();
    let mut owner = session_owner(&mut host);
    let mut old = Peer::default();
    send(&mut old, &mut host, &join(""));
    send(&mut owner, &mut host, Q1);
    assert_eq!(drain(&mut old, &mut host), Vec::<String>::new());
    assert_eq!(send(&mut Peer::default(), &mut host, &join("")), [original(3, "connected")]);
    send(&mut owner, &mut host, r#"{"funcKey":"f"}"#);
    assert_eq!(drain(&mut old, &mut host).len(), 1, "what comes behind an entry is served");
}

#[test]
fn only_the_owner_makes_entries_and_nobody_clears_the_slot_of_entries() {
    let mut host = host();
    let mut owner = session_owner(&mut host);
    let mut follower = session_follower(&mut host);
    drain(&mut follower, &mut host);
    assert_eq!(refusal_code(&send(&mut follower, &mut host, Q1)[0]), Some("not_owner"));
    for (id, sent) in
        [r#""clear":"""#, r#""clear":"\u0000""#, r#""funcKey":"f","slot":"\u0000""#].iter().enumerate()
    {
        let refused = send(&mut owner, &mut host, &format!(r#"{{"id":{},{sent}}}"#, id + 1));
        assert_eq!(refusal_code(&refused[0]), Some("malformed"), "{sent}");
    }
    assert_eq!(send(&mut owner, &mut host, Q1), Vec::<String>::new(), "the id is answered");
}

#[test]
fn a_lane_out_of_its_limits_is_refused_and_takes_no_seq() {
    let mut host = host();
    let mut owner = session_owner(&mut host);
    let long = "x".repeat(65);
    let many =
        format!(r#"["{}"]"#, (0..17).map(|number| number.to_string()).collect::<Vec<_>>().join(r#"",""#));
    let mut id = 0;
    let mut refused = |name: &str, lane: &str| {
        id += 1;
        let sent = format!(r#"{{"id":{id},"lane":"{name}","as":{lane}}}"#);
        let received = send(&mut owner, &mut host, &sent);
        refusal_code(&received[0]).map(str::to_owned)
    };
    for (name, lane) in [
        (&*long, r#"{"kind":"say"}"#),
        (r"a\u0007", r#"{"kind":"say"}"#),
        ("a", r#"{"kind":"shout"}"#),
        ("a", "[]"),
        ("a", r#"{"kind":"say","per":99}"#),
        ("a", r#"{"kind":"say","per":3600001}"#),
        ("a", r#"{"kind":"vote"}"#),
        ("a", r#"{"kind":"vote","options":1}"#),
        ("a", r#"{"kind":"vote","options":33}"#),
        ("a", r#"{"kind":"count","symbols":[]}"#),
        ("a", r#"{"kind":"count","symbols":["a","a"]}"#),
        ("a", r#"{"kind":"count","symbols":["12345678901234567"]}"#),
        ("a", &format!(r#"{{"kind":"count","symbols":{many}}}"#)),
    ] {
        assert_eq!(refused(name, lane).as_deref(), Some("malformed"), "{name} {lane}");
    }
    for number in 0..16 {
        assert_eq!(refused(&format!("lane {number}"), r#"{"kind":"say","per":100}"#), None);
    }
    assert_eq!(refused("one more", r#"{"kind":"say"}"#).as_deref(), Some("too_many_slots"));
    assert_eq!(refused("lane 3", r#"{"kind":"vote","options":32}"#), None, "that is there");
    assert_eq!(refused("lane 3", "null"), None);
    assert_eq!(refused("one more", r#"{"kind":"say","per":3600000}"#), None);
}
