//! How a room is taken over, loses its connection, gets it back, and ends.

use super::*;

#[wasm_bindgen_test]
async fn closing_is_final_and_reported_once_to_everyone() {
    let Some(url) = server() else { return };
    let owner = Room::create(url).await.unwrap();
    let (room, witness) = follower::<[u32; 0]>(url, &owner.uuid(), "bye").await;
    let ((on_close, closed), (on_status, status), (on_own, own)) = (recording(), recording(), recording());
    room.on_close(on_close).on_status(on_status);
    owner.on_close(on_own);
    let last = owner.broadcast("bye", &());
    owner.close().await;
    assert_eq!(last.await, Ok(Some(1)));
    assert_eq!(closed.next().await.code, Code::Closed);
    assert_eq!(witness.next().await, [0; 0]);
    assert_eq!(status.next().await, Status::Closed);
    assert_eq!(own.next().await.code, Code::Left);
    assert_eq!([room.status(), owner.status()], [Status::Closed; 2]);
    assert_eq!(owner.broadcast("x", &()).await.unwrap_err().code(), &Code::Closed);
    owner.close().await;
    assert!(closed.try_next().await.is_none(), "the callbacks are dropped");
    let gone = Room::join(url, owner.uuid()).await.unwrap_err();
    assert_eq!(gone.code(), &Code::UnknownRoom);
}

#[wasm_bindgen_test]
async fn a_claim_takes_the_room_over_with_its_state() {
    let Some(url) = server() else { return };
    let former = Room::create(url).share_audience(true).await.unwrap();
    let ((on_close, closed), (on_audience, audience)) = (recording(), recording());
    let (room, calls) = follower::<(u32,)>(url, &former.uuid(), "goTo").await;
    former.on_close(on_close);
    room.on_audience(on_audience);
    drop(former.broadcast_state("goTo", &(1,)));
    assert_eq!(calls.next().await, (1,));
    assert_eq!(audience.next().await.connected, 1);
    assert_eq!(room.audience().map(|audience| audience.connected), Some(1));

    let (call, replayed) = recording::<(u32,)>();
    let owner_key = former.owner_key().unwrap();
    let owner = Room::create(url).claim(former.uuid(), owner_key).on_typed("goTo", call).await.unwrap();
    assert!(owner.is_owner() && owner.is_resumed());
    assert!(!replayed.is_empty(), "before the room is there");
    assert_eq!(closed.next().await.code, Code::Superseded);
    drop(owner.broadcast("goTo", &(2,)));
    assert_eq!(calls.next().await, (2,));
    owner.close().await;
}

#[wasm_bindgen_test]
async fn a_lost_connection_comes_back_and_nothing_is_lost() {
    let Some(url) = server() else { return };
    let sockets = support::watch_sockets();
    let owner = Room::create(url).await.unwrap();
    let (room, calls) = follower::<(u32,)>(url, &owner.uuid(), "count").await;
    let (on_status, status) = recording();
    room.on_status(on_status);
    for event in ["online", "pageshow", "visibilitychange"] {
        sockets.cut();
        status.until(Status::Reconnecting).await;
        assert!(!room.is_connected());
        let (first, second) = (owner.broadcast("count", &(1,)), owner.broadcast_state("count", &(2,)));
        support::wake_by(event);
        assert_eq!([calls.next().await, calls.next().await], [(1,), (2,)]);
        assert!(first.await.is_ok() && second.await.is_ok());
        status.until(Status::Connected).await;
    }
    owner.close().await;
    assert!(calls.try_next().await.is_none(), "nothing came twice");
}

#[wasm_bindgen_test]
async fn pending_answers_fail_when_the_room_ends() {
    let Some(url) = server() else { return };
    let sockets = support::watch_sockets();
    let owner = Room::create(url).await.unwrap();
    let (on_status, status) = recording();
    owner.on_status(on_status);
    sockets.cut();
    status.until(Status::Reconnecting).await;
    let unanswered = owner.broadcast_to_slot("x", "goTo", &(1,));
    owner.close().await;
    let error = unanswered.await.unwrap_err();
    assert_eq!((error.code(), error.key()), (&Code::Closed, Some("x")));
    assert!(!sockets.have_handlers());
}

#[wasm_bindgen_test]
async fn a_page_that_stops_waiting_for_a_room_leaves_it() {
    let Some(url) = server() else { return };
    let owner = Room::create(url).await.unwrap();
    let (on_audience, audience) = recording();
    owner.on_audience(on_audience);
    let sockets = support::watch_sockets();
    drop(IntoFuture::into_future(Room::join(url, owner.uuid())));
    let stays = Room::join(url, owner.uuid()).await.unwrap();
    while audience.next().await.connected != 1 {}
    assert_eq!(sockets.opened(), 2);
    assert_eq!(stays.uuid(), owner.uuid());
    owner.close().await;
}

#[wasm_bindgen_test]
async fn an_owner_without_a_connection_is_away_until_it_is_back() {
    let Some(url) = server() else { return };
    let sockets = support::watch_sockets();
    let owner = Room::create(url).await.unwrap();
    // From here on, websockets are watched by another instance: `sockets` has only the owner's.
    support::watch_sockets();
    let (room, _) = follower::<[u32; 0]>(url, &owner.uuid(), "unused").await;
    let ((on_status, status), (on_presence, presence)) = (recording(), recording());
    owner.on_status(on_status);
    room.on_owner(on_presence);
    sockets.cut();
    status.until(Status::Reconnecting).await;
    assert_eq!(presence.next().await, OwnerPresence::Away);
    support::wake_by("online");
    assert_eq!(presence.next().await, OwnerPresence::Here);
    owner.close().await;
}
