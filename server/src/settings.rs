//! The settings of a manager. An application fills them in; the program resolves them from its
//! configuration.

mod recording;

use std::num::NonZeroUsize;

use rtbroadcaster_protocol::Limits;

use crate::{AccessSettings, HostPolicy, OriginPolicy};

pub use recording::RecordingSettings;

/// The settings of a [`Manager`](crate::Manager).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Settings {
    /// The bounds that rooms and connections keep.
    pub limits: Limits,
    /// The origins whose pages may connect.
    pub origins: OriginPolicy,
    /// The hosts under whose names the rooms are answered. Default: all.
    pub hosts: HostPolicy,
    /// Who may open, own and follow rooms.
    pub access: AccessSettings,
    /// Where rooms are recorded. Default: nowhere.
    pub recordings: RecordingSettings,
    /// Connections at a time, websockets and event streams together. Beyond this number an upgrade
    /// is answered with HTTP status 503. Default 20,000.
    pub connections: usize,
    /// How many events a stream of [`Manager::events`](crate::Manager::events) may be behind. Above
    /// it, the oldest are lost to that stream, which is told how many. At most 1,048,576 count; the
    /// number is rounded up to a power of two. Default 1,024.
    pub buffered_events: NonZeroUsize,
}

/// See [`Settings::buffered_events`].
const BUFFERED_EVENTS: NonZeroUsize = NonZeroUsize::new(1_024).expect("it is more than 0");

impl Settings {
    /// The same settings with some changed.
    ///
    /// ```
    /// use rtbroadcaster::{OriginPolicy, Settings};
    ///
    /// let settings = Settings::default().with(|settings| {
    ///     settings.limits.rooms = 100;
    ///     settings.origins = OriginPolicy::Any;
    /// });
    /// # drop(settings);
    /// ```
    #[must_use]
    pub fn with(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            limits: Limits::default(),
            origins: OriginPolicy::default(),
            hosts: HostPolicy::default(),
            access: AccessSettings::default(),
            recordings: RecordingSettings::default(),
            connections: 20_000,
            buffered_events: BUFFERED_EVENTS,
        }
    }
}
