//! Where websockets are blocked, a room goes over plain HTTP, and every promise holds.

use super::network::{swallowing_websockets, without_websockets};
use super::*;

const ACTIONS: u32 = 300;

#[wasm_bindgen_test]
async fn everything_arrives_once_and_in_order_over_http() {
    let Some(url) = server() else { return };
    let network = without_websockets();
    let owner = Room::create(url).share_audience(true).await.unwrap();
    assert_eq!(network.blocked(), 3, "the last one after the server had answered");
    assert_eq!(owner.broadcast_state("title", &("ü\n😀",)).await, Ok(Some(1)));

    let room = Room::join(url, owner.uuid()).await.unwrap();
    let ((title, titles), (count, counts)) = (recording::<(String,)>(), recording::<(u32,)>());
    let ((on_clear, cleared), (on_audience, audience)) = (recording(), recording());
    room.on_typed("title", title).on_typed("count", count).on_clear(on_clear).on_audience(on_audience);
    assert_eq!(titles.next().await, ("ü\n😀".to_owned(),));
    assert_eq!(audience.next().await.connected, 1);

    let mut answers = Vec::new();
    for number in 0..ACTIONS {
        answers.push(owner.broadcast("count", &(number,)));
        if number % 10 == 0 {
            next_task().await;
        }
        if number % 100 == 50 {
            network.cut();
            support::wake_by("online");
        }
    }
    for number in 0..ACTIONS {
        assert_eq!(counts.next().await, (number,));
    }
    for (seq, answer) in (2..).zip(answers) {
        assert_eq!(answer.await, Ok(Some(seq)));
    }
    assert!(owner.clear("title").await.is_ok());
    assert_eq!(cleared.next().await, "title");

    let ((on_close, closed), uuid) = (recording(), owner.uuid());
    room.on_close(on_close);
    owner.close().await;
    assert_eq!(closed.next().await.code, Code::Closed);
    assert!(counts.try_next().await.is_none(), "nothing came twice");
    assert!(network.requests().contains(&format!("DELETE rooms/{uuid}")), "{}", network.requests());
    network.restore();
}

#[wasm_bindgen_test]
async fn a_network_that_swallows_websockets_is_found_out_before_the_page_gives_up() {
    let Some(url) = server() else { return };
    let network = swallowing_websockets();
    let owner = Room::create(url).await.unwrap();
    assert_eq!(owner.broadcast("x", &()).await, Ok(Some(1)));
    assert_eq!(network.blocked(), 2);
    owner.close().await;
    network.restore();
}

#[wasm_bindgen_test]
async fn refusals_over_http_are_those_of_a_websocket() {
    let Some(url) = server() else { return };
    let network = without_websockets();
    let code = |error: RoomError| error.code().clone();
    let former = Room::create(url).await.unwrap();
    let guess = Room::create(url).claim(former.uuid(), "guess").await;
    assert_eq!(code(guess.unwrap_err()), Code::WrongOwnerKey);
    let unknown = Room::join(url, "67e55044-10b1-426f-9247-bb680e5fe0c8").await;
    assert_eq!(code(unknown.unwrap_err()), Code::UnknownRoom);

    let (on_close, closed) = recording();
    former.on_close(on_close);
    let (call, replayed) = recording::<(u32,)>();
    assert_eq!(former.broadcast_state("goTo", &(7,)).await, Ok(Some(1)));
    let claim = Room::create(url).claim(former.uuid(), former.owner_key().unwrap()).on_typed("goTo", call);
    let owner = claim.await.unwrap();
    assert_eq!(replayed.next().await, (7,));
    assert_eq!(closed.next().await.code, Code::Superseded);

    let room = Room::join(url, owner.uuid()).await.unwrap();
    let (on_close, left) = recording();
    room.on_close(on_close);
    room.close().await;
    assert_eq!(left.next().await.code, Code::Left);
    assert_eq!(owner.broadcast("x", &()).await, Ok(Some(2)), "the room is still there");
    owner.close().await;
    network.restore();
}

#[wasm_bindgen_test]
async fn a_page_that_was_told_to_come_back_later_tries_a_websocket_again() {
    let Some(url) = server() else { return };
    let network = without_websockets();
    network.refuse("overloaded");
    let entering = IntoFuture::into_future(Room::create(url));
    while !network.requests().contains("POST rooms") {
        next_task().await;
    }
    network.let_websockets_through();
    let owner = entering.await.unwrap();
    assert_eq!(owner.broadcast("x", &()).await, Ok(Some(1)));
    assert_eq!(network.opened(), 1);
    owner.close().await;
    network.restore();
}

#[wasm_bindgen_test]
async fn an_owner_that_is_too_fast_waits_and_loses_nothing() {
    let Some(url) = server() else { return };
    let network = without_websockets();
    let owner = Room::create(url).await.unwrap();
    assert_eq!(owner.broadcast("x", &()).await, Ok(Some(1)));
    network.refuse("rate_limited");
    let answers = [owner.broadcast("x", &()), owner.broadcast("x", &())];
    while network.requests().matches("/actions").count() < 4 {
        next_task().await;
    }
    let later = owner.broadcast("x", &());
    network.refuse("");
    for (seq, answer) in (2..).zip(answers.into_iter().chain([later])) {
        assert_eq!(answer.await, Ok(Some(seq)));
    }
    owner.close().await;
    network.restore();
}
