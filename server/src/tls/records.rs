//! Between bytes on the wire and rustls, which keeps no buffers when it is used in this way.

use std::io::{self, ErrorKind};

use tokio_rustls::rustls;
use tokio_rustls::rustls::server::{ServerConnectionData, UnbufferedServerConnection};
use tokio_rustls::rustls::unbuffered::{
    ConnectionState, EncodeError, EncryptError, InsufficientSizeError, UnbufferedStatus, WriteTraffic,
};

/// Writes text or the notice of the end, where the handshake allows it.
pub(super) type Traffic<'a> = WriteTraffic<'a, ServerConnectionData>;

/// What rustls has made of bytes on the wire.
pub(super) struct Processed {
    /// How many bytes at the front are used up. rustls must see the others again, in front of what
    /// comes after them.
    pub(super) consumed: usize,
    /// The client has said that it sends nothing more.
    pub(super) has_ended: bool,
    /// Something could be written, and was.
    pub(super) was_written: bool,
}

/// Shows bytes on the wire to rustls until it wants more of them. Hands over the text in them, and
/// appends the answers to `outgoing`. The client learns of an error by its alert, which is appended
/// too. Then calls `write` if text can be written.
pub(super) fn process(
    connection: &mut UnbufferedServerConnection,
    wire: &mut [u8],
    outgoing: &mut Vec<u8>,
    mut receive: impl FnMut(&[u8]),
    write: impl FnOnce(Traffic<'_>, &mut Vec<u8>) -> io::Result<()>,
) -> io::Result<Processed> {
    let (mut consumed, mut has_ended) = (0, false);
    loop {
        let UnbufferedStatus { mut discard, state } = connection.process_tls_records(&mut wire[consumed..]);
        let traffic = match state {
            Ok(ConnectionState::ReadTraffic(mut traffic)) => {
                while let Some(record) = traffic.next_record() {
                    let record = record.map_err(invalid)?;
                    discard += record.discard;
                    receive(record.payload);
                }
                consumed += discard;
                continue;
            }
            Ok(ConnectionState::EncodeTlsData(mut data)) => {
                append(outgoing, 0, |room| data.encode(room))?;
                consumed += discard;
                continue;
            }
            Ok(ConnectionState::TransmitTlsData(data)) => {
                // It leaves in its order: nothing overtakes what is outgoing.
                data.done();
                consumed += discard;
                continue;
            }
            Ok(ConnectionState::PeerClosed) => {
                has_ended = true;
                consumed += discard;
                continue;
            }
            Ok(ConnectionState::WriteTraffic(traffic)) => Some(traffic),
            Ok(ConnectionState::BlockedHandshake | ConnectionState::Closed) => None,
            // Early data, which no connection allows, or what a later rustls may add.
            Ok(state) => {
                let what = format!("TLS is in a state that TlsStream does not know: {state:?}");
                return Err(io::Error::new(ErrorKind::Unsupported, what));
            }
            Err(error) => {
                append_alert(connection, &mut wire[consumed..], outgoing)?;
                return Err(invalid(error));
            }
        };
        let was_written = traffic.is_some();
        if let Some(traffic) = traffic {
            write(traffic, outgoing)?;
        }
        return Ok(Processed { consumed: consumed + discard, has_ended, was_written });
    }
}

/// Appends the alert that rustls has ready after an error. It looks at no more bytes of the client.
fn append_alert(
    connection: &mut UnbufferedServerConnection,
    wire: &mut [u8],
    outgoing: &mut Vec<u8>,
) -> io::Result<()> {
    while connection.wants_write()
        && let Ok(ConnectionState::EncodeTlsData(mut data)) = connection.process_tls_records(wire).state
    {
        append(outgoing, 0, |room| data.encode(room))?;
    }
    Ok(())
}

/// Why nothing was written to a buffer.
pub(super) enum NotWritten {
    TooShort(InsufficientSizeError),
    Failed(io::Error),
}

/// Appends what `write` writes into the room that it is given: `length` bytes, or as many as it
/// asks for.
pub(super) fn append<E: Into<NotWritten>>(
    buffer: &mut Vec<u8>,
    length: usize,
    mut write: impl FnMut(&mut [u8]) -> Result<usize, E>,
) -> io::Result<()> {
    let start = buffer.len();
    let mut room = length;
    loop {
        buffer.resize(start + room, 0);
        let written = write(&mut buffer[start..]).map_err(Into::into);
        buffer.truncate(start + *written.as_ref().unwrap_or(&0));
        match written {
            Ok(_) => return Ok(()),
            Err(NotWritten::TooShort(wanted)) if wanted.required_size > room => room = wanted.required_size,
            Err(NotWritten::TooShort(_)) => return Err(io::Error::other("TLS wants less room than it has")),
            Err(NotWritten::Failed(error)) => return Err(error),
        }
    }
}

impl From<EncodeError> for NotWritten {
    fn from(error: EncodeError) -> Self {
        match error {
            EncodeError::InsufficientSize(size) => Self::TooShort(size),
            EncodeError::AlreadyEncoded => Self::Failed(io::Error::other(error)),
        }
    }
}

impl From<EncryptError> for NotWritten {
    fn from(error: EncryptError) -> Self {
        match error {
            EncryptError::InsufficientSize(size) => Self::TooShort(size),
            EncryptError::EncryptExhausted => Self::Failed(io::Error::other(error)),
        }
    }
}

/// The client's bytes are no TLS, or break its rules.
pub(super) fn invalid(error: rustls::Error) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, error)
}
