use std::sync::Arc;

use super::{Asker, GivenName, Told};
use crate::room::Room;
use crate::{KeyDigest, Limits, Memory, RoomId, RosterQuery, Timestamp};

const SEAT_MS: u64 = 30_000;
const INTERVAL_MS: u64 = 1_000;
const NOW: Timestamp = Timestamp(1_000);

fn room() -> Room {
    let limits = Limits { roster_page: 3, roster_shared: 2, ..Limits::default() };
    Room::new(RoomId::from_random(1), KeyDigest([7; 32]), None, limits)
}

fn sit(room: &mut Room, text: &str, session: Option<&str>) -> u32 {
    room.take_seat(GivenName { text, is_verified: false }, session, 7).unwrap()
}

fn ask(room: &mut Room, after: u64, limit: Option<u64>, asker: Asker) -> (Vec<u32>, u64, u64, Told) {
    let (page, told) = room.roster_page(RosterQuery { after, limit }, asker, None, 7).unwrap();
    (page.people.iter().map(|person| person.seat).collect(), page.next, page.named, told)
}

/// Who came, who went, and how many more.
fn news(room: &Room, told: Told, asker: Asker) -> Option<(Vec<u32>, Vec<u32>, u64)> {
    let (news, _) = room.roster_news(told, asker)?;
    Some((news.came.iter().map(|person| person.seat).collect(), news.went.clone(), news.more))
}

fn later(told: Told, changes: u64) -> Told {
    Told { changes: told.changes + changes, ..told }
}

#[test]
fn pages_have_everybody_once_in_the_order_of_seats() {
    let mut room = room();
    let mut seats: Vec<u32> = (0..7).map(|number| sit(&mut room, &format!("p{number}"), None)).collect();
    seats.sort_unstable();
    let (mut after, mut seen) = (0, Vec::new());
    loop {
        let (people, next, named, _) = ask(&mut room, after, None, Asker::Owner);
        assert!((people.len() <= 3) && named == 7);
        seen.extend(people);
        after = next;
        if next == 0 {
            break;
        }
    }
    assert_eq!(seen, seats);
    assert!(ask(&mut room, 0, Some(0), Asker::Owner).0.is_empty(), "only the number is asked for");
    assert!(ask(&mut room, u64::from(u32::MAX) + 1, None, Asker::Owner).0.is_empty());
}

#[test]
fn a_seat_is_kept_for_its_session_and_given_up_after_30_seconds() {
    let mut room = room();
    let (ben, ana) = (sit(&mut room, "Ben", Some("s1")), sit(&mut room, "Ana", None));
    room.leave_seat(ben, true, NOW);
    assert_eq!(room.take_alarm(), Some(NOW.after(SEAT_MS)));
    assert_eq!(sit(&mut room, "Ben", Some("s1")), ben);
    room.tick(NOW.after(SEAT_MS));
    assert_eq!(room.named(), 2, "it has come back");
    room.leave_seat(ana, true, NOW);
    assert_eq!(room.named(), 1, "a page without a session can't come back");
    let second = sit(&mut room, "Ben", Some("s1"));
    room.leave_seat(ben, true, NOW.after(40_000));
    room.tick(NOW.after(90_000));
    assert_eq!((second, room.named()), (ben, 1), "another connection of it is there");
    room.leave_seat(ben, true, NOW.after(100_000));
    room.tick(NOW.after(100_000 + SEAT_MS - 1));
    assert_eq!(room.named(), 1);
    room.tick(NOW.after(100_000 + SEAT_MS));
    assert_eq!(room.named(), 0);
    assert_ne!(sit(&mut room, "Ben", Some("s1")), ben, "its seat is never given out again");
}

#[test]
fn who_leaves_is_gone_at_once_and_another_name_is_somebody_else() {
    let mut room = room();
    let ben = sit(&mut room, "Ben", Some("s1"));
    let bill = sit(&mut room, "Bill", Some("s1"));
    assert_ne!(ben, bill);
    assert_eq!(room.named(), 1);
    room.leave_seat(ben, true, NOW);
    assert_eq!(room.named(), 1, "the connection that had the former name ends later");
    room.leave_seat(bill, false, NOW);
    assert_eq!(room.named(), 0);
}

