//! The rooms over plain HTTP are the same on every node.

use rtbroadcaster_protocol::CloseCode;
use rtbroadcaster_tests::cluster::Cluster;
use rtbroadcaster_tests::{Edge, Request, Response, Room};
use serde_json::json;

/// A post of an action without params, which a client may repeat.
fn post(edge: &Edge, id: u64) -> Request {
    edge.post(&json!({"funcKey": "act"})).with("Idempotency-Key", &format!("program:{id}"))
}

/// The seq that an accepted post was given.
fn seq(response: &Response) -> u64 {
    assert_eq!(response.status, 200, "{}", response.body);
    response.json()["seq"].as_u64().expect("a seq")
}

#[tokio::test]
#[ignore = "`cargo xtask test --only cluster` runs it"]
async fn posts_on_both_nodes_are_one_row_and_each_is_taken_once() {
    let Some(cluster) = Cluster::start(2, &[]).await else { return };
    let (a, b) = (&cluster.nodes[0].address, &cluster.nodes[1].address);
    let edge = Edge::open(a).await;
    for (id, address) in (1..=10).zip([a, b].into_iter().cycle()) {
        assert_eq!(seq(&post(&edge, id).send(address).await), id);
        // Whoever asks twice is given the same answer, wherever it asks.
        for other in [a, b] {
            assert_eq!(seq(&post(&edge, id).send(other).await), id);
        }
    }
    // At the same time too.
    let posts = (11..=30).zip([a, b].into_iter().cycle()).map(|(id, address)| {
        let post = edge.post(&json!({"funcKey": "act"})).with("Idempotency-Key", &format!("writer {id}:1"));
        async move { seq(&post.send(address).await) }
    });
    let mut seqs = futures_util::future::join_all(posts).await;
    seqs.sort_unstable();
    assert_eq!(seqs, (11..=30).collect::<Vec<_>>());
}

#[tokio::test]
#[ignore = "`cargo xtask test --only cluster` runs it"]
async fn posts_stand_beside_an_owner_on_another_node() {
    let Some(cluster) = Cluster::start(2, &[]).await else { return };
    let (a, b) = (&cluster.nodes[0].address, &cluster.nodes[1].address);
    let mut room = Room::open(a).await;
    let mut follower = room.join_at(b).await;
    follower.hears(&json!({"synced": 0})).await;
    let edge =
        Edge { address: b.clone(), uuid: room.uuid.clone(), key: room.key.clone(), reply: json!(null) };
    // The owner's ids are its own: those of the posts are not among them.
    for (round, id) in (0..10).zip((1..).step_by(2)) {
        room.act(id, id + 1).await;
        assert_eq!(seq(&post(&edge, round + 1).send(b).await), 3 * round + 3);
        for seq in 3 * round + 1..=3 * round + 3 {
            follower.hears(&json!({"seq": seq, "funcKey": "act"})).await;
        }
    }
}

#[tokio::test]
#[ignore = "`cargo xtask test --only cluster` runs it"]
async fn a_stream_of_events_goes_on_at_another_node() {
    let Some(cluster) = Cluster::start(2, &[]).await else { return };
    let (a, b) = (&cluster.nodes[0].address, &cluster.nodes[1].address);
    let mut edge = Edge::open(a).await;
    edge.address.clone_from(b);
    let mut events = edge.follow_from(0).await;
    for id in 1..=3 {
        seq(&post(&edge, id).send(a).await);
        assert_eq!(events.seq().await, id);
    }
    let last = events.last_id.take().expect("actions have ids");
    drop(events);
    seq(&post(&edge, 4).send(b).await);
    edge.address.clone_from(a);
    let mut events = edge.resume(&last).await;
    assert_eq!(events.seq().await, 4);
}

#[tokio::test]
#[ignore = "`cargo xtask test --only cluster` runs it"]
async fn a_room_that_a_request_closes_is_closed_on_all_nodes() {
    let Some(cluster) = Cluster::start(2, &[]).await else { return };
    let (a, b) = (&cluster.nodes[0].address, &cluster.nodes[1].address);
    let mut room = Room::open(a).await;
    let mut edge =
        Edge { address: a.clone(), uuid: room.uuid.clone(), key: room.key.clone(), reply: json!(null) };
    let mut events = edge.follow(&edge.events()).await;
    events.hears(&json!({"synced": 0})).await;
    let deletion = Request::new("DELETE", &edge.path("")).bearing(&edge.key);
    assert_eq!(deletion.send(b).await.status, 204);
    assert_eq!(room.owner.rest().await.1, CloseCode::RoomClosed.value());
    assert_eq!(events.message().await["status"]["value"], 0);
    assert_eq!(events.closed().await, CloseCode::RoomClosed.value());
    for address in [a, b] {
        edge.address.clone_from(address);
        edge.send(&edge.events()).await.is_refused(404, "unknown_room");
        edge.send(&post(&edge, 1)).await.is_refused(404, "unknown_room");
    }
}
