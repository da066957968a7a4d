//! The administration of a running server: who may use it, what it shows, and what it can end.

use rtbroadcaster_protocol::CloseCode;
use rtbroadcaster_tests::{
    Client, Opcode, Program, RawSocket, Request, Response, Room, Scrape, eventually, follow, message,
    open_room,
};
use serde_json::{Value, json};

const TOKEN: &str = "the-token-of-the-administration";
const METRICS_TOKEN: &str = "the-token-of-prometheus";
/// All paths of the administration, and some that do not exist.
const PATHS: [&str; 7] = [
    "/admin/status",
    "/admin/nodes",
    "/admin/rooms",
    "/admin/rooms/8f14e45f-ceea-4672-8b0b-1c1f0f4c0001",
    "/admin/connections",
    "/admin/connections/127.0.0.1",
    "/admin/anything",
];

/// Starts the program with both tokens.
async fn start(arguments: &[&str]) -> Program {
    let mut command = Program::command();
    command.args(["--listen", "127.0.0.1:0"]).args(arguments);
    command.env("RTBROADCASTER_ADMIN_TOKEN", TOKEN).env("RTBROADCASTER_METRICS_TOKEN", METRICS_TOKEN);
    Program::listening(command).await
}

async fn ask(program: &Program, method: &str, path: &str) -> Response {
    Request::new(method, path).bearing(TOKEN).send(&program.address).await
}

/// The answer to a GET, whose status must be 200.
async fn get(program: &Program, path: &str) -> Value {
    let response = ask(program, "GET", path).await;
    assert_eq!(response.status, 200, "{path}: {}", response.body);
    assert_eq!(response.header("content-type"), Some("application/json"));
    assert_eq!(response.header("cache-control"), Some("no-store"));
    serde_json::from_str(&response.body).expect("JSON")
}

/// Fails unless this is a refusal with this status, this code and a message for people. Returns the
/// message.
fn is_refused(response: &Response, status: u16, code: &str) -> String {
    assert_eq!(response.status, status, "{}", response.body);
    let body: Value = serde_json::from_str(&response.body).expect("JSON");
    assert_eq!(body["error"]["code"], code, "{body}");
    let message = body["error"]["message"].as_str().expect("a message");
    assert!(message.len() > 10, "{message}");
    message.to_owned()
}

fn ids(page: &Value) -> Vec<&str> {
    let rooms = page["rooms"].as_array().expect("a list of rooms").iter();
    rooms.map(|room| room["id"].as_str().expect("an id")).collect()
}

#[tokio::test]
async fn without_a_token_in_the_settings_there_is_neither_administration_nor_metrics() {
    let program = Program::start(&[]).await;
    for path in PATHS.into_iter().chain(["/admin", "/admin/", "/admin/dashboard.js", "/metrics"]) {
        for method in ["GET", "DELETE"] {
            assert_eq!(ask(&program, method, path).await.status, 404, "{method} {path}");
        }
    }
}

#[tokio::test]
async fn a_client_without_the_token_sees_and_ends_nothing() {
    let program = start(&[]).await;
    let (mut owner, uuid) = open_room(&program.address).await;
    let room = format!("/admin/rooms/{uuid}");
    for (index, path) in PATHS.into_iter().chain(["/metrics", &room]).enumerate() {
        for method in ["GET", "DELETE", "POST"] {
            let none = Request::new(method, path).send(&program.address).await;
            is_refused(&none, 401, "unauthorized");
            assert_eq!(none.header("www-authenticate"), Some("bearer realm=\"rtbroadcaster\""), "{path}");
        }
        let wrong = Request::new("DELETE", path).bearing("the-token-of-somebody-else");
        // Each request has an address of its own, or the later ones would be refused as guesses.
        let own = format!("127.0.0.{}", 10 + index);
        let mut socket = RawSocket::connect_from(&program.address, &own).await;
        let wrong = wrong.send_on(&mut socket, &program.address).await;
        is_refused(&wrong, 401, "unauthorized");
        assert!(wrong.header("www-authenticate").unwrap().contains("invalid_token"), "{}", wrong.head);
        assert!(!wrong.body.contains("somebody-else"), "{}", wrong.body);
    }
    owner.hears_nothing().await;
}

