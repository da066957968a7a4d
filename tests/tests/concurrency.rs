//! Many followers and a fast owner, on several threads.

use std::collections::BTreeMap;

use rtbroadcaster_tests::{Client, RawSocket, Replica, Room, Server, message, within};
use serde_json::{Value, json};
use tokio::sync::oneshot;
use tokio::task::JoinSet;

const FOLLOWERS: usize = 50;
/// Enough followers that the server shares each fan-out among its threads.
const MANY_FOLLOWERS: usize = 400;
const ACTIONS: u64 = 2_000;
const SLOTS: u64 = 7;

/// Action `number`. It writes its number to one of a few slots; every eleventh action clears a slot
/// instead.
fn action(number: u64) -> Value {
    let slot = format!("slot {}", number % SLOTS);
    match number % 11 {
        0 => json!({"clear": slot}),
        _ => json!({"funcKey": "write", "funcParams": [number], "slot": slot}),
    }
}

/// The contents of the slots after all actions.
fn expected() -> BTreeMap<String, Value> {
    let mut replica = Replica::default();
    for number in 1..=ACTIONS {
        let mut message = action(number);
        message["seq"] = number.into();
        message["stateMessage"] = (message["clear"] == Value::Null).into();
        replica.apply(&message);
    }
    replica.slots
}

/// Follows until it has everything.
async fn follow_all(mut follower: Client) -> Replica {
    let mut replica = Replica::default();
    while replica.seq < ACTIONS {
        replica.apply(&follower.next().await);
    }
    replica
}

/// An owner sends everything as fast as it can, with this many actions in a frame. Returns the
/// final states of the followers.
async fn run(server: &Server, followers: usize, actions_per_frame: usize) -> Vec<Replica> {
    let mut room = Room::open(&server.address).await;
    let mut following = JoinSet::new();
    for _ in 0..followers {
        following.spawn(follow_all(room.join_synced(0).await));
    }
    let actions: Vec<_> = (1..=ACTIONS).map(|number| action(number).to_string()).collect();
    for frame in actions.chunks(actions_per_frame) {
        room.owner.send(frame.join("\n")).await;
    }
    let replicas = following.join_all().await;
    let mut late = room.join().await;
    let mut snapshot = Replica::default();
    snapshot.apply(&json!({"resync": true}));
    while snapshot.seq < ACTIONS {
        snapshot.apply(&late.next().await);
    }
    assert_eq!(snapshot.slots, expected());
    replicas
}

fn everybody_has_everything(replicas: &[Replica]) {
    for replica in replicas {
        assert_eq!((replica.actions, replica.resyncs), (ACTIONS, 0));
        assert_eq!(replica.slots, expected());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_follower_gets_every_action_in_order() {
    let server = Server::start().await;
    everybody_has_everything(&run(&server, FOLLOWERS, 1).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn every_follower_of_a_room_that_several_threads_serve_gets_every_action_in_order() {
    let server = Server::start().await;
    everybody_has_everything(&run(&server, MANY_FOLLOWERS, 10).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn streams_that_only_their_own_task_can_write_are_served_like_others() {
    let server = Server::on_a_unix_socket().await;
    everybody_has_everything(&run(&server, FOLLOWERS, 10).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_owner_in_a_hurry_is_slowed_down_instead_of_losing_its_audience() {
    const LARGE: u64 = 400;
    let server = Server::with_limits(|limits| limits.ring_actions = 16).await;
    let mut room = Room::open(&server.address).await;
    let mut audience = RawSocket::upgrade_narrow(&server.address).await;
    audience.send_text(message::session_join(&room.uuid)).await;
    assert!(audience.text().await.contains("connected"));
    let (far_ahead, is_far_ahead) = oneshot::channel();
    let owner = tokio::spawn(async move {
        let large = json!({"funcKey": "large", "funcParams": ["x".repeat(20_000)]}).to_string();
        let mut far_ahead = Some(far_ahead);
        for number in 1..=LARGE {
            room.owner.send(&large).await;
            if number == 40 {
                far_ahead.take().map(|sender| sender.send(()));
            }
        }
        // The owner must not be dropped before the server has read everything.
        room
    });
    // The audience reads nothing until the owner is ahead by more than the ring, then everything.
    within("the owner to be far ahead", is_far_ahead).await.unwrap();
    let mut replica = Replica::default();
    while replica.seq < LARGE {
        for line in audience.text().await.lines() {
            replica.apply(&serde_json::from_str(line).unwrap());
        }
    }
    assert_eq!((replica.actions, replica.resyncs), (LARGE, 0));
    drop(within("the owner to have sent everything", owner).await.unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn followers_that_fall_behind_are_told_and_end_with_the_same_state() {
    let server = Server::with_limits(|limits| limits.ring_actions = 2).await;
    let replicas = run(&server, FOLLOWERS, 100).await;
    for replica in &replicas {
        assert_eq!(replica.slots, expected());
    }
    assert!(replicas.iter().any(|replica| replica.resyncs > 0), "nobody fell behind: the test shows nothing");
}

#[tokio::test(flavor = "multi_thread")]
async fn rooms_do_not_mix() {
    let server = Server::start().await;
    let mut rooms = JoinSet::new();
    for number in 0..20 {
        let address = server.address.clone();
        rooms.spawn(async move {
            let mut room = Room::open(&address).await;
            let mut follower = room.join_synced(0).await;
            for seq in 1..=100 {
                room.owner.send(json!({"funcKey": "f", "funcParams": [number]})).await;
                follower.hears(&json!({"seq": seq, "funcKey": "f", "funcParams": [number]})).await;
            }
        });
    }
    rooms.join_all().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn joining_while_the_owner_broadcasts_leaves_no_gap() {
    let server = Server::start().await;
    let mut room = Room::open(&server.address).await;
    let mut followers = JoinSet::new();
    for number in 1..=ACTIONS {
        room.owner.send(action(number)).await;
        if number % 100 == 0 {
            let mut follower = room.join().await;
            followers.spawn(async move {
                let mut replica = Replica::default();
                // The snapshot of a first join replaces everything before it.
                replica.apply(&json!({"resync": true}));
                while replica.seq < ACTIONS {
                    replica.apply(&follower.next().await);
                }
                replica
            });
        }
    }
    for replica in followers.join_all().await {
        assert_eq!(replica.slots, expected());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_action_right_after_the_reply_to_a_join_is_heard() {
    let server = Server::start().await;
    let mut room = Room::open(&server.address).await;
    for seq in 1..=1_000 {
        let mut follower = room.join().await;
        room.owner.send(json!({"funcKey": "f"})).await;
        let mut replica = Replica::default();
        while replica.seq < seq {
            replica.apply(&follower.next().await);
        }
        assert_eq!(replica.actions, 1);
    }
}
