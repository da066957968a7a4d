//! `TlsStream`: what rustls leaves to whoever keeps its buffers.

use std::io::{self, ErrorKind, Read, Write};
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::sync::Arc;

use rtbroadcaster::TlsStream;
use rtbroadcaster_tests::{Certificate, within};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::rustls::version::{TLS12, TLS13};
use tokio_rustls::rustls::{
    AlertDescription, ClientConnection, Error, ServerConfig, SupportedProtocolVersion,
};

/// A client that decides what is on the wire, and when.
struct Client {
    socket: TcpStream,
    connection: ClientConnection,
}

impl Client {
    /// The bytes that must be sent now.
    fn wire(&mut self) -> Vec<u8> {
        let mut wire = Vec::new();
        while self.connection.wants_write() {
            self.connection.write_tls(&mut wire).expect("a vector takes everything");
        }
        wire
    }

    async fn send_wire(&mut self, wire: &[u8]) {
        self.socket.write_all(wire).await.expect("the server reads");
    }

    /// The bytes of text on the wire.
    fn encrypt(&mut self, text: &[u8]) -> Vec<u8> {
        self.connection.writer().write_all(text).expect("text before the end");
        self.wire()
    }

    async fn send(&mut self, text: &[u8]) {
        let wire = self.encrypt(text);
        self.send_wire(&wire).await;
    }

    /// Says that nothing more is sent.
    async fn close(&mut self) {
        self.connection.send_close_notify();
        let wire = self.wire();
        self.send_wire(&wire).await;
    }

    /// Receives some bytes. False at the end of the connection.
    async fn receive(&mut self) -> Result<bool, Error> {
        let mut wire = [0; 4096];
        let count = within("bytes of the server", self.socket.read(&mut wire)).await.expect("a connection");
        let mut rest = &wire[..count];
        while !rest.is_empty() {
            self.connection.read_tls(&mut rest).expect("a slice is read");
            self.connection.process_new_packets()?;
        }
        Ok(count > 0)
    }

    /// Hears exactly this text next.
    async fn hears(&mut self, text: &[u8]) {
        let mut heard = vec![0; text.len()];
        let mut length = 0;
        while length < text.len() {
            match self.connection.reader().read(&mut heard[length..]) {
                Ok(0) => panic!("the server ended after {length} bytes"),
                Ok(count) => length += count,
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    self.receive().await.expect("TLS of the server");
                }
                Err(error) => panic!("{error}"),
            }
        }
        assert!(heard == text, "another text");
    }

    /// Hears nothing but that the server ends.
    async fn hears_the_end(&mut self) {
        while self.receive().await.expect("TLS of the server") {}
        // Without the notice this would be an error.
        assert_eq!(self.connection.reader().read(&mut [0]).expect("a notice of the end"), 0);
    }

    async fn handshake(&mut self, sends: Sends) {
        while self.connection.is_handshaking() {
            let wire = self.wire();
            match sends {
                Sends::AtOnce => self.send_wire(&wire).await,
                Sends::ByteByByte => {
                    for byte in wire {
                        self.send_wire(&[byte]).await;
                        tokio::task::yield_now().await;
                    }
                }
            }
            if self.connection.is_handshaking() {
                self.receive().await.expect("TLS of the server");
            }
        }
        let wire = self.wire();
        self.send_wire(&wire).await;
    }
}

#[derive(Clone, Copy)]
enum Sends {
    AtOnce,
    ByteByByte,
}

const VERSIONS: [&SupportedProtocolVersion; 2] = [&TLS13, &TLS12];

/// A client, and a socket of the server that nothing was read from.
async fn connect(name: &str, version: &'static SupportedProtocolVersion) -> (Client, Certificate, TcpStream) {
    let name = format!("stream-{name}-{:?}", version.version);
    let certificate = Certificate::create(&PathBuf::from(env!("CARGO_TARGET_TMPDIR")), &name);
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a free port");
    let socket = TcpStream::connect(listener.local_addr().expect("an address")).await.expect("a listener");
    socket.set_nodelay(true).expect("a connected socket");
    let config = Arc::new(certificate.client_config(&[version]));
    let name = Ipv4Addr::LOCALHOST.to_string().try_into().expect("an address is a name");
    let mut connection = ClientConnection::new(config, name).expect("usable settings");
    connection.set_buffer_limit(None);
    let (accepted, _) = listener.accept().await.expect("a client");
    (Client { socket, connection }, certificate, accepted)
}

