//! Hand-overs over plain HTTP: who may write, who may ask what, and what a stream is told.

use rtbroadcaster::{Driver, Message, RoomId};
use rtbroadcaster_tests::{Edge, Events, Program, Request, Response, Room, Scrape, Server, until};
use serde_json::{Value, json};

const ANA: &str = "ana-0123456789012345678901";
const BEN: &str = "ben-0123456789012345678901";

/// A request that asks something, without a key.
fn question(edge: &Edge, question: &Value) -> Request {
    Request::post(&edge.path("/requests"), "application/json", &question.to_string())
}

async fn asks(edge: &Edge, key: &str, asked: &Value) -> Response {
    edge.send(&question(edge, asked).bearing(key)).await
}

/// The creator invites the bearer of a key. Returns its seat.
async fn invite(edge: &Edge, key: &str, name: &str) -> u64 {
    let asked = json!({"ask": 4, "invite": {"key": key, "role": "presenter", "name": name}});
    let answer = asks(edge, &edge.key, &asked).await;
    assert_eq!((answer.status, &answer.json()["ask"]), (200, &json!(4)), "{}", answer.body);
    answer.json()["seat"].as_u64().expect("a seat")
}

fn as_guest(edge: &Edge, query: &str) -> Request {
    Request::get(&edge.path(&format!("/events{query}"))).with("Rtbroadcaster-Invite", ANA)
}

fn as_creator(edge: &Edge, query: &str) -> Request {
    Request::get(&edge.path(&format!("/events{query}"))).with("Rtbroadcaster-Owner-Key", &edge.key)
}

fn action(edge: &Edge, action: &Value, key: &str) -> Request {
    edge.post(action).bearing(key)
}

/// The next message that has this field.
async fn hears(events: &mut Events, field: &str) -> Value {
    loop {
        let message = events.message().await;
        if !message[field].is_null() {
            return message;
        }
    }
}

/// Ana follows by a stream, and the creator hands over to her. Returns her stream and her seat.
async fn handed_over(edge: &Edge) -> (Events, u64) {
    let seat = invite(edge, ANA, "Ana").await;
    let mut ana = Events::open(&as_guest(edge, "?session=ana"), &edge.address).await;
    let reply = ana.message().await;
    assert_eq!((&reply["role"], &reply["seat"]), (&json!("presenter"), &json!(seat)));
    assert_eq!(reply["epoch"], Value::Null);
    assert_eq!(edge.act("before").await, 1);
    let passed = edge.send(&edge.post(&json!({"drive": seat}))).await;
    assert_eq!((passed.status, passed.json()), (200, json!({"seq": 2})));
    let entry = hears(&mut ana, "driver").await;
    assert_eq!(entry["driver"], json!({"seat": seat, "name": "Ana", "role": "presenter"}));
    assert_eq!((&entry["seq"], ana.last_id.as_deref()), (&json!(2), Some("2")));
    (ana, seat)
}

