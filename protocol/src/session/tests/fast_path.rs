//! The fast path: actions that the driver hands over or writes by itself.

use super::*;
use crate::session::fast_path::{MAX_ACTION_BYTES, MAX_ACTIONS, MAX_FRAME_BYTES};

#[test]
fn actions_that_the_driver_hands_over_count_as_received() {
    let mut session = follower();
    session.handle(Timestamp(0), Input::Received(action(1, "a", Some("slot"))));
    events(&mut session);
    assert_eq!(session.fast_path_seq(), Some(2));
    let index = session.slot_index("slot").unwrap();
    session.slot_written(index, 2);
    session.fast_path_delivered(Timestamp(5), 4);
    assert_eq!(session.fast_path_seq(), Some(5));
    assert_eq!(session.next_timeout(), Some(Timestamp(25_005)), "the server was last heard then");
    for seq in [2, 3, 4] {
        session.handle(Timestamp(6), Input::Received(action(seq, "a", None)));
    }
    assert_eq!(events(&mut session), Vec::<String>::new());
    assert!(reconnect(&mut session, 7).contains(r#""since":4"#));
    session.handle(Timestamp(5_000), Input::Received(reply(9, 0)));
    session.handle(Timestamp(5_000), Input::Received(ServerMessage::Resync(9)));
    session.handle(Timestamp(5_000), Input::Received(action(2, "a", Some("slot"))));
    session.handle(Timestamp(5_000), Input::Received(ServerMessage::Synced(9)));
    assert_eq!(
        events(&mut session),
        ["CatchingUp", "Resync", "Connected"],
        "its state message was handed over before"
    );
}

#[test]
fn an_action_that_the_driver_handed_over_stands_for_the_answer_to_a_ping() {
    let mut session = follower();
    session.handle(Timestamp(25_000), Input::Timeout);
    outputs(&mut session);
    session.fast_path_delivered(Timestamp(25_001), 1);
    assert_eq!(session.next_timeout(), Some(Timestamp(50_001)));
}

#[test]
fn the_fast_path_is_closed_unless_the_next_action_is_sure_to_be_handed_over() {
    let mut joining = session(Goal::Join { uuid: "room".to_owned() });
    assert_eq!(joining.fast_path_seq(), None);
    joining.handle(Timestamp(0), Input::Opened);
    joining.handle(Timestamp(0), Input::Received(reply(3, 0)));
    outputs(&mut joining);
    assert_eq!(joining.fast_path_seq(), None, "the snapshot comes in");
    joining.handle(Timestamp(0), Input::Received(ServerMessage::Synced(3)));
    assert_eq!(joining.fast_path_seq(), None, "the page was not told yet");
    outputs(&mut joining);
    assert_eq!(joining.fast_path_seq(), Some(4));
    joining.handle(Timestamp(0), Input::Received(ServerMessage::Resync(9)));
    outputs(&mut joining);
    assert_eq!(joining.fast_path_seq(), None, "another snapshot comes in");
    joining.handle(Timestamp(0), Input::Received(ServerMessage::Synced(9)));
    outputs(&mut joining);
    assert_eq!(joining.fast_path_seq(), Some(10));
    joining.handle(Timestamp(0), Input::Disconnected(1006));
    outputs(&mut joining);
    assert_eq!(joining.fast_path_seq(), None);
    let mut behind = follower();
    reconnect(&mut behind, 1);
    behind.handle(Timestamp(5_000), Input::Received(reply(3, 0)));
    outputs(&mut behind);
    assert_eq!(behind.fast_path_seq(), None, "it catches up");
    let mut ended = follower();
    ended.handle(Timestamp(1), Input::Close);
    outputs(&mut ended);
    assert_eq!(ended.fast_path_seq(), None);
}

/// An owner whose driver has written `a` and `b` by itself. `a` is answered.
fn owner_whose_driver_wrote() -> Page {
    let mut session = owner();
    assert_eq!(session.fast_path_id(), Some(1));
    session.fast_path_answered(Timestamp(7), 1);
    session.broadcast(call("b", "[2]", Some("b"))).unwrap();
    session.fast_path_written();
    session
}

#[test]
fn actions_that_the_driver_wrote_are_not_written_again_on_the_same_connection() {
    let mut session = owner_whose_driver_wrote();
    assert_eq!(sent(&mut session), Vec::<String>::new());
    assert_eq!(session.next_timeout(), Some(Timestamp(25_007)), "the server was last heard then");
    session.broadcast(call("b", "[3]", Some("b"))).unwrap();
    assert_eq!(
        sent(&mut session),
        [r#"{"id":3,"funcKey":"b","funcParams":[3],"stateMessage":true}"#],
        "a written action isn't replaced"
    );
    session.handle(Timestamp(8), Input::Received(ServerMessage::Ack { id: 3, seq: 9 }));
    assert_eq!(answered(&mut session), [(1, 8), (2, 9)]);
    assert_eq!(session.fast_path_id(), Some(4));
}

#[test]
fn unanswered_actions_that_the_driver_wrote_are_written_again_on_the_next_connection() {
    let mut session = owner_whose_driver_wrote();
    assert!(
        reconnect(&mut session, 8).contains(r#""ack":1"#),
        "the room need not answer the first one again"
    );
    session.handle(Timestamp(5_000), Input::Received(owner_reply(1, 1, 2)));
    assert_eq!(sent(&mut session), [r#"{"id":2,"funcKey":"b","funcParams":[2],"stateMessage":true}"#]);
}

#[test]
fn the_driver_may_write_only_while_everything_is_answered_and_the_limits_are_large() {
    let mut creating = session(Goal::Create);
    outputs(&mut creating);
    assert_eq!(creating.fast_path_id(), None);
    creating.handle(Timestamp(0), Input::Opened);
    let limits = AnnouncedLimits { queue_actions: MAX_ACTIONS, ..AnnouncedLimits::default() };
    creating.handle(Timestamp(0), Input::Received(created_with(limits)));
    assert_eq!(creating.fast_path_id(), None, "the page was not told yet that it has entered");
    events(&mut creating);
    assert_eq!(creating.fast_path_id(), Some(1));
    creating.broadcast(call("a", "[]", None)).unwrap();
    assert_eq!(creating.fast_path_id(), None);
    outputs(&mut creating);
    assert_eq!(creating.fast_path_id(), None);
    creating.handle(Timestamp(1), Input::Received(ServerMessage::Ack { id: 1, seq: 1 }));
    assert_eq!(creating.fast_path_id(), None, "the page was not told of the answer yet");
    events(&mut creating);
    assert_eq!(creating.fast_path_id(), Some(2));
    creating.handle(Timestamp(2), Input::Disconnected(1006));
    events(&mut creating);
    assert_eq!(creating.fast_path_id(), None);
    assert_eq!(follower().fast_path_id(), None);
    for limits in [
        AnnouncedLimits { queue_actions: MAX_ACTIONS - 1, ..AnnouncedLimits::default() },
        AnnouncedLimits { queue_bytes: MAX_ACTIONS * MAX_ACTION_BYTES - 1, ..AnnouncedLimits::default() },
        AnnouncedLimits { message_bytes: MAX_FRAME_BYTES - 1, ..AnnouncedLimits::default() },
    ] {
        let mut creating = session(Goal::Create);
        outputs(&mut creating);
        creating.handle(Timestamp(0), Input::Opened);
        creating.handle(Timestamp(0), Input::Received(created_with(limits)));
        events(&mut creating);
        assert_eq!(creating.fast_path_id(), None, "{limits:?}");
    }
}

#[test]
fn writing_without_an_answer_does_not_count_as_hearing_from_the_server() {
    let mut session = owner();
    session.handle(Timestamp(1_000), Input::Wake);
    outputs(&mut session);
    assert_eq!(session.fast_path_id(), Some(1));
    session.fast_path_answered(Timestamp(500), 0);
    session.broadcast(call("a", "[]", None)).unwrap();
    session.fast_path_written();
    assert_eq!(session.next_timeout(), Some(Timestamp(6_000)), "the ping must be answered by then");
    session.handle(Timestamp(6_000), Input::Timeout);
    assert!(outputs(&mut session).contains(&Output::Disconnect));
}
