use std::sync::Arc;

use super::{Asker, GivenName, RosterSaid, RosterServer};
use crate::room::Room;
use crate::{KeyDigest, Limits, Memory, RoomId, RosterQuery, Timestamp};

const SEAT_MS: u64 = 30_000;
const NOW: Timestamp = Timestamp(1_000);

/// The room, as this server has it.
fn room(server: u16) -> Room {
    let limits = Limits { roster_page: 10_000, ..Limits::default() };
    let mut room = Room::new(RoomId::from_random(1), KeyDigest([7; 32]), None, limits);
    let asks = server > 1;
    room.share_seats(RosterServer { id: u64::from(server), seats: server, list: 1, given: 0, asks });
    room
}

/// The room, as a server has it again that has given it up.
fn again(server: u16, given: u32) -> Room {
    let mut room = Room::new(RoomId::from_random(1), KeyDigest([7; 32]), None, Limits::default());
    room.share_seats(RosterServer { id: u64::from(server), seats: server, list: 2, given, asks: true });
    room
}

fn sit(room: &mut Room, text: &str, session: Option<&str>) -> u32 {
    room.take_seat(GivenName { text, is_verified: false }, session, 7).unwrap()
}

/// The seats in a room, in order.
fn seats(room: &mut Room) -> Vec<u32> {
    let query = RosterQuery { after: 0, limit: None };
    let (page, _) = room.roster_page(query, Asker::Owner, None, 7).unwrap();
    page.people.iter().map(|person| person.seat).collect()
}

fn sorted<const COUNT: usize>(mut seats: [u32; COUNT]) -> Vec<u32> {
    seats.sort_unstable();
    seats.into()
}

/// One says what it has to say, and the other hears it.
fn tell(from: &mut Room, to: &mut Room, now: Timestamp) -> usize {
    let said = from.say_roster(now);
    let count = said.len();
    said.into_iter().for_each(|said| assert!(to.hear_roster(said, now)));
    count
}

#[test]
fn each_server_knows_all_people_and_a_room_without_people_says_nothing() {
    let (mut a, mut b) = (room(1), room(2));
    assert_eq!(tell(&mut a, &mut b, NOW), 0);
    assert_eq!(tell(&mut b, &mut a, NOW), 1, "it asks");
    assert_eq!(tell(&mut a, &mut b, NOW.after(1_000)), 0);
    let (ben, ana) = (sit(&mut a, "Ben", Some("s1")), sit(&mut b, "Ana", None));
    assert_eq!(tell(&mut a, &mut b, NOW.after(2_000)), 1);
    assert_eq!(tell(&mut b, &mut a, NOW.after(2_000)), 1);
    assert_eq!((seats(&mut a), seats(&mut b)), (sorted([ben, ana]), sorted([ben, ana])));
    assert_eq!((a.named(), a.named_here(), b.named(), b.named_here()), (2, 1, 2, 1));
    assert_eq!(tell(&mut a, &mut b, NOW.after(6_999)), 0, "nothing has changed");
    assert_eq!(tell(&mut a, &mut b, NOW.after(7_000)), 1, "it says that it is still there");
    b.leave_seat(ana, true, NOW.after(8_000));
    tell(&mut b, &mut a, NOW.after(8_000));
    assert_eq!(seats(&mut a), [ben]);
    assert_eq!(a.take_alarm(), Some(Timestamp(0)), "somebody is to be told");
}