#[tokio::test]
async fn a_guest_writes_while_its_seat_may_and_the_owner_is_away_once_its_stream_is_closed() {
    let server = Server::start().await;
    let edge = Edge::open(&server.address).await;
    let (before, _) = handed_over(&edge).await;
    let refused = edge.send(&edge.post(&json!({"funcKey": "creator's"}))).await;
    let error = refused.is_refused(403, "not_owner");
    assert!(
        error["message"].as_str().is_some_and(|it| it.starts_with("somebody else drives now")),
        "{error}"
    );
    let lines = edge.send(&edge.post_lines("{\"funcKey\":\"a\"}\n{\"funcKey\":\"b\"}")).await;
    lines.is_refused(403, "not_owner");

    drop(before);
    let mut ana = Events::open(&as_guest(&edge, "?session=ana&since=2&ack=0"), &edge.address).await;
    let epoch = ana.message().await["epoch"].as_u64().expect("she may write");
    let mut follower = edge.resume("2").await;
    let hers = action(&edge, &json!({"funcKey": "hers"}), ANA);
    assert_eq!(edge.send(&hers).await.json(), json!({"seq": 3}));
    assert_eq!(hears(&mut follower, "funcKey").await["funcKey"], "hers");

    drop(ana);
    assert_eq!(hears(&mut follower, "owner").await["owner"], "away");
    let mut ana = Events::open(&as_guest(&edge, "?session=ana&since=3&ack=0"), &edge.address).await;
    assert!(ana.message().await["epoch"].is_u64(), "the seat has kept the right");
    let back = asks(&edge, &edge.key, &json!({"ask": 7, "takeBack": true})).await;
    assert_eq!(back.json(), json!({"ask": 7, "seq": 4}));
    assert_eq!(hears(&mut ana, "driver").await["driver"], json!({"seat": 0, "role": "creator"}));
    assert_eq!(ana.closed().await, 4005);
    let late = Request::post(
        &edge.path(&format!("/actions?epoch={epoch}")),
        "application/json",
        &json!({"funcKey": "late"}).to_string(),
    );
    edge.send(&late.bearing(ANA)).await.is_refused(403, "not_owner");
    assert_eq!(edge.act("the creator's").await, 5);
}

#[tokio::test]
async fn nothing_behind_a_pass_is_taken_and_a_repeated_post_is_answered_as_it_was() {
    let server = Server::start().await;
    let edge = Edge::open(&server.address).await;
    let seat = invite(&edge, ANA, "Ana").await;
    let _ana = edge.follow(&as_guest(&edge, "")).await;
    let lines = format!("{{\"funcKey\":\"a\"}}\n{{\"drive\":{seat}}}\n{{\"funcKey\":\"b\"}}\n");
    let post = edge.post_lines(&lines).with("Idempotency-Key", "script:1");
    for _ in 0..2 {
        let results = edge.send(&post).await.json()["results"].clone();
        assert_eq!((&results[0]["seq"], &results[1]["seq"]), (&json!(1), &json!(2)));
        assert_eq!((&results[2]["id"], &results[2]["error"]["code"]), (&json!(3), &json!("not_owner")));
    }
    let nobody = action(&edge, &json!({"drive": 4_000_000_000_u64}), ANA);
    edge.send(&nobody).await.is_refused(409, "not_in_room");
}

#[tokio::test]
async fn a_claim_that_takes_nothing_follows_while_a_guest_drives_and_another_one_takes_the_right() {
    let server = Server::start().await;
    let edge = Edge::open(&server.address).await;
    let mut creator = Events::open(&as_creator(&edge, "?drive=false&session=c"), &edge.address).await;
    let reply = creator.message().await;
    assert_eq!((&reply["role"], &reply["seat"]), (&json!("creator"), &json!(0)));
    let epoch = reply["epoch"].as_u64().expect("it may write");
    handed_over(&edge).await;
    assert_eq!(hears(&mut creator, "driver").await["seq"], 2);
    assert_eq!(creator.closed().await, 4005);
    // It goes on right before the entry that ended its turn.
    let query = format!("?drive=false&session=c&epoch={epoch}&ack=0");
    let mut creator = Events::open(&as_creator(&edge, &query), &edge.address).await;
    assert_eq!(creator.message().await["epoch"], Value::Null);
    assert_eq!(
        (&hears(&mut creator, "seq").await["seq"], creator.last_id.as_deref()),
        (&json!(2), Some("2"))
    );
    drop(creator);
    let mut creator = Events::open(&as_creator(&edge, "?drive=true&session=c"), &edge.address).await;
    assert!(creator.message().await["epoch"].is_u64());
    edge.send(&action(&edge, &json!({"funcKey": "hers"}), ANA)).await.is_refused(403, "not_owner");
}

