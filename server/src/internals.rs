//! Internal parts for the fuzz targets and the websocket test suite. They may change at any time.

use std::future::poll_fn;
use std::io::{self, IoSlice};
use std::task::{Poll, ready};
use std::time::Duration;

use hyper::upgrade::OnUpgrade;
use tracing::debug;
use warp::Filter;
use warp::filters::BoxedFilter;
use warp::reply::{Reply, Response};

use crate::connection::{Transport, upgraded_transport};
use crate::websocket::{Ending, Incoming, MAX_HEADER_BYTES, Reader, handshake, pong, text_header};

/// Bytes read at a time.
const READ_BYTES: usize = 64 * 1024;

/// How long a client may take to answer a close frame.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(1);

/// A filter that accepts websockets and sends each message back. A message may have
/// `message_bytes`. Handshake, frames and sockets are those that the rooms use.
#[must_use]
pub fn echo(message_bytes: usize) -> BoxedFilter<(Response,)> {
    warp::method()
        .and(warp::header::headers_cloned())
        .and(warp::ext::optional::<OnUpgrade>())
        .map(move |method, headers, upgrade| match handshake(&method, &headers, upgrade) {
            Ok((response, upgrade)) => {
                tokio::spawn(async move {
                    if let Err(error) = serve(upgrade, message_bytes).await {
                        debug!(%error, "the connection broke");
                    }
                });
                response
            }
            Err(error) => error.into_response(),
        })
        .boxed()
}

async fn serve(upgrade: OnUpgrade, message_bytes: usize) -> io::Result<()> {
    let upgraded = upgrade.await.map_err(io::Error::other)?;
    let (transport, mut read) = upgraded_transport(upgraded);
    let mut reader = Reader::new(message_bytes);
    let mut buffer = vec![0; READ_BYTES];
    let mut bytes = read.as_mut_slice();
    loop {
        let mut echo = Echo::default();
        if let Err(fault) = reader.feed(bytes, |incoming| echo.receive(&incoming)) {
            echo.ending = Some(Ending::Fault(fault));
        }
        echo.frames.extend(echo.ending.and_then(Ending::close_frame).into_iter().flatten());
        write(&transport, &echo.frames).await?;
        if echo.ending.is_some() {
            return finish(&transport, &mut buffer).await;
        }
        let count = poll_fn(|context| transport.poll_read(context, &mut buffer)).await?;
        if count == 0 {
            return Ok(());
        }
        bytes = &mut buffer[..count];
    }
}

/// What is sent back for the bytes of one read.
#[derive(Default)]
struct Echo {
    frames: Vec<u8>,
    ending: Option<Ending>,
}

impl Echo {
    fn receive(&mut self, incoming: &Incoming<'_>) -> bool {
        match incoming {
            Incoming::Text(text) => self.push(text_header(text.len()), text.as_bytes()),
            Incoming::Binary(bytes) => self.push(binary_header(bytes.len()), bytes),
            Incoming::Ping(payload) => self.frames.extend(pong(payload)),
            Incoming::Pong => {}
            Incoming::Close(code) => self.ending = Some(Ending::Answered(*code)),
        }
        self.ending.is_none()
    }

    fn push(&mut self, (header, length): ([u8; MAX_HEADER_BYTES], usize), payload: &[u8]) {
        self.frames.extend_from_slice(&header[..length]);
        self.frames.extend_from_slice(payload);
    }
}

/// The header of a binary frame, which the rooms never send: a text frame's header with another
/// opcode (RFC 6455 section 5.2).
fn binary_header(payload: usize) -> ([u8; MAX_HEADER_BYTES], usize) {
    let (mut header, length) = text_header(payload);
    header[0] = (header[0] & 0xf0) | 0x2;
    (header, length)
}

async fn write(transport: &Transport, mut bytes: &[u8]) -> io::Result<()> {
    poll_fn(|context| {
        while !bytes.is_empty() {
            match transport.write(Some(context), &[IoSlice::new(bytes)]) {
                Ok(written) => bytes = &bytes[written..],
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    ready!(transport.poll_writable(context));
                }
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
        transport.poll_flush(context)
    })
    .await
}

/// Reads what the client still sends, so that no TCP reset overtakes our close frame.
async fn finish(transport: &Transport, buffer: &mut [u8]) -> io::Result<()> {
    poll_fn(|context| transport.poll_shutdown(context)).await?;
    let drained = async {
        while poll_fn(|context| transport.poll_read(context, buffer)).await? > 0 {}
        Ok(())
    };
    tokio::time::timeout(CLOSE_TIMEOUT, drained).await.unwrap_or(Ok(()))
}

/// Reads arbitrary bytes as a client's frames, in chunks whose lengths `cuts` give. Returns the
/// number of messages, pings, pongs and closes before the first fault.
pub fn read_frames(bytes: &[u8], cuts: &[u8], message_bytes: usize) -> usize {
    let mut reader = Reader::new(message_bytes);
    let (mut count, mut rest) = (0, bytes);
    let mut cuts = cuts.iter().copied();
    while !rest.is_empty() {
        let cut = cuts.next().map_or(rest.len(), |cut| usize::from(cut).clamp(1, rest.len()));
        let (chunk, more) = rest.split_at(cut);
        let fed = reader.feed(&mut chunk.to_vec(), |_| {
            count += 1;
            true
        });
        if fed.is_err() {
            return count;
        }
        rest = more;
    }
    count
}
