//! Who may do what: tokens, the refusals of clients without a sufficient token, and the settings
//! that are required before other machines may connect. `web_tokens.rs` tests which JSON web tokens
//! are accepted.

use std::fs;
use std::path::{Path, PathBuf};

use rtbroadcaster::{AccessSettings, Gate, Secret, Settings};
use rtbroadcaster_protocol::CloseCode;
use rtbroadcaster_tests::{
    Client, PATH, Program, Request, Room, Server, Signer, entry, follow, message, open_room, seconds_from_now,
};
use serde_json::json;

const API_KEY: &str = "an-api-key-that-nobody-guesses";
const JOIN_KEY: &str = "a-join-key-that-nobody-guesses";
const JWT_SECRET: &str = "a secret of at least thirty-two bytes";
const NEEDS_A_TOKEN: &str =
    "this needs a token: send one as \"token\" in the first message (the SDK's option `token`)";

async fn server(access: AccessSettings) -> Server {
    Server::with(Settings::default().with(|settings| settings.access = access)).await
}

/// A server on which opening and following rooms need a token.
async fn guarded() -> Server {
    server(AccessSettings::default().with(|access| {
        access.creation = Gate::Token;
        access.joins = Gate::Token;
        access.api_keys = vec![Secret::new(API_KEY)];
        access.join_keys = vec![Secret::new(JOIN_KEY)];
    }))
    .await
}

#[tokio::test]
async fn by_default_nobody_needs_a_token_and_none_is_looked_at() {
    let server = Server::start().await;
    let (_owner, uuid) = open_room(&server.address).await;
    follow(&server.address, &uuid).await;
    entry::is_let_in(&server.address, &entry::create("nonsense")).await;
}

#[tokio::test]
async fn where_creation_needs_a_token_rooms_are_opened_with_one_only_and_followed_without() {
    let api_keys = vec![Secret::new(API_KEY)];
    let server = server(AccessSettings::default().with(|access| {
        access.creation = Gate::Token;
        access.api_keys = api_keys;
    }))
    .await;
    for first in [message::create(), message::session_create("s"), entry::create("")] {
        entry::is_refused(&server.address, &first, "unauthorized", NEEDS_A_TOKEN).await;
    }
    let unknown = "the token is none that this server knows";
    entry::is_refused(&server.address, &entry::create("no-such-key"), "unauthorized", unknown).await;
    entry::is_refused(&server.address, &entry::create(&API_KEY[1..]), "unauthorized", unknown).await;
    assert_eq!(server.manager.rooms(), 0);

    let (_owner, reply) = entry::open_with(&server.address, API_KEY).await;
    follow(&server.address, reply["uuid"].as_str().unwrap()).await;
    // Clients of the original may have a token too.
    entry::is_let_in(&server.address, &message::with_token(message::create(), API_KEY)).await;
}

#[tokio::test]
async fn where_joins_need_a_token_a_join_key_is_enough_to_follow_and_for_nothing_else() {
    let server = guarded().await;
    let (_owner, reply) = entry::open_with(&server.address, API_KEY).await;
    let uuid = reply["uuid"].as_str().unwrap();
    for first in [message::join(uuid), message::session_join(uuid)] {
        entry::is_refused(&server.address, &first, "unauthorized", NEEDS_A_TOKEN).await;
    }
    for token in [JOIN_KEY, API_KEY] {
        entry::is_let_in(&server.address, &entry::join(uuid, token)).await;
    }
    entry::is_forbidden(&server.address, &entry::create(JOIN_KEY)).await;
}

#[tokio::test]
async fn a_room_is_taken_back_with_its_owner_key_and_a_token() {
    let server = guarded().await;
    let (owner, reply) = entry::open_with(&server.address, API_KEY).await;
    drop(owner);
    let claim =
        message::session_claim(reply["uuid"].as_str().unwrap(), reply["ownerKey"].as_str().unwrap(), "s");
    entry::is_refused(&server.address, &claim, "unauthorized", NEEDS_A_TOKEN).await;
    entry::is_forbidden(&server.address, &message::with_token(claim.clone(), JOIN_KEY)).await;
    entry::is_let_in(&server.address, &message::with_token(claim, API_KEY)).await;
}

