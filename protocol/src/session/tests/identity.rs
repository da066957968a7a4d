//! What a page says of itself in its first message.

use super::*;

#[test]
fn a_follower_that_joined_by_a_code_comes_back_by_the_uuid() {
    let mut session = session(Goal::Join { uuid: "K7M4QX".to_owned() });
    session.handle(Timestamp(0), Input::Opened);
    assert!(sent(&mut session)[0].contains(r#""uuid":"K7M4QX""#));
    assert_eq!(session.code(), None);
    let ServerMessage::Connected(reply) = reply(0, 0) else { unreachable!("it is a reply") };
    let reply = Connected { code: Some("K7M4QX".to_owned()), ..reply };
    session.handle(Timestamp(0), Input::Received(ServerMessage::Connected(reply)));
    session.handle(Timestamp(0), Input::Received(ServerMessage::Synced(0)));
    assert_eq!((session.uuid(), session.code()), (Some("room"), Some("K7M4QX")));
    outputs(&mut session);
    assert!(reconnect(&mut session, 1).contains(r#""uuid":"room""#));
}

#[test]
fn a_session_asks_for_a_code_when_it_opens_a_room_and_never_again() {
    let mut session = Session::<String>::new(SessionOptions { code: true, ..options(Goal::Create) });
    session.handle(Timestamp(0), Input::Start);
    session.handle(Timestamp(0), Input::Opened);
    assert!(sent(&mut session)[0].contains(r#""code":true"#));
    session.handle(Timestamp(0), Input::Received(created()));
    outputs(&mut session);
    assert!(!reconnect(&mut session, 1).contains("code"));
}

#[test]
fn a_session_adds_its_numbers_to_a_first_message_that_it_is_given() {
    let mut session = Session::<String, _>::unnamed(false, true, 1, 15_000);
    let first = |session: &mut Session<String, Unnamed>, now| {
        session.set_first_message(r#"{"v":2"#.to_owned());
        session.handle(Timestamp(now), Input::Opened);
        std::iter::from_fn(|| session.poll_output()).find_map(|output| match output {
            Output::Send(text) => Some(text),
            _ => None,
        })
    };
    session.handle(Timestamp(0), Input::Start);
    assert_eq!(first(&mut session, 0).unwrap(), r#"{"v":2,"since":0,"ack":0}"#);
    session.handle(Timestamp(0), Input::Received(owner_reply(4, 0, 2)));
    session.handle(Timestamp(0), Input::Received(ServerMessage::Synced(4)));
    session.enter_anew(Timestamp(1));
    assert_eq!(first(&mut session, 1).unwrap(), r#"{"v":2,"ack":0,"epoch":2}"#);
}

#[test]
fn each_connections_first_message_has_the_token_that_was_set_last() {
    let mut owner = session(Goal::Create);
    owner.set_token(Some("one".to_owned()));
    owner.handle(Timestamp(0), Input::Opened);
    assert!(sent(&mut owner)[0].ends_with(r#""token":"one"}"#));
    owner.handle(Timestamp(0), Input::Received(created()));
    owner.handle(Timestamp(0), Input::Disconnected(1006));
    owner.handle(owner.next_timeout().unwrap(), Input::Timeout);
    owner.set_token(Some("two".to_owned()));
    owner.handle(Timestamp(2_000), Input::Opened);
    assert!(sent(&mut owner)[0].ends_with(r#""token":"two"}"#));
}
