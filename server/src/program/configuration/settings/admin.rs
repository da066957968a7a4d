//! The settings of the section `[admin]`: the administration's tokens and address.

use rtbroadcaster::Secret;

use super::server::listen_address;
use crate::configuration::Configuration;
use crate::configuration::setting::{Section, Setting};
use crate::configuration::value::{Kind, hidden};

/// The smallest number of characters in a token. 16 random ones out of 64 have 96 bits.
const SHORTEST_TOKEN: usize = 16;

pub(super) static SETTINGS: &[Setting] = &[
    Setting {
        section: Section::Admin,
        name: "admin-token",
        value_name: "TOKEN",
        help: "Token for /admin, which shows rooms and connections and can end them; 16 characters \
               or more. Without it there is no /admin",
        is_secret: true,
        kind: Kind::Text {
            read: |configuration| hidden(configuration.admin.token.iter().len()).pop(),
            write: |configuration, text| {
                configuration.admin.token = token(text)?;
                Ok(())
            },
        },
    },
    Setting {
        section: Section::Admin,
        name: "metrics-token",
        value_name: "TOKEN",
        help: "Token for /metrics and nothing else, to give to Prometheus; 16 characters or more. \
               /metrics takes the admin-token too; without either there is no /metrics",
        is_secret: true,
        kind: Kind::Text {
            read: |configuration| hidden(configuration.admin.metrics_token.iter().len()).pop(),
            write: |configuration, text| {
                configuration.admin.metrics_token = token(text)?;
                Ok(())
            },
        },
    },
    Setting {
        section: Section::Admin,
        name: "admin-listen",
        value_name: "ADDRESS:PORT",
        help: "Serve /admin and /metrics at this address and port, in plain HTTP, and nowhere \
               else. They want their tokens there too",
        is_secret: false,
        kind: Kind::Text {
            read: address,
            write: |configuration, text| {
                configuration.admin_listen = (!text.is_empty()).then(|| listen_address(text)).transpose()?;
                Ok(())
            },
        },
    },
];

fn address(configuration: &Configuration) -> Option<String> {
    configuration.admin_listen.map(|address| address.to_string())
}

/// Checks a token. An error never shows it.
fn token(text: &str) -> Result<Option<Secret>, String> {
    if text.is_empty() {
        return Ok(None);
    }
    if text.len() < SHORTEST_TOKEN || !text.chars().all(|character| character.is_ascii_graphic()) {
        return Err(format!(
            "must have {SHORTEST_TOKEN} characters or more, each printable ASCII but no space"
        ));
    }
    Ok(Some(Secret::new(text)))
}
