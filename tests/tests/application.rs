//! What an application does with rooms from Rust, as pages over real sockets notice it.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Wake, Waker};

use rtbroadcaster::{
    Manager, Message, OwnerPresence, RefusalCode, RoomError, RoomHandle, RoomId, RoomMessage, RoomOptions,
    Settings,
};
use rtbroadcaster_protocol::CloseCode;
use rtbroadcaster_tests::{Client, Edge, Room, Server, eventually, message, within};
use serde_json::json;

async fn open(server: &Server) -> RoomHandle {
    server.manager.open_room(RoomOptions::default()).await.expect("a room")
}

/// Follows a room without retained state, and reads everything.
async fn join(server: &Server, room: &RoomHandle) -> Client {
    let mut follower = Client::connect(&server.address).await;
    follower.send(message::session_join(&room.uuid())).await;
    assert_eq!(follower.next().await["uuid"], room.uuid());
    follower.hears(&json!({"synced": room.seq()})).await;
    follower
}

fn code<T: std::fmt::Debug>(result: Result<T, RoomError>) -> RefusalCode {
    match result {
        Err(RoomError::Refused(refusal)) => refusal.known_code().expect("a known code"),
        other => panic!("expected a refusal, got {other:?}"),
    }
}

#[tokio::test]
async fn what_the_application_publishes_reaches_every_follower_in_order() {
    let server = Server::start().await;
    let room = open(&server).await;
    let mut follower = join(&server, &room).await;
    assert_eq!(room.publish(Message::action("say", ("hello", 1.5))).await, Ok(1));
    assert_eq!(room.publish(Message::state("goTo", [7])).await, Ok(2));
    let answers = room
        .publish_all([
            Message::state_in("pen", "draw", ["line"]),
            Message::action("wrong", json!({"no": "array"})),
            Message::clear("pen"),
        ])
        .await
        .unwrap();
    assert_eq!((&answers[0], &answers[2]), (&Ok(3), &Ok(4)));
    let refusal = answers[1].as_ref().unwrap_err();
    assert_eq!(refusal.known_code(), Some(RefusalCode::Malformed));
    assert!(refusal.to_string().contains("funcParams"), "{refusal}");
    for expected in [
        json!({"seq": 1, "funcKey": "say", "funcParams": ["hello", 1.5]}),
        json!({"seq": 2, "funcKey": "goTo", "funcParams": [7], "stateMessage": true}),
        json!({"seq": 3, "funcKey": "draw", "funcParams": ["line"], "stateMessage": true, "slot": "pen"}),
        json!({"seq": 4, "clear": "pen"}),
    ] {
        follower.hears(&expected).await;
    }
    assert_eq!(room.seq(), 4);

    let mut late = Client::connect(&server.address).await;
    late.send(message::session_join(&room.uuid())).await;
    assert_eq!(late.next().await["seq"], 4);
    late.hears(&json!({"seq": 2, "funcKey": "goTo", "funcParams": [7], "stateMessage": true})).await;
    late.hears(&json!({"synced": 4})).await;
    assert_eq!(room.followers(), 2);
}

#[tokio::test]
async fn a_handle_says_what_the_room_is_and_closing_is_final() {
    let server = Server::start().await;
    let room = open(&server).await;
    let edge = Edge::open(&server.address).await;
    let mut uuids: Vec<_> = server.manager.open_rooms().map(|room| room.uuid()).collect();
    let mut expected = vec![room.uuid(), edge.uuid.clone()];
    uuids.sort_unstable();
    expected.sort_unstable();
    assert_eq!(uuids, expected);

    let found = server.manager.room(room.id()).expect("it is open");
    assert!(found.is_open());
    assert_eq!((found.owner(), found.seq(), found.followers()), (OwnerPresence::Here, 0, 0));
    let others = server.manager.room(RoomId::parse(&edge.uuid).unwrap()).unwrap();
    assert_eq!(others.owner(), OwnerPresence::Away);

    let mut follower = join(&server, &room).await;
    room.publish(Message::action("last", ())).await.unwrap();
    room.close().await.unwrap();
    let (messages, code) = follower.rest().await;
    assert_eq!(messages.len(), 2, "{messages:?}");
    assert_eq!(messages[0]["funcKey"], "last");
    assert_eq!(code, CloseCode::RoomClosed.value());
    assert!(!found.is_open() && server.manager.room(room.id()).is_none());
    assert_eq!(found.close().await, Err(RoomError::Closed));
    assert_eq!(found.publish(Message::clear("a")).await, Err(RoomError::Closed));
    assert_eq!(found.follow().unwrap_err(), RoomError::Closed);
}

