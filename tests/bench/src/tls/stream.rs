//! A socket that never waits, with TLS over it or without.

use std::io::{self, ErrorKind, IoSlice, Read, Write};
use std::net::IpAddr;
use std::sync::Arc;

use mio::net::TcpStream;
use tokio_rustls::rustls::{
    self, ClientConfig, ClientConnection, Connection, ServerConfig, ServerConnection,
};

pub(crate) struct Stream {
    socket: TcpStream,
    session: Option<Box<Connection>>,
}

/// What a read has brought.
pub(crate) struct Reading {
    pub(crate) bytes: usize,
    /// There may be more. Otherwise the socket is empty, and an event announces the next byte.
    pub(crate) has_more: bool,
}

impl Stream {
    /// The stream of one who has accepted a socket.
    pub(crate) fn accepted(socket: TcpStream, config: Option<&Arc<ServerConfig>>) -> io::Result<Self> {
        let session = config.map(|config| ServerConnection::new(Arc::clone(config)));
        Self::new(socket, session.map(|session| session.map(Connection::Server)))
    }

    /// The stream of one who connects to an address.
    pub(crate) fn connecting(
        socket: TcpStream,
        config: Option<&Arc<ClientConfig>>,
        address: IpAddr,
    ) -> io::Result<Self> {
        let session = config.map(|config| ClientConnection::new(Arc::clone(config), address.into()));
        Self::new(socket, session.map(|session| session.map(Connection::Client)))
    }

    fn new(socket: TcpStream, session: Option<Result<Connection, rustls::Error>>) -> io::Result<Self> {
        let session = session.transpose().map_err(io::Error::other)?;
        Ok(Self { socket, session: session.map(Box::new) })
    }

    pub(crate) fn socket(&mut self) -> &mut TcpStream {
        &mut self.socket
    }

    /// Reads once from the socket. `WouldBlock`: nothing has come. Of TLS something may have come
    /// that brings no bytes.
    #[inline]
    pub(crate) fn read(&mut self, buffer: &mut [u8]) -> io::Result<Reading> {
        let Some(session) = &mut self.session else {
            let bytes = self.socket.read(buffer)?;
            if bytes == 0 {
                return Err(ErrorKind::UnexpectedEof.into());
            }
            return Ok(Reading { bytes, has_more: bytes == buffer.len() });
        };
        // What is decrypted is shorter than what came, but for the beginning of a record that had
        // come before.
        let (text, wire) = buffer.split_at_mut(buffer.len() / 3 * 2);
        let count = self.socket.read(wire)?;
        if count == 0 {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        let mut bytes = 0;
        let mut rest = &wire[..count];
        while !rest.is_empty() {
            session.read_tls(&mut rest)?;
            session.process_new_packets().map_err(invalid)?;
            match session.reader().read(&mut text[bytes..]) {
                Ok(read) => bytes += read,
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
        }
        // A handshake goes on by this.
        self.flush()?;
        Ok(Reading { bytes, has_more: count == wire.len() })
    }

    /// Writes as much as the socket takes with one call. TLS may hold back some bytes of it; see
    /// [`Stream::flush`].
    #[inline]
    pub(crate) fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let Some(session) = &mut self.session else { return self.socket.write(bytes) };
        let taken = session.writer().write(bytes)?;
        self.flush()?;
        if taken == 0 { Err(ErrorKind::WouldBlock.into()) } else { Ok(taken) }
    }

    /// Writes what TLS holds back, as far as the socket takes it.
    pub(crate) fn flush(&mut self) -> io::Result<()> {
        let Some(session) = &mut self.session else { return Ok(()) };
        while session.wants_write() {
            match session.write_tls(&mut Whole(&mut self.socket)) {
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

/// A socket to which a single slice is written by the cheaper call.
struct Whole<'a>(&'a mut TcpStream);

impl Write for Whole<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn write_vectored(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        match slices {
            [only] => self.0.write(only),
            _ => self.0.write_vectored(slices),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn invalid(error: rustls::Error) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, error)
}
