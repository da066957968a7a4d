//! Who is there: in random worlds, and over real sockets. `cargo xtask sim --people` plays more of
//! the worlds, or one again.

use std::path::PathBuf;

use rtbroadcaster_tests::sim::people::People;
use rtbroadcaster_tests::sim::small::{check, seeds_are_always_the_same_run};
use rtbroadcaster_tests::{
    Client, Edge, Events, HOW_MUCH, Program, Request, Room, Scrape, Server, Signer, message, metrics_change,
    seconds_from_now,
};
use serde_json::{Value, json};

/// How many programs every test run plays.
const CASES: u64 = 1_500;

#[test]
fn p1_to_p4_hold() {
    check::<People>(0..CASES).unwrap();
}

#[test]
fn a_seed_is_always_the_same_run() {
    seeds_are_always_the_same_run::<People>();
}

/// Joins with these fields. Returns the follower and its seat.
async fn join(address: &str, uuid: &str, fields: &Value) -> (Client, Value) {
    let mut follower = Client::connect(address).await;
    let mut join = message::session_join(uuid);
    join.as_object_mut().expect("an object").extend(fields.as_object().expect("an object").clone());
    follower.send(join).await;
    let seat = follower.next().await["seat"].clone();
    (follower, seat)
}

/// Asks who is there.
async fn ask(client: &mut Client, query: &Value) -> Value {
    client.send(json!({"ask": 7, "roster": query})).await;
    hears(client, "ask").await
}

/// The next message that has this field, or that refuses a question.
async fn hears(client: &mut Client, field: &str) -> Value {
    loop {
        let message = client.next().await;
        if !message[field].is_null() || !message["error"]["ask"].is_null() {
            return message;
        }
    }
}

fn person(seat: &Value, name: &str) -> Value {
    json!({"seat": seat, "name": name, "role": "follower"})
}

#[tokio::test]
async fn the_owner_is_told_who_is_there_and_who_comes_and_goes() {
    let server = Server::start().await;
    let mut room = Room::open(&server.address).await;
    let (_ben, ben) = join(&server.address, &room.uuid, &json!({"name": "Ben"})).await;
    let (_silent, none) = join(&server.address, &room.uuid, &json!({"session": "s"})).await;
    assert_eq!((ben.is_u64(), none), (true, Value::Null));
    let page = ask(&mut room.owner, &json!({})).await;
    assert_eq!(page, json!({"ask": 7, "roster": [person(&ben, "Ben")], "next": 0, "named": 1}));
    let (ana_client, ana) = join(&server.address, &room.uuid, &json!({"name": "Ana"})).await;
    let news = hears(&mut room.owner, "came").await;
    assert_eq!(news, json!({"came": [person(&ana, "Ana")], "went": [], "more": 0}));
    drop(ana_client);
    let news = hears(&mut room.owner, "came").await;
    assert_eq!(news, json!({"came": [], "went": [ana], "more": 0}));
}

#[tokio::test]
async fn a_page_that_comes_back_has_its_seat_over_websockets_and_http() {
    let server = Server::start().await;
    let edge = Edge::open(&server.address).await;
    let fields = json!({"name": "Ana Ä", "session": "a"});
    let (follower, seat) = join(&server.address, &edge.uuid, &fields).await;
    drop(follower);
    let path = edge.path("/events?session=a");
    let events = Request::get(&path).with("Rtbroadcaster-Name", "Ana%20%C3%84");
    let mut events = Events::open(&events, &server.address).await;
    assert_eq!(events.message().await["seat"], seat);
    let roster = Request::get(&edge.path("/roster")).bearing(&edge.key);
    let told = json!({"roster": [person(&seat, "Ana Ä")], "next": 0, "named": 1});
    assert_eq!(edge.send(&roster).await.json(), told);
    let none = Request::get(&path).with("Rtbroadcaster-Name", "%20");
    none.send(&server.address).await.is_refused(400, "malformed");
}

/// G9 of `roster-shared`, `roster-page` and `name-bytes`.
#[tokio::test]
async fn followers_see_each_other_if_the_owner_shares_it_as_long_as_they_are_few() {
    let server = Server::with_limits(|limits| {
        (limits.roster_shared, limits.roster_page, limits.name_bytes) = (2, 1, 4);
    })
    .await;
    let mut owner = Client::connect(&server.address).await;
    owner.send(json!({"status": {"value": 1}, "v": 2, "shareRoster": true})).await;
    let uuid = owner.next().await["uuid"].as_str().expect("a uuid").to_owned();
    let (mut ben, _) = join(&server.address, &uuid, &json!({"name": "Ben"})).await;
    let (_ana, _) = join(&server.address, &uuid, &json!({"name": "Ana"})).await;
    let first = ask(&mut ben, &json!({"limit": 9})).await;
    let second = ask(&mut ben, &json!({"after": first["next"]})).await;
    assert_eq!((&first["named"], &second["next"]), (&json!(2), &json!(0)));
    let mut names = [&first, &second].map(|page| page["roster"][0]["name"].as_str().expect("a name"));
    names.sort_unstable();
    assert_eq!(names, ["Ana", "Ben"]);
    let (_dan, _) = join(&server.address, &uuid, &json!({"name": "Dan"})).await;
    assert_eq!(hears(&mut ben, "came").await, json!({"came": [], "went": [], "more": 1}));
    let hidden = ask(&mut ben, &json!({})).await;
    assert_eq!(hidden, json!({"ask": 7, "roster": [], "next": 0, "named": 3}));
    let mut long = Client::connect(&server.address).await;
    let mut join = message::session_join(&uuid);
    join["name"] = json!("Clara");
    long.send(join).await;
    long.is_refused("malformed").await;
}

