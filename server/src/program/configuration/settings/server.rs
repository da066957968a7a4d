//! The settings of the section `[server]`: where it listens, what it serves and what it logs.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

use rtbroadcaster::InvalidSyncMode;

use crate::configuration::setting::{Section, Setting};
use crate::configuration::value::Kind;
use crate::proxies::Networks;
use crate::site::Exposed;

pub(super) static SETTINGS: &[Setting] = &[
    Setting {
        section: Section::Server,
        name: "listen",
        value_name: "ADDRESS:PORT",
        help: "Address and port to listen on; port 0 picks a free one. 0.0.0.0 listens on all \
               interfaces, a port alone on this machine only",
        is_secret: false,
        kind: Kind::Text {
            read: |configuration| Some(configuration.listen.to_string()),
            write: |configuration, text| {
                configuration.listen = listen_address(text)?;
                Ok(())
            },
        },
    },
    Setting {
        section: Section::Server,
        name: "path",
        value_name: "PATH",
        help: "Path of the websocket endpoint",
        is_secret: false,
        kind: Kind::Text {
            read: |configuration| Some(configuration.path.clone()),
            write: |configuration, text| {
                configuration.path = endpoint_path(text)?;
                Ok(())
            },
        },
    },
    Setting {
        section: Section::Server,
        name: "www",
        value_name: "DIR",
        help: "Also serve the files of this directory",
        is_secret: false,
        kind: Kind::Text {
            read: |configuration| shown(configuration.www.as_deref()),
            write: |configuration, text| {
                configuration.www = path_or_none(text);
                Ok(())
            },
        },
    },
    Setting {
        section: Section::Server,
        name: "www-expose",
        value_name: "dotfiles|outside-links",
        help: "Also serve files of --www whose names begin with a dot (dotfiles), and what symbolic \
               links lead to outside of it (outside-links). May be given several times, or with \
               commas",
        is_secret: false,
        kind: Kind::List {
            read: |configuration| configuration.www_expose.to_list(),
            write: |configuration, list| {
                configuration.www_expose = Exposed::parse(list)?;
                Ok(())
            },
        },
    },
    Setting {
        section: Section::Server,
        name: "data",
        value_name: "DIR",
        help: "Store the rooms in this directory, so that they survive a restart of the server. It is \
               made if it doesn't exist",
        is_secret: false,
        kind: Kind::Text {
            read: |configuration| shown(configuration.data.as_deref()),
            write: |configuration, text| {
                configuration.data = path_or_none(text);
                Ok(())
            },
        },
    },
    Setting {
        section: Section::Server,
        name: "sync",
        value_name: "disk|os",
        help: "What an acknowledgement means with --data: the action is on the disk (disk), or the \
               operating system has it (os), which is quicker, and loses up to 5 s when the power \
               fails",
        is_secret: false,
        kind: Kind::Text {
            read: |configuration| Some(configuration.sync.to_string()),
            write: |configuration, text| {
                configuration.sync = text.parse().map_err(|error: InvalidSyncMode| error.to_string())?;
                Ok(())
            },
        },
    },
    Setting {
        section: Section::Server,
        name: "tls-cert",
        value_name: "FILE",
        help: "Speak TLS (https, wss) and nothing else, with the certificate in this file (PEM), \
               followed by those that lead to its authority. SIGHUP reads the certificate and its \
               key again",
        is_secret: false,
        kind: Kind::Text {
            read: |configuration| shown(configuration.tls_certificate.as_deref()),
            write: |configuration, text| {
                configuration.tls_certificate = path_or_none(text);
                Ok(())
            },
        },
    },
    Setting {
        section: Section::Server,
        name: "tls-key",
        value_name: "FILE",
        help: "The certificate's private key (PEM)",
        is_secret: false,
        kind: Kind::Text {
            read: |configuration| shown(configuration.tls_key.as_deref()),
            write: |configuration, text| {
                configuration.tls_key = path_or_none(text);
                Ok(())
            },
        },
    },
    Setting {
        section: Section::Server,
        name: "trust-proxy",
        value_name: "ADDRESS|NETWORK",
        help: "Believe the proxy at this address, or the proxies of this network (10.0.0.0/8), \
               when it names the client that it asks for: limits then hold for the client's \
               address, and logs name it. May be given several times, or with commas",
        is_secret: false,
        kind: Kind::List {
            read: |configuration| configuration.proxies.networks.to_list(),
            write: |configuration, list| {
                configuration.proxies.networks = Networks::parse(list)?;
                Ok(())
            },
        },
    },
    Setting {
        section: Section::Server,
        name: "proxy-header",
        value_name: "NAME",
        help: "The header in which these proxies name the client, and which they let nobody else \
               write: x-forwarded-for, or forwarded",
        is_secret: false,
        kind: Kind::Text {
            read: |configuration| Some(configuration.proxies.header.name().to_owned()),
            write: |configuration, text| {
                configuration.proxies.header = text.parse()?;
                Ok(())
            },
        },
    },
    Setting {
        section: Section::Server,
        name: "log",
        value_name: "LEVEL",
        help: "What to log: error, warn, info, debug or trace; also by module: \
               info,rtbroadcaster=debug",
        is_secret: false,
        kind: Kind::Text {
            read: |configuration| Some(configuration.log.text().to_owned()),
            write: |configuration, text| {
                configuration.log = text.parse()?;
                Ok(())
            },
        },
    },
    Setting {
        section: Section::Server,
        name: "log-format",
        value_name: "text|json",
        help: "How to log, on stderr: for people (text), or an object on each line (json)",
        is_secret: false,
        kind: Kind::Text {
            read: |configuration| Some(configuration.log_format.name().to_owned()),
            write: |configuration, text| {
                configuration.log_format = text.parse()?;
                Ok(())
            },
        },
    },
    Setting {
        section: Section::Server,
        name: "drain-delay-ms",
        value_name: "MILLISECONDS",
        help: "When the server is told to end, it answers /readyz with 503 and lets nobody in, but \
               leaves the rooms alone for this time, so that a load balancer can notice",
        is_secret: false,
        kind: Kind::Milliseconds(|configuration| &mut configuration.drain_delay_ms, UP_TO_A_DAY),
    },
    Setting {
        section: Section::Server,
        name: "drain-ms",
        value_name: "MILLISECONDS",
        help: "Then the server sends its clients away over this time, in batches if they are many; \
               it has ended at most 5 s later",
        is_secret: false,
        kind: Kind::Milliseconds(|configuration| &mut configuration.drain_ms, UP_TO_A_DAY),
    },
];