#[test]
fn what_was_missed_is_told_with_the_whole() {
    let (mut a, mut b) = (room(1), room(2));
    tell(&mut b, &mut a, NOW);
    let first = sit(&mut a, "Ben", None);
    drop(a.say_roster(NOW));
    a.leave_seat(first, true, NOW);
    let second = sit(&mut a, "Ana", None);
    tell(&mut a, &mut b, NOW.after(1_000));
    assert!(seats(&mut b).is_empty(), "it doesn't follow on what was heard");
    assert_eq!(tell(&mut b, &mut a, NOW.after(2_000)), 1, "it asks");
    tell(&mut a, &mut b, NOW.after(2_000));
    assert_eq!(seats(&mut b), [second]);
    // A lost message at the end shows itself by the next reminder.
    a.leave_seat(second, true, NOW);
    drop(a.say_roster(NOW.after(3_000)));
    let third = sit(&mut a, "Dan", Some("s"));
    drop(a.say_roster(NOW.after(4_000)));
    tell(&mut a, &mut b, NOW.after(9_000));
    tell(&mut b, &mut a, NOW.after(9_000));
    tell(&mut a, &mut b, NOW.after(9_000));
    assert_eq!(seats(&mut b), [third]);
}

#[test]
fn a_large_list_comes_in_parts_of_which_none_may_be_missing() {
    let (mut a, mut b) = (room(1), room(2));
    for number in 0..1_201 {
        sit(&mut a, "p", Some(&format!("s{number}")));
    }
    assert_eq!(tell(&mut a, &mut b, NOW), 3);
    assert_eq!(b.named(), 1_201);
    let mut late = room(3);
    tell(&mut late, &mut a, NOW.after(1_000));
    let parts = a.say_roster(NOW.after(1_000));
    assert_eq!(parts.len(), 3);
    for (number, part) in parts.iter().enumerate().filter(|(number, _)| *number != 1) {
        late.hear_roster(part.clone(), NOW.after(1_000));
        assert_eq!(late.named(), 0, "after part {number}");
    }
    tell(&mut late, &mut a, NOW.after(2_000));
    tell(&mut a, &mut late, NOW.after(2_000));
    assert_eq!(late.named(), 1_201);
    for _ in 0..2 {
        parts.iter().for_each(|part| assert!(b.hear_roster(part.clone(), NOW)));
    }
    assert_eq!(b.named(), 1_201, "nobody comes twice");
}

#[test]
fn whoever_goes_on_at_another_server_has_the_same_seat_and_nobody_hears_of_it() {
    let (mut a, mut b) = (room(1), room(2));
    let ben = sit(&mut a, "Ben", Some("s1"));
    tell(&mut a, &mut b, NOW);
    let known = b.roster_page(RosterQuery { after: 0, limit: None }, Asker::Owner, None, 7).unwrap().1;
    a.leave_seat(ben, true, NOW);
    assert_eq!(sit(&mut b, "Ben", Some("s1")), ben);
    tell(&mut b, &mut a, NOW.after(1_000));
    assert_eq!((a.named(), a.named_here(), b.named_here()), (1, 0, 1));
    tell(&mut a, &mut b, NOW.after(1_000));
    a.tick(NOW.after(2 * SEAT_MS));
    b.tick(NOW.after(2 * SEAT_MS));
    assert_eq!((seats(&mut a), seats(&mut b)), (vec![ben], vec![ben]));
    assert!(b.roster_news(known, Asker::Owner).is_none());
    b.leave_seat(ben, false, NOW);
    tell(&mut b, &mut a, NOW.after(3_000));
    assert_eq!((a.named(), b.named()), (0, 0));
}

#[test]
fn whoever_is_faster_than_the_servers_gets_another_seat_and_the_former_one_ends() {
    let (mut a, mut b, mut c) = (room(1), room(2), room(3));
    let former = sit(&mut a, "Ben", Some("s1"));
    let said = a.say_roster(NOW);
    said.into_iter().for_each(|said| assert!(c.hear_roster(said, NOW)));
    let newer = sit(&mut b, "Ben", Some("s1"));
    assert_ne!(newer, former);
    for said in b.say_roster(NOW) {
        a.hear_roster(said.clone(), NOW);
        c.hear_roster(said, NOW);
    }
    let both = sorted([former, newer]);
    assert_eq!((seats(&mut c), seats(&mut a)), (both.clone(), both), "its connection is still there");
    a.leave_seat(former, true, NOW);
    assert_eq!(seats(&mut a), [newer], "nothing is kept for it");
    tell(&mut a, &mut c, NOW.after(1_000));
    assert_eq!(seats(&mut c), [newer]);
}

