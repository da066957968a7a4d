//! A page that sleeps and wakes, and what is told of attempts that fail.

use super::*;

fn owner_entered_at(now: u64) -> Page {
    let mut session = Session::new(options(Goal::Create));
    for input in [Input::Start, Input::Opened, Input::Received(created())] {
        session.handle(Timestamp(now), input);
    }
    outputs(&mut session);
    session
}

#[test]
fn a_page_that_sleeps_drops_its_connection_without_a_word_and_comes_back_at_once() {
    for mut page in [owner_entered_at(0), follower()] {
        page.handle(Timestamp(5), Input::Sleep);
        assert_eq!(
            outputs(&mut page),
            [Output::Disconnect, Output::Event(Event::Status(SessionStatus::Reconnecting))]
        );
        // However long it sleeps, it does nothing.
        page.handle(Timestamp(1_000_000_000), Input::Timeout);
        assert_eq!(outputs(&mut page), []);
        page.handle(Timestamp(1_000_000_001), Input::Wake);
        assert_eq!(outputs(&mut page), [Output::Connect]);
        // That it slept doesn't make the next wait longer.
        page.handle(Timestamp(1_000_000_002), Input::Disconnected(1006));
        assert!(page.next_timeout().unwrap() <= Timestamp(1_000_001_002));
    }
}

#[test]
fn what_a_page_broadcasts_before_and_while_it_sleeps_is_sent_when_it_wakes() {
    let mut page = owner_entered_at(0);
    let broadcast =
        |page: &mut Page, key| page.broadcast(Action { key, params: "[]", slot: None, at: None }).unwrap();
    broadcast(&mut page, "before");
    assert_eq!(sent(&mut page).len(), 1);
    page.handle(Timestamp(1), Input::Sleep);
    broadcast(&mut page, "meanwhile");
    assert_eq!(sent(&mut page), [""; 0]);
    page.handle(Timestamp(2), Input::Wake);
    page.handle(Timestamp(2), Input::Opened);
    outputs(&mut page);
    page.handle(Timestamp(2), Input::Received(owner_reply(1, 1, 2)));
    assert_eq!(sent(&mut page), [r#"{"id":2,"funcKey":"meanwhile"}"#]);
}

#[test]
fn a_close_that_was_sent_is_not_undone_by_sleeping() {
    let mut page = owner_entered_at(0);
    page.handle(Timestamp(1), Input::Close);
    outputs(&mut page);
    page.handle(Timestamp(1), Input::Sleep);
    assert_eq!(outputs(&mut page), []);
    page.handle(Timestamp(2), Input::Received(ServerMessage::Closed));
    assert_eq!(page.status(), SessionStatus::Closed);
}

#[test]
fn a_page_that_slept_before_it_was_in_its_room_has_its_whole_time_again() {
    let mut page = session(Goal::Create);
    page.handle(Timestamp(14_000), Input::Sleep);
    page.handle(Timestamp(60_000), Input::Wake);
    page.handle(Timestamp(60_001), Input::Timeout);
    assert_eq!(page.status(), SessionStatus::Connecting);
    page.handle(Timestamp(75_000), Input::Timeout);
    assert_eq!(page.status(), SessionStatus::Closed);
}

#[test]
fn a_page_whose_timers_stop_keeps_its_connection_while_messages_come() {
    let mut page = follower();
    // The heartbeat's timer comes a minute late, and so does the one that looks for the answer.
    page.handle(Timestamp(85_000), Input::Timeout);
    assert_eq!(sent(&mut page), [r#"{"ping":1}"#]);
    page.handle(Timestamp(85_010), Input::Received(ServerMessage::Pong { number: 1, time: None }));
    page.handle(Timestamp(150_000), Input::Timeout);
    assert_eq!((page.status(), sent(&mut page).len()), (SessionStatus::Connected, 1));
}

#[test]
fn each_attempt_that_fails_is_told_with_its_reason() {
    let failed = |page: &mut Page| {
        assert!(outputs(page).contains(&Output::Event(Event::AttemptFailed)));
        page.last_failure().clone()
    };
    let limited = || Refusal::until_later(RefusalCode::RateLimited, 100);
    let mut page = session(Goal::Create);
    page.handle(Timestamp(0), Input::Disconnected(1006));
    assert_eq!(failed(&mut page), EndReason::ConnectionFailed);
    page.handle(Timestamp(1_000), Input::Timeout);
    page.handle(Timestamp(1_000), Input::Opened);
    page.handle(Timestamp(1_000), Input::Received(ServerMessage::Refused(limited())));
    assert_eq!(failed(&mut page), EndReason::Refused(limited()));

    // The room was never reached, and the refusal says why.
    page.handle(Timestamp(15_000), Input::Timeout);
    let ended = Output::Event(Event::Ended(EndReason::Refused(limited())));
    assert!(outputs(&mut page).contains(&ended));
}

#[test]
fn a_connection_that_is_lost_is_no_failed_attempt() {
    let mut page = follower();
    page.handle(Timestamp(5), Input::Disconnected(1006));
    assert_eq!(outputs(&mut page), [Output::Event(Event::Status(SessionStatus::Reconnecting))]);
}

#[test]
fn a_follower_whose_owner_may_open_the_lost_room_anew_goes_on_trying() {
    let mut session = follower();
    reconnect(&mut session, 1);
    let lost = ServerMessage::Refused(Refusal::lost_room(1_000));
    session.handle(Timestamp(5_000), Input::Received(lost));
    assert_eq!(session.status(), SessionStatus::Reconnecting);
    assert!(session.next_timeout() >= Some(Timestamp(6_000)));
}
