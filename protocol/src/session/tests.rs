//! Sessions against a server whose messages are written by hand.

mod entries;
mod fast_path;
mod identity;
mod lifecycle;
#[cfg(feature = "moments")]
mod moments;
mod owner;
mod pen;

use super::*;
use crate::{Connected, Refusal, RefusalCode, ServerMessage};

type Page = Session<String>;

fn options(goal: Goal) -> SessionOptions {
    SessionOptions {
        goal,
        session: "s1".to_owned(),
        seed: 1,
        connect_timeout_ms: 15_000,
        share_audience: false,
        code: false,
        clock: false,
        share_roster: false,
        name: None,
        invite: None,
    }
}

fn session(goal: Goal) -> Page {
    let mut session = Session::new(options(goal));
    session.handle(Timestamp(0), Input::Start);
    session
}

fn owner() -> Page {
    let mut session = session(Goal::Create);
    outputs(&mut session);
    session.handle(Timestamp(0), Input::Opened);
    session.handle(Timestamp(0), Input::Received(created()));
    outputs(&mut session);
    session
}

fn follower() -> Page {
    let mut session = session(Goal::Join { uuid: "room".to_owned() });
    outputs(&mut session);
    session.handle(Timestamp(0), Input::Opened);
    session.handle(Timestamp(0), Input::Received(reply(0, 0)));
    session.handle(Timestamp(0), Input::Received(ServerMessage::Synced(0)));
    outputs(&mut session);
    session
}

fn reply(seq: u64, ack: u64) -> ServerMessage<String> {
    ServerMessage::Connected(Connected {
        uuid: "room".to_owned(),
        version: Some(2),
        seq,
        ack,
        ..Connected::default()
    })
}

/// The reply to a page that may write.
fn owner_reply(seq: u64, ack: u64, epoch: u64) -> ServerMessage<String> {
    let ServerMessage::Connected(reply) = reply(seq, ack) else { unreachable!("it is a reply") };
    ServerMessage::Connected(Connected { epoch: Some(epoch), ..reply })
}

fn created() -> ServerMessage<String> {
    created_with(AnnouncedLimits::default())
}

fn created_with(limits: AnnouncedLimits) -> ServerMessage<String> {
    ServerMessage::Connected(Connected {
        uuid: "room".to_owned(),
        version: Some(2),
        owner_key: Some("key".to_owned()),
        epoch: Some(1),
        limits,
        ..Connected::default()
    })
}

fn action(seq: u64, key: &str, slot: Option<&str>) -> ServerMessage<String> {
    ServerMessage::Action {
        seq: Some(seq),
        key: key.to_owned(),
        params: format!("[{seq}]"),
        slot: slot.map(str::to_owned),
        at: None,
    }
}

/// An action that an owner broadcasts.
fn call<'a>(key: &'a str, params: &'a str, slot: Option<&'a str>) -> Action<&'a str> {
    Action { key, params, slot, at: None }
}

fn outputs(session: &mut Page) -> Vec<Output<String>> {
    std::iter::from_fn(|| session.poll_output()).collect()
}

/// The events that the page was told: actions by their params, the rest in words.
fn events(session: &mut Page) -> Vec<String> {
    let events = outputs(session).into_iter().filter_map(|output| match output {
        Output::Event(Event::Action { params, .. }) => Some(params),
        Output::Event(Event::Cleared { slot, .. }) => Some(format!("cleared {slot}")),
        Output::Event(Event::Status(status)) => Some(format!("{status:?}")),
        Output::Event(other) => Some(format!("{other:?}")),
        Output::Connect | Output::Send(_) | Output::Disconnect => None,
    });
    events.collect()
}

/// The tickets and seqs of the page's own actions that were appended.
fn answered(session: &mut Page) -> Vec<(u64, u64)> {
    let answered = outputs(session).into_iter().filter_map(|output| match output {
        Output::Event(Event::Answered { ticket, outcome: Outcome::Appended(seq) }) => Some((ticket, seq)),
        _ => None,
    });
    answered.collect()
}

