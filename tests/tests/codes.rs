//! Short codes over real sockets: joining by them, what ends them, and how guesses are bounded.

use std::path::PathBuf;

use rtbroadcaster::{Manager, OwnerPresence, RefusalCode, RoomError, RoomOptions, Settings};
use rtbroadcaster_protocol::CloseCode;
use rtbroadcaster_tests::{
    Client, PATH, Program, Request, Response, Room, Scrape, Server, eventually, message, metrics_change,
};
use serde_json::{Value, json};

const CREATE: &str = r#"{"status":{"value":1},"v":2,"session":"first","code":true}"#;

/// Opens a room with a code. Returns its owner and the reply.
async fn create(address: &str) -> (Client, Value) {
    let mut owner = Client::connect(address).await;
    owner.send(CREATE).await;
    let reply = owner.next().await;
    (owner, reply)
}

fn code_of(reply: &Value) -> String {
    reply["code"].as_str().unwrap_or_else(|| panic!("no code: {reply}")).to_owned()
}

/// Joins by a code, or by anything else.
async fn join(address: &str, code: &str) -> Client {
    let mut follower = Client::connect(address).await;
    follower.send(message::session_join(code)).await;
    follower
}

async fn joins_in_vain(address: &str, code: &str, refusal: &str, close: CloseCode) {
    let mut client = join(address, code).await;
    client.is_refused(refusal).await;
    assert_eq!(client.closed().await, close.value());
}

/// What was seen, after the server's tasks had their turn.
async fn later<T>(seen: T) -> T {
    tokio::task::yield_now().await;
    seen
}

async fn look_up(address: &str, code: &str) -> Response {
    Request::get(&format!("{PATH}/codes/{code}")).send(address).await
}

#[tokio::test]
async fn a_code_leads_to_its_room_over_websockets_and_http_until_the_room_is_closed() {
    let server = Server::start().await;
    let address = &server.address;
    let (mut owner, reply) = create(address).await;
    let code = code_of(&reply);
    let typed = format!("{}-{}", &code[..3], &code[3..]).to_lowercase();
    let mut follower = join(address, &typed).await;
    let entered = follower.next().await;
    assert_eq!((&entered["uuid"], &entered["code"]), (&reply["uuid"], &reply["code"]));
    follower.hears(&json!({"synced": 0})).await;
    owner.send(json!({"id": 1, "funcKey": "hello"})).await;
    follower.hears(&json!({"seq": 1, "funcKey": "hello"})).await;
    let found = look_up(address, &code).await;
    assert_eq!(found.json(), json!({"uuid": reply["uuid"]}));
    assert_eq!(found.header("cache-control"), Some("no-store"));

    owner.send(json!({"status": {"value": 4}})).await;
    assert_eq!(owner.rest().await.1, CloseCode::RoomClosed.value());
    joins_in_vain(address, &code, "unknown_room", CloseCode::UnknownRoom).await;
    look_up(address, &code).await.is_refused(404, "unknown_room");
}

/// C3.
#[tokio::test]
async fn c3_a_code_ends_with_a_room_whose_owner_does_not_come_back_and_with_one_that_makes_space() {
    let server = Server::with_limits(|limits| limits.owner_grace_ms = 0).await;
    let (owner, reply) = create(&server.address).await;
    drop(owner);
    eventually(&0, async || later(server.manager.rooms()).await).await;
    look_up(&server.address, &code_of(&reply)).await.is_refused(404, "unknown_room");
    joins_in_vain(&server.address, &code_of(&reply), "unknown_room", CloseCode::UnknownRoom).await;

    let server = Server::with_limits(|limits| limits.rooms = 1).await;
    let (owner, reply) = create(&server.address).await;
    drop(owner);
    eventually(&OwnerPresence::Away, async || {
        later(server.manager.open_rooms().next().map_or(OwnerPresence::Here, |room| room.owner())).await
    })
    .await;
    let (_owner, other) = create(&server.address).await;
    assert_ne!(code_of(&other), code_of(&reply));
    look_up(&server.address, &code_of(&reply)).await.is_refused(404, "unknown_room");
    joins_in_vain(&server.address, &code_of(&reply), "unknown_room", CloseCode::UnknownRoom).await;
}

#[tokio::test]
async fn a_code_is_the_same_after_a_kill_of_a_server_that_stores_its_rooms() {
    let data = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("codes-restart");
    drop(std::fs::remove_dir_all(&data));
    let serve = || async { Program::start(&["--data", data.to_str().expect("UTF-8")]).await };
    let mut program = serve().await;
    let (_owner, reply) = create(&program.address).await;
    let (mut closed, other) = create(&program.address).await;
    closed.send(json!({"status": {"value": 4}})).await;
    assert_eq!(closed.rest().await.1, CloseCode::RoomClosed.value());
    program.signal("KILL").await;
    program.exit_code().await;

    let program = serve().await;
    let code = code_of(&reply);
    let entered = join(&program.address, &code).await.next().await;
    assert_eq!((&entered["uuid"], &entered["code"]), (&reply["uuid"], &reply["code"]));
    joins_in_vain(&program.address, &code_of(&other), "unknown_room", CloseCode::UnknownRoom).await;
    let room = Room::open(&program.address).await;
    assert_ne!(room.uuid, reply["uuid"], "and the server goes on");
    drop(program);
    drop(std::fs::remove_dir_all(&data));
}