#[tokio::test]
async fn a_client_that_asks_for_many_unknown_rooms_is_told_when_to_go_on_and_learns_nothing() {
    let program = Program::start(&["--unknown-rooms-per-minute", "1"]).await;
    let (mut owner, uuid) = open_room(&program.address).await;
    follow(&program.address, &uuid).await;
    let mut client = Client::connect(&program.address).await;
    client.send(message::join("f63ca67e-69bb-4a16-a71f-86a87acbe0b5")).await;
    client.is_refused("unknown_room").await;
    assert_eq!(client.closed().await, CloseCode::UnknownRoom.value());
    for first in [
        message::join("f63ca67e-69bb-4a16-a71f-86a87acbe0b5"),
        message::session_join(&uuid),
        message::session_claim(&uuid, "guessed", "s"),
    ] {
        let mut client = Client::connect(&program.address).await;
        client.send(first).await;
        let refusal = client.is_refused("rate_limited").await;
        assert_eq!(
            refusal["error"]["message"],
            "this came too often or too soon: try again after `retryAfterMs`"
        );
        let wait = refusal["error"]["retryAfterMs"].as_u64().unwrap();
        assert!((1..=60_000).contains(&wait), "{wait}");
        assert_eq!(client.closed().await, CloseCode::NotNow.value());
    }
    // Connected clients stay, and rooms can be opened.
    owner.sync().await;
    open_room(&program.address).await;
}

#[tokio::test]
async fn a_class_whose_room_was_lost_at_a_restart_can_join_the_new_one() {
    let program = Program::start(&["--unknown-rooms-per-minute", "2"]).await;
    for uuid in ["f63ca67e-69bb-4a16-a71f-86a87acbe0b5", "mistyped"].repeat(20) {
        let mut client = Client::connect(&program.address).await;
        client.send(message::session_join(uuid)).await;
        client.is_refused("unknown_room").await;
    }
    let (_owner, uuid) = open_room(&program.address).await;
    follow(&program.address, &uuid).await;
}

/// The arguments of a server that other machines can reach.
const EXPOSED: [&str; 2] = ["--listen", "0.0.0.0:0"];

#[tokio::test]
async fn a_server_that_others_reach_does_not_start_before_it_is_said_for_whom() {
    let creation = "say who may open rooms: --creation open (everybody) or --creation token";
    let origins = "pages of which origins may connect: --allow-origin self (the server's own), --allow-origin \
                   https://example.org, or --allow-origin '*' (all)";
    let start =
        "error: server.listen (0.0.0.0:0, flag --listen): others than this machine reach this address, so ";
    let cases = [
        (&[][..], format!("{start}{creation}; and {origins}\n")),
        (&["--allow-origin", "self"], format!("{start}{creation}\n")),
        (&["--creation", "open"], format!("{start}say {origins}\n")),
    ];
    for (arguments, told) in cases {
        let mut command = Program::command();
        command.args(EXPOSED).args(arguments);
        let finished = Program::run(command).await;
        assert_eq!((finished.code, finished.stdout.as_str()), (Some(2), ""), "{arguments:?}");
        assert_eq!(finished.stderr, told, "{arguments:?}");
    }
}

#[tokio::test]
async fn a_server_that_others_reach_starts_once_it_is_said() {
    for origin in ["self", "*", "https://a.example"] {
        let mut command = Program::command();
        command.args(EXPOSED).args(["--creation", "open", "--allow-origin", origin]);
        let program = Program::listening(command).await;
        let address = program.address.replace("0.0.0.0", "127.0.0.1");
        open_room(&address).await;
        let status = Request::upgrade().with("Origin", "https://a.example").send(&address).await.status;
        assert_eq!(status, if origin == "self" { 403 } else { 101 }, "{origin}");
    }
}

#[tokio::test]
async fn a_page_of_another_origin_is_told_which_it_is_and_what_would_allow_it() {
    let server = Server::start().await;
    let response = Request::upgrade().with("Origin", "https://evil.example").send(&server.address).await;
    assert_eq!(response.status, 403);
    assert_eq!(
        response.body,
        "pages of the origin https://evil.example may not connect here: the server's --allow-origin \
         (access.allow-origin) says which may\n"
    );
}

async fn upgrade(program: &Program, host: Option<&str>, origin: &str) -> u16 {
    let request = Request::upgrade().with("Origin", origin);
    let request = host.map_or(request.clone(), |host| request.with("Host", host));
    request.send(&program.address).await.status
}

