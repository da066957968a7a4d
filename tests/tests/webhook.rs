//! The webhook: the application is told what happens to rooms, once, in order and signed, and an
//! application that doesn't listen costs the rooms nothing.

use std::collections::{BTreeSet, VecDeque};
use std::sync::{Arc, Mutex};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::hmac;
use rtbroadcaster_tests::{
    Client, Edge, METRICS_PATH, Program, Request, Room, Scrape, eventually, message, within,
};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use warp::Filter;
use warp::http::{HeaderMap, StatusCode};
use warp::hyper::body::Bytes;

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const METRICS_TOKEN: &str = "the-token-of-the-metrics";

/// An application that takes what it is told.
struct Application {
    url: String,
    told: mpsc::UnboundedReceiver<(HeaderMap, String)>,
    task: JoinHandle<()>,
}

impl Application {
    /// Answers the first requests with these statuses, and all others with 204.
    async fn start(statuses: &[u16]) -> Self {
        let statuses = Arc::new(Mutex::new(statuses.iter().copied().collect::<VecDeque<_>>()));
        let (sender, told) = mpsc::unbounded_channel();
        let body = warp::body::bytes().map(|bytes: Bytes| String::from_utf8_lossy(&bytes).into_owned());
        let hook = warp::path!("hook" / "rooms").and(warp::path::end()).and(warp::post());
        let hook = hook.and(warp::header::headers_cloned()).and(body).map(move |headers, body| {
            drop(sender.send((headers, body)));
            let status = statuses.lock().expect("no test panics here").pop_front().unwrap_or(204);
            warp::reply::with_status("", StatusCode::from_u16(status).expect("a status"))
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}/hook/rooms/", listener.local_addr().expect("an address"));
        Self { url, told, task: tokio::spawn(warp::serve(hook).incoming(listener).run()) }
    }

    /// The id and the body of the next request, whose signature must be right.
    async fn next(&mut self) -> (String, Value) {
        let (headers, body) = within("the webhook", self.told.recv()).await.expect("it is called");
        let header = |name: &str| headers[name].to_str().expect("text").to_owned();
        let signed = format!("{}.{}.{body}", header("webhook-id"), header("webhook-timestamp"));
        let key = STANDARD.decode(&SECRET[6..]).expect("base64");
        let signature = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &key), signed.as_bytes());
        assert_eq!(header("webhook-signature"), format!("v1,{}", STANDARD.encode(signature)));
        assert_eq!(header("content-type"), "application/json");
        (header("webhook-id"), serde_json::from_str(&body).expect("json"))
    }

    async fn hears(&mut self, kind: &str, room: &str) -> String {
        let (id, body) = self.next().await;
        assert_eq!((&body["type"], &body["data"]["room"]), (&json!(kind), &json!(room)), "{body}");
        assert!(body["timestampMs"].as_u64() > Some(1_700_000_000_000), "{body}");
        id
    }
}

