//! The filter that an application mounts, and the websocket handshake behind it.

use std::net::SocketAddr;
use std::sync::Arc;

use hyper::upgrade::OnUpgrade;
use tracing::{Instrument, debug, debug_span, warn};
use tungstenite::handshake::derive_accept_key;
use warp::Filter;
use warp::filters::BoxedFilter;
use warp::http::header::{
    CONNECTION, HOST, HeaderMap, HeaderName, HeaderValue, ORIGIN, RETRY_AFTER, SEC_WEBSOCKET_ACCEPT,
    SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_VERSION, UPGRADE,
};
use warp::http::{Method, StatusCode};
use warp::reply::{Reply, Response};

use crate::admission::NotAdmitted;
use crate::connection::Connection;
use crate::connection::framing::Framing;
use crate::connection::task;
use crate::connection::transport::Transport;
use crate::{Manager, Socket, http};

/// Seconds after which to ask whether a place is free: connections come and go by the minute.
pub(crate) const RETRY_WHEN_FULL: u64 = 10;

/// The client's address, for the logs and for limits per address, which hold for nobody without it. Our own accept loop
/// sets it as a request extension; another may do so too.
#[derive(Debug, Clone, Copy)]
pub struct RemoteAddress(pub SocketAddr);

impl Manager {
    /// What to mount: answers websocket upgrades at the path it is mounted under, and below it `rooms` for those without a
    /// websocket (docs/http.md). Whatever else is asked for below that path is rejected, so that other filters may answer.
    ///
    /// ```
    /// use warp::Filter;
    ///
    /// let rooms = rtbroadcaster::Manager::new(rtbroadcaster::Settings::default());
    /// let routes = warp::path("broadcasting").and(rooms.routes());
    /// # drop(routes);
    /// ```
    #[must_use]
    pub fn routes(&self) -> BoxedFilter<(Response,)> {
        let manager = self.clone();
        let websockets = warp::path::end()
            .and(warp::method())
            .and(warp::header::headers_cloned())
            .and(warp::ext::optional::<OnUpgrade>())
            .and(warp::ext::optional::<RemoteAddress>())
            .and(warp::ext::optional::<Socket>())
            .map(move |method, headers, upgrade, remote, socket| {
                let answer = upgrade_request(&manager, &method, &headers, upgrade, remote, socket);
                answer.unwrap_or_else(|error| {
                    manager.metrics().handshake_refused(&error);
                    error.log(&manager, &headers, remote);
                    error.into_response()
                })
            });
        websockets.or(http::routes(self)).unify().boxed()
    }
}

/// Why a request isn't upgraded, told by HTTP status.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum HandshakeError {
    #[error("this is a websocket endpoint: connect with a websocket client (GET with Connection: Upgrade)")]
    NotAnUpgrade,
    #[error("only version 13 of the websocket protocol is spoken here")]
    Version,
    #[error("the header Sec-WebSocket-Key must be 16 bytes in base64")]
    Key,
    #[error(
        "pages of the origin {0} may not connect here: the server's --allow-origin (access.allow-origin) says which may"
    )]
    Origin(String),
    #[error("the server has as many connections as it may have: try again later")]
    Full,
    #[error("too many connections come at this moment: try again in {0} s")]
    TooMany(u64),
    #[error("this address has as many connections as it may have: try again later")]
    AddressFull,
    #[error("too many connections come from this address at this moment: try again in {0} s")]
    TooManyOfAddress(u64),
    #[error("the server is shutting down: come back in {0} s or later")]
    ShuttingDown(u64),
}

impl From<NotAdmitted> for HandshakeError {
    fn from(reason: NotAdmitted) -> Self {
        let seconds = |milliseconds: u64| milliseconds.div_ceil(1_000);
        match reason {
            NotAdmitted::Full => Self::Full,
            NotAdmitted::AddressFull => Self::AddressFull,
            NotAdmitted::TooMany { wait_ms } => Self::TooMany(seconds(wait_ms)),
            NotAdmitted::TooManyOfAddress { wait_ms } => Self::TooManyOfAddress(seconds(wait_ms)),
            NotAdmitted::ShuttingDown { wait_ms } => Self::ShuttingDown(seconds(wait_ms).max(1)),
        }
    }
}

impl HandshakeError {
    /// What [`HandshakeError::reason`] may say.
    pub(crate) const REASONS: [&str; 9] = [
        "not_an_upgrade",
        "version",
        "key",
        "origin",
        "full",
        "address_full",
        "too_many",
        "too_many_of_address",
        "shutting_down",
    ];

