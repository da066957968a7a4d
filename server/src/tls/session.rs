//! What TLS keeps for a connection between two calls. It knows no socket.

use std::io::{self, ErrorKind};
use std::sync::Arc;
use std::task::Waker;

use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::server::UnbufferedServerConnection;
use tokio_rustls::rustls::unbuffered::EncryptError;

use super::records::{Processed, Traffic, append, process};

/// Bytes of a record beside its text: its head (5), and a nonce (8), a type (1) and a tag (16)
/// where the version has them. rustls asks for more if a record needs that.
const RECORD_OVERHEAD: usize = 32;

/// The server's half of a TLS connection, and the bytes that it can't hand on yet. A connection on
/// which nothing happens has none.
pub(super) struct Session {
    connection: UnbufferedServerConnection,
    /// What has come of a record, or of a message of the handshake, that isn't whole.
    incoming: Vec<u8>,
    /// Text that nobody has read yet.
    text: Vec<u8>,
    /// Bytes that the socket hasn't taken yet. Nothing may overtake them.
    pub(super) outgoing: Vec<u8>,
    /// The client has said that it sends nothing more.
    has_ended: bool,
    /// The client was told that it is sent nothing more.
    is_closed: bool,
    /// The client has broken the rules of TLS, or a record for it is lost.
    has_failed: bool,
    /// The task that has read, written or flushed last. None before the first.
    pub(super) task: Option<Waker>,
}

impl Session {
    pub(super) fn new(config: Arc<ServerConfig>) -> io::Result<Self> {
        Ok(Self {
            connection: UnbufferedServerConnection::new(config).map_err(io::Error::other)?,
            incoming: Vec::new(),
            text: Vec::new(),
            outgoing: Vec::new(),
            has_ended: false,
            is_closed: false,
            has_failed: false,
            task: None,
        })
    }

    pub(super) fn is_handshaking(&self) -> bool {
        self.connection.is_handshaking()
    }

    /// Moves text that was received before. None if there is none and more may come.
    pub(super) fn take_text(&mut self, buffer: &mut [u8]) -> io::Result<Option<usize>> {
        if self.text.is_empty() {
            self.check()?;
            return Ok(self.has_ended.then_some(0));
        }
        let count = self.text.len().min(buffer.len());
        buffer[..count].copy_from_slice(&self.text[..count]);
        self.text.drain(..count);
        if self.text.is_empty() {
            // A silent client costs nothing for what it once said.
            self.text = Vec::new();
        }
        Ok(Some(count))
    }

    /// Copies to the front of a buffer what must stand before the next bytes on the wire. Returns
    /// its length.
    pub(super) fn copy_incoming(&self, wire: &mut [u8]) -> io::Result<usize> {
        let count = self.incoming.len();
        if count >= wire.len() {
            return Err(io::Error::new(ErrorKind::InvalidData, "the client's handshake does not end"));
        }
        wire[..count].copy_from_slice(&self.incoming);
        Ok(count)
    }

    /// Receives bytes on the wire; see [`Session::copy_incoming`]. Writes the text in them to a
    /// buffer and returns its length. Text without a place there is for [`Session::take_text`].
    /// Answers are in `outgoing`, even after an error.
    pub(super) fn receive(&mut self, wire: &mut [u8], buffer: &mut [u8]) -> io::Result<usize> {
        let Self { connection, text, outgoing, .. } = self;
        let mut filled = 0;
        let receive = |received: &[u8]| {
            let fits = received.len().min(buffer.len() - filled);
            buffer[filled..filled + fits].copy_from_slice(&received[..fits]);
            filled += fits;
            text.extend_from_slice(&received[fits..]);
        };
        let processed = process(connection, wire, outgoing, receive, |_, _| Ok(()));
        match self.note(processed) {
            Ok(processed) => self.incoming = wire[processed.consumed..].to_vec(),
            // What came before the error counts. The next call finds it.
            Err(_) if filled > 0 => {}
            Err(error) => return Err(error),
        }
        Ok(filled)
    }

    /// Appends encrypted text to `wire`, behind whatever must come before it. Nothing may be in
    /// `outgoing`.
    pub(super) fn encrypt(&mut self, text: &[u8], wire: &mut Vec<u8>) -> io::Result<()> {
        self.write(wire, text.len() + RECORD_OVERHEAD, |traffic, room| traffic.encrypt(text, room))
    }

    /// Puts the notice that nothing more is sent into `outgoing`, once.
    #[expect(clippy::redundant_closure_for_method_calls, reason = "the method is for one lifetime alone")]
    pub(super) fn close(&mut self) -> io::Result<()> {
        if std::mem::replace(&mut self.is_closed, true) {
            return Ok(());
        }
        let mut outgoing = std::mem::take(&mut self.outgoing);
        let closed =
            self.write(&mut outgoing, RECORD_OVERHEAD, |traffic, room| traffic.queue_close_notify(room));
        self.outgoing = outgoing;
        closed
    }

    /// Appends what `write` writes into `wire`, behind whatever must come before it. `length` is a
    /// guess of how much that is.
    fn write(
        &mut self,
        wire: &mut Vec<u8>,
        length: usize,
        mut write: impl FnMut(&mut Traffic<'_>, &mut [u8]) -> Result<usize, EncryptError>,
    ) -> io::Result<()> {
        self.check()?;
        let Self { connection, incoming, text, .. } = self;
        let receive = |received: &[u8]| text.extend_from_slice(received);
        let processed = process(connection, incoming, wire, receive, |mut traffic, wire| {
            append(wire, length, |room| write(&mut traffic, room))
        });
        let Processed { consumed, was_written, .. } = self.note(processed)?;
        self.incoming.drain(..consumed);
        if was_written { Ok(()) } else { Err(ErrorKind::NotConnected.into()) }
    }

    /// Notes that nothing more can be written to the client.
    pub(super) fn fail(&mut self) {
        self.has_failed = true;
    }

    /// After an error rustls isn't asked again.
    fn check(&self) -> io::Result<()> {
        if self.has_failed { Err(ErrorKind::BrokenPipe.into()) } else { Ok(()) }
    }

    fn note(&mut self, processed: io::Result<Processed>) -> io::Result<Processed> {
        match &processed {
            Ok(processed) => self.has_ended |= processed.has_ended,
            Err(_) => self.has_failed = true,
        }
        processed
    }
}
