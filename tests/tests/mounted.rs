//! The rooms inside of applications of different kinds: on warp's own server, and as a tower
//! service on axum. Whichever serves them, they answer websockets and plain HTTP, and the limits
//! for each address hold.

use std::net::{IpAddr, SocketAddr};

use axum::Router;
use axum::extract::ConnectInfo;
use axum::routing::get;
use rtbroadcaster::{Manager, RoomsService, Settings};
use rtbroadcaster_tests::{Edge, PATH, Request, Room, Server, follow, message, open_room};
use serde_json::json;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use warp::Filter;

/// An application on axum, until it is dropped.
struct Application {
    address: String,
    manager: Manager,
    task: JoinHandle<()>,
}

impl Application {
    async fn start(settings: Settings, service: impl FnOnce(RoomsService) -> RoomsService) -> Self {
        let manager = Manager::new(settings);
        let routes = Router::new()
            .route("/", get(|| async { "the application's own pages" }))
            .nest_service(PATH, service(manager.service()));
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
        let address = listener.local_addr().expect("a listener has an address").to_string();
        let routes = routes.into_make_service_with_connect_info::<SocketAddr>();
        let task = tokio::spawn(async move { axum::serve(listener, routes).await.expect("it serves") });
        Self { address, manager, task }
    }

    /// As the documentation of `Manager::service` shows it.
    async fn as_documented(settings: Settings) -> Self {
        Self::start(settings, |service| {
            service.mounted_at(PATH).with_remote_address(|request| {
                request.extensions.get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(address)| *address)
            })
        })
        .await
    }
}

impl Drop for Application {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn guessing_is_limited() -> Settings {
    let mut settings = Settings::default();
    settings.limits.unknown_rooms_per_minute = 3;
    settings
}

/// Asks for a room that doesn't exist, and returns the status of the answer.
async fn guess(address: &str, number: u32, header: Option<&str>) -> u16 {
    let path = format!("{}/00000000-0000-4000-8000-{number:012}/events", Edge::rooms());
    let request = Request::get(&path);
    let request = header.iter().fold(request, |request, value| request.with("X-Real-IP", value));
    request.send(address).await.status
}

async fn guesses(address: &str) -> Vec<u16> {
    let mut statuses = Vec::new();
    for number in 0..5 {
        statuses.push(guess(address, number, None).await);
    }
    statuses
}

#[tokio::test]
async fn an_application_on_axum_has_websockets_and_plain_http() {
    let application = Application::as_documented(Settings::default()).await;
    let address = &application.address;
    let (mut owner, uuid) = open_room(address).await;
    let mut follower = follow(address, &uuid).await;
    let action = message::action(&uuid, "goTo", &json!([7]));
    owner.send(&action).await;
    follower.hears(&action).await;

    let mut room = Room::open(address).await;
    let mut events =
        Edge { address: address.clone(), uuid: room.uuid.clone(), key: room.key.clone(), reply: json!(null) }
            .follow(&Request::get(&format!("{}/{}/events", Edge::rooms(), room.uuid)))
            .await;
    events.hears(&json!({"synced": 0})).await;
    room.act(1, 1).await;
    events.hears(&json!({"seq": 1, "funcKey": "act"})).await;
    let edge = Edge::open(address).await;
    let mut events = edge.follow_from(0).await;
    assert_eq!(edge.act("posted").await, 1);
    events.hears(&json!({"seq": 1, "funcKey": "posted"})).await;
    assert_eq!(application.manager.connected(), 5);

    assert_eq!(Request::get("/").send(address).await.body, "the application's own pages");
    assert_eq!(Request::get(&format!("{PATH}/other")).send(address).await.status, 404);
    let upgrade = Request::get(PATH).send(address).await;
    assert_eq!(upgrade.status, 426, "{}", upgrade.body);
    let document = Request::get(&format!("{PATH}/openapi.json")).send(address).await.json();
    assert_eq!(document["servers"][0]["url"], PATH);
}

#[tokio::test]
async fn on_axum_the_limits_of_an_address_hold_where_the_service_is_told_the_address() {
    let application = Application::as_documented(guessing_is_limited()).await;
    assert_eq!(guesses(&application.address).await, [404, 404, 404, 429, 429]);
    let application = Application::start(guessing_is_limited(), |service| service).await;
    assert_eq!(guesses(&application.address).await, [404; 5], "nobody has said who asks");
}

#[tokio::test]
async fn on_warps_own_server_the_limits_of_an_address_hold() {
    let server = Server::with(guessing_is_limited()).await;
    assert_eq!(guesses(&server.address).await, [404, 404, 404, 429, 429]);
}

#[tokio::test]
async fn behind_a_proxy_the_application_says_whose_limits_hold() {
    let manager = Manager::new(guessing_is_limited());
    let client = warp::header::headers_cloned().map(|headers: warp::http::HeaderMap| {
        let address: IpAddr = headers.get("x-real-ip")?.to_str().ok()?.parse().ok()?;
        Some(SocketAddr::new(address, 0))
    });
    let routes = warp::path(&PATH[1..]).and(manager.routes_for(client));
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
    let address = listener.local_addr().expect("a listener has an address").to_string();
    let serving = tokio::spawn(warp::serve(routes).incoming(listener).run());
    for number in 0..3 {
        assert_eq!(guess(&address, number, Some("192.0.2.1")).await, 404);
    }
    assert_eq!(guess(&address, 3, Some("192.0.2.1")).await, 429);
    assert_eq!(guess(&address, 3, Some("192.0.2.2")).await, 404);
    assert_eq!(guess(&address, 4, None).await, 404, "from an unknown address");
    serving.abort();
}
