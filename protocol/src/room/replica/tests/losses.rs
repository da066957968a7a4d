//! What becomes of a room that has lost what it had proposed. The simulation has found each of
//! these.

use super::*;

#[test]
fn what_was_lost_to_a_close_is_served_to_nobody() {
    for keeps_all in [true, false] {
        let mut world = World::new();
        world.step(0, Step::Act(None));
        world.servers[1].claim(1);
        world.acted = 100;
        world.step(1, Step::Act(None));
        world.servers[1].room.close();
        while world.servers[1].replica.has_unkept() || world.servers[1].room.has_staged() {
            world.step(1, Step::Propose { is_told: true });
        }
        if !keeps_all {
            world.log.delete_all_but_last();
        }
        world.settle();
        assert!(world.servers.iter().all(|server| server.room.has_ended()));
        // Whoever was too late hears of the close, and of nothing that never was.
        let served = |at: usize| world.servers[at].follower.seq();
        assert_eq!((served(0), served(1)), (u64::from(keeps_all), 1));
    }
}

#[test]
fn a_ring_reaches_as_far_on_a_server_that_has_lost_what_it_appended() {
    let mut world = World::new();
    for _ in 0..3 {
        world.step(0, Step::Act(None));
    }
    world.step(0, Step::Checkpoint);
    while world.servers[0].replica.has_unkept() || world.servers[0].room.has_staged() {
        world.step(0, Step::Propose { is_told: true });
    }
    let server = &mut world.servers[0];
    let needed_from = server.replica.needed_from(&server.room);
    assert!(needed_from.is_some());
    // What pushes the first actions out of the ring isn't kept yet.
    for _ in 0..limits().ring_actions {
        world.step(0, Step::Act(None));
    }
    let server = &mut world.servers[0];
    assert!(server.room.oldest_seq() > 1);
    assert_eq!(server.replica.needed_from(&server.room), needed_from);
}

#[test]
fn all_entries_of_a_group_are_needed_by_a_server_that_has_not_written_them() {
    let mut world = World::new();
    for _ in 0..limits().ring_actions {
        world.step(0, Step::Act(None));
    }
    world.step(0, Step::Checkpoint);
    world.settle();
    let [writer, other] = [0, 2].map(|at| {
        let server = &mut world.servers[at];
        server.replica.needed_from(&server.room)
    });
    assert_eq!(writer, Some(2), "the first is of the opening");
    assert_eq!(other, writer, "the group takes several entries, and needs the first of them");
}

#[test]
fn a_lost_claim_takes_nothing_from_the_claim_that_has_its_epoch() {
    for step in [Step::Leave, Step::Close] {
        let mut world = World::new();
        world.step(0, Step::CatchUp);
        world.servers[0].claim(1);
        world.servers[1].claim(2);
        // The connection of the claim that is lost goes, or it closes the room.
        world.step(0, step);
        world.step(1, Step::Propose { is_told: true });
        world.settle();
        for server in &world.servers {
            assert_eq!((server.room.epoch(), server.room.is_closed()), (2, false), "{step:?}");
            assert_eq!(server.room.owner_presence(), OwnerPresence::Here, "{step:?}");
        }
    }
}

#[test]
fn an_owner_that_has_closed_its_room_and_left_has_closed_it() {
    let mut world = World::new();
    world.step(0, Step::Close);
    world.step(0, Step::Leave);
    world.servers[1].room.stage_checkpoint();
    world.step(1, Step::Propose { is_told: true });
    world.settle();
    assert!(world.servers.iter().all(|server| server.room.has_ended()));
}
