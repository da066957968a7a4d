//! The `OpenAPI` document describes exactly what the server does.

#[path = "http_openapi/handover.rs"]
mod handover;
#[path = "http_openapi/recorded.rs"]
mod recorded;

use std::collections::BTreeSet;

use boon::{Compiler, Schemas};
use rtbroadcaster::{AccessSettings, Gate, OriginPolicy, Secret, Settings};
use rtbroadcaster_tests::{Edge, Events, PATH, Program, RawSocket, Request, Response, Server};
use serde_json::{Value, json};

const DOCUMENT: &str = include_str!("../../server/src/http/openapi.json");
/// The document's address, for the references within it.
const PLACE: &str = "http://localhost/openapi.json";
const API_KEY: &str = "an-api-key-of-some-length";

/// The document, and those of its answers that the server has given.
struct Api {
    document: Value,
    compiler: Compiler,
    schemas: Schemas,
    seen: BTreeSet<String>,
}

impl Api {
    fn new() -> Self {
        let document: Value = serde_json::from_str(DOCUMENT).expect("JSON");
        let mut compiler = Compiler::new();
        compiler.enable_format_assertions();
        compiler.add_resource(PLACE, document.clone()).expect("a document");
        Self { document, compiler, schemas: Schemas::new(), seen: BTreeSet::new() }
    }

    /// Sends a request, whose answer must match the document.
    async fn answer(&mut self, address: &str, path: &str, request: Request, status: u16) -> Response {
        let response = request.send(address).await;
        assert_eq!(response.status, status, "{} {path}: {}", request.method(), response.body);
        self.judge(path, request.method(), &response);
        response
    }

    /// Fails unless the document has this answer with these headers and this body.
    fn judge(&mut self, path: &str, method: &str, response: &Response) {
        let method = method.to_ascii_lowercase();
        let at = ["paths", path, &method, "responses", &response.status.to_string()].map(escaped).join("/");
        let pointer = self.resolved(&format!("/{at}"));
        let answer = self.document.pointer(&pointer).cloned();
        let answer = answer.unwrap_or_else(|| panic!("{at} is not in the document"));
        for name in answer["headers"].as_object().into_iter().flat_map(|headers| headers.keys()) {
            assert!(response.header(&name.to_ascii_lowercase()).is_some(), "{at} without {name}");
        }
        let content = answer["content"].as_object();
        match content.and_then(|content| content.keys().next()) {
            None => assert_eq!(response.body, "", "{at}"),
            Some(media_type) => {
                assert_eq!(response.header("content-type"), Some(media_type.as_str()), "{at}");
                if media_type == "application/json" {
                    let schema = format!("{pointer}/content/application~1json/schema");
                    self.validate(&schema, &response.json());
                }
            }
        }
        self.seen.insert(format!("{method} {path} {}", response.status));
    }

    /// The pointer to an answer, after references.
    fn resolved(&self, pointer: &str) -> String {
        let reference = self.document.pointer(pointer).and_then(|answer| answer["$ref"].as_str());
        reference.map_or(pointer, |reference| &reference[1..]).to_owned()
    }

    fn validate(&mut self, schema: &str, value: &Value) {
        let schema =
            self.compiler.compile(&format!("{PLACE}#{schema}"), &mut self.schemas).expect("a schema");
        if let Err(error) = self.schemas.validate(value, schema) {
            panic!("{value} is not as the document says: {error}");
        }
    }

    /// All answers in the document.
    fn promised(&self) -> BTreeSet<String> {
        let mut promised = BTreeSet::new();
        for (path, methods) in self.document["paths"].as_object().expect("paths") {
            for (method, operation) in methods.as_object().expect("methods") {
                for status in
                    operation["responses"].as_object().into_iter().flat_map(|answers| answers.keys())
                {
                    promised.insert(format!("{method} {path} {status}"));
                }
            }
        }
        promised
    }
}

fn escaped(segment: &str) -> String {
    segment.replace('~', "~0").replace('/', "~1")
}