#[tokio::test]
async fn a_page_claims_a_room_that_was_opened_for_it_and_both_drive_it() {
    let server = Server::start().await;
    let (room, key) = server.manager.open_room_for_owner(RoomOptions::default()).await.unwrap();
    assert_eq!(room.owner(), OwnerPresence::Away);
    let mut owner = Client::connect(&server.address).await;
    owner.send(message::session_claim(&room.uuid(), &key.0, "page")).await;
    assert_eq!(owner.next().await["epoch"], 2);
    owner.hears(&json!({"synced": 0})).await;
    assert_eq!(room.owner(), OwnerPresence::Here);
    let mut follower = join(&server, &room).await;
    owner.send(message::numbered(1, "page")).await;
    owner.hears(&json!({"ack": 1, "seq": 1})).await;
    assert_eq!(room.publish(Message::action("server", ["x"])).await, Ok(2));
    owner.send(message::numbered(2, "page")).await;
    owner.hears(&json!({"ack": 2, "seq": 3})).await;
    for (seq, key) in [(1, "page"), (2, "server"), (3, "page")] {
        let heard = follower.next().await;
        assert_eq!((&heard["seq"], &heard["funcKey"]), (&json!(seq), &json!(key)), "{heard}");
    }

    room.claim().await.unwrap();
    assert_eq!(owner.closed().await, CloseCode::Superseded.value());
    assert_eq!(room.owner(), OwnerPresence::Here);
}

#[tokio::test]
async fn a_message_under_an_id_is_published_once() {
    let server = Server::start().await;
    let room = open(&server).await;
    let publish = |id, key: &'static str| {
        let room = room.clone();
        async move { room.publish_once("import", id, Message::action(key, [id])).await }
    };
    assert_eq!(publish(1, "a").await, Ok(1));
    assert_eq!(publish(1, "again").await, Ok(1));
    assert_eq!(publish(5, "b").await, Ok(2));
    assert_eq!(publish(3, "c").await, Err(RoomError::StaleId));
    assert_eq!(code(publish(0, "d").await), RefusalCode::Malformed);
    assert_eq!(code(room.publish_once("", 1, Message::clear("x")).await), RefusalCode::Malformed);
    assert_eq!(room.seq(), 2);
}

#[tokio::test]
async fn the_limits_of_the_room_hold_for_the_application_too() {
    let server = Server::with_limits(|limits| {
        limits.message_bytes = 100;
        limits.params_depth = 3;
        limits.slots_per_room = 1;
        limits.rooms = 1;
        limits.followers_per_room = 1;
    })
    .await;
    let room = open(&server).await;
    let publish = async |message| code(room.publish(message).await);
    assert_eq!(publish(Message::action("a", ["x".repeat(100)])).await, RefusalCode::MessageTooLarge);
    assert_eq!(publish(Message::action("a", json!([[[[1]]]]))).await, RefusalCode::ParamsTooDeep);
    assert_eq!(publish(Message::action("", [1])).await, RefusalCode::Malformed);
    assert_eq!(publish(Message::state_in("", "a", [1])).await, RefusalCode::Malformed);
    room.publish(Message::state("first", [1])).await.unwrap();
    assert_eq!(publish(Message::state("second", [1])).await, RefusalCode::TooManySlots);
    let _follower = room.follow().unwrap();
    assert_eq!(code(room.follow().map(drop)), RefusalCode::RoomFull);
    assert_eq!(
        code(server.manager.open_room(RoomOptions::default()).await.map(drop)),
        RefusalCode::TooManyRooms
    );
    // More than fits into one message is published all the same.
    let many = (0..40).map(|number| Message::action("many", [number]));
    let answers = room.publish_all(many).await.unwrap();
    assert_eq!(answers, (2..42).map(Ok).collect::<Vec<_>>());
}

