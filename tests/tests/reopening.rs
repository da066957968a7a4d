//! Rooms that their owners open anew after a server without a store was killed.

use rtbroadcaster::{AccessSettings, Gate, Manager, Secret, Settings, StoreError, StoreSettings};
use rtbroadcaster_protocol::CloseCode;
use rtbroadcaster_tests::{Client, Edge, Events, Program, Room, Server, message};
use serde_json::{Value, json};

const SECRET: &str = "a secret of more than thirty-two bytes";

/// A server that knows the owner keys of others with the same secret.
async fn serve(secret: &str, more: &[&str]) -> Program {
    let mut command = Program::command();
    command.args(["--listen", "127.0.0.1:0"]).args(more).env("RTBROADCASTER_REOPEN_SECRET", secret);
    Program::listening(command).await
}

async fn kill(mut program: Program) {
    program.signal("KILL").await;
    assert_eq!(program.exit_code().await, None);
}

/// The same session claims its room again, as a page does by itself. `acknowledged` is the highest
/// id whose answer it has.
fn claim(room: &Room, acknowledged: u64) -> Value {
    let mut claim = message::session_claim(&room.uuid, &room.key, "first");
    (claim["ack"], claim["epoch"]) = (acknowledged.into(), 1.into());
    claim
}

/// Sends a first message at this address.
async fn enter(address: &str, first: &Value) -> Client {
    let mut client = Client::connect(address).await;
    client.send(first).await;
    client
}

/// A server that is killed with a room of three actions, and the room.
async fn lost_room(secret: &str) -> Room {
    let program = serve(secret, &[]).await;
    let mut room = Room::open(&program.address).await;
    room.act(1, 3).await;
    kill(program).await;
    room
}

#[tokio::test]
async fn an_owner_opens_its_lost_room_anew_and_followers_come_back() {
    let mut room = lost_room(SECRET).await;
    let program = serve(SECRET, &[]).await;
    room.address.clone_from(&program.address);

    // A follower that is there first is told to come back. Who has a mistyped link is told at once.
    let mut early = enter(&program.address, &message::session_rejoin(&room.uuid, 3)).await;
    assert!(early.is_refused("unknown_room").await["error"]["retryAfterMs"].is_u64());
    assert_eq!(early.closed().await, CloseCode::NotNow.value());
    let mut stranger = enter(&program.address, &message::session_join(&room.uuid)).await;
    assert_eq!(stranger.is_refused("unknown_room").await["error"].get("retryAfterMs"), None);
    assert_eq!(stranger.closed().await, CloseCode::UnknownRoom.value());

    // The page has the answers to two actions, and sends the third and the fourth.
    let mut owner = enter(&program.address, &claim(&room, 2)).await;
    let reply = owner.next().await;
    let head = reply["seq"].as_u64().unwrap();
    assert_eq!((&reply["uuid"], &reply["ack"]), (&json!(room.uuid), &json!(2)));
    assert!(head > 1_000_000 && reply["epoch"].as_u64() > Some(head), "above all before: {reply}");
    owner.hears(&json!({"resync": true, "seq": head})).await;
    owner.hears(&json!({"synced": head})).await;
    for id in 2..=4 {
        owner.send(message::numbered(id, "act")).await;
    }
    while owner.next().await != json!({"ack": 4, "seq": head + 2}) {}
    owner.send(json!({"id": 5, "funcKey": "goTo", "stateMessage": true})).await;
    owner.hears(&json!({"ack": 5, "seq": head + 3})).await;

    let mut follower = room.rejoin(3).await;
    follower.hears(&json!({"resync": true, "seq": head + 3})).await;
    follower.hears(&json!({"seq": head + 3, "funcKey": "goTo", "stateMessage": true})).await;
    follower.hears(&json!({"synced": head + 3})).await;
    follower.hears(&json!({"owner": "back"})).await;
    owner.send(message::numbered(6, "next")).await;
    follower.hears(&json!({"seq": head + 4, "funcKey": "next"})).await;
}

