//! Actions that the driver hands over by itself.

use super::*;

#[test]
fn what_the_driver_hands_over_by_itself_counts_as_received() {
    let mut session = follower();
    session.handle(Timestamp(0), Input::Received(action(1, "a", Some("slot"))));
    told(&mut session);
    assert_eq!(session.straight_seq(), Some(2));
    let place = session.place_of_slot("slot").unwrap();
    session.slot_written(place, 2);
    session.handed_over(Timestamp(5), 4);
    assert_eq!(session.straight_seq(), Some(5));
    assert_eq!(session.next_timeout(), Some(Timestamp(25_005)), "it was heard of the server then");
    for seq in [2, 3, 4] {
        session.handle(Timestamp(6), Input::Received(action(seq, "a", None)));
    }
    assert_eq!(told(&mut session), Vec::<String>::new());
    assert!(reconnect(&mut session, 7).contains(r#""since":4"#));
    session.handle(Timestamp(5_000), Input::Received(reply(9, 0)));
    session.handle(Timestamp(5_000), Input::Received(ServerMessage::Resync(9)));
    session.handle(Timestamp(5_000), Input::Received(action(2, "a", Some("slot"))));
    session.handle(Timestamp(5_000), Input::Received(ServerMessage::Synced(9)));
    assert_eq!(told(&mut session), ["CatchingUp", "Resync", "Connected"], "its state was handed over before");
}

#[test]
fn an_answer_to_a_ping_is_no_longer_awaited_once_an_action_was_handed_over() {
    let mut session = follower();
    session.handle(Timestamp(25_000), Input::Timeout);
    outputs(&mut session);
    session.handed_over(Timestamp(25_001), 1);
    assert_eq!(session.next_timeout(), Some(Timestamp(50_001)));
}

#[test]
fn nothing_goes_the_straight_way_unless_the_next_action_is_sure_to_be_handed_over() {
    let mut joining = session(Goal::Join { uuid: "room".to_owned() });
    assert_eq!(joining.straight_seq(), None);
    joining.handle(Timestamp(0), Input::Opened);
    joining.handle(Timestamp(0), Input::Received(reply(3, 0)));
    outputs(&mut joining);
    assert_eq!(joining.straight_seq(), None, "the snapshot comes in");
    joining.handle(Timestamp(0), Input::Received(ServerMessage::Synced(3)));
    assert_eq!(joining.straight_seq(), None, "it is not told yet");
    outputs(&mut joining);
    assert_eq!(joining.straight_seq(), Some(4));
    joining.handle(Timestamp(0), Input::Received(ServerMessage::Resync(9)));
    outputs(&mut joining);
    assert_eq!(joining.straight_seq(), None, "another snapshot comes in");
    joining.handle(Timestamp(0), Input::Received(ServerMessage::Synced(9)));
    outputs(&mut joining);
    assert_eq!(joining.straight_seq(), Some(10));
    joining.handle(Timestamp(0), Input::Disconnected(1006));
    outputs(&mut joining);
    assert_eq!(joining.straight_seq(), None);
    let mut behind = follower();
    reconnect(&mut behind, 1);
    behind.handle(Timestamp(5_000), Input::Received(reply(3, 0)));
    outputs(&mut behind);
    assert_eq!(behind.straight_seq(), None, "it catches up");
    let mut ended = follower();
    ended.handle(Timestamp(1), Input::Close);
    outputs(&mut ended);
    assert_eq!(ended.straight_seq(), None);
}