impl Drop for Application {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn start(url: &str, more: &[&str]) -> Program {
    let mut command = Program::command();
    command.args(["--listen", "127.0.0.1:0", "--webhook-url", url]).args(more);
    command.env("RTBROADCASTER_WEBHOOK_SECRET", SECRET).env("RTBROADCASTER_METRICS_TOKEN", METRICS_TOKEN);
    Program::listening(command).await
}

async fn count(program: &Program, name: &str) -> f64 {
    let page = Request::get(METRICS_PATH).bearing(METRICS_TOKEN).send(&program.address).await;
    Scrape::parse(&page.body).value(name)
}

#[tokio::test]
async fn the_application_is_told_of_a_room_from_its_opening_to_its_end() {
    let mut application = Application::start(&[]).await;
    let program = start(&application.url, &[]).await;
    let room = Room::open(&program.address).await;
    application.hears("room.opened", &room.uuid).await;
    let (uuid, key) = (room.uuid.clone(), room.key.clone());
    drop(room);
    application.hears("owner.away", &uuid).await;
    let mut owner = Client::connect(&program.address).await;
    owner.send(message::session_claim(&uuid, &key, "again")).await;
    application.hears("owner.back", &uuid).await;
    let closed = Request::new("DELETE", &format!("{}/{uuid}", Edge::rooms())).bearing(&key);
    assert_eq!(closed.send(&program.address).await.status, 204);
    let (_, last) = application.next().await;
    assert_eq!((&last["type"], &last["data"]["room"]), (&json!("room.closed"), &json!(uuid)));
    assert!(last["data"]["reason"].as_str().is_some_and(|reason| !reason.is_empty()), "{last}");
    eventually(&4.0, async || count(&program, "rtbroadcaster_webhook_delivered_total").await).await;
    assert!(count(&program, "rtbroadcaster_webhook_dropped_total").await.abs() < f64::EPSILON);
}

#[tokio::test]
async fn an_event_that_is_not_taken_is_sent_again_under_its_id_before_any_later_one() {
    let mut application = Application::start(&[500, 302, 404]).await;
    let program = start(&application.url, &[]).await;
    let one = Edge::open(&program.address).await;
    let other = Edge::open(&program.address).await;
    let mut ids = BTreeSet::new();
    for _ in 0..4 {
        ids.insert(application.hears("room.opened", &one.uuid).await);
    }
    assert_eq!(ids.len(), 1, "one event has one id");
    // A room that is opened over HTTP has no owner with a connection.
    loop {
        let (id, body) = application.next().await;
        assert!(ids.insert(id), "{body}");
        if body["type"] == "room.opened" {
            assert_eq!(body["data"]["room"], json!(other.uuid));
            break;
        }
    }
}

#[tokio::test]
async fn an_application_that_hangs_costs_the_rooms_nothing_and_what_is_dropped_is_counted() {
    // It takes connections and never answers.
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("http://{}/", listener.local_addr().expect("an address"));
    let mut program = start(&url, &["--webhook-queue", "2"]).await;
    for _ in 0..20 {
        let room = Edge::open(&program.address).await;
        assert_eq!(room.act("say").await, 1);
    }
    let most = async || count(&program, "rtbroadcaster_webhook_dropped_total").await >= 17.0;
    eventually(&true, most).await;
    program.signal("TERM").await;
    assert_eq!(program.exit_code().await, Some(0), "it doesn't hold up the end");
}

#[tokio::test]
async fn an_event_that_is_never_taken_is_dropped_after_a_time() {
    let mut application = Application::start(&[500; 100]).await;
    let program = start(&application.url, &["--webhook-retry-ms", "1"]).await;
    Edge::open(&program.address).await;
    application.next().await;
    let is_dropped = async || count(&program, "rtbroadcaster_webhook_dropped_total").await >= 1.0;
    eventually(&true, is_dropped).await;
}

#[tokio::test]
async fn what_happens_before_the_end_is_told_before_the_end() {
    let mut application = Application::start(&[]).await;
    let mut program = start(&application.url, &[]).await;
    let room = Room::open(&program.address).await;
    application.hears("room.opened", &room.uuid).await;
    program.signal("TERM").await;
    assert_eq!(program.exit_code().await, Some(0));
    let mut kinds = Vec::new();
    while let Ok((_, body)) = application.told.try_recv() {
        let body: Value = serde_json::from_str(&body).expect("json");
        kinds.push(body["type"].as_str().expect("a type").to_owned());
    }
    assert!(!kinds.is_empty(), "the owner was sent away");
}

#[tokio::test]
async fn half_of_a_webhook_is_refused() {
    let url = ["config", "--webhook-url", "https://app.example/hook"];
    for (arguments, secret, told) in [
        (&url[..], "", "webhook.webhook-secret too"),
        (&["config"], SECRET, "webhook.webhook-url too"),
        (&["config"], "too short", "24 to 64 random bytes"),
        (&["config", "--webhook-url", "ws://app.example/"], SECRET, "http:// or https://"),
    ] {
        let mut command = Program::command();
        command.args(arguments).env("RTBROADCASTER_WEBHOOK_SECRET", secret);
        let finished = Program::run(command).await;
        assert_eq!(finished.code, Some(2), "{arguments:?}");
        assert!(finished.stderr.contains(told), "{}", finished.stderr);
    }
}
