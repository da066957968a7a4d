//! Short codes in a cluster: every node knows them, and no two rooms have the same.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use rtbroadcaster_protocol::CloseCode;
use rtbroadcaster_tests::cluster::Cluster;
use rtbroadcaster_tests::{Client, Edge, PATH, Request, Response, eventually, message};
use serde_json::{Value, json};

const CREATE: &str = r#"{"status":{"value":1},"v":2,"session":"first","code":true}"#;

/// The stream of all codes.
const STREAM: &str = "RTBROADCASTER_UNIQUE";

/// Opens a room with a code. Returns its owner and the reply.
async fn create(address: &str) -> (Client, Value) {
    let mut owner = Client::connect(address).await;
    owner.send(CREATE).await;
    let reply = owner.next().await;
    (owner, reply)
}

fn code_of(reply: &Value) -> &str {
    reply["code"].as_str().unwrap_or_else(|| panic!("no code: {reply}"))
}

/// Joins by a code. Returns the follower and the reply.
async fn join(address: &str, code: &str) -> (Client, Value) {
    let mut follower = Client::connect(address).await;
    follower.send(message::session_join(code)).await;
    let reply = follower.next().await;
    (follower, reply)
}

async fn look_up(address: &str, code: &str) -> Response {
    Request::get(&format!("{PATH}/codes/{code}")).send(address).await
}

async fn joins_in_vain(address: &str, code: &str, refusal: &str, close: CloseCode) {
    let mut client = Client::connect(address).await;
    client.send(message::session_join(code)).await;
    client.is_refused(refusal).await;
    assert_eq!(client.closed().await, close.value());
}

#[tokio::test]
#[ignore = "`cargo xtask test --only cluster` runs it"]
async fn a_code_is_known_on_every_node_at_once_and_ends_on_all_with_its_room() {
    let Some(cluster) = Cluster::start(2, &[]).await else { return };
    let [a, b] = [&cluster.nodes[0].address, &cluster.nodes[1].address];
    let (mut owner, reply) = create(a).await;
    let code = code_of(&reply);
    let found = look_up(b, &code.to_lowercase()).await;
    assert_eq!(found.json(), json!({"uuid": reply["uuid"]}));
    let (mut follower, entered) = join(b, code).await;
    assert_eq!((&entered["uuid"], &entered["code"]), (&reply["uuid"], &reply["code"]));
    follower.hears(&json!({"synced": 0})).await;
    owner.send(json!({"id": 1, "funcKey": "hello"})).await;
    follower.hears_action(&json!({"seq": 1, "funcKey": "hello"})).await;
    let events = Request::get(&format!("{PATH}/rooms/{code}/events"));
    let mut events = rtbroadcaster_tests::Events::open(&events, b).await;
    assert_eq!(events.message().await["uuid"], reply["uuid"]);

    let shown = cluster.nodes[1].admin("rooms").await;
    assert_eq!(shown["rooms"][0]["code"], reply["code"]);
    owner.send(json!({"status": {"value": 4}})).await;
    assert_eq!(owner.rest().await.1, CloseCode::RoomClosed.value());
    for address in [a, b] {
        look_up(address, code).await.is_refused(404, "unknown_room");
        joins_in_vain(address, code, "unknown_room", CloseCode::UnknownRoom).await;
    }
}

/// C1.
#[tokio::test]
#[ignore = "`cargo xtask test --only cluster` runs it"]
async fn c1_rooms_that_nodes_open_at_the_same_time_have_codes_of_their_own() {
    let Some(cluster) = Cluster::start(2, &["--rooms-per-minute-per-address=1000"]).await else { return };
    let addresses = cluster.addresses();
    let opened = (0..60).map(|number| create(&addresses[number % 2]));
    let rooms = join_all(opened).await;
    let codes: BTreeSet<_> = rooms.iter().map(|(_, reply)| code_of(reply)).collect();
    assert_eq!(codes.len(), 60);
    // What is written of a code that is given out is not written anew.
    let code = code_of(&rooms[0].1);
    let subject = format!("rtbroadcaster.unique.code.{code}");
    let kept = cluster.nats.messages(STREAM, &subject).await;
    assert_eq!(kept.len(), 1);
    let kept: Value = serde_json::from_slice(&kept[0].1).expect("JSON");
    assert_eq!(kept["room"], rooms[0].1["uuid"]);
    for (number, (_owner, reply)) in rooms.iter().enumerate() {
        let found = look_up(&addresses[(number + 1) % 2], code_of(reply)).await;
        assert_eq!(found.json(), json!({"uuid": reply["uuid"]}));
    }
}

