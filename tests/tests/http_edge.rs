//! The rooms over plain HTTP: opening, acting, closing, and following by server-sent events.

use rtbroadcaster_tests::{Client, Edge, PATH, Request, Room, Server, message};
use serde_json::{Value, json};

#[tokio::test]
async fn a_room_is_opened_with_all_that_its_owner_needs() {
    let server = Server::start().await;
    let response = Request::new("POST", &Edge::rooms()).send(&server.address).await;
    assert_eq!(response.status, 201);
    assert_eq!(response.header("cache-control"), Some("no-store"));
    let reply = response.json();
    let uuid = reply["uuid"].as_str().expect("a uuid");
    assert_eq!(response.header("location"), Some(format!("rooms/{uuid}").as_str()));
    assert_eq!(reply["ownerKey"].as_str().map(str::len), Some(48));
    assert_eq!(reply["limits"]["messageBytes"], 65_536);
    assert_eq!((&reply["seq"], &reply["epoch"]), (&json!(0), &json!(1)));
    assert_eq!(server.manager.rooms(), 1);
}

#[tokio::test]
async fn what_is_posted_reaches_followers_of_both_kinds_in_one_order() {
    let server = Server::start().await;
    let edge = Edge::open(&server.address).await;
    let mut events = edge.follow_from(0).await;
    let mut client = Client::connect(&server.address).await;
    client.send(message::session_join(&edge.uuid)).await;
    assert_eq!(client.next().await["seq"], 0);
    client.hears(&json!({"synced": 0})).await;
    client.hears(&json!({"owner": "away"})).await;

    let one = json!({"funcKey": "say", "funcParams": ["hello", 1.50], "slot": "title"});
    let answer = edge.send(&edge.post(&one)).await;
    assert_eq!((answer.status, answer.json()), (200, json!({"seq": 1})));
    let lines = "{\"funcKey\":\"b\"}\n\n{\"clear\":\"title\"}\n";
    let answer = edge.send(&edge.post_lines(lines)).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.json(), json!({"results": [{"line": 1, "seq": 2}, {"line": 3, "seq": 3}]}));

    let expected = [
        json!({"seq": 1, "funcKey": "say", "funcParams": ["hello", 1.5], "stateMessage": true, "slot": "title"}),
        json!({"seq": 2, "funcKey": "b"}),
        json!({"seq": 3, "clear": "title"}),
    ];
    for message in &expected {
        events.hears(message).await;
        client.hears(message).await;
    }
    assert_eq!(events.last_id.as_deref(), Some("3"));
    client.hears_nothing().await;
}

#[tokio::test]
async fn joining_is_the_reply_the_retained_state_and_what_comes_next() {
    let server = Server::start().await;
    let edge = Edge::open(&server.address).await;
    edge.send(&edge.post(&json!({"funcKey": "a", "stateMessage": true}))).await;
    edge.act("gone by").await;
    let mut events = edge.follow(&edge.events()).await;
    events.hears(&json!({"seq": 1, "funcKey": "a", "stateMessage": true})).await;
    assert_eq!(events.last_id, None, "half of the retained state is nothing to go on from");
    events.hears(&json!({"synced": 2})).await;
    assert_eq!(events.last_id.as_deref(), Some("2"));
    events.hears(&json!({"owner": "away"})).await;
    edge.act("live").await;
    events.hears(&json!({"seq": 3, "funcKey": "live"})).await;
    assert_eq!(events.response.header("x-accel-buffering"), Some("no"));
    assert_eq!(events.response.header("cache-control"), Some("no-store, no-transform"));
}

/// G3: each action arrives once, however often and wherever the follower is cut off.
#[tokio::test]
async fn a_client_that_comes_back_with_the_last_event_id_gets_every_action_once() {
    let server = Server::start().await;
    let edge = Edge::open(&server.address).await;
    let mut events = edge.follow_from(0).await;
    let mut seen = Vec::new();
    for round in 0..20_u64 {
        for _ in 0..=round {
            edge.act("act").await;
        }
        // Some actions are unread when the connection is cut.
        for _ in 0..=(round / 2) {
            seen.push(events.seq().await);
        }
        let last_id = events.last_id.clone().expect("an id");
        drop(events);
        events = edge.resume(&last_id).await;
    }
    let head = edge.act("last").await;
    while seen.last() != Some(&head) {
        seen.push(events.seq().await);
    }
    assert_eq!(seen, (1..=head).collect::<Vec<_>>());
}

/// G4: no silent gap.
#[tokio::test]
async fn a_client_that_comes_back_too_late_is_told_and_gets_the_retained_state_first() {
    let server = Server::with_limits(|limits| limits.ring_actions = 4).await;
    let edge = Edge::open(&server.address).await;
    edge.send(&edge.post(&json!({"funcKey": "kept", "stateMessage": true}))).await;
    for _ in 0..9 {
        edge.act("act").await;
    }
    for since in ["1", "5", "11"] {
        let mut events = edge.resume(since).await;
        events.hears(&json!({"resync": true, "seq": 10})).await;
        events.hears(&json!({"seq": 1, "funcKey": "kept", "stateMessage": true})).await;
        assert_eq!(events.last_id.as_deref(), Some(since));
        events.hears(&json!({"synced": 10})).await;
        assert_eq!(events.last_id.as_deref(), Some("10"));
    }
    let mut events = edge.follow(&Request::get(&edge.path("/events?since=9"))).await;
    events.hears(&json!({"seq": 10, "funcKey": "act"})).await;
}

