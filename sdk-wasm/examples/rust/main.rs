//! The tour in Rust: an owner clicks "Next", and every page that opened its link follows.

use std::cell::Cell;
use std::rc::Rc;

use rtbroadcaster_sdk::{Room, RoomError, Status};
use wasm_bindgen::prelude::{Closure, JsValue, wasm_bindgen};

const ROOMS: &str = "/broadcasting";

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = location, js_name = hash, thread_local_v2)]
    static HASH: String;

    #[wasm_bindgen(js_namespace = document, js_name = getElementById)]
    fn element(id: &str) -> Element;

    type Element;

    #[wasm_bindgen(method, setter, js_name = textContent)]
    fn set_text(this: &Element, text: &str);

    #[wasm_bindgen(method, setter)]
    fn set_href(this: &Element, address: &str);

    #[wasm_bindgen(method, setter)]
    fn set_disabled(this: &Element, disabled: bool);

    #[wasm_bindgen(method, setter, js_name = onclick)]
    fn set_on_click(this: &Element, on_click: &JsValue);
}

fn main() {
    wasm_bindgen_futures::spawn_local(async {
        if let Err(error) = tour().await {
            element("status").set_text(&error.to_string());
        }
    });
}

async fn tour() -> Result<(), RoomError> {
    let hash = HASH.with(String::clone);
    let room = match hash.strip_prefix('#') {
        Some(uuid) => follow(uuid).await?,
        None => drive().await?,
    };
    show_status(room.status());
    room.on_status(show_status);
    Ok(())
}

async fn drive() -> Result<Room, RoomError> {
    let slide = Rc::new(Cell::new(1));
    let shown = Rc::clone(&slide);
    // After a reload, the room is taken back and says which slide it shows.
    let restore = move |(slide,): (u32,)| {
        shown.set(slide);
        show_slide((slide,));
    };
    let room = Room::create(ROOMS).resume(true).on_typed("goTo", restore).await?;
    element("link").set_href(&format!("#{}", room.uuid()));
    let owner = room.clone();
    let next = Closure::<dyn Fn()>::new(move || {
        slide.set(slide.get() + 1);
        show_slide((slide.get(),));
        let answer = owner.broadcast_state("goTo", &(slide.get(),));
        wasm_bindgen_futures::spawn_local(async {
            if let Err(error) = answer.await {
                element("status").set_text(&error.to_string());
            }
        });
    });
    let button = element("next");
    button.set_on_click(&next.into_js_value());
    button.set_disabled(false);
    Ok(room)
}

async fn follow(uuid: &str) -> Result<Room, RoomError> {
    let room = Room::join(ROOMS, uuid).await?;
    room.on_typed("goTo", show_slide);
    Ok(room)
}

fn show_slide((slide,): (u32,)) {
    element("slide").set_text(&slide.to_string());
}

fn show_status(status: Status) {
    element("status").set_text(&format!("{status:?}"));
}
