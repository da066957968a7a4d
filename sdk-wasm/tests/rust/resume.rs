//! How an owner's room is kept across reloads.

use wasm_bindgen::JsCast;
use web_sys::Storage;

use super::*;

/// The tab's storage, emptied.
fn storage() -> Storage {
    let storage = js_sys::Reflect::get(&js_sys::global(), &"sessionStorage".into()).unwrap();
    let storage: Storage = storage.unchecked_into();
    storage.clear().unwrap();
    storage
}

fn kept(storage: &Storage, name: &str) -> Option<String> {
    storage.get_item(&format!("rtbroadcaster:{name}")).unwrap()
}

/// What npm/resume.js writes.
fn written_by_javascript(uuid: &str, owner_key: &str) -> String {
    format!(r#"{{"uuid":"{uuid}","ownerKey":"{owner_key}"}}"#)
}

#[wasm_bindgen_test]
async fn a_page_that_is_loaded_again_has_its_room_and_what_it_retained() {
    let Some(url) = server() else { return };
    let storage = storage();
    let former = Room::create(url).resume(true).await.unwrap();
    assert!(!former.is_resumed());
    let (uuid, owner_key) = (former.uuid(), former.owner_key().unwrap());
    assert_eq!(kept(&storage, url), Some(written_by_javascript(&uuid, &owner_key)));
    assert_eq!(former.broadcast_state("goTo", &(3,)).await, Ok(Some(1)));
    let (on_close, closed) = recording();
    former.on_close(on_close);

    let (call, replayed) = recording::<(u32,)>();
    let owner = Room::create(url).resume(true).on_typed("goTo", call).await.unwrap();
    assert_eq!((owner.uuid(), owner.is_resumed()), (uuid, true));
    assert!(!replayed.is_empty(), "before the room is there");
    assert_eq!(closed.next().await.code, Code::Superseded);
    assert!(kept(&storage, url).is_some(), "the other page has the room");
    assert_eq!(owner.broadcast("goTo", &(4,)).await, Ok(Some(2)));

    owner.close().await;
    assert_eq!(kept(&storage, url), None);
    let next = Room::create(url).resume(true).await.unwrap();
    assert!(!next.is_resumed() && next.uuid() != owner.uuid());
    next.close().await;
}

#[wasm_bindgen_test]
async fn what_a_page_of_the_npm_package_kept_is_taken_back() {
    let Some(url) = server() else { return };
    let storage = storage();
    let other = Room::create(url).await.unwrap();
    let text = written_by_javascript(&other.uuid(), &other.owner_key().unwrap());
    storage.set_item("rtbroadcaster:tour", &text).unwrap();
    let owner = Room::create(url).resume_as("tour").await.unwrap();
    assert_eq!((owner.uuid(), owner.is_resumed()), (other.uuid(), true));
    assert_eq!(kept(&storage, "tour"), Some(text));
    owner.close().await;
}

#[wasm_bindgen_test]
async fn a_room_that_is_gone_is_replaced_by_a_new_one() {
    let Some(url) = server() else { return };
    let storage = storage();
    let other = Room::create(url).await.unwrap();
    for text in [
        written_by_javascript("67e55044-10b1-426f-9247-bb680e5fe0c8", "key"),
        written_by_javascript(&other.uuid(), "a former key"),
        written_by_javascript("no uuid", "key"),
        written_by_javascript("", ""),
        "no json".to_owned(),
    ] {
        storage.set_item("rtbroadcaster:tour", &text).unwrap();
        let owner = Room::create(url).resume_as("tour").await.unwrap();
        assert!(!owner.is_resumed() && owner.uuid() != other.uuid(), "{text}");
        assert!(kept(&storage, "tour").unwrap().contains(&owner.uuid()));
        owner.close().await;
    }
    other.close().await;
}

#[wasm_bindgen_test]
async fn a_page_without_storage_is_told_so_once_and_has_its_room_all_the_same() {
    let Some(url) = server() else { return };
    let broken = js_sys::Function::new_no_args(
        "const no = () => { throw 'forbidden' }; return { getItem: no, setItem: no }",
    );
    let storage = || -> Storage { broken.call0(&JsValue::NULL).unwrap().unchecked_into() };
    let (on_error, errors) = recording::<RoomError>();
    let former = Room::create(url).resume_as("none").storage(storage()).on_error(on_error).await.unwrap();
    assert!(errors.is_empty(), "not before the next task");
    let error = errors.next().await;
    assert_eq!(error.code(), &Code::StorageUnavailable);
    assert!(error.message().contains("forbidden"), "{error}");

    let (on_error, errors) = recording::<RoomError>();
    let owner = Room::create(url).resume_as("none").storage(storage()).on_error(on_error).await.unwrap();
    assert_eq!((owner.uuid(), owner.is_resumed()), (former.uuid(), true));
    next_task().await;
    assert!(errors.is_empty());
    owner.close().await;
    let next = Room::create(url).resume_as("none").storage(storage()).await.unwrap();
    assert!(!next.is_resumed());
    next.close().await;
}

#[wasm_bindgen_test]
async fn what_can_not_be_kept_is_an_invalid_argument() {
    let storage = storage();
    for room in [
        Room::create("/rooms").resume(true).claim("uuid", "key"),
        Room::create("/rooms").resume_as(""),
        Room::create("ftp://host").resume(true),
    ] {
        assert_eq!(room.await.unwrap_err().code(), &Code::InvalidArgument);
    }
    assert_eq!(storage.length().unwrap(), 0);
}
