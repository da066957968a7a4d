//! Actions that run at a moment: what waits, for how long, and what the page asks of the server.

use super::*;
use crate::CloseCode;

/// The server's clock is so far ahead of the page's.
const AHEAD: u64 = 5_000_000;

/// A follower that has entered at 1,000 and knows the server's clock to within a millisecond.
fn page() -> Page {
    let mut page =
        Session::new(SessionOptions { clock: true, ..options(Goal::Join { uuid: "room".to_owned() }) });
    page.handle(Timestamp(1_000), Input::Start);
    page.handle(Timestamp(1_000), Input::Opened);
    let ServerMessage::Connected(reply) = reply(0, 0) else { unreachable!("it is a reply") };
    page.handle(
        Timestamp(1_000),
        Input::Received(ServerMessage::Connected(Connected { time: Some(AHEAD + 1_000), ..reply })),
    );
    page.handle(Timestamp(1_000), Input::Received(ServerMessage::Synced(0)));
    outputs(&mut page);
    page
}

/// An action that runs when the page's clock says `moment`.
fn at(seq: u64, moment: u64) -> ServerMessage<String> {
    match action(seq, "flash", None) {
        ServerMessage::Action { seq, key, params, slot, .. } => {
            ServerMessage::Action { seq, key, params, slot, at: Some(AHEAD + moment) }
        }
        other => other,
    }
}

fn receive(page: &mut Page, now: u64, messages: impl IntoIterator<Item = ServerMessage<String>>) {
    for message in messages {
        page.handle(Timestamp(now), Input::Received(message));
    }
}

#[test]
fn what_comes_after_an_action_that_waits_keeps_its_order() {
    let mut page = page();
    let clear = ServerMessage::Cleared { seq: Some(3), slot: "s".to_owned() };
    let later = [at(1, 1_500), action(2, "plain", Some("s")), clear, at(4, 1_200), at(5, 1_600)];
    receive(&mut page, 1_010, later);
    assert_eq!(events(&mut page), [""; 0]);
    assert_eq!(page.fast_path_seq(), None, "the next one must wait too");
    page.handle(Timestamp(1_499), Input::Timeout);
    assert_eq!(events(&mut page), [""; 0]);
    page.handle(Timestamp(1_500), Input::Timeout);
    assert_eq!(events(&mut page), ["[1]", "[2]", "cleared s", "[4]"], "the fourth was due, and waited");
    assert_eq!(page.next_timeout(), Some(Timestamp(1_600)).min(page.next_timeout()));
    page.handle(Timestamp(1_600), Input::Timeout);
    assert_eq!(events(&mut page), ["[5]"]);
    receive(&mut page, 1_700, [at(6, 3)]);
    assert_eq!(events(&mut page), ["[6]"], "its moment has passed");
}

#[test]
fn a_page_hears_of_the_end_after_what_waits_and_at_once_if_it_ends_the_session_itself() {
    for code in [CloseCode::RoomClosed, CloseCode::UnknownRoom] {
        let mut page = page();
        receive(&mut page, 1_010, [at(1, 1_500)]);
        if code == CloseCode::RoomClosed {
            receive(&mut page, 1_010, [ServerMessage::Closed]);
        }
        page.handle(Timestamp(1_020), Input::Disconnected(code.value()));
        assert_eq!(events(&mut page), [""; 0]);
        assert_eq!(page.next_timeout(), Some(Timestamp(1_500)), "there is nothing else to do");
        page.handle(Timestamp(1_500), Input::Timeout);
        let told = events(&mut page);
        assert_eq!(told.first().map(String::as_str), Some("[1]"), "{told:?}");
        assert!(told.last().is_some_and(|last| last.starts_with("Ended")), "{told:?}");
        assert_eq!(page.next_timeout(), None);
    }
    let mut page = page();
    receive(&mut page, 1_010, [at(1, 1_500), action(2, "plain", None)]);
    page.handle(Timestamp(1_020), Input::Close);
    receive(&mut page, 1_030, [ServerMessage::Closed]);
    assert_eq!(events(&mut page), ["Closed", "Ended(Left)"]);
}