const DOCUMENT_PATH: &str = "/openapi.json";
const CODE: &str = "/codes/{code}";
const TIME: &str = "/time";
const ROOMS: &str = "/rooms";
const ROOM: &str = "/rooms/{uuid}";
const ACTIONS: &str = "/rooms/{uuid}/actions";
const ROSTER: &str = "/rooms/{uuid}/roster";
const LANES: &str = "/rooms/{uuid}/lanes";
const EVENTS: &str = "/rooms/{uuid}/events";

#[tokio::test]
async fn every_answer_of_the_document_is_given_and_as_it_says() {
    let mut api = Api::new();
    plain(&mut api).await;
    malformed(&mut api).await;
    strangers(&mut api).await;
    limited(&mut api).await;
    guarded(&mut api).await;
    late(&mut api).await;
    recorded::recorded(&mut api).await;
    handover::handed_over(&mut api).await;
    assert_eq!(api.seen, api.promised());
}

#[tokio::test]
async fn the_document_is_served_as_it_is_and_no_path_takes_another_method() {
    let server = Server::start().await;
    let served = Request::get(&format!("{PATH}{DOCUMENT_PATH}")).send(&server.address).await;
    let mut document = Api::new().document;
    document["servers"][0]["url"] = PATH.into();
    assert_eq!(served.json(), document);
    let paths = Api::new().document["paths"].as_object().expect("paths").clone();
    for (path, operations) in &paths {
        for method in ["GET", "PUT", "POST", "PATCH", "DELETE"] {
            if operations.get(method.to_ascii_lowercase()).is_none() {
                let request = Request::new(
                    method,
                    &format!(
                        "{PATH}{}",
                        path.replace("{uuid}", "x").replace("{code}", "x").replace("{part}", "1")
                    ),
                );
                let refused = request.send(&server.address).await;
                refused.is_refused(405, "method_not_allowed");
                assert!(refused.header("allow").is_some_and(|allow| allow.contains("options")));
            }
        }
    }
}

/// Requests that succeed.
async fn plain(api: &mut Api) {
    let server = Server::start().await;
    let address = &server.address;
    let edge = Edge::open(address).await;
    for method in ["GET", "HEAD"] {
        api.answer(address, DOCUMENT_PATH, Request::new(method, &format!("{PATH}{DOCUMENT_PATH}")), 200)
            .await;
    }
    let options =
        json!({"session": "s", "shareAudience": true, "code": true, "clock": true, "shareRoster": true});
    let options = options.to_string();
    let room = Request::post(&Edge::rooms(), "application/json", &options);
    let room = api.answer(address, ROOMS, room, 201).await.json();
    let code = room["code"].as_str().expect("a code").to_lowercase();
    let found = api.answer(address, CODE, Request::get(&code_path(&code)), 200).await;
    assert_eq!(found.json()["uuid"], room["uuid"]);
    let by_code = Events::open(&Request::get(&format!("{PATH}/rooms/{code}/events")), address).await;
    api.judge(EVENTS, "GET", &by_code.response);
    api.answer(address, CODE, Request::new("OPTIONS", &code_path("any")), 204).await;
    let action = json!({"funcKey": "a", "funcParams": [1], "slot": "s", "at": 1});
    api.answer(address, ACTIONS, edge.post(&action).with("Idempotency-Key", "s:1"), 200).await;
    api.answer(address, ACTIONS, edge.post_lines("{}\n{\"clear\":\"s\"}\n"), 200).await;
    let named = edge.events().with("Rtbroadcaster-Name", "Ana%20%C3%84");
    let _named = Events::open(&named, address).await;
    let roster = api.answer(address, ROSTER, roster(&edge), 200).await.json();
    assert_eq!((&roster["roster"][0]["name"], &roster["named"]), (&json!("Ana Ä"), &json!(1)));
    let lanes = "{\"lane\":\"q\",\"as\":{\"kind\":\"vote\",\"options\":2}}\n\
                 {\"lane\":\"r\",\"as\":{\"kind\":\"count\",\"symbols\":[\"a\"]}}\n";
    api.answer(address, ACTIONS, edge.post_lines(lanes), 200).await;
    let vote = json!({"lane": "q", "vote": 1, "n": 1, "session": "v"});
    api.answer(address, LANES, speak(&edge, &vote), 200).await;
    api.answer(address, LANES, speak(&edge, &json!({"lane": "r", "react": "a"})), 202).await;
    let counts = api.answer(address, LANES, lane_counts(&edge), 200).await.json();
    assert_eq!(counts, json!({"counts": {"q": [0, 1], "r": {"a": 1}}}));
    let events = Events::open(&edge.events(), address).await;
    api.judge(EVENTS, "GET", &events.response);
    for (path, below) in
        [(ROOM, ""), (ACTIONS, "/actions"), (ROSTER, "/roster"), (LANES, "/lanes"), (EVENTS, "/events")]
    {
        api.answer(address, path, Request::new("OPTIONS", &edge.path(below)), 204).await;
    }
    let time = api.answer(address, TIME, Request::get(&format!("{PATH}{TIME}")), 200).await.json();
    assert!(time["time"].as_u64() >= room["time"].as_u64() && room["time"].is_u64(), "{time} {room}");
    for path in [DOCUMENT_PATH, ROOMS, TIME] {
        api.answer(address, path, Request::new("OPTIONS", &format!("{PATH}{path}")), 204).await;
    }
    api.answer(address, ROOM, delete(&edge).bearing(&edge.key), 204).await;
}

