//! TLS: the rooms over `wss://`, a certificate that is replaced while the program runs, and
//! unusable files.

use std::fs;
use std::path::{Path, PathBuf};

use rtbroadcaster_protocol::CloseCode;
use rtbroadcaster_tests::{Certificate, Client, Program, RawSocket, message};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR"))
}

fn file(name: &str, text: &str) -> PathBuf {
    let path = folder().join(name);
    fs::write(&path, text).expect("a file in target/tmp");
    path
}

async fn start(certificate: &Certificate) -> Program {
    let program = Program::start(&certificate.arguments()).await;
    assert_eq!(program.scheme, "https");
    program
}

/// An owner and a follower of the same room, over TLS.
async fn room(program: &Program, certificate: &Certificate) -> (Client, Client) {
    let mut owner = Client::connect_with_tls(&program.address, certificate).await;
    owner.send(message::session_create("s")).await;
    let uuid = owner.next().await["uuid"].as_str().expect("a reply").to_owned();
    let mut follower = Client::connect_with_tls(&program.address, certificate).await;
    follower.send(message::session_join(&uuid)).await;
    assert_eq!(follower.next().await["uuid"], uuid);
    follower.hears(&json!({"synced": 0})).await;
    (owner, follower)
}

#[tokio::test]
async fn rooms_work_over_tls_in_both_directions_and_with_more_than_a_buffer_holds() {
    let certificate = Certificate::create(&folder(), "rooms");
    let program = start(&certificate).await;
    let (mut owner, mut follower) = room(&program, &certificate).await;
    let large = "x".repeat(60_000);
    for id in 1..=50 {
        owner.send(json!({"id": id, "funcKey": "large", "funcParams": [large]})).await;
    }
    for seq in 1..=50 {
        assert_eq!(follower.next().await["seq"], seq);
    }
    while owner.next().await["ack"] != 50 {}
    owner.hears_nothing().await;
    follower.hears_nothing().await;
}

#[tokio::test]
async fn the_last_message_comes_whenever_a_follower_stops_reading() {
    let certificate = Certificate::create(&folder(), "stops");
    let mut arguments = certificate.arguments().to_vec();
    // A ping would make the server look again.
    arguments.extend(["--ping-interval-ms", "3600000", "--idle-timeout-ms", "7200000"]);
    let program = Program::start(&arguments).await;
    let text = "x".repeat(9_000);
    // The socket of a follower that doesn't read takes some ten of them, or twenty.
    for count in 1..=32 {
        let (mut owner, mut follower) = room(&program, &certificate).await;
        for id in 1..=count {
            owner.send(json!({"id": id, "funcKey": "large", "funcParams": [text]})).await;
            while owner.next().await["ack"] != id {}
        }
        for seq in 1..=count {
            assert_eq!(follower.next().await["seq"], seq);
        }
    }
}

#[tokio::test]
async fn it_answers_requests_over_tls_and_ends_in_order() {
    let certificate = Certificate::create(&folder(), "requests");
    let program = start(&certificate).await;
    let mut stream = certificate.connect(&program.address).await.unwrap();
    stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await.unwrap();
    let mut answer = String::new();
    // Without TLS's own notice of the end, this would be an error.
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 ") && answer.ends_with("ok\n"), "{answer}");
}

#[tokio::test]
async fn http_1_1_is_chosen_and_who_speaks_only_others_is_refused() {
    let certificate = Certificate::create(&folder(), "alpn");
    let program = start(&certificate).await;
    let offering: [&[u8]; 2] = [b"h2", b"http/1.1"];
    let stream = certificate.connect_offering(&program.address, &offering).await.unwrap();
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"http/1.1"[..]));
    let refused = certificate.connect_offering(&program.address, &[b"h2"]).await.unwrap_err();
    assert!(refused.to_string().contains("NoApplicationProtocol"), "{refused}");
}

