//! A client of a server's HTTP edge, for the commands that talk to one.

mod address;
mod answer;
mod backoff;
mod event;
mod tls;

use std::time::Duration;

use anyhow::Context;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1::{self, SendRequest};
use hyper::header::{HOST, HeaderValue};
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;

pub(crate) use address::Address;
pub(crate) use answer::Failure;
pub(crate) use backoff::{Backoff, part_of};
pub(crate) use event::{Event, EventReader};
pub(crate) use tls::Trust;

/// How long a server may take to be connected with.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// No answer but a stream of events is nearly as long.
const MAX_BODY_BYTES: usize = 16 * 1024 * 1024;

/// A client of one server. It keeps its connection from one request to the next.
pub(crate) struct Client {
    address: Address,
    trust: Trust,
    connection: Option<SendRequest<Full<Bytes>>>,
}

impl Client {
    /// A client that connects when it is first asked for something.
    pub(crate) fn new(address: Address, trust: Trust) -> Self {
        Self { address, trust, connection: None }
    }

    /// Sends a request and returns the head of its answer. After an error it is not known whether
    /// the server has seen the request.
    pub(crate) async fn send(
        &mut self,
        mut request: Request<Full<Bytes>>,
    ) -> anyhow::Result<Response<Incoming>> {
        let host = HeaderValue::from_str(self.address.authority()).context("the host's name")?;
        request.headers_mut().insert(HOST, host);
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => self.connect().await?,
        };
        if connection.ready().await.is_err() {
            connection = self.connect().await?;
        }
        let response = connection.send_request(request).await?;
        self.connection = Some(connection);
        Ok(response)
    }

    async fn connect(&self) -> anyhow::Result<SendRequest<Full<Bytes>>> {
        let (host, port) = (self.address.host(), self.address.port());
        let stream = timeout(CONNECT_TIMEOUT, TcpStream::connect((host, port)));
        let stream = stream.await.context("it can't be reached")?.context("nobody listens there")?;
        stream.set_nodelay(true)?;
        if self.address.has_tls() {
            handshake(self.trust.connect(host, stream).await.context("TLS")?).await
        } else {
            handshake(stream).await
        }
    }
}

async fn handshake<S>(stream: S) -> anyhow::Result<SendRequest<Full<Bytes>>>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    // The task ends with its sender or with its server.
    tokio::spawn(connection);
    Ok(sender)
}

/// The text of an answer.
pub(crate) async fn text(response: Response<Incoming>) -> anyhow::Result<String> {
    let body = Limited::new(response.into_body(), MAX_BODY_BYTES).collect().await;
    let body = body.map_err(|error| anyhow::anyhow!("the answer breaks off: {error}"))?;
    Ok(String::from_utf8_lossy(&body.to_bytes()).into_owned())
}
