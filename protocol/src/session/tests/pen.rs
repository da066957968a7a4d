//! Pages that get the pen and lose it.

use super::*;
use crate::ENTRY_SLOT;

const KEY: &str = "key of a seat";

/// The entry of the log that passes the pen.
fn driver(seq: u64) -> ServerMessage<String> {
    ServerMessage::Cleared { seq: Some(seq), slot: ENTRY_SLOT.to_owned() }
}

fn receive(session: &mut Page, messages: impl IntoIterator<Item = ServerMessage<String>>) {
    for message in messages {
        session.handle(Timestamp(10), Input::Received(message));
    }
}

/// A page that has entered with the key of a seat, where somebody else drives. It was handed
/// everything up to seq 7.
fn presenter() -> Page {
    let goal = Goal::Join { uuid: "room".to_owned() };
    let mut session = Session::new(SessionOptions { invite: Some(KEY.to_owned()), ..options(goal) });
    session.handle(Timestamp(0), Input::Start);
    session.handle(Timestamp(0), Input::Opened);
    assert_eq!(
        sent(&mut session),
        [format!(
            r#"{{"uuid":"room","status":{{"value":2,"text":"join connection"}},"v":2,"invite":"{KEY}","session":"s1","ack":0}}"#
        )]
    );
    receive(&mut session, [reply(7, 0), action(3, "a", Some("a")), ServerMessage::Synced(7)]);
    assert_eq!(events(&mut session), ["Entered", "CatchingUp", "[3]", "Connected"]);
    session
}

/// Enters anew, and returns the first message.
fn enter_anew(session: &mut Page, invite: Option<&str>) -> String {
    session.set_invite(invite.map(str::to_owned));
    session.enter_anew(Timestamp(10));
    assert_eq!(outputs(session), [Output::Disconnect, Output::Connect], "at once and without a word");
    session.handle(Timestamp(10), Input::Opened);
    sent(session).remove(0)
}

