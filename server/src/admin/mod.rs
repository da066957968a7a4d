//! The administration of a running server over HTTP: lists rooms, connections and the nodes of a
//! cluster, closes a room, disconnects an address, and shows all this on a page.
//!
//! Everything but the page needs a token. Nothing shows what was sent in a room, or its owner key.

mod connections;
mod dashboard;
mod error;
mod guard;
mod nodes;
mod query;
mod rooms;
mod routes;
mod status;

use crate::Secret;

/// The tokens of the administration.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct AdminSettings {
    /// The bearer token for the administration, which is accepted for the metrics too. Without it
    /// there is no administration.
    pub token: Option<Secret>,
    /// A bearer token for the metrics alone, for example for Prometheus.
    pub metrics_token: Option<Secret>,
}

impl AdminSettings {
    /// The same settings with some changed.
    ///
    /// ```
    /// use rtbroadcaster::{AdminSettings, Secret};
    ///
    /// let token = Secret::new("a long random one");
    /// let admin = AdminSettings::default().with(|admin| admin.token = Some(token));
    /// # drop(admin);
    /// ```
    #[must_use]
    pub fn with(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }
}