#[tokio::test]
async fn origins_below_a_name_and_pages_without_an_origin_may_be_allowed_by_name() {
    let origins = ["--allow-origin", "https://*.example.org,null"];
    let program = Program::start(&origins).await;
    for (origin, status) in [
        ("https://a.b.example.org", 101),
        ("null", 101),
        ("https://example.org", 403),
        ("https://example.org.evil.example", 403),
    ] {
        assert_eq!(upgrade(&program, None, origin).await, status, "{origin}");
    }
    let rooms = Request::new("POST", &format!("{PATH}/rooms")).with("Origin", "null");
    let opened = rooms.send(&program.address).await;
    assert_eq!((opened.status, opened.header("access-control-allow-origin")), (201, Some("null")));
    assert_eq!(upgrade(&Program::start(&[]).await, None, "null").await, 403);
    let mut command = Program::command();
    command.args(["--allow-origin", "https://a.*.example.org"]);
    let wrong = Program::run(command).await;
    assert_eq!(wrong.code, Some(2));
    assert!(wrong.stderr.contains("https://*.example.org (every host below)"), "{}", wrong.stderr);
}

#[tokio::test]
async fn a_local_server_answers_no_page_whose_name_was_pointed_at_it() {
    let rebound = (Some("evil.example:8080"), "http://evil.example:8080");
    let program = Program::start(&[]).await;
    assert_eq!(upgrade(&program, rebound.0, rebound.1).await, 403);
    let rooms = Request::new("POST", &format!("{PATH}/rooms")).with("Host", "evil.example");
    rooms.send(&program.address).await.is_refused(403, "host_not_allowed");
    for host in ["localhost", "app.localhost:8080", "127.0.0.1", "[::1]:8080"] {
        assert_eq!(upgrade(&program, Some(host), &format!("http://{host}")).await, 101, "{host}");
    }
    let listed = Program::start(&["--allow-host", "*.example.org"]).await;
    assert_eq!(upgrade(&listed, Some("rooms.example.org"), "https://rooms.example.org").await, 101);
    assert_eq!(upgrade(&listed, rebound.0, rebound.1).await, 403);
    let all = Program::start(&["--allow-host", "*"]).await;
    assert_eq!(upgrade(&all, rebound.0, rebound.1).await, 101);
}

/// A program that logs at the finest level, and whose secrets come from a file and the environment.
async fn talkative(folder: &Path) -> Program {
    let file = folder.join("secrets.toml");
    fs::write(
        &file,
        format!("[access]\ncreation = \"token\"\njoins = \"token\"\napi-keys = [\"{API_KEY}\"]\n"),
    )
    .expect("a file in target/tmp");
    let mut command = Program::command();
    command.args(["--listen", "127.0.0.1:0", "--log", "trace", "--config"]).arg(&file);
    command.env("RTBROADCASTER_JOIN_KEYS", JOIN_KEY).env("RTBROADCASTER_JWT_SECRET", JWT_SECRET);
    Program::logging(command, &folder.join("secrets.log")).await
}

#[tokio::test]
async fn no_secret_is_ever_logged() {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    let mut program = talkative(&folder).await;
    let signer = Signer::hs256(JWT_SECRET);
    let (good, expired) = (signer.for_all(), signer.sign(&json!({"exp": seconds_from_now(-60)})));
    let wrong = "a-wrong-token-that-might-be-right-elsewhere";
    let (_owner, reply) = entry::open_with(&program.address, &good).await;
    let (uuid, owner_key) = (reply["uuid"].as_str().unwrap(), reply["ownerKey"].as_str().unwrap());
    for first in [
        entry::create(API_KEY),
        entry::create(&expired),
        entry::create(wrong),
        entry::join(uuid, JOIN_KEY),
        message::with_token(message::session_claim(uuid, owner_key, "another"), API_KEY),
    ] {
        entry::say(&program.address, &first).await;
    }
    program.signal("TERM").await;
    assert_eq!(program.exit_code().await, Some(0));
    let log = fs::read_to_string(folder.join("secrets.log")).unwrap();
    assert!(log.contains("a token is not accepted"), "{log}");
    for secret in [API_KEY, JOIN_KEY, JWT_SECRET, owner_key, wrong, &good, &expired] {
        assert!(!log.contains(secret), "{secret} in {log}");
    }
}

#[tokio::test]
async fn a_room_opened_with_a_token_works_as_any_other() {
    let server = server(AccessSettings::default().with(|access| {
        access.creation = Gate::Token;
        access.api_keys = vec![Secret::new(API_KEY)];
    }))
    .await;
    let (owner, reply) = entry::open_with(&server.address, API_KEY).await;
    let field = |name: &str| reply[name].as_str().unwrap().to_owned();
    let mut room =
        Room { address: server.address.clone(), uuid: field("uuid"), key: field("ownerKey"), owner };
    let mut follower = room.join_synced(0).await;
    room.act(1, 1).await;
    follower.hears(&json!({"seq": 1, "funcKey": "act"})).await;
}
