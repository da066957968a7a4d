//! The answers about recordings.

use rtbroadcaster::Settings;
use rtbroadcaster_tests::{Edge, RawSocket, Request, Server, until};
use serde_json::json;

use super::{ACTIONS, Api, ROOM, ROOMS, delete};

const RECORDINGS: &str = "/rooms/{uuid}/recordings";
const RECORDING: &str = "/rooms/{uuid}/recordings/{part}";

/// Requests for recordings.
pub(super) async fn recorded(api: &mut Api) {
    let folder = std::env::temp_dir().join(format!("rtbroadcaster-{}-openapi", std::process::id()));
    let server = Server::with(Settings::default().with(|settings| {
        settings.recordings.folder = Some(folder.clone());
        settings.limits.unknown_rooms_per_minute = 1;
    }))
    .await;
    let address = &server.address;
    let options = Request::post(&Edge::rooms(), "application/json", r#"{"record":true}"#);
    let reply = api.answer(address, ROOMS, options.clone(), 201).await.json();
    let text = |name: &str| reply[name].as_str().expect("a text").to_owned();
    let edge =
        Edge { address: address.clone(), uuid: text("uuid"), key: text("ownerKey"), reply: reply.clone() };
    assert_eq!(edge.act("go").await, 2);
    let listed = api.answer(address, RECORDINGS, list(&edge), 200).await.json();
    assert_eq!(listed["recordings"][0]["part"], 1);
    api.answer(address, RECORDING, one(&edge, "GET"), 200).await;
    api.answer(address, RECORDING, one(&edge, "GET").with("Range", "bytes=0-9"), 206).await;
    api.answer(address, RECORDING, one(&edge, "GET").with("Range", "bytes=99999-"), 416).await;
    api.answer(address, RECORDING, one(&edge, "DELETE"), 400).await;
    let requests =
        || [(RECORDINGS, list(&edge)), (RECORDING, one(&edge, "GET")), (RECORDING, one(&edge, "DELETE"))];
    for (path, request) in requests() {
        api.answer(address, path, request.clone().without("Authorization"), 401).await;
        api.answer(address, path, request.bearing("wrong"), 403).await;
    }
    for (path, below) in [(RECORDINGS, "/recordings"), (RECORDING, "/recordings/1")] {
        let options = Request::new("OPTIONS", &edge.path(below));
        api.answer(address, path, options.clone(), 204).await;
        api.answer(address, path, options.with("Origin", "https://evil.example"), 403).await;
    }
    api.answer(address, ACTIONS, edge.post(&json!({"record": false})), 200).await;
    let deleted = until("the end of the recording", async || {
        let answer = one(&edge, "DELETE").send(address).await;
        (answer.status != 400).then_some(answer)
    });
    api.judge(RECORDING, "DELETE", &deleted.await);
    api.answer(address, RECORDING, one(&edge, "GET"), 404).await;
    api.answer(address, RECORDING, one(&edge, "DELETE"), 404).await;
    let mut socket = RawSocket::connect(address).await;
    api.answer(address, ROOM, delete(&edge).bearing(&edge.key), 204).await;
    api.answer(address, RECORDINGS, list(&edge), 404).await;
    for (path, request) in requests() {
        api.answer(address, path, request, 429).await;
    }
    server.manager.shut_down().await;
    for (path, request) in requests() {
        api.judge(path, request.method(), &request.send_on(&mut socket, address).await);
    }
    let full = Server::with(Settings::default().with(|settings| {
        settings.recordings.folder = Some(folder.clone());
        settings.recordings.total_bytes = 0;
    }))
    .await;
    api.answer(&full.address, ROOMS, options, 409).await;
    drop(std::fs::remove_dir_all(folder));
}

fn list(edge: &Edge) -> Request {
    Request::get(&edge.path("/recordings")).bearing(&edge.key)
}

fn one(edge: &Edge, method: &str) -> Request {
    Request::new(method, &edge.path("/recordings/1")).bearing(&edge.key)
}
