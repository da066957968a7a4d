//! Rooms with a short code, over websockets and where these are blocked.

use super::network::without_websockets;
use super::*;

#[wasm_bindgen_test]
async fn a_room_is_joined_by_its_code_and_ends_with_it() {
    let Some(url) = server() else { return };
    let owner = Room::create(url).code(true).await.unwrap();
    let code = owner.code().unwrap();
    assert_eq!(code.len(), 6);
    let room = Room::join(url, code.to_lowercase()).await.unwrap();
    assert_eq!((room.uuid(), room.code()), (owner.uuid(), owner.code()));
    assert_eq!(Room::create(url).await.unwrap().code(), None);
    owner.close().await;
    let refused = Room::join(url, code).await.unwrap_err();
    assert_eq!(refused.code(), &Code::UnknownRoom);
}

#[wasm_bindgen_test]
async fn over_http_a_room_is_created_claimed_and_joined_by_its_code_too() {
    let Some(url) = server() else { return };
    let _network = without_websockets();
    let former = Room::create(url).code(true).await.unwrap();
    // From now on its stream has claimed the room, and doesn't do so later.
    assert_eq!(former.broadcast("before", &(0,)).await, Ok(Some(1)));
    let (code, key) = (former.code().unwrap(), former.owner_key().unwrap());
    let owner = Room::create(url).claim(code.clone(), key).await.unwrap();
    assert_eq!((owner.uuid(), owner.code()), (former.uuid(), former.code()));
    let room = Room::join(url, code).await.unwrap();
    let (show, shown) = recording::<(u32,)>();
    room.on_typed("show", show);
    assert_eq!(owner.broadcast_state("show", &(7,)).await, Ok(Some(2)));
    assert_eq!(shown.next().await, (7,));
}