/// A client and its server, after the handshake.
async fn pair(name: &str, version: &'static SupportedProtocolVersion, sends: Sends) -> (Client, TlsStream) {
    let (mut client, certificate, socket) = connect(name, version).await;
    let config = Arc::clone(certificate.acceptor().config());
    let accepted = tokio::spawn(TlsStream::accept(config, socket));
    client.handshake(sends).await;
    let stream = within("the server's handshake", accepted).await.expect("no panic").expect("a handshake");
    assert_eq!(client.connection.protocol_version(), Some(version.version));
    (client, stream)
}

async fn read(stream: &mut TlsStream) -> io::Result<usize> {
    within("the client", stream.read(&mut [0; 8])).await
}

async fn reads(stream: &mut TlsStream, text: &[u8]) {
    let mut read = vec![0; text.len()];
    within("text of the client", stream.read_exact(&mut read)).await.expect("a client");
    assert!(read == text, "another text");
}

#[tokio::test]
async fn each_version_carries_text_both_ways_and_ends_one_way_at_a_time() {
    for version in VERSIONS {
        let (mut client, mut server) = pair("both-ways", version, Sends::AtOnce).await;
        client.send(b"from the client").await;
        reads(&mut server, b"from the client").await;
        server.write_all(b"from the server").await.unwrap();
        client.hears(b"from the server").await;
        client.send(b"the last").await;
        client.close().await;
        reads(&mut server, b"the last").await;
        assert_eq!(read(&mut server).await.unwrap(), 0);
        // Once more: that the client has ended is no event but a state.
        assert_eq!(read(&mut server).await.unwrap(), 0);
        server.write_all(b"but I still talk").await.unwrap();
        client.hears(b"but I still talk").await;
        server.shutdown().await.unwrap();
        client.hears_the_end().await;
    }
}

#[tokio::test]
async fn bytes_may_come_one_by_one() {
    for version in VERSIONS {
        let (mut client, mut server) = pair("one-by-one", version, Sends::ByteByByte).await;
        for byte in client.encrypt(b"slowly") {
            client.send_wire(&[byte]).await;
            tokio::task::yield_now().await;
        }
        reads(&mut server, b"slowly").await;
        server.write_all(b"and back").await.unwrap();
        client.hears(b"and back").await;
    }
}

#[tokio::test]
async fn text_may_come_with_the_end_of_the_handshake() {
    let (mut client, certificate, socket) = connect("early", &TLS13).await;
    let config = Arc::clone(certificate.acceptor().config());
    let accepted = tokio::spawn(TlsStream::accept(config, socket));
    let hello = client.wire();
    client.send_wire(&hello).await;
    while client.connection.is_handshaking() {
        client.receive().await.expect("TLS of the server");
    }
    // The client's last message of the handshake is in front of the text.
    let text = vec![7; 3 * 16 * 1024];
    client.send(&text).await;
    let mut server = within("the server's handshake", accepted).await.unwrap().unwrap();
    reads(&mut server, &text).await;
}

#[tokio::test]
async fn the_server_writes_while_a_record_has_come_in_part() {
    for version in VERSIONS {
        let (mut client, mut server) = pair("in-part", version, Sends::AtOnce).await;
        client.send(b"first").await;
        let record = client.encrypt(b"second");
        let (begin, end) = record.split_at(record.len() / 2);
        client.send_wire(begin).await;
        reads(&mut server, b"first").await;
        // Reads the half, and finds no text in it.
        let mut byte = [0];
        tokio::select! {
            biased;
            read = server.read(&mut byte) => panic!("{read:?} of half a record"),
            () = async { for _ in 0..100 { tokio::task::yield_now().await } } => {}
        }
        for text in [b"one", b"two"] {
            server.write_all(text).await.unwrap();
            client.hears(text).await;
        }
        client.send_wire(end).await;
        reads(&mut server, b"second").await;
    }
}

