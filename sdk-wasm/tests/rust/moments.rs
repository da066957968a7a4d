//! Actions that run at a moment of the server's clock, over websockets and where these are blocked.

use super::network::without_websockets;
use super::*;

#[wasm_bindgen_test]
async fn a_function_runs_at_its_moment_and_knows_how_late_it_is() {
    let Some(url) = server() else { return };
    let owner = Room::create(url).clock(true).await.unwrap();
    // The reply has said the time.
    let now = owner.time().expect("the server's time");
    assert!(owner.clock().unwrap().uncertainty_us < 5_000_000);
    let room = Room::join(url, owner.uuid()).await.unwrap();
    let (flash, flashed) = recording::<(u64,)>();
    let (then, followed) = recording::<(u64,)>();
    room.on_typed("flash", flash).on_typed("then", then);
    let at = now + 600;
    assert_eq!(owner.broadcast_at(at, None, "flash", &(at,)).await, Ok(Some(1)));
    assert_eq!(owner.broadcast("then", &(2,)).await, Ok(Some(2)));
    assert_eq!(flashed.next().await, (at,));
    let uncertainty = room.clock().expect("it has asked").uncertainty_us / 1_000 + 1;
    assert!(room.time().unwrap() + 2 * uncertainty >= at, "it was early");
    assert_eq!(followed.next().await, (2,));
    owner.until(at).await.unwrap();

    let late = Rc::new(Cell::new(None));
    let (room_again, seen) = (room.clone(), Rc::clone(&late));
    let (done, is_done) = recording::<(u64,)>();
    let mut done = done;
    room.on_typed("past", move |(number,): (u64,)| {
        seen.set(room_again.late());
        done((number,));
    });
    owner.broadcast_at(at - 5_000, Some("slot"), "past", &(3,)).await.unwrap();
    assert_eq!(is_done.next().await, (3,));
    assert!(late.get().is_some_and(|late| late.as_millis() > 4_000), "{late:?}");
    assert_eq!(room.late(), None);
    let refused = owner.broadcast_at(now + 60_000, None, "flash", &(4,)).await.unwrap_err();
    assert_eq!(refused.code(), &Code::Malformed);
    owner.close().await;
    assert_eq!(owner.until(at + 60_000).await.unwrap_err().code(), &Code::Closed);
}

#[wasm_bindgen_test]
async fn over_http_a_page_asks_for_the_time_too() {
    let Some(url) = server() else { return };
    let _network = without_websockets();
    let owner = Room::create(url).clock(true).await.unwrap();
    owner.broadcast("before", &(0,)).await.unwrap();
    let room = Room::join(url, owner.uuid()).await.unwrap();
    let (flash, flashed) = recording::<(u64,)>();
    room.on_typed("flash", flash);
    let at = owner.time().expect("the server's time") + 400;
    owner.broadcast_at(at, None, "flash", &(at,)).await.unwrap();
    assert_eq!(flashed.next().await, (at,));
    assert!(room.clock().is_some());
}
