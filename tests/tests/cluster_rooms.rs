//! Two nodes behave as one server: a room is the same wherever it is looked at, and its owner and
//! followers may be anywhere.

use rtbroadcaster_protocol::{CloseCode, Goal};
use rtbroadcaster_tests::cluster::{Balancer, Cluster};
use rtbroadcaster_tests::{Client, Page, Room, message};
use serde_json::{Value, json};

/// The reply to the owner of a room after its first epoch.
fn is_second_epoch(reply: &Value) {
    assert_eq!((&reply["status"]["value"], &reply["epoch"]), (&json!(3), &json!(2)), "{reply}");
}

fn act(seq: u64) -> Value {
    json!({"seq": seq, "funcKey": "act"})
}

async fn joins_in_vain(address: &str, uuid: &str) {
    let mut late = Client::connect(address).await;
    late.send(message::session_join(uuid)).await;
    late.is_refused("unknown_room").await;
}

#[tokio::test]
#[ignore = "`cargo xtask test --only cluster` runs it"]
async fn what_the_owner_says_on_one_node_is_heard_on_the_other() {
    let Some(cluster) = Cluster::start(2, &[]).await else { return };
    let (a, b) = (&cluster.nodes[0].address, &cluster.nodes[1].address);
    let mut room = Room::open(a).await;
    let mut here = room.join_synced(0).await;
    let mut there = room.join_at(b).await;
    there.hears(&json!({"synced": 0})).await;
    room.act(1, 3).await;
    for follower in [&mut here, &mut there] {
        for seq in 1..=3 {
            follower.hears(&act(seq)).await;
        }
    }
}

#[tokio::test]
#[ignore = "`cargo xtask test --only cluster` runs it"]
async fn who_joins_late_on_a_node_that_never_saw_the_room_gets_its_state() {
    let Some(cluster) = Cluster::start(2, &[]).await else { return };
    let (a, b) = (&cluster.nodes[0].address, &cluster.nodes[1].address);
    let mut room = Room::open(a).await;
    room.act(1, 2).await;
    for (id, slot) in [(3, "page"), (4, "zoom"), (5, "page")] {
        let state = json!({"id": id, "funcKey": slot, "funcParams": [id], "stateMessage": true});
        room.owner.send(state).await;
        while room.owner.next().await["ack"] != id {}
    }
    let mut late = room.join_at(b).await;
    let state =
        |seq: u64, key: &str| json!({"seq": seq, "funcKey": key, "funcParams": [seq], "stateMessage": true});
    let mut heard = [late.next().await, late.next().await];
    heard.sort_by_key(|message| message["seq"].as_u64());
    assert_eq!(heard, [state(4, "zoom"), state(5, "page")]);
    late.hears(&json!({"synced": 5})).await;
    room.act(6, 6).await;
    late.hears(&act(6)).await;
}

#[tokio::test]
#[ignore = "`cargo xtask test --only cluster` runs it"]
async fn a_follower_goes_on_at_another_node_where_it_was() {
    let Some(cluster) = Cluster::start(2, &[]).await else { return };
    let (a, b) = (&cluster.nodes[0].address, &cluster.nodes[1].address);
    let mut room = Room::open(a).await;
    room.act(1, 10).await;
    let mut follower = room.rejoin_at(b, 7).await;
    for seq in 8..=10 {
        follower.hears_action(&act(seq)).await;
    }
    // It may have heard more than this node: what it has is never served to it again.
    let mut ahead = Client::connect(b).await;
    room.act(11, 11).await;
    ahead.send(message::session_rejoin(&room.uuid, 11)).await;
    assert_eq!(ahead.next().await["status"]["value"], 3);
    // As after each rejoin.
    room.act(12, 12).await;
    ahead.hears(&json!({"owner": "back"})).await;
    ahead.hears(&act(12)).await;
}

#[tokio::test]
#[ignore = "`cargo xtask test --only cluster` runs it"]
async fn a_claim_on_one_node_ends_the_owner_on_the_other() {
    let Some(cluster) = Cluster::start(2, &[]).await else { return };
    let (a, b) = (&cluster.nodes[0].address, &cluster.nodes[1].address);
    let mut room = Room::open(a).await;
    let mut follower = room.join_synced(0).await;
    room.act(1, 2).await;
    let (mut second, reply) = room.claim_at(b, "second").await;
    is_second_epoch(&reply);
    let (_, code) = room.owner.rest().await;
    assert_eq!(code, CloseCode::Superseded.value());
    second.send(message::numbered(1, "act")).await;
    while second.next().await["ack"] != 1 {}
    for seq in 1..=3 {
        follower.hears(&act(seq)).await;
    }
}

