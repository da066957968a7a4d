//! What an owner broadcasts, and what its followers run.

use super::*;

#[wasm_bindgen_test]
async fn a_follower_runs_what_the_owner_broadcasts_with_typed_params() {
    let Some(url) = server() else { return };
    let owner = Room::create(url).await.unwrap();
    assert!(owner.is_owner() && owner.is_connected() && !owner.is_resumed());
    assert!(owner.owner_key().is_some_and(|key| !key.is_empty()));

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Camera {
        yaw: f64,
        name: Option<String>,
    }
    let (room, calls) = follower::<(u32, Camera)>(url, &owner.uuid(), "goTo").await;
    assert_eq!((room.uuid(), room.owner_key(), room.is_owner()), (owner.uuid(), None, false));

    let camera = || Camera { yaw: -1.5, name: Some("ü\n\"😀".to_owned()) };
    assert_eq!(owner.broadcast("goTo", &(3, camera())).await, Ok(Some(1)));
    assert_eq!(calls.next().await, (3, camera()));
    owner.close().await;
}

#[wasm_bindgen_test]
async fn untyped_params_are_the_javascript_array() {
    let Some(url) = server() else { return };
    let owner = Room::create(url).await.unwrap();
    let (room, _) = follower::<Vec<u32>>(url, &owner.uuid(), "unused").await;
    let (mut call, calls) = recording();
    room.on("goTo", move |params: Params| {
        let read = params.parse::<(u32, String)>().map_err(|error| error.code().clone());
        call((params.length(), params.get(0).as_f64(), read));
    });
    drop(owner.broadcast("goTo", &(3, "x")));
    drop(owner.broadcast("goTo", &()));
    drop(owner.broadcast("goTo", &vec![0.5]));
    assert_eq!(calls.next().await, (2, Some(3.0), Ok((3, "x".to_owned()))));
    assert_eq!(calls.next().await, (0, None, Err(Code::InvalidParams)));
    assert_eq!(calls.next().await, (1, Some(0.5), Err(Code::InvalidParams)));
    owner.close().await;
}

#[wasm_bindgen_test]
async fn what_is_not_awaited_is_sent_all_the_same_and_in_order() {
    let Some(url) = server() else { return };
    let owner = Room::create(url).await.unwrap();
    let (room, calls) = follower::<(u32,)>(url, &owner.uuid(), "count").await;
    // A program need not keep its room.
    drop(room);
    for number in 0..1_000 {
        drop(owner.broadcast("count", &(number,)));
    }
    for number in 0..1_000 {
        assert_eq!(calls.next().await, (number,));
    }
    owner.close().await;
}

#[wasm_bindgen_test]
async fn a_late_follower_receives_the_state_and_nothing_before_the_next_task() {
    let Some(url) = server() else { return };
    let owner = Room::create(url).await.unwrap();
    drop(owner.broadcast_to_slot("stroke-1", "draw", &[1]));
    drop(owner.broadcast_to_slot("stroke-2", "draw", &[2]));
    drop(owner.broadcast("draw", &[3]));
    drop(owner.broadcast_state("draw", &[4]));
    drop(owner.broadcast_to_slot("stroke-1", "draw", &[5]));
    // Two were never sent, because newer ones replaced them.
    assert_eq!(owner.clear("stroke-2").await, Ok(Some(4)));

    let room = Room::join(url, owner.uuid()).await.unwrap();
    let ((call, calls), (on_status, status)) = (recording::<[u32; 1]>(), recording());
    room.on_status(on_status);
    microtasks().await;
    assert_eq!(room.status(), Status::CatchingUp);
    room.on_typed("draw", call);
    assert!(calls.is_empty() && status.is_empty());
    assert_eq!([calls.next().await, calls.next().await], [[4], [5]]);
    status.until(Status::Connected).await;
    assert!(calls.is_empty());
    owner.close().await;
}

#[wasm_bindgen_test]
async fn a_state_message_waits_for_its_function_and_never_comes_inside_on() {
    let Some(url) = server() else { return };
    let owner = Room::create(url).await.unwrap();
    let (room, witness) = follower::<[u32; 0]>(url, &owner.uuid(), "done").await;
    drop(owner.broadcast_state("draw", &[1]));
    drop(owner.broadcast("done", &()));
    witness.next().await;
    let (call, calls) = recording::<[u32; 1]>();
    room.on_typed("draw", call);
    assert!(calls.is_empty());
    drop(owner.broadcast("draw", &[2]));
    assert_eq!([calls.next().await, calls.next().await], [[1], [2]]);
    owner.close().await;
}

#[wasm_bindgen_test]
async fn a_function_may_use_the_room_and_replace_itself() {
    let Some(url) = server() else { return };
    let owner = Room::create(url).await.unwrap();
    let (room, witness) = follower::<(u32,)>(url, &owner.uuid(), "done").await;
    let (call, calls) = recording();
    let (inside, token) = (room.clone(), Rc::new(()));
    let held = Rc::clone(&token);
    room.on_typed("goTo", move |(slide,): (u32,)| {
        let (mut first, mut second) = (call.clone(), call.clone());
        let _held = &held;
        first((slide, inside.status()));
        let again = inside.clone();
        inside.on_typed("goTo", move |(slide,): (u32,)| {
            again.off("goTo");
            second((slide + 100, again.status()));
        });
    });
    for slide in 1..=3 {
        drop(owner.broadcast("goTo", &(slide,)));
    }
    drop(owner.broadcast("done", &[0]));
    assert_eq!(calls.next().await, (1, Status::Connected));
    assert_eq!(Rc::strong_count(&token), 1, "what was replaced is dropped");
    assert_eq!(calls.next().await, (102, Status::Connected));
    witness.next().await;
    assert!(calls.is_empty(), "nothing is registered any more");
    owner.close().await;
}
