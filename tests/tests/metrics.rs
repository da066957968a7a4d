//! The metrics of a server count exactly what was done on it.

use std::collections::BTreeSet;

use rtbroadcaster::Settings;
use rtbroadcaster_protocol::{CloseCode, RefusalCode};
use rtbroadcaster_tests::{
    Client, Edge, HOW_MUCH, METRICS_PATH, Opcode, PATH, Program, RawSocket, Request, Room, Scrape, Server,
    eventually, follow, message, metrics_change, open_room,
};
use serde_json::json;

async fn changes(server: &Server, before: &Scrape, expected: &[(&str, f64)]) {
    metrics_change(&server.address, before, HOW_MUCH, expected).await;
}

#[tokio::test]
async fn a_server_on_which_nothing_has_happened_shows_all_it_will_ever_count() {
    let server = Server::start().await;
    let scrape = Scrape::of(&server.address).await;
    for code in RefusalCode::ALL {
        let series = format!("rtbroadcaster_refusals_total{{code=\"{}\"}}", code.as_str());
        assert_eq!(scrape.value(&series), 0.0, "{series}");
    }
    for code in CloseCode::ALL {
        let code = code.value();
        let series = format!("rtbroadcaster_connections_closed_total{{by=\"server\",code=\"{code}\"}}");
        assert_eq!(scrape.value(&series), 0.0, "{series}");
    }
    let settings = Settings::default();
    assert_eq!(scrape.value("rtbroadcaster_connections_limit"), settings.connections as f64);
    assert_eq!(scrape.value("rtbroadcaster_rooms_limit"), settings.limits.rooms as f64);
    let memory = settings.limits.room_memory_bytes as f64;
    assert_eq!(scrape.value("rtbroadcaster_room_memory_limit_bytes"), memory);
    let version = env!("CARGO_PKG_VERSION");
    assert_eq!(scrape.value(&format!("rtbroadcaster_build_info{{version=\"{version}\"}}")), 1.0);
    // A moment in this century.
    assert!((1.7e9..4.1e9).contains(&scrape.value("process_start_time_seconds")));
    for prefix in scrape.families.keys() {
        assert!(prefix.starts_with("rtbroadcaster_") || prefix.starts_with("process_"), "{prefix}");
    }
    let not_base = ["milliseconds", "microseconds", "kilobytes", "megabytes"];
    assert!(not_base.iter().all(|unit| !scrape.families.keys().any(|name| name.contains(unit))));
}

#[tokio::test]
async fn the_operators_manual_lists_every_metric_and_no_other() {
    // `cluster_seen` compares those of a cluster.
    const CLUSTER: &str = "rtbroadcaster_cluster_";
    const TOKEN: &str = "the-token-of-the-metrics";
    // With a store, which has metrics of its own.
    let data = concat!(env!("CARGO_TARGET_TMPDIR"), "/metrics");
    let mut command = Program::command();
    command.args(["--listen", "127.0.0.1:0", "--data", data]).env("RTBROADCASTER_METRICS_TOKEN", TOKEN);
    let program = Program::listening(command).await;
    let page = Request::get(METRICS_PATH).bearing(TOKEN).send(&program.address).await;
    let told = Scrape::parse(&page.body).families;
    let manual = include_str!("../../docs/operating.md");
    let names =
        manual.lines().filter_map(|line| line.strip_prefix("| `")?.split_once("` |").map(|row| row.0));
    let is_metric = |name: &&str| {
        (name.starts_with("rtbroadcaster_") || name.starts_with("process_")) && !name.starts_with(CLUSTER)
    };
    let listed: Vec<_> = names.filter(is_metric).collect();
    let told: Vec<_> = told.keys().map(String::as_str).collect();
    assert_eq!(listed.iter().copied().collect::<BTreeSet<_>>(), told.into_iter().collect());
}