/// A page that has followed up to seq 7, got the pen by the entry 8, and drives in epoch 4.
fn new_driver() -> Page {
    let mut session = presenter();
    receive(&mut session, [driver(8)]);
    let first = enter_anew(&mut session, Some(KEY));
    assert!(first.contains(r#""since":8,"invite":"key of a seat","session":"s1","ack":0}"#), "{first}");
    receive(&mut session, [owner_reply(8, 0, 4)]);
    session
}

#[test]
fn a_page_that_gets_the_pen_stands_where_it_stood() {
    let mut session = new_driver();
    assert_eq!(outputs(&mut session), [], "it is connected all the time");
    assert!(session.is_owner());
    assert_eq!((session.fast_path_id(), session.fast_path_seq()), (Some(1), None));
    session.broadcast(call("b", "[]", None)).unwrap();
    assert_eq!(sent(&mut session), [r#"{"id":1,"funcKey":"b"}"#]);
    let first = reconnect(&mut session, 20);
    assert!(!first.contains("since") && first.contains(r#""ack":0,"epoch":4"#), "{first}");
    session.handle(Timestamp(5_000), Input::Received(owner_reply(8, 0, 5)));
    assert_eq!(sent(&mut session), [r#"{"id":1,"funcKey":"b"}"#]);
}

#[test]
fn a_page_that_loses_the_pen_is_told_what_became_of_each_action() {
    let mut session = new_driver();
    for (key, slot) in [("b", None), ("c", None), ("d", Some("d"))] {
        session.broadcast(call(key, "[]", slot)).unwrap();
    }
    outputs(&mut session);
    session.broadcast(call("e", "[]", None)).unwrap();
    let first = enter_anew(&mut session, Some(KEY));
    assert!(!first.contains("since") && first.contains(r#""ack":0,"epoch":4"#), "{first}");
    session.broadcast(call("f", "[]", None)).unwrap();
    receive(&mut session, [reply(12, 2)]);
    assert!(!session.is_owner());
    let refused = |ticket, slot: Option<&str>| {
        let outcome =
            Outcome::Refused { refusal: RefusalCode::NotOwner.into(), slot: slot.map(str::to_owned) };
        Output::Event(Event::Answered { ticket, outcome })
    };
    assert_eq!(
        outputs(&mut session),
        [
            refused(3, Some("d")),
            refused(4, None),
            refused(5, None),
            Output::Event(Event::Status(SessionStatus::CatchingUp))
        ]
    );
    assert_eq!(session.broadcast(call("g", "[]", None)), Err(BroadcastError::NotOwner));
    receive(&mut session, [ServerMessage::Ack { id: 2, seq: 10 }, driver(11), action(12, "g", None)]);
    assert_eq!(answered(&mut session), [(1, 9), (2, 10)]);
    assert_eq!((session.status(), session.fast_path_seq()), (SessionStatus::Connected, Some(13)));
    assert_eq!(session.fast_path_id(), None);
    let first = reconnect(&mut session, 20);
    assert!(first.contains(r#""since":12"#) && first.contains(r#""epoch":4"#), "{first}");
}

#[test]
fn a_page_that_drives_before_its_snapshot_came_gets_it_later() {
    let goal = Goal::Join { uuid: "room".to_owned() };
    let mut session = Session::new(SessionOptions { invite: Some(KEY.to_owned()), ..options(goal) });
    session.handle(Timestamp(0), Input::Start);
    session.handle(Timestamp(0), Input::Opened);
    receive(&mut session, [owner_reply(7, 0, 4), action(3, "a", Some("a"))]);
    assert_eq!(events(&mut session), ["Connecting", "Entered", "CatchingUp", "[3]"]);
    for is_owner in [true, false] {
        let first = enter_anew(&mut session, Some(KEY));
        assert!(first.contains(r#""since":0"#) && first.contains(r#""epoch":4"#), "{first}");
        receive(&mut session, [if is_owner { owner_reply(7, 0, 4) } else { reply(8, 0) }]);
        assert_eq!(outputs(&mut session), []);
    }
    receive(&mut session, [action(3, "a", Some("a")), ServerMessage::Synced(8)]);
    assert_eq!(events(&mut session), ["Connected"]);
    assert!(reconnect(&mut session, 20).contains(r#""since":8"#));
}

#[test]
fn what_a_driver_did_itself_is_never_handed_to_it() {
    let mut session = new_driver();
    session.broadcast(call("b", "[]", None)).unwrap();
    outputs(&mut session);
    receive(&mut session, [ServerMessage::Ack { id: 1, seq: 9 }]);
    // It is away while the pen passes, and loses the next connection before anything came.
    for _ in 0..2 {
        let first = reconnect(&mut session, 20);
        assert!(!first.contains("since") && first.contains(r#""epoch":4"#), "{first}");
        session.handle(Timestamp(5_000), Input::Received(reply(12, 1)));
        assert_eq!(session.fast_path_seq(), None);
    }
    events(&mut session);
    receive(&mut session, [driver(10), action(11, "c", None), action(12, "d", None)]);
    assert_eq!(events(&mut session), ["[11]", "[12]", "Connected"]);
}

#[test]
fn a_driver_that_is_told_of_the_pass_goes_on_from_there() {
    let mut session = new_driver();
    receive(&mut session, [driver(9)]);
    let first = enter_anew(&mut session, Some(KEY));
    assert!(first.contains(r#""since":9"#) && first.contains(r#""epoch":4"#), "{first}");
    receive(&mut session, [reply(9, 0), action(10, "c", None)]);
    assert_eq!(events(&mut session), ["[10]"]);
    assert_eq!(session.fast_path_seq(), Some(11));
}

#[test]
fn a_page_that_has_driven_is_resynced_like_any_follower() {
    let mut session = new_driver();
    for slot in ["a", "mine", "mine too", "not mine"] {
        session.broadcast(call(slot, "[]", Some(slot))).unwrap();
    }
    session.clear("not mine").unwrap();
    outputs(&mut session);
    enter_anew(&mut session, Some(KEY));
    receive(&mut session, [reply(90, 5), ServerMessage::Ack { id: 5, seq: 13 }]);
    outputs(&mut session);
    receive(&mut session, [ServerMessage::Resync(90), action(80, "a", Some("a"))]);
    receive(&mut session, [action(81, "b", Some("mine")), ServerMessage::Synced(90)]);
    assert_eq!(events(&mut session), ["Resync", "[80]", "[81]", "cleared mine too", "Connected"]);
    assert!(reconnect(&mut session, 20).contains(r#""since":90"#));
}

#[test]
fn a_creator_without_the_pen_follows_from_the_state_on_until_it_gets_it() {
    let goal = Goal::Claim { uuid: "room".to_owned(), owner_key: "key".to_owned() };
    let mut session = session(goal);
    session.handle(Timestamp(0), Input::Opened);
    let first = sent(&mut session).remove(0);
    assert!(first.ends_with(r#""since":0,"ownerKey":"key","drive":false,"session":"s1","ack":0}"#));
    session.broadcast(call("early", "[]", None)).unwrap();
    receive(&mut session, [reply(7, 0), action(3, "a", Some("a")), ServerMessage::Synced(7)]);
    let told = events(&mut session);
    assert!(told[0].contains("not_owner"), "{told:?}");
    assert_eq!(told[1..], ["[3]", "Entered", "Connected"]);
    receive(&mut session, [action(8, "b", None), driver(9)]);
    assert_eq!(events(&mut session), ["[8]"]);
    let first = enter_anew(&mut session, None);
    assert!(first.contains(r#""since":9,"ownerKey":"key","drive":false,"session":"s1","ack":0}"#));
    receive(&mut session, [owner_reply(9, 0, 4)]);
    assert_eq!(events(&mut session), [""; 0]);
    assert!(session.is_owner());
}

/// Opens the next connection after an attempt that has failed. Returns its first message.
fn come_back(session: &mut Page) -> String {
    let until = session.next_timeout().unwrap();
    session.handle(until, Input::Timeout);
    session.handle(until, Input::Opened);
    sent(session).remove(0)
}

#[test]
fn a_key_that_is_not_valid_any_more_makes_an_ordinary_follower() {
    let wrong = || Input::Received(ServerMessage::Refused(RefusalCode::WrongOwnerKey.into()));
    let mut follows = presenter();
    reconnect(&mut follows, 1);
    follows.handle(Timestamp(2_000), wrong());
    let first = come_back(&mut follows);
    assert!(first.ends_with(r#""v":2,"since":7}"#), "{first}");

    // A driver's turn ends with its key: nobody knows up to where it drove.
    let mut drives = new_driver();
    drives.broadcast(call("b", "[]", Some("b"))).unwrap();
    reconnect(&mut drives, 20);
    drives.handle(Timestamp(2_000), wrong());
    assert!(come_back(&mut drives).ends_with(r#""v":2}"#));
    let messages =
        [reply(30, 0), action(9, "b", Some("b")), action(30, "c", Some("a")), ServerMessage::Synced(30)];
    for message in messages {
        drives.handle(Timestamp(9_000), Input::Received(message));
    }
    let told = events(&mut drives);
    assert!(told[0].contains("not_owner"), "{told:?}");
    assert_eq!(told[1..], ["CatchingUp", "[9]", "[30]", "Connected"]);

    let goal = Goal::Join { uuid: "room".to_owned() };
    let mut never_in =
        Session::<String>::new(SessionOptions { invite: Some(KEY.to_owned()), ..options(goal) });
    never_in.handle(Timestamp(0), Input::Start);
    never_in.handle(Timestamp(0), Input::Opened);
    never_in.handle(Timestamp(0), wrong());
    assert_eq!(never_in.status(), SessionStatus::Closed);
}

#[test]
fn a_page_without_a_connection_enters_with_the_key_when_it_has_one() {
    let mut session = follower();
    session.handle(Timestamp(1), Input::Disconnected(1006));
    outputs(&mut session);
    let until = session.next_timeout();
    session.set_invite(Some(KEY.to_owned()));
    session.enter_anew(Timestamp(2));
    assert_eq!((outputs(&mut session), session.next_timeout()), (Vec::new(), until));
    session.handle(until.unwrap(), Input::Timeout);
    session.set_invite(Some("another key".to_owned()));
    session.enter_anew(until.unwrap());
    session.handle(until.unwrap(), Input::Opened);
    let first = sent(&mut session).remove(0);
    assert!(first.contains(r#""since":0,"invite":"another key""#), "{first}");
    // The reply is awaited: what was asked for is out of date.
    session.enter_anew(until.unwrap());
    assert_eq!(outputs(&mut session), [Output::Disconnect, Output::Connect]);
}

#[test]
fn an_entry_anew_that_fails_is_a_lost_connection() {
    let mut session = presenter();
    session.enter_anew(Timestamp(10));
    session.handle(Timestamp(11), Input::Disconnected(1006));
    assert_eq!(events(&mut session), ["AttemptFailed", "Reconnecting"]);
    assert_eq!(session.next_timeout().map(|at| at > Timestamp(11)), Some(true));
}
