// What both shells of the SDK decide alike. `cargo xtask generate` writes this file from
// src/decisions.rs, which says what each is for.

export const DEFAULT_TIMEOUT_MS = /** @type {const} */ (15000);

export const LONGEST_WAIT_MS = /** @type {const} */ (2147483647);

export const CONNECTION_LOST = /** @type {const} */ (1006);

export const ASLEEP = /** @type {const} */ (0);

export const VISIBILITY_EVENT = /** @type {const} */ ("visibilitychange");

export const HIDE_EVENT = /** @type {const} */ ("pagehide");

export const LIFECYCLE = /** @type {const} */ ({"freeze":0,"offline":1,"online":2,"pagehide":0,"pageshow":1,"resume":1,"visibilitychange":1});

export const WEBSOCKET_SCHEMES = /** @type {const} */ ({"http:":"ws:","https:":"wss:","ws:":"ws:","wss:":"wss:"});

export const NO_URL = /** @type {const} */ ("is no valid URL");

export const NO_PAGE = /** @type {const} */ ("is no absolute URL, and there is no page to which it could be relative");

export const NO_UUID = /** @type {const} */ ("is no uuid");

export const OTHER_SCHEME = /** @type {const} */ ("must begin with ws:, wss:, http: or https:, or be relative to such a page");

export const CLOSED = /** @type {const} */ (["closed","the room is closed on this page"]);

export const UNANSWERED = /** @type {const} */ (["closed","the room ended before the server had answered: this may have been taken"]);

export const NOT_FOLLOWER = /** @type {const} */ (["not_follower","an owner can't detach: it follows nobody"]);

export const NO_WEBSOCKET = /** @type {const} */ (["connection_failed","no websocket could be opened; the option for their class gives another"]);

export const NO_TOKEN = /** @type {const} */ (["token_failed","the function for tokens has given none"]);