#[tokio::test]
async fn rooms_followers_actions_and_deliveries_are_counted() {
    let server = Server::start().await;
    let before = Scrape::of(&server.address).await;
    let mut room = Room::open(&server.address).await;
    let mut follower = room.join_synced(0).await;
    changes(
        &server,
        &before,
        &[
            ("rtbroadcaster_connections", 2.0),
            ("rtbroadcaster_connections_opened_total", 2.0),
            ("rtbroadcaster_rooms", 1.0),
            ("rtbroadcaster_rooms_opened_total", 1.0),
            ("rtbroadcaster_followers", 1.0),
        ],
    )
    .await;

    let before = Scrape::of(&server.address).await;
    room.act(1, 5).await;
    room.owner.send(json!({"id": 6, "funcKey": "page", "stateMessage": true})).await;
    room.owner.hears(&json!({"ack": 6, "seq": 6})).await;
    while follower.next().await["seq"] != 6 {}
    changes(
        &server,
        &before,
        &[
            ("rtbroadcaster_actions_total", 6.0),
            ("rtbroadcaster_deliveries_total{from=\"ring\"}", 6.0),
            ("rtbroadcaster_slots", 1.0),
        ],
    )
    .await;

    let before = Scrape::of(&server.address).await;
    let mut late = follow(&server.address, &room.uuid).await;
    late.hears(&message::state(&room.uuid, "page", &json!([]))).await;
    changes(
        &server,
        &before,
        &[
            ("rtbroadcaster_connections", 1.0),
            ("rtbroadcaster_connections_opened_total", 1.0),
            ("rtbroadcaster_followers", 1.0),
            ("rtbroadcaster_deliveries_total{from=\"snapshot\"}", 1.0),
        ],
    )
    .await;

    let before = Scrape::of(&server.address).await;
    drop(room.owner);
    follower.hears(&json!({"owner": "away"})).await;
    changes(
        &server,
        &before,
        &[
            ("rtbroadcaster_connections", -1.0),
            ("rtbroadcaster_connections_closed_total{by=\"network\",code=\"1006\"}", 1.0),
            ("rtbroadcaster_owners_away", 1.0),
        ],
    )
    .await;
}

#[tokio::test]
async fn every_end_of_a_connection_is_counted_with_its_code() {
    let server = Server::start().await;
    let (mut owner, uuid) = open_room(&server.address).await;
    let mut leaving = follow(&server.address, &uuid).await;
    let mut staying = follow(&server.address, &uuid).await;
    let mut faulty = RawSocket::upgrade(&server.address).await;
    let mut closing = RawSocket::upgrade(&server.address).await;
    let mut odd = RawSocket::upgrade(&server.address).await;
    let before = Scrape::of(&server.address).await;
    leaving.send(message::close(&uuid)).await;
    leaving.rest().await;
    faulty.send_unmasked_text("no client may").await;
    faulty.ended().await;
    closing.send_frame(Opcode::Close, true, &1001_u16.to_be_bytes()).await;
    closing.ended().await;
    odd.send_frame(Opcode::Close, true, &4321_u16.to_be_bytes()).await;
    odd.ended().await;
    owner.send(message::close(&uuid)).await;
    owner.rest().await;
    staying.rest().await;
    changes(
        &server,
        &before,
        &[
            ("rtbroadcaster_connections", -6.0),
            ("rtbroadcaster_connections_closed_total{by=\"client\",code=\"1001\"}", 1.0),
            ("rtbroadcaster_connections_closed_total{by=\"client\",code=\"other\"}", 1.0),
            ("rtbroadcaster_connections_closed_total{by=\"server\",code=\"1002\"}", 1.0),
            ("rtbroadcaster_connections_closed_total{by=\"server\",code=\"4500\"}", 2.0),
            ("rtbroadcaster_connections_closed_total{by=\"server\",code=\"4501\"}", 1.0),
            ("rtbroadcaster_followers", -2.0),
            ("rtbroadcaster_rooms", -1.0),
            ("rtbroadcaster_rooms_closed_total", 1.0),
        ],
    )
    .await;
}

#[tokio::test]
async fn a_refusal_is_counted_with_its_code_once_even_if_it_is_told_again() {
    let server = Server::with_limits(|limits| limits.slots_per_room = 1).await;
    let mut room = Room::open(&server.address).await;
    let before = Scrape::of(&server.address).await;
    room.owner.send(json!({"id": 1, "funcKey": "f", "slot": "a"})).await;
    room.owner.hears(&json!({"ack": 1, "seq": 1})).await;
    room.owner.send(json!({"id": 2, "funcKey": "f", "slot": "b"})).await;
    room.owner.is_refused("too_many_slots").await;
    let mut again = Client::connect(&server.address).await;
    let mut claim = message::session_claim(&room.uuid, &room.key, "first");
    claim["ack"] = 0.into();
    again.send(claim).await;
    again.next().await;
    again.hears(&json!({"ack": 1, "seq": 1})).await;
    again.is_refused("too_many_slots").await;
    again.send("[]").await;
    again.is_refused("malformed").await;
    assert_eq!(room.owner.closed().await, CloseCode::Superseded.value());
    changes(
        &server,
        &before,
        &[
            ("rtbroadcaster_actions_total", 1.0),
            ("rtbroadcaster_connections_closed_total{by=\"server\",code=\"4502\"}", 1.0),
            ("rtbroadcaster_connections_opened_total", 1.0),
            ("rtbroadcaster_refusals_total{code=\"malformed\"}", 1.0),
            ("rtbroadcaster_refusals_total{code=\"too_many_slots\"}", 1.0),
            ("rtbroadcaster_slots", 1.0),
        ],
    )
    .await;
}

