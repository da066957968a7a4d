//! Who is there, on all nodes of a cluster.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use futures_util::future::join_all;
use rtbroadcaster_tests::cluster::Cluster;
use rtbroadcaster_tests::{Client, Edge, Room, eventually, message, until};
use serde_json::{Value, json};
use tokio::time::{Instant, timeout};

/// Joins with these fields. Returns the follower and its seat.
async fn join(address: &str, uuid: &str, fields: &Value) -> (Client, u64) {
    let mut follower = Client::connect(address).await;
    let mut join = message::session_join(uuid);
    join.as_object_mut().expect("an object").extend(fields.as_object().expect("an object").clone());
    follower.send(join).await;
    let reply = follower.next().await;
    (follower, reply["seat"].as_u64().unwrap_or_else(|| panic!("no seat: {reply}")))
}

/// Joins with a name, and a session of this name too.
async fn named(address: &str, uuid: &str, name: &str) -> (Client, u64) {
    join(address, uuid, &json!({"name": name, "session": name})).await
}

/// The next message that has this field, or that refuses a question.
async fn hears(client: &mut Client, field: &str) -> Value {
    loop {
        let message = client.next().await;
        if !message[field].is_null() || !message["error"]["ask"].is_null() {
            return message;
        }
    }
}

/// All pages of the roster: names by seats.
async fn read_all(client: &mut Client) -> BTreeMap<u64, String> {
    let (mut people, mut after) = (BTreeMap::new(), 0);
    loop {
        client.send(json!({"ask": 7, "roster": {"after": after}})).await;
        let page = hears(client, "ask").await;
        if page["error"]["code"] == "rate_limited" {
            let wait = page["error"]["retryAfterMs"].as_u64().unwrap_or(1);
            // Nothing else would tell when it may ask again.
            tokio::time::sleep(Duration::from_millis(wait)).await;
            continue;
        }
        let rows = page["roster"].as_array().unwrap_or_else(|| panic!("a page: {page}"));
        assert!(rows.len() <= 100, "{} rows", rows.len());
        people.extend(rows.iter().map(row));
        after = page["next"].as_u64().expect("a number");
        if after == 0 {
            return people;
        }
    }
}

fn row(row: &Value) -> (u64, String) {
    (row["seat"].as_u64().expect("a seat"), row["name"].as_str().expect("a name").to_owned())
}

fn people<const COUNT: usize>(people: [(u64, &str); COUNT]) -> BTreeMap<u64, String> {
    people.into_iter().map(|(seat, name)| (seat, name.to_owned())).collect()
}

/// Waits until the owner is told exactly this, and nothing of anybody else.
async fn is_told(owner: &mut Client, came: &[(u64, &str)], went: &[u64]) {
    let (mut all_came, mut all_went) = (BTreeMap::new(), BTreeSet::new());
    while all_came.len() < came.len() || all_went.len() < went.len() {
        let news = hears(owner, "came").await;
        assert_eq!(news["more"], 0, "{news}");
        all_came.extend(news["came"].as_array().into_iter().flatten().map(row));
        all_went.extend(news["went"].as_array().into_iter().flatten().filter_map(Value::as_u64));
    }
    let came: BTreeMap<_, _> = came.iter().map(|(seat, name)| (*seat, (*name).to_owned())).collect();
    assert_eq!((all_came, all_went), (came, went.iter().copied().collect()));
}

#[tokio::test]
#[ignore = "`cargo xtask test --only cluster` runs it"]
async fn the_owner_is_told_who_comes_and_goes_on_any_node() {
    let Some(cluster) = Cluster::start(2, &[]).await else { return };
    let [a, b] = [&cluster.nodes[0].address, &cluster.nodes[1].address];
    let mut room = Room::open(a).await;
    let (_ben, ben) = named(a, &room.uuid, "Ben").await;
    assert_eq!(read_all(&mut room.owner).await, people([(ben, "Ben")]));
    let (ana_client, ana) = join(b, &room.uuid, &json!({"name": "Ana"})).await;
    is_told(&mut room.owner, &[(ana, "Ana")], &[]).await;
    assert_eq!(read_all(&mut room.owner).await, people([(ben, "Ben"), (ana, "Ana")]));
    drop(ana_client);
    is_told(&mut room.owner, &[], &[ana]).await;
    assert_eq!(read_all(&mut room.owner).await, people([(ben, "Ben")]));

    // Over plain HTTP on the other node, which has heard of Ben from the first.
    let edge =
        Edge { address: b.clone(), uuid: room.uuid.clone(), key: room.key.clone(), reply: json!(null) };
    let roster = rtbroadcaster_tests::Request::get(&edge.path("/roster")).bearing(&edge.key);
    assert_eq!(edge.send(&roster).await.json()["roster"][0]["name"], "Ben");
    let shown = cluster.nodes[1].admin("rooms").await;
    assert_eq!(shown["rooms"][0]["named"], 1);
}

