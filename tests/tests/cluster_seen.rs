//! What operators see of a cluster: the metrics of its nodes, and their administration.

use std::collections::BTreeSet;

use rtbroadcaster_protocol::CloseCode;
use rtbroadcaster_tests::cluster::{Cluster, Node};
use rtbroadcaster_tests::{Room, Scrape, eventually, until};
use serde_json::{Value, json};

const MANUAL: &str = include_str!("../../docs/operating.md");
const ALERTS: &str = include_str!("../../server/deploy/monitoring/alerts.yml");
const DASHBOARD: &str = include_str!("../../server/deploy/monitoring/dashboard.json");

const PREFIX: &str = "rtbroadcaster_cluster_";

/// The names of a cluster's metrics in a text, without the suffixes of histograms.
fn names(text: &str) -> BTreeSet<&str> {
    let is_part = |character: char| character.is_ascii_lowercase() || character == '_';
    let found = text.match_indices(PREFIX).map(|(at, _)| &text[at..]);
    let names = found.map(|rest| &rest[..rest.find(|part| !is_part(part)).unwrap_or(rest.len())]);
    names.map(|name| name.trim_end_matches("_bucket")).collect()
}

/// How many nodes each of these hears of.
async fn heard(nodes: &[Node]) -> Vec<f64> {
    let mut heard = Vec::new();
    for node in nodes {
        heard.push(node.metrics().await.value("rtbroadcaster_cluster_nodes"));
    }
    heard
}

/// The changes of counters of the logs.
fn changes(now: &Scrape, before: &Scrape, names: &[&str]) -> Vec<f64> {
    let change = |name: &&str| {
        let name = format!("{PREFIX}{name}");
        now.value(&name) - before.value(&name)
    };
    names.iter().map(change).collect()
}

#[tokio::test]
#[ignore = "`cargo xtask test --only cluster` runs it"]
async fn manual_dashboard_and_rules_speak_of_what_a_node_exports() {
    let Some(cluster) = Cluster::start(1, &[]).await else { return };
    let scrape = cluster.nodes[0].metrics().await;
    let exported: BTreeSet<_> =
        scrape.families.keys().map(String::as_str).filter(|name| name.starts_with(PREFIX)).collect();
    assert!(exported.len() > 10, "{exported:?}");
    let rows = MANUAL.lines().filter_map(|line| line.strip_prefix("| `")?.split_once('`').map(|row| row.0));
    assert_eq!(rows.filter(|row| row.starts_with(PREFIX)).collect::<BTreeSet<_>>(), exported);
    assert_eq!(names(DASHBOARD), exported);
    let asked = names(ALERTS);
    assert!(asked.len() > 5 && asked.is_subset(&exported), "{asked:?}");
}

#[tokio::test]
#[ignore = "`cargo xtask test --only cluster` runs it"]
async fn what_a_node_does_is_counted() {
    let Some(cluster) = Cluster::start(2, &[]).await else { return };
    let [a, b] = &cluster.nodes[..] else { panic!("two nodes") };
    eventually(&vec![2.0, 2.0], async || heard(&cluster.nodes).await).await;
    let (on_a, on_b) = (a.metrics().await, b.metrics().await);
    for scrape in [&on_a, &on_b] {
        assert_eq!(scrape.value("rtbroadcaster_cluster_ready"), 1.0);
        assert_eq!(scrape.value("rtbroadcaster_cluster_connects_total"), 1.0);
        assert!(scrape.value("rtbroadcaster_cluster_silence_seconds") < 15.0);
    }

    let mut room = Room::open(&a.address).await;
    let mut there = room.join_at(&b.address).await;
    there.hears(&json!({"synced": 0})).await;
    room.act(1, 3).await;
    while there.next().await["seq"] != 3 {}
    let (now_a, now_b) = (a.metrics().await, b.metrics().await);
    assert_eq!(changes(&now_a, &on_a, &["replicas", "loads_total", "entries_total"]), [1.0, 0.0, 0.0]);
    assert_eq!(changes(&now_b, &on_b, &["replicas", "loads_total", "proposals_total"]), [1.0, 1.0, 0.0]);
    let proposals = changes(&now_a, &on_a, &["proposals_total"])[0];
    // One has opened the room. Those of the actions may have been gathered.
    assert!((2.0..=4.0).contains(&proposals), "{proposals}");
    // The answer may come after the follower has heard what was proposed.
    eventually(&vec![proposals; 2], async || {
        changes(&a.metrics().await, &on_a, &["proposals_total", "proposal_seconds_count"])
    })
    .await;
    assert!(changes(&now_b, &on_b, &["entries_total"])[0] >= 1.0);
}