/// Malformed requests.
async fn malformed(api: &mut Api) {
    let server = Server::with_limits(|limits| limits.slots_per_room = 1).await;
    let address = &server.address;
    let edge = Edge::open(address).await;
    let large = "x".repeat(70_000);
    let json = "application/json";
    api.answer(address, ROOMS, Request::post(&Edge::rooms(), json, "[]"), 400).await;
    api.answer(address, ROOMS, Request::post(&Edge::rooms(), json, &large), 413).await;
    api.answer(address, ROOMS, Request::post(&Edge::rooms(), "text/plain", "{}"), 415).await;
    api.answer(address, ACTIONS, edge.post(&json!({"funcKey": 1})), 400).await;
    api.answer(address, ACTIONS, edge.post(&json!({"funcKey": large})), 413).await;
    api.answer(address, ACTIONS, edge.post(&json!({})).with("Content-Type", "text/plain"), 415).await;
    api.answer(address, ACTIONS, edge.post(&json!({"funcKey": "a", "slot": "one"})), 200).await;
    api.answer(address, ACTIONS, edge.post(&json!({"funcKey": "a", "slot": "two"})), 409).await;
    api.answer(address, EVENTS, edge.events().with("Last-Event-ID", "x"), 400).await;
    api.answer(address, ROOM, Request::new("DELETE", &edge.path("?epoch=x")).bearing(&edge.key), 400).await;
    api.answer(address, LANES, speak(&edge, &json!({"funcKey": "a"})), 400).await;
    api.answer(address, LANES, speak(&edge, &json!({"lane": "a", "say": large})), 413).await;
    api.answer(address, LANES, speak(&edge, &json!({})).with("Content-Type", "text/plain"), 415).await;
    let limit = Request::get(&edge.path("/roster?limit=x")).bearing(&edge.key);
    api.answer(address, ROSTER, limit, 400).await;
    let claim = |query: &str| {
        Request::get(&edge.path(&format!("/events?{query}"))).with("Rtbroadcaster-Owner-Key", &edge.key)
    };
    drop(edge.follow(&claim("session=later")).await);
    api.answer(address, EVENTS, claim("session=former&epoch=1"), 409).await;
    let close = Request::new("DELETE", &edge.path("?epoch=1")).bearing(&edge.key);
    api.answer(address, ROOM, close, 409).await;
    api.answer(address, EVENTS, claim("session=x").with("Rtbroadcaster-Owner-Key", "wrong"), 403).await;
}

