//! How a server is set up.

use rtbroadcaster_protocol::Limits;

use crate::{AccessSettings, OriginPolicy};

/// How a [`Manager`](crate::Manager) is set up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The bounds that rooms and connections keep.
    pub limits: Limits,
    /// Pages of which origins may connect.
    pub origins: OriginPolicy,
    /// Who may open, own and follow rooms.
    pub access: AccessSettings,
    /// Websockets at a time. Above it an upgrade is answered by HTTP status 503. Default 20,000.
    pub connections: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            limits: Limits::default(),
            origins: OriginPolicy::default(),
            access: AccessSettings::default(),
            connections: 20_000,
        }
    }
}