#[tokio::test]
async fn who_guesses_tokens_is_told_to_come_later_and_nobody_else_is() {
    let program = start(&[]).await;
    let guess = Request::get("/admin/status").bearing("the-token-of-somebody-else");
    let mut response = guess.send(&program.address).await;
    let mut guesses = 1;
    while response.status == 401 && guesses < 50 {
        response = guess.send(&program.address).await;
        guesses += 1;
    }
    is_refused(&response, 429, "rate_limited");
    assert!(guesses > 5, "{guesses}");
    let seconds: u64 = response.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=60).contains(&seconds), "{seconds}");
    assert_eq!(
        ask(&program, "GET", "/admin/status").await.status,
        200,
        "or a guesser would lock all others out"
    );
    assert_eq!(guess.send(&program.address).await.status, 429);
    let mut elsewhere = RawSocket::connect_from(&program.address, "127.0.0.2").await;
    assert_eq!(guess.send_on(&mut elsewhere, &program.address).await.status, 401);
    // The rooms still work.
    open_room(&program.address).await;
}

#[tokio::test]
async fn prometheus_may_read_the_metrics_and_nothing_else() {
    let program = start(&[]).await;
    open_room(&program.address).await;
    for token in [TOKEN, METRICS_TOKEN] {
        let page = Request::get("/metrics").bearing(token).send(&program.address).await;
        assert_eq!(page.status, 200, "{}", page.body);
        assert_eq!(Scrape::parse(&page.body).value("rtbroadcaster_rooms_opened_total"), 1.0);
    }
    let status = Request::get("/admin/status").bearing(METRICS_TOKEN).send(&program.address).await;
    is_refused(&status, 401, "unauthorized");
}

#[tokio::test]
async fn a_room_is_shown_as_it_is_without_what_is_said_in_it_or_its_owners_key() {
    let program = start(&[]).await;
    let mut room = Room::open(&program.address).await;
    let mut follower = room.join_synced(0).await;
    room.owner.send(json!({"id": 1, "funcKey": "secretWord", "slot": "secretSlot"})).await;
    room.owner.hears(&json!({"ack": 1, "seq": 1})).await;
    assert_eq!(follower.next().await["seq"], 1);
    let path = format!("/admin/rooms/{}", room.uuid);
    let shown = get(&program, &path).await;
    assert_eq!(shown["id"], room.uuid.as_str());
    for (field, value) in [
        ("owner", json!("here")),
        ("followers", json!(1)),
        ("lagging", json!(0)),
        ("lagGreatest", json!(0)),
        ("seq", json!(1)),
        ("epoch", json!(1)),
        ("slots", json!(1)),
        ("slotBytes", json!("secretSlotsecretWord[]".len())),
    ] {
        assert_eq!(shown[field], value, "{field} in {shown}");
    }
    assert!(shown["ringBytes"].as_u64().unwrap() > 0 && shown["ageSeconds"].is_u64(), "{shown}");
    for field in ["ownerNode", "audience", "watchedOn"] {
        assert_eq!(shown.get(field), None, "{field} without a cluster");
    }
    assert_eq!(get(&program, "/admin/nodes").await, json!({"nodes": []}));
    for path in [path.as_str(), "/admin/rooms", "/admin/status", "/admin/connections", "/metrics"] {
        let body = ask(&program, "GET", path).await.body;
        assert!(!body.contains(&room.key) && !body.contains("secret"), "{body}");
    }
    drop(room.owner);
    follower.hears(&json!({"owner": "away"})).await;
    assert_eq!(get(&program, &path).await["owner"], "away");
}

#[tokio::test]
async fn rooms_are_listed_page_by_page_sorted_and_searched() {
    let program = start(&[]).await;
    let mut rooms = Vec::new();
    for _ in 0..5 {
        rooms.push(open_room(&program.address).await);
    }
    let mut sorted: Vec<_> = rooms.iter().map(|(_, uuid)| uuid.as_str()).collect();
    sorted.sort_unstable();
    assert_eq!(ids(&get(&program, "/admin/rooms").await), sorted);

    let mut listed = Vec::new();
    let mut path = "/admin/rooms?limit=2".to_owned();
    loop {
        let page = get(&program, &path).await;
        assert_eq!(page["total"], 5);
        listed.extend(ids(&page).into_iter().map(str::to_owned));
        let Some(next) = page["next"].as_str() else { break };
        path = format!("/admin/rooms?limit=2&after={next}");
    }
    assert_eq!(listed, sorted);

    let popular = &rooms[3].1;
    let _followers = [follow(&program.address, popular).await, follow(&program.address, popular).await];
    let first = get(&program, "/admin/rooms?sort=followers&limit=1").await;
    assert_eq!((ids(&first), first["total"].as_u64()), (vec![popular.as_str()], Some(5)));
    let found = get(&program, &format!("/admin/rooms?search={}", popular[..13].to_uppercase())).await;
    assert_eq!((ids(&found), found["total"].as_u64()), (vec![popular.as_str()], Some(1)));
    assert_eq!(get(&program, "/admin/rooms?search=nowhere").await["rooms"], json!([]));
}

