//! The settings of a manager. An application fills them in; the program resolves them from its
//! configuration.

use rtbroadcaster_protocol::Limits;

use crate::{AccessSettings, HostPolicy, OriginPolicy};

/// The settings of a [`Manager`](crate::Manager).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The bounds that rooms and connections keep.
    pub limits: Limits,
    /// The origins whose pages may connect.
    pub origins: OriginPolicy,
    /// The hosts under whose names the rooms are answered. Default: all.
    pub hosts: HostPolicy,
    /// Who may open, own and follow rooms.
    pub access: AccessSettings,
    /// Connections at a time, websockets and event streams together. Beyond this number an upgrade
    /// is answered with HTTP status 503. Default 20,000.
    pub connections: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            limits: Limits::default(),
            origins: OriginPolicy::default(),
            hosts: HostPolicy::default(),
            access: AccessSettings::default(),
            connections: 20_000,
        }
    }
}
