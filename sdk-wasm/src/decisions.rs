//! What both shells, js/ and `web`, decide alike and can't ask the engine for: numbers, names and
//! texts. `cargo xtask generate` writes js/decisions.js from this file; a test of xtask fails while
//! the two differ.

/// How long a page tries to reach the server at first, in milliseconds, unless it says otherwise.
pub(crate) const DEFAULT_TIMEOUT_MS: u64 = 15_000;

/// The longest wait of a browser's timer, in milliseconds. A timer with a longer one fires at once
/// (HTML, section 8.7, by the conversion to a signed number of 32 bits).
pub(crate) const LONGEST_WAIT_MS: u64 = 0x7fff_ffff;

/// The close code of a connection that ended without one (RFC 6455, section 7.1.5).
pub(crate) const CONNECTION_LOST: u16 = 1006;

/// What an event tells a room: the page sleeps, it is awake, or it is awake and online again.
pub(crate) const ASLEEP: u8 = 0;
pub(crate) const AWAKE: u8 = 1;
pub(crate) const ONLINE: u8 = 2;

/// The document was shown or hidden. It wakes a room if the document is visible then.
pub(crate) const VISIBILITY_EVENT: &str = "visibilitychange";

/// The user leaves the page, which may come back as it was. Until then, nothing reaches it, but the
/// browser keeps its socket and answers pings, and the others would believe that it is there.
pub(crate) const HIDE_EVENT: &str = "pagehide";

/// The events of the page, its document or worker that a room hears, and what they tell it. To be
/// frozen in a tab is the same for a room as to be left. A socket that is cut while the browser is
/// offline often gets no close event. Without a check, the page would show that it is connected
/// until the next heartbeat.
pub(crate) const LIFECYCLE: [(&str, u8); 7] = [
    ("online", ONLINE),
    ("offline", AWAKE),
    ("pageshow", AWAKE),
    ("resume", AWAKE),
    (VISIBILITY_EVENT, AWAKE),
    (HIDE_EVENT, ASLEEP),
    ("freeze", ASLEEP),
];

/// The status with which a websocket opens (RFC 6455, section 1.3): of a trial that has opened.
pub(crate) const SWITCHING_PROTOCOLS: u16 = 101;

/// The scheme of a websocket's address, by the scheme of the address that is given.
pub(crate) const WEBSOCKET_SCHEMES: [(&str, &str); 4] =
    [("http:", "ws:"), ("https:", "wss:"), ("ws:", "ws:"), ("wss:", "wss:")];

/// What is wrong with an address that is no URL.
pub(crate) const NO_URL: &str = "is no valid URL";

/// What is wrong with an address that is no URL, where there is no page.
pub(crate) const NO_PAGE: &str = "is no absolute URL, and there is no page to which it could be relative";

/// What is wrong with a uuid that holds other characters than the forms of a uuid do.
pub(crate) const NO_UUID: &str = "is no uuid";

/// The characters of a uuid besides letters and digits, in all of its forms (RFC 9562, section 4).
pub(crate) const UUID_CHARACTERS: &str = "_:{}-";

/// What is wrong with an address of another scheme.
pub(crate) const OTHER_SCHEME: &str =
    "must begin with ws:, wss:, http: or https:, or be relative to such a page";

/// The code of what a page does after its room is closed, and its text: the same as
/// `BroadcastError::Closed`.
pub(crate) const CLOSED: [&str; 2] = ["closed", "the room is closed on this page"];

/// An action whose answer never came.
pub(crate) const UNANSWERED: [&str; 2] =
    ["closed", "the room ended before the server had answered: this may have been taken"];

/// An owner detached.
pub(crate) const NOT_FOLLOWER: [&str; 2] = ["not_follower", "an owner can't detach: it follows nobody"];

/// The browser opened no websocket. The option is `WebSocket` in JavaScript, `web_socket` in Rust.
pub(crate) const NO_WEBSOCKET: [&str; 2] =
    ["connection_failed", "no websocket could be opened; the option for their class gives another"];

/// A function that should give a token gave none.
pub(crate) const NO_TOKEN: [&str; 2] = ["token_failed", "the function for tokens has given none"];

/// The server sent something that isn't JSON.
pub(crate) const UNREADABLE: [&str; 2] =
    ["malformed", "the server sent something that isn't JSON: skipped, and not reported again"];

/// No function is registered under a key: the code, and the text before and after the key.
pub(crate) const NO_FUNCTION: [&str; 3] =
    ["no_function", "no function is registered under \"", "\": register one with `on`; not reported again"];