#[tokio::test]
async fn a_room_that_is_closed_is_closed_for_all_in_it() {
    let program = start(&[]).await;
    let mut room = Room::open(&program.address).await;
    let mut follower = room.join_synced(0).await;
    let path = format!("/admin/rooms/{}", room.uuid);
    let response = ask(&program, "DELETE", &path).await;
    assert_eq!((response.status, response.body.as_str()), (204, ""));
    for client in [&mut room.owner, &mut follower] {
        assert_eq!(client.next().await, json!({"status": {"value": 0, "text": "not connected"}}));
        assert_eq!(client.closed().await, CloseCode::RoomClosed.value());
    }
    for method in ["GET", "DELETE"] {
        is_refused(&ask(&program, method, &path).await, 404, "unknown_room");
    }
    let mut late = Client::connect(&program.address).await;
    late.send(message::session_join(&room.uuid)).await;
    late.is_refused("unknown_room").await;
}

#[tokio::test]
async fn an_address_is_disconnected_for_good_and_no_other_is() {
    let program = start(&[]).await;
    let (mut owner, uuid) = open_room(&program.address).await;
    let mut others = Vec::new();
    for _ in 0..2 {
        let mut socket = RawSocket::connect_from(&program.address, "127.0.0.9").await;
        assert_eq!(Request::upgrade().send_on(&mut socket, &program.address).await.status, 101);
        socket.send_text(message::join(&uuid)).await;
        assert!(socket.text().await.contains("connected"));
        others.push(socket);
    }
    let all = get(&program, "/admin/connections").await;
    let nine = json!({"address": "127.0.0.9", "connections": 2});
    assert_eq!(all, json!({"addresses": [nine, {"address": "127.0.0.1", "connections": 1}], "total": 2}));
    let one = get(&program, "/admin/connections?address=127.0.0.9").await;
    assert_eq!(one, json!({"addresses": [nine], "total": 1}));
    assert_eq!(get(&program, "/admin/connections?address=::ffff:127.0.0.9").await, one);

    let response = ask(&program, "DELETE", "/admin/connections/127.0.0.9").await;
    assert_eq!((response.status, response.body.as_str()), (200, r#"{"disconnected":2}"#));
    for socket in &mut others {
        assert_eq!(socket.closed().await, CloseCode::Disconnected.value());
        socket.send_frame(Opcode::Close, true, &CloseCode::Disconnected.value().to_be_bytes()).await;
        socket.ended().await;
    }
    assert!(!CloseCode::may_return(CloseCode::Disconnected.value()));
    owner.hears_nothing().await;
    eventually(&json!({"addresses": [], "total": 0}), async || {
        get(&program, "/admin/connections?address=127.0.0.9").await
    })
    .await;
    assert_eq!(ask(&program, "DELETE", "/admin/connections/%3A%3A1").await.body, r#"{"disconnected":0}"#);
}

#[tokio::test]
async fn the_status_adds_up_all_rooms() {
    let program = start(&["--connections", "50", "--rooms", "40", "--room-memory-bytes", "100000000"]).await;
    let mut room = Room::open(&program.address).await;
    let mut follower = room.join_synced(0).await;
    let (away, _) = open_room(&program.address).await;
    drop(away);
    room.act(1, 3).await;
    while follower.next().await["seq"] != 3 {}
    room.owner.send("[]").await;
    room.owner.is_refused("malformed").await;
    let wanted = json!({
        "connections": {"open": 2, "limit": 50},
        "rooms": {"open": 2, "limit": 40},
        "memoryLimit": 100_000_000,
        "now": [1, 1, 0],
        "total": [3, 3, 1],
    });
    eventually(&wanted, async || {
        let status = get(&program, "/admin/status").await;
        assert_eq!(status["version"], env!("CARGO_PKG_VERSION"));
        assert_eq!(status["isShuttingDown"], false);
        assert!(status["memory"]["usedBytes"].as_u64().is_some_and(|bytes| bytes > 0), "{status}");
        let pick = |object: &str, fields: [&str; 3]| json!(fields.map(|field| &status[object][field]));
        json!({
            "connections": status["connections"],
            "rooms": status["rooms"],
            "memoryLimit": status["memory"]["limitBytes"],
            "now": pick("now", ["followers", "ownersAway", "lagging"]),
            "total": pick("total", ["actions", "deliveries", "refusals"]),
        })
    })
    .await;
}

#[tokio::test]
async fn with_an_address_of_its_own_the_administration_is_there_and_nowhere_else() {
    let program = start(&["--admin-listen", "127.0.0.1:0"]).await;
    let own = program.administration.clone().expect("it says where");
    for path in ["/admin/status", "/admin/", "/metrics"] {
        assert_eq!(ask(&program, "GET", path).await.status, 404, "{path}");
        let right = Request::get(path).bearing(TOKEN).send(&own).await;
        assert_eq!(right.status, 200, "{path}: {}", right.body);
    }
    assert_eq!(Request::get("/metrics").send(&own).await.status, 401);
    assert_eq!(Request::get("/healthz").send(&own).await.status, 404);
    assert_eq!(Request::upgrade().send(&own).await.status, 404);
}

#[tokio::test]
async fn what_cannot_be_meant_is_answered_with_what_to_do() {
    let program = start(&[]).await;
    for (method, path, status, code, told) in [
        ("POST", "/admin/rooms", 405, "method_not_allowed", "GET"),
        ("DELETE", "/admin/status", 405, "method_not_allowed", "GET"),
        ("DELETE", "/admin/nodes", 405, "method_not_allowed", "GET"),
        ("GET", "/admin/nodes?limit=1", 400, "bad_request", "limit"),
        ("GET", "/admin/connections/127.0.0.1", 405, "method_not_allowed", "DELETE"),
        ("GET", "/admin/rooms?limits=1", 400, "bad_request", "limits"),
        ("GET", "/admin/rooms?limit=0", 400, "bad_request", "1 to 1000"),
        ("GET", "/admin/rooms?sort=name", 400, "bad_request", "followers"),
        ("GET", "/admin/connections?address=here", 400, "bad_request", "here"),
        ("DELETE", "/admin/connections/here", 400, "bad_request", "here"),
        ("GET", "/admin/rooms/x", 404, "unknown_room", "uuid"),
        ("GET", "/admin/anything", 404, "not_found", "connections"),
        ("GET", "/admin/rooms/", 404, "unknown_room", "uuid"),
    ] {
        let response = ask(&program, method, path).await;
        let message = is_refused(&response, status, code);
        assert!(message.contains(told), "{method} {path}: {message}");
        assert_eq!(response.header("allow").is_some(), status == 405, "{}", response.head);
    }
}

#[tokio::test]
async fn the_page_needs_nothing_from_elsewhere_and_no_token_to_be_shown() {
    let program = start(&[]).await;
    let folder = Request::get("/admin").send(&program.address).await;
    assert_eq!((folder.status, folder.header("location")), (308, Some("admin/")));
    let page = Request::get("/admin/").send(&program.address).await;
    assert_eq!(page.status, 200);
    let policy = page.header("content-security-policy").unwrap();
    assert!(policy.starts_with("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
    assert_eq!(page.header("x-content-type-options"), Some("nosniff"));
    assert!(!page.body.contains("://") && !page.body.contains("style="), "{}", page.body);
    assert!(
        page.body.contains("\"dashboard.css\"") && page.body.contains("\"dashboard.js\""),
        "{}",
        page.body
    );
    for file in ["dashboard.css", "dashboard.js", "format.js"] {
        let file = Request::get(&format!("/admin/{file}")).send(&program.address).await;
        assert_eq!(file.status, 200);
        assert!(!file.body.contains("http:") && !file.body.contains("https:"), "{}", file.body);
    }
}
