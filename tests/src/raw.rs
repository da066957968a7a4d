//! A client that need not behave: frames by hand, pings left unanswered, nothing read until the test reads.

use std::net::Ipv4Addr;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpSocket, TcpStream};

use crate::{Request, within};

/// What a frame is (RFC 6455 section 5.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the RFC's own names")]
pub enum Opcode {
    Continuation = 0,
    Text = 1,
    Binary = 2,
    Close = 8,
    Ping = 9,
    Pong = 10,
}

/// Any masking key will do; this one changes every byte.
const MASK: [u8; 4] = [0x11, 0x22, 0x33, 0x44];

/// One TCP connection, byte by byte.
#[derive(Debug)]
pub struct RawSocket {
    stream: BufReader<TcpStream>,
}

impl RawSocket {
    /// Connects and says nothing.
    pub async fn connect(address: &str) -> Self {
        Self::connect_with(address, None, None).await
    }

    /// Connects from another address of this machine.
    pub async fn connect_from(address: &str, own: &str) -> Self {
        Self::connect_with(address, Some(own), None).await
    }

    /// Connects and upgrades to a websocket.
    pub async fn upgrade(address: &str) -> Self {
        Self::connect(address).await.upgraded(address).await
    }

    /// The same, with so small a buffer for what comes in that whatever isn't read soon is stuck at the server.
    pub async fn upgrade_narrow(address: &str) -> Self {
        Self::connect_with(address, None, Some(4 * 1024)).await.upgraded(address).await
    }

    async fn connect_with(address: &str, own: Option<&str>, receive_buffer_bytes: Option<u32>) -> Self {
        let socket = TcpSocket::new_v4().expect("a socket");
        if let Some(own) = own {
            let own: Ipv4Addr = own.parse().expect("an address");
            socket.bind((own, 0).into()).expect("an address of this machine");
        }
        if let Some(bytes) = receive_buffer_bytes {
            socket.set_recv_buffer_size(bytes).expect("a socket that isn't connected takes SO_RCVBUF");
        }
        let address = address.parse().expect("an address");
        let stream = within("a tcp connection", socket.connect(address)).await.expect("a server listens");
        Self { stream: BufReader::new(stream) }
    }

    async fn upgraded(mut self, address: &str) -> Self {
        let response = Request::upgrade().send_on(&mut self, address).await;
        assert_eq!(response.status, 101, "{}", response.head);
        self
    }

    /// Sends bytes as they are.
    pub async fn send_bytes(&mut self, bytes: &[u8]) {
        within("bytes to be sent", self.stream.get_mut().write_all(bytes))
            .await
            .expect("the connection is open");
    }

    /// Sends a whole text message.
    pub async fn send_text(&mut self, text: impl ToString) {
        self.send_frame(Opcode::Text, true, text.to_string().as_bytes()).await;
    }

    /// Sends a frame; `last` unless more fragments of its message follow.
    pub async fn send_frame(&mut self, opcode: Opcode, last: bool, payload: &[u8]) {
        let mut frame = frame_header(opcode, last, payload.len(), 0x80);
        frame.extend(MASK);
        frame.extend(payload.iter().zip(MASK.iter().cycle()).map(|(byte, mask)| byte ^ mask));
        self.send_bytes(&frame).await;
    }

    /// Sends a text message without masking it, as no client may.
    pub async fn send_unmasked_text(&mut self, text: &str) {
        let mut frame = frame_header(Opcode::Text, true, text.len(), 0);
        frame.extend(text.as_bytes());
        self.send_bytes(&frame).await;
    }

    /// The next frame: its opcode and payload.
    pub async fn frame(&mut self) -> (Opcode, Vec<u8>) {
        let (opcode, length) = self.frame_head().await;
        (opcode, self.read_bytes(length).await)
    }

