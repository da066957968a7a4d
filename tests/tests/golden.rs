//! All messages of the server, byte for byte: a change of the wire shows here first.
//!
//! `UPDATE_GOLDEN=1 cargo test -p rtbroadcaster-tests --test golden` writes the files again. Read
//! the output of `git diff` before you commit them.

use rtbroadcaster_tests::{Client, Server, Transcript};
use serde_json::Value;

/// A text field of a reply.
fn field(reply: &str, name: &str) -> String {
    let reply: Value = serde_json::from_str(reply).expect("json");
    reply[name].as_str().expect("the reply has this field").to_owned()
}

fn time_of(message: &str) -> u64 {
    let message: Value = serde_json::from_str(message).expect("json");
    message["time"].as_u64().expect("the message has a time")
}

#[tokio::test]
async fn a_conversation_with_the_originals_clients() {
    let server = Server::start().await;
    let mut talk = Transcript::default();

    talk.title("the reply to create");
    let owner = &mut Client::connect(&server.address).await;
    talk.says("owner", owner, r#"{"status":{"value":1}}"#).await;
    let uuid = field(&talk.hears("owner", owner).await, "uuid");

    talk.title("the reply to join");
    let follower = &mut Client::connect(&server.address).await;
    let join = format!(r#"{{"uuid":"{uuid}","status":{{"value":2}}}}"#);
    talk.says("follower", follower, &join).await;
    talk.hears("follower", follower).await;

    talk.title("actions");
    talk.says("owner", owner, r#"{"status":{"value":3},"funcKey":"go","funcParams":["3", 1.0]}"#).await;
    talk.hears("follower", follower).await;
    talk.says("owner", owner, r#"{"status":{"value":3},"funcKey":"draw","stateMessage":true}"#).await;
    talk.hears("follower", follower).await;

    talk.title("the retained state");
    let late = &mut Client::connect(&server.address).await;
    talk.says("late", late, &join).await;
    talk.hears("late", late).await;
    talk.hears("late", late).await;

    talk.title("a refusal, and those that end the connection");
    talk.says("late", late, r#"{"status":{"value":3},"funcKey":"go"}"#).await;
    talk.hears("late", late).await;
    let lost = &mut Client::connect(&server.address).await;
    talk.says("lost", lost, r#"{"uuid":"nonsense","status":{"value":2}}"#).await;
    talk.hears("lost", lost).await;
    talk.closes("lost", lost).await;

    talk.title("a follower leaves");
    talk.says("late", late, r#"{"status":{"value":4}}"#).await;
    talk.hears("late", late).await;
    talk.closes("late", late).await;

    talk.title("the owner closes the room");
    talk.says("owner", owner, r#"{"status":{"value":4}}"#).await;
    for (who, client) in [("owner", owner), ("follower", follower)] {
        talk.hears(who, client).await;
        talk.closes(who, client).await;
    }
    talk.matches("original.txt", &[(&uuid, "ROOM")]);
}

#[tokio::test]
async fn a_conversation_with_clients_that_speak_session_fields() {
    let server = Server::with_limits(|limits| limits.ring_actions = 4).await;
    let mut talk = Transcript::default();

    talk.title("the reply to create");
    let owner = &mut Client::connect(&server.address).await;
    talk.says("owner", owner, r#"{"status":{"value":1},"v":2,"session":"first"}"#).await;
    let reply = talk.hears("owner", owner).await;
    let (uuid, key) = (field(&reply, "uuid"), field(&reply, "ownerKey"));

    talk.title("the reply to join, and the end of an empty snapshot");
    let follower = &mut Client::connect(&server.address).await;
    let join = format!(r#"{{"uuid":"{uuid}","status":{{"value":2}},"v":2}}"#);
    talk.says("follower", follower, &join).await;
    talk.hears("follower", follower).await;
    talk.hears("follower", follower).await;

    actions(&mut talk, owner, follower).await;

    talk.title("the retained state");
    let late = &mut Client::connect(&server.address).await;
    talk.says("late", late, &join).await;
    for _ in 0..4 {
        talk.hears("late", late).await;
    }

    talk.title("the state in place of what was missed");
    let slow = &mut Client::connect(&server.address).await;
    talk.says("slow", slow, format!(r#"{{"uuid":"{uuid}","status":{{"value":2}},"v":2,"since":0}}"#)).await;
    for _ in 0..5 {
        talk.hears("slow", slow).await;
    }

    talk.title("a refusal");
    talk.says("late", late, r#"{"id":1,"funcKey":"go"}"#).await;
    talk.hears("late", late).await;

    talk.title("a newer claim of ownership: the former owner is fenced off");
    let claimant = &mut Client::connect(&server.address).await;
    let claim = format!(r#"{{"uuid":"{uuid}","status":{{"value":2}},"v":2,"ownerKey":"{key}","session":"#);
    talk.says("claimant", claimant, format!(r#"{claim}"first"}}"#)).await;
    talk.hears("claimant", claimant).await;
    talk.closes("owner", owner).await;

    talk.title("the owner goes away and comes back with a new session");
    drop(std::mem::replace(claimant, Client::connect(&server.address).await));
    talk.hears("follower", follower).await;
    talk.says("claimant", claimant, format!(r#"{claim}"second"}}"#)).await;
    for _ in 0..4 {
        talk.hears("claimant", claimant).await;
    }
    talk.hears("follower", follower).await;

    talk.title("the owner closes the room");
    talk.says("claimant", claimant, r#"{"status":{"value":4}}"#).await;
    for (who, client) in [("claimant", claimant), ("follower", follower)] {
        talk.hears(who, client).await;
        talk.closes(who, client).await;
    }
    talk.matches("session.txt", &[(&uuid, "ROOM"), (&key, "KEY")]);
}

#[tokio::test]
async fn a_conversation_about_a_room_with_a_short_code() {
    let server = Server::start().await;
    let mut talk = Transcript::default();

    talk.title("the reply to create");
    let owner = &mut Client::connect(&server.address).await;
    talk.says("owner", owner, r#"{"status":{"value":1},"v":2,"session":"first","code":true}"#).await;
    let reply = talk.hears("owner", owner).await;
    let (uuid, key, code) = (field(&reply, "uuid"), field(&reply, "ownerKey"), field(&reply, "code"));

    talk.title("a join by the code: the reply has the uuid");
    let follower = &mut Client::connect(&server.address).await;
    let join = format!(r#"{{"uuid":"{code}","status":{{"value":2}},"v":2}}"#);
    talk.says("follower", follower, &join).await;
    talk.hears("follower", follower).await;
    talk.hears("follower", follower).await;

    talk.title("a claim by the uuid: each reply of the room has the code");
    let claimant = &mut Client::connect(&server.address).await;
    let claim =
        format!(r#"{{"uuid":"{uuid}","status":{{"value":2}},"v":2,"ownerKey":"{key}","session":"first"}}"#);
    talk.says("claimant", claimant, claim).await;
    talk.hears("claimant", claimant).await;

    talk.title("a code that stands for no room");
    let lost = &mut Client::connect(&server.address).await;
    talk.says("lost", lost, r#"{"uuid":"333333","status":{"value":2},"v":2}"#).await;
    talk.hears("lost", lost).await;
    talk.closes("lost", lost).await;
    talk.matches("code.txt", &[(&uuid, "ROOM"), (&key, "KEY"), (&code, "CODE")]);
}

#[tokio::test]
async fn a_conversation_about_moments() {
    let server = Server::start().await;
    let mut talk = Transcript::default();

    talk.title("the reply to create: the server's time, because the owner has asked for it");
    let owner = &mut Client::connect(&server.address).await;
    talk.says("owner", owner, r#"{"status":{"value":1},"v":2,"session":"first","clock":true}"#).await;
    let reply = talk.hears("owner", owner).await;
    let (uuid, key, time) = (field(&reply, "uuid"), field(&reply, "ownerKey"), time_of(&reply));

    talk.title("an action with a moment, retained, and one in the past");
    let at = time + 5_000;
    let act = format!(r#"{{"id":1,"funcKey":"flash","stateMessage":true,"at":{at}}}"#);
    talk.says("owner", owner, act).await;
    talk.hears("owner", owner).await;
    talk.says("owner", owner, r#"{"id":2,"funcKey":"go","at":7}"#).await;
    talk.hears("owner", owner).await;

    talk.title("an action whose moment is too far ahead");
    talk.says("owner", owner, r#"{"id":3,"funcKey":"go","at":9007199254740991}"#).await;
    talk.hears("owner", owner).await;

    talk.title("a join: the room's pages are to know the clock");
    let follower = &mut Client::connect(&server.address).await;
    let join = format!(r#"{{"uuid":"{uuid}","status":{{"value":2}},"v":2}}"#);
    talk.says("follower", follower, &join).await;
    for _ in 0..3 {
        talk.hears("follower", follower).await;
    }

    talk.title("the time, only when asked");
    talk.says("follower", follower, r#"{"ping":6}"#).await;
    talk.hears("follower", follower).await;
    talk.says("follower", follower, r#"{"ping":7,"time":true}"#).await;
    let now = time_of(&talk.hears("follower", follower).await);
    let [at, now, time] = [at, now, time].map(|time| time.to_string());
    let names = [(&*uuid, "ROOM"), (&key, "KEY"), (&at, "AT"), (&now, "NOW"), (&time, "TIME")];
    talk.matches("moment.txt", &names);
}

#[tokio::test]
async fn a_conversation_about_who_is_there() {
    let server = Server::start().await;
    let mut talk = Transcript::default();

    talk.title("the reply to create");
    let owner = &mut Client::connect(&server.address).await;
    talk.says("owner", owner, r#"{"status":{"value":1},"v":2,"session":"first"}"#).await;
    let reply = talk.hears("owner", owner).await;
    let (uuid, key) = (field(&reply, "uuid"), field(&reply, "ownerKey"));

    talk.title("a join with a name: the reply has the seat");
    let ben = &mut Client::connect(&server.address).await;
    let join = format!(r#"{{"uuid":"{uuid}","status":{{"value":2}},"v":2,"session":"second","name":"Ben"}}"#);
    talk.says("Ben", ben, &join).await;
    let seat = talk.hears("Ben", ben).await;
    let (_, seat) = seat.split_once(r#""seat":"#).expect("a seat");
    let seat = seat.trim_end_matches('}').to_owned();
    talk.hears("Ben", ben).await;

    talk.title("a name that is none");
    let lost = &mut Client::connect(&server.address).await;
    let join = format!(r#"{{"uuid":"{uuid}","status":{{"value":2}},"v":2,"name":" "}}"#);
    talk.says("lost", lost, &join).await;
    talk.hears("lost", lost).await;

    talk.title("a follower may not ask");
    talk.says("Ben", ben, r#"{"ask":1,"roster":{}}"#).await;
    talk.hears("Ben", ben).await;

    talk.title("the owner asks, and is told who goes");
    talk.says("owner", owner, r#"{"ask":10,"roster":{"after":0,"limit":100}}"#).await;
    talk.hears("owner", owner).await;
    talk.says("Ben", ben, r#"{"status":{"value":4}}"#).await;
    talk.hears("owner", owner).await;
    talk.matches("roster.txt", &[(&uuid, "ROOM"), (&key, "KEY"), (&seat, "SEAT")]);
}

async fn actions(talk: &mut Transcript, owner: &mut Client, follower: &mut Client) {
    talk.title("actions: without and with params, retained, in a slot, cleared");
    let actions = [
        r#"{"id":1,"funcKey":"go"}"#,
        r#"{"id":2,"funcKey":"go","funcParams":["3", null]}"#,
        r#"{"id":3,"funcKey":"show","funcParams":[3],"stateMessage":true}"#,
        r#"{"id":4,"funcKey":"draw","slot":"stroke-17"}"#,
        r#"{"id":5,"funcKey":"draw","slot":"stroke-18"}"#,
        r#"{"id":6,"clear":"stroke-18"}"#,
    ];
    for action in actions {
        talk.says("owner", owner, action).await;
        talk.hears("owner", owner).await;
        talk.hears("follower", follower).await;
    }

    talk.title("ping");
    talk.says("follower", follower, r#"{"ping":7}"#).await;
    talk.hears("follower", follower).await;
}
