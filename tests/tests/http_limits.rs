//! The rooms over plain HTTP have the same limits, permissions and origins as websockets.

use rtbroadcaster::{AccessSettings, Gate, OriginPolicy, Secret, Settings};
use rtbroadcaster_tests::{Edge, Events, PATH, Program, RawSocket, Request, Scrape, Server, within};
use serde_json::json;

const API_KEY: &str = "an-api-key-of-some-length";
const JOIN_KEY: &str = "a-join-key-of-some-length";

/// A server on which everything needs a token.
async fn guarded() -> Server {
    let access = AccessSettings::default().with(|access| {
        access.creation = Gate::Token;
        access.joins = Gate::Token;
        access.api_keys = vec![Secret::new(API_KEY)];
        access.join_keys = vec![Secret::new(JOIN_KEY)];
    });
    Server::with(Settings::default().with(|settings| settings.access = access)).await
}

#[tokio::test]
async fn where_tokens_are_needed_each_route_says_so_and_takes_them() {
    let server = guarded().await;
    let create = Request::new("POST", &Edge::rooms());
    let refused = create.send(&server.address).await;
    refused.is_refused(401, "unauthorized");
    assert_eq!(refused.header("www-authenticate"), Some("bearer"));
    create.clone().bearing(JOIN_KEY).send(&server.address).await.is_refused(403, "forbidden");
    let reply = create.bearing(API_KEY).send(&server.address).await;
    assert_eq!(reply.status, 201);
    let reply = reply.json();
    let text = |field: &str| reply[field].as_str().expect("a text").to_owned();
    let edge = Edge {
        address: server.address.clone(),
        uuid: text("uuid"),
        key: text("ownerKey"),
        reply: reply.clone(),
    };
    let action = edge.post(&json!({"funcKey": "a"}));
    edge.send(&action).await.is_refused(401, "unauthorized");
    let with_join_key = action.clone().with("Rtbroadcaster-Token", JOIN_KEY);
    edge.send(&with_join_key).await.is_refused(403, "forbidden");
    assert_eq!(edge.send(&action.with("Rtbroadcaster-Token", API_KEY)).await.status, 200);

    edge.send(&edge.events()).await.is_refused(401, "unauthorized");
    let mut events = edge.follow(&edge.events().bearing(JOIN_KEY)).await;
    events.hears(&json!({"synced": 1})).await;
    let claim = edge.events().with("Rtbroadcaster-Owner-Key", &edge.key);
    edge.send(&claim.clone().bearing(JOIN_KEY)).await.is_refused(403, "forbidden");
    edge.follow(&claim.bearing(API_KEY)).await;

    let close = Request::new("DELETE", &edge.path("")).bearing(&edge.key);
    edge.send(&close).await.is_refused(401, "unauthorized");
    assert_eq!(edge.send(&close.with("Rtbroadcaster-Token", API_KEY)).await.status, 204);
}

#[tokio::test]
async fn pages_of_allowed_origins_may_read_the_answers_and_others_are_refused() {
    const GOOD: &str = "https://good.example";
    let origins = OriginPolicy::SameAnd(vec![GOOD.to_owned()]);
    let server = Server::with(Settings::default().with(|settings| settings.origins = origins)).await;
    let edge = Edge::open(&server.address).await;
    let requests = [
        (Request::new("POST", &Edge::rooms()), 201),
        (edge.post(&json!({"funcKey": "a"})), 200),
        (Request::new("PUT", &edge.path("/actions")), 405),
        (Request::new("OPTIONS", &edge.path("/actions")), 204),
        (Request::get(&format!("{PATH}/rooms/nonsense/events")), 404),
    ];
    for (request, status) in requests {
        let answer = edge.send(&request.clone().with("Origin", GOOD)).await;
        assert_eq!(answer.status, status, "{}", answer.body);
        assert_eq!(answer.header("access-control-allow-origin"), Some(GOOD));
        assert_eq!(answer.header("vary"), Some("origin"));
        let refused = edge.send(&request.with("Origin", "https://evil.example")).await;
        refused.is_refused(403, "origin_not_allowed");
        assert_eq!(refused.header("access-control-allow-origin"), None);
    }
    assert_eq!(edge.act("second").await, 2, "nothing was appended for the evil page");
    let events = Events::open(&edge.events().with("Origin", GOOD), &server.address).await;
    assert_eq!(events.response.header("access-control-allow-origin"), Some(GOOD));
}