#[tokio::test]
async fn more_than_the_sockets_hold_comes_whole_and_in_order() {
    for version in VERSIONS {
        let (mut client, server) = pair("large", version, Sends::AtOnce).await;
        let text: Vec<u8> = (0..8 * 1024 * 1024_u32).map(|at| (at % 251) as u8).collect();
        let (mut reading, mut writing) = tokio::io::split(server);
        let sent = text.clone();
        let writes = tokio::spawn(async move {
            writing.write_all(&sent).await.unwrap();
            writing.shutdown().await.unwrap();
        });
        let read = tokio::spawn(async move {
            let mut read = Vec::new();
            reading.read_to_end(&mut read).await.map(|_| read)
        });
        // The client takes nothing until the server has all of its text.
        for piece in text.chunks(100_000) {
            client.send(piece).await;
        }
        client.close().await;
        assert!(within("the client's text", read).await.unwrap().unwrap() == text, "another text");
        client.hears(&text).await;
        client.hears_the_end().await;
        within("the server's text", writes).await.unwrap();
    }
}

#[tokio::test]
async fn a_client_may_change_its_keys_and_ask_for_new_ones() {
    let (mut client, mut server) = pair("keys", &TLS13, Sends::AtOnce).await;
    for round in 0..3 {
        client.connection.refresh_traffic_keys().unwrap();
        let text = format!("round {round}");
        client.send(text.as_bytes()).await;
        reads(&mut server, text.as_bytes()).await;
        server.write_all(text.as_bytes()).await.unwrap();
        client.hears(text.as_bytes()).await;
    }
}

#[tokio::test]
async fn a_client_that_breaks_the_rules_is_told_and_not_listened_to() {
    for version in VERSIONS {
        let (mut client, mut server) = pair("broken", version, Sends::AtOnce).await;
        let mut wire = client.encrypt(b"before it");
        wire.extend(client.encrypt(b"wrong"));
        *wire.last_mut().unwrap() ^= 1;
        wire.extend(client.encrypt(b"after it"));
        client.send_wire(&wire).await;
        reads(&mut server, b"before it").await;
        let error = read(&mut server).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::BrokenPipe, "{error}");
        assert!(read(&mut server).await.is_err());
        assert!(server.write(b"to whom").await.is_err());
        let told = client.receive().await.unwrap_err();
        assert_eq!(told, Error::AlertReceived(AlertDescription::BadRecordMac));
    }
}

#[tokio::test]
async fn a_handshake_that_announces_too_much_is_refused() {
    let (mut client, certificate, socket) = connect("announces", &TLS13).await;
    let config = Arc::clone(certificate.acceptor().config());
    // The head of a record, and in it that of a first message of 16 MiB.
    client.send_wire(&[22, 3, 1, 0, 4, 1, 255, 255, 255]).await;
    let error = within("a refusal", TlsStream::accept(config, socket)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidData, "{error}");
}

#[tokio::test]
async fn early_data_is_refused_before_anything_comes() {
    let (_client, certificate, socket) = connect("early-data", &TLS13).await;
    let mut config = ServerConfig::clone(certificate.acceptor().config());
    config.max_early_data_size = 1;
    let error = within("a refusal", TlsStream::accept(Arc::new(config), socket)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput, "{error}");
    assert!(error.to_string().contains("max_early_data_size"), "{error}");
}

#[tokio::test]
async fn a_cut_connection_is_no_orderly_end() {
    let (client, mut server) = pair("cut", &TLS13, Sends::AtOnce).await;
    drop(client);
    let error = read(&mut server).await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::UnexpectedEof | ErrorKind::ConnectionReset), "{error}");

    let (client, certificate, socket) = connect("cut-early", &TLS13).await;
    drop(client);
    let config = Arc::clone(certificate.acceptor().config());
    let error = within("a refusal", TlsStream::accept(config, socket)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UnexpectedEof, "{error}");
}