#[tokio::test]
async fn a_refused_handshake_is_counted_with_its_reason() {
    let server = Server::with(Settings::default().with(|settings| settings.connections = 1)).await;
    let before = Scrape::of(&server.address).await;
    let refused = [
        Request::get(PATH),
        Request::upgrade().with("Sec-WebSocket-Version", "8"),
        Request::upgrade().with("Sec-WebSocket-Key", "short"),
        Request::upgrade().with("Origin", "https://evil.example"),
    ];
    for request in refused {
        assert!(request.send(&server.address).await.status >= 400);
    }
    let _only = RawSocket::upgrade(&server.address).await;
    assert_eq!(Request::upgrade().send(&server.address).await.status, 503);
    changes(
        &server,
        &before,
        &[
            ("rtbroadcaster_connections", 1.0),
            ("rtbroadcaster_connections_opened_total", 1.0),
            ("rtbroadcaster_handshakes_refused_total{reason=\"full\"}", 1.0),
            ("rtbroadcaster_handshakes_refused_total{reason=\"key\"}", 1.0),
            ("rtbroadcaster_handshakes_refused_total{reason=\"not_an_upgrade\"}", 1.0),
            ("rtbroadcaster_handshakes_refused_total{reason=\"origin\"}", 1.0),
            ("rtbroadcaster_handshakes_refused_total{reason=\"version\"}", 1.0),
        ],
    )
    .await;
}

#[tokio::test]
async fn bytes_are_counted_as_they_are_on_the_wire() {
    let server = Server::start().await;
    let mut socket = RawSocket::upgrade(&server.address).await;
    let before = Scrape::of(&server.address).await;
    socket.send_text(message::create()).await;
    let (_, reply) = socket.frame().await;
    // A masked frame with a payload below 126 bytes has a header of 2 bytes and a mask of 4. A
    // longer frame without a mask has a header of 4.
    let (received, sent) = (6 + message::create().to_string().len(), 4 + reply.len());
    let but = ["rtbroadcaster_room", "rtbroadcaster_tasks"];
    let expected = [
        ("rtbroadcaster_frames_sent_total", 1.0),
        ("rtbroadcaster_received_bytes_total", received as f64),
        ("rtbroadcaster_sent_bytes_total", sent as f64),
    ];
    metrics_change(&server.address, &before, &but, &expected).await;
}

#[tokio::test]
async fn a_follower_that_stops_reading_is_seen_to_lag_and_then_to_be_resynced() {
    const LARGE_BYTES: usize = 60 * 1024;
    const ACTIONS: usize = 500;
    let server = Server::with_limits(|limits| limits.ring_actions = 8).await;
    let mut room = Room::open(&server.address).await;
    let mut stuck = RawSocket::upgrade_narrow(&server.address).await;
    stuck.send_text(message::session_join(&room.uuid)).await;
    stuck.text().await;
    let large = "x".repeat(LARGE_BYTES);
    for _ in 0..ACTIONS {
        room.owner.send(json!({"funcKey": "large", "funcParams": [large]})).await;
    }
    room.owner.sync().await;
    let scrape = Scrape::of(&server.address).await;
    assert_eq!(scrape.value("rtbroadcaster_followers_lagging"), 1.0);
    let lag = scrape.value("rtbroadcaster_lag_actions");
    assert!((8.0..=ACTIONS as f64).contains(&lag), "{lag}");
    assert_eq!(scrape.value("rtbroadcaster_lag_greatest_actions"), lag);
    let ring = scrape.value("rtbroadcaster_ring_bytes");
    assert!(scrape.value("rtbroadcaster_room_memory_bytes") >= ring);
    assert!((8.0 * LARGE_BYTES as f64..9.0 * LARGE_BYTES as f64).contains(&ring), "{ring}");
    assert_eq!(scrape.value("rtbroadcaster_resyncs_total"), 0.0);
    while !stuck.text().await.contains("resync") {}
    let but = [HOW_MUCH, &["rtbroadcaster_lag", "rtbroadcaster_deliveries"]].concat();
    let expected = [("rtbroadcaster_followers_lagging", -1.0), ("rtbroadcaster_resyncs_total", 1.0)];
    metrics_change(&server.address, &scrape, &but, &expected).await;
}

