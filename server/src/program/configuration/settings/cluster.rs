//! The settings of the section `[cluster]`: rooms on several machines.

use std::ops::RangeInclusive;
use std::path::PathBuf;

use rtbroadcaster::{ClusterError, ClusterSettings, InvalidNatsServer, NatsServer};

use super::server::{path_or_none, shown};
use crate::configuration::setting::{Section, Setting};
use crate::configuration::value::Kind;

pub(super) static SETTINGS: &[Setting] = &[
    Setting {
        section: Section::Cluster,
        name: "nats",
        value_name: "URL",
        help: "Share the rooms with all servers that use this NATS JetStream cluster: the address of one of \
               its servers, as nats://10.0.0.1:4222 or tls://nats.example.org:4222. A user and a password, or \
               a token, may stand before the host; better not in a flag, which other users of this machine \
               see. May be given several times, or with commas. Not together with --data",
        is_secret: false,
        kind: Kind::List {
            read: |configuration| configuration.cluster.servers.iter().map(ToString::to_string).collect(),
            write: |configuration, list| {
                let servers: Result<Vec<NatsServer>, _> = list.iter().map(|server| server.parse()).collect();
                configuration.cluster.servers =
                    servers.map_err(|error: InvalidNatsServer| error.to_string())?;
                Ok(())
            },
        },
    },
    Setting {
        section: Section::Cluster,
        name: "nats-credentials",
        value_name: "FILE",
        help: "The credentials of this server's NATS user, as `nsc generate creds` writes them. They are read \
               once, at the start",
        is_secret: false,
        kind: Kind::Text {
            read: |configuration| shown(configuration.cluster.credentials.as_deref()),
            write: |configuration, text| path(&mut configuration.cluster.credentials, text),
        },
    },
    Setting {
        section: Section::Cluster,
        name: "nats-ca",
        value_name: "FILE",
        help: "Speak TLS with the NATS servers, and trust the authorities in this file (PEM) instead of those \
               that this machine trusts",
        is_secret: false,
        kind: Kind::Text {
            read: |configuration| shown(configuration.cluster.tls_ca.as_deref()),
            write: |configuration, text| path(&mut configuration.cluster.tls_ca, text),
        },
    },
    Setting {
        section: Section::Cluster,
        name: "nats-certificate",
        value_name: "FILE",
        help: "Speak TLS with the NATS servers, and show them the certificate in this file (PEM)",
        is_secret: false,
        kind: Kind::Text {
            read: |configuration| shown(configuration.cluster.tls_certificate.as_deref()),
            write: |configuration, text| path(&mut configuration.cluster.tls_certificate, text),
        },
    },
    Setting {
        section: Section::Cluster,
        name: "nats-key",
        value_name: "FILE",
        help: "That certificate's private key (PEM)",
        is_secret: false,
        kind: Kind::Text {
            read: |configuration| shown(configuration.cluster.tls_key.as_deref()),
            write: |configuration, text| path(&mut configuration.cluster.tls_key, text),
        },
    },
    Setting {
        section: Section::Cluster,
        name: "nats-replicas",
        value_name: "NUMBER",
        help: "How many of the NATS servers keep each room; 3 survive the loss of one. The streams are created \
               with it, and must have it",
        is_secret: false,
        kind: Kind::Count(|configuration| &mut configuration.cluster.replicas, 1..=5),
    },
    Setting {
        section: Section::Cluster,
        name: "nats-stream-bytes",
        value_name: "BYTES",
        help: "Bytes that each of the 8 streams of rooms may have; nothing more is acknowledged in the rooms of \
               one that is full. The streams are created with it, and must have it",
        is_secret: false,
        kind: Kind::StoredBytes(|configuration| &mut configuration.cluster.stream_bytes, STREAM_BYTES),
    },
    Setting {
        section: Section::Cluster,
        name: "cluster-name",
        value_name: "NAME",
        help: "The name under which the servers share their rooms: 1 to 32 of a to z, 0 to 9 and -. It begins \
               the names of the streams and subjects",
        is_secret: false,
        kind: Kind::Text {
            read: |configuration| Some(configuration.cluster.name.clone()),
            write: |configuration, text| {
                text.clone_into(&mut configuration.cluster.name);
                checked(&configuration.cluster)
            },
        },
    },
    Setting {
        section: Section::Cluster,
        name: "node-name",
        value_name: "NAME",
        help: "The name of this server among the others, for people; unless it is set, that of the host",
        is_secret: false,
        kind: Kind::Text {
            read: |configuration| configuration.node_name.clone(),
            write: |configuration, text| {
                configuration.node_name = (!text.is_empty()).then(|| text.to_owned());
                checked(&configuration.with_node_name())
            },
        },
    },
];

/// The smallest size is enough for a few rooms.
const STREAM_BYTES: RangeInclusive<u64> = 1_048_576..=i64::MAX as u64;

fn path(setting: &mut Option<PathBuf>, text: &str) -> Result<(), String> {
    *setting = path_or_none(text);
    Ok(())
}

/// Checks names. What several settings say together is a matter of the rules.
fn checked(cluster: &ClusterSettings) -> Result<(), String> {
    match cluster.check() {
        Err(error @ (ClusterError::InvalidName(_) | ClusterError::InvalidNode(_))) => Err(error.to_string()),
        Ok(()) | Err(_) => Ok(()),
    }
}
