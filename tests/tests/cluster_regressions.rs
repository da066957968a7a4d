//! Programs with several servers that once found a fault, as the simulation printed them.

use rtbroadcaster_tests::sim::{ClusterStep, Program, Settings, Step, run};

use ClusterStep::{CutOff, Kill, Post, Stop, Weather};
use Step::*;

fn small() -> Settings {
    Settings {
        ring_actions: 2,
        ring_bytes: 4 * 1024 * 1024,
        rooms: 100,
        followers: 1,
        slots: 2,
        slot_bytes: 40,
        message_bytes: 300,
        large_bytes: 320,
        followers_at_start: 0,
        owner_actions: 8,
        grace_ms: 20_000,
        share_audience: false,
        has_journal: false,
    }
}

fn play(servers: usize, settings: Settings, steps: &[Step]) {
    if let Err((violation, trace)) = run(&Program { settings, steps: steps.to_vec(), servers }, true) {
        panic!("{}\n{violation}", trace.join("\n"));
    }
}

#[test]
fn an_owner_on_a_server_that_was_taken_for_gone_claims_anew() {
    let settings = Settings { followers_at_start: 1, ..small() };
    let steps = [
        Broadcast(0),
        InCluster(Kill(73)),
        Wait(10),
        Wake(13),
        InCluster(Stop(188, 101)),
        Cut(103),
        Idle(10),
    ];
    play(2, settings, &steps);
}

#[test]
fn a_connection_whose_claim_was_lost_is_not_that_of_the_claim_with_its_epoch() {
    let steps = [
        InCluster(Stop(44, 1)),
        InCluster(Post(0, 100, None)),
        Wait(3),
        InCluster(Weather(27)),
        Sleep(1),
        Broadcast(0),
        SecondTab(0),
        Broadcast(0),
        Broadcast(0),
        Broadcast(0),
        Wait(240),
        Broadcast(0),
    ];
    play(3, small(), &steps);
}

#[test]
fn a_post_that_was_answered_before_changes_nothing_that_others_do_not_hear_of() {
    let settings = Settings { ring_actions: 7, slots: 4, ..small() };
    let steps = [
        Broadcast(0),
        InCluster(Stop(14, 32)),
        InCluster(Post(0, 19, None)),
        Wait(5),
        InCluster(Post(0, 89, None)),
        Broadcast(0),
        InCluster(Kill(55)),
        Broadcast(0),
        InCluster(Post(0, 151, None)),
        Broadcast(0),
        Broadcast(0),
    ];
    play(2, settings, &steps);
}

#[test]
fn an_owner_is_not_told_that_it_has_closed_its_room_before_that_is_kept() {
    let settings = Settings { followers_at_start: 1, ..small() };
    let steps = [
        Broadcast(0),
        Broadcast(0),
        ReloadOwner(0, false),
        Wait(26),
        Join,
        Wait(45),
        Cut(68),
        InCluster(CutOff(55, 1)),
        Clog(0, 50),
        Online(0),
        CloseRoom(0),
        Wait(17),
        InCluster(Post(0, 2, None)),
    ];
    play(2, settings, &steps);
}

#[test]
fn what_an_owner_sends_behind_something_that_was_lost_waits_for_that() {
    let settings = Settings { ring_actions: 5, grace_ms: 600_000, ..small() };
    let steps = [
        Broadcast(0),
        Broadcast(0),
        Wait(6),
        SecondTab(0),
        InCluster(Stop(152, 1)),
        InCluster(Post(0, 115, None)),
        Clear(0, 0),
        Sleep(1),
        Broadcast(0),
        Broadcast(0),
    ];
    play(2, settings, &steps);
}

#[test]
fn an_owner_whose_leaving_was_lost_with_the_next_claim_has_left() {
    let steps = [
        Broadcast(0),
        InCluster(CutOff(14, 119)),
        Join,
        InCluster(Post(0, 31, None)),
        Wait(6),
        ReloadOwner(0, false),
        InCluster(Weather(76)),
        InCluster(CutOff(157, 119)),
        Cut(11),
        Idle(12),
    ];
    play(2, small(), &steps);
}

#[test]
fn what_the_ring_still_needs_is_not_deleted_for_what_may_be_lost() {
    let settings = Settings { ring_actions: 3, followers_at_start: 1, ..small() };
    let steps = [
        Broadcast(0),
        Wait(8),
        InCluster(ClusterStep::Checkpoint(182)),
        InCluster(CutOff(14, 1)),
        Wait(1),
        Clear(0, 0),
        Broadcast(0),
        InCluster(Post(0, 43, None)),
        InCluster(CutOff(254, 1)),
        InCluster(Post(0, 48, None)),
        Wait(3),
    ];
    play(2, settings, &steps);
}

#[test]
fn a_claim_that_was_on_its_way_for_long_does_not_end_its_own_session() {
    let steps = [
        InCluster(Post(0, 21, None)),
        CutUnnoticedByServer(0),
        InCluster(Kill(42)),
        Wait(47),
        Wait(56),
        InCluster(Stop(19, 106)),
        Idle(11),
    ];
    play(3, small(), &steps);
}