#[tokio::test]
#[ignore = "`cargo xtask test --only cluster` runs it"]
async fn of_claims_on_both_nodes_at_once_one_wins_and_all_see_the_same() {
    let Some(cluster) = Cluster::start(2, &[]).await else { return };
    let (a, b) = (&cluster.nodes[0].address, &cluster.nodes[1].address);
    let room = Room::open(a).await;
    for round in 0..10 {
        let claim = async |address: &str| {
            let mut owner = Client::connect(address).await;
            owner.send(message::session_claim(&room.uuid, &room.key, &format!("{address} {round}"))).await;
            // One that has come too late may be told nothing but to come back.
            let epoch = owner.next_or_closed().await.map(|reply| reply["epoch"].as_u64());
            (owner, epoch)
        };
        let ((first, first_epoch), (second, second_epoch)) = tokio::join!(claim(a), claim(b));
        let epochs = [&first_epoch, &second_epoch].map(|epoch| epoch.ok().flatten());
        assert_ne!(epochs[0], epochs[1], "{first_epoch:?} {second_epoch:?}");
        let (mut owner, mut ended, end) =
            if epochs[0] > epochs[1] { (first, second, second_epoch) } else { (second, first, first_epoch) };
        let code = match end {
            Ok(_) => ended.rest().await.1,
            Err(code) => code,
        };
        let expected = [CloseCode::Superseded.value(), CloseCode::NotNow.value()];
        assert!(expected.contains(&code), "{code}");
        owner.send(message::numbered(1, "act")).await;
        while owner.next().await["ack"] != 1 {}
    }
    let mut follower = room.rejoin_at(b, 0).await;
    for seq in 1..=10 {
        follower.hears_action(&act(seq)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "`cargo xtask test --only cluster` runs it"]
async fn each_action_comes_once_while_owner_and_followers_hop_from_node_to_node() {
    const ROUNDS: u64 = 30;
    const ACTIONS: u64 = 20;
    let Some(cluster) = Cluster::start(2, &[]).await else { return };
    let owners = Balancer::start(cluster.addresses()).await;
    let audience = Balancer::start(cluster.addresses()).await;
    let mut owner = Page::open(&owners.address, Goal::Create, "s1").await;
    let mut followers = Vec::new();
    for _ in 0..3 {
        followers.push(Page::follow(&audience.address, &owner.uuid).await);
    }
    for round in 0..ROUNDS {
        for number in 1..=ACTIONS {
            owner.broadcast("number", round * ACTIONS + number, None);
        }
        // One action of this round is in the log. Where the others are is left to chance.
        assert_eq!(owner.next_seq().await, round + 1);
        if round % 2 == 0 {
            owners.cut();
        } else {
            audience.cut();
        };
        owner.wake();
        followers.iter().for_each(Page::wake);
    }
    for follower in &mut followers {
        for number in 1..=ROUNDS * ACTIONS {
            assert_eq!(follower.next_number().await, number);
        }
    }
    for seq in ROUNDS + 1..=ROUNDS * ACTIONS {
        assert_eq!(owner.next_seq().await, seq, "each is answered once, in order");
    }
}

#[tokio::test]
#[ignore = "`cargo xtask test --only cluster` runs it"]
async fn a_room_that_its_owner_closes_is_closed_everywhere_for_ever() {
    let Some(mut cluster) = Cluster::start(3, &[]).await else { return };
    let addresses = cluster.addresses();
    let mut room = Room::open(&addresses[0]).await;
    let mut followers = [room.join().await, room.join_at(&addresses[1]).await];
    for follower in &mut followers {
        follower.hears(&json!({"synced": 0})).await;
    }
    room.act(1, 1).await;
    room.owner.send(message::close(&room.uuid)).await;
    assert_eq!(room.owner.rest().await.1, CloseCode::RoomClosed.value());
    for follower in &mut followers {
        let (messages, code) = follower.rest().await;
        assert_eq!((&messages[0], code), (&act(1), CloseCode::RoomClosed.value()), "{messages:?}");
    }
    // The last node never saw it.
    for address in &addresses {
        joins_in_vain(address, &room.uuid).await;
        let (mut claiming, reply) = room.claim_at(address, "first").await;
        assert_eq!(reply["error"]["code"], "unknown_room", "{reply}");
        assert_eq!(claiming.closed().await, CloseCode::UnknownRoom.value());
    }
    for node in &mut cluster.nodes {
        node.kill().await;
    }
    for node in &mut cluster.nodes {
        node.restart().await;
    }
    joins_in_vain(&addresses[1], &room.uuid).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "`cargo xtask test --only cluster` runs it"]
async fn the_audience_is_counted_over_all_nodes() {
    let Some(mut cluster) = Cluster::start(2, &[]).await else { return };
    let addresses = cluster.addresses();
    let mut owner = Page::open(&addresses[0], Goal::Create, "s1").await;
    let mut followers = Vec::new();
    for (count, address) in (1..).zip([&addresses[1], &addresses[0], &addresses[1]]) {
        followers.push(Page::follow(address, &owner.uuid).await);
        owner.audience(count).await;
    }
    drop(followers.remove(0));
    owner.audience(2).await;
    // Those of a node that is gone don't follow any more.
    cluster.nodes[1].kill().await;
    owner.audience(1).await;
}

#[tokio::test]
#[ignore = "`cargo xtask test --only cluster` runs it"]
async fn rooms_outlive_all_nodes() {
    let Some(mut cluster) = Cluster::start(2, &[]).await else { return };
    let addresses = cluster.addresses();
    let mut room = Room::open(&addresses[0]).await;
    room.act(1, 5).await;
    for node in &mut cluster.nodes {
        node.kill().await;
    }
    for node in &mut cluster.nodes {
        node.restart().await;
    }
    let mut follower = room.rejoin_at(&addresses[1], 2).await;
    for seq in 3..=5 {
        follower.hears_action(&act(seq)).await;
    }
    let (mut owner, reply) = room.claim_at(&addresses[0], "first").await;
    is_second_epoch(&reply);
    assert_eq!(reply["ack"], 5, "{reply}");
    owner.send(message::numbered(6, "act")).await;
    while owner.next().await["ack"] != 6 {}
    while follower.next().await != act(6) {}
}
