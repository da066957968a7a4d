//! A hostile client is answered as the protocol says, costs the others nothing, and takes little of
//! the server's memory. `docs/hostile.md` lists every attack with its answer, and where the tests
//! of the other attacks are.

#![cfg(target_os = "linux")]

use rtbroadcaster_protocol::CloseCode;
use rtbroadcaster_tests::soak::Usage;
use rtbroadcaster_tests::{Client, Edge, Opcode, Program, RawSocket, Request, Room, Witness, message};
use serde_json::json;

const MIB: u64 = 1024 * 1024;
const PROTOCOL_ERROR: u16 = 1002;
const NOT_UTF8: u16 = 1007;
const TOO_LARGE: u16 = 1009;

/// A server in a process of its own, and a room that must not notice anything.
struct Victim {
    program: Program,
    witness: Witness,
    before: u64,
    height: u64,
}

impl Victim {
    async fn start(arguments: &[&str]) -> Self {
        let program = Program::start(arguments).await;
        let mut witness = Witness::start(&program.address).await;
        witness.still_works().await;
        let before = memory(&program);
        Self { program, witness, before, height: before }
    }

    fn address(&self) -> &str {
        &self.program.address
    }

    /// Checks, during an attack, that the others notice nothing.
    async fn is_unharmed(&mut self) {
        self.witness.still_works().await;
        self.height = self.height.max(memory(&self.program));
    }

    /// Fails if the process took more memory than this during or after the attack.
    async fn took_at_most(mut self, bytes: u64, attack: &str) {
        self.is_unharmed().await;
        let kib = |bytes: u64| bytes / 1024;
        let after = memory(&self.program);
        println!(
            "{attack}: {} KiB before, {} at most, {} after",
            kib(self.before),
            kib(self.height),
            kib(after)
        );
        assert!(
            self.height <= self.before + bytes,
            "{attack}: {} KiB, then {}",
            kib(self.before),
            kib(self.height)
        );
    }
}

fn memory(program: &Program) -> u64 {
    Usage::of(program.process_id()).memory
}

/// The bytes of a masked frame.
fn frame(first_byte: u8, payload: &[u8]) -> Vec<u8> {
    let length = u8::try_from(payload.len()).expect("a short payload");
    let mut frame = vec![first_byte, 0x80 | length, 0, 0, 0, 0];
    frame.extend(payload);
    frame
}

#[tokio::test]
async fn requests_that_never_end_are_cut_off() {
    let mut victim = Victim::start(&["--handshake-timeout-ms", "1500"]).await;
    let mut sockets = Vec::new();
    for _ in 0..300 {
        let mut socket = RawSocket::connect(victim.address()).await;
        socket.send_bytes(b"GET /broadcasting HTTP/1.1\r\nHost: x\r\nX-Slow: ").await;
        sockets.push(socket);
    }
    victim.is_unharmed().await;
    for socket in &mut sockets {
        socket.ended().await;
    }
    victim.took_at_most(8 * MIB, "300 requests that never end").await;
}

#[tokio::test]
async fn too_many_and_too_large_headers_are_refused() {
    let victim = Victim::start(&[]).await;
    let many = (0..200).fold(Request::upgrade(), |request, number| request.with(&format!("X-{number}"), "x"));
    for _ in 0..20 {
        assert_eq!(many.send(victim.address()).await.status, 431);
        let mut large = RawSocket::connect(victim.address()).await;
        large.send_bytes(format!("GET / HTTP/1.1\r\nX-Large: {}", "x".repeat(450_000)).as_bytes()).await;
        large.ended().await;
    }
    victim.took_at_most(8 * MIB, "20 times 200 headers, and one of 450 kB").await;
}

