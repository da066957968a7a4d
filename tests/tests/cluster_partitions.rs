//! A node whose packets to NATS, from NATS, or both are lost (`ip netns`): the rest of the cluster
//! goes on without it, and nothing of it comes late.

use rtbroadcaster_protocol::Goal;
use rtbroadcaster_tests::Page;
use rtbroadcaster_tests::cluster::{Balancer, Cut, Island, NatsCluster, NatsPlan, Node, NodePlan};

/// Loses these packets of the owner's node, until the owner has gone to the other one.
async fn an_owner_behind_a_cut_goes_on_at_the_other_node(cuts: &[Cut]) {
    let Some(island) = Island::new() else { return };
    let Some(nats) = NatsCluster::start_as(NatsPlan::new(3).at(&island.nats_host())).await else { return };
    let cut_off = Node::start(island.host(NodePlan::new("a", &nats.urls()))).await;
    let other = Node::start(NodePlan::new("b", &nats.urls())).await;
    let balancer = Balancer::start(vec![cut_off.address.clone()]).await;
    let spare = Balancer::start(vec![cut_off.address.clone(), other.address.clone()]).await;
    spare.lead_away(&other.address);

    let mut owner = Page::open(&spare.address, Goal::Create, "s1").await;
    let mut here = Page::follow(&balancer.address, &owner.uuid).await;
    let mut there = Page::follow(&other.address, &owner.uuid).await;
    for number in 1..=10 {
        owner.broadcast("number", number, None);
    }
    for number in 1..=10 {
        assert_eq!(owner.next_seq().await, number);
        assert_eq!(there.next_number().await, number);
    }
    island.cut(cuts);
    for number in 11..=20 {
        owner.broadcast("number", number, None);
    }
    // The node itself notices that it can promise nothing any more.
    cut_off.is_ready(false).await;
    spare.lead_away(&cut_off.address);
    spare.lead_back(&other.address);
    for number in 11..=20 {
        assert_eq!(owner.next_seq().await, number, "each is taken once");
        assert_eq!(there.next_number().await, number);
    }
    island.heal(cuts);
    cut_off.is_ready(true).await;
    owner.broadcast("number", 21, None);
    for number in 1..=21 {
        assert_eq!(here.next_number().await, number, "its own follower has missed nothing");
    }
    assert_eq!(there.next_number().await, 21, "nothing has come late");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "`cargo xtask test --only cluster` runs it"]
async fn a_node_that_is_cut_off_from_nats() {
    an_owner_behind_a_cut_goes_on_at_the_other_node(&[Cut::FromNode, Cut::ToNode]).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "`cargo xtask test --only cluster` runs it"]
async fn a_node_that_nats_does_not_hear() {
    an_owner_behind_a_cut_goes_on_at_the_other_node(&[Cut::FromNode]).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "`cargo xtask test --only cluster` runs it"]
async fn a_node_that_does_not_hear_nats() {
    an_owner_behind_a_cut_goes_on_at_the_other_node(&[Cut::ToNode]).await;
}