#[tokio::test]
#[ignore = "`cargo xtask test --only cluster` runs it"]
async fn a_proposal_that_waits_is_seen_until_it_is_answered() {
    let Some(mut cluster) = Cluster::start(1, &[]).await else { return };
    let mut room = Room::open(&cluster.nodes[0].address).await;
    room.act(1, 1).await;
    let waiting = async |node: &Node| {
        let scrape = node.metrics().await;
        let rooms = scrape.value("rtbroadcaster_cluster_proposing_rooms");
        (rooms, scrape.value("rtbroadcaster_cluster_oldest_proposal_seconds") > 0.0)
    };
    assert_eq!(waiting(&cluster.nodes[0]).await, (0.0, false));
    for server in &cluster.nats.servers {
        server.pause().await;
    }
    room.owner.send(json!({"id": 2, "funcKey": "act"})).await;
    eventually(&(1.0, true), async || waiting(&cluster.nodes[0]).await).await;
    for server in &cluster.nats.servers {
        server.resume().await;
    }
    cluster.nats.is_ready().await;
    eventually(&(0.0, false), async || waiting(&cluster.nodes[0]).await).await;
}

#[tokio::test]
#[ignore = "`cargo xtask test --only cluster` runs it"]
async fn a_node_that_cannot_reach_jetstream_says_so() {
    let Some(mut cluster) = Cluster::start(1, &[]).await else { return };
    cluster.nats.kill_all().await;
    let ready = async || cluster.nodes[0].metrics().await.value("rtbroadcaster_cluster_ready");
    until("the node to be not ready", async || (ready().await == 0.0).then_some(())).await;
    cluster.nodes[0].is_ready(false).await;
}

/// The nodes that a node names: their names, whether they are alive, and whether they are it.
async fn named(node: &Node) -> Value {
    let answer = node.admin("nodes").await;
    let nodes = answer["nodes"].as_array().expect("a list of nodes");
    json!(nodes.iter().map(|node| json!([node["name"], node["isAlive"], node["isThis"]])).collect::<Vec<_>>())
}

#[tokio::test]
#[ignore = "`cargo xtask test --only cluster` runs it"]
async fn each_node_knows_all_nodes_and_which_of_them_have_ended() {
    let Some(mut cluster) = Cluster::start(2, &[]).await else { return };
    let both = json!([["a", true, true], ["b", true, false]]);
    eventually(&both, async || named(&cluster.nodes[0]).await).await;
    let both = json!([["b", true, true], ["a", true, false]]);
    eventually(&both, async || named(&cluster.nodes[1]).await).await;
    let _room = Room::open(&cluster.nodes[0].address).await;
    let first = async || {
        let nodes = cluster.nodes[1].admin("nodes").await;
        let a = nodes["nodes"][1].clone();
        assert_eq!(a["version"], env!("CARGO_PKG_VERSION"));
        assert!(a["heardMs"].as_u64().is_some_and(|heard| heard < 10_000), "{a}");
        assert!(a["id"].as_str().is_some_and(|id| u64::from_str_radix(id, 16).is_ok()), "{a}");
        a["rooms"].as_u64()
    };
    eventually(&Some(1), first).await;

    cluster.nodes[1].stop().await;
    let one = json!([["a", true, true], ["b", false, false]]);
    eventually(&one, async || named(&cluster.nodes[0]).await).await;
    eventually(&vec![1.0], async || heard(&cluster.nodes[..1]).await).await;
}

#[tokio::test]
#[ignore = "`cargo xtask test --only cluster` runs it"]
async fn each_node_shows_where_a_room_is_and_one_that_has_it_not_can_close_it() {
    let Some(cluster) = Cluster::start(3, &[]).await else { return };
    let [a, b, c] = &cluster.nodes[..] else { panic!("three nodes") };
    let mut room = Room::open(&a.address).await;
    let mut follower = room.join_at(&b.address).await;
    follower.hears(&json!({"synced": 0})).await;
    let path = format!("rooms/{}", room.uuid);
    assert_eq!(c.admin("rooms").await["total"], 0, "nobody of the room is here");

    let place = async |node: &Node, path: &str| {
        let room = node.admin(path).await;
        json!([room["owner"], room["ownerNode"], room["followers"], room["audience"], room["watchedOn"]])
    };
    let placed = async || json!([place(a, &path).await, place(b, &path).await, place(c, &path).await]);
    let expected =
        json!([["here", "a", 0, 1, ["b"]], ["here", "a", 1, 1, ["b"]], ["here", "a", 0, 1, ["b"]],]);
    eventually(&expected, placed).await;
    let listed = a.admin("rooms").await;
    assert_eq!(listed["rooms"][0]["watchedOn"], json!(["b"]), "{listed}");

    c.admin_delete(&path).await;
    while follower.next().await["status"]["value"] != 0 {}
    assert_eq!(follower.closed().await, CloseCode::RoomClosed.value());
    while room.owner.next().await["status"]["value"] != 0 {}
    assert_eq!(room.owner.closed().await, CloseCode::RoomClosed.value());
}