#[test]
fn a_page_that_does_not_know_the_clock_asks_and_waits_for_the_first_answer() {
    let times = [Some(AHEAD + 1_020), None];
    for time in times {
        let mut page = follower();
        receive(&mut page, 1_010, [at(1, 1_200)]);
        assert_eq!(events(&mut page), [""; 0]);
        assert!(page.next_timeout() <= Some(Timestamp(1_010)), "it asks at once");
        page.handle(Timestamp(1_010), Input::Timeout);
        assert_eq!(sent(&mut page), [r#"{"ping":1,"time":true}"#]);
        receive(&mut page, 1_020, [ServerMessage::Pong { number: 1, time }]);
        let waits = time.is_some();
        assert_eq!(events(&mut page).is_empty(), waits, "a server without a time: it runs at once");
        page.handle(Timestamp(1_205), Input::Timeout);
        assert_eq!(events(&mut page).is_empty(), !waits);
    }
    let mut page = follower();
    receive(&mut page, 1_010, [at(1, 1_200)]);
    page.handle(Timestamp(6_009), Input::Timeout);
    assert_eq!(events(&mut page), [""; 0]);
    page.handle(Timestamp(6_010), Input::Timeout);
    assert_eq!(events(&mut page), ["[1]"], "nobody has answered");
}

#[test]
fn a_page_that_has_slept_asks_anew_and_one_that_lost_its_connection_still_waits() {
    let mut woken = page();
    receive(&mut woken, 1_010, [at(1, 9_000)]);
    woken.handle(Timestamp(2_000), Input::Wake);
    assert_eq!(woken.clock(Timestamp(2_000)), None);
    outputs(&mut woken);
    // Its clock has stood still for 7 seconds, so the moment has come.
    woken.handle(Timestamp(2_000), Input::Timeout);
    assert_eq!(sent(&mut woken), [r#"{"ping":2,"time":true}"#]);
    receive(&mut woken, 2_010, [ServerMessage::Pong { number: 2, time: Some(AHEAD + 9_005) }]);
    assert_eq!(events(&mut woken), ["[1]"]);

    let mut cut = page();
    receive(&mut cut, 1_010, [at(1, 1_300)]);
    cut.handle(Timestamp(1_020), Input::Disconnected(1006));
    assert_eq!(events(&mut cut), [""; 0], "it is told of the lost connection after what waits");
    cut.handle(Timestamp(1_300), Input::Timeout);
    assert_eq!(events(&mut cut), ["[1]", "Reconnecting"]);
}

#[test]
fn a_page_asks_often_at_first_then_rarely_and_only_if_it_needs_the_time() {
    let mut page = page();
    let (mut asked, mut now) = (0, 1_000);
    while now < 61_000 {
        now = page.next_timeout().expect("it asks").0;
        page.handle(Timestamp(now), Input::Timeout);
        for text in sent(&mut page) {
            // Without the time it is the heartbeat.
            let asks = text.ends_with(r#","time":true}"#);
            let number = text[8..].split([',', '}']).next().expect("a number").parse().expect("a number");
            asked += u32::from(asks);
            let time = asks.then_some(AHEAD + now);
            receive(&mut page, now, [ServerMessage::Pong { number, time }]);
        }
    }
    assert!((17..=19).contains(&asked), "{asked}: sixteen quickly, then one each half minute");
    let known = page.clock(Timestamp(now)).expect("it has asked");
    assert!(known.uncertainty_us <= 2_600, "{known:?}");

    let mut other = follower();
    assert_eq!(other.next_timeout(), Some(Timestamp(25_000)), "only the heartbeat");
    other.start_clock();
    assert_eq!(other.next_timeout(), Some(Timestamp(0)));
}

#[test]
fn of_too_much_that_waits_the_newest_of_each_slot_stays_and_the_page_is_told() {
    let mut page = page();
    receive(&mut page, 1_010, [at(1, 1_500)]);
    receive(&mut page, 1_010, (2..=4_100).map(|seq| action(seq, "set", (seq % 2 == 0).then_some("s"))));
    page.handle(Timestamp(1_500), Input::Timeout);
    let told = events(&mut page);
    assert_eq!(told, ["Resync", "[4096]", "[4098]", "[4099]", "[4100]"]);
}

#[test]
fn after_a_reconnect_nothing_runs_before_the_clock_is_known_again() {
    let mut page = page();
    receive(&mut page, 1_010, [at(1, 10_000)]);
    page.handle(Timestamp(7_000), Input::Disconnected(1006));
    page.handle(Timestamp(8_000), Input::Timeout);
    page.handle(Timestamp(8_000), Input::Opened);
    let ServerMessage::Connected(reply) = reply(1, 0) else { unreachable!("it is a reply") };
    receive(&mut page, 8_000, [ServerMessage::Connected(reply)]);
    page.handle(Timestamp(8_001), Input::Timeout);
    let told = events(&mut page);
    assert!(!told.contains(&"[1]".to_owned()), "it is 2 seconds early: {told:?}");
}
