//! How the program is set up: from its defaults, a file, the environment and its flags, each before the other.
//!
//! [`settings`] is the one list of what can be set. Flags, environment variables, keys of the file, `--help`, the example
//! file and the output of `rtbroadcaster config` are made of it, and `docs/settings.md` is compared with it.

mod command;
mod file;
mod log_filter;
mod print;
mod problem;
mod resolve;
mod rules;
mod setting;
mod settings;
mod source;
mod suggestion;
mod value;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use rtbroadcaster::{AdminSettings, JwtSettings, Settings};

use crate::logging::LogFormat;
use crate::proxies::Proxies;

pub(crate) use command::{Invocation, Task};
pub(crate) use log_filter::LogFilter;
pub(crate) use print::{effective, example};
pub(crate) use problem::Problems;
pub(crate) use resolve::resolve;
pub(crate) use suggestion::misspelt;

/// Everything that can be set, as it is in force.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Configuration {
    /// Where to listen.
    pub(crate) listen: SocketAddr,
    /// The path of the websocket endpoint.
    pub(crate) path: String,
    /// The directory whose files are served, if any.
    pub(crate) www: Option<PathBuf>,
    /// The certificate for TLS, and those that lead to its authority; none without TLS.
    pub(crate) tls_certificate: Option<PathBuf>,
    /// Its key.
    pub(crate) tls_key: Option<PathBuf>,
    /// Who is believed to ask for others.
    pub(crate) proxies: Proxies,
    /// What is logged.
    pub(crate) log: LogFilter,
    /// How it is written.
    pub(crate) log_format: LogFormat,
    /// Milliseconds between the signal to end and the first client that is sent away.
    pub(crate) drain_delay_ms: u64,
    /// Milliseconds over which clients are sent away.
    pub(crate) drain_ms: u64,
    /// How the rooms are, but for `jwt`.
    pub(crate) rooms: Settings,
    /// Which JSON web tokens are accepted; those without secret and keys, none.
    pub(crate) jwt: JwtSettings,
    /// Who may look after the server.
    pub(crate) admin: AdminSettings,
    /// Where, if not beside the rooms.
    pub(crate) admin_listen: Option<SocketAddr>,
}

impl Configuration {
    /// How the rooms are.
    pub(crate) fn settings(&self) -> Settings {
        let mut settings = self.rooms.clone();
        let has_keys = self.jwt.secret.is_some() || self.jwt.keys.is_some();
        settings.access.jwt = has_keys.then(|| self.jwt.clone());
        settings
    }
}

impl Default for Configuration {
    fn default() -> Self {
        Self {
            listen: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8080),
            path: "/broadcasting".to_owned(),
            www: None,
            tls_certificate: None,
            tls_key: None,
            proxies: Proxies::default(),
            log: LogFilter::default(),
            log_format: LogFormat::default(),
            // Whoever has no load balancer waits for nothing.
            drain_delay_ms: 0,
            // With what follows it is below the 10 s after which Docker kills a container.
            drain_ms: 5_000,
            rooms: Settings::default(),
            jwt: JwtSettings::default(),
            admin: AdminSettings::default(),
            admin_listen: None,
        }
    }
}
