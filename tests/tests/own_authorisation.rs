//! An application's own decision about who may open, claim and follow rooms.

use std::sync::{Arc, Mutex};

use axum::{Extension, Router};
use rtbroadcaster::{
    Authoriser, EntryRequest, Gate, Manager, Operation, Refusal, RefusalCode, Secret, Settings,
};
use rtbroadcaster_protocol::CloseCode;
use rtbroadcaster_tests::{Client, Edge, PATH, Request, Room, Server, message, within};
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

fn settings(authoriser: Authoriser) -> Settings {
    let mut settings = Settings::default();
    settings.access.authoriser = Some(authoriser);
    settings
}

/// Lets everybody follow, and those open and claim whose address names the teacher.
fn teachers_drive(entry: &EntryRequest) -> Result<(), Refusal> {
    match entry.operation {
        Operation::Join(_) => Ok(()),
        _ if entry.request.uri.query() == Some("user=teacher") => Ok(()),
        _ => Err(Refusal::with_message(RefusalCode::Forbidden, "only teachers drive rooms")),
    }
}

async fn teachers_server() -> Server {
    Server::with(settings(Authoriser::new(|entry| async move { teachers_drive(&entry) }))).await
}

const TEACHER: &str = "?user=teacher";

#[tokio::test]
async fn the_application_sees_the_request_and_decides_with_a_text_of_its_own() {
    let server = teachers_server().await;
    let mut pupil = Client::connect(&server.address).await;
    pupil.send(message::session_create("pupil")).await;
    let refusal = pupil.is_refused("forbidden").await;
    assert_eq!(refusal["error"]["message"], "only teachers drive rooms");
    assert_eq!(pupil.closed().await, CloseCode::Unauthorized.value());

    let mut teacher = Client::connect_at(&server.address, &format!("{PATH}{TEACHER}")).await;
    teacher.send(message::session_create("teacher")).await;
    let reply = teacher.next().await;
    let (uuid, key) = (reply["uuid"].as_str().unwrap(), reply["ownerKey"].as_str().unwrap());
    let mut follower = Client::connect(&server.address).await;
    follower.send(message::session_join(uuid)).await;
    assert_eq!(follower.next().await["uuid"], uuid);
    let mut thief = Client::connect(&server.address).await;
    thief.send(message::session_claim(uuid, key, "thief")).await;
    thief.is_refused("forbidden").await;
    teacher.sync().await;
}

#[tokio::test]
async fn plain_http_is_decided_alike() {
    let server = teachers_server().await;
    let open = Request::new("POST", &Edge::rooms());
    let error = open.send(&server.address).await.is_refused(403, "forbidden");
    assert_eq!(error["message"], "only teachers drive rooms");
    let opened = open.at(&format!("{}{TEACHER}", Edge::rooms())).send(&server.address).await;
    assert_eq!(opened.status, 201, "{}", opened.body);
    let reply = opened.json();
    let text = |field: &str| reply[field].as_str().unwrap().to_owned();
    let edge = Edge {
        address: server.address.clone(),
        uuid: text("uuid"),
        key: text("ownerKey"),
        reply: json!(null),
    };
    let post = edge.post(&json!({"funcKey": "a"}));
    edge.send(&post).await.is_refused(403, "forbidden");
    let answer = edge.send(&post.at(&edge.path(&format!("/actions{TEACHER}")))).await;
    assert_eq!((answer.status, answer.json()), (200, json!({"seq": 1})));
    edge.follow(&edge.events()).await;
    let claim = edge.events().with("Rtbroadcaster-Owner-Key", &edge.key);
    edge.send(&claim).await.is_refused(403, "forbidden");
    let close = Request::new("DELETE", &edge.path("")).bearing(&edge.key);
    edge.send(&close).await.is_refused(403, "forbidden");
    assert_eq!(server.manager.rooms(), 1);
}