#[tokio::test]
async fn a_reloaded_page_and_an_event_stream_open_a_lost_room_too() {
    let room = lost_room(SECRET).await;
    let program = serve(SECRET, &[]).await;
    let mut reloaded = message::session_claim(&room.uuid, &room.key, "second");
    (reloaded["ack"], reloaded["since"]) = (0.into(), 0.into());
    let mut owner = enter(&program.address, &reloaded).await;
    let head = owner.next().await["seq"].as_u64().unwrap();
    owner.hears(&json!({"synced": head})).await;

    let mut edge = Edge::open(&program.address).await;
    kill(program).await;
    let program = serve(SECRET, &[]).await;
    edge.address.clone_from(&program.address);
    // A post is no claim.
    edge.send(&edge.post(&json!({"funcKey": "act"}))).await.is_refused(404, "unknown_room");
    let early = edge.send(&edge.events().with("Last-Event-ID", "3")).await;
    early.is_refused(404, "unknown_room");
    assert!(early.header("retry-after").is_some());
    let path = edge.path("/events?session=page&ack=0&epoch=1");
    let claim = edge.events().with("Rtbroadcaster-Owner-Key", &edge.key).at(&path);
    let mut owner = Events::open(&claim, &edge.address).await;
    let reply = owner.message().await;
    let head = reply["seq"].as_u64().unwrap();
    owner.hears(&json!({"resync": true, "seq": head})).await;
    owner.hears(&json!({"synced": head})).await;
    assert_eq!(edge.act("act").await, head + 1);
    // And it is opened anew after the next kill as well, by the same key.
    kill(program).await;
    let program = serve(SECRET, &[]).await;
    let mut owner = Events::open(&claim, &program.address).await;
    assert!(owner.message().await["seq"].as_u64() > Some(head));
}

#[tokio::test]
async fn without_the_same_secret_a_lost_room_is_unknown() {
    let room = lost_room(SECRET).await;
    let (another, none) = (serve("another secret of thirty-two bytes", &[]).await, Program::start(&[]).await);
    let unsigned = {
        let program = Program::start(&[]).await;
        Room::open(&program.address).await
    };
    let mut forged = claim(&room, 2);
    forged["uuid"] = unsigned.uuid.clone().into();
    let with_secret = serve(SECRET, &[]).await;
    for (program, claim) in [
        (&another, claim(&room, 2)),
        (&none, claim(&room, 2)),
        (&with_secret, claim(&unsigned, 2)),
        (&with_secret, forged),
    ] {
        let mut owner = enter(&program.address, &claim).await;
        owner.is_refused("unknown_room").await;
        assert_eq!(owner.closed().await, CloseCode::UnknownRoom.value());
    }
    let mut follower = enter(&none.address, &message::session_rejoin(&room.uuid, 3)).await;
    assert_eq!(follower.is_refused("unknown_room").await["error"].get("retryAfterMs"), None);
}

#[tokio::test]
async fn a_room_that_the_process_has_closed_is_not_opened_anew() {
    let mut room = lost_room(SECRET).await;
    let program = serve(SECRET, &["--owner-grace-ms", "600000"]).await;
    let mut own = Room::open(&program.address).await;
    let mut owner = enter(&program.address, &claim(&room, 2)).await;
    owner.next().await;
    owner.send(message::close(&room.uuid)).await;
    own.owner.send(message::close(&own.uuid)).await;
    for owner in [&mut owner, &mut own.owner] {
        assert_eq!(owner.rest().await.1, CloseCode::RoomClosed.value());
    }
    room.address.clone_from(&program.address);
    for room in [&room, &own] {
        let mut owner = enter(&room.address, &claim(room, 2)).await;
        owner.is_refused("unknown_room").await;
        // No follower waits for it either.
        let mut follower = enter(&room.address, &message::session_rejoin(&room.uuid, 3)).await;
        assert_eq!(follower.is_refused("unknown_room").await["error"].get("retryAfterMs"), None);
    }
}

