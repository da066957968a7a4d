//! The load generator against the floor, on real sockets.

use std::time::Duration;

use super::client::Role;
use super::crowd::Crowd;
use super::drive::Drive;
use crate::floor::{self, Mode};
use crate::tls::{Certificate, client_config};
use crate::wire::dialect::Dialect;
use crate::wire::message::Rendering;

const BYTES: usize = 200;

fn crowd(mode: Mode, followers: usize) -> Crowd {
    let mut crowd = Crowd::new(floor::start(mode, None), Dialect::Plain).unwrap();
    crowd.open_rooms(1, Rendering::Original).unwrap();
    crowd.say(0, BYTES, false);
    crowd.add(0, followers, Role::Follower, Rendering::Original).unwrap();
    crowd
}

#[test]
fn every_delivery_is_counted() {
    for mode in [Mode::Write, Mode::Coalesce] {
        let mut crowd = crowd(mode, 7);
        crowd.run(Drive::Flood { left: 3_000 }).unwrap();
        crowd.run(Drive::paced(&crowd, 1_000.0, Duration::from_millis(100))).unwrap();
        let tally = &crowd.tally;
        assert_eq!((tally.delivered, tally.gaps, tally.repeated), (7 * 3_100, 0, 0), "{mode:?}");
        assert_eq!((crowd.missing(), crowd.behind()), (0, 0));
    }
}

#[test]
fn over_tls_every_delivery_is_counted_too() {
    let folder = std::env::temp_dir().join(format!("rtbroadcaster-bench-{}", std::process::id()));
    let certificate = Certificate::create(&folder).unwrap();
    let tls = certificate.server_config().unwrap();
    assert!(tls.is_some());
    let mut crowd = Crowd::new(floor::start(Mode::Write, tls), Dialect::Plain).unwrap();
    crowd.speak_tls(client_config(certificate.file().unwrap()).unwrap());
    crowd.open_rooms(1, Rendering::Original).unwrap();
    crowd.fill_slots(0, 300, BYTES).unwrap();
    crowd.add(0, 2, Role::Late, Rendering::Original).unwrap();
    crowd.run(Drive::Flood { left: 3_000 }).unwrap();
    assert_eq!((crowd.tally.delivered, crowd.tally.gaps, crowd.missing()), (2 * 3_300, 0, 0));
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn a_window_keeps_going_until_its_time_is_over() {
    let mut crowd = crowd(Mode::Coalesce, 3);
    let window = Drive::window(&mut crowd, 8, Duration::from_millis(50));
    crowd.run(window).unwrap();
    assert!(crowd.rooms[0].sent >= 8, "{}", crowd.rooms[0].sent);
    assert_eq!(crowd.tally.delivered, 3 * crowd.rooms[0].sent);
}

#[test]
fn what_is_lost_on_the_way_is_seen() {
    let mut crowd = crowd(Mode::Write, 4);
    crowd.run(Drive::Flood { left: 1 }).unwrap();
    // As if the second message had been sent and had reached no follower.
    crowd.rooms[0].sent += 1;
    assert_eq!((crowd.missing(), crowd.behind()), (4, 4));
    crowd.run(Drive::Flood { left: 1 }).unwrap();
    assert_eq!((crowd.tally.delivered, crowd.tally.gaps, crowd.missing()), (8, 4, 0));
}

#[test]
fn a_late_follower_gets_every_slot() {
    let mut crowd = crowd(Mode::Write, 0);
    crowd.fill_slots(0, 300, BYTES).unwrap();
    crowd.add(0, 2, Role::Late, Rendering::Original).unwrap();
    crowd.finish().unwrap();
    assert_eq!((crowd.tally.delivered, crowd.tally.gaps), (600, 0));
}

#[test]
fn a_stalled_follower_takes_nothing_until_it_is_woken() {
    let mut crowd = crowd(Mode::Write, 1);
    crowd.add(0, 1, Role::Stalled, Rendering::Original).unwrap();
    crowd.run(Drive::Flood { left: 500 }).unwrap();
    assert_eq!((crowd.tally.delivered, crowd.behind()), (500, 1));
    crowd.wake().unwrap();
    crowd.finish().unwrap();
    assert_eq!((crowd.tally.delivered, crowd.tally.gaps, crowd.behind()), (1_000, 0, 0));
}

#[test]
fn many_rooms_take_turns() {
    let mut crowd = Crowd::new(floor::start(Mode::Write, None), Dialect::Plain).unwrap();
    crowd.open_rooms(5, Rendering::Compact).unwrap();
    for room in 0..5 {
        crowd.say(room, BYTES, false);
        crowd.add(room, 2, Role::Follower, Rendering::Compact).unwrap();
    }
    crowd.run(Drive::paced(&crowd, 200.0, Duration::from_millis(50))).unwrap();
    assert!(crowd.rooms.iter().all(|room| room.sent == 10));
    assert_eq!(crowd.tally.delivered, 100);
}
