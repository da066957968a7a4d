//! A client that need not behave: it writes frames by hand, leaves pings unanswered, and reads
//! nothing until the test reads.

use std::net::Ipv4Addr;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpSocket, TcpStream};

use crate::{Request, within};

/// The kinds of frames (RFC 6455 section 5.2).
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

/// Any masking key works; this one changes every byte.
const MASK: [u8; 4] = [0x11, 0x22, 0x33, 0x44];

/// One TCP connection, byte by byte.
#[derive(Debug)]
pub struct RawSocket {
    stream: BufReader<TcpStream>,
}

impl RawSocket {
    /// Connects and sends nothing.
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

    /// As [`RawSocket::upgrade`], with a receive buffer so small that bytes soon stay at the server
    /// unless the test reads.
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

    /// Sends a frame; `last` is false if more fragments of its message follow.
    pub async fn send_frame(&mut self, opcode: Opcode, last: bool, payload: &[u8]) {
        let mut frame = frame_header(opcode, last, payload.len(), 0x80);
        frame.extend(MASK);
        frame.extend(payload.iter().zip(MASK.iter().cycle()).map(|(byte, mask)| byte ^ mask));
        self.send_bytes(&frame).await;
    }

    /// Sends a text message without a mask, which the protocol forbids.
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

    /// The opcode of the next frame and the length of its payload, which is not read yet.
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

    /// Reads up to the payload of the next text frame, and returns its length. Pings before it stay
    /// unanswered.
    pub async fn text_length(&mut self) -> usize {
        loop {
            match self.frame_head().await {
                (Opcode::Ping, length) => drop(self.read_bytes(length).await),
                (Opcode::Text, length) => return length,
                other => panic!("expected a text frame, got {other:?}"),
            }
        }
    }

    /// The next text frame. Pings before it stay unanswered.
    pub async fn text(&mut self) -> String {
        loop {
            match self.frame().await {
                (Opcode::Ping, _) => {}
                (Opcode::Text, payload) => return String::from_utf8(payload).expect("text frames are UTF-8"),
                other => panic!("expected a text frame, got {other:?}"),
            }
        }
    }

    /// The close code. All frames before it are skipped.
    pub async fn closed(&mut self) -> u16 {
        loop {
            if let (Opcode::Close, payload) = self.frame().await {
                return u16::try_from(be_number(&payload[..2])).expect("two bytes");
            }
        }
    }

    /// Waits until the server has ended the TCP connection, and skips all frames before that.
    pub async fn ended(&mut self) {
        self.until_end().await;
    }

    /// All bytes until the TCP connection ends, which may be by a reset.
    pub async fn until_end(&mut self) -> Vec<u8> {
        let mut bytes = Vec::new();
        drop(within("the end of the connection", self.stream.read_to_end(&mut bytes)).await);
        bytes
    }

    /// All bytes until the server ends its side of the TCP connection, which must not be reset.
    pub async fn rest(&mut self) -> Vec<u8> {
        let mut rest = Vec::new();
        let reading = self.stream.read_to_end(&mut rest);
        within("the end of what the server sends", reading).await.expect("an orderly end");
        rest
    }

    /// Connects with a receive buffer so small that bytes soon stay at the server unless the test
    /// reads.
    pub async fn connect_narrow(address: &str) -> Self {
        Self::connect_with(address, None, Some(4 * 1024)).await
    }

    /// The next line without its end; `None` at the end of the stream.
    pub async fn read_line(&mut self) -> Option<String> {
        let mut line = String::new();
        let read = within("a line", self.stream.read_line(&mut line)).await.unwrap_or(0);
        (read > 0).then(|| line.trim_end_matches(['\r', '\n']).to_owned())
    }

    /// An HTTP head without the empty line at its end.
    pub(crate) async fn read_head(&mut self) -> String {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            let read = within("an http answer", self.stream.read_line(&mut head)).await.expect("text");
            assert_ne!(read, 0, "the connection ended in {head:?}");
        }
        head.trim_end().to_owned()
    }

    /// Reads this many bytes.
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
