//! How an owner keeps its room across reloads of its page: under the same key and in the same form
//! as the npm package (npm/resume.js).

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::rc::Rc;
use alloc::string::{String, ToString};
use core::cell::{Cell, RefCell};
use std::thread_local;

use js_sys::futures::spawn_local;
use js_sys::{JSON, Object, Reflect};
use rtbroadcaster_protocol::{Goal, ServerFields};
use wasm_bindgen::prelude::{JsCast, JsValue};
use web_sys::Storage;

use super::address::{absolute_address, may_be_uuid};
use super::environment::in_next_task;
use super::error::{Code, RoomError};
use super::message::Fields;
use super::pending::Pending;
use super::room::Room;

thread_local! {
    /// Keeps the rooms if the storage can't be used. It outlives a room, but not the page.
    static IN_MEMORY: RefCell<BTreeMap<String, String>> = const { RefCell::new(BTreeMap::new()) };
    static IS_REPORTED: Cell<bool> = const { Cell::new(false) };
}

/// What is kept of a room.
struct Claim {
    uuid: String,
    owner_key: String,
}

impl Claim {
    /// Reads the text that was kept. Its fields have the names that they have on the wire too.
    fn read(text: &str) -> Option<Self> {
        let fields = Fields::parse(&text.into())?;
        let (uuid, owner_key) = (fields.uuid()?, fields.owner_key()?);
        (!uuid.is_empty() && may_be_uuid(&uuid) && !owner_key.is_empty()).then_some(Self { uuid, owner_key })
    }

    fn text(&self) -> Result<String, JsValue> {
        let fields = Object::new();
        Reflect::set(&fields, &"uuid".into(), &(&*self.uuid).into())?;
        Reflect::set(&fields, &"ownerKey".into(), &(&*self.owner_key).into())?;
        JSON::stringify(&fields).map(String::from)
    }
}

/// The place of a room in the storage.
pub(super) struct KeptRoom {
    key: String,
    /// The storage, if it is not the tab's.
    storage: Option<Storage>,
    /// Why the storage can't be used; none while it can.
    failure: RefCell<Option<RoomError>>,
}

impl KeptRoom {
    /// The place under this name, or under the server's address if there is none.
    pub(super) fn new(name: Option<&str>, url: &str, storage: Option<Storage>) -> Self {
        let name = name.map_or_else(|| absolute_address(url), ToString::to_string);
        Self { key: format!("rtbroadcaster:{name}"), storage, failure: RefCell::new(None) }
    }

    /// Forgets the room if nobody can take it back after this end. After `Superseded` the page may
    /// claim it again.
    pub(super) fn note_end(&self, uuid: &str, code: &Code) {
        if matches!(code, Code::Closed | Code::Left | Code::UnknownRoom) {
            self.forget(uuid);
        }
    }

    fn read(&self) -> Option<Claim> {
        let in_memory = IN_MEMORY.with_borrow(|rooms| rooms.get(&self.key).cloned());
        let text =
            in_memory.or_else(|| self.with_storage(|storage| storage.get_item(&self.key)).flatten())?;
        Claim::read(&text)
    }

    fn write(&self, room: &Room) {
        let claim = Claim { uuid: room.uuid(), owner_key: room.owner_key().unwrap_or_default() };
        let Ok(text) = claim.text() else { return };
        self.with_storage(|storage| storage.set_item(&self.key, &text));
        IN_MEMORY.with_borrow_mut(|rooms| {
            if self.failure.borrow().is_some() {
                rooms.insert(self.key.clone(), text);
            } else {
                rooms.remove(&self.key);
            }
        });
    }

    /// Removes the room, unless another page has kept another room since.
    fn forget(&self, uuid: &str) {
        if self.read().is_some_and(|claim| claim.uuid == uuid) {
            self.with_storage(|storage| storage.remove_item(&self.key));
            IN_MEMORY.with_borrow_mut(|rooms| rooms.remove(&self.key));
        }
    }

    fn with_storage<T>(&self, operation: impl FnOnce(&Storage) -> Result<T, JsValue>) -> Option<T> {
        let result = match &self.storage {
            Some(storage) => operation(storage),
            None => session_storage().and_then(|storage| operation(&storage)),
        };
        result.map_err(|thrown| self.failure.replace(Some(RoomError::storage_unavailable(&thrown)))).ok()
    }
}

/// The tab's storage. Where cookies are blocked, even reading it throws; workers lack it.
fn session_storage() -> Result<Storage, JsValue> {
    let storage = Reflect::get(&js_sys::global(), &"sessionStorage".into())?;
    if storage.is_object() { Ok(storage.unchecked_into()) } else { Err("there is no sessionStorage".into()) }
}

/// Takes the kept room back, or opens a new one if none was kept or the server doesn't know it.
/// `enter` enters a room with this goal.
pub(super) fn create(
    kept: Rc<KeptRoom>,
    enter: impl Fn(Goal) -> Pending<Result<Room, RoomError>> + 'static,
) -> Pending<Result<Room, RoomError>> {
    let (sender, room) = Pending::later(|| Err(RoomError::closed()));
    spawn_local(async move {
        let result = take_back_or_open(&kept, enter).await;
        if let Ok(room) = &result {
            keep(&kept, room);
        }
        if let Err(Ok(unwanted)) = sender.send(result) {
            drop(unwanted.close());
        }
    });
    room
}

async fn take_back_or_open(
    kept: &KeptRoom,
    enter: impl Fn(Goal) -> Pending<Result<Room, RoomError>>,
) -> Result<Room, RoomError> {
    if let Some(Claim { uuid, owner_key }) = kept.read() {
        let room = enter(Goal::Claim { uuid: uuid.clone(), owner_key }).await;
        match room.as_ref().map_err(RoomError::code) {
            // The room is from before a restart of the server, which doesn't know it, or knows it
            // with another key.
            Err(Code::UnknownRoom | Code::WrongOwnerKey) => kept.forget(&uuid),
            _ => return room,
        }
    }
    enter(Goal::Create).await
}

fn keep(kept: &KeptRoom, room: &Room) {
    kept.write(room);
    let failure = kept.failure.borrow().clone();
    if let Some(failure) = failure
        && !IS_REPORTED.replace(true)
    {
        let room = room.clone();
        // As all callbacks, it is not called before the task after the room is there.
        in_next_task(move || room.report(failure));
    }
}
