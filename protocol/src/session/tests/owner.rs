//! Sessions that own their room: what they send, send again and hold back.

use super::*;

#[test]
fn an_owner_creates_a_room_and_what_it_broadcasts_at_once_is_one_frame() {
    let mut session = session(Goal::Create);
    assert_eq!(
        outputs(&mut session),
        [Output::Event(Event::Status(SessionStatus::Connecting)), Output::Connect]
    );
    session.broadcast(call("early", "[]", None)).unwrap();
    session.handle(Timestamp(0), Input::Opened);
    assert_eq!(
        sent(&mut session),
        [r#"{"status":{"value":1,"text":"new connection"},"v":2,"session":"s1"}"#]
    );
    session.handle(Timestamp(0), Input::Received(created()));
    session.broadcast(call("late", "[1]", Some("late"))).unwrap();
    assert_eq!(
        outputs(&mut session),
        [
            Output::Event(Event::Entered),
            Output::Event(Event::Status(SessionStatus::Connected)),
            Output::Send(
                "{\"id\":1,\"funcKey\":\"early\"}\n{\"id\":2,\"funcKey\":\"late\",\"funcParams\":[1],\"stateMessage\":true}"
                    .to_owned()
            )
        ]
    );
    assert_eq!((session.uuid(), session.owner_key()), (Some("room"), Some("key")));
}

#[test]
fn an_owner_that_comes_back_claims_and_sends_unanswered_actions_again() {
    let mut session = owner();
    for key in ["a", "b", "c"] {
        session.broadcast(call(key, "[]", None)).unwrap();
    }
    outputs(&mut session);
    session.handle(Timestamp(1), Input::Received(ServerMessage::Ack { id: 1, seq: 1 }));
    let claim = reconnect(&mut session, 2);
    assert_eq!(
        claim,
        r#"{"uuid":"room","status":{"value":2,"text":"join connection"},"v":2,"ownerKey":"key","drive":false,"session":"s1","ack":1,"epoch":1}"#
    );
    session.broadcast(call("d", "[]", None)).unwrap();
    session.handle(Timestamp(5_000), Input::Received(owner_reply(2, 2, 2)));
    assert_eq!(sent(&mut session), ["{\"id\":3,\"funcKey\":\"c\"}\n{\"id\":4,\"funcKey\":\"d\"}"]);
    assert_eq!(session.status(), SessionStatus::Connected);
    session.handle(Timestamp(5_001), Input::Received(ServerMessage::Ack { id: 2, seq: 2 }));
    session.handle(Timestamp(5_001), Input::Received(ServerMessage::Ack { id: 4, seq: 4 }));
    assert_eq!(answered(&mut session), [(2, 2), (3, 3), (4, 4)]);
}

#[test]
fn a_refused_action_is_reported_and_never_sent_again() {
    let mut session = owner();
    session.broadcast(call("a", "[]", Some("a"))).unwrap();
    outputs(&mut session);
    let refusal = Refusal { id: Some(1), ..RefusalCode::TooManySlots.into() };
    session.handle(Timestamp(1), Input::Received(ServerMessage::Refused(refusal.clone())));
    let slot = Some("a".to_owned());
    let outcome = Outcome::Refused { refusal, slot };
    assert_eq!(outputs(&mut session), [Output::Event(Event::Answered { ticket: 1, outcome })]);
    reconnect(&mut session, 2);
    session.handle(Timestamp(5_000), Input::Received(owner_reply(0, 1, 2)));
    assert_eq!(sent(&mut session), Vec::<String>::new());
}

#[test]
fn closing_sends_what_is_queued_and_ends_when_the_server_confirms() {
    let mut session = owner();
    session.broadcast(call("last", "[]", None)).unwrap();
    session.handle(Timestamp(1), Input::Close);
    assert_eq!(
        sent(&mut session),
        [r#"{"id":1,"funcKey":"last"}"#, r#"{"status":{"value":4,"text":"close connection"}}"#]
    );
    assert_eq!(session.broadcast(call("more", "[]", None)), Err(BroadcastError::Closed));
    session.handle(Timestamp(2), Input::Received(ServerMessage::Closed));
    assert_eq!(events(&mut session), ["Closed", "Ended(Left)"]);
}

#[test]
fn a_follower_may_not_broadcast() {
    let mut session = follower();
    assert_eq!(session.broadcast(call("a", "[]", None)), Err(BroadcastError::NotOwner));
    assert_eq!(session.clear("a"), Err(BroadcastError::NotOwner));
}

#[test]
fn a_page_that_was_loaded_anew_claims_and_is_handed_the_state() {
    let mut session = session(Goal::Claim { uuid: "room".to_owned(), owner_key: "key".to_owned() });
    session.handle(Timestamp(0), Input::Opened);
    assert!(sent(&mut session)[0].contains(r#""ownerKey":"key""#));
    session.handle(Timestamp(0), Input::Received(owner_reply(4, 0, 2)));
    session.handle(Timestamp(0), Input::Received(action(4, "goTo", Some("goTo"))));
    session.handle(Timestamp(0), Input::Received(ServerMessage::Synced(4)));
    assert_eq!(events(&mut session), ["[4]", "Entered", "Connected"]);
}

#[test]
fn a_value_that_was_never_sent_is_reported_as_replaced() {
    let mut session = session(Goal::Create);
    outputs(&mut session);
    let first = session.broadcast(call("goTo", "[1]", Some("goTo"))).unwrap();
    session.broadcast(call("goTo", "[2]", Some("goTo"))).unwrap();
    let replaced = Event::Answered { ticket: first, outcome: Outcome::Replaced };
    assert_eq!(outputs(&mut session), [Output::Event(replaced)]);
}

#[test]
fn while_the_network_is_slow_values_replace_each_other_instead_of_piling_up() {
    let mut session = owner();
    session.handle(Timestamp(10), Input::Buffered(MAX_BUFFERED_BYTES));
    for value in 1..=3 {
        session.broadcast(call("goTo", &format!("[{value}]"), Some("goTo"))).unwrap();
    }
    assert_eq!(sent(&mut session), Vec::<String>::new());
    assert_eq!(session.next_timeout(), Some(Timestamp(60)));
    session.handle(Timestamp(60), Input::Buffered(1_000));
    assert_eq!(sent(&mut session), [r#"{"id":1,"funcKey":"goTo","funcParams":[3],"stateMessage":true}"#]);
}

#[test]
fn sent_bytes_count_as_buffered_until_the_page_reports_otherwise() {
    let mut session = owner();
    let params = format!("[\"{}\"]", "x".repeat(60_000));
    for _ in 0..10 {
        session.broadcast(call("a", &params, None)).unwrap();
    }
    assert_eq!(sent(&mut session).len(), 5, "the rest waits");
}

#[test]
fn a_claim_whose_snapshot_was_cut_off_asks_for_it_again() {
    let mut session = session(Goal::Claim { uuid: "room".to_owned(), owner_key: "key".to_owned() });
    outputs(&mut session);
    session.handle(Timestamp(0), Input::Opened);
    session.handle(Timestamp(0), Input::Received(owner_reply(4, 0, 2)));
    assert!(reconnect(&mut session, 1).contains(r#""since":0"#));
    session.handle(Timestamp(5_000), Input::Received(owner_reply(4, 0, 2)));
    session.handle(Timestamp(5_000), Input::Received(ServerMessage::Synced(4)));
    assert_eq!(events(&mut session), ["Entered", "Connected"]);
    assert!(!reconnect(&mut session, 6_000).contains("since"));
}

#[test]
fn an_owner_whose_room_was_opened_anew_is_told_and_undoes_nothing() {
    let mut session = session(Goal::Claim { uuid: "room".to_owned(), owner_key: "key".to_owned() });
    session.handle(Timestamp(0), Input::Opened);
    session.handle(Timestamp(0), Input::Received(owner_reply(1, 0, 2)));
    session.handle(Timestamp(0), Input::Received(action(1, "goTo", Some("goTo"))));
    session.handle(Timestamp(0), Input::Received(ServerMessage::Synced(1)));
    reconnect(&mut session, 1);
    session.handle(Timestamp(5_000), Input::Received(owner_reply(1_000, 0, 3)));
    outputs(&mut session);
    session.handle(Timestamp(5_000), Input::Received(ServerMessage::Resync(1_000)));
    session.handle(Timestamp(5_000), Input::Received(ServerMessage::Synced(1_000)));
    assert_eq!(outputs(&mut session), [Output::Event(Event::Resync)]);
    assert_eq!(session.status(), SessionStatus::Connected);
}
