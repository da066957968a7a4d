//! Sends the message samples of the original's readme, pretty-printed as they are there, without
//! comments and with a real room's uuid. The answers must be the readme's.

use rtbroadcaster_protocol::CloseCode;
use rtbroadcaster_tests::{Client, Server};
use serde_json::Value;

const CREATE: &str = r#"{
"uuid": "",
"status": {
"value": 1,
"text": "new connection"
},
"funcKey": "",
"funcParams": [],
"stateMessage": false
}"#;

const JOIN: &str = r#"{
"uuid": "f63ca67e-69bb-4a16-a71f-86a87acbe0b5",
"status": {
"value": 2,
"text": "join connection"
},
"funcKey": "",
"funcParams": [],
"stateMessage": false
}"#;

const CONNECTED: &str = r#"{
"uuid": "f63ca67e-69bb-4a16-a71f-86a87acbe0b5",
"status": {
"value": 3,
"text": "connected"
},
"funcKey": "",
"funcParams": [],
"stateMessage": false
}"#;

const CLOSE: &str = r#"{
"uuid": "f63ca67e-69bb-4a16-a71f-86a87acbe0b5",
"status": {
"value": 4,
"text": "close connection"
},
"funcKey": "",
"funcParams": [],
"stateMessage": false
}"#;

const NOT_CONNECTED: &str = r#"{
"uuid": "f63ca67e-69bb-4a16-a71f-86a87acbe0b5",
"status": {
"value": 0,
"text": "not connected"
},
"funcKey": "",
"funcParams": [],
"stateMessage": false
}"#;

const ACTION: &str = r#"{
"uuid": "f63ca67e-69bb-4a16-a71f-86a87acbe0b5",
"status": {
"value": 3,
"text": "connected"
},
"funcKey": "myKey",
"funcParams": ["param1", "param2", "param3"],
"stateMessage": false
}"#;

const STATE_MESSAGE: &str = r#"{
"uuid": "f63ca67e-69bb-4a16-a71f-86a87acbe0b5",
"status": {
"value": 3,
"text": "connected"
},
"funcKey": "myKey",
"funcParams": ["param1", "param2", "param3"],
"stateMessage": true
}"#;

#[tokio::test]
async fn the_readmes_samples_get_the_readmes_answers() {
    let server = Server::start().await;

    let mut owner = Client::connect(&server.address).await;
    owner.send(CREATE).await;
    let created = owner.next().await;
    let uuid = created["uuid"].as_str().unwrap().to_owned();
    assert_eq!(uuid.len(), 36);
    let sample = |text: &str| text.replace("f63ca67e-69bb-4a16-a71f-86a87acbe0b5", &uuid);
    let value = |text: &str| serde_json::from_str::<Value>(&sample(text)).unwrap();
    assert_eq!(created, value(CONNECTED));

    let mut follower = Client::connect(&server.address).await;
    follower.send(sample(JOIN)).await;
    follower.hears(&value(CONNECTED)).await;

    owner.send(sample(ACTION)).await;
    follower.hears(&value(ACTION)).await;
    owner.send(sample(STATE_MESSAGE)).await;
    follower.hears(&value(STATE_MESSAGE)).await;

    let mut late = Client::connect(&server.address).await;
    late.send(sample(JOIN)).await;
    late.hears(&value(CONNECTED)).await;
    late.hears(&value(STATE_MESSAGE)).await;
    late.hears_nothing().await;
    owner.hears_nothing().await;

    owner.send(sample(CLOSE)).await;
    for mut client in [owner, follower, late] {
        client.hears(&value(NOT_CONNECTED)).await;
        assert_eq!(client.closed().await, CloseCode::RoomClosed.value());
    }
}

#[tokio::test]
async fn the_readmes_prose_gives_a_broadcast_status_4_and_it_is_relayed_as_3() {
    let server = Server::start().await;
    let (mut owner, uuid) = rtbroadcaster_tests::open_room(&server.address).await;
    let mut follower = rtbroadcaster_tests::follow(&server.address, &uuid).await;

    let sample = ACTION.replace("f63ca67e-69bb-4a16-a71f-86a87acbe0b5", &uuid);
    owner.send(sample.replace("\"value\": 3", "\"value\": 4")).await;
    follower.hears(&serde_json::from_str(&sample).unwrap()).await;
    owner.hears_nothing().await;
}