#[test]
fn who_asked_is_told_at_most_once_a_second() {
    let mut room = room();
    let first = sit(&mut room, "Ben", None);
    assert_eq!(room.take_alarm(), None, "nobody asked");
    let known = ask(&mut room, 0, None, Asker::Owner).3;
    let second = sit(&mut room, "Ana", None);
    assert_eq!(news(&room, known, Asker::Owner), None, "not yet");
    let before = (room.version(), room.owner_version());
    room.tick(NOW);
    assert_eq!((room.version(), room.owner_version()), (before.0, before.1 + 1), "followers sleep on");
    assert_eq!(news(&room, known, Asker::Owner), Some((vec![second], vec![], 0)));
    room.leave_seat(first, true, NOW);
    assert_eq!(room.take_alarm(), Some(NOW.after(INTERVAL_MS)));
    room.tick(NOW.after(INTERVAL_MS - 1));
    assert_eq!(news(&room, known, Asker::Owner), Some((vec![second], vec![], 0)), "not yet");
    room.tick(NOW.after(INTERVAL_MS));
    assert_eq!(news(&room, known, Asker::Owner), Some((vec![second], vec![first], 0)));
    assert_eq!(news(&room, later(known, 1), Asker::Owner), Some((vec![], vec![first], 0)));
    assert_eq!(news(&room, later(known, 2), Asker::Owner), None);
}

#[test]
fn a_message_has_100_rows_at_most_and_counts_the_rest() {
    let mut room = room();
    let known = ask(&mut room, 0, None, Asker::Owner).3;
    let seats: Vec<u32> = (0..300).map(|_| sit(&mut room, "p", None)).collect();
    seats[..60].iter().for_each(|seat| room.leave_seat(*seat, true, NOW));
    room.tick(NOW);
    let (came, went, more) = news(&room, known, Asker::Owner).unwrap();
    assert_eq!((came.len(), went.len(), more), (50, 50, 360 - 100));
    let (came, went, more) = news(&room, later(known, 310), Asker::Owner).unwrap();
    assert_eq!((came.len(), went.len(), more), (0, 50, 0));
}

#[test]
fn followers_see_people_only_if_that_is_shared_and_they_are_few() {
    let mut room = room();
    sit(&mut room, "Ben", None);
    let query = RosterQuery { after: 0, limit: None };
    let refusal = room.roster_page(query, Asker::Follower, None, 7).unwrap_err();
    assert_eq!(refusal.code, "forbidden");
    room.share_roster(true);
    let (people, _, named, known) = ask(&mut room, 0, None, Asker::Follower);
    assert_eq!((people.len(), named), (1, 1));
    for _ in 0..2 {
        sit(&mut room, "Ana", None);
    }
    let before = room.version();
    room.tick(NOW);
    assert_eq!(room.version(), before + 1, "they are woken");
    assert_eq!(news(&room, known, Asker::Follower), Some((vec![], vec![], 2)));
    let (hidden, next, named, _) = ask(&mut room, 0, None, Asker::Follower);
    assert_eq!((hidden.len(), next, named), (0, 0, 3), "above the limit there are only numbers");
    assert_eq!(ask(&mut room, 0, None, Asker::Owner).0.len(), 3);
    let (_, told) = room.roster_news(known, Asker::Follower).unwrap();
    room.leave_seat(people[0], false, NOW);
    room.tick(NOW.after(INTERVAL_MS));
    assert_eq!(news(&room, told, Asker::Follower), Some((vec![], people, 2)), "it may page again");
    room.share_roster(false);
    assert_eq!(news(&room, known, Asker::Follower), None);
}

#[test]
fn a_name_is_checked() {
    let room = room();
    for fit in ["Ben", "Бен", "Ben \u{1f600}", &"x".repeat(64)] {
        assert_eq!(room.check_name(fit), Ok(()), "{fit}");
    }
    for unfit in ["", "  ", "a\nb", "a\u{7f}", "a\u{202e}b", "\u{2066}a", "a\u{2028}", &"x".repeat(65)] {
        assert_eq!(room.check_name(unfit).unwrap_err().code, "malformed", "{unfit:?}");
    }
}

#[test]
fn names_count_as_memory_and_are_refused_when_it_is_used_up() {
    let memory = Arc::new(Memory::new(100_000));
    let mut room = room();
    room.share_memory(&memory);
    let before = memory.used();
    let seat = sit(&mut room, "Ben", Some("s1"));
    assert!(memory.used() > before + 256);
    while room.take_seat(GivenName { text: "x", is_verified: false }, None, 7).is_ok() {}
    assert!((100..400).contains(&room.named()), "{}", room.named());
    room.leave_seat(seat, true, NOW);
    assert_eq!(sit(&mut room, "Ben", Some("s1")), seat, "this one needs none");
}