fn sent(session: &mut Page) -> Vec<String> {
    let sent = outputs(session).into_iter().filter_map(|output| match output {
        Output::Send(text) => Some(text),
        Output::Connect | Output::Disconnect | Output::Event(_) => None,
    });
    sent.collect()
}

/// Loses the connection, opens a new one and sends its first message. Returns that message.
fn reconnect(session: &mut Page, now: u64) -> String {
    session.handle(Timestamp(now), Input::Disconnected(1006));
    let until = session.next_timeout().unwrap();
    session.handle(until, Input::Timeout);
    assert!(outputs(session).contains(&Output::Connect));
    session.handle(until, Input::Opened);
    sent(session).remove(0)
}

#[test]
fn an_event_says_whether_the_page_knew_the_slot() {
    let mut session = follower();
    let clear = |seq| ServerMessage::Cleared { seq: Some(seq), slot: "a".to_owned() };
    let messages = [action(1, "show", Some("a")), action(2, "show", Some("a")), clear(3), clear(4)];
    for message in messages.into_iter().chain([action(5, "show", Some("a")), action(6, "show", None)]) {
        session.handle(Timestamp(0), Input::Received(message));
    }
    let knew: Vec<bool> = outputs(&mut session)
        .into_iter()
        .filter_map(|output| match output {
            Output::Event(Event::Action { knew_slot, .. } | Event::Cleared { knew_slot, .. }) => {
                Some(knew_slot)
            }
            _ => None,
        })
        .collect();
    assert_eq!(knew, [false, true, true, false, false, false]);
}