/// What comes behind the first message waits, in order, until the application has decided.
#[tokio::test]
async fn a_client_waits_for_a_slow_decision_and_loses_nothing() {
    let decide = Arc::new(Semaphore::new(0));
    let seen = Arc::new(Mutex::new(Vec::new()));
    let (waiting, asked) = (Arc::clone(&decide), Arc::clone(&seen));
    let authoriser = Authoriser::new(move |entry| {
        asked.lock().unwrap().push((entry.operation, entry.token.clone(), entry.session.clone()));
        let waiting = Arc::clone(&waiting);
        async move {
            waiting.acquire().await.expect("it is never closed").forget();
            Ok(())
        }
    });
    let server = Server::with(settings(authoriser)).await;
    let mut owner = Client::connect(&server.address).await;
    let create = message::with_token(message::session_create("page"), "a token");
    let action = message::numbered(1, "first");
    owner.send(format!("{}{create}{action}", json!({"ping": 7}))).await;
    owner.send(message::numbered(2, "second")).await;
    owner.hears(&json!({"pong": 7})).await;
    assert_eq!(server.manager.rooms(), 0, "it isn't decided yet");
    decide.add_permits(1);
    let reply = owner.next().await;
    while owner.next().await["ack"] != 2 {}
    let expected = (Operation::Create, Some("a token".to_owned()), Some("page".to_owned()));
    assert_eq!(*seen.lock().unwrap(), [expected]);

    let uuid = reply["uuid"].as_str().unwrap();
    let mut follower = Client::connect(&server.address).await;
    follower.send(message::session_rejoin(uuid, 0)).await;
    decide.add_permits(1);
    assert_eq!(follower.next().await["uuid"], uuid);
    follower.hears(&json!({"seq": 1, "funcKey": "first"})).await;
    follower.hears(&json!({"seq": 2, "funcKey": "second"})).await;
    follower.hears(&json!({"owner": "back"})).await;
    // A follower that joins its room again needs no further decision.
    follower.send(message::session_join(uuid)).await;
    assert_eq!(follower.next().await["uuid"], uuid);
}

#[tokio::test]
async fn a_decision_that_does_not_come_in_time_sends_the_client_away_for_a_moment() {
    let mut settings = settings(Authoriser::new(|_| std::future::pending()));
    settings.limits.handshake_timeout_ms = 100;
    let server = Server::with(settings).await;
    let mut client = Client::connect(&server.address).await;
    client.send(message::session_create("page")).await;
    let refusal = client.is_refused("keys_unavailable").await;
    assert!(refusal["error"]["message"].as_str().unwrap().contains("in time"), "{refusal}");
    assert_eq!(refusal["error"]["retryAfterMs"], 1_000);
    assert_eq!(client.closed().await, CloseCode::NotNow.value());
    let answer = Request::new("POST", &Edge::rooms()).send(&server.address).await;
    answer.is_refused(503, "keys_unavailable");
}

#[tokio::test]
async fn the_gates_come_first_and_a_panic_of_the_application_costs_one_client() {
    let mut settings = settings(Authoriser::new(|entry| async move {
        assert_ne!(entry.session.as_deref(), Some("panic"), "of this test");
        Err(Refusal::until_later(RefusalCode::RateLimited, 5_000))
    }));
    settings.access.creation = Gate::Token;
    settings.access.api_keys = vec![Secret::new("an-api-key-of-some-length")];
    let server = Server::with(settings).await;
    for (token, session, code) in [
        ("another", "a", Some("unauthorized")),
        ("an-api-key-of-some-length", "panic", None),
        ("an-api-key-of-some-length", "b", Some("rate_limited")),
    ] {
        let mut client = Client::connect(&server.address).await;
        client.send(message::with_token(message::session_create(session), token)).await;
        match code {
            Some(code) => drop(client.is_refused(code).await),
            None => assert_eq!(client.rest().await.0, Vec::<serde_json::Value>::new()),
        }
    }
}

/// What an application's middleware has found out about a client.
#[derive(Debug, Clone)]
struct User(&'static str);

#[tokio::test]
async fn behind_a_tower_service_the_application_sees_its_own_extensions() {
    let authoriser = Authoriser::new(|entry: EntryRequest| async move {
        match entry.request.extensions.get::<User>() {
            Some(User("teacher")) => Ok(()),
            other => Err(Refusal::with_message(RefusalCode::Unauthorized, format!("not for {other:?}"))),
        }
    });
    let manager = Manager::new(settings(authoriser));
    let routes = |user| Router::new().nest_service(PATH, manager.service()).layer(Extension(User(user)));
    let mut addresses = Vec::new();
    for user in ["teacher", "pupil"] {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
        addresses.push(listener.local_addr().expect("a listener has an address").to_string());
        let routes = routes(user);
        tokio::spawn(async move { axum::serve(listener, routes).await });
    }
    let room = within("a room", Room::open(&addresses[0])).await;
    Edge::open(&addresses[0]).await;
    let mut pupil = Client::connect(&addresses[1]).await;
    pupil.send(message::session_join(&room.uuid)).await;
    let refusal = pupil.is_refused("unauthorized").await;
    assert_eq!(refusal["error"]["message"], "not for Some(User(\"pupil\"))");
    Request::new("POST", &Edge::rooms()).send(&addresses[1]).await.is_refused(401, "unauthorized");
}
