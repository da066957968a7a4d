//! A network that fails: websockets are blocked, requests are cut or refused.

use wasm_bindgen::prelude::wasm_bindgen;

#[wasm_bindgen(inline_js = r#"
const Native = globalThis.NativeWebSocket ??= globalThis.WebSocket;
const nativeFetch = globalThis.fetch;
class Refused extends EventTarget {
    readyState = 0;
    bufferedAmount = 0;
    constructor() {
        super();
        setTimeout(() => {
            this.readyState = 3;
            this.onclose?.({ code: 1006 });
        });
    }
    close() {}
}
class Swallowed {
    readyState = 0;
    bufferedAmount = 0;
    close() {}
}
export function badNetwork(isSilent) {
    const requests = [];
    let blocked = 0, opened = 0, cut = new AbortController(), refusal;
    globalThis.WebSocket = class {
        static CONNECTING = 0;
        constructor(address) {
            if (blocked < 0) {
                const socket = new Native(address);
                socket.addEventListener("open", () => opened++);
                return socket;
            }
            blocked += 1;
            return isSilent ? new Swallowed() : new Refused();
        }
    };
    globalThis.fetch = (address, options) => {
        requests.push(`${options.method} ${new URL(address).pathname.replace(/.*\/rooms/, "rooms")}`);
        if (refusal && !address.endsWith("openapi.json")) {
            const error = { code: refusal, message: "not now", retryAfterMs: 20 };
            return Promise.resolve(new Response(JSON.stringify({ error }), { status: 503 }));
        }
        return nativeFetch(address, { ...options, signal: AbortSignal.any([options.signal, cut.signal].filter(Boolean)) });
    };
    return {
        blocked: () => blocked,
        opened: () => opened,
        requests: () => requests.join("\n"),
        cut: () => (cut.abort(), (cut = new AbortController())),
        refuse: (code) => (refusal = code),
        letWebsocketsThrough: () => (blocked = -1),
        restore: () => ((globalThis.WebSocket = Native), (globalThis.fetch = nativeFetch)),
    };
}
"#)]
extern "C" {
    /// What stands in for the page's network.
    pub(crate) type Network;

    /// Blocks websockets until [`Network::restore`]: each fails at once, or never opens.
    #[wasm_bindgen(js_name = badNetwork)]
    fn bad_network(is_silent: bool) -> Network;

    /// How many websockets were blocked.
    #[wasm_bindgen(method)]
    pub(crate) fn blocked(this: &Network) -> i32;

    /// How many websockets have opened since they were let through.
    #[wasm_bindgen(method)]
    pub(crate) fn opened(this: &Network) -> u32;

    /// The method and path of each request, one on each line.
    #[wasm_bindgen(method)]
    pub(crate) fn requests(this: &Network) -> String;

    /// Cuts off all requests that are on their way.
    #[wasm_bindgen(method)]
    pub(crate) fn cut(this: &Network);

    /// Refuses requests with this code, but not the question whether there are rooms.
    #[wasm_bindgen(method)]
    pub(crate) fn refuse(this: &Network, code: &str);

    #[wasm_bindgen(method, js_name = letWebsocketsThrough)]
    pub(crate) fn let_websockets_through(this: &Network);

    #[wasm_bindgen(method)]
    pub(crate) fn restore(this: &Network);
}

/// A network that refuses websockets.
pub(crate) fn without_websockets() -> Network {
    bad_network(false)
}

/// A network that swallows websockets without an answer.
pub(crate) fn swallowing_websockets() -> Network {
    bad_network(true)
}
