//! A follower that detaches and catches up.

use super::*;

/// An owner and a follower, and what the follower receives: the params of `show`, cleared slots,
/// and resyncs.
async fn both_ends(url: &str) -> (Room, Room, Calls<String>) {
    let owner = Room::create(url).await.unwrap();
    let room = Room::join(url, owner.uuid()).await.unwrap();
    let ((call, calls), (on_status, status)) = (recording(), recording());
    let (mut show, mut clear, mut resync) = (call.clone(), call.clone(), call);
    room.on("show", move |params| show(params.get(0).as_string().unwrap()));
    room.on_clear(move |slot| clear(format!("cleared {slot}")));
    room.on_resync(move || resync("resync".to_owned())).on_status(on_status);
    status.until(Status::Connected).await;
    (owner, room, calls)
}

/// Waits until everything that the owner did has arrived.
async fn until_behind(room: &Room, count: usize) {
    while room.behind() != count {
        next_task().await;
    }
}

async fn show(owner: &Room, slot: Option<&str>, text: &str) {
    let answer = match slot {
        Some(slot) => owner.broadcast_to_slot(slot, "show", &(text,)),
        None => owner.broadcast("show", &(text,)),
    };
    answer.await.unwrap();
}

#[wasm_bindgen_test]
async fn a_detached_follower_catches_up_with_the_state_or_with_every_action() {
    let Some(url) = server() else { return };
    let (owner, room, calls) = both_ends(url).await;
    show(&owner, Some("known"), "shown").await;
    assert_eq!(calls.next().await, "shown");
    for (catch_up, expected) in [
        (CatchUp::State, vec!["newest", "cleared known"]),
        (CatchUp::Every, vec!["old", "again", "live", "newest", "cleared known"]),
    ] {
        assert_eq!(room.detach(), Ok(()));
        show(&owner, Some("a"), "old").await;
        show(&owner, Some("known"), "again").await;
        show(&owner, None, "live").await;
        show(&owner, Some("a"), "newest").await;
        owner.clear("known").await.unwrap();
        until_behind(&room, 5).await;
        assert!(room.is_detached() && calls.is_empty());
        room.follow(catch_up);
        assert_eq!(
            (room.is_detached(), room.behind() > 0, calls.is_empty()),
            (false, true, true),
            "not at once"
        );
        for expected in expected {
            assert_eq!(calls.next().await, expected);
        }
        assert_eq!(room.behind(), 0);
    }
    owner.close().await;
}

#[wasm_bindgen_test]
async fn a_function_may_detach_and_nothing_comes_after_it() {
    let Some(url) = server() else { return };
    let (owner, room, calls) = both_ends(url).await;
    let inside = room.clone();
    room.on("stop", move |_| inside.detach().unwrap());
    drop(owner.broadcast("show", &("first",)));
    drop(owner.broadcast("stop", &()));
    drop(owner.broadcast("show", &("second",)));
    assert_eq!(calls.next().await, "first");
    until_behind(&room, 1).await;
    assert!(room.is_detached() && calls.is_empty());
    room.follow(CatchUp::default());
    assert_eq!(owner.broadcast("show", &("third",)).await, Ok(Some(4)));
    assert_eq!(calls.next().await, "third", "actions that were not state messages were skipped");
    owner.close().await;
}

#[wasm_bindgen_test]
async fn the_backlog_of_a_detached_follower_is_bounded_and_a_gap_is_reported() {
    let Some(url) = server() else { return };
    let (owner, room, calls) = both_ends(url).await;
    room.detach().unwrap();
    let long = "x".repeat(60_000);
    let count = (4 * 1024 * 1024_usize).div_ceil(long.len());
    for _ in 0..count {
        show(&owner, None, &long).await;
    }
    show(&owner, None, "newest").await;
    until_behind(&room, count + 1).await;
    room.follow(CatchUp::Every);
    assert_eq!(calls.next().await, "resync");
    assert_eq!(calls.next().await, long);
    assert_eq!(calls.next().await, "newest");
    owner.close().await;
}

#[wasm_bindgen_test]
async fn an_owner_cannot_detach_and_the_end_reattaches() {
    let Some(url) = server() else { return };
    let (owner, room, _) = both_ends(url).await;
    let error = owner.detach().unwrap_err();
    assert_eq!(error.code(), &Code::NotFollower);
    assert!(!owner.is_detached());
    room.detach().unwrap();
    let (on_close, closed) = recording();
    room.on_close(on_close);
    owner.close().await;
    assert_eq!(closed.next().await.code, Code::Closed);
    assert!(!room.is_detached());
    room.detach().unwrap();
    assert!(!room.is_detached());
}
