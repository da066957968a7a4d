//! The answer to a request: a response for the server around us, or the head of an event stream
//! that has left that server.

use std::time::SystemTime;

use tracing::Span;
use warp::http::header::{CONNECTION, CONTENT_LENGTH, DATE};
use warp::reply::Response;

use crate::connection::Connection;
use crate::manager::Manager;

/// What a request is answered.
pub(super) struct Answer {
    pub(super) response: Response,
    /// The event stream that has taken over the TCP connection. The response is only its head then.
    pub(super) events: Option<TakenOver>,
}

impl From<Response> for Answer {
    fn from(response: Response) -> Self {
        Self { response, events: None }
    }
}

/// An event stream that has taken over the TCP connection of its request.
pub(super) struct TakenOver {
    connection: Connection,
    span: Span,
}

impl TakenOver {
    /// A connection that is in its room and not started yet.
    pub(super) fn new(connection: Connection, span: Span) -> Self {
        Self { connection, span }
    }

    /// Sends the head of the answer and starts the events. Never returns: the HTTP code has nothing
    /// more to do with the request, and is dropped.
    pub(super) async fn serve(self, manager: &Manager, response: &Response) -> Response {
        let Self { connection, span } = self;
        connection.with_state(|state| state.queue_head(head(response)));
        span.in_scope(|| manager.start(connection, &mut []));
        std::future::pending().await
    }
}

/// The head of an answer whose body ends with the connection (RFC 9112 section 6.3).
fn head(response: &Response) -> Vec<u8> {
    let mut head = b"HTTP/1.1 200 OK\r\n".to_vec();
    let date = httpdate::fmt_http_date(SystemTime::now());
    let own = [(CONNECTION, b"close".as_slice()), (DATE, date.as_bytes())];
    let given = response.headers().iter().map(|(name, value)| (name, value.as_bytes()));
    let given = given.filter(|(name, _)| **name != CONTENT_LENGTH);
    for (name, value) in given.chain(own.iter().map(|(name, value)| (name, *value))) {
        head.extend_from_slice(name.as_str().as_bytes());
        head.extend_from_slice(b": ");
        head.extend_from_slice(value);
        head.extend_from_slice(b"\r\n");
    }
    head.extend_from_slice(b"\r\n");
    head
}
