//! Everything that a client of the original may rely on.

use rtbroadcaster_protocol::CloseCode;
use rtbroadcaster_tests::{Client, Room, Server, follow, message, open_room};
use serde_json::json;

/// A server and a room of the original's clients, with one follower.
async fn pair() -> (Server, Client, Client, String) {
    let server = Server::start().await;
    let (owner, uuid) = open_room(&server.address).await;
    let follower = follow(&server.address, &uuid).await;
    (server, owner, follower, uuid)
}

#[tokio::test]
async fn missing_and_unknown_fields_are_tolerated() {
    let (_server, mut owner, mut follower, uuid) = pair().await;
    owner.send(r#"{"status":{"value":3},"funcKey":"f"}"#).await;
    follower.hears(&message::action(&uuid, "f", &json!([]))).await;
    owner
        .send(
            r#"{"status":{"value":3,"text":7,"more":[]},"funcKey":"f","funcParams":null,"extra":{"a":[1]}}"#,
        )
        .await;
    follower.hears(&message::action(&uuid, "f", &json!([]))).await;
}

#[tokio::test]
async fn field_names_are_taken_in_any_case_and_the_last_of_two_wins() {
    let (_server, mut owner, mut follower, uuid) = pair().await;
    owner
        .send(r#"{"STATUS":{"Value":3},"FuncKey":"a","funckey":"b","FUNCPARAMS":["x"],"statemessage":true}"#)
        .await;
    follower.hears(&message::state(&uuid, "b", &json!(["x"]))).await;
}

#[tokio::test]
async fn a_binary_frame_that_holds_utf8_is_as_good_as_text() {
    let (_server, mut owner, mut follower, uuid) = pair().await;
    let action = message::action(&uuid, "grüße", &json!(["🙂"]));
    owner.send_binary(action.to_string()).await;
    follower.hears(&action).await;
}

#[tokio::test]
async fn params_are_relayed_and_replayed_byte_for_byte() {
    let (server, mut owner, mut follower, uuid) = pair().await;
    let params = concat!(
        r#"[1.0,1e3,-0,12345678901234567890123,"\u00e9\n\"\\/\/","é<>&",null,true,{"b":1,"a":{},"b":2},"#,
        r#"[[" spaced  out "],[]],"\ud800",""]"#
    );
    owner
        .send(format!(
            r#"{{"status":{{"value":3}},"funcKey":"f","funcParams":{params},"stateMessage":true}}"#
        ))
        .await;
    let expected = format!(
        r#"{{"uuid":"{uuid}","status":{{"value":3,"text":"connected"}},"funcKey":"f","funcParams":{params},"stateMessage":true}}"#
    );
    assert_eq!(follower.text().await, expected);
    let mut late = follow(&server.address, &uuid).await;
    assert_eq!(late.text().await, expected);
}

#[tokio::test]
async fn pretty_printed_params_come_out_compact() {
    let (_server, mut owner, mut follower, _uuid) = pair().await;
    owner
        .send("{\r\n\t\"funcKey\": \"f\",\n\"funcParams\": [\n  1,\t{ \"a\" : [ ] }, \" a  b\\n\" \r\n]\n}\n")
        .await;
    let text = follower.text().await;
    assert!(text.contains(r#""funcParams":[1,{"a":[]}," a  b\n"],"#), "{text}");
}

#[tokio::test]
async fn status_4_with_a_function_key_is_a_broadcast() {
    let (_server, mut owner, mut follower, uuid) = pair().await;
    owner.send(r#"{"status":{"value":4},"funcKey":"f","funcParams":["x"]}"#).await;
    follower.hears(&message::action(&uuid, "f", &json!(["x"]))).await;
    owner.hears_nothing().await;
}

#[tokio::test]
async fn the_reply_to_join_echoes_the_uuid_in_the_form_in_which_it_was_sent() {
    let (server, mut owner, _follower, uuid) = pair().await;
    let forms =
        [uuid.to_uppercase(), format!("{{{uuid}}}"), format!("urn:uuid:{uuid}"), uuid.replace('-', "")];
    owner.send(message::state("", "f", &json!([]))).await;
    owner.sync().await;
    for form in forms {
        let mut follower = follow(&server.address, &form).await;
        follower.hears(&message::state(&uuid, "f", &json!([]))).await;
    }
}

#[tokio::test]
async fn the_uuid_of_an_action_is_the_rooms_whatever_the_owner_wrote() {
    let (server, mut owner, mut follower, uuid) = pair().await;
    let expected = message::state(&uuid, "f", &json!([]));
    for written in ["", "f63ca67e-69bb-4a16-a71f-86a87acbe0b5", "nonsense"] {
        owner.send(message::state(written, "f", &json!([]))).await;
        follower.hears(&expected).await;
    }
    owner.send(r#"{"status":{"value":3},"funcKey":"f","stateMessage":true}"#).await;
    follower.hears(&expected).await;
    let mut late = follow(&server.address, &uuid).await;
    late.hears(&expected).await;
}

#[tokio::test]
async fn the_owner_does_not_get_its_own_actions() {
    let (_server, mut owner, mut follower, uuid) = pair().await;
    let action = message::state(&uuid, "f", &json!(["x"]));
    owner.send(&action).await;
    follower.hears(&action).await;
    owner.hears_nothing().await;
}

#[tokio::test]
async fn the_state_is_replayed_in_the_order_of_last_write_without_duplicates() {
    let (server, mut owner, _follower, uuid) = pair().await;
    for (key, value) in [("a", 1), ("b", 2), ("c", 3), ("a", 4), ("b", 5), ("a", 6)] {
        owner.send(message::state(&uuid, key, &json!([value]))).await;
    }
    owner.sync().await;
    let mut late = follow(&server.address, &uuid).await;
    for (key, value) in [("c", 3), ("b", 5), ("a", 6)] {
        late.hears(&message::state(&uuid, key, &json!([value]))).await;
    }
    late.hears_nothing().await;
}

#[tokio::test]
async fn an_action_that_is_no_state_message_does_not_touch_the_state_of_its_key() {
    let (server, mut owner, mut follower, uuid) = pair().await;
    let retained = message::state(&uuid, "f", &json!(["retained"]));
    let passing = message::action(&uuid, "f", &json!(["passing"]));
    owner.send(&retained).await;
    owner.send(&passing).await;
    follower.hears(&retained).await;
    follower.hears(&passing).await;
    let mut late = follow(&server.address, &uuid).await;
    late.hears(&retained).await;
    late.hears_nothing().await;
}

#[tokio::test]
async fn live_actions_follow_the_replayed_state_at_once() {
    let (server, mut owner, _follower, uuid) = pair().await;
    owner.send(message::state(&uuid, "f", &json!([0]))).await;
    owner.sync().await;
    let mut late = follow(&server.address, &uuid).await;
    owner.send(message::state(&uuid, "f", &json!([1]))).await;
    // If the action was in the log before the server made the snapshot, the snapshot has it, and
    // the server sends it once.
    let first = late.next().await["funcParams"][0].clone();
    if first == 0 {
        late.hears(&message::state(&uuid, "f", &json!([1]))).await;
    }
    late.hears_nothing().await;
}

#[tokio::test]
async fn a_join_of_the_same_room_again_gives_the_reply_and_the_state_again() {
    let (_server, mut owner, mut follower, uuid) = pair().await;
    let retained = message::state(&uuid, "f", &json!(["x"]));
    owner.send(&retained).await;
    follower.hears(&retained).await;
    follower.send(message::join(&uuid)).await;
    follower.hears(&message::connected(&uuid)).await;
    follower.hears(&retained).await;
    follower.hears_nothing().await;
}

#[tokio::test]
async fn a_followers_close_ends_that_follower_alone() {
    let (server, mut owner, mut follower, uuid) = pair().await;
    let mut other = follow(&server.address, &uuid).await;
    follower.send(message::close(&uuid)).await;
    follower.hears(&message::not_connected(&uuid)).await;
    assert_eq!(follower.closed().await, CloseCode::Left.value());

    let action = message::action(&uuid, "f", &json!([]));
    owner.send(&action).await;
    other.hears(&action).await;
    owner.hears_nothing().await;
}

#[tokio::test]
async fn several_messages_may_share_a_frame_separated_by_newlines_or_by_nothing() {
    let (_server, mut owner, mut follower, uuid) = pair().await;
    for separator in ["\n", "", " \r\n\t", "\n\n"] {
        let messages: Vec<_> =
            (0..3).map(|number| message::action(&uuid, "f", &json!([number])).to_string()).collect();
        owner.send(messages.join(separator)).await;
        for number in 0..3 {
            follower.hears(&message::action(&uuid, "f", &json!([number]))).await;
        }
    }
}

#[tokio::test]
async fn create_and_actions_may_share_the_first_frame() {
    let server = Server::start().await;
    let mut owner = Client::connect(&server.address).await;
    owner.send(format!("{}{}", message::create(), message::state("", "f", &json!([1])))).await;
    let uuid = owner.next().await["uuid"].as_str().unwrap().to_owned();
    owner.sync().await;
    let mut follower = follow(&server.address, &uuid).await;
    follower.hears(&message::state(&uuid, "f", &json!([1]))).await;
}

#[tokio::test]
async fn session_fields_of_an_action_do_not_reach_the_originals_clients() {
    let server = Server::start().await;
    let mut room = Room::open(&server.address).await;
    let mut follower = follow(&server.address, &room.uuid).await;
    room.owner.send(json!({"id": 1, "funcKey": "f", "funcParams": ["x"], "slot": "s"})).await;
    room.owner.hears(&json!({"ack": 1, "seq": 1})).await;
    follower.hears(&message::state(&room.uuid, "f", &json!(["x"]))).await;
    room.owner.send(json!({"id": 2, "clear": "s"})).await;
    room.owner.hears(&json!({"ack": 2, "seq": 2})).await;
    follower.hears_nothing().await;
    let mut late = follow(&server.address, &room.uuid).await;
    late.hears_nothing().await;
}