#[tokio::test]
async fn a_preflight_says_what_a_page_may_send() {
    let origins = OriginPolicy::Any;
    let server = Server::with(Settings::default().with(|settings| settings.origins = origins)).await;
    for (path, methods) in [
        ("/rooms", "post, options"),
        ("/rooms/x", "delete, options"),
        ("/rooms/x/actions", "post, options"),
        ("/rooms/x/events", "get, options"),
    ] {
        let preflight = Request::new("OPTIONS", &format!("{PATH}{path}")).with("Origin", "null");
        let answer = preflight.send(&server.address).await;
        assert_eq!(answer.status, 204);
        assert_eq!(answer.header("access-control-allow-origin"), Some("null"));
        assert_eq!(answer.header("access-control-allow-methods"), Some(methods));
        let headers = answer.header("access-control-allow-headers").expect("headers");
        for header in ["authorization", "content-type", "idempotency-key", "last-event-id"] {
            assert!(headers.contains(header), "{headers}");
        }
    }
}

#[tokio::test]
async fn a_stream_of_events_counts_as_a_connection_and_leaves_its_place() {
    let server = Server::with(Settings::default().with(|settings| settings.connections = 1)).await;
    let edge = Edge::open(&server.address).await;
    let events = edge.follow_from(0).await;
    let full = edge.send(&edge.events()).await;
    assert_eq!(full.is_refused(503, "overloaded")["retryAfterMs"], 10_000);
    assert_eq!(full.header("retry-after"), Some("10"));
    assert_eq!(Request::upgrade().send(&server.address).await.status, 503);
    drop(events);
    within("a free place", async { while Request::upgrade().send(&server.address).await.status != 101 {} })
        .await;
}

#[tokio::test]
async fn rooms_followers_and_guesses_are_limited_as_on_websockets() {
    let server = Server::with_limits(|limits| {
        limits.rooms = 1;
        limits.followers_per_room = 1;
    })
    .await;
    let edge = Edge::open(&server.address).await;
    let _events = edge.follow_from(0).await;
    let create = Request::new("POST", &Edge::rooms()).send(&server.address).await;
    assert_eq!(create.is_refused(503, "too_many_rooms")["retryAfterMs"], 10_000);
    let full = edge.send(&edge.events()).await;
    full.is_refused(503, "room_full");
    assert_eq!(full.header("retry-after"), Some("10"));

    let program = Program::start(&["--unknown-rooms-per-minute", "3"]).await;
    let guess =
        |room| Request::get(&format!("{PATH}/rooms/00000000-0000-4000-8000-00000000000{room}/events"));
    for room in [0, 0, 0, 0, 1, 1, 2] {
        guess(room).send(&program.address).await.is_refused(404, "unknown_room");
    }
    let limited = guess(0).send(&program.address).await;
    assert!(limited.is_refused(429, "rate_limited")["retryAfterMs"].as_u64().is_some_and(|wait| wait > 0));
    assert!(limited.header("retry-after").is_some_and(|seconds| seconds != "0"));
}

#[tokio::test]
async fn a_body_that_is_slow_or_too_large_is_cut_short() {
    let program = Program::start(&["--handshake-timeout-ms", "1000"]).await;
    let edge = Edge::open(&program.address).await;
    let slow = edge.post(&json!({"funcKey": "a"})).with("Content-Length", "1000");
    slow.send(&program.address).await.is_refused(408, "request_timeout");
    let endless = Request::new("POST", &edge.path("/actions"))
        .bearing(&edge.key)
        .with("Content-Type", "application/x-ndjson")
        .with("Content-Length", "10000000000");
    endless.send(&program.address).await.is_refused(408, "request_timeout");
    let mut large = edge.post_lines(&"\n".repeat(65_537));
    large.send(&program.address).await.is_refused(413, "message_too_large");
    large = edge.post_lines(&format!("{{\"funcKey\":\"a\"}}{}", "\n".repeat(65_000)));
    assert_eq!(large.send(&program.address).await.json()["results"], json!([{"line": 1, "seq": 1}]));
}

#[tokio::test]
async fn a_client_that_may_not_act_is_answered_before_the_body_is_there() {
    let server = Server::start().await;
    let edge = Edge::open(&server.address).await;
    let request = edge.post(&json!({})).bearing("wrong").with("Content-Length", "1000");
    edge.send(&request).await.is_refused(403, "wrong_owner_key");
}