/// Requests without the owner key, or from other origins.
async fn strangers(api: &mut Api) {
    let server = Server::start().await;
    let address = &server.address;
    let (edge, other) = (Edge::open(address).await, Edge::open(address).await);
    let say = json!({"lane": "none", "say": 1});
    api.answer(address, LANES, speak(&edge, &say), 403).await;
    for (path, request) in [
        (ACTIONS, edge.post(&json!({"funcKey": "a"}))),
        (ROOM, delete(&edge)),
        (ROSTER, roster(&edge)),
        (LANES, lane_counts(&edge)),
    ] {
        api.answer(address, path, request.clone().without("Authorization"), 401).await;
        api.answer(address, path, request.clone().bearing(&other.key), 403).await;
        let elsewhere = request.bearing(&edge.key).with("Origin", "https://evil.example");
        api.answer(address, path, elsewhere, 403).await;
    }
    for path in [DOCUMENT_PATH, ROOMS, TIME] {
        let method = if path == ROOMS { "POST" } else { "GET" };
        for method in [method, "OPTIONS"] {
            let request =
                Request::new(method, &format!("{PATH}{path}")).with("Origin", "https://evil.example");
            api.answer(address, path, request, 403).await;
        }
    }
    for (path, below) in
        [(ROOM, ""), (ACTIONS, "/actions"), (ROSTER, "/roster"), (LANES, "/lanes"), (EVENTS, "/events")]
    {
        let request = Request::new("OPTIONS", &edge.path(below)).with("Origin", "https://evil.example");
        api.answer(address, path, request, 403).await;
    }
    for method in ["GET", "OPTIONS"] {
        let request = Request::new(method, &code_path("333333")).with("Origin", "https://evil.example");
        api.answer(address, CODE, request, 403).await;
    }
    for unknown in ["333333", "1"] {
        api.answer(address, CODE, Request::get(&code_path(unknown)), 404).await;
    }
    api.answer(address, ROOM, delete(&edge).bearing(&edge.key), 204).await;
    api.answer(address, ROOM, delete(&edge).bearing(&edge.key), 404).await;
    api.answer(address, ROSTER, roster(&edge), 404).await;
    api.answer(address, LANES, lane_counts(&edge), 404).await;
    api.answer(address, LANES, speak(&edge, &say), 404).await;
    api.answer(address, ACTIONS, edge.post(&json!({"funcKey": "a"})), 404).await;
    api.answer(address, EVENTS, edge.events(), 404).await;
}

/// Requests beyond the limits.
async fn limited(api: &mut Api) {
    let server = Server::with_limits(|limits| {
        limits.rooms = 1;
        limits.followers_per_room = 0;
    })
    .await;
    let edge = Edge::open(&server.address).await;
    let owner = edge.events().with("Rtbroadcaster-Owner-Key", &edge.key);
    let _owner = edge.follow(&owner).await;
    api.answer(&server.address, ROOMS, Request::new("POST", &Edge::rooms()), 503).await;
    api.answer(&server.address, EVENTS, edge.events(), 503).await;

    let program = Program::start(&[
        "--unknown-rooms-per-minute=1",
        "--rooms-per-minute-per-address=1",
        "--code-misses-per-minute-per-address=1",
        "--clock-samples-per-second=1",
    ])
    .await;
    let address = &program.address;
    let edge = Edge::open(address).await;
    api.answer(address, ROOMS, Request::new("POST", &Edge::rooms()), 429).await;
    Request::get(&code_path("333333")).send(address).await.is_refused(404, "unknown_room");
    api.answer(address, CODE, Request::get(&code_path("333334")), 429).await;
    let time = Request::get(&format!("{PATH}{TIME}"));
    while time.send(address).await.status == 200 {}
    api.answer(address, TIME, time, 429).await;
    Request::get(&format!("{PATH}/rooms/00000000-0000-4000-8000-000000000000/events"))
        .send(address)
        .await
        .is_refused(404, "unknown_room");
    api.answer(address, ROOM, delete(&edge).bearing(&edge.key), 429).await;
    api.answer(address, ROSTER, roster(&edge), 429).await;
    api.answer(address, LANES, lane_counts(&edge), 429).await;
    api.answer(address, LANES, speak(&edge, &json!({"lane": "a", "say": 1})), 429).await;
    api.answer(address, ACTIONS, edge.post(&json!({"funcKey": "a"})), 429).await;
    api.answer(address, EVENTS, edge.events(), 429).await;
}

