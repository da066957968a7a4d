//! The answers about the right to write.

use rtbroadcaster_tests::{Edge, RawSocket, Request, Server};
use serde_json::{Value, json};

use super::{ACTIONS, Api, EVENTS, ROOM, delete};

const REQUESTS: &str = "/rooms/{uuid}/requests";
const KEY: &str = "ana-0123456789012345678901";

/// Questions about the right to write, and what changes once it is passed.
pub(super) async fn handed_over(api: &mut Api) {
    let server = Server::with_limits(|limits| {
        limits.handshake_timeout_ms = 200;
        limits.unknown_rooms_per_minute = 1;
    })
    .await;
    let address = &server.address;
    let (edge, other) = (Edge::open(address).await, Edge::open(address).await);
    let creator = |question: &Value| ask(&edge, question).bearing(&edge.key);
    let invite = json!({"ask": 1, "invite": {"key": KEY, "role": "presenter", "name": "Ana"}});
    let seat = api.answer(address, REQUESTS, creator(&invite), 200).await.json()["seat"].clone();
    let take_back = json!({"ask": 2, "takeBack": true});
    api.answer(address, REQUESTS, creator(&take_back), 200).await;
    let request = json!({"ask": 1, "request": {"key": format!("{KEY}-2")}});
    let request = ask(&edge, &request).with("Rtbroadcaster-Session", "s");
    api.answer(address, REQUESTS, request, 200).await;

    api.answer(address, REQUESTS, creator(&json!({"ask": 1})), 400).await;
    let large = "x".repeat(70_000);
    api.answer(address, REQUESTS, creator(&json!({"ask": 1, "more": large})), 413).await;
    let text = creator(&take_back).with("Content-Type", "text/plain");
    api.answer(address, REQUESTS, text, 415).await;
    let half = creator(&json!({})).with("Content-Length", "9");
    api.answer(address, REQUESTS, half, 408).await;
    api.answer(address, REQUESTS, ask(&edge, &take_back), 401).await;
    api.answer(address, REQUESTS, creator(&take_back).bearing(&other.key), 403).await;
    for method in ["OPTIONS", "POST"] {
        let request = Request::new(method, &edge.path("/requests")).with("Origin", "https://evil.example");
        api.answer(address, REQUESTS, request, 403).await;
    }
    api.answer(address, REQUESTS, Request::new("OPTIONS", &edge.path("/requests")), 204).await;

    api.answer(address, ACTIONS, edge.post(&json!({"drive": seat})), 409).await;
    let _ana = edge.follow(&edge.events().with("Rtbroadcaster-Invite", KEY)).await;
    api.answer(address, ACTIONS, edge.post(&json!({"drive": seat})), 200).await;
    api.answer(address, ACTIONS, edge.post(&json!({"funcKey": "a"})), 403).await;
    let drive = edge.events().at(&edge.path("/events?drive=x"));
    api.answer(address, EVENTS, drive.with("Rtbroadcaster-Owner-Key", &edge.key), 400).await;

    api.answer(address, ROOM, delete(&edge).bearing(&edge.key), 204).await;
    api.answer(address, REQUESTS, creator(&take_back), 404).await;
    let unknown = "00000000-0000-4000-8000-000000000000";
    let unknown = Edge { uuid: unknown.to_owned(), ..edge };
    api.answer(address, REQUESTS, ask(&unknown, &take_back).bearing("any"), 429).await;
    // The server answers on existing connections while it shuts down.
    let mut socket = RawSocket::connect(address).await;
    server.manager.shut_down().await;
    let response = ask(&other, &take_back).send_on(&mut socket, address).await;
    response.is_refused(503, "shutting_down");
    api.judge(REQUESTS, "POST", &response);
}

fn ask(edge: &Edge, question: &Value) -> Request {
    Request::post(&edge.path("/requests"), "application/json", &question.to_string())
}