#[tokio::test]
#[ignore = "`cargo xtask test --only cluster` runs it"]
async fn a_code_outlives_the_nodes_that_know_it_and_rests_after_its_room() {
    let Some(mut cluster) = Cluster::start(2, &[]).await else { return };
    let edge = Edge::rooms();
    let create = Request::post(&edge, "application/json", r#"{"code":true}"#);
    let reply = create.send(&cluster.nodes[0].address).await.json();
    let code = code_of(&reply).to_owned();
    for node in &mut cluster.nodes {
        node.kill().await;
    }
    cluster.nats.kill_all().await;
    cluster.nats.restart_all().await;
    for node in &mut cluster.nodes {
        node.restart().await;
    }
    for address in cluster.addresses() {
        let (_follower, entered) = join(&address, &code).await;
        assert_eq!((&entered["uuid"], &entered["code"]), (&reply["uuid"], &reply["code"]));
    }
    let uuid = reply["uuid"].as_str().expect("a uuid");
    let close = Request::new("DELETE", &format!("{PATH}/rooms/{uuid}"))
        .bearing(reply["ownerKey"].as_str().expect("a key"));
    assert_eq!(close.send(&cluster.nodes[1].address).await.status, 204);
    for address in cluster.addresses() {
        joins_in_vain(&address, &code, "unknown_room", CloseCode::UnknownRoom).await;
    }
    // Nobody gets it for now: its subject is taken.
    let subject = format!("rtbroadcaster.unique.code.{code}");
    assert_eq!(cluster.nats.messages(STREAM, &subject).await.len(), 1);
}

/// C2, as on one server.
#[tokio::test]
#[ignore = "`cargo xtask test --only cluster` runs it"]
async fn c2_an_address_that_guesses_learns_nothing_any_more_and_the_cluster_is_not_asked() {
    let misses = "--code-misses-per-minute-per-address=3";
    let Some(cluster) = Cluster::start(2, &[misses]).await else { return };
    let [a, b] = [&cluster.nodes[0], &cluster.nodes[1]];
    let (_owner, reply) = create(&a.address).await;
    let code = code_of(&reply);
    let asked = async || b.metrics().await.value("rtbroadcaster_cluster_asked_codes_total");
    let guesses = ["333333", "444444", "777777", "999999", "CCCCCC", "DDDDDD"];
    let answers = join_all(guesses.map(|guess| look_up(&b.address, guess))).await;
    let unknown = answers.iter().filter(|answer| answer.status == 404).count();
    assert_eq!(unknown, 3, "also of those that come at the same time");
    let before = asked().await;
    assert_eq!(before, 3.0);
    for _ in 0..20 {
        look_up(&b.address, code).await.is_refused(429, "rate_limited");
        joins_in_vain(&b.address, code, "rate_limited", CloseCode::NotNow).await;
    }
    assert_eq!(asked().await, before);
    // Another node counts for itself, and doesn't ask for what is there.
    for _ in 0..20 {
        assert_eq!(look_up(&a.address, code).await.json(), json!({"uuid": reply["uuid"]}));
    }
    assert_eq!(a.metrics().await.value("rtbroadcaster_cluster_asked_codes_total"), 0.0);
}

#[tokio::test]
#[ignore = "`cargo xtask test --only cluster` runs it"]
async fn without_nats_no_code_is_given_out_and_none_is_unknown() {
    let Some(mut cluster) = Cluster::start(1, &[]).await else { return };
    let address = cluster.nodes[0].address.clone();
    let (_owner, reply) = create(&address).await;
    cluster.nats.kill_all().await;
    let mut refused = Client::connect(&address).await;
    refused.send(CREATE).await;
    refused.is_refused("unavailable").await;
    assert_eq!(refused.closed().await, CloseCode::NotNow.value());
    look_up(&address, "333333").await.is_refused(503, "unavailable");
    let over_http = Request::post(&Edge::rooms(), "application/json", r#"{"code":true}"#);
    over_http.send(&address).await.is_refused(503, "unavailable");
    let found = look_up(&address, code_of(&reply)).await;
    assert_eq!(found.json(), json!({"uuid": reply["uuid"]}), "this one is known here");
    let lookups = "rtbroadcaster_code_lookups_total{outcome=\"unavailable\"}";
    assert_eq!(cluster.nodes[0].metrics().await.value(lookups), 1.0);
    cluster.nats.restart_all().await;
    eventually(&true, async || {
        let mut owner = Client::connect(&address).await;
        owner.send(CREATE).await;
        owner.next().await["code"].is_string()
    })
    .await;
}

#[tokio::test]
#[ignore = "`cargo xtask test --only cluster` runs it"]
async fn a_code_that_the_stream_has_lost_is_written_anew_by_a_node_with_its_room() {
    let Some(cluster) = Cluster::start(2, &[]).await else { return };
    let [a, b] = [&cluster.nodes[0].address, &cluster.nodes[1].address];
    let (_owner, reply) = create(a).await;
    let code = code_of(&reply);
    cluster.nats.purge(STREAM).await;
    look_up(b, code).await.is_refused(404, "unknown_room");
    // A node that gets the room looks after its code.
    let (_follower, _) = join(b, reply["uuid"].as_str().expect("a uuid")).await;
    let subject = format!("rtbroadcaster.unique.code.{code}");
    eventually(&1, async || cluster.nats.messages(STREAM, &subject).await.len()).await;
}

#[tokio::test]
#[ignore = "`cargo xtask test --only cluster` runs it"]
async fn who_may_not_open_rooms_uses_up_no_codes() {
    let Some(cluster) = Cluster::start(1, &["--rooms-per-minute-per-address=2"]).await else { return };
    let address = &cluster.nodes[0].address;
    let opened = join_all((0..9).map(|_| create(address))).await;
    let given = opened.iter().filter(|(_, reply)| reply["code"].is_string()).count();
    assert_eq!(given, 2);
    let codes = cluster.nats.messages(STREAM, "rtbroadcaster.unique.code.*").await;
    assert_eq!(codes.len(), 2);
}

#[tokio::test]
#[ignore = "`cargo xtask test --only cluster` runs it"]
async fn a_wrong_code_is_asked_for_once_however_many_have_it() {
    let Some(cluster) = Cluster::start(1, &[]).await else { return };
    let node = &cluster.nodes[0];
    for answer in join_all((0..100).map(|_| look_up(&node.address, "333333"))).await {
        answer.is_refused(404, "unknown_room");
    }
    let asked = node.metrics().await.value("rtbroadcaster_cluster_asked_codes_total");
    assert!((1.0..10.0).contains(&asked), "once a second, and not {asked} times");
}

#[tokio::test]
#[ignore = "`cargo xtask test --only cluster` runs it"]
async fn a_node_starts_while_the_stream_of_codes_is_full() {
    let Some(mut cluster) = Cluster::start(1, &[]).await else { return };
    cluster.nats.change(STREAM, &json!({"max_bytes": 1})).await;
    cluster.nodes[0].kill().await;
    cluster.nodes[0].restart().await;
    cluster.nodes[0].is_ready(true).await;
    let mut refused = Client::connect(&cluster.nodes[0].address).await;
    refused.send(CREATE).await;
    refused.is_refused("too_many_rooms").await;
}
