//! Who is there: names, seats, questions, and what is told later.

use super::*;

const ASK: &str = r#"{"ask":10,"roster":{"after":0,"limit":2}}"#;

/// A follower with a name, and its seat.
fn named(host: &mut TestHost, name: &str, more: &str) -> (Peer, u64) {
    let mut peer = Peer::default();
    let received = send(&mut peer, host, &join(&format!(r#","v":2,"name":"{name}"{more}"#)));
    let (_, seat) = received[0].split_once(r#""seat":"#).expect("a named follower has a seat");
    (peer, seat.trim_end_matches('}').parse().unwrap())
}

#[test]
fn a_follower_with_a_name_has_a_seat_and_the_owner_is_told_who_is_there() {
    let mut host = host();
    let mut owner = session_owner(&mut host);
    let (_ben, seat) = named(&mut host, "Ben", "");
    assert_eq!(
        send(&mut owner, &mut host, ASK)[0],
        format!(
            r#"{{"ask":10,"roster":[{{"seat":{seat},"name":"Ben","role":"follower"}}],"next":0,"named":1}}"#
        )
    );
    let (mut ana, other) = named(&mut host, "Ana", "");
    host.tick(Timestamp(3_000));
    let told = drain(&mut owner, &mut host);
    let came =
        format!(r#"{{"came":[{{"seat":{other},"name":"Ana","role":"follower"}}],"went":[],"more":0}}"#);
    assert!(told.contains(&came), "{told:?}");
    send(&mut ana, &mut host, r#"{"status":{"value":4}}"#);
    host.tick(Timestamp(4_000));
    let told = drain(&mut owner, &mut host);
    assert!(told.contains(&format!(r#"{{"came":[],"went":[{other}],"more":0}}"#)), "{told:?}");
}

#[test]
fn who_never_asks_is_never_told_and_who_has_no_name_has_no_seat() {
    let mut host = host();
    let mut owner = session_owner(&mut host);
    let mut silent = Peer::default();
    let received = send(&mut silent, &mut host, &join(r#","v":2,"session":"s9""#));
    assert!(!received[0].contains("seat"), "{received:?}");
    named(&mut host, "Ben", "");
    host.tick(Timestamp(60_000));
    assert!(!drain(&mut owner, &mut host).concat().contains("came"));
    assert!(!drain(&mut silent, &mut host).concat().contains("came"));
}

#[test]
fn a_page_that_reconnects_has_the_same_seat_and_nobody_hears_of_it() {
    let mut host = host();
    let mut owner = session_owner(&mut host);
    send(&mut owner, &mut host, ASK);
    let (mut ben, seat) = named(&mut host, "Ben", r#","session":"s7""#);
    host.tick(Timestamp(3_000));
    drain(&mut owner, &mut host);
    ben.disconnected(Timestamp(3_100), &mut host);
    host.tick(Timestamp(20_000));
    assert_eq!(named(&mut host, "Ben", r#","session":"s7""#).1, seat);
    host.tick(Timestamp(90_000));
    assert!(!drain(&mut owner, &mut host).concat().contains("came"));
}

#[test]
fn followers_may_ask_if_the_owner_shares_the_roster() {
    let mut host = host();
    session_owner(&mut host);
    let (mut ben, _) = named(&mut host, "Ben", "");
    let refused = send(&mut ben, &mut host, ASK).concat();
    assert!(refused.contains(r#""code":"forbidden""#) && refused.contains(r#""ask":10"#), "{refused}");
    let claim = join(r#","v":2,"ownerKey":"key-1","session":"s1","shareRoster":true"#);
    send(&mut Peer::default(), &mut host, &claim);
    assert!(send(&mut ben, &mut host, ASK).concat().contains(r#""name":"Ben""#));
    assert!(ben.get_in_step(&mut host).is_none(), "what it is told is not for all");
}

#[test]
fn a_client_may_ask_five_times_a_second() {
    let mut host = host();
    let mut owner = session_owner(&mut host);
    let answers: Vec<String> = (0..6).map(|_| send(&mut owner, &mut host, ASK).concat()).collect();
    assert!(answers[..5].iter().all(|answer| answer.contains("named")), "{answers:?}");
    assert!(answers[5].contains(r#""code":"rate_limited""#) && answers[5].contains(r#""retryAfterMs":200"#));
}

#[test]
fn a_name_that_is_none_is_refused_and_the_client_may_try_again() {
    let mut host = host();
    session_owner(&mut host);
    let mut peer = Peer::default();
    let refused = send(&mut peer, &mut host, &join(r#","v":2,"name":"a\u202eb""#));
    assert!(refused.concat().contains(r#""code":"malformed""#) && refused.len() == 1, "{refused:?}");
    assert!(send(&mut peer, &mut host, &join(r#","v":2,"name":"Ben""#))[0].contains("seat"));
    for question in [r#"{"ask":1}"#, r#"{"ask":1,"roster":7}"#, r#"{"ask":1,"roster":{"limit":-1}}"#] {
        assert!(
            send(&mut peer, &mut host, question).concat().contains(r#""code":"malformed""#),
            "{question}"
        );
    }
}

#[test]
fn the_name_of_a_token_wins_and_is_verified() {
    let mut host = host();
    let mut owner = session_owner(&mut host);
    host.token_name = Some("Dr. Ben".to_owned());
    named(&mut host, "Ben", r#","token":"follow""#);
    assert!(
        send(&mut owner, &mut host, ASK)
            .concat()
            .contains(r#""name":"Dr. Ben","role":"follower","verified":true"#)
    );
    host.token_name = Some("x".repeat(65));
    named(&mut host, "Ana", r#","token":"follow""#);
    let page = send(&mut owner, &mut host, ASK).concat();
    assert!(page.contains(r#""name":"Ana","role":"follower"}"#), "{page}");
}

#[test]
fn a_client_outside_is_refused() {
    let mut host = host();
    let refused = send(&mut Peer::default(), &mut host, ASK).concat();
    assert!(refused.contains(r#""code":"unknown_status""#), "no session fields were spoken: {refused}");
}