#[tokio::test]
async fn a_follower_asks_for_the_right_to_write_and_who_drives_or_the_creator_refuses() {
    let server = Server::start().await;
    let room = Room::open(&server.address).await;
    let edge = Edge { address: server.address.clone(), uuid: room.uuid, key: room.key, reply: Value::Null };
    let mut owner = room.owner;
    let named = edge.events().with("Rtbroadcaster-Name", "Ben").at(&edge.path("/events?session=ben"));
    let mut ben = Events::open(&named, &edge.address).await;
    let seat = ben.message().await["seat"].clone();
    let request = question(&edge, &json!({"ask": 1, "request": {"key": BEN}}));
    let request = request.with("Rtbroadcaster-Session", "ben");
    for _ in 0..2 {
        assert_eq!(edge.send(&request).await.json(), json!({"ask": 1, "seat": seat}));
    }
    owner.hears(&json!({"request": {"seat": seat, "name": "Ben"}})).await;

    asks(&edge, BEN, &json!({"ask": 2, "refuse": seat})).await.is_refused(403, "wrong_owner_key");
    let refused = asks(&edge, &edge.key, &json!({"ask": 2, "refuse": seat})).await;
    assert_eq!(refused.json(), json!({"ask": 2}));
    owner.send(json!({"id": 1, "drive": seat})).await;
    owner.is_refused("not_in_room").await;

    edge.send(&request).await;
    owner.hears(&json!({"request": {"seat": seat, "name": "Ben"}})).await;
    owner.send(json!({"id": 2, "drive": seat})).await;
    assert_eq!(hears(&mut ben, "driver").await["driver"]["seat"], seat);
    edge.send(&request).await.is_refused(400, "malformed");
    let mine = Request::get(&edge.path("/events?since=1&session=ben")).with("Rtbroadcaster-Invite", BEN);
    assert!(Events::open(&mine, &edge.address).await.message().await["epoch"].is_u64());
}

#[tokio::test]
async fn only_the_creator_manages_and_a_key_that_is_revoked_opens_nothing() {
    let server = Server::start().await;
    let edge = Edge::open(&server.address).await;
    let seat = invite(&edge, ANA, "Ana").await;
    assert_eq!(invite(&edge, ANA, "Ana").await, seat, "a repeated question changes nothing");
    for asked in [
        json!({"ask": 1, "invite": {"key": BEN, "role": "presenter"}}),
        json!({"ask": 1, "revoke": seat}),
        json!({"ask": 1, "refuse": seat}),
        json!({"ask": 1, "takeBack": true}),
    ] {
        asks(&edge, ANA, &asked).await.is_refused(403, "forbidden");
        edge.send(&question(&edge, &asked)).await.is_refused(401, "unauthorized");
    }
    let mut ana = edge.follow(&as_guest(&edge, "")).await;
    assert_eq!(asks(&edge, &edge.key, &json!({"ask": 2, "revoke": seat})).await.json(), json!({"ask": 2}));
    assert_eq!(hears(&mut ana, "revoked").await, json!({"revoked": seat}));
    edge.send(&as_guest(&edge, "")).await.is_refused(403, "wrong_owner_key");
    edge.send(&action(&edge, &json!({"funcKey": "a"}), ANA)).await.is_refused(403, "wrong_owner_key");
    // Her key is none of those that close a room.
    let seat = invite(&edge, BEN, "Ben").await;
    let close = Request::new("DELETE", &edge.path("")).bearing(BEN);
    edge.send(&close).await.is_refused(403, "wrong_owner_key");
    assert!(seat > 0);
}

