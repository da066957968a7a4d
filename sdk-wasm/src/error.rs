//! `RoomError`: whatever goes wrong, as JavaScript's errors with a stable `code`, and the reason that `onclose` gets.

use js_sys::Object;
use rtbroadcaster_protocol::{BroadcastError, EndReason, Refusal};
use wasm_bindgen::prelude::{JsCast, JsValue, wasm_bindgen};

#[wasm_bindgen]
extern "C" {
    /// A JavaScript `Error`, see index.d.ts.
    #[wasm_bindgen(extends = js_sys::Error, extends = Object)]
    #[derive(Debug, Clone)]
    pub(crate) type RoomError;

    #[wasm_bindgen(method, setter)]
    fn set_name(this: &RoomError, name: &str);

    #[wasm_bindgen(method, setter)]
    fn set_code(this: &RoomError, code: &str);

    #[wasm_bindgen(method, setter)]
    fn set_key(this: &RoomError, key: &str);

    #[wasm_bindgen(method, setter)]
    fn set_cause(this: &RoomError, cause: &JsValue);

    /// What `onclose` is called with.
    #[wasm_bindgen(extends = Object)]
    type CloseReason;

    #[wasm_bindgen(method, setter)]
    fn set_code(this: &CloseReason, code: &str);

    #[wasm_bindgen(method, setter)]
    fn set_message(this: &CloseReason, message: &str);
}

impl RoomError {
    pub(crate) fn new(code: &str, message: &str) -> Self {
        let error: Self = js_sys::Error::new(message).unchecked_into();
        error.set_name("RoomError");
        error.set_code(code);
        error
    }

    pub(crate) fn invalid_argument(message: &str) -> Self {
        Self::new("invalid_argument", message)
    }

    /// With the function key or slot concerned.
    pub(crate) fn about(self, key: &str) -> Self {
        self.set_key(key);
        self
    }

    pub(crate) fn because_of(self, cause: &JsValue) -> Self {
        self.set_cause(cause);
        self
    }

    pub(crate) fn function_failed(key: &str, cause: &JsValue) -> Self {
        let message = format!("the function registered under \"{key}\" threw, see `cause`");
        Self::new("function_failed", &message).about(key).because_of(cause)
    }

    pub(crate) fn no_function(key: &str) -> Self {
        let message = format!(
            "no function is registered under \"{key}\": use `on` or the option `functions`; not reported again"
        );
        Self::new("no_function", &message).about(key)
    }

    /// The room ended before the server answered an action.
    pub(crate) fn unanswered() -> Self {
        Self::new(
            "closed",
            "the room ended before the server had answered: it is unknown whether this was taken",
        )
    }

    pub(crate) fn closed() -> Self {
        BroadcastError::Closed.into()
    }

    pub(crate) fn unreadable() -> Self {
        Self::new(
            "malformed",
            "the server sent something that isn't JSON, which was skipped; not reported again",
        )
    }
}

impl From<BroadcastError> for RoomError {
    fn from(error: BroadcastError) -> Self {
        let code = match error {
            BroadcastError::NotOwner => "not_owner",
            BroadcastError::Closed => "closed",
            BroadcastError::EmptyKey => "invalid_argument",
            BroadcastError::TooLarge { .. } => "message_too_large",
            BroadcastError::QueueFull => "queue_full",
        };
        Self::new(code, &error.to_string())
    }
}

impl From<Refusal> for RoomError {
    fn from(refusal: Refusal) -> Self {
        Self::new(&refusal.code, &refusal.message)
    }
}

/// Why a session ended, as `create`, `join` and `onclose` tell it.
pub(crate) struct Ending {
    code: String,
    message: String,
    cause: Option<JsValue>,
}

impl Ending {
    pub(crate) fn new(reason: EndReason, is_owner: bool) -> Self {
        let (code, message) = match reason {
            EndReason::RoomClosed => {
                ("closed", "the room was closed by its owner, or was without one for too long")
            }
            EndReason::Left if is_owner => ("left", "this page closed the room"),
            EndReason::Left => ("left", "this page left the room"),
            EndReason::Superseded => (
                "superseded",
                "another page took this room over with its owner key: claim it again to take it back",
            ),
            EndReason::ConnectionFailed => (
                "connection_failed",
                "the server could not be reached in time: check its address, the network and that it allows this \
                 page's origin",
            ),
            EndReason::Refused(Refusal { code, message, .. }) => return Self { code, message, cause: None },
        };
        Self { code: code.to_owned(), message: message.to_owned(), cause: None }
    }

    pub(crate) fn code(&self) -> &str {
        &self.code
    }

    /// The browser would not even try.
    pub(crate) fn no_socket(cause: JsValue) -> Self {
        Self {
            code: "connection_failed".to_owned(),
            message: "the browser refused to open the websocket, see `cause`".to_owned(),
            cause: Some(cause),
        }
    }

    pub(crate) fn into_error(self) -> RoomError {
        let error = RoomError::new(&self.code, &self.message);
        match self.cause {
            Some(cause) => error.because_of(&cause),
            None => error,
        }
    }

    pub(crate) fn into_close_reason(self) -> JsValue {
        let reason: CloseReason = Object::new().unchecked_into();
        reason.set_code(&self.code);
        reason.set_message(&self.message);
        reason.into()
    }
}