/// The application is slowed down, as an owner is, and nothing is refused.
#[tokio::test]
async fn an_application_that_is_too_fast_waits() {
    let manager = Manager::new(Settings::default().with(|settings| {
        settings.limits.owner_actions_per_second = 1_000;
        settings.limits.message_bytes = 200;
    }));
    let room = manager.open_room(RoomOptions::default()).await.unwrap();
    let messages = (0..1_100).map(|number| Message::action("act", [number]));
    let answers = within("the messages to be taken", room.publish_all(messages)).await.unwrap();
    assert_eq!(answers, (1..=1_100).map(Ok).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_follower_in_the_process_gets_what_any_follower_gets() {
    let server = Server::start().await;
    let mut page = Room::open(&server.address).await;
    let room = server.manager.room(RoomId::parse(&page.uuid).unwrap()).unwrap();
    page.owner.send(json!({"id": 1, "funcKey": "goTo", "funcParams": [7, "x"], "stateMessage": true})).await;
    page.owner.hears(&json!({"ack": 1, "seq": 1})).await;
    let mut follower = room.follow().unwrap();
    let Some(RoomMessage::Action(action)) = follower.next().await else { panic!("an action") };
    assert_eq!((action.seq, action.key.as_str(), action.slot.as_deref()), (1, "goTo", Some("goTo")));
    assert_eq!(action.read_params::<(u32, String)>().unwrap(), (7, "x".to_owned()));
    assert_eq!(kind(&follower.next().await), "synced 1");
    assert_eq!(room.followers(), 1);

    // Nothing comes until something happens.
    let reading = tokio::spawn(async move {
        let mut seen = Vec::new();
        while let Some(message) = follower.next().await {
            seen.push(kind(&Some(message)));
        }
        seen
    });
    page.act(2, 3).await;
    page.owner.send(json!({"id": 4, "clear": "goTo"})).await;
    page.owner.hears(&json!({"ack": 4, "seq": 4})).await;
    let Room { owner, key, uuid, address } = page;
    drop(owner);
    let owner = async || {
        tokio::task::yield_now().await;
        room.owner()
    };
    eventually(&OwnerPresence::Away, owner).await;
    let mut owner = Client::connect(&address).await;
    owner.send(message::session_claim(&uuid, &key, "second")).await;
    owner.next().await;
    owner.send(message::close(&uuid)).await;
    let mut seen = within("the end of the room", reading).await.unwrap();
    seen.retain(|message| !message.starts_with("owner"));
    assert_eq!(seen, ["act 2", "act 3", "cleared goTo 4"]);
}

/// Notes that a task would be polled again.
#[derive(Default)]
struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Nothing else than the publishing has to happen first, such as the count of the audience.
#[tokio::test]
async fn publishing_wakes_a_follower_that_waits() {
    let manager = Manager::new(Settings::default());
    let room = manager.open_room(RoomOptions::default()).await.unwrap();
    let mut follower = room.follow().unwrap();
    assert_eq!(kind(&follower.next().await), "synced 0");
    let woken = Arc::new(Woken::default());
    let waker = Waker::from(Arc::clone(&woken));
    {
        let next = pin!(follower.next());
        assert!(next.poll(&mut Context::from_waker(&waker)).is_pending());
    }
    room.publish(Message::action("act", ())).await.unwrap();
    assert!(woken.0.load(Ordering::Relaxed));
    assert_eq!(kind(&follower.next().await), "act 1");
}

#[tokio::test]
async fn a_follower_that_does_not_read_holds_nothing_and_is_resynced() {
    let server = Server::with_limits(|limits| limits.ring_actions = 8).await;
    let room = open(&server).await;
    let mut follower = room.follow().unwrap();
    assert_eq!(kind(&follower.next().await), "synced 0");
    let mut quick = join(&server, &room).await;
    for number in 1..=30 {
        room.publish(Message::state("number", [number])).await.unwrap();
        assert_eq!(quick.next().await["seq"], number);
    }
    let seen = [follower.next().await, follower.next().await, follower.next().await];
    assert_eq!(seen.each_ref().map(kind), ["resync 30", "number 30", "synced 30"]);

    let mut resuming = room.follow_since(28).unwrap();
    assert_eq!(kind(&resuming.next().await), "number 29");
    assert_eq!(room.followers(), 3);
    drop((follower, resuming));
    assert_eq!(room.followers(), 1);
}

#[tokio::test]
async fn a_room_of_the_application_outlives_the_grace_and_a_restart_when_it_is_claimed() {
    let server = Server::with_store("application").await;
    let room = open(&server).await;
    room.publish_once("import", 1, Message::state("goTo", [3])).await.unwrap();
    let id = room.id();
    drop(room);
    let server = server.restart().await;
    let room = server.manager.room(id).expect("it is stored");
    assert_eq!(room.owner(), OwnerPresence::Away);
    room.claim().await.unwrap();
    assert_eq!(room.owner(), OwnerPresence::Here);
    assert_eq!(room.publish_once("import", 1, Message::state("goTo", [3])).await, Ok(1));
    let mut follower = room.follow().unwrap();
    assert_eq!(kind(&follower.next().await), "goTo 1");
    room.close().await.unwrap();
    assert!(server.restart().await.manager.room(id).is_none());
}

#[tokio::test]
async fn whoever_opens_a_room_commits_it() {
    const ROOMS: usize = 8;
    /// Far more than the tasks need that opening a room starts.
    const TURNS: usize = 16;
    let server = Server::with_store("opening").await;
    let mut alone = 0;
    for _ in 0..ROOMS {
        let turns = async {
            for _ in 0..TURNS {
                tokio::task::yield_now().await;
            }
        };
        tokio::select! {
            biased;
            opened = server.manager.open_room(RoomOptions::default()) => {
                opened.expect("a room");
                alone += 1;
            }
            // The store's own thread looks after the file at this moment, and commits later.
            () = turns => drop(open(&server).await),
        }
    }
    assert!(alone > ROOMS / 2, "{alone} of {ROOMS}");
}

#[tokio::test]
async fn while_the_server_shuts_down_nothing_is_opened_or_published() {
    let server = Server::start().await;
    let room = open(&server).await;
    server.manager.shut_down().await;
    let opened = server.manager.open_room(RoomOptions::default()).await;
    assert_eq!(opened.map(drop).unwrap_err(), RoomError::ShuttingDown);
    assert_eq!(room.publish(Message::clear("a")).await, Err(RoomError::ShuttingDown));
}

#[tokio::test]
async fn a_call_outside_of_a_runtime_breaks_no_other_call() {
    let server = Server::start().await;
    let room = open(&server).await;
    let outside = room.clone();
    assert!(std::thread::spawn(move || outside.follow().map(drop)).join().is_err());
    assert!(room.follow().is_ok());
}

#[tokio::test]
async fn after_the_end_of_a_store_nothing_waits_for_it() {
    let server = Server::with_store("ended").await;
    let (room, other) = (open(&server).await, open(&server).await);
    server.manager.shut_down().await;
    assert_eq!(within("a claim", room.claim()).await, Err(RoomError::NotKept));
    assert_eq!(within("an end", other.close()).await, Err(RoomError::NotKept));
}

/// A message as a short text: `goTo 3`, `synced 3`.
fn kind(message: &Option<RoomMessage>) -> String {
    match message {
        Some(RoomMessage::Action(action)) => format!("{} {}", action.key, action.seq),
        Some(RoomMessage::Cleared { seq, slot, .. }) => format!("cleared {slot} {seq}"),
        Some(RoomMessage::Resync { seq, .. }) => format!("resync {seq}"),
        Some(RoomMessage::Synced { seq, .. }) => format!("synced {seq}"),
        Some(RoomMessage::Owner(presence)) => format!("owner {presence:?}"),
        other => format!("{other:?}"),
    }
}
