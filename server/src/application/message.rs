//! What the application publishes.

use rtbroadcaster_protocol::{Refusal, RefusalCode};
use serde::Serialize;
use serde_json::json;

/// An action or a clear, to be published into a room by [`RoomHandle`](crate::RoomHandle).
///
/// Params are the arguments of the function that each follower calls, so they must be written as a
/// JSON array: a tuple, a slice or a `Vec` of anything that serde can serialise, or `()` for none.
/// What can't be written is refused when it is published (`malformed`), as is an empty key or slot.
///
/// ```
/// use rtbroadcaster::Message;
///
/// let call = Message::action("highlight", (3, "red"));
/// let state = Message::state("goTo", [7]);
/// let named = Message::state_in("pen", "draw", ("line", 1.5));
/// let clear = Message::clear("pen");
/// # drop((call, state, named, clear));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// The message as an owner's connection would send it, or why there is none.
    json: Result<String, String>,
}

/// An action, as an owner sends it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ActionFields<'a, P> {
    func_key: &'a str,
    func_params: P,
    state_message: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    slot: Option<&'a str>,
}

impl Message {
    /// A function call. Followers that join later don't get it.
    #[must_use]
    pub fn action(key: &str, params: impl Serialize) -> Self {
        Self::with(&ActionFields { func_key: key, func_params: params, state_message: false, slot: None })
    }

    /// A function call that the room retains in the slot with the name of the function, in place of
    /// the former one. Each follower that joins later gets it.
    #[must_use]
    pub fn state(key: &str, params: impl Serialize) -> Self {
        Self::with(&ActionFields { func_key: key, func_params: params, state_message: true, slot: None })
    }

    /// A function call that the room retains in a slot of another name.
    #[must_use]
    pub fn state_in(slot: &str, key: &str, params: impl Serialize) -> Self {
        Self::with(&ActionFields {
            func_key: key,
            func_params: params,
            state_message: true,
            slot: Some(slot),
        })
    }

    /// Has the room forget what it retains in a slot.
    #[must_use]
    pub fn clear(slot: &str) -> Self {
        Self { json: Ok(json!({ "clear": slot }).to_string()) }
    }

    /// Opens a lane on which followers speak to the owner, or sets it anew: then it counts from
    /// zero. `lane` is what `as` is on the wire (docs/wire.md). `None::<()>` ends the lane.
    ///
    /// ```
    /// use rtbroadcaster::Message;
    /// use serde_json::json;
    ///
    /// let vote = Message::lane("q1", json!({"kind": "vote", "options": 4}));
    /// let end = Message::lane("q1", None::<()>);
    /// # drop((vote, end));
    /// ```
    #[must_use]
    pub fn lane(name: &str, lane: impl Serialize) -> Self {
        let json = serde_json::to_value(lane).map(|lane| json!({"lane": name, "as": lane}).to_string());
        Self { json: json.map_err(|error| error.to_string()) }
    }

    fn with(fields: &ActionFields<'_, impl Serialize>) -> Self {
        Self { json: serde_json::to_string(fields).map_err(|error| error.to_string()) }
    }

    /// The message as a client would send it.
    ///
    /// # Errors
    /// - `malformed`: its params can't be written as JSON.
    /// - `message_too_large`: it has more than `limit` bytes.
    pub(super) fn json(&self, limit: usize) -> Result<&str, Refusal> {
        match &self.json {
            Ok(json) if json.len() <= limit => Ok(json),
            Ok(_) => Err(RefusalCode::MessageTooLarge.into()),
            Err(error) => {
                let message = format!("the params can't be written as JSON: {error}");
                Err(Refusal::with_message(RefusalCode::Malformed, message))
            }
        }
    }

    /// Its size in bytes, as a client would send it.
    pub(super) fn bytes(&self) -> usize {
        self.json.as_ref().map_or(0, String::len)
    }
}
