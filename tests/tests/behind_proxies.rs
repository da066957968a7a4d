//! The proxies that docs/operating.md names, each with the very block that it shows: what they pass
//! on, what they do to silence, and how soon an event is there.

use std::time::{Duration, Instant};

use rtbroadcaster_tests::{
    CLIENT, Edge, Events, Opcode, Program, ProxyKind, RawSocket, Request, SITE, WebProxy, message,
};

/// How long the proxies let a connection be silent.
const TIMEOUT_SECONDS: u64 = 2;

/// The pause between two pings of a server that keeps connections alive.
const PING_MS: u64 = 250;

/// So many pings take longer than the proxies' timeout.
const PINGS: u64 = 2 * TIMEOUT_SECONDS * 1_000 / PING_MS;

/// Actions whose way is timed.
const ACTIONS: usize = 15;

/// What a proxy may add to the way of an event. It is half of what a proxy adds that waits for more
/// to send, and far more than any adds that doesn't.
const MAX_DELAY: Duration = Duration::from_millis(100);

async fn server(ping_ms: u64) -> Program {
    let mut command = Program::command();
    command.args(["--listen", "127.0.0.1:0", "--creation", "open", "--allow-origin", "self"]);
    command.args(["--trust-proxy", "127.0.0.1", "--log", "debug"]);
    command.args(["--ping-interval-ms", &ping_ms.to_string(), "--idle-timeout-ms", "3600000"]);
    Program::telling(command).await
}

fn upgrade(origin: &str) -> Request {
    Request::upgrade().with("Host", SITE).with("Origin", origin)
}

/// A websocket through the proxy.
async fn connect(proxy: &WebProxy) -> RawSocket {
    let mut socket = RawSocket::connect(&proxy.address).await;
    let response = upgrade(&format!("https://{SITE}")).send_on(&mut socket, &proxy.address).await;
    assert_eq!(response.status, 101, "{}", response.head);
    socket
}

/// A websocket and the name of what is passed on, through each proxy that is there.
async fn host_and_address_are_passed_on(kind: ProxyKind) {
    let mut program = server(PING_MS).await;
    let Some(proxy) = WebProxy::start(kind, &program.address, TIMEOUT_SECONDS, "passes-on").await else {
        return;
    };
    let refused = upgrade("https://elsewhere.example").send(&proxy.address).await;
    assert_eq!(refused.status, 403, "{}", refused.head);
    let mut owner = connect(&proxy).await;
    let opened = program.next_log("connection opened").await;
    assert!(opened.contains(CLIENT), "the server knows its client: {opened}");
    owner.send_text(message::create()).await;
    assert!(owner.text().await.contains("connected"));
}

/// Silence of clients is bridged by the server's pings and comments.
async fn silence_is_bridged(kind: ProxyKind) {
    let program = server(PING_MS).await;
    let Some(proxy) = WebProxy::start(kind, &program.address, TIMEOUT_SECONDS, "silence").await else {
        return;
    };
    let edge = Edge::open(&program.address).await;
    let mut events = Events::open(&edge.events().with("Host", SITE), &proxy.address).await;
    let mut socket = connect(&proxy).await;
    socket.send_text(message::session_join(&edge.uuid)).await;
    let mut pings = 0;
    while pings < PINGS {
        let (opcode, payload) = socket.frame().await;
        if opcode == Opcode::Ping {
            pings += 1;
            socket.send_frame(Opcode::Pong, true, &payload).await;
        }
    }
    edge.act("after the silence").await;
    while !socket.text().await.contains("after the silence") {}
    while events.message().await["funcKey"] != "after the silence" {}
    assert!(events.comments > 0, "the stream was silent but for comments");
}

/// A server that says nothing for longer than the proxy's timeout is cut off: the timeout that the
/// other tests bridge is in force.
async fn too_long_a_silence_is_cut(kind: ProxyKind) {
    let program = server(600_000).await;
    let Some(proxy) = WebProxy::start(kind, &program.address, TIMEOUT_SECONDS, "cut").await else { return };
    let edge = Edge::open(&program.address).await;
    let mut socket = connect(&proxy).await;
    socket.send_text(message::session_join(&edge.uuid)).await;
    while !socket.text().await.contains("owner") {}
    assert_eq!(socket.until_end().await, b"", "it ends without a close frame");
}

/// Each event is there as soon as without the proxy.
async fn events_come_at_once(kind: ProxyKind) {
    let program = server(PING_MS).await;
    let Some(proxy) = WebProxy::start(kind, &program.address, TIMEOUT_SECONDS, "events").await else {
        return;
    };
    let edge = Edge::open(&program.address).await;
    let mut direct = Events::open(&edge.events(), &program.address).await;
    let mut proxied = Events::open(&edge.events().with("Host", SITE), &proxy.address).await;
    let arrival = async |events: &mut Events| {
        while events.message().await["funcKey"] != "timed" {}
        Instant::now()
    };
    let mut delays = Vec::new();
    for _ in 0..ACTIONS {
        edge.act("timed").await;
        let (direct, proxied) = tokio::join!(arrival(&mut direct), arrival(&mut proxied));
        delays.push(proxied.saturating_duration_since(direct));
    }
    delays.sort_unstable();
    assert!(delays[ACTIONS / 2] < MAX_DELAY, "{kind:?}: {delays:?}");
}

macro_rules! for_each_proxy {
    ($($test:ident $kind:ident),+) => {$(
        mod $test {
            use super::*;

            #[tokio::test(flavor = "multi_thread")]
            async fn passes_on_host_and_address() {
                host_and_address_are_passed_on(ProxyKind::$kind).await;
            }

            #[tokio::test(flavor = "multi_thread")]
            async fn keeps_a_silent_connection_that_the_server_pings() {
                silence_is_bridged(ProxyKind::$kind).await;
            }

            #[tokio::test(flavor = "multi_thread")]
            async fn cuts_a_connection_that_nobody_pings() {
                if ProxyKind::$kind.ends_silent_connections() {
                    too_long_a_silence_is_cut(ProxyKind::$kind).await;
                }
            }

            #[tokio::test(flavor = "multi_thread")]
            async fn sends_each_event_at_once() {
                events_come_at_once(ProxyKind::$kind).await;
            }
        }
    )+};
}

for_each_proxy!(
    nginx Nginx,
    apache Apache,
    haproxy Haproxy,
    haproxy_without_tls HaproxyWithoutTls,
    varnish Varnish,
    caddy Caddy
);
