//! The configuration of the program. Flags win over environment variables, these over the file, and
//! the file over the defaults.
//!
//! [`settings`] is the only list of settings. Flags, environment variables, keys of the file,
//! `--help`, the example file and the output of `rtbroadcaster config` are made from it. A test
//! compares `docs/settings.md` with it.

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
mod task;
mod value;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use rtbroadcaster::{AdminSettings, ClusterSettings, HostPolicy, JwtSettings, Settings, SyncMode};

use crate::logging::LogFormat;
use crate::proxies::Proxies;
use crate::site::Exposed;
use crate::webhook::WebhookSettings;

pub(crate) use command::{Invocation, command, manual};
pub(crate) use log_filter::LogFilter;
pub(crate) use print::{effective, example};
pub(crate) use problem::Problems;
pub(crate) use resolve::resolve;
pub(crate) use suggestion::misspelt;
pub(crate) use task::{FollowTask, HealthTask, PublishTask, ReplayTask, StoreTask, Task, TokenTask};

/// All settings, as they are in force.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Configuration {
    /// The address to listen on.
    pub(crate) listen: SocketAddr,
    /// The path of the websocket endpoint.
    pub(crate) path: String,
    /// The directory whose files are served, if any.
    pub(crate) www: Option<PathBuf>,
    /// Files of that directory that are served although they usually aren't.
    pub(crate) www_expose: Exposed,
    /// The directory in which the rooms are stored, if any.
    pub(crate) data: Option<PathBuf>,
    /// When what is stored there may be acknowledged.
    pub(crate) sync: SyncMode,
    /// The certificate for TLS, with those that lead to its authority. None without TLS.
    pub(crate) tls_certificate: Option<PathBuf>,
    /// The certificate's key.
    pub(crate) tls_key: Option<PathBuf>,
    /// The trusted proxies.
    pub(crate) proxies: Proxies,
    /// What is logged.
    pub(crate) log: LogFilter,
    /// The format of the log.
    pub(crate) log_format: LogFormat,
    /// Milliseconds from the signal to end until the first client is sent away.
    pub(crate) drain_delay_ms: u64,
    /// Milliseconds over which clients are sent away.
    pub(crate) drain_ms: u64,
    /// The rooms' settings, without `jwt` and `hosts`.
    pub(crate) rooms: Settings,
    /// The hosts under whose names the rooms are answered, if they are set.
    pub(crate) hosts: Option<HostPolicy>,
    /// Which JSON web tokens are accepted. None if there is neither a secret nor a source of keys.
    pub(crate) jwt: JwtSettings,
    /// The cluster in which the rooms are kept, without `node_name`. None if it names no server.
    pub(crate) cluster: ClusterSettings,
    /// The name of this node, if it is set.
    pub(crate) node_name: Option<String>,
    /// The tokens of the administration.
    pub(crate) admin: AdminSettings,
    /// The administration's own address. None if it stands beside the rooms.
    pub(crate) admin_listen: Option<SocketAddr>,
    /// How the application is told of rooms.
    pub(crate) webhook: WebhookSettings,
}

impl Configuration {
    /// The rooms' settings, with `jwt` and `hosts`.
    pub(crate) fn settings(&self) -> Settings {
        let mut settings = self.rooms.clone();
        let has_keys = self.jwt.secret.is_some() || self.jwt.keys.is_some();
        settings.access.jwt = has_keys.then(|| self.jwt.clone());
        settings.hosts = self.hosts();
        settings
    }

    /// The cluster in which the rooms are kept, if they are.
    pub(crate) fn cluster_settings(&self) -> Option<ClusterSettings> {
        (!self.cluster.servers.is_empty()).then(|| self.with_node_name())
    }

    fn with_node_name(&self) -> ClusterSettings {
        let name = self.node_name.clone();
        self.cluster.clone().with(|cluster| cluster.node = name.unwrap_or_else(|| cluster.node.clone()))
    }

    /// The hosts under whose names the rooms are answered. A server that only its own machine can
    /// reach has local names, unless it is told otherwise. A proxy passes on other names.
    fn hosts(&self) -> HostPolicy {
        let is_local = self.listen.ip().to_canonical().is_loopback() && self.proxies.networks.is_empty();
        match &self.hosts {
            Some(hosts) => hosts.clone(),
            None if is_local => HostPolicy::local(self.listen.ip()),
            None => HostPolicy::Any,
        }
    }
}

impl Default for Configuration {
    fn default() -> Self {
        Self {
            listen: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8080),
            path: "/broadcasting".to_owned(),
            www: None,
            www_expose: Exposed::default(),
            data: None,
            sync: SyncMode::default(),
            tls_certificate: None,
            tls_key: None,
            proxies: Proxies::default(),
            log: LogFilter::default(),
            log_format: LogFormat::default(),
            // A server without a load balancer need not wait.
            drain_delay_ms: 0,
            // The whole shutdown stays below the 10 s after which Docker kills a container.
            drain_ms: 5_000,
            rooms: Settings::default(),
            hosts: None,
            jwt: JwtSettings::default(),
            cluster: ClusterSettings::new([]),
            node_name: None,
            admin: AdminSettings::default(),
            admin_listen: None,
            webhook: WebhookSettings::default(),
        }
    }
}