#[tokio::test]
async fn a_client_that_may_open_no_room_is_answered_before_the_body_is_there_and_none_sends_much() {
    let server = guarded().await;
    let before = Scrape::of(&server.address).await;
    let create = Request::post(&Edge::rooms(), "application/json", "{").with("Content-Length", "1000");
    create.send(&server.address).await.is_refused(401, "unauthorized");
    create.bearing(JOIN_KEY).send(&server.address).await.is_refused(403, "forbidden");
    let after = Scrape::of(&server.address).await;
    for code in ["unauthorized", "forbidden"] {
        let series = format!("rtbroadcaster_refusals_total{{code=\"{code}\"}}");
        assert_eq!(after.value(&series) - before.value(&series), 1.0, "{code}");
    }
    let spaces =
        |count| Request::post(&Edge::rooms(), "application/json", &" ".repeat(count)).bearing(API_KEY);
    spaces(4_097).send(&server.address).await.is_refused(413, "message_too_large");
    assert_eq!(spaces(4_096).send(&server.address).await.status, 201);
}

#[tokio::test]
async fn no_name_of_a_session_is_longer_than_128_bytes() {
    let server = Server::start().await;
    let edge = Edge::open(&server.address).await;
    let create = |session: &str| {
        Request::post(&Edge::rooms(), "application/json", &json!({"session": session}).to_string())
    };
    let claim = |session: &str| {
        Request::get(&edge.path(&format!("/events?session={session}")))
            .with("Rtbroadcaster-Owner-Key", &edge.key)
    };
    let act =
        |session: &str| edge.post(&json!({"funcKey": "a"})).with("Idempotency-Key", &format!("{session}:1"));
    let longest = "s".repeat(128);
    assert_eq!(edge.send(&create(&longest)).await.status, 201);
    assert_eq!(edge.send(&act(&longest)).await.status, 200);
    edge.follow(&claim(&longest)).await;
    let longer = "s".repeat(129);
    for request in [create(&longer), act(&longer), claim(&longer)] {
        edge.send(&request).await.is_refused(400, "malformed");
    }
}

#[tokio::test]
async fn a_silent_stream_shows_that_it_is_alive() {
    let server = Server::with_limits(|limits| {
        limits.ping_interval_ms = 20;
        limits.idle_timeout_ms = 400;
    })
    .await;
    let edge = Edge::open(&server.address).await;
    let mut events = edge.follow_from(0).await;
    // Far longer than a client may be silent.
    within("many comments", async {
        while events.comments < 40 {
            edge.act("tick").await;
            events.message().await;
        }
    })
    .await;
}

#[tokio::test]
async fn a_client_that_is_refused_events_goes_on_with_its_http_connection() {
    let program = Program::start(&[]).await;
    let edge = Edge::open(&program.address).await;
    let mut socket = RawSocket::connect(&program.address).await;
    let nowhere = Request::get(&format!("{PATH}/rooms/nonsense/events"));
    let stranger = edge.events().with("Rtbroadcaster-Owner-Key", "wrong");
    for (request, status, code) in [(nowhere, 404, "unknown_room"), (stranger, 403, "wrong_owner_key")] {
        request.send_on(&mut socket, &program.address).await.is_refused(status, code);
    }
    let action = edge.post(&json!({"funcKey": "a"}));
    assert_eq!(action.send_on(&mut socket, &program.address).await.status, 200);
}

/// Such a client sends nothing, and the little that the server sends fits into buffers. Only the
/// kernel knows that the client is gone.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_silent_stream_whose_client_is_gone_leaves_its_place() {
    let settings = ["--ping-interval-ms", "5", "--idle-timeout-ms", "300", "--stall-timeout-ms", "300"];
    let program = Program::start(&[&settings[..], &["--connections", "1"]].concat()).await;
    let edge = Edge::open(&program.address).await;
    let socket = RawSocket::connect_narrow(&program.address).await;
    let events = Events::open_on(socket, &edge.events(), &program.address).await;
    assert_eq!(events.response.status, 200);
    within("its place", async { while Request::upgrade().send(&program.address).await.status != 101 {} })
        .await;
    drop(events);
}