#[tokio::test]
async fn the_limits_of_new_rooms_hold_for_those_that_are_opened_anew() {
    let (first, second) = (lost_room(SECRET).await, lost_room(SECRET).await);
    for (limit, code) in [
        ("--rooms", "too_many_rooms"),
        ("--rooms-per-minute-per-address", "rate_limited"),
        ("--reopened-rooms", "unknown_room"),
    ] {
        let server = serve(SECRET, &[limit, "1"]).await;
        let mut owner = enter(&server.address, &claim(&first, 2)).await;
        assert_eq!(owner.next().await["uuid"], first.uuid.as_str());
        let mut other = enter(&server.address, &claim(&second, 2)).await;
        other.is_refused(code).await;
        // Who has opened it claims it as ever.
        let mut again = claim(&first, 2);
        again.as_object_mut().unwrap().remove("epoch");
        let mut again = enter(&server.address, &again).await;
        assert_eq!(again.next().await["uuid"], first.uuid.as_str());
    }
}

#[tokio::test]
async fn followers_wait_no_longer_than_a_room_without_its_owner_would() {
    let room = lost_room(SECRET).await;
    let server = serve(SECRET, &["--owner-grace-ms", "0"]).await;
    let mut follower = enter(&server.address, &message::session_rejoin(&room.uuid, 3)).await;
    assert_eq!(follower.is_refused("unknown_room").await["error"].get("retryAfterMs"), None);
    // Its owner may come at any time.
    let mut owner = enter(&server.address, &claim(&room, 2)).await;
    assert_eq!(owner.next().await["uuid"], room.uuid.as_str());
}

#[tokio::test]
async fn a_token_that_opens_no_rooms_opens_none_anew() {
    let room = lost_room(SECRET).await;
    let access = AccessSettings::default().with(|access| {
        access.creation = Gate::Token;
        access.api_keys = vec![Secret::new("an-api-key-of-some-length")];
        access.reopen_secret = Some(Secret::new(SECRET));
    });
    let server = Server::with(Settings::default().with(|settings| settings.access = access)).await;
    let mut without = enter(&server.address, &claim(&room, 2)).await;
    without.is_refused("unauthorized").await;
    let mut with =
        enter(&server.address, &message::with_token(claim(&room, 2), "an-api-key-of-some-length")).await;
    assert_eq!(with.next().await["uuid"], room.uuid.as_str());
}

#[tokio::test]
async fn a_secret_and_a_store_exclude_each_other() {
    let data = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("reopening-data");
    let mut command = Program::command();
    command.arg("--data").arg(&data).env("RTBROADCASTER_REOPEN_SECRET", SECRET);
    let refused = Program::run(command).await;
    assert_eq!(refused.code, Some(2), "{}", refused.stderr);
    assert!(refused.stderr.contains("access.reopen-secret"), "{}", refused.stderr);
    assert!(refused.stderr.contains("server.data"), "{}", refused.stderr);
    assert!(!refused.stderr.contains(SECRET), "{}", refused.stderr);

    let mut settings = Settings::default();
    settings.access.reopen_secret = Some(Secret::new(SECRET));
    let refused = Manager::with_store(settings, &StoreSettings::new(&data));
    assert!(matches!(refused, Err(StoreError::ReopenSecret)));
    assert!(!data.exists());
}

#[tokio::test]
async fn a_secret_that_is_too_short_is_refused() {
    let mut command = Program::command();
    command.env("RTBROADCASTER_REOPEN_SECRET", "short");
    let refused = Program::run(command).await;
    assert_eq!(refused.code, Some(2));
    assert!(refused.stderr.contains("must have 32 bytes or more"), "{}", refused.stderr);
}
