//! What can go wrong, and how the program learns of it.

use super::*;

#[wasm_bindgen_test]
async fn unfit_params_and_unknown_functions_are_reported_and_the_rest_goes_on() {
    let Some(url) = server() else { return };
    let owner = Room::create(url).await.unwrap();
    let (room, witness) = follower::<(u32,)>(url, &owner.uuid(), "done").await;
    let (on_error, errors) = recording::<RoomError>();
    room.on_error(on_error);
    drop(owner.broadcast("done", &("no number",)));
    drop(owner.broadcast("nobody", &()));
    drop(owner.broadcast("nobody", &()));
    drop(owner.broadcast("done", &(1,)));
    assert_eq!(witness.next().await, (1,));
    for (code, key) in [(Code::InvalidParams, "done"), (Code::NoFunction, "nobody")] {
        let error = errors.next().await;
        assert_eq!((error.code(), error.key()), (&code, Some(key)));
        assert!(error.to_string().contains(code.as_str()), "{error}");
    }
    assert!(errors.is_empty(), "each key is reported once");
    owner.close().await;
}

#[wasm_bindgen_test]
async fn a_javascript_exception_in_a_function_is_reported_and_the_rest_goes_on() {
    let Some(url) = server() else { return };
    let owner = Room::create(url).await.unwrap();
    let (room, witness) = follower::<(u32,)>(url, &owner.uuid(), "done").await;
    let (on_error, errors) = recording::<RoomError>();
    room.on_error(on_error);
    room.on("throw", |_| wasm_bindgen::throw_str("broken"));
    for number in [1, 2] {
        drop(owner.broadcast("throw", &()));
        drop(owner.broadcast("done", &(number,)));
        assert_eq!(witness.next().await, (number,));
        let error = errors.next().await;
        assert_eq!((error.code(), error.key()), (&Code::FunctionFailed, Some("throw")));
        assert!(error.message().contains("broken"), "{error}");
    }
    owner.close().await;
}

#[wasm_bindgen_test]
async fn a_panic_in_a_function_is_reported_and_the_rest_goes_on() {
    let Some(url) = server() else { return };
    let owner = Room::create(url).await.unwrap();
    let (room, witness) = follower::<(u32,)>(url, &owner.uuid(), "done").await;
    let (on_error, errors) = recording::<RoomError>();
    room.on_error(on_error);
    let calls = Rc::new(Cell::new(0));
    let called = Rc::clone(&calls);
    room.on("panic", move |_| {
        called.set(called.get() + 1);
        panic!("broken")
    });
    for number in [1, 2] {
        drop(owner.broadcast("panic", &()));
        drop(owner.broadcast("done", &(number,)));
        assert_eq!(witness.next().await, (number,));
        let error = errors.next().await;
        assert_eq!((error.code(), error.key()), (&Code::FunctionFailed, Some("panic")));
        assert_eq!(calls.get(), number);
    }
    owner.close().await;
}

#[wasm_bindgen_test]
async fn refusals_have_codes() {
    let Some(url) = server() else { return };
    let code = |error: RoomError| error.code().clone();
    for uuid in ["no-uuid-at-all", "67e55044-10b1-426f-9247-bb680e5fe0c8"] {
        assert_eq!(code(Room::join(url, uuid).await.unwrap_err()), Code::UnknownRoom);
    }
    for uuid in ["", " 67e55044-10b1-426f-9247-bb680e5fe0c8", "https://host/#some-room"] {
        assert_eq!(code(Room::join(url, uuid).await.unwrap_err()), Code::InvalidArgument, "{uuid}");
    }
    assert_eq!(code(Room::create("ftp://host").await.unwrap_err()), Code::InvalidArgument);
    let never = Room::create(url).timeout(Duration::ZERO).await;
    assert_eq!(code(never.unwrap_err()), Code::InvalidArgument);

    let owner = Room::create(url).await.unwrap();
    let guess = Room::create(url).claim(owner.uuid(), "guess").await;
    assert_eq!(code(guess.unwrap_err()), Code::WrongOwnerKey);
    let room = Room::join(url, owner.uuid()).await.unwrap();
    let error = room.broadcast("goTo", &(3,)).await.unwrap_err();
    assert_eq!((error.code(), error.key()), (&Code::NotOwner, Some("goTo")));
    let error = room.clear("x").await.unwrap_err();
    assert_eq!((error.code(), error.key()), (&Code::NotOwner, Some("x")));

    assert_eq!(code(owner.broadcast("", &()).await.unwrap_err()), Code::InvalidArgument);
    assert_eq!(code(owner.broadcast("x", "text").await.unwrap_err()), Code::InvalidArgument);
    assert_eq!(code(owner.broadcast("x", &(u64::MAX,)).await.unwrap_err()), Code::InvalidArgument);
    let long = owner.broadcast("x", &("x".repeat(10_000_000),)).await;
    assert_eq!(code(long.unwrap_err()), Code::MessageTooLarge);
    assert_eq!(owner.broadcast("x", &()).await, Ok(Some(1)), "nothing of that disturbed the room");
    owner.close().await;
}

