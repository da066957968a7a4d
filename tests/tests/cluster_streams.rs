//! Streams that are full, deleted or cut off from a slow node.

use rtbroadcaster_protocol::Goal;
use rtbroadcaster_tests::cluster::{Cluster, NatsCluster, NatsPlan, Node, NodePlan};
use rtbroadcaster_tests::{Client, Edge, Page, Room, message};
use serde_json::json;

#[tokio::test]
#[ignore = "`cargo xtask test --only cluster` runs it"]
async fn an_owner_waits_while_the_stream_is_full_and_goes_on_when_there_is_room() {
    const BYTES: u64 = 1024 * 1024;
    let Some(cluster) = Cluster::start(2, &["--nats-stream-bytes", &BYTES.to_string()]).await else { return };
    let (a, b) = (&cluster.nodes[0], &cluster.nodes[1]);
    let mut room = Room::open(&a.address).await;
    let mut follower = room.join_at(&b.address).await;
    follower.hears(&json!({"synced": 0})).await;
    // More than the stream may hold. The ring needs all of it, so no checkpoint makes room.
    let text = "x".repeat(40_000);
    let last = 2 * BYTES / text.len() as u64;
    for id in 1..=last {
        room.owner.send(json!({"id": id, "funcKey": "act", "funcParams": [text]})).await;
    }
    a.logs("full").await;
    // The others are not: rooms there don't notice.
    let (stream, _) = cluster.nats.stream_of(&room.uuid).await;
    cluster.nats.change(&stream, &json!({"max_bytes": 64 * BYTES})).await;
    while room.owner.next().await["ack"] != last {}
    for seq in 1..=last {
        assert_eq!(follower.next().await["seq"], seq);
    }
}

#[tokio::test]
#[ignore = "`cargo xtask test --only cluster` runs it"]
async fn rooms_of_a_stream_that_was_deleted_end_and_new_ones_can_be_opened() {
    let Some(cluster) = Cluster::start(2, &[]).await else { return };
    let (a, b) = (&cluster.nodes[0].address, &cluster.nodes[1].address);
    let mut room = Room::open(a).await;
    let mut follower = room.join_at(b).await;
    follower.hears(&json!({"synced": 0})).await;
    room.act(1, 3).await;
    let (stream, _) = cluster.nats.stream_of(&room.uuid).await;
    cluster.nats.delete(&stream).await;
    room.owner.send(message::numbered(4, "late")).await;
    // It is lost, so it must not be acknowledged.
    let (messages, _) = room.owner.rest().await;
    assert!(messages.iter().all(|message| message["ack"] != 4), "{messages:?}");
    for address in [a, b] {
        rtbroadcaster_tests::eventually(&json!("unknown_room"), async || {
            let mut late = Client::connect(address).await;
            late.send(message::session_join(&room.uuid)).await;
            late.next().await["error"]["code"].clone()
        })
        .await;
    }
    // As many as there are streams and more, so that some are in that one.
    for _ in 0..32 {
        Edge::open(a).await.act("here").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "`cargo xtask test --only cluster` runs it"]
async fn a_node_that_nats_cuts_off_because_it_is_slow_misses_nothing() {
    const ACTIONS: u64 = 3_000;
    // So little that a paused node is soon cut off, and that what it has missed is more.
    let plan = NatsPlan::new(3).configured("max_pending: 4MB\n");
    let Some(nats) = NatsCluster::start_as(plan).await else { return };
    let ring = ["--ring-bytes", "100000000"];
    let fast = Node::start(NodePlan::new("a", &nats.urls()).with(&ring)).await;
    let slow = Node::start(NodePlan::new("b", &nats.urls()).with(&ring)).await;
    let mut owner = Page::open(&fast.address, Goal::Create, "s1").await;
    let mut follower = Page::follow(&slow.address, &owner.uuid).await;
    slow.pause().await;
    for number in 1..=ACTIONS {
        owner.broadcast_large("number", number, None);
    }
    for seq in 1..=ACTIONS {
        assert_eq!(owner.next_seq().await, seq);
    }
    let is_cut_off = || nats.servers.iter().any(|server| server.log().contains("Slow Consumer"));
    rtbroadcaster_tests::until("a slow consumer", async || is_cut_off().then_some(())).await;
    slow.resume().await;
    for number in 1..=ACTIONS {
        assert_eq!(follower.next_number().await, number);
    }
}
