//! The addresses that proxies name: which proxies the server trusts, and which address counts.

use rtbroadcaster_tests::{Client, Finished, PATH, Program, RawSocket, Request, Response, message};

const NOWHERE: &str = "00000000-0000-4000-8000-000000000000";

/// A program that lets each address ask for one unknown room.
async fn start(arguments: &[&str]) -> Program {
    let mut all = vec!["--unknown-rooms-per-minute", "1"];
    all.extend(arguments);
    Program::start(&all).await
}

const TRUSTING: [&str; 6] =
    ["--trust-proxy", "127.0.0.0/8", "--creation", "open", "--allow-origin", "https://example.org"];

/// The code with which a client is refused that asks for an unknown room through a proxy with this
/// header.
async fn refusal(program: &Program, header: (&str, &str)) -> String {
    let mut socket = RawSocket::connect(&program.address).await;
    let upgrade = Request::upgrade().with(header.0, header.1);
    assert_eq!(upgrade.send_on(&mut socket, &program.address).await.status, 101);
    socket.send_text(message::session_join(NOWHERE)).await;
    let text = socket.text().await;
    let refusal: serde_json::Value = serde_json::from_str(&text).expect("a refusal");
    refusal["error"]["code"].as_str().expect("a refusal").to_owned()
}

#[tokio::test]
async fn limits_hold_for_the_address_that_a_trusted_proxy_names() {
    let program = start(&TRUSTING).await;
    let name = "X-Forwarded-For";
    assert_eq!(refusal(&program, (name, "192.0.2.1")).await, "unknown_room");
    assert_eq!(refusal(&program, (name, "192.0.2.1")).await, "rate_limited");
    assert_eq!(refusal(&program, (name, "192.0.2.2")).await, "unknown_room");
    // Addresses that the client wrote itself are further left.
    assert_eq!(refusal(&program, (name, "192.0.2.3, 192.0.2.1")).await, "rate_limited");
    assert_eq!(refusal(&program, ("Forwarded", "for=192.0.2.4")).await, "unknown_room", "the proxy's own");
    assert_eq!(refusal(&program, ("Forwarded", "for=192.0.2.5")).await, "rate_limited");
}

#[tokio::test]
async fn the_standard_header_is_believed_where_the_proxies_set_that() {
    let mut arguments = TRUSTING.to_vec();
    arguments.extend(["--proxy-header", "forwarded"]);
    let program = start(&arguments).await;
    assert_eq!(refusal(&program, ("Forwarded", "for=192.0.2.1;proto=https")).await, "unknown_room");
    assert_eq!(refusal(&program, ("Forwarded", "for=\"192.0.2.1:4711\"")).await, "rate_limited");
    assert_eq!(refusal(&program, ("Forwarded", "for=\"[2001:db8::1]\"")).await, "unknown_room");
}

#[tokio::test]
async fn an_address_that_is_not_trusted_is_not_believed() {
    let elsewhere = ["--trust-proxy", "192.0.2.0/24", "--creation", "open", "--allow-origin", "self"];
    for arguments in [&[][..], &elsewhere] {
        let program = start(arguments).await;
        assert_eq!(refusal(&program, ("X-Forwarded-For", "192.0.2.1")).await, "unknown_room");
        assert_eq!(refusal(&program, ("X-Forwarded-For", "192.0.2.2")).await, "rate_limited");
    }
}

#[tokio::test]
async fn each_request_of_a_proxys_connection_is_its_own_clients() {
    let mut arguments = TRUSTING.to_vec();
    arguments.extend(["--rooms-per-minute-per-address", "1"]);
    let program = Program::start(&arguments).await;
    let mut proxy = RawSocket::connect(&program.address).await;
    let mut statuses = Vec::new();
    for client in ["192.0.2.1", "192.0.2.1", "192.0.2.2"] {
        let create =
            Request::post(&format!("{PATH}/rooms"), "application/json", "").with("X-Forwarded-For", client);
        let Response { status, .. } = create.send_on(&mut proxy, &program.address).await;
        statuses.push(status);
    }
    assert_eq!(statuses, [201, 429, 201]);
}

#[tokio::test]
async fn the_log_names_the_client_and_not_the_proxy() {
    let mut command = Program::command();
    command.args(["--listen", "127.0.0.1:0", "--log", "debug"]).args(TRUSTING);
    let mut program = Program::telling(command).await;
    refusal(&program, ("X-Forwarded-For", "192.0.2.1:4711")).await;
    let line = program.next_log("connection opened").await;
    assert!(line.contains("192.0.2.1:4711"), "{line}");
}

#[tokio::test]
async fn pages_of_the_host_that_a_proxy_passes_on_are_the_servers_own() {
    let own = ["--trust-proxy", "127.0.0.1", "--creation", "open", "--allow-origin", "self"];
    let program = Program::start(&own).await;
    let upgrade = |host: &str| Request::upgrade().with("Host", host).with("Origin", "https://example.org");
    assert_eq!(upgrade("example.org").send(&program.address).await.status, 101);
    assert_eq!(upgrade("127.0.0.1:8080").send(&program.address).await.status, 403);
    Client::connect(&program.address).await.sync().await;
}

async fn told(arguments: &[&str]) -> Finished {
    let mut command = Program::command();
    command.args(arguments);
    Program::run(command).await
}

#[tokio::test]
async fn a_trusted_proxy_says_for_whom_it_asks() {
    let finished = told(&["--trust-proxy", "127.0.0.1"]).await;
    assert_eq!(finished.code, Some(2));
    let start = "error: server.trust-proxy (127.0.0.1, flag --trust-proxy): others than this machine come through a \
                 proxy, so say who may open rooms: ";
    assert!(finished.stderr.starts_with(start), "{}", finished.stderr);
}

#[tokio::test]
async fn what_is_no_network_or_no_header_is_refused() {
    let wrong = told(&["--trust-proxy", "10.0.0.0/33"]).await;
    assert_eq!(
        (wrong.code, wrong.stderr.as_str()),
        (
            Some(2),
            "error: --trust-proxy: must be an IP address or a network, as 192.0.2.7, 10.0.0.0/8 or 2001:db8::/32, not \
             10.0.0.0/33\n"
        )
    );
    let wrong = told(&["--proxy-header", "x-real-ip"]).await;
    assert_eq!(wrong.stderr, "error: --proxy-header: must be x-forwarded-for or forwarded\n");
}