    /// The opcode of the next frame, and the length of its payload, which is left to be read.
    async fn frame_head(&mut self) -> (Opcode, usize) {
        let head = self.read_bytes(2).await;
        let length = match head[1] {
            126 => be_number(&self.read_bytes(2).await),
            127 => be_number(&self.read_bytes(8).await),
            short => usize::from(short),
        };
        let opcode = [Opcode::Text, Opcode::Binary, Opcode::Close, Opcode::Ping, Opcode::Pong]
            .into_iter()
            .find(|opcode| 0x80 | *opcode as u8 == head[0]);
        let opcode = opcode.unwrap_or_else(|| panic!("a whole frame, not {head:?}"));
        (opcode, length)
    }

    /// Reads up to the payload of the next text frame, and tells its length; pings before it are left unanswered.
    pub async fn text_length(&mut self) -> usize {
        loop {
            match self.frame_head().await {
                (Opcode::Ping, length) => drop(self.read_bytes(length).await),
                (Opcode::Text, length) => return length,
                other => panic!("expected a text frame, got {other:?}"),
            }
        }
    }

    /// The next text frame; pings before it are left unanswered.
    pub async fn text(&mut self) -> String {
        loop {
            match self.frame().await {
                (Opcode::Ping, _) => {}
                (Opcode::Text, payload) => return String::from_utf8(payload).expect("text frames are UTF-8"),
                other => panic!("expected a text frame, got {other:?}"),
            }
        }
    }

    /// The close code; whatever is said before it is passed over.
    pub async fn closed(&mut self) -> u16 {
        loop {
            if let (Opcode::Close, payload) = self.frame().await {
                return u16::try_from(be_number(&payload[..2])).expect("two bytes");
            }
        }
    }

    /// Waits until the server has ended the TCP connection; whatever is said before that is passed over.
    pub async fn ended(&mut self) {
        self.until_end().await;
    }

    /// All bytes that come until the TCP connection ends, be it by a reset.
    pub async fn until_end(&mut self) -> Vec<u8> {
        let mut bytes = Vec::new();
        drop(within("the end of the connection", self.stream.read_to_end(&mut bytes)).await);
        bytes
    }

    /// All bytes that come until the server ends its side of the TCP connection; it must not be reset.
    pub async fn rest(&mut self) -> Vec<u8> {
        let mut rest = Vec::new();
        let reading = self.stream.read_to_end(&mut rest);
        within("the end of what the server sends", reading).await.expect("an orderly end");
        rest
    }

    /// Connects with so small a buffer for what comes in that whatever isn't read soon is stuck at the server.
    pub async fn connect_narrow(address: &str) -> Self {
        Self::connect_with(address, None, Some(4 * 1024)).await
    }

    /// The next line, without its end; none at the end of the stream.
    pub(crate) async fn read_line(&mut self) -> Option<String> {
        let mut line = String::new();
        let read = within("a line", self.stream.read_line(&mut line)).await.unwrap_or(0);
        (read > 0).then(|| line.trim_end_matches(['\r', '\n']).to_owned())
    }

    /// An HTTP head, its empty line left out.
    pub(crate) async fn read_head(&mut self) -> String {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            let read = within("an http answer", self.stream.read_line(&mut head)).await.expect("text");
            assert_ne!(read, 0, "the connection ended in {head:?}");
        }
        head.trim_end().to_owned()
    }

    /// So many bytes, as they come.
    pub async fn read_bytes(&mut self, count: usize) -> Vec<u8> {
        let mut bytes = vec![0; count];
        within("bytes", self.stream.read_exact(&mut bytes)).await.expect("the connection is open");
        bytes
    }
}

fn frame_header(opcode: Opcode, last: bool, length: usize, mask_bit: u8) -> Vec<u8> {
    let mut header = vec![opcode as u8 | if last { 0x80 } else { 0 }];
    match (u8::try_from(length), u16::try_from(length)) {
        (Ok(short @ 0..=125), _) => header.push(mask_bit | short),
        (_, Ok(medium)) => {
            header.push(mask_bit | 126);
            header.extend(medium.to_be_bytes());
        }
        _ => {
            header.push(mask_bit | 127);
            header.extend((length as u64).to_be_bytes());
        }
    }
    header
}

fn be_number(bytes: &[u8]) -> usize {
    bytes.iter().fold(0, |number, byte| number << 8 | usize::from(*byte))
}