#[tokio::test]
async fn who_does_not_finish_the_handshake_is_cut_off_and_holds_nobody_up() {
    let certificate = Certificate::create(&folder(), "slow");
    let mut arguments = certificate.arguments().to_vec();
    arguments.extend(["--handshake-timeout-ms", "1000"]);
    let program = Program::start(&arguments).await;
    let mut nothing = RawSocket::connect(&program.address).await;
    let mut half = RawSocket::connect(&program.address).await;
    // The head of a handshake record and of its ClientHello, which announce more bytes than come.
    half.send_bytes(&[22, 3, 1, 1, 0, 1, 0, 0, 252, 3, 3]).await;
    let mut plain = RawSocket::connect(&program.address).await;
    plain.send_bytes(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").await;
    room(&program, &certificate).await;
    nothing.ended().await;
    half.ended().await;
    plain.ended().await;
}

#[tokio::test]
async fn everyone_hears_of_the_end_and_so_does_tls() {
    let certificate = Certificate::create(&folder(), "end");
    let mut program = start(&certificate).await;
    let (mut owner, mut follower) = room(&program, &certificate).await;
    program.signal("TERM").await;
    for client in [&mut owner, &mut follower] {
        let (heard, code) = client.rest().await;
        assert_eq!(
            (heard.last().unwrap(), code),
            (&json!({"shutdown": 5_000}), CloseCode::ShuttingDown.value())
        );
        client.ends_in_order().await;
    }
    assert_eq!(program.exit_code().await, Some(0));
}

fn copy(from: &Certificate, to: &Certificate) {
    fs::copy(&from.certificate, &to.certificate).expect("a file in target/tmp");
    fs::copy(&from.key, &to.key).expect("a file in target/tmp");
}

#[tokio::test]
async fn a_new_certificate_is_shown_after_sighup_and_whoever_is_connected_stays() {
    let old = Certificate::create(&folder(), "old");
    let new = Certificate::create(&folder(), "new");
    let mut command = Program::command();
    command.args(["--listen", "127.0.0.1:0"]).args(old.arguments());
    let mut program = Program::telling(command).await;
    let (mut owner, mut follower) = room(&program, &old).await;
    assert!(new.connect(&program.address).await.is_err());

    // A new key alone is not enough: nothing changes, and the log says why.
    fs::copy(&new.key, &old.key).unwrap();
    program.signal("HUP").await;
    let warning = program.next_log("the one before stays in force").await;
    assert!(warning.contains("WARN"), "{warning}");
    assert!(warning.contains("old-key.pem: its key isn't that of the first certificate"), "{warning}");
    room(&program, &old).await;

    copy(&new, &old);
    program.signal("HUP").await;
    program.next_log("the certificate was read again").await;
    room(&program, &new).await;
    assert!(old.connect(&program.address).await.is_err());
    owner.send(json!({"funcKey": "still here"})).await;
    follower.hears(&json!({"seq": 1, "funcKey": "still here"})).await;
}

#[tokio::test]
async fn sighup_does_not_end_a_program_without_tls() {
    let mut command = Program::command();
    command.args(["--listen", "127.0.0.1:0"]);
    let mut program = Program::telling(command).await;
    program.signal("HUP").await;
    program.next_log("reloaded").await;
    Client::connect(&program.address).await.sync().await;
}

/// The program's message about unusable files. It must not start with them.
async fn refusal(certificate: &Path, key: &Path) -> String {
    let mut command = Program::command();
    command.args(["--listen", "127.0.0.1:0", "--tls-cert"]).arg(certificate).arg("--tls-key").arg(key);
    let finished = Program::run(command).await;
    assert_eq!((finished.code, finished.stdout.as_str()), (Some(1), ""), "{}", finished.stderr);
    let last = finished.stderr.lines().last().unwrap_or_default();
    last.replace(&folder().display().to_string(), "FOLDER")
}

#[tokio::test]
async fn files_that_cannot_be_used_end_it_with_1_and_are_named_with_what_is_wrong() {
    let good = Certificate::create(&folder(), "good");
    let other = Certificate::create(&folder(), "other");
    let key = fs::read_to_string(&good.key).unwrap();
    let encrypted = file("encrypted.pem", &key.replace("PRIVATE", "ENCRYPTED PRIVATE"));
    let encrypted_of_old = file(
        "encrypted-of-old.pem",
        "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,00\n\nAAAA\n-----END RSA PRIVATE KEY-----\n",
    );
    let cut_off = file("cut-off.pem", &key[..key.len() / 2]);
    let no_key = file("no-key.pem", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n");
    let no_certificate =
        file("no-certificate.pem", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
    let cases = [
        (&good.certificate, &other.key, "other-key.pem: its key isn't that of the first certificate in"),
        (&folder().join("missing.pem"), &good.key, "missing.pem: cannot be read: No such file"),
        (&good.certificate, &folder().join("missing.pem"), "missing.pem: cannot be read: No such file"),
        (&good.key, &good.key, "good-key.pem: has no certificate in it"),
        (&good.certificate, &good.certificate, "good-cert.pem: has no private key in it"),
        (&good.certificate, &encrypted, "encrypted.pem: its key is encrypted"),
        (&good.certificate, &encrypted_of_old, "encrypted-of-old.pem: its key is encrypted"),
        (&good.certificate, &cut_off, "cut-off.pem: is no PEM"),
        (&good.certificate, &no_key, "no-key.pem: its key cannot be used"),
        (&no_certificate, &good.key, "no-certificate.pem: its first certificate cannot be used"),
    ];
    for (certificate, key, told) in cases {
        let refusal = refusal(certificate, key).await;
        assert!(refusal.starts_with(&format!("error: TLS: FOLDER/{told}")), "{refusal}");
    }
}

#[tokio::test]
async fn a_certificate_without_its_key_is_a_contradiction() {
    for (given, missing) in [("tls-cert", "tls-key"), ("tls-key", "tls-cert")] {
        let mut command = Program::command();
        command.arg(format!("--{given}=a.pem"));
        let finished = Program::run(command).await;
        assert_eq!(finished.code, Some(2));
        let told = format!("TLS needs a certificate and its key: set server.{missing} too\n");
        assert_eq!(finished.stderr, format!("error: server.{given} (a.pem, flag --{given}): {told}"));
    }
}

#[tokio::test]
async fn http_without_tls_is_answered_in_words_and_logged_as_what_it_is() {
    let certificate = Certificate::create(&folder(), "plain");
    let mut command = Program::command();
    command.args(["--listen", "127.0.0.1:0", "--log", "debug"]).args(certificate.arguments());
    let mut program = Program::telling(command).await;
    let mut socket = RawSocket::connect(&program.address).await;
    socket.send_bytes(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").await;
    let answer = String::from_utf8(socket.rest().await).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 400 Bad Request\r\n"), "{head}");
    assert!(head.contains(&format!("Content-Length: {}\r\n", body.len())), "{head}");
    assert!(body.contains("https://"), "{body}");
    drop(socket);
    let line = program.next_log("a request without TLS came to the port for https").await;
    assert!(line.contains("DEBUG") && line.contains("remote=127.0.0.1:"), "{line}");
    room(&program, &certificate).await;
}