#[tokio::test]
async fn pings_without_end_are_answered_by_as_many_pongs_as_are_taken() {
    let mut victim = Victim::start(&[]).await;
    let mut socket = RawSocket::upgrade_narrow(victim.address()).await;
    let pings = frame(0x89, b"?").repeat(1_000);
    for _ in 0..100 {
        socket.send_bytes(&pings).await;
    }
    victim.is_unharmed().await;
    socket.send_text(r#"{"ping":1}"#).await;
    let mut pongs = 0;
    let answer = loop {
        match socket.frame().await {
            (Opcode::Pong, _) => pongs += 1,
            (_, payload) => break payload,
        }
    };
    assert_eq!(String::from_utf8_lossy(&answer), r#"{"pong":1}"#);
    assert!((1..=100_000).contains(&pongs), "{pongs}");
    victim.took_at_most(4 * MIB, "100,000 pings").await;
}

#[tokio::test]
async fn fragments_without_end_are_one_message_that_is_too_large_in_the_end() {
    let mut victim = Victim::start(&[]).await;
    let mut socket = RawSocket::upgrade(victim.address()).await;
    socket.send_bytes(&frame(0x01, b"{")).await;
    // Empty fragments cost nothing, whatever their number.
    socket.send_bytes(&frame(0x00, b"").repeat(20_000)).await;
    socket.send_bytes(&frame(0x00, b" ").repeat(20_000)).await;
    socket.send_bytes(&frame(0x80, br#""ping":1}"#)).await;
    assert_eq!(socket.text().await, r#"{"pong":1}"#);
    socket.send_bytes(&frame(0x01, b"{")).await;
    for _ in 0..66 {
        socket.send_bytes(&frame(0x00, b" ").repeat(1_000)).await;
    }
    victim.is_unharmed().await;
    assert_eq!(socket.closed().await, TOO_LARGE);
    victim.took_at_most(4 * MIB, "106,000 fragments").await;
}

#[tokio::test]
async fn nothing_compressed_is_ever_unpacked() {
    let victim = Victim::start(&[]).await;
    let offer = "permessage-deflate; client_max_window_bits";
    let response = Request::upgrade().with("Sec-WebSocket-Extensions", offer).send(victim.address()).await;
    assert_eq!((response.status, response.header("sec-websocket-extensions")), (101, None));
    let mut socket = RawSocket::upgrade(victim.address()).await;
    socket.send_bytes(&frame(0xc1, b"\x00\x00\x00\xff\xff")).await;
    assert_eq!(socket.closed().await, PROTOCOL_ERROR);
    let packed =
        Request::post(&Edge::rooms(), "application/json", "\u{1f}zipped").with("Content-Encoding", "gzip");
    assert_eq!(packed.send(victim.address()).await.status, 400);
    victim.took_at_most(4 * MIB, "what is compressed").await;
}

#[tokio::test]
async fn frames_that_lie_about_themselves_close_with_what_the_rfc_says() {
    let victim = Victim::start(&[]).await;
    let long = |length: u64| [&[0x82, 0xff][..], &length.to_be_bytes(), &[0; 4]].concat();
    for (bytes, code) in [
        (long(1 << 62), TOO_LARGE),
        (long(1 << 63), TOO_LARGE),
        (long(u64::MAX), TOO_LARGE),
        // A fragmented control frame, and one that is too long.
        (frame(0x09, b"?"), PROTOCOL_ERROR),
        ([&[0x89, 0xfe, 0, 126, 0, 0, 0, 0][..], &[0; 126]].concat(), PROTOCOL_ERROR),
        // The first part of a euro sign, and a second part that does not belong to it.
        ([frame(0x01, b"\xe2\x82"), frame(0x80, b"\xff")].concat(), NOT_UTF8),
    ] {
        let mut socket = RawSocket::upgrade(victim.address()).await;
        socket.send_bytes(&bytes).await;
        assert_eq!(socket.closed().await, code, "{bytes:?}");
    }
    victim.took_at_most(4 * MIB, "frames that lie").await;
}

#[tokio::test]
async fn deep_json_is_refused_and_long_and_large_json_is_bounded_by_its_bytes() {
    let victim = Victim::start(&["--message-bytes=8388608", "--ring-bytes=8388608"]).await;
    let mut room = Room::open(victim.address()).await;
    let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
    room.owner.send(format!(r#"{{"id":1,"funcKey":"deep","funcParams":{deep}}}"#)).await;
    let answer = room.owner.next().await;
    assert_eq!(answer["error"]["code"], "params_too_deep", "{answer}");
    let million = format!("[{}1]", "1,".repeat(999_999));
    room.owner.send(format!(r#"{{"id":2,"funcKey":"long","funcParams":{million}}}"#)).await;
    assert_eq!(room.owner.next().await["ack"], 2);
    for field in ["funcKey", "slot"] {
        let mut large = json!({"id": 3, "funcKey": "large", "stateMessage": true});
        large[field] = "k".repeat(5_000_000).into();
        room.owner.send(large).await;
        room.owner.is_refused("state_too_large").await;
        room.owner.send(json!({"ping": 1})).await;
        assert_eq!(room.owner.next().await, json!({"pong": 1}));
        room = Room::open(victim.address()).await;
    }
    victim.took_at_most(64 * MIB, "a message of millions of elements or bytes").await;
}

#[tokio::test]
async fn ten_thousand_slots_are_all_there_are() {
    let victim = Victim::start(&["--owner-actions-per-second=100000"]).await;
    let mut room = Room::open(victim.address()).await;
    for hundred in 0..100 {
        let ids = hundred * 100 + 1..=hundred * 100 + 100;
        let slots = ids.map(|id| json!({"id": id, "funcKey": "f", "slot": format!("s{id}")}).to_string());
        room.owner.send(slots.collect::<String>()).await;
        while room.owner.next().await["ack"] != hundred * 100 + 100 {}
    }
    room.owner.send(json!({"funcKey": "f", "slot": "one more"})).await;
    room.owner.is_refused("too_many_slots").await;
    let mut follower = room.join().await;
    while follower.next().await["synced"] != 10_000 {}
    victim.took_at_most(24 * MIB, "10,001 slots").await;
}

#[tokio::test]
async fn followers_that_never_read_cost_the_ring_and_a_frame_each() {
    let mut victim = Victim::start(&["--owner-bytes-per-second=4294967295"]).await;
    let mut room = Room::open(victim.address()).await;
    let mut stuck = Vec::new();
    for _ in 0..20 {
        let mut socket = RawSocket::upgrade_narrow(victim.address()).await;
        socket.send_text(message::session_join(&room.uuid)).await;
        stuck.push(socket);
    }
    let large = json!({"funcKey": "large", "funcParams": ["x".repeat(60_000)]}).to_string();
    for _ in 0..600 {
        room.owner.send(&large).await;
    }
    room.owner.sync().await;
    victim.is_unharmed().await;
    drop(stuck);
    victim.took_at_most(32 * MIB, "36 MB to 20 followers that never read").await;
}

#[tokio::test]
async fn an_owner_that_floods_fills_its_ring_and_no_more() {
    let victim = Victim::start(&["--owner-actions-per-second=4294967295"]).await;
    let mut room = Room::open(victim.address()).await;
    let actions = r#"{"funcKey":"flood","funcParams":["0123456789"]}"#.repeat(1_000);
    for _ in 0..200 {
        room.owner.send(&actions).await;
    }
    room.owner.sync().await;
    victim.took_at_most(12 * MIB, "200,000 actions").await;
}

#[tokio::test]
async fn refusals_that_nobody_reads_are_not_heaped_up() {
    let mut victim = Victim::start(&[]).await;
    let mut owner = RawSocket::upgrade_narrow(victim.address()).await;
    owner.send_text(message::session_create("s")).await;
    for frame in 0..20 {
        let faults = (1..=2_000).map(|id| format!(r#"{{"id":{},"funcKey":7}}"#, frame * 2_000 + id));
        owner.send_text(faults.collect::<String>()).await;
    }
    victim.is_unharmed().await;
    victim.took_at_most(8 * MIB, "40,000 refusals that nobody reads").await;
}

#[tokio::test]
async fn clients_that_come_and_go_leave_nothing_behind() {
    let victim = Victim::start(&[]).await;
    let room = Room::open(victim.address()).await;
    for visit in 0..400 {
        let mut follower = Client::connect(victim.address()).await;
        follower.send(message::session_join(&room.uuid)).await;
        follower.next().await;
        if visit % 2 == 0 {
            follower.send(message::close(&room.uuid)).await;
            follower.rest().await;
        }
    }
    victim.took_at_most(6 * MIB, "400 followers that come and go").await;
}

#[tokio::test]
async fn rooms_that_are_opened_and_left_make_room_for_each_other() {
    let victim = Victim::start(&["--rooms=100", "--rooms-per-minute-per-address=100000"]).await;
    for _ in 0..400 {
        Edge::open(victim.address()).await;
    }
    victim.took_at_most(6 * MIB, "400 rooms where there may be 100").await;
}

#[tokio::test]
async fn peers_that_have_vanished_are_given_up() {
    let mut victim = Victim::start(&["--ping-interval-ms=200", "--idle-timeout-ms=3000"]).await;
    let room = Room::open(victim.address()).await;
    let mut vanished = Vec::new();
    for _ in 0..100 {
        let mut socket = RawSocket::upgrade(victim.address()).await;
        socket.send_text(message::session_join(&room.uuid)).await;
        vanished.push(socket);
    }
    victim.is_unharmed().await;
    for socket in &mut vanished {
        assert_eq!(socket.closed().await, CloseCode::IdleTimeout.value());
    }
    let Victim { program, before, .. } = victim;
    // The witness and its owner were closed too, because the test had not answered their pings.
    Witness::start(&program.address).await.still_works().await;
    let after = memory(&program);
    println!("100 that vanish: {} KiB before, {} after", before / 1024, after / 1024);
    assert!(after <= before + 6 * MIB);
}
