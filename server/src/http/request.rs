//! A request, as its target's handler gets it; the body comes beside it.

use std::net::IpAddr;

use warp::http::{HeaderMap, Method};
use warp::path::FullPath;

use super::hang_up::HangUp;
use super::mount_path::MountPath;
use crate::remote_address::RemoteAddress;

/// A request for one of the targets.
pub(super) struct Request {
    pub(super) method: Method,
    pub(super) path: FullPath,
    pub(super) headers: HeaderMap,
    pub(super) query: String,
    pub(super) remote: Option<RemoteAddress>,
    pub(super) hang_up: Option<HangUp>,
    /// Where the rooms are mounted, if `path` doesn't show it.
    pub(super) mount_path: Option<MountPath>,
}

impl Request {
    /// The client's address, if it is known.
    pub(super) fn remote(&self) -> Option<IpAddr> {
        self.remote.map(|RemoteAddress(address)| address.ip())
    }
}