#[tokio::test]
#[ignore = "`cargo xtask test --only cluster` runs it"]
async fn a_node_that_gets_the_room_knows_who_is_there_and_also_over_http() {
    let Some(cluster) = Cluster::start(3, &[]).await else { return };
    let addresses = cluster.addresses();
    let edge = Edge::open(&addresses[0]).await;
    let (_ben, ben) = named(&addresses[0], &edge.uuid, "Ben").await;
    let (_ana, ana) = named(&addresses[1], &edge.uuid, "Ana").await;
    // No node but the third has to load the room for this.
    let roster = rtbroadcaster_tests::Request::get(&edge.path("/roster")).bearing(&edge.key);
    let told = roster.send(&addresses[2]).await.json();
    let told: BTreeMap<_, _> = told["roster"].as_array().expect("people").iter().map(row).collect();
    assert_eq!(told, people([(ben, "Ben"), (ana, "Ana")]));
}

/// P2.
#[tokio::test]
#[ignore = "`cargo xtask test --only cluster` runs it"]
async fn p2_a_crowd_on_both_nodes_is_told_once_a_second_and_in_part_and_has_seats_of_its_own() {
    const CROWD: usize = 150;
    let many = ["--connections-per-address=1000", "--handshakes-per-second-per-address=1000"];
    let Some(cluster) = Cluster::start(2, &many).await else { return };
    let addresses = cluster.addresses();
    let mut room = Room::open(&addresses[0]).await;
    read_all(&mut room.owner).await;
    let began = Instant::now();
    let names: Vec<_> = (0..CROWD).map(|number| format!("p{number}")).collect();
    let joins = names.iter().zip([0, 1].into_iter().cycle());
    let crowd = join_all(joins.map(|(name, node)| named(&addresses[node], &room.uuid, name))).await;
    let seats: BTreeSet<_> = crowd.iter().map(|(_, seat)| *seat).collect();
    assert_eq!(seats.len(), CROWD);
    let (mut heard, mut messages) = (0, 0);
    while heard < CROWD as u64 {
        let news = hears(&mut room.owner, "came").await;
        messages += 1;
        // One for each second that has begun, and one that another node was told late.
        assert!(messages <= began.elapsed().as_secs() + 2, "{messages} in {:?}", began.elapsed());
        let rows = |field: &str| news[field].as_array().map_or(0, Vec::len);
        assert!(rows("came") <= 50 && rows("went") <= 50, "{news}");
        heard += rows("came") as u64 + news["more"].as_u64().expect("a number");
    }
    let known = read_all(&mut room.owner).await;
    let expected: BTreeMap<_, _> = crowd.iter().map(|(_, seat)| *seat).zip(names.iter().cloned()).collect();
    assert_eq!(known, expected);
}

#[tokio::test]
#[ignore = "`cargo xtask test --only cluster` runs it"]
async fn a_page_that_goes_on_at_another_node_has_its_seat_and_nobody_hears_of_it() {
    let Some(mut cluster) = Cluster::start(3, &[]).await else { return };
    let addresses = cluster.addresses();
    let mut room = Room::open(&addresses[0]).await;
    let (ben_client, ben) = named(&addresses[1], &room.uuid, "Ben").await;
    let (_ana, ana) = named(&addresses[2], &room.uuid, "Ana").await;
    let both = people([(ben, "Ben"), (ana, "Ana")]);
    eventually(&both, async || read_all(&mut room.owner).await).await;
    let named_on = async |node: usize| cluster.nodes[node].admin("rooms").await["rooms"][0]["named"].clone();
    eventually(&json!(2), async || named_on(2).await).await;
    drop(ben_client);
    let (ben_client, again) = named(&addresses[2], &room.uuid, "Ben").await;
    assert_eq!(again, ben);
    // A node is killed, and its page goes on at another one.
    cluster.nodes[2].kill().await;
    drop(ben_client);
    let (_ben, again) = named(&addresses[1], &room.uuid, "Ben").await;
    assert_eq!(again, ben);
    // Ana doesn't come back: nobody else has gone, after her seat was kept for a while. That both
    // have come may be told after it was read.
    let mut came = BTreeMap::new();
    let went = loop {
        let news = until("Ana to be gone", async || {
            timeout(Duration::from_secs(45), hears(&mut room.owner, "came")).await.ok()
        })
        .await;
        for (seat, name) in news["came"].as_array().into_iter().flatten().map(row) {
            assert_eq!(came.insert(seat, name), None, "told twice: {news}");
        }
        if news["went"] != json!([]) {
            break news["went"].clone();
        }
    };
    assert_eq!(went, json!([ana]));
    assert!(came.iter().all(|(seat, name)| both.get(seat) == Some(name)), "{came:?}");
    assert_eq!(read_all(&mut room.owner).await, people([(ben, "Ben")]));
}

