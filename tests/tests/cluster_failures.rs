//! Nodes and NATS servers that are killed, paused, led away and restarted: what was acknowledged is
//! there, nothing comes twice, and everybody goes on by itself.

use std::time::Duration;

use rtbroadcaster_protocol::{CloseCode, Event, Goal, OwnerPresence};
use rtbroadcaster_tests::cluster::{Balancer, Cluster, STREAMS};
use rtbroadcaster_tests::load::{Load, LoadPlan};
use rtbroadcaster_tests::{Page, Room, message};
use serde_json::json;

/// Some rooms on all nodes, so busy that something is under way whenever something happens.
const PLAN: LoadPlan = LoadPlan { rooms: 3, pause: Some(Duration::from_millis(20)) };
/// A room has gone on after so many acknowledgements: some may have been under way before.
const ACTIONS: u64 = 20;

async fn busy(nodes: usize) -> Option<(Cluster, Balancer, Load)> {
    let cluster = Cluster::start(nodes, &["--ring-actions", "20000"]).await?;
    let balancer = Balancer::start(cluster.addresses()).await;
    let mut load = Load::start(&balancer.address, PLAN).await;
    load.every_room_goes_on(ACTIONS).await;
    Some((cluster, balancer, load))
}

#[tokio::test]
#[ignore = "`cargo xtask test --only cluster` runs it"]
async fn the_owner_of_a_node_that_was_killed_goes_on_at_another() {
    let Some(mut cluster) = Cluster::start(2, &[]).await else { return };
    let addresses = cluster.addresses();
    let mut room = Room::open(&addresses[0]).await;
    let mut follower = room.join_at(&addresses[1]).await;
    follower.hears(&json!({"synced": 0})).await;
    room.act(1, 100).await;
    cluster.nodes[0].kill().await;
    for seq in 1..=100 {
        follower.hears(&json!({"seq": seq, "funcKey": "act"})).await;
    }
    // Nobody says so for the node: the others notice.
    follower.hears(&json!({"owner": "away"})).await;
    let (mut owner, reply) = room.claim_at(&addresses[1], "first").await;
    assert_eq!((&reply["epoch"], &reply["ack"]), (&json!(2), &json!(100)), "{reply}");
    owner.send(message::numbered(101, "next")).await;
    while owner.next().await["ack"] != 101 {}
    follower.hears(&json!({"owner": "back"})).await;
    follower.hears(&json!({"seq": 101, "funcKey": "next"})).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "`cargo xtask test --only cluster` runs it"]
async fn nodes_that_are_killed_under_load_cost_nothing() {
    let Some((mut cluster, _balancer, mut load)) = busy(3).await else { return };
    for node in &mut cluster.nodes {
        node.kill().await;
        load.every_room_goes_on(ACTIONS).await;
        node.restart().await;
    }
    load.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "`cargo xtask test --only cluster` runs it"]
async fn nodes_that_are_restarted_one_after_the_other_cost_nothing() {
    let Some((mut cluster, _balancer, mut load)) = busy(2).await else { return };
    for node in &mut cluster.nodes {
        node.stop().await;
        load.every_room_goes_on(ACTIONS).await;
        node.restart().await;
    }
    load.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "`cargo xtask test --only cluster` runs it"]
async fn a_nats_server_that_leads_and_is_killed_costs_a_pause() {
    let Some((mut cluster, _balancer, mut load)) = busy(2).await else { return };
    for stream in [STREAMS[0], STREAMS[5]] {
        let leader = cluster.nats.leader_of(stream).await;
        cluster.nats.servers[leader].kill().await;
        load.every_room_goes_on(ACTIONS).await;
        cluster.nats.servers[leader].start();
        cluster.nats.is_ready().await;
    }
    load.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "`cargo xtask test --only cluster` runs it"]
async fn a_nats_server_that_is_paused_costs_a_pause() {
    let Some((mut cluster, _balancer, mut load)) = busy(2).await else { return };
    let leader = cluster.nats.leader_of(STREAMS[3]).await;
    cluster.nats.servers[leader].pause().await;
    load.every_room_goes_on(ACTIONS).await;
    cluster.nats.servers[leader].resume().await;
    cluster.nats.is_ready().await;
    load.every_room_goes_on(ACTIONS).await;
    load.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "`cargo xtask test --only cluster` runs it"]
