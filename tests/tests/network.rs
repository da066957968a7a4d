//! A real server, real sockets, and a network between them that cuts, stalls and throttles: nothing
//! is lost and nothing comes twice.

use std::collections::BTreeMap;

use rtbroadcaster_protocol::{Event, Goal, SessionStatus};
use rtbroadcaster_tests::{Page, Proxy, Server, number};

const ACTIONS: u64 = 1_000;

/// The numbers that a page receives, up to and including `last`.
async fn numbers(page: &mut Page, last: u64) -> Vec<u64> {
    let mut numbers = Vec::new();
    while numbers.last() != Some(&last) {
        numbers.push(page.next_number().await);
    }
    numbers
}

#[tokio::test(flavor = "multi_thread")]
async fn every_action_arrives_once_while_both_sides_lose_their_connections() {
    let server = Server::start().await;
    let (owners, audience) = (Proxy::start(&server.address).await, Proxy::start(&server.address).await);
    let mut owner = Page::open(&owners.address, Goal::Create, "s1").await;
    let mut followers = Vec::new();
    for _ in 0..3 {
        followers.push(Page::follow(&audience.address, &owner.uuid).await);
    }
    for round in 0..20 {
        for number in 1..=ACTIONS / 20 {
            owner.broadcast("number", round * ACTIONS / 20 + number, None);
        }
        // One action of this round is in the log. Where the others are is left to chance.
        assert_eq!(owner.next_seq().await, round + 1);
        let cut = if round % 2 == 0 { &owners } else { &audience };
        cut.cut();
        owner.wake();
        followers.iter().for_each(Page::wake);
    }
    for follower in &mut followers {
        assert_eq!(numbers(follower, ACTIONS).await, (1..=ACTIONS).collect::<Vec<_>>());
    }
    for seq in 21..=ACTIONS {
        assert_eq!(owner.next_seq().await, seq, "each is answered once, in order");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_follower_behind_a_stalled_network_is_resynced_and_costs_the_others_nothing() {
    let server = Server::with_limits(|limits| limits.ring_actions = 64).await;
    let stalled = Proxy::start(&server.address).await;
    let owner = Page::open(&server.address, Goal::Create, "s1").await;
    let mut behind = Page::follow(&stalled.address, &owner.uuid).await;
    let mut witness = Page::follow(&server.address, &owner.uuid).await;
    owner.broadcast("beep", 0, None);
    assert_eq!(behind.next_number().await, 0);
    stalled.stall();
    // The kernel buffers some megabytes for a connection; the actions after them fall off the ring.
    let mut expected = BTreeMap::new();
    assert_eq!(witness.next_number().await, 0);
    for number in 1..=5_000 {
        let slot = format!("slot-{}", number % 5);
        owner.broadcast_large("value", number, Some(&slot));
        expected.insert(slot, number);
        if number % 5 == 0 {
            while witness.next_number().await != number {}
        }
    }
    stalled.heal();
    let mut resynced = false;
    let mut values = BTreeMap::new();
    while values != expected {
        match behind.next().await {
            Event::Action { params, slot: Some(slot), .. } => {
                values.insert(slot, number(&params));
            }
            Event::Resync => resynced = true,
            _ => {}
        }
    }
    assert!(resynced, "the page is told that it has missed something");
    behind.status(SessionStatus::Connected).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_throttled_follower_gets_everything_in_order_as_slowly_as_it_takes_it() {
    let server = Server::start().await;
    let slow = Proxy::start(&server.address).await;
    let owner = Page::open(&server.address, Goal::Create, "s1").await;
    let mut throttled = Page::follow(&slow.address, &owner.uuid).await;
    let mut witness = Page::follow(&server.address, &owner.uuid).await;
    slow.throttle();
    for number in 1..=ACTIONS {
        owner.broadcast("number", number, None);
    }
    assert_eq!(numbers(&mut witness, ACTIONS).await.len() as u64, ACTIONS, "nobody waits for the slow one");
    slow.allow(ACTIONS as usize);
    assert_eq!(numbers(&mut throttled, ACTIONS).await, (1..=ACTIONS).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_is_loaded_anew_takes_its_room_back_and_stands_where_its_audience_stands() {
    let server = Server::start().await;
    let first = Page::open(&server.address, Goal::Create, "before the reload").await;
    let mut follower = Page::follow(&server.address, &first.uuid).await;
    first.broadcast("goTo", 3, Some("goTo"));
    assert_eq!(follower.next_number().await, 3);
    let claim = Goal::Claim {
        uuid: first.uuid.clone(),
        owner_key: first.owner_key.clone().expect("an owner has the key"),
    };
    drop(first);
    let second = Page::open(&server.address, claim, "after the reload").await;
    second.broadcast("goTo", 4, Some("goTo"));
    assert_eq!(follower.next_number().await, 4);
}
