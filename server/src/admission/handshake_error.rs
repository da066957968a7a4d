//! The errors that refuse an upgrade to a websocket, answered with an HTTP status.

use std::net::SocketAddr;

use tracing::{debug, warn};
use warp::http::StatusCode;
use warp::http::header::{HOST, HeaderMap, HeaderValue, ORIGIN, RETRY_AFTER, SEC_WEBSOCKET_VERSION, UPGRADE};
use warp::reply::{Reply, Response};

use super::{HostPolicy, NotAdmitted, OriginPolicy};

/// Seconds to wait for a free connection. Connections come and go by the minute.
pub(crate) const RETRY_WHEN_FULL: u64 = 10;

/// Why a request isn't upgraded to a websocket.
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
    #[error(
        "this server doesn't answer as {0}: its --allow-host (access.allow-host) says under which names it does"
    )]
    Host(String),
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

/// Why a page may not ask here, over websockets or plain HTTP.
#[derive(Debug)]
pub(crate) enum PageRefused {
    Host(String),
    Origin(String),
}

impl PageRefused {
    /// Checks whether pages that send these headers may ask at all.
    pub(crate) fn check(hosts: &HostPolicy, origins: &OriginPolicy, headers: &HeaderMap) -> Result<(), Self> {
        let text = |name| {
            let value = headers.get(name);
            value.map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned()).unwrap_or_default()
        };
        if !hosts.allows(headers) {
            return Err(Self::Host(text(HOST)));
        }
        if !origins.allows(headers) {
            return Err(Self::Origin(text(ORIGIN)));
        }
        Ok(())
    }
}

impl From<PageRefused> for HandshakeError {
    fn from(reason: PageRefused) -> Self {
        match reason {
            PageRefused::Host(host) => Self::Host(host),
            PageRefused::Origin(origin) => Self::Origin(origin),
        }
    }
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
    /// Every value of [`HandshakeError::reason`].
    pub(crate) const REASONS: [&str; 10] = [
        "not_an_upgrade",
        "version",
        "key",
        "origin",
        "host",
        "full",
        "address_full",
        "too_many",
        "too_many_of_address",
        "shutting_down",
    ];

    /// The label under which the metrics count it.
    pub(crate) fn reason(&self) -> &'static str {
        match self {
            Self::NotAnUpgrade => "not_an_upgrade",
            Self::Version => "version",
            Self::Key => "key",
            Self::Origin(_) => "origin",
            Self::Host(_) => "host",
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
            Self::Origin(_) | Self::Host(_) => StatusCode::FORBIDDEN,
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
            Self::NotAnUpgrade | Self::Version | Self::Key | Self::Origin(_) | Self::Host(_) => None,
        }
    }
}

impl HandshakeError {
    /// Logs the refusal. A refused page can't read the reason, because its browser hides it; the
    /// operator finds it here. `may_warn` says whether it may be a warning.
    pub(crate) fn log(
        &self,
        headers: &HeaderMap,
        remote: Option<SocketAddr>,
        may_warn: impl FnOnce() -> bool,
    ) {
        let remote = remote.map(|address| address.to_string());
        let header = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
        let (origin, host) = (header(ORIGIN), header(HOST));
        match self {
            Self::NotAnUpgrade | Self::Version | Self::Key | Self::ShuttingDown(_) => {
                debug!(remote, origin, host, "upgrade refused: {self}");
            }
            _ if may_warn() => warn!(remote, origin, host, "upgrade refused: {self}"),
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