async fn a_nats_server_that_leaves_in_order_costs_nothing() {
    let Some((mut cluster, _balancer, mut load)) = busy(2).await else { return };
    cluster.nats.servers[0].send_clients_away().await;
    load.every_room_goes_on(ACTIONS).await;
    cluster.nats.servers[0].ended().await;
    load.every_room_goes_on(ACTIONS).await;
    cluster.nats.servers[0].start();
    cluster.nats.is_ready().await;
    load.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "`cargo xtask test --only cluster` runs it"]
async fn nodes_without_nats_send_their_clients_away_and_go_on_when_it_is_back() {
    let Some((mut cluster, _balancer, mut load)) = busy(2).await else { return };
    let mut room = Room::open(&cluster.nodes[0].address).await;
    room.act(1, 10).await;
    cluster.nats.kill_all().await;
    room.owner.send(message::numbered(11, "late")).await;
    for node in &cluster.nodes {
        node.is_ready(false).await;
    }
    let (messages, code) = room.owner.rest().await;
    assert_eq!((messages, code), (Vec::new(), CloseCode::NotNow.value()), "nothing is acknowledged");
    cluster.nats.restart_all().await;
    for node in &cluster.nodes {
        node.is_ready(true).await;
    }
    load.every_room_goes_on(ACTIONS).await;
    let (mut owner, reply) = room.claim_at(&cluster.nodes[1].address, "first").await;
    assert_eq!(reply["status"]["value"], 3, "{reply}");
    // It repeats what was not acknowledged, whether or not it was kept.
    assert!([json!(10), json!(11)].contains(&reply["ack"]), "{reply}");
    owner.send(message::numbered(11, "late")).await;
    owner.send(message::numbered(12, "next")).await;
    while owner.next().await["ack"] != 12 {}
    let mut follower = room.rejoin_at(&cluster.nodes[0].address, 10).await;
    follower.hears_action(&json!({"seq": 11, "funcKey": "late"})).await;
    follower.hears_action(&json!({"seq": 12, "funcKey": "next"})).await;
    load.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "`cargo xtask test --only cluster` runs it"]
async fn nothing_of_a_paused_node_that_wakes_up_comes_late() {
    const LAST: u64 = 3_000;
    let Some(cluster) = Cluster::start(2, &[]).await else { return };
    let (a, b) = (&cluster.nodes[0], &cluster.nodes[1]);
    let mut room = Room::open(&a.address).await;
    let mut here = Page::follow(&a.address, &room.uuid).await;
    let mut there = room.join_at(&b.address).await;
    there.hears(&json!({"synced": 0})).await;
    // Another owner stays with the node, and is not told anything by it.
    let silent = Page::open(&a.address, Goal::Create, "silent").await;
    let mut waiting = Page::follow(&b.address, &silent.uuid).await;
    silent.broadcast("number", 1, None);
    assert_eq!(waiting.next_number().await, 1);

    let action = |id: u64, key: &str| json!({"id": id, "funcKey": key, "funcParams": [id]});
    for id in 1..=LAST {
        room.owner.send(action(id, "act")).await;
    }
    // The node is stopped in the middle of them.
    there.next().await;
    a.pause().await;
    let (mut owner, reply) = room.claim_at(&b.address, "first").await;
    let had = reply["ack"].as_u64().unwrap_or_else(|| panic!("{reply}"));
    for id in had + 1..=LAST {
        owner.send(action(id, "again")).await;
    }
    owner.send(action(LAST + 1, "end")).await;
    while owner.next().await["ack"] != LAST + 1 {}
    // Until the node is thought to be gone.
    while waiting.next().await != Event::Owner(OwnerPresence::Away) {}
    a.resume().await;

    let (_, code) = room.owner.rest().await;
    assert!([CloseCode::Superseded.value(), CloseCode::NotNow.value()].contains(&code), "{code}");
    silent.broadcast("number", 2, None);
    assert_eq!(waiting.next_number().await, 2);
    for number in 1..=LAST + 1 {
        assert_eq!(here.next_number().await, number);
    }
    for seq in 2..=LAST + 1 {
        let heard = there.next_action().await;
        let expected = if seq <= had {
            "act"
        } else if seq <= LAST {
            "again"
        } else {
            "end"
        };
        assert_eq!((&heard["seq"], &heard["funcKey"]), (&json!(seq), &json!(expected)), "{had} were taken");
    }
    there.hears_nothing().await;
}
