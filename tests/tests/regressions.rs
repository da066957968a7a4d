//! Programs that once found a fault, as the simulation printed them. They are programs and not
//! seeds, because a seed becomes another program when the generator changes.

use rtbroadcaster_tests::sim::{Program, Settings, Step, run};

use Step::*;

fn small() -> Settings {
    Settings {
        ring_actions: 2,
        ring_bytes: 4 * 1024 * 1024,
        rooms: 1,
        followers: 1,
        slots: 2,
        slot_bytes: 40,
        message_bytes: 300,
        large_bytes: 320,
        followers_at_start: 0,
        owner_actions: 5_000,
        grace_ms: 20_000,
        share_audience: false,
        has_journal: false,
    }
}

fn play(settings: Settings, steps: &[Step]) {
    if let Err((violation, trace)) = run(&Program { settings, steps: steps.to_vec(), servers: 1 }, true) {
        panic!("{}\n{violation}", trace.join("\n"));
    }
}

#[test]
fn two_tabs_do_not_fight_when_the_first_never_heard_that_it_was_superseded() {
    let steps = [
        CutUnnoticedByServer(0),
        Cut(0),
        Wake(0),
        SecondTab(0),
        Cut(110),
        Broadcast(0),
        Wait(40),
        CutUnnoticedByPage(0),
        Broadcast(0),
    ];
    play(small(), &steps);
}

#[test]
fn a_follower_that_comes_back_learns_that_the_owner_is_back_too() {
    let steps = [ReloadOwner(0, true), HalfOpen(0), Join, Wait(68), Cut(13), ReloadOwner(0, false)];
    play(small(), &steps);
}

#[test]
fn a_follower_whose_first_snapshot_was_cut_off_learns_that_the_owner_is_back() {
    let settings = Settings {
        ring_actions: 3,
        followers: 100,
        slots: 3,
        slot_bytes: 4 * 1024 * 1024,
        message_bytes: 65_536,
        large_bytes: 40_000,
        followers_at_start: 2,
        ..small()
    };
    let steps = [
        Stall(82),
        Leave(13),
        Join,
        Join,
        Join,
        Fill(0),
        Idle(30),
        Wait(0),
        Join,
        Join,
        ReloadFollower(0),
        ReloadOwner(0, true),
        Join,
        Wait(32),
        Online(0),
        SecondTab(0),
        Wait(54),
        Stall(84),
        Broadcast(0),
        Broadcast(0),
        Broadcast(0),
        Idle(30),
    ];
    play(settings, &steps);
}

#[test]
fn a_page_that_a_full_room_kept_away_hears_of_the_rooms_end_with_its_next_attempt() {
    let steps =
        [Join, ReloadOwner(0, true), ReloadFollower(0), Delay(35, 636), Stall(20), Idle(31), Sleep(7), Join];
    let settings = Settings { grace_ms: 600_000, owner_actions: 8, ..small() };
    play(settings, &steps);
}
