//! A request, as its target's handler gets it; the body comes beside it.

use std::net::IpAddr;
use std::sync::Arc;

use warp::http::{HeaderMap, Method};
use warp::path::FullPath;

use crate::access::RequestParts;
use crate::admission::Socket;
use crate::connection::Takeover;
use crate::remote_address::RemoteAddress;

/// A request for one of the targets.
pub(super) struct Request {
    pub(super) method: Method,
    pub(super) path: FullPath,
    pub(super) headers: HeaderMap,
    pub(super) query: String,
    pub(super) remote: Option<RemoteAddress>,
    /// The TCP connection that it came on, if an event stream may have that.
    pub(super) takeover: Option<Takeover>,
    /// The right of that TCP connection to stay open.
    pub(super) socket: Option<Socket>,
    /// Where the rooms are mounted, if `path` doesn't show it.
    pub(super) mount_path: Option<MountPath>,
    /// The parts of the whole request, if the server passes them on.
    pub(super) parts: Option<RequestParts>,
}

impl Request {
    /// The client's address, if it is known.
    pub(super) fn remote(&self) -> Option<IpAddr> {
        self.remote.map(|RemoteAddress(address)| address.ip())
    }

    /// The parts of the whole request.
    pub(super) fn parts(&self) -> RequestParts {
        let Self { method, path, query, headers, .. } = self;
        self.parts.clone().unwrap_or_else(|| RequestParts::new(method, path.as_str(), query, headers))
    }
}

/// The path at which the rooms are mounted, as an extension of a request whose own path doesn't
/// show it.
#[derive(Debug, Clone)]
pub(crate) struct MountPath(Arc<str>);

impl MountPath {
    pub(crate) fn new(path: &str) -> Self {
        Self(path.trim_end_matches('/').into())
    }

    /// The path, without a slash at its end.
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}