#[tokio::test]
async fn a_bad_line_keeps_no_other_out_and_says_what_is_wrong_with_it() {
    let server = Server::start().await;
    let edge = Edge::open(&server.address).await;
    let lines =
        "{\"funcKey\":\"a\"}\n{\"funcKey\":\n{\"funcKey\":\"b\",\"funcParams\":{}}\n{\"funcKey\":\"c\"}";
    let answer = edge.send(&edge.post_lines(lines).with("Idempotency-Key", "script:7")).await;
    assert_eq!(answer.status, 200);
    let results = answer.json()["results"].clone();
    let outcome =
        |line: usize| (results[line]["id"].as_u64(), &results[line]["seq"], &results[line]["error"]["code"]);
    assert_eq!(outcome(0), (Some(7), &json!(1), &Value::Null));
    assert_eq!(outcome(1), (Some(8), &Value::Null, &json!("malformed")));
    assert_eq!(outcome(2), (Some(9), &Value::Null, &json!("malformed")));
    assert_eq!(outcome(3), (Some(10), &json!(2), &Value::Null));
    assert!(results[2]["error"]["message"].as_str().is_some_and(|message| message.contains("funcParams")));
    let mut events = edge.follow(&Request::get(&edge.path("/events?since=0"))).await;
    events.hears(&json!({"seq": 1, "funcKey": "a"})).await;
    events.hears(&json!({"seq": 2, "funcKey": "c"})).await;
}

#[tokio::test]
async fn a_post_that_is_repeated_appends_nothing_and_is_answered_as_before() {
    let server = Server::start().await;
    let edge = Edge::open(&server.address).await;
    let lines = "{\"funcKey\":\"a\"}\n{}\n{\"funcKey\":\"b\"}";
    let several = edge.post_lines(lines).with("Idempotency-Key", "script:1");
    let one = edge.post(&json!({"funcKey": "c"})).with("Idempotency-Key", "script:4");
    let wrong = edge.post(&json!({"funcKey": 7})).with("Idempotency-Key", "script:5");
    let first = [edge.send(&several).await, edge.send(&one).await, edge.send(&wrong).await];
    assert_eq!(first[1].json(), json!({"seq": 3, "id": 4}));
    first[2].is_refused(400, "malformed");
    for _ in 0..3 {
        for (request, first) in [&several, &one, &wrong].into_iter().zip(&first) {
            let again = edge.send(request).await;
            assert_eq!((again.status, again.body.as_str()), (first.status, first.body.as_str()));
        }
    }
    // An id that was never sent cannot be judged if it is below one that was answered.
    let late = edge.post(&json!({"funcKey": "d"})).with("Idempotency-Key", "other:5");
    edge.send(&late).await;
    edge.send(&late.with("Idempotency-Key", "other:2")).await.is_refused(409, "stale_id");
    assert_eq!(edge.act("last").await, 5);
}

#[tokio::test]
async fn a_room_that_was_claimed_since_is_not_closed_for_a_former_claim() {
    let server = Server::start().await;
    let edge = Edge::open(&server.address).await;
    let claim = Request::get(&edge.path("/events?session=later")).with("Rtbroadcaster-Owner-Key", &edge.key);
    let _owner = edge.follow(&claim).await;
    let close = |query: &str| Request::new("DELETE", &edge.path(query)).bearing(&edge.key);
    edge.send(&close("?epoch=1")).await.is_refused(409, "superseded");
    edge.send(&close("?epoch=x")).await.is_refused(400, "malformed");
    assert_eq!(edge.act("still there").await, 1);
    assert_eq!(edge.send(&close("?epoch=2")).await.status, 204);
    assert_eq!(server.manager.rooms(), 0);
}

