//! The events of rooms, as the application that the rooms are mounted into hears them.

use std::num::NonZeroUsize;

use rtbroadcaster::{RoomChange, RoomEvents, Settings};
use rtbroadcaster_tests::{Client, Edge, Room, Server, follow, message, within};
use serde_json::json;

/// The next event, as a text that can be compared: `opened`, `joined 2`.
async fn next(events: &mut RoomEvents) -> (String, String) {
    let event = within("an event", events.next()).await.expect("the manager lives");
    let event = event.expect("it is read fast enough");
    let change = match event.change {
        RoomChange::Opened => "opened".to_owned(),
        RoomChange::Joined { followers, .. } => format!("joined {followers}"),
        RoomChange::Left { followers, .. } => format!("left {followers}"),
        RoomChange::OwnerAway => "owner away".to_owned(),
        RoomChange::OwnerBack => "owner back".to_owned(),
        RoomChange::Closed { reason, .. } => format!("closed: {reason}"),
        other => format!("{other:?}"),
    };
    (event.room.to_string(), change)
}

async fn hears(events: &mut RoomEvents, uuid: &str, expected: &[&str]) {
    for expected in expected {
        assert_eq!(next(events).await, (uuid.to_owned(), (*expected).to_owned()));
    }
}

#[tokio::test]
async fn all_that_happens_in_a_room_is_heard_in_order() {
    let server = Server::start().await;
    let mut events = server.manager.events();
    let room = Room::open(&server.address).await;
    hears(&mut events, &room.uuid, &["opened"]).await;

    let mut first = room.join_synced(0).await;
    let original = follow(&server.address, &room.uuid).await;
    hears(&mut events, &room.uuid, &["joined 1", "joined 2"]).await;
    first.send(message::close(&room.uuid)).await;
    drop(first);
    hears(&mut events, &room.uuid, &["left 1"]).await;

    let Room { owner, uuid, key, address } = room;
    drop(owner);
    hears(&mut events, &uuid, &["owner away"]).await;
    let mut owner = Client::connect(&address).await;
    owner.send(message::session_claim(&uuid, &key, "second")).await;
    hears(&mut events, &uuid, &["owner back"]).await;
    // A claim of an owner that is here changes nothing of that.
    let mut newer = Client::connect(&address).await;
    newer.send(message::session_claim(&uuid, &key, "third")).await;
    owner.rest().await;
    newer.send(message::close(&uuid)).await;
    hears(&mut events, &uuid, &["closed: its owner closed it"]).await;
    drop((original, newer));

    // Nothing comes after the end of a room: the next event is another room's.
    let edge = Edge::open(&server.address).await;
    hears(&mut events, &edge.uuid, &["opened", "owner away"]).await;
    edge.send(&rtbroadcaster_tests::Request::new("DELETE", &edge.path("")).bearing(&edge.key)).await;
    hears(&mut events, &edge.uuid, &["closed: its owner closed it"]).await;
}

#[tokio::test]
async fn a_listener_that_is_too_slow_is_told_how_much_it_missed_and_hears_the_rest() {
    let settings =
        Settings::default().with(|settings| settings.buffered_events = NonZeroUsize::new(2).unwrap());
    let server = Server::with(settings).await;
    let mut events = server.manager.events();
    let mut rooms = Vec::new();
    for _ in 0..5 {
        rooms.push(Room::open(&server.address).await);
    }
    let lagged = within("an event", events.next()).await.unwrap().unwrap_err();
    assert_eq!(lagged.missed, 3);
    assert!(lagged.to_string().contains("3 events of rooms were missed"), "{lagged}");
    for room in &rooms[3..] {
        hears(&mut events, &room.uuid, &["opened"]).await;
    }
}

#[tokio::test]
async fn each_listener_hears_everything_from_its_start_on_and_the_stream_ends_with_the_manager() {
    let server = Server::start().await;
    let mut early = server.manager.events();
    let first = Room::open(&server.address).await;
    let mut late = server.manager.events();
    let second = Room::open(&server.address).await;
    hears(&mut early, &first.uuid, &["opened"]).await;
    hears(&mut early, &second.uuid, &["opened"]).await;
    hears(&mut late, &second.uuid, &["opened"]).await;

    let manager = rtbroadcaster::Manager::new(Settings::default());
    let mut events = manager.events();
    drop(manager);
    assert!(within("the end", events.next()).await.is_none());
}

/// Events of stored rooms come when they are kept; their order is the same.
#[tokio::test]
async fn a_stored_room_tells_the_same() {
    let server = Server::with_store("room-events").await;
    let mut events = server.manager.events();
    let mut room = Room::open(&server.address).await;
    let follower = room.join_synced(0).await;
    hears(&mut events, &room.uuid, &["opened", "joined 1"]).await;
    drop(follower);
    hears(&mut events, &room.uuid, &["left 0"]).await;
    room.owner.send(json!({"status": {"value": 4}})).await;
    hears(&mut events, &room.uuid, &["closed: its owner closed it"]).await;
}