#[test]
fn the_people_of_a_silent_server_are_kept_as_long_as_a_seat_is() {
    let (mut a, mut b) = (room(1), room(2));
    let (ben, ana) = (sit(&mut a, "Ben", Some("s1")), sit(&mut a, "Ana", Some("s2")));
    tell(&mut a, &mut b, NOW);
    drop(b.say_roster(NOW.after(SEAT_MS - 1)));
    assert_eq!(sit(&mut b, "Ben", Some("s1")), ben);
    drop(b.say_roster(NOW.after(SEAT_MS)));
    assert_eq!(seats(&mut b), [ben]);
    assert_ne!(sit(&mut b, "Ana", Some("s2")), ana);
}

#[test]
fn a_server_that_has_the_room_again_begins_another_list() {
    let (mut a, mut b) = (room(1), room(2));
    sit(&mut a, "Ben", None);
    tell(&mut a, &mut b, NOW);
    let mut again = again(1, 500);
    sit(&mut again, "Ana", Some("s"));
    tell(&mut again, &mut b, NOW);
    assert_eq!((b.named(), b.named_here()), (1, 0));
}

#[test]
fn names_of_other_servers_count_as_memory_and_are_missing_without_it() {
    let memory = Arc::new(Memory::new(100_000));
    let (mut a, mut b) = (room(1), room(2));
    b.share_memory(&memory);
    let name = "x".repeat(60);
    for _ in 0..500 {
        sit(&mut a, &name, None);
    }
    let said: Vec<RosterSaid> = a.say_roster(NOW);
    assert!(said.iter().all(|said| b.hear_roster(said.clone(), NOW)));
    assert!(memory.used() > 100_000, "{}", memory.used());
    let gone = seats(&mut a)[0];
    sit(&mut a, &name, None);
    a.leave_seat(gone, false, NOW);
    assert!(a.say_roster(NOW).into_iter().all(|said| !b.hear_roster(said, NOW)));
    assert_eq!((b.named(), seats(&mut b).contains(&gone)), (499, false), "who went is gone");
    // It doesn't ask for what it can't take all the time, and keeps nobody whose server is silent.
    sit(&mut a, &name, None);
    a.say_roster(NOW).into_iter().for_each(|said| assert!(b.hear_roster(said, NOW)));
    assert!(b.say_roster(NOW.after(2_000)).is_empty());
    assert_eq!(b.say_roster(NOW.after(SEAT_MS)).len(), 1, "it asks");
    assert_eq!(b.named(), 0);
}

#[test]
fn a_server_that_has_the_room_again_gives_out_other_seats() {
    let (mut a, mut b) = (room(1), room(2));
    let ben = sit(&mut b, "Ben", Some("s1"));
    tell(&mut b, &mut a, NOW);
    b.leave_seat(ben, true, NOW);
    assert_eq!(sit(&mut a, "Ben", Some("s1")), ben, "he goes on there");
    let mut b = again(2, 500);
    let clara = sit(&mut b, "Clara", Some("s2"));
    assert_ne!(clara, ben);
    tell(&mut a, &mut b, NOW);
    tell(&mut b, &mut a, NOW);
    assert_eq!((seats(&mut a), seats(&mut b)), (sorted([ben, clara]), sorted([ben, clara])));
}