#[tokio::test]
async fn what_is_no_question_or_no_key_is_malformed() {
    let server = Server::start().await;
    let edge = Edge::open(&server.address).await;
    for asked in [
        json!({"takeBack": true}),
        json!({"ask": 1}),
        json!({"ask": 1, "roster": {}}),
        json!({"ask": 1, "invite": {"key": "short", "role": "presenter"}}),
        json!({"ask": 1, "invite": {"key": format!("{ANA} with a blank"), "role": "presenter"}}),
        json!({"funcKey": "a"}),
    ] {
        asks(&edge, &edge.key, &asked).await.is_refused(400, "malformed");
    }
    edge.send(&as_creator(&edge, "?drive=yes")).await.is_refused(400, "malformed");
    let two = as_creator(&edge, "").with("Rtbroadcaster-Invite", ANA);
    edge.send(&two).await.is_refused(400, "malformed");
}

#[tokio::test]
async fn the_application_knows_who_drives_and_hand_overs_are_counted() {
    let server = Server::with_limits(|limits| limits.request_ms = 100).await;
    let edge = Edge::open(&server.address).await;
    let room = server.manager.room(RoomId::parse(&edge.uuid).expect("a uuid")).expect("it is open");
    assert_eq!(room.driver(), Some(Driver { seat: 0, name: None }));
    let (_ana, seat) = handed_over(&edge).await;
    let driver = Driver { seat: u32::try_from(seat).expect("a seat"), name: Some("Ana".to_owned()) };
    assert_eq!(room.driver(), Some(driver));
    assert_eq!(room.publish(Message::action("the application's", ())).await.expect("it always may"), 3);

    let request = |key: &str| question(&edge, &json!({"ask": 1, "request": {"key": key}}));
    let bens = edge.send(&request(BEN)).await.json()["seat"].clone();
    asks(&edge, &edge.key, &json!({"ask": 2, "refuse": bens})).await;
    edge.send(&request(BEN)).await;
    let requests = |outcome: &str| format!("rtbroadcaster_hand_over_requests_total{{outcome=\"{outcome}\"}}");
    until("the request is over", async || {
        let unanswered = Scrape::of(&server.address).await.value(&requests("unanswered"));
        (unanswered == 1.0).then_some(())
    })
    .await;
    let bens_new = edge.send(&request(BEN)).await.json()["seat"].clone();
    let pass = json!({"drive": bens_new});
    assert_eq!(edge.send(&action(&edge, &pass, ANA)).await.status, 200);
    let scrape = Scrape::of(&server.address).await;
    assert_eq!(scrape.value("rtbroadcaster_hand_overs_total"), 2.0);
    assert_eq!(["accepted", "refused"].map(|outcome| scrape.value(&requests(outcome))), [1.0, 1.0]);
}

#[tokio::test]
async fn the_administration_shows_who_drives() {
    let mut command = Program::command();
    command.args(["--listen", "127.0.0.1:0"]);
    command.env("RTBROADCASTER_ADMIN_TOKEN", "a-token-of-the-administration");
    let program = Program::listening(command).await;
    let edge = Edge::open(&program.address).await;
    let shown = async || {
        let path = format!("/admin/rooms/{}", edge.uuid);
        let request = Request::get(&path).bearing("a-token-of-the-administration");
        let room = request.send(&program.address).await.json();
        (room["driver"].clone(), room["members"].clone())
    };
    assert_eq!(shown().await, (json!({"seat": 0}), json!(0)));
    let (_ana, seat) = handed_over(&edge).await;
    assert_eq!(shown().await, (json!({"seat": seat, "name": "Ana"}), json!(1)));
}

/// G9 of `members-per-room` and `requests-per-room`.
#[tokio::test]
async fn a_room_has_no_more_members_and_requests_than_it_may_have() {
    let server =
        Server::with_limits(|limits| (limits.members_per_room, limits.requests_per_room) = (1, 0)).await;
    let edge = Edge::open(&server.address).await;
    invite(&edge, ANA, "Ana").await;
    let another = json!({"ask": 1, "invite": {"key": BEN, "role": "presenter"}});
    asks(&edge, &edge.key, &another).await.is_refused(503, "room_full");
    let request = question(&edge, &json!({"ask": 1, "request": {"key": BEN}}));
    edge.send(&request).await.is_refused(403, "forbidden");
}
