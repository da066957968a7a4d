//! Keys with which the operator's programs publish into every room over HTTP.

use rtbroadcaster::{AccessSettings, Gate, Secret, Settings};
use rtbroadcaster_tests::{Edge, Request, Room, Server};
use serde_json::{Value, json};

const KEY: &str = "a-key-for-every-room-of-the-server";

async fn server(creation: Gate) -> Server {
    let access = AccessSettings::default().with(|access| {
        access.creation = creation;
        access.api_keys = vec![Secret::new("an-api-key-that-nobody-guesses")];
        access.publish_keys = vec![Secret::new("an-older-key-for-every-room"), Secret::new(KEY)];
    });
    let settings = Settings::default().with(|settings| {
        settings.access = access;
        settings.limits.owner_actions_per_second = 3;
    });
    Server::with(settings).await
}

fn post(uuid: &str, key: &str, action: &Value) -> Request {
    let path = format!("{}/{uuid}/actions", Edge::rooms());
    Request::post(&path, "application/json", &action.to_string()).bearing(key)
}

fn say(what: &str) -> Value {
    json!({"funcKey": "say", "funcParams": [what]})
}

#[tokio::test]
async fn it_publishes_beside_the_owner_in_one_order_and_under_its_own_session() {
    let server = server(Gate::Open).await;
    let mut room = Room::open(&server.address).await;
    let mut follower = room.join_synced(0).await;
    room.owner.send(json!({"id": 1, "funcKey": "say", "funcParams": ["owner"]})).await;
    while room.owner.next().await["ack"] != 1 {}
    // The same number as the owner's is another action, and the same number again is none.
    for _ in 0..2 {
        let posted = post(&room.uuid, KEY, &say("operator"))
            .with("Idempotency-Key", "app:1")
            .send(&server.address)
            .await;
        assert_eq!((posted.status, posted.json()), (200, json!({"id": 1, "seq": 2})));
    }
    room.owner.send(json!({"id": 2, "funcKey": "say", "funcParams": ["owner again"]})).await;
    while room.owner.next().await["ack"] != 2 {}
    for (seq, said) in [(1, "owner"), (2, "operator"), (3, "owner again")] {
        follower.hears(&json!({"seq": seq, "funcKey": "say", "funcParams": [said]})).await;
    }
    follower.hears_nothing().await;
}

#[tokio::test]
async fn it_keeps_the_limits_of_an_owner() {
    let server = server(Gate::Open).await;
    let room = Edge::open(&server.address).await;
    let lines = "{\"funcKey\": \"a\"}\n".repeat(10);
    let all = room.post_lines(&lines).without("authorization").bearing(KEY);
    assert_eq!(room.send(&all).await.status, 200);
    room.send(&post(&room.uuid, KEY, &say("too soon"))).await.is_refused(429, "rate_limited");
    let large = say(&"x".repeat(70_000));
    room.send(&post(&room.uuid, KEY, &large)).await.is_refused(413, "message_too_large");
}

#[tokio::test]
async fn it_needs_no_token_and_may_do_nothing_else() {
    let server = server(Gate::Token).await;
    let opened = Request::new("POST", &Edge::rooms()).bearing("an-api-key-that-nobody-guesses");
    let reply = opened.send(&server.address).await.json();
    let uuid = reply["uuid"].as_str().expect("a uuid");
    assert_eq!(post(uuid, KEY, &say("a")).send(&server.address).await.status, 200);
    assert_eq!(post(uuid, "an-older-key-for-every-room", &say("b")).send(&server.address).await.status, 200);
    post(uuid, "a-key-for-every-room-of-the-serveR", &say("c"))
        .send(&server.address)
        .await
        .is_refused(401, "unauthorized");
    let close = Request::new("DELETE", &format!("{}/{uuid}", Edge::rooms())).bearing(KEY);
    close.send(&server.address).await.is_refused(401, "unauthorized");
    Request::new("POST", &Edge::rooms())
        .bearing(KEY)
        .send(&server.address)
        .await
        .is_refused(401, "unauthorized");
    let unknown = "00000000-0000-4000-8000-000000000000";
    post(unknown, KEY, &say("d")).send(&server.address).await.is_refused(404, "unknown_room");
    post("no-uuid", KEY, &say("e")).send(&server.address).await.is_refused(404, "unknown_room");
}