/// P4.
#[tokio::test]
#[ignore = "`cargo xtask test --only cluster` runs it"]
async fn p4_followers_on_any_node_may_ask_if_the_owner_shares_it_as_long_as_they_are_few() {
    let Some(cluster) = Cluster::start(2, &["--roster-shared=2"]).await else { return };
    let [a, b] = [&cluster.nodes[0].address, &cluster.nodes[1].address];
    let private = Room::open(a).await;
    let (mut curious, _) = named(b, &private.uuid, "Clara").await;
    curious.send(json!({"ask": 7, "roster": {}})).await;
    assert_eq!(hears(&mut curious, "ask").await["error"]["code"], "forbidden");

    let mut owner = Client::connect(a).await;
    owner.send(json!({"status": {"value": 1}, "v": 2, "session": "first", "shareRoster": true})).await;
    let reply = owner.next().await;
    let uuid = reply["uuid"].as_str().expect("a uuid").to_owned();
    let (_ben, ben) = named(a, &uuid, "Ben").await;
    let (mut ana_client, ana) = named(b, &uuid, "Ana").await;
    let both = people([(ben, "Ben"), (ana, "Ana")]);
    eventually(&both, async || read_all(&mut ana_client).await).await;
    let (_dan, _) = named(a, &uuid, "Dan").await;
    assert_eq!(hears(&mut ana_client, "came").await, json!({"came": [], "went": [], "more": 1}));
    assert!(read_all(&mut ana_client).await.is_empty(), "there are too many now");

    // The owner's next session, on the other node, doesn't share it.
    let claim = message::session_claim(&uuid, reply["ownerKey"].as_str().expect("a key"), "second");
    let mut second = Client::connect(b).await;
    second.send(claim).await;
    assert!(second.next().await["epoch"].is_u64());
    let (mut on_a, _) = named(a, &uuid, "Eve").await;
    let code = until("an answer", async || {
        on_a.send(json!({"ask": 7, "roster": {}})).await;
        let answer = hears(&mut on_a, "ask").await;
        answer["error"]["code"].as_str().filter(|code| *code != "rate_limited").map(str::to_owned)
    })
    .await;
    assert_eq!(code, "forbidden");
}

#[tokio::test]
#[ignore = "`cargo xtask test --only cluster` runs it"]
async fn after_all_nodes_were_killed_the_roster_is_shared_still_and_names_are_nowhere() {
    let Some(mut cluster) = Cluster::start(1, &[]).await else { return };
    let address = cluster.nodes[0].address.clone();
    let mut owner = Client::connect(&address).await;
    owner.send(json!({"status": {"value": 1}, "v": 2, "session": "first", "shareRoster": true})).await;
    let uuid = owner.next().await["uuid"].as_str().expect("a uuid").to_owned();
    let (_ben, _) = named(&address, &uuid, "Benedict").await;
    cluster.nodes[0].kill().await;
    cluster.nodes[0].restart().await;
    let (mut ana, seat) = named(&address, &uuid, "Ana").await;
    assert_eq!(read_all(&mut ana).await, people([(seat, "Ana")]));
    let (stream, subject) = cluster.nats.stream_of(&uuid).await;
    for (_, entry) in cluster.nats.messages(&stream, &subject).await {
        assert!(!entry.windows(8).any(|part| part == b"Benedict"));
    }
    assert!(!cluster.nodes[0].log().contains("Benedict"));
}