#[tokio::test]
async fn a_post_is_no_claim_and_an_owners_page_goes_on() {
    let server = Server::start().await;
    let mut room = Room::open(&server.address).await;
    let mut follower = room.join_synced(0).await;
    let edge = Edge {
        address: server.address.clone(),
        uuid: room.uuid.clone(),
        key: room.key.clone(),
        reply: Value::Null,
    };
    assert_eq!(edge.act("posted").await, 1);
    follower.hears(&json!({"seq": 1, "funcKey": "posted"})).await;
    room.owner.send(message::numbered(1, "said")).await;
    room.owner.hears(&json!({"ack": 1, "seq": 2})).await;
    follower.hears(&json!({"seq": 2, "funcKey": "said"})).await;
    // The page's own session may post too, after its websocket has failed.
    let again = edge.post(&json!({"funcKey": "said"})).with("Idempotency-Key", "first:1");
    assert_eq!(edge.send(&again).await.json(), json!({"seq": 2, "id": 1}));
    follower.hears_nothing().await;
    let stale = Request::post(&edge.path("/actions?epoch=2"), "application/json", r#"{"funcKey":"a"}"#);
    edge.send(&stale.bearing(&edge.key)).await.is_refused(409, "superseded");
}

/// G7: closing is final.
#[tokio::test]
async fn closing_is_heard_once_by_everybody_and_the_room_is_unknown_then() {
    let server = Server::start().await;
    let edge = Edge::open(&server.address).await;
    let mut events = edge.follow_from(0).await;
    edge.act("before").await;
    let close = Request::new("DELETE", &edge.path("")).bearing(&edge.key);
    let answer = edge.send(&close).await;
    assert_eq!((answer.status, answer.body.as_str()), (204, ""));
    events.hears(&json!({"seq": 1, "funcKey": "before"})).await;
    events.hears(&json!({"status": {"value": 0, "text": "not connected"}})).await;
    assert_eq!(events.closed().await, 4500);
    edge.send(&close).await.is_refused(404, "unknown_room");
    edge.send(&edge.events()).await.is_refused(404, "unknown_room");
    edge.send(&edge.post(&json!({"funcKey": "a"}))).await.is_refused(404, "unknown_room");
    assert_eq!(server.manager.rooms(), 0);
}

#[tokio::test]
async fn a_client_without_the_owner_key_changes_nothing() {
    let server = Server::start().await;
    let (edge, other) = (Edge::open(&server.address).await, Edge::open(&server.address).await);
    for (path, method) in [("", "DELETE"), ("/actions", "POST")] {
        let request = if method == "POST" {
            Request::post(&edge.path(path), "application/json", r#"{"funcKey":"a"}"#)
        } else {
            Request::new(method, &edge.path(path))
        };
        let answer = edge.send(&request).await;
        answer.is_refused(401, "unauthorized");
        assert_eq!(answer.header("www-authenticate"), Some("bearer"));
        edge.send(&request.clone().bearing(&other.key)).await.is_refused(403, "wrong_owner_key");
        edge.send(&request.with("Authorization", "Basic a2V5")).await.is_refused(401, "unauthorized");
    }
    assert_eq!(edge.act("first").await, 1);
}

#[tokio::test]
async fn what_the_room_refuses_has_a_status_that_says_whose_fault_it_is() {
    let server = Server::with_limits(|limits| limits.slots_per_room = 1).await;
    let edge = Edge::open(&server.address).await;
    let state = |slot: &str| edge.post(&json!({"funcKey": "a", "slot": slot}));
    assert_eq!(edge.send(&state("one")).await.status, 200);
    edge.send(&state("two")).await.is_refused(409, "too_many_slots");
    let large = json!({"funcKey": "a", "funcParams": ["x".repeat(70_000)]});
    edge.send(&edge.post(&large)).await.is_refused(413, "message_too_large");
    edge.send(&edge.post(&json!({"ping": 1}))).await.is_refused(400, "malformed");
    edge.send(&edge.post_lines("").with("Idempotency-Key", "no id")).await.is_refused(400, "malformed");
    let form = Request::post(&edge.path("/actions"), "text/plain", "{}").bearing(&edge.key);
    edge.send(&form).await.is_refused(415, "unsupported_media_type");
    edge.send(&edge.events().with("Last-Event-ID", "x")).await.is_refused(400, "malformed");
    edge.send(&Request::get(&edge.path("/events?since=-1"))).await.is_refused(400, "malformed");
    edge.send(&Request::get(&format!("{PATH}/rooms/nonsense/events"))).await.is_refused(404, "unknown_room");
    let put = edge.send(&Request::new("PUT", &edge.path("/actions"))).await;
    put.is_refused(405, "method_not_allowed");
    assert_eq!(put.header("allow"), Some("post, options"));
    for nothing in ["/rooms/", "/rooms/a/b", "/rooms/a/events/b"] {
        assert_eq!(edge.send(&Request::get(&format!("{PATH}{nothing}"))).await.status, 404, "{nothing}");
    }
}

#[tokio::test]
async fn an_owners_page_without_a_websocket_claims_the_room_by_its_stream() {
    let server = Server::start().await;
    let mut room = Room::open(&server.address).await;
    let edge = Edge {
        address: server.address.clone(),
        uuid: room.uuid.clone(),
        key: room.key.clone(),
        reply: Value::Null,
    };
    let claim = |session: &str| {
        Request::get(&edge.path(&format!("/events?session={session}")))
            .with("Rtbroadcaster-Owner-Key", &edge.key)
    };
    let mut events = edge.follow(&claim("page")).await;
    assert_eq!(room.owner.closed().await, 4502);
    events.hears(&json!({"synced": 0})).await;
    let post = edge.post(&json!({"funcKey": "a"})).with("Idempotency-Key", "page:1");
    assert_eq!(edge.send(&post).await.json(), json!({"seq": 1, "id": 1}));
    let mut later = edge.follow(&claim("later")).await;
    later.hears(&json!({"synced": 1})).await;
    assert_eq!(events.closed().await, 4502);
    let wrong = claim("page").with("Rtbroadcaster-Owner-Key", "wrong");
    edge.send(&wrong).await.is_refused(403, "wrong_owner_key");
}