/// Requests that need tokens.
async fn guarded(api: &mut Api) {
    let access = AccessSettings::default().with(|access| {
        access.creation = Gate::Token;
        access.joins = Gate::Token;
        access.api_keys = vec![Secret::new(API_KEY)];
    });
    let server = Server::with(Settings::default().with(|settings| {
        settings.access = access;
        settings.origins = OriginPolicy::Any;
    }))
    .await;
    let address = &server.address;
    api.answer(address, ROOMS, Request::new("POST", &Edge::rooms()), 401).await;
    api.answer(address, ROOMS, Request::new("POST", &Edge::rooms()).bearing(API_KEY), 201).await;
    let nowhere = format!("{PATH}/rooms/00000000-0000-4000-8000-000000000000/events");
    api.answer(address, EVENTS, Request::get(&nowhere), 401).await;
    let lanes = format!("{PATH}/rooms/00000000-0000-4000-8000-000000000000/lanes");
    api.answer(address, LANES, Request::post(&lanes, "application/json", "{}"), 401).await;
}

/// Bodies that do not come, and requests during a shutdown.
async fn late(api: &mut Api) {
    let server = Server::with_limits(|limits| limits.handshake_timeout_ms = 50).await;
    let address = &server.address;
    let edge = Edge::open(address).await;
    let json = "application/json";
    let half = Request::post(&Edge::rooms(), json, "{").with("Content-Length", "9");
    api.answer(address, ROOMS, half, 408).await;
    let half = edge.post(&json!({})).with("Content-Length", "9");
    api.answer(address, ACTIONS, half, 408).await;
    let half = speak(&edge, &json!({})).with("Content-Length", "9");
    api.answer(address, LANES, half, 408).await;
    let document = format!("{PATH}{DOCUMENT_PATH}");
    // The server answers on existing connections while it shuts down.
    let mut socket = RawSocket::connect(address).await;
    server.manager.shut_down().await;
    for (path, request) in [
        (ROOM, delete(&edge).bearing(&edge.key)),
        (ACTIONS, edge.post(&json!({}))),
        (ROSTER, roster(&edge)),
        (LANES, lane_counts(&edge)),
        (LANES, speak(&edge, &json!({}))),
        (DOCUMENT_PATH, Request::get(&document)),
        (CODE, Request::get(&code_path("333333"))),
        (TIME, Request::get(&format!("{PATH}{TIME}"))),
    ] {
        let response = request.send_on(&mut socket, address).await;
        response.is_refused(503, "shutting_down");
        api.judge(path, request.method(), &response);
    }
    api.answer(address, DOCUMENT_PATH, Request::new("HEAD", &document), 503).await;
}

fn code_path(code: &str) -> String {
    format!("{PATH}/codes/{code}")
}

fn roster(edge: &Edge) -> Request {
    Request::get(&edge.path("/roster")).bearing(&edge.key)
}

fn lane_counts(edge: &Edge) -> Request {
    Request::get(&edge.path("/lanes")).bearing(&edge.key)
}

fn speak(edge: &Edge, message: &Value) -> Request {
    Request::post(&edge.path("/lanes"), "application/json", &message.to_string())
}

fn delete(edge: &Edge) -> Request {
    Request::new("DELETE", &edge.path(""))
}
