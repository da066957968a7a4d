//! One setting: its names, its help and its kind.

use super::Configuration;
use super::value::{Kind, Shown};

/// One setting. It has the same name everywhere: `--ring-actions`, `RTBROADCASTER_RING_ACTIONS`,
/// and `ring-actions` in the section `[limits]` of the file.
pub(crate) struct Setting {
    pub(crate) section: Section,
    /// Its name within its section.
    pub(crate) name: &'static str,
    /// The placeholder for its value in `--help`.
    pub(crate) value_name: &'static str,
    /// Its purpose, without a full stop at the end.
    pub(crate) help: &'static str,
    /// A secret is never shown. It has no flag, because other users see a process's arguments.
    pub(crate) is_secret: bool,
    pub(crate) kind: Kind,
}

/// A section of the file, and a heading of `--help`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Section {
    Server,
    Access,
    Limits,
    Recordings,
    Cluster,
    Admin,
    Webhook,
}

impl Section {
    /// In the order in which they are shown.
    pub(crate) const ALL: [Self; 7] = [
        Self::Server,
        Self::Access,
        Self::Limits,
        Self::Recordings,
        Self::Cluster,
        Self::Admin,
        Self::Webhook,
    ];

    /// Its name in the file.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Server => "server",
            Self::Access => "access",
            Self::Limits => "limits",
            Self::Recordings => "recordings",
            Self::Cluster => "cluster",
            Self::Admin => "admin",
            Self::Webhook => "webhook",
        }
    }

    /// Its heading in `--help`.
    pub(crate) fn heading(self) -> &'static str {
        match self {
            Self::Server => "Server",
            Self::Access => "Access",
            Self::Limits => "Limits",
            Self::Recordings => "Recordings",
            Self::Cluster => "Cluster",
            Self::Admin => "Administration",
            Self::Webhook => "Webhook",
        }
    }
}

impl Setting {
    /// `limits.ring-actions`.
    pub(crate) fn key(&self) -> String {
        format!("{}.{}", self.section.name(), self.name)
    }

    /// `RTBROADCASTER_RING_ACTIONS`.
    pub(crate) fn variable(&self) -> String {
        format!("RTBROADCASTER_{}", self.name.replace('-', "_").to_ascii_uppercase())
    }

    /// `--ring-actions`.
    pub(crate) fn flag(&self) -> String {
        format!("--{}", self.name)
    }

    /// Its value unless it is set.
    pub(crate) fn default(&self) -> Shown {
        self.kind.show(&Configuration::default())
    }
}
