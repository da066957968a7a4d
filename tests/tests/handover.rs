//! Hand-overs over real sockets: the right to write passes, survives kill -9, and comes back.

use std::path::PathBuf;

use rtbroadcaster_tests::{Client, Program, Room, Server, message};
use serde_json::{Value, json};

const KEY: &str = "ana-0123456789012345678901";

/// The next message that has this field, or that refuses something.
async fn hears(client: &mut Client, field: &str) -> Value {
    loop {
        let message = client.next().await;
        if !message[field].is_null() || !message["error"].is_null() {
            return message;
        }
    }
}

/// Enters with more fields than a follower sends. Returns the reply too.
async fn enter(address: &str, uuid: &str, fields: Value) -> (Client, Value) {
    let mut client = Client::connect(address).await;
    let mut join = message::session_join(uuid);
    join.as_object_mut().expect("an object").extend(fields.as_object().expect("an object").clone());
    client.send(join).await;
    let reply = client.next().await;
    (client, reply)
}

/// The creator invites Ana and hands over to her. Returns her, who may write, and her seat.
async fn hand_over(address: &str, room: &mut Room) -> (Client, u64) {
    room.owner.send(json!({"ask": 1, "invite": {"key": KEY, "role": "presenter", "name": "Ana"}})).await;
    let seat = hears(&mut room.owner, "ask").await["seat"].as_u64().expect("a seat");
    let (mut ana, reply) = enter(address, &room.uuid, json!({"invite": KEY, "session": "ana"})).await;
    assert_eq!((&reply["role"], &reply["epoch"]), (&json!("presenter"), &Value::Null));
    room.owner.send(json!({"id": 1, "funcKey": "before"})).await;
    room.owner.send(json!({"id": 2, "drive": seat})).await;
    let entry = hears(&mut ana, "driver").await;
    assert_eq!(entry["driver"], json!({"seat": seat, "name": "Ana", "role": "presenter"}));
    drop(ana);
    let since = entry["seq"].as_u64().expect("a seq");
    (enter_as_driver(address, &room.uuid, since).await, seat)
}

async fn enter_as_driver(address: &str, uuid: &str, since: u64) -> Client {
    let fields = json!({"invite": KEY, "session": "ana", "since": since, "ack": 0});
    let (ana, reply) = enter(address, uuid, fields).await;
    assert!(reply["epoch"].is_u64(), "{reply}");
    ana
}

#[tokio::test]
async fn followers_hear_the_new_driver_behind_the_entry_and_late_ones_learn_who_it_is() {
    let server = Server::start().await;
    let mut room = Room::open(&server.address).await;
    let (mut follower, _) = enter(&server.address, &room.uuid, json!({})).await;
    let (mut ana, seat) = hand_over(&server.address, &mut room).await;
    ana.send(json!({"id": 1, "funcKey": "hers"})).await;
    assert_eq!(hears(&mut ana, "ack").await["ack"], 1);
    let mut heard = Vec::new();
    while heard.last() != Some(&json!("hers")) {
        let message = follower.next().await;
        heard.extend(
            [&message["funcKey"], &message["driver"]["seat"]].into_iter().filter(|it| !it.is_null()).cloned(),
        );
    }
    assert_eq!(heard, [json!("before"), json!(seat), json!("hers")]);
    let (mut late, _) = enter(&server.address, &room.uuid, json!({})).await;
    assert_eq!(hears(&mut late, "driver").await["driver"]["seat"], seat);
}

#[tokio::test]
async fn who_drives_and_who_was_invited_outlives_kill_9() {
    let data = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("handover");
    drop(std::fs::remove_dir_all(&data));
    let serve = || async { Program::start(&["--data", data.to_str().expect("UTF-8")]).await };
    let mut program = serve().await;
    let mut room = Room::open(&program.address).await;
    let (mut ana, _) = hand_over(&program.address, &mut room).await;
    ana.send(json!({"id": 1, "funcKey": "hers"})).await;
    assert_eq!(hears(&mut ana, "ack").await, json!({"ack": 1, "seq": 3}));
    program.signal("KILL").await;
    program.exit_code().await;

    let program = serve().await;
    // The creator's reload takes nothing, though its owner key is good; it follows.
    let creator = json!({"ownerKey": room.key, "drive": false, "session": "reload", "since": 0});
    let (mut creator, reply) = enter(&program.address, &room.uuid, creator).await;
    assert_eq!((&reply["role"], &reply["epoch"]), (&json!("creator"), &Value::Null));
    assert_eq!(hears(&mut creator, "driver").await["driver"]["name"], "Ana");
    // Ana goes on, and what she sends again is not taken twice.
    let fields = json!({"invite": KEY, "session": "ana", "since": 2, "ack": 0, "epoch": 3});
    let (mut ana, reply) = enter(&program.address, &room.uuid, fields).await;
    assert_eq!((&reply["ack"], reply["epoch"].is_u64()), (&json!(1), true), "{reply}");
    ana.send(json!({"id": 1, "funcKey": "hers"})).await;
    ana.send(json!({"id": 2, "funcKey": "more"})).await;
    assert_eq!(hears(&mut ana, "ack").await, json!({"ack": 1, "seq": 3}), "the answer before the kill");
    assert_eq!(hears(&mut ana, "ack").await, json!({"ack": 2, "seq": 4}));
    creator.send(json!({"ask": 1, "takeBack": true})).await;
    assert_eq!(hears(&mut creator, "ask").await, json!({"ask": 1, "seq": 5}));
    assert_eq!(hears(&mut ana, "driver").await["driver"]["role"], "creator");
    drop(program);
}