#[tokio::test]
async fn questions_are_counted_by_their_outcome() {
    let server = Server::start().await;
    let mut room = Room::open(&server.address).await;
    let (mut ben, _) = join(&server.address, &room.uuid, &json!({"name": "Ben"})).await;
    hears(&mut ben, "synced").await;
    let before = Scrape::of(&server.address).await;
    assert_eq!(ask(&mut ben, &json!({})).await["error"]["code"], "forbidden");
    let mut told = 0.0;
    let refused = loop {
        let answer = ask(&mut room.owner, &json!({})).await;
        if !answer["error"].is_null() {
            break answer;
        }
        told += 1.0;
    };
    assert_eq!(refused["error"]["code"], "rate_limited");
    let counted = [
        ("rtbroadcaster_roster_asked_total{outcome=\"told\"}", told),
        ("rtbroadcaster_roster_asked_total{outcome=\"forbidden\"}", 1.0),
        ("rtbroadcaster_roster_asked_total{outcome=\"rate_limited\"}", 1.0),
        ("rtbroadcaster_refusals_total{code=\"forbidden\"}", 1.0),
        ("rtbroadcaster_refusals_total{code=\"rate_limited\"}", 1.0),
    ];
    metrics_change(&server.address, &before, HOW_MUCH, &counted).await;
}

#[tokio::test]
async fn the_name_of_a_token_is_verified_and_names_are_in_no_log() {
    const SECRET: &str = "a-secret-of-the-tests-that-is-long-enough";
    let log = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("roster.log");
    let mut command = Program::command();
    command.args(["--listen", "127.0.0.1:0", "--log", "trace", "--joins", "token"]);
    command.env("RTBROADCASTER_JWT_SECRET", SECRET);
    let mut program = Program::logging(command, &log).await;
    let mut room = Room::open(&program.address).await;
    let claims = json!({"exp": seconds_from_now(600), "join": true, "name": "Dr. Benedict"});
    let token = Signer::hs256(SECRET).sign(&claims);
    let fields = json!({"name": "Clara", "token": token});
    let (_ben, seat) = join(&program.address, &room.uuid, &fields).await;
    let page = ask(&mut room.owner, &json!({})).await;
    let mut expected = person(&seat, "Dr. Benedict");
    expected["verified"] = json!(true);
    assert_eq!(page["roster"], json!([expected]));
    program.signal("TERM").await;
    program.exit_code().await;
    let log = std::fs::read_to_string(&log).expect("a log");
    assert!(!log.is_empty() && !log.contains("Benedict") && !log.contains("Clara"), "{log}");
}

#[tokio::test]
async fn after_a_kill_the_pages_come_back_with_their_names_and_nothing_of_them_is_stored() {
    let data = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("roster");
    drop(std::fs::remove_dir_all(&data));
    let serve = || async { Program::start(&["--data", data.to_str().expect("UTF-8")]).await };
    let mut program = serve().await;
    let mut room = Room::open(&program.address).await;
    let fields = json!({"name": "Benedict", "session": "s"});
    let (_ben, _) = join(&program.address, &room.uuid, &fields).await;
    assert_eq!(ask(&mut room.owner, &json!({})).await["named"], 1);
    program.signal("KILL").await;
    program.exit_code().await;
    for file in std::fs::read_dir(&data).expect("the directory of the store") {
        let bytes = std::fs::read(file.expect("a file").path()).expect("a file of the store");
        assert!(!bytes.windows(8).any(|part| part == b"Benedict"));
    }
    let program = serve().await;
    let (mut owner, _) = room.claim_at(&program.address, "first").await;
    assert_eq!(ask(&mut owner, &json!({})).await["named"], 0);
    let (_ben, seat) = join(&program.address, &room.uuid, &fields).await;
    assert_eq!(hears(&mut owner, "came").await["came"], json!([person(&seat, "Benedict")]));
    drop(program);
    drop(std::fs::remove_dir_all(&data));
}

#[tokio::test]
async fn the_administration_shows_how_many_are_named() {
    const TOKEN: &str = "the-token-of-the-administration";
    let mut command = Program::command();
    command.args(["--listen", "127.0.0.1:0"]).env("RTBROADCASTER_ADMIN_TOKEN", TOKEN);
    let program = Program::listening(command).await;
    let room = Room::open(&program.address).await;
    let (_ben, _) = join(&program.address, &room.uuid, &json!({"name": "Benedict"})).await;
    let rooms = Request::get("/admin/rooms").bearing(TOKEN).send(&program.address).await;
    assert_eq!(rooms.json()["rooms"][0]["named"], 1);
    assert!(!rooms.body.contains("Benedict"), "who they are is the room's matter");
}