#[test]
fn a_follower_is_connected_once_the_snapshot_is_complete() {
    let mut session = session(Goal::Join { uuid: "room".to_owned() });
    session.handle(Timestamp(0), Input::Opened);
    assert_eq!(
        sent(&mut session),
        [r#"{"uuid":"room","status":{"value":2,"text":"join connection"},"v":2}"#]
    );
    session.handle(Timestamp(0), Input::Received(reply(7, 0)));
    session.handle(Timestamp(0), Input::Received(action(3, "a", Some("a"))));
    session.handle(Timestamp(0), Input::Received(ServerMessage::Synced(7)));
    session.handle(Timestamp(0), Input::Received(action(8, "b", None)));
    assert_eq!(events(&mut session), ["Entered", "CatchingUp", "[3]", "Connected", "[8]"]);
}

#[test]
fn a_follower_that_comes_back_is_handed_only_what_it_missed() {
    let mut session = follower();
    session.handle(Timestamp(0), Input::Received(action(1, "a", None)));
    assert_eq!(events(&mut session), ["[1]"]);
    assert!(reconnect(&mut session, 1).contains(r#""since":1"#));
    session.handle(Timestamp(5_000), Input::Received(reply(3, 0)));
    for seq in [1, 2, 3, 4] {
        session.handle(Timestamp(5_000), Input::Received(action(seq, "a", None)));
    }
    assert_eq!(events(&mut session), ["CatchingUp", "[2]", "[3]", "Connected", "[4]"]);
}

#[test]
fn a_resync_skips_known_state_and_clears_slots_that_are_gone() {
    let mut session = follower();
    for (seq, slot) in [(1, "kept"), (2, "changed"), (3, "gone")] {
        session.handle(Timestamp(0), Input::Received(action(seq, "a", Some(slot))));
    }
    events(&mut session);
    session.handle(Timestamp(1), Input::Received(ServerMessage::Resync(90)));
    session.handle(Timestamp(1), Input::Received(action(1, "a", Some("kept"))));
    session.handle(Timestamp(1), Input::Received(action(80, "a", Some("changed"))));
    session.handle(Timestamp(1), Input::Received(ServerMessage::Synced(90)));
    session.handle(Timestamp(1), Input::Received(action(91, "a", None)));
    assert_eq!(events(&mut session), ["CatchingUp", "Resync", "[80]", "cleared gone", "Connected", "[91]"]);
}

#[test]
fn a_snapshot_that_was_cut_off_starts_over() {
    let mut session = session(Goal::Join { uuid: "room".to_owned() });
    outputs(&mut session);
    session.handle(Timestamp(0), Input::Opened);
    session.handle(Timestamp(0), Input::Received(reply(9, 0)));
    session.handle(Timestamp(0), Input::Received(action(1, "a", Some("a"))));
    events(&mut session);
    assert!(!reconnect(&mut session, 1).contains("since"));
    session.handle(Timestamp(5_000), Input::Received(reply(9, 0)));
    session.handle(Timestamp(5_000), Input::Received(action(1, "a", Some("a"))));
    session.handle(Timestamp(5_000), Input::Received(action(2, "b", Some("b"))));
    session.handle(Timestamp(5_000), Input::Received(ServerMessage::Synced(9)));
    assert_eq!(events(&mut session), ["CatchingUp", "[2]", "Connected"]);
}

#[test]
fn the_application_is_told_only_changes_of_the_owners_presence() {
    let owner = |presence| Input::Received(ServerMessage::Owner(presence));
    let mut session = session(Goal::Join { uuid: "room".to_owned() });
    outputs(&mut session);
    session.handle(Timestamp(0), Input::Opened);
    session.handle(Timestamp(0), Input::Received(reply(9, 0)));
    session.handle(Timestamp(0), owner(OwnerPresence::Away));
    assert_eq!(events(&mut session), ["Entered", "CatchingUp", "Owner(Away)"]);
    // The snapshot was cut off, so this is a first join again, which isn't told that the owner is
    // there.
    reconnect(&mut session, 1);
    session.handle(Timestamp(5_000), Input::Received(reply(9, 0)));
    session.handle(Timestamp(5_000), Input::Received(ServerMessage::Synced(9)));
    assert_eq!(events(&mut session), ["Owner(Here)", "CatchingUp", "Connected"]);
    assert!(reconnect(&mut session, 6_000).contains("since"));
    session.handle(Timestamp(30_000), Input::Received(reply(9, 0)));
    session.handle(Timestamp(30_000), owner(OwnerPresence::Here));
    assert_eq!(events(&mut session), ["Connected"]);
}

#[test]
fn silence_leads_to_a_ping_and_a_missing_answer_to_a_new_connection() {
    let mut session = follower();
    let heartbeat = session.next_timeout().unwrap();
    assert_eq!(heartbeat, Timestamp(25_000));
    session.handle(heartbeat, Input::Timeout);
    assert_eq!(sent(&mut session), [r#"{"ping":1}"#]);
    session.handle(Timestamp(26_000), Input::Received(ServerMessage::Pong { number: 1, time: None }));
    assert_eq!(session.next_timeout(), Some(Timestamp(51_000)));
    session.handle(Timestamp(51_000), Input::Timeout);
    outputs(&mut session);
    assert_eq!(session.next_timeout(), Some(Timestamp(56_000)));
    session.handle(Timestamp(56_000), Input::Timeout);
    assert_eq!(
        outputs(&mut session),
        [Output::Disconnect, Output::Event(Event::Status(SessionStatus::Reconnecting))]
    );
}

#[test]
fn a_page_that_wakes_checks_its_connection_at_once() {
    let mut live = follower();
    live.handle(Timestamp(10), Input::Wake);
    assert_eq!(sent(&mut live), [r#"{"ping":1}"#]);
    let mut lost = follower();
    reconnect(&mut lost, 1);
    lost.handle(Timestamp(5_000), Input::Received(ServerMessage::Refused(RefusalCode::UnknownRoom.into())));
    assert_eq!(lost.status(), SessionStatus::Closed);
}

#[test]
fn a_refusal_that_says_when_to_come_back_is_obeyed_even_on_the_first_entry() {
    let limited = || Refusal::until_later(RefusalCode::RateLimited, 5_000);
    let mut session = session(Goal::Create);
    session.handle(Timestamp(0), Input::Opened);
    outputs(&mut session);
    session.handle(Timestamp(100), Input::Received(ServerMessage::Refused(limited())));
    assert_eq!(outputs(&mut session), [Output::Disconnect, Output::Event(Event::AttemptFailed)]);
    assert_eq!(session.last_failure(), &EndReason::Refused(limited()));
    assert_eq!(session.status(), SessionStatus::Connecting);
    let again = session.next_timeout().unwrap();
    // The first wait of the backoff comes on top.
    assert!((5_100..=6_100).contains(&again.0), "{again:?}");
    session.handle(again, Input::Timeout);
    assert_eq!(outputs(&mut session), [Output::Connect]);

    // The page gives up after 15 s. At 12 s, waiting 5 s more is too long.
    session.handle(Timestamp(12_000), Input::Opened);
    outputs(&mut session);
    session.handle(Timestamp(12_000), Input::Received(ServerMessage::Refused(limited())));
    assert!(outputs(&mut session).contains(&Output::Event(Event::Ended(EndReason::Refused(limited())))));
}

#[test]
fn a_token_that_is_refused_when_the_session_comes_back_ends_it() {
    for code in [RefusalCode::Unauthorized, RefusalCode::Forbidden] {
        let mut later = follower();
        reconnect(&mut later, 1);
        later.handle(Timestamp(5_000), Input::Received(ServerMessage::Refused(code.into())));
        assert!(outputs(&mut later).contains(&Output::Event(Event::Ended(EndReason::Refused(code.into())))));
        assert_eq!(later.next_timeout(), None);
    }
}

#[test]
fn a_server_that_is_never_reached_is_given_up() {
    let mut session = session(Goal::Create);
    let mut now = Timestamp(0);
    while session.status() != SessionStatus::Closed {
        session.handle(now, Input::Disconnected(1006));
        now = session.next_timeout().unwrap_or(now);
        session.handle(now, Input::Timeout);
    }
    assert_eq!(now, Timestamp(15_000));
    assert!(outputs(&mut session).contains(&Output::Event(Event::Ended(EndReason::ConnectionFailed))));
}

#[test]
fn a_server_without_session_fields_is_refused() {
    let mut session = session(Goal::Create);
    session.handle(Timestamp(0), Input::Opened);
    session.handle(Timestamp(0), Input::Received(ServerMessage::Connected(Connected::default())));
    let ended = outputs(&mut session).into_iter().any(|output| {
        matches!(output, Output::Event(Event::Ended(EndReason::Refused(refusal))) if refusal.code == "unsupported_version")
    });
    assert!(ended);
}

#[test]
fn closing_waits_neither_for_ever_nor_for_a_lost_connection() {
    let mut silent = follower();
    silent.handle(Timestamp(1), Input::Close);
    outputs(&mut silent);
    silent.handle(silent.next_timeout().unwrap(), Input::Timeout);
    assert_eq!(events(&mut silent), ["Closed", "Ended(Left)"]);
    let mut away = follower();
    away.handle(Timestamp(1), Input::Disconnected(1006));
    events(&mut away);
    away.handle(Timestamp(2), Input::Close);
    assert_eq!(events(&mut away), ["Closed", "Ended(Left)"]);
}

#[test]
fn after_a_shutdown_pages_come_back_spread_over_the_servers_window() {
    let mut latest = 0;
    for seed in 0..200 {
        let goal = Goal::Join { uuid: "room".to_owned() };
        let mut session = Session::<String>::new(SessionOptions { seed, ..options(goal) });
        session.handle(Timestamp(0), Input::Start);
        session.handle(Timestamp(0), Input::Opened);
        session.handle(Timestamp(0), Input::Received(reply(0, 0)));
        session.handle(Timestamp(0), Input::Received(ServerMessage::Shutdown(8_000)));
        session.handle(Timestamp(0), Input::Disconnected(4000));
        latest = latest.max(session.next_timeout().unwrap().0);
    }
    assert!(latest > 7_000 && latest <= 8_000, "{latest}");
}