#[tokio::test]
async fn the_latency_of_every_fan_out_that_wrote_something_is_counted_once() {
    let server = Server::start().await;
    let mut room = Room::open(&server.address).await;
    let fan_outs = |scrape: &Scrape| scrape.value("rtbroadcaster_delivery_seconds_count");
    room.act(1, 1).await;
    let alone = Scrape::of(&server.address).await;
    assert_eq!(fan_outs(&alone), 0.0, "nobody was there to be written to");
    let mut followers = [room.join_synced(1).await, room.join_synced(1).await];
    for id in 2..=4 {
        room.act(id, id).await;
        for follower in &mut followers {
            follower.hears(&json!({"seq": id, "funcKey": "act"})).await;
        }
    }
    let but = ["rtbroadcaster_delivery_seconds_bucket", "rtbroadcaster_delivery_seconds_sum"];
    let but = [&HOW_MUCH[..3], &HOW_MUCH[4..], &but].concat();
    let expected = [
        ("rtbroadcaster_actions_total", 3.0),
        ("rtbroadcaster_connections", 2.0),
        ("rtbroadcaster_connections_opened_total", 2.0),
        ("rtbroadcaster_deliveries_total{from=\"ring\"}", 6.0),
        ("rtbroadcaster_delivery_seconds_count", 3.0),
        ("rtbroadcaster_followers", 2.0),
    ];
    metrics_change(&server.address, &alone, &but, &expected).await;
    let sum = Scrape::of(&server.address).await.value("rtbroadcaster_delivery_seconds_sum");
    assert!(sum > 0.0 && sum < 60.0, "{sum} seconds");
}

#[tokio::test]
async fn a_fan_out_to_event_streams_alone_is_one_latency() {
    let server = Server::start().await;
    let edge = Edge::open(&server.address).await;
    let mut streams = [edge.follow_from(0).await, edge.follow_from(0).await];
    for seq in 1..=2 {
        edge.act("act").await;
        for stream in &mut streams {
            assert_eq!(stream.seq().await, seq);
        }
    }
    eventually(&2.0, async || {
        Scrape::of(&server.address).await.value("rtbroadcaster_delivery_seconds_count")
    })
    .await;
}

#[tokio::test]
async fn a_fan_out_over_other_streams_than_tcp_is_one_latency() {
    let server = Server::on_a_unix_socket().await;
    let mut room = Room::open(&server.address).await;
    let mut followers = [room.join_synced(0).await, room.join_synced(0).await];
    for id in 1..=2 {
        room.act(id, id).await;
        for follower in &mut followers {
            follower.hears(&json!({"seq": id, "funcKey": "act"})).await;
        }
    }
    eventually(&2.0, async || {
        Scrape::of(&server.address).await.value("rtbroadcaster_delivery_seconds_count")
    })
    .await;
    // Actions from long ago that a follower resumes are no deliveries.
    let mut back = room.rejoin(0).await;
    for seq in 1..=2 {
        back.hears(&json!({"seq": seq, "funcKey": "act"})).await;
    }
    back.hears(&json!({"owner": "back"})).await;
    back.hears_nothing().await;
    assert_eq!(Scrape::of(&server.address).await.value("rtbroadcaster_delivery_seconds_count"), 2.0);
}

#[tokio::test]
async fn what_is_refused_over_http_is_counted_with_what_is_refused_to_websockets() {
    let server = Server::start().await;
    let room = Room::open(&server.address).await;
    let before = Scrape::of(&server.address).await;
    let actions = format!("{PATH}/rooms/{}/actions", room.uuid);
    let action = Request::post(&actions, "application/json", r#"{"funcKey":"f"}"#).bearing("another");
    assert_eq!(action.send(&server.address).await.status, 403);
    assert_eq!(action.with("Origin", "https://evil.example").send(&server.address).await.status, 403);
    let events = format!("{PATH}/rooms/00000000-0000-4000-8000-000000000000/events");
    assert_eq!(Request::get(&events).send(&server.address).await.status, 404);
    changes(
        &server,
        &before,
        &[
            ("rtbroadcaster_handshakes_refused_total{reason=\"origin\"}", 1.0),
            ("rtbroadcaster_refusals_total{code=\"unknown_room\"}", 1.0),
            ("rtbroadcaster_refusals_total{code=\"wrong_owner_key\"}", 1.0),
        ],
    )
    .await;
}