    /// What it is called where refused requests are counted.
    pub(crate) fn reason(&self) -> &'static str {
        match self {
            Self::NotAnUpgrade => "not_an_upgrade",
            Self::Version => "version",
            Self::Key => "key",
            Self::Origin(_) => "origin",
            Self::Full => "full",
            Self::AddressFull => "address_full",
            Self::TooMany(_) => "too_many",
            Self::TooManyOfAddress(_) => "too_many_of_address",
            Self::ShuttingDown(_) => "shutting_down",
        }
    }

    pub(crate) fn status(&self) -> StatusCode {
        match self {
            Self::NotAnUpgrade | Self::Version => StatusCode::UPGRADE_REQUIRED,
            Self::Key => StatusCode::BAD_REQUEST,
            Self::Origin(_) => StatusCode::FORBIDDEN,
            Self::Full | Self::TooMany(_) | Self::ShuttingDown(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::AddressFull | Self::TooManyOfAddress(_) => StatusCode::TOO_MANY_REQUESTS,
        }
    }

    /// Seconds after which to try again, where trying again may help.
    fn retry_after(&self) -> Option<u64> {
        match self {
            Self::Full | Self::AddressFull => Some(RETRY_WHEN_FULL),
            Self::TooMany(seconds) | Self::TooManyOfAddress(seconds) | Self::ShuttingDown(seconds) => {
                Some(*seconds)
            }
            Self::NotAnUpgrade | Self::Version | Self::Key | Self::Origin(_) => None,
        }
    }
}

impl HandshakeError {
    /// A page that is refused can't read why: its browser doesn't tell. The operator finds it here.
    fn log(&self, manager: &Manager, headers: &HeaderMap, remote: Option<RemoteAddress>) {
        let remote = remote.map(|RemoteAddress(address)| address.to_string());
        let header = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
        let (origin, host) = (header(ORIGIN), header(HOST));
        match self {
            Self::NotAnUpgrade | Self::Version | Self::Key | Self::ShuttingDown(_) => {
                debug!(remote, origin, host, "upgrade refused: {self}");
            }
            _ if manager.may_warn() => warn!(remote, origin, host, "upgrade refused: {self}"),
            _ => debug!(remote, origin, host, "upgrade refused: {self}"),
        }
    }
}

impl Reply for HandshakeError {
    fn into_response(self) -> Response {
        let mut response = warp::reply::with_status(format!("{self}\n"), self.status()).into_response();
        if self.status() == StatusCode::UPGRADE_REQUIRED {
            // RFC 9110 section 15.5.22, RFC 6455 section 4.4.
            response.headers_mut().insert(UPGRADE, HeaderValue::from_static("websocket"));
            response.headers_mut().insert(SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
        }
        if let Some(seconds) = self.retry_after() {
            response.headers_mut().insert(RETRY_AFTER, seconds.into());
        }
        response
    }
}

/// The server's half of the opening handshake (RFC 6455 section 4.2): what answers the request, and what the connection
/// will be.
pub(crate) fn handshake(
    method: &Method,
    headers: &HeaderMap,
    upgrade: Option<OnUpgrade>,
) -> Result<(Response, OnUpgrade), HandshakeError> {
    let upgrade = upgrade
        .filter(|_| method == Method::GET && has_token(headers, &CONNECTION, "upgrade"))
        .filter(|_| has_token(headers, &UPGRADE, "websocket"))
        .ok_or(HandshakeError::NotAnUpgrade)?;
    if headers.get(SEC_WEBSOCKET_VERSION).is_none_or(|version| version != "13") {
        return Err(HandshakeError::Version);
    }
    // 16 bytes in base64 are 22 characters and two of padding.
    let key = headers.get(SEC_WEBSOCKET_KEY).map(HeaderValue::as_bytes);
    let key = key.filter(|key| key.len() == 24 && key.ends_with(b"==")).ok_or(HandshakeError::Key)?;
    let mut response = StatusCode::SWITCHING_PROTOCOLS.into_response();
    let reply = response.headers_mut();
    reply.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
    reply.insert(UPGRADE, HeaderValue::from_static("websocket"));
    let accept = derive_accept_key(key).parse().map_err(|_| HandshakeError::Key)?;
    reply.insert(SEC_WEBSOCKET_ACCEPT, accept);
    Ok((response, upgrade))
}

/// Lets a connection in, or not.
fn upgrade_request(
    manager: &Manager,
    method: &Method,
    headers: &HeaderMap,
    upgrade: Option<OnUpgrade>,
    remote: Option<RemoteAddress>,
    socket: Option<Socket>,
) -> Result<Response, HandshakeError> {
    let (response, upgrade) = handshake(method, headers, upgrade)?;
    if !manager.settings().origins.allows(headers) {
        let origin =
            headers.get(ORIGIN).map(|origin| String::from_utf8_lossy(origin.as_bytes()).into_owned());
        return Err(HandshakeError::Origin(origin.unwrap_or_default()));
    }
    let address = remote.map(|RemoteAddress(address)| address.ip());
    let admission = manager.admit(address)?.on(socket);
    let manager = manager.clone();
    let span = debug_span!("connection", remote = remote.map(|RemoteAddress(address)| address.to_string()));
    tokio::spawn(
        async move {
            match upgrade.await {
                Ok(upgraded) => {
                    debug!("connection opened");
                    let (transport, mut read) = Transport::new(upgraded);
                    let connection = Arc::new(Connection::new(
                        manager.clone(),
                        address,
                        transport,
                        admission,
                        Framing::Websocket,
                    ));
                    manager.register(&connection);
                    task::start(connection, &mut read);
                }
                Err(error) => debug!(%error, "the connection ended during its handshake"),
            }
        }
        .instrument(span),
    );
    Ok(response)
}

/// Whether one of a header's comma-separated tokens is this one, in any case.
fn has_token(headers: &HeaderMap, name: &HeaderName, token: &str) -> bool {
    let values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|part| part.trim().eq_ignore_ascii_case(token))
}