/// C2, and G9 of `code-length`.
#[tokio::test]
async fn c2_an_address_that_guesses_learns_nothing_any_more_and_codes_are_as_long_as_wanted() {
    let misses = "--code-misses-per-minute-per-address=2";
    let program = Program::start(&[misses, "--code-length=9"]).await;
    let address = &program.address;
    let (_owner, reply) = create(address).await;
    let code = code_of(&reply);
    assert_eq!(code.len(), 9);
    joins_in_vain(address, "333333", "unknown_room", CloseCode::UnknownRoom).await;
    for _ in 0..9 {
        look_up(address, "333333").await.is_refused(404, "unknown_room");
    }
    look_up(address, "444444").await.is_refused(404, "unknown_room");
    for code in [&*code, "333333", "777777"] {
        let refused = look_up(address, code).await.is_refused(429, "rate_limited");
        assert!(refused["retryAfterMs"].as_u64().is_some_and(|wait| wait > 0), "{refused}");
        joins_in_vain(address, code, "rate_limited", CloseCode::NotNow).await;
        let events = Request::get(&format!("{PATH}/rooms/{code}/events")).send(address).await;
        events.is_refused(429, "rate_limited");
    }
    let entered = join(address, reply["uuid"].as_str().expect("a uuid")).await.next().await;
    assert_eq!(entered["code"], reply["code"], "the uuid is no guess");
}

/// G9 of `code-misses-per-second`.
#[tokio::test]
async fn c2_all_addresses_together_may_guess_only_so_often() {
    let program = Program::start(&["--code-misses-per-second=1"]).await;
    look_up(&program.address, "333333").await.is_refused(404, "unknown_room");
    look_up(&program.address, "444444").await.is_refused(429, "rate_limited");
}

#[tokio::test]
async fn lookups_are_counted_by_their_outcome() {
    let server = Server::with_limits(|limits| limits.code_misses_per_minute_per_address = 1).await;
    let (_owner, reply) = create(&server.address).await;
    let before = Scrape::of(&server.address).await;
    for code in [&*code_of(&reply), "333333", "444444"] {
        look_up(&server.address, code).await;
    }
    let counted = [
        ("rtbroadcaster_code_lookups_total{outcome=\"found\"}", 1.0),
        ("rtbroadcaster_code_lookups_total{outcome=\"unknown\"}", 1.0),
        ("rtbroadcaster_code_lookups_total{outcome=\"rate_limited\"}", 1.0),
        ("rtbroadcaster_refusals_total{code=\"unknown_room\"}", 1.0),
        ("rtbroadcaster_refusals_total{code=\"rate_limited\"}", 1.0),
    ];
    metrics_change(&server.address, &before, &[], &counted).await;
}

#[tokio::test]
async fn the_administration_shows_the_code_of_a_room_and_finds_the_room_by_it() {
    const TOKEN: &str = "the-token-of-the-administration";
    let mut command = Program::command();
    command.args(["--listen", "127.0.0.1:0"]).env("RTBROADCASTER_ADMIN_TOKEN", TOKEN);
    let program = Program::listening(command).await;
    let (_owner, reply) = create(&program.address).await;
    let _other = Room::open(&program.address).await;
    let list = async |query: &str| {
        let request = Request::get(&format!("/admin/rooms?{query}")).bearing(TOKEN);
        request.send(&program.address).await.json()
    };
    let found = list(&format!("search={}", code_of(&reply).to_lowercase())).await;
    assert_eq!((&found["total"], &found["rooms"][0]["id"]), (&json!(1), &reply["uuid"]), "{found}");
    assert_eq!(found["rooms"][0]["code"], reply["code"]);
    let all = list("").await;
    let without =
        all["rooms"].as_array().expect("rooms").iter().filter(|room| room["code"].is_null()).count();
    assert_eq!((&all["total"], without), (&json!(2), 1));
}

#[tokio::test]
async fn an_application_opens_rooms_with_a_code_and_finds_them_by_it() {
    let rooms = Manager::new(Settings::default());
    let room = rooms.open_room(RoomOptions::default().with(|options| options.code = true)).await.unwrap();
    let code = room.code().expect("it has a code");
    assert_eq!(rooms.room_by_code(code).map(|found| found.id()), Some(room.id()));
    let other = rooms.open_room(RoomOptions::default()).await.unwrap();
    assert_eq!(other.code(), None);
    room.close().await.unwrap();
    assert!(rooms.room_by_code(code).is_none());
    assert!(matches!(room.close().await, Err(RoomError::Closed)));
}

#[tokio::test]
async fn a_create_whose_code_is_no_flag_is_malformed_over_http_too() {
    let server = Server::start().await;
    let rooms = format!("{PATH}/rooms");
    let refused =
        Request::post(&rooms, "application/json", r#"{"code":"K7M4QX"}"#).send(&server.address).await;
    refused.is_refused(400, RefusalCode::Malformed.as_str());
}