#[wasm_bindgen_test]
async fn the_error_of_an_answer_that_was_dropped_is_reported_once() {
    let Some(url) = server() else { return };
    let sockets = support::watch_sockets();
    let owner = Room::create(url).await.unwrap();
    let (on_error, errors) = recording::<RoomError>();
    owner.on_error(on_error);
    drop(owner.broadcast("large", &("x".repeat(1_000_000),)));
    drop(owner.broadcast("text", "no list"));
    for (code, key) in [(Code::MessageTooLarge, "large"), (Code::InvalidArgument, "text")] {
        let error = errors.next().await;
        assert_eq!((error.code(), error.key()), (&code, Some(key)));
    }
    let awaited = owner.broadcast("awaited", &("x".repeat(1_000_000),));
    assert_eq!(awaited.await.unwrap_err().code(), &Code::MessageTooLarge);
    sockets.cut();
    let (on_status, status) = recording();
    owner.on_status(on_status);
    status.until(Status::Reconnecting).await;
    for _ in 0..3 {
        drop(owner.broadcast("unanswered", &()));
    }
    owner.close().await;
    let error = errors.next().await;
    assert_eq!((error.code(), error.key()), (&Code::Closed, Some("unanswered")));
    assert!(errors.try_next().await.is_none(), "of those that the end has failed, one is reported");
}

#[wasm_bindgen_test]
async fn a_full_queue_says_when_to_go_on() {
    let Some(url) = server() else { return };
    let owner = Room::create(url).await.unwrap();
    for _ in 0..QUEUE_ACTIONS {
        drop(owner.broadcast("count", &()));
    }
    let refused = owner.broadcast("count", &());
    let error = refused.await.unwrap_err();
    assert_eq!((error.code(), error.key()), (&Code::QueueFull, Some("count")));
    owner.ready().await.unwrap();
    assert_eq!(owner.broadcast("count", &()).await, Ok(Some(QUEUE_ACTIONS + 1)));
    owner.close().await;
    assert_eq!(owner.ready().await.unwrap_err().code(), &Code::Closed);
}

#[wasm_bindgen_test]
async fn a_message_that_is_not_json_is_reported_once() {
    let Some(url) = server() else { return };
    let sockets = support::watch_sockets();
    let owner = Room::create(url).await.unwrap();
    let (on_error, errors) = recording::<RoomError>();
    owner.on_error(on_error);
    assert_eq!(owner.broadcast("x", &()).await, Ok(Some(1)));
    sockets.say("no json\n7\n{\"unknown\":1}");
    assert_eq!(errors.next().await.code(), &Code::Malformed);
    assert_eq!(owner.broadcast("x", &()).await, Ok(Some(2)));
    assert!(errors.is_empty());
    owner.close().await;
}

#[wasm_bindgen_test]
async fn a_page_that_may_not_open_websockets_learns_why() {
    let refused = support::refuse_sockets();
    let error = Room::create("/rooms").await.unwrap_err();
    assert_eq!(error.code(), &Code::ConnectionFailed);
    assert!(error.message().contains("refused"), "{error}");
    assert!(refused.asked_for().starts_with("ws://"));
}