/// A shutdown that takes longer than a day is none.
const UP_TO_A_DAY: RangeInclusive<u64> = 0..=86_400_000;

/// Paths that the program answers itself.
const OWN_PATHS: [(&str, &str); 4] = [
    ("healthz", "health check"),
    ("readyz", "check of readiness"),
    ("metrics", "page for Prometheus"),
    ("admin", "administration"),
];

pub(super) fn shown(path: Option<&Path>) -> Option<String> {
    path.map(|path| path.display().to_string())
}

pub(super) fn path_or_none(text: &str) -> Option<PathBuf> {
    (!text.is_empty()).then(|| text.into())
}

fn endpoint_path(text: &str) -> Result<String, String> {
    let plain = |character: char| character.is_ascii_alphanumeric() || "/-._~".contains(character);
    let segments = text.strip_prefix('/').ok_or("must start with /, as /broadcasting")?;
    if segments.trim_matches('/').is_empty() {
        return Err("must not be / alone: the endpoint needs a path of its own, as /broadcasting".to_owned());
    }
    if !text.chars().all(plain) {
        return Err("must have letters, digits, and - . _ ~ between its slashes".to_owned());
    }
    if let Some((path, purpose)) = OWN_PATHS.iter().find(|(path, _)| segments.trim_matches('/') == *path) {
        return Err(format!("must not be /{path}, which is the {purpose}'s"));
    }
    Ok(text.to_owned())
}

/// An address and port. A port alone is one of this machine only.
pub(super) fn listen_address(text: &str) -> Result<SocketAddr, String> {
    const LOCAL: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
    if let Ok(port) = text.parse() {
        return Ok(SocketAddr::new(LOCAL, port));
    }
    let local = text.strip_prefix("localhost:").and_then(|port| port.parse().ok());
    match local {
        Some(port) => Ok(SocketAddr::new(LOCAL, port)),
        None => text
            .parse()
            .map_err(|_| "must be an IP address and a port, as 127.0.0.1:8080 or [::1]:8080".to_owned()),
    }
}