/// G8: a reader that takes nothing is cut off after a while, and others do not notice.
#[tokio::test]
async fn a_stream_that_nobody_reads_is_cut_off_and_costs_the_others_nothing() {
    let program = Program::start(&["--stall-timeout-ms", "500", "--connections", "2"]).await;
    let edge = Edge::open(&program.address).await;
    let socket = RawSocket::connect_narrow(&program.address).await;
    let stalled = Events::open_on(socket, &edge.events(), &program.address).await;
    assert_eq!(stalled.response.status, 200);
    let mut stalled = stalled.into_socket();
    let mut reader = edge.follow_from(0).await;
    let large = json!({"funcKey": "a", "funcParams": ["x".repeat(60_000)]});
    // More than the kernel can hold. The other reader takes all of it.
    for seq in 1..=200 {
        edge.send(&edge.post(&large)).await;
        assert_eq!(reader.seq().await, seq);
    }
    within("the place of the one that was cut off", async {
        while Request::upgrade().send(&program.address).await.status != 101 {}
    })
    .await;
    let rest = stalled.until_end().await;
    assert!(!rest.ends_with(b"}\n\n"), "what nobody takes is not kept until somebody does");
    assert!(rest.len() < 8_000_000, "{}", rest.len());
    edge.act("last").await;
    assert_eq!(reader.seq().await, 201);
}

#[tokio::test]
async fn who_leaves_is_gone_from_the_room_and_a_shutdown_says_come_back() {
    let server = Server::with_limits(|limits| limits.followers_per_room = 1).await;
    let edge = Edge::open(&server.address).await;
    drop(edge.follow_from(0).await);
    let mut events = within("a free place", async {
        loop {
            let events =
                Events::open_on(RawSocket::connect(&server.address).await, &edge.events(), &server.address)
                    .await;
            if events.response.status == 200 {
                return events;
            }
        }
    })
    .await;
    while events.message().await.get("owner").is_none() {}
    server.manager.shut_down().await;
    events.hears(&json!({"shutdown": 5_000})).await;
    assert_eq!(events.closed().await, 4000);
    edge.send(&edge.events()).await.is_refused(503, "shutting_down");
}

#[tokio::test]
async fn while_it_waits_to_drain_rooms_go_on_and_none_is_opened() {
    let server = Server::start().await;
    let edge = Edge::open(&server.address).await;
    let mut events = edge.follow_from(0).await;
    server.manager.refuse_newcomers();
    assert_eq!(edge.act("a").await, 1);
    events.hears(&json!({"seq": 1, "funcKey": "a"})).await;
    edge.send(&Request::new("POST", &Edge::rooms())).await.is_refused(503, "shutting_down");
    edge.send(&edge.events()).await.is_refused(503, "shutting_down");
    let document = Request::new("HEAD", &format!("{PATH}/openapi.json"));
    assert_eq!(edge.send(&document).await.status, 503, "pages are to go on asking for websockets");
    let close = Request::new("DELETE", &edge.path("")).bearing(&edge.key);
    assert_eq!(edge.send(&close).await.status, 204);
}

#[tokio::test]
async fn whose_body_comes_when_it_is_too_late_is_told_so_and_nothing_is_done() {
    let server = Server::start().await;
    let edge = Edge::open(&server.address).await;
    let create = Request::post(&Edge::rooms(), "application/json", "{}");
    let act = edge.post(&json!({"funcKey": "a"}));
    let mut sockets = [RawSocket::connect(&server.address).await, RawSocket::connect(&server.address).await];
    let requests = [create, act];
    for (request, socket) in requests.iter().zip(&mut sockets) {
        request.send_head_on(socket, &server.address).await;
    }
    server.manager.shut_down().await;
    for (request, socket) in requests.iter().zip(&mut sockets) {
        request.send_body_on(socket).await.is_refused(503, "shutting_down");
    }
    assert_eq!(server.manager.rooms(), 1);
}

#[tokio::test]
async fn what_is_refused_is_counted_once_whichever_way_it_came() {
    let server = Server::with(Settings::default().with(|settings| settings.connections = 0)).await;
    let edge = Edge::open(&server.address).await;
    let before = Scrape::of(&server.address).await;
    edge.send(&Request::new("DELETE", &edge.path("")).bearing("wrong"))
        .await
        .is_refused(403, "wrong_owner_key");
    edge.send(&edge.post(&json!({"funcKey": 1}))).await.is_refused(400, "malformed");
    assert_eq!(edge.send(&edge.post_lines("{}\n{\"funcKey\":\"a\"}\n{}")).await.status, 200);
    edge.send(&edge.events()).await.is_refused(503, "overloaded");
    let after = Scrape::of(&server.address).await;
    for (series, by) in [
        ("rtbroadcaster_refusals_total{code=\"wrong_owner_key\"}", 1.0),
        ("rtbroadcaster_refusals_total{code=\"malformed\"}", 3.0),
        ("rtbroadcaster_handshakes_refused_total{reason=\"full\"}", 1.0),
        ("rtbroadcaster_actions_total", 1.0),
    ] {
        assert_eq!(after.value(series) - before.value(series), by, "{series}");
    }
}
