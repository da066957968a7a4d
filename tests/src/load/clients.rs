//! The clients. Each action is a number: its seq in its room. So each follower knows which must
//! come next.

use std::time::Duration;

use rtbroadcaster_protocol::{Event, Goal, Outcome};
use serde_json::json;
use tokio::time::sleep;

use super::context::Context;
use super::http::{self, EventLines};
use crate::{Edge, Page, number};

/// Actions that an owner has sent and that are not acknowledged yet.
const IN_FLIGHT: u64 = 32;
/// Actions that an owner with a pace sends between two pauses.
const BURST: u64 = 5;
/// How long a client of plain HTTP waits before it tries again.
const PAUSE: Duration = Duration::from_millis(20);
/// The function key of the last action.
const END: &str = "end";
const FUNCTION: &str = "move";
/// Every so many actions one is retained, so that the store holds slots too.
const RETAINED: u64 = 5;
/// So many slots that no two actions in flight have the same: a page doesn't send a state message
/// that was replaced before it was sent.
const SLOTS: u64 = IN_FLIGHT.div_ceil(RETAINED) + 1;

/// A page that owns a room. Returns what it does, and the room's uuid.
pub(super) async fn own_by_page(mut context: Context, room: u64) -> (impl Future<Output = ()>, String) {
    let mut page = Page::open(&context.address, Goal::Create, &format!("the owner of room {room}")).await;
    let uuid = page.uuid.clone();
    let owning = async move {
        let (mut sent, mut answered, mut is_over) = (0, 0, false);
        let mut pace = context.pace();
        let mut allowed = if pace.is_bounded() { 0 } else { u64::MAX };
        while !is_over || answered < sent {
            while !is_over && sent < allowed.min(answered + IN_FLIGHT) {
                sent += 1;
                is_over = context.is_over();
                let slot = sent.is_multiple_of(RETAINED).then(|| format!("slot {}", sent / RETAINED % SLOTS));
                page.broadcast(if is_over { END } else { FUNCTION }, sent, slot.as_deref());
            }
            tokio::select! {
                () = context.changed() => page.wake(),
                // What it could not send in time it sends later, at the same pace.
                () = pace.next(), if sent == allowed => allowed += BURST,
                event = page.next() => if let Event::Answered { outcome, .. } = event {
                    answered += 1;
                    assert_eq!(outcome, Outcome::Appended(answered), "the seq that was given before");
                    context.note_acknowledged();
                },
            }
        }
        page
    };
    // The owner stays until all followers have seen the end.
    (async move { drop(owning.await) }, uuid)
}

/// A page that follows a room.
pub(super) async fn follow_by_page(mut context: Context, uuid: String) -> impl Future<Output = ()> {
    let mut page = Page::follow(&context.address, &uuid).await;
    async move {
        let mut last = 0;
        loop {
            tokio::select! {
                () = context.changed() => page.wake(),
                event = page.next() => match event {
                    Event::Action { key, params, .. } => {
                        check_next(&mut last, number(&params));
                        if key == END {
                            return;
                        }
                    }
                    Event::Resync => panic!("a page that follows {uuid} has missed something"),
                    Event::Ended(reason) => panic!("a page that follows {uuid} has ended: {reason:?}"),
                    _ => {}
                },
            }
        }
    }
}

/// A client of server-sent events that follows a room, and comes back as a browser does.
pub(super) async fn follow_by_events(context: Context, uuid: String) -> impl Future<Output = ()> {
    let edge = Edge { address: context.address, uuid, key: String::new(), reply: json!(null) };
    let mut events = come_back(&edge, None).await;
    async move {
        let (mut last, mut is_retained) = (0, true);
        loop {
            let Some(message) = events.next().await else {
                events = come_back(&edge, events.last_id).await;
                continue;
            };
            assert_eq!(message.get("resync"), None, "it has missed something");
            is_retained &= message.get("synced").is_none();
            if is_retained || message.get("funcKey").is_none() {
                continue;
            }
            let number = &message["funcParams"][0];
            assert_eq!(&message["seq"], number, "a seq names one action for ever");
            check_next(&mut last, number.as_u64().expect("a number"));
            if message["funcKey"] == END {
                return;
            }
        }
    }
}

/// Follows again and again until the server is there.
async fn come_back(edge: &Edge, last_id: Option<String>) -> EventLines {
    loop {
        if let Some(events) = http::follow(edge, last_id.clone()).await {
            return events;
        }
        sleep(PAUSE).await;
    }
}

/// A program that owns a room by posts. Each is repeated under the same id until it is answered.
pub(super) async fn own_by_posts(context: Context) -> (impl Future<Output = ()>, String) {
    let edge = Edge::open(&context.address).await;
    let uuid = edge.uuid.clone();
    let owning = async move {
        let mut pace = context.pace();
        for id in 1_u64.. {
            if pace.is_bounded() {
                pace.next().await;
            }
            let is_over = context.is_over();
            let key = if is_over { END } else { FUNCTION };
            let action = json!({"funcKey": key, "funcParams": [id]});
            let (status, answer) = loop {
                match http::post(&edge, &action, id).await {
                    // A server that can't take it now says so.
                    None | Some((503, _)) => sleep(PAUSE).await,
                    Some(answered) => break answered,
                }
            };
            assert_eq!((status, &answer["seq"]), (200, &json!(id)), "{answer}");
            context.note_acknowledged();
            if is_over {
                return;
            }
        }
    };
    (owning, uuid)
}

/// The number that comes must be the next one.
fn check_next(last: &mut u64, number: u64) {
    assert_eq!(number, *last + 1, "the next action");
    *last = number;
}