#[test]
fn of_two_people_with_one_seat_a_server_shows_its_own() {
    let (mut a, mut b) = (room(1), room(2));
    let ben = sit(&mut b, "Ben", Some("s1"));
    tell(&mut b, &mut a, NOW);
    b.leave_seat(ben, true, NOW);
    assert_eq!(sit(&mut a, "Ben", Some("s1")), ben);
    tell(&mut a, &mut b, NOW);
    // By chance it begins where it began before.
    let (mut b, mut c) = (again(2, 0), room(3));
    let clara = sit(&mut b, "Clara", Some("s2"));
    assert_eq!(clara, ben);
    tell(&mut b, &mut a, NOW);
    assert_eq!((seats(&mut a), a.named_here()), (vec![ben], 1));
    a.leave_seat(ben, false, NOW);
    assert!(seats(&mut a).is_empty(), "Clara isn't taken for Ben");
    tell(&mut c, &mut b, NOW.after(1_000));
    tell(&mut b, &mut c, NOW.after(1_000));
    assert_eq!(seats(&mut c), [clara]);
}

#[test]
fn a_former_seat_that_is_heard_of_late_takes_nothing_from_the_living_one() {
    let (mut a, mut b) = (room(1), room(2));
    let former = sit(&mut b, "Ben", Some("s1"));
    let newer = sit(&mut a, "Ben", Some("s1"));
    tell(&mut b, &mut a, NOW);
    assert_eq!(seats(&mut a), sorted([former, newer]), "its former connection is still there");
    b.leave_seat(former, false, NOW);
    tell(&mut b, &mut a, NOW.after(1_000));
    a.leave_seat(newer, true, NOW);
    assert_eq!(seats(&mut a), [newer], "it is kept");
    assert_eq!(sit(&mut a, "Ben", Some("s1")), newer);
}

#[test]
fn one_session_with_two_names_is_two_people_on_all_servers() {
    let (mut a, mut b, mut c) = (room(1), room(2), room(3));
    let ben = sit(&mut b, "Ben", Some("s1"));
    let said = b.say_roster(NOW);
    said.iter().for_each(|said| assert!(a.hear_roster(said.clone(), NOW)));
    said.into_iter().for_each(|said| assert!(c.hear_roster(said, NOW)));
    let bill = sit(&mut a, "Bill", Some("s1"));
    let said = a.say_roster(NOW);
    said.iter().for_each(|said| assert!(b.hear_roster(said.clone(), NOW)));
    said.into_iter().for_each(|said| assert!(c.hear_roster(said, NOW)));
    let both = sorted([ben, bill]);
    assert_eq!([seats(&mut a), seats(&mut b), seats(&mut c)], [both.clone(), both.clone(), both]);
    a.leave_seat(bill, false, NOW);
    tell(&mut a, &mut c, NOW.after(1_000));
    assert_eq!((seats(&mut a), seats(&mut c)), (vec![ben], vec![ben]));
}

#[test]
fn what_is_overtaken_by_a_later_word_is_not_taken() {
    let (mut a, mut b) = (room(1), room(2));
    tell(&mut b, &mut a, NOW);
    let ben = sit(&mut a, "Ben", None);
    let old = a.say_roster(NOW);
    a.leave_seat(ben, false, NOW);
    let ana = sit(&mut a, "Ana", None);
    let changes = a.say_roster(NOW.after(1_000));
    tell(&mut room(3), &mut a, NOW.after(2_000));
    tell(&mut a, &mut b, NOW.after(2_000));
    assert_eq!(seats(&mut b), [ana]);
    old.into_iter().chain(changes).for_each(|said| assert!(b.hear_roster(said, NOW.after(2_000))));
    assert_eq!(seats(&mut b), [ana]);
    assert!(b.say_roster(NOW.after(3_000)).is_empty(), "it lacks nothing");
    let mut anew = again(1, 500);
    let dan = sit(&mut anew, "Dan", None);
    tell(&mut anew, &mut b, NOW.after(3_000));
    tell(&mut room(4), &mut a, NOW.after(4_000));
    tell(&mut a, &mut b, NOW.after(4_000));
    assert_eq!(seats(&mut b), [dan], "nor a former list");
}
