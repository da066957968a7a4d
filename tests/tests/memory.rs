//! The memory of all rooms is limited: rings give memory back first, then the server refuses new
//! work, and existing work goes on.

use rtbroadcaster_protocol::CloseCode;
use rtbroadcaster_tests::{Client, Room, Server, message, within};
use serde_json::{Value, json};

const LIMIT: usize = 2_000_000;
const VALUE_BYTES: usize = 20_000;

async fn server() -> Server {
    Server::with_limits(|limits| {
        limits.room_memory_bytes = LIMIT;
        limits.owner_bytes_per_second = u64::MAX;
    })
    .await
}

fn state(id: u64, slot: &str, bytes: usize) -> Value {
    json!({"id": id, "funcKey": "set", "funcParams": ["x".repeat(bytes)], "stateMessage": true, "slot": slot})
}

/// Writes new slots until one is refused. Returns the number of slots and the refusal.
async fn fill(room: &mut Room) -> (u64, Value) {
    for id in 1.. {
        room.owner.send(state(id, &format!("s{id}"), VALUE_BYTES)).await;
        let answer = room.owner.next().await;
        if answer["error"] != Value::Null {
            return (id - 1, answer["error"].clone());
        }
    }
    unreachable!("ids don't end")
}

#[tokio::test]
async fn when_it_is_used_up_new_rooms_and_slots_are_refused_and_what_is_there_goes_on() {
    let server = server().await;
    let mut room = Room::open(&server.address).await;
    let (slots, refusal) = fill(&mut room).await;
    assert_eq!(refusal["code"], "state_too_large");
    assert!(refusal["message"].as_str().unwrap().contains("no memory left"), "{refusal}");
    for create in [message::create(), message::session_create("s")] {
        let mut client = Client::connect(&server.address).await;
        client.send(create).await;
        let refusal = client.is_refused("too_many_rooms").await;
        assert!(refusal["error"]["message"].as_str().unwrap().contains("no memory left"), "{refusal}");
        assert_eq!(client.closed().await, CloseCode::Overloaded.value());
    }
    // Existing rooms still work: clients may join, act, write existing slots and clear them.
    let mut follower = room.join().await;
    while follower.next().await["synced"] == Value::Null {}
    let mut id = slots + 2;
    for action in [state(id, "s1", VALUE_BYTES), json!({"id": id + 1, "funcKey": "act"})] {
        room.owner.send(action).await;
        assert_eq!(room.owner.next().await["ack"], id);
        assert_eq!(follower.next().await["seq"], id - 1);
        id += 1;
    }
    for slot in 1..=slots {
        room.owner.send(json!({"id": id, "clear": format!("s{slot}")})).await;
        assert_eq!(room.owner.next().await["ack"], id);
        id += 1;
    }
    room.owner.send(state(id, "new", VALUE_BYTES)).await;
    assert_eq!(room.owner.next().await["ack"], id);
    Room::open(&server.address).await;
}

#[tokio::test]
async fn no_room_is_closed_for_memory_not_even_one_that_is_deserted() {
    let server = server().await;
    let mut deserted = Room::open(&server.address).await;
    deserted.owner.send(state(1, "s", 1)).await;
    assert_eq!(deserted.owner.next().await["ack"], 1);
    let uuid = deserted.uuid.clone();
    // The room has no follower, so the server waits only for its owner, which is gone long before
    // the memory is full.
    drop(deserted);

    let mut room = Room::open(&server.address).await;
    fill(&mut room).await;
    for _ in 0..3 {
        let mut client = Client::connect(&server.address).await;
        client.send(message::create()).await;
        client.is_refused("too_many_rooms").await;
    }
    assert_eq!(server.manager.rooms(), 2);
    let mut follower = Client::connect(&server.address).await;
    follower.send(message::session_join(&uuid)).await;
    assert_eq!(follower.next().await["uuid"], uuid);
}

#[tokio::test]
async fn an_idle_room_gives_back_what_it_keeps_for_those_who_are_behind() {
    let server = server().await;
    let mut idle = Room::open(&server.address).await;
    for id in 1..=72 {
        let action = json!({"id": id, "funcKey": "act", "funcParams": ["x".repeat(VALUE_BYTES)]});
        idle.owner.send(action).await;
        assert_eq!(idle.owner.next().await["ack"], id);
    }
    let mut busy = Room::open(&server.address).await;
    // More than fits beside that ring. A refused slot may be accepted a moment later.
    let mut written = 0;
    within("the idle room to give back", async {
        while written < 20 {
            // Without an id, the server does not record the refusal, which would take memory too.
            let mut action = state(0, &format!("s{written}"), VALUE_BYTES);
            action.as_object_mut().unwrap().remove("id");
            busy.owner.send(format!("{action}{}", json!({"ping": 1}))).await;
            if busy.owner.next().await == json!({"pong": 1}) {
                written += 1;
            } else {
                busy.owner.hears(&json!({"pong": 1})).await;
            }
        }
    })
    .await;
    let mut behind = Client::connect(&server.address).await;
    behind.send(message::session_rejoin(&idle.uuid, 1)).await;
    behind.next().await;
    assert_eq!(behind.next().await, json!({"resync": true, "seq": 72}));
}
