//! The settings of the section `[access]`: who may do what.

use rtbroadcaster::{Gate, HostPolicy, InvalidGate, OriginPolicy, Secret};

use crate::configuration::Configuration;
use crate::configuration::setting::{Section, Setting};
use crate::configuration::value::{Kind, hidden};

/// The smallest number of characters in an API key. 16 random ones out of 64 have 96 bits.
const SHORTEST_API_KEY: usize = 16;

/// The smallest number of bytes in a secret for HMAC-SHA256, as RFC 7518 section 3.2 has it.
const SHORTEST_SIGNING_SECRET: usize = 32;

pub(super) static SETTINGS: &[Setting] = &[
    Setting {
        section: Section::Access,
        name: "creation",
        value_name: "open|token",
        help: "Who may open rooms: everybody (open), or everybody who has a token for it (token). \
               Must be set if others than this machine can reach the server",
        is_secret: false,
        kind: Kind::Text {
            read: |configuration| Some(configuration.rooms.access.creation.to_string()),
            write: |configuration, text| gate(&mut configuration.rooms.access.creation, text),
        },
    },
    Setting {
        section: Section::Access,
        name: "joins",
        value_name: "open|token",
        help: "Who may follow rooms: everybody who knows a room's uuid (open), or everybody who \
               has a token for it (token)",
        is_secret: false,
        kind: Kind::Text {
            read: |configuration| Some(configuration.rooms.access.joins.to_string()),
            write: |configuration, text| gate(&mut configuration.rooms.access.joins, text),
        },
    },
    Setting {
        section: Section::Access,
        name: "api-keys",
        value_name: "KEY",
        help: "Tokens whose bearer may open, own and follow every room; 16 characters or more",
        is_secret: true,
        kind: Kind::List {
            read: |configuration| hidden(configuration.rooms.access.api_keys.len()),
            write: |configuration, list| api_keys(&mut configuration.rooms.access.api_keys, list),
        },
    },
    Setting {
        section: Section::Access,
        name: "join-keys",
        value_name: "KEY",
        help: "Tokens whose bearer may follow every room; 16 characters or more",
        is_secret: true,
        kind: Kind::List {
            read: |configuration| hidden(configuration.rooms.access.join_keys.len()),
            write: |configuration, list| api_keys(&mut configuration.rooms.access.join_keys, list),
        },
    },
    Setting {
        section: Section::Access,
        name: "publish-keys",
        value_name: "KEY",
        help: "Tokens whose bearer may publish into every room over HTTP, as if it had the room's owner key; \
               16 characters or more. Without one, only owners publish",
        is_secret: true,
        kind: Kind::List {
            read: |configuration| hidden(configuration.rooms.access.publish_keys.len()),
            write: |configuration, list| api_keys(&mut configuration.rooms.access.publish_keys, list),
        },
    },
    Setting {
        section: Section::Access,
        name: "jwt-secret",
        value_name: "SECRET",
        help: "Accept JSON web tokens that are signed with HS256 and this secret; 32 bytes or more",
        is_secret: true,
        kind: Kind::Text {
            read: |configuration| hidden(configuration.jwt.secret.iter().len()).pop(),
            write: |configuration, text| {
                configuration.jwt.secret = signing_secret(text)?;
                Ok(())
            },
        },
    },
    Setting {
        section: Section::Access,
        name: "jwks",
        value_name: "FILE|URL",
        help: "Accept JSON web tokens that are signed with RS256 or ES256 and a key of this set \
               (JWKS): a file, or an address that begins with https:// or http://",
        is_secret: false,
        kind: Kind::Text {
            read: |configuration| configuration.jwt.keys.as_ref().map(ToString::to_string),
            write: |configuration, text| {
                let source = (!text.is_empty()).then(|| text.parse()).transpose();
                configuration.jwt.keys =
                    source.map_err(|error: rtbroadcaster::InvalidKeySource| error.to_string())?;
                Ok(())
            },
        },
    },
    Setting {
        section: Section::Access,
        name: "jwks-refresh-ms",
        value_name: "MILLISECONDS",
        help: "When a token names a key that is not in the set, the set is read again, but at most \
               once in this time",
        is_secret: false,
        kind: Kind::Milliseconds(|configuration| &mut configuration.jwt.keys_refresh_ms, 1_000..=86_400_000),
    },
    Setting {
        section: Section::Access,
        name: "jwt-issuer",
        value_name: "ISSUER",
        help: "Accept JSON web tokens of this issuer (iss) only. May be given several times, or \
               with commas",
        is_secret: false,
        kind: Kind::List {
            read: |configuration| configuration.jwt.issuers.clone(),
            write: |configuration, list| {
                configuration.jwt.issuers = list.to_vec();
                Ok(())
            },
        },
    },
    Setting {
        section: Section::Access,
        name: "jwt-audience",
        value_name: "AUDIENCE",
        help: "Accept JSON web tokens for this audience (aud) only; if none is set, only tokens \
               without an audience. May be given several times, or with commas",
        is_secret: false,
        kind: Kind::List {
            read: |configuration| configuration.jwt.audiences.clone(),
            write: |configuration, list| {
                configuration.jwt.audiences = list.to_vec();
                Ok(())
            },
        },
    },
    Setting {
        section: Section::Access,
        name: "reopen-secret",
        value_name: "SECRET",
        help: "Sign owner keys with this secret, so that after a restart owners may open rooms \
               anew that the server has lost; 32 bytes or more, the same at each start",
        is_secret: true,
        kind: Kind::Text {
            read: |configuration| hidden(configuration.rooms.access.reopen_secret.iter().len()).pop(),
            write: |configuration, text| {
                configuration.rooms.access.reopen_secret = signing_secret(text)?;
                Ok(())
            },
        },
    },
    Setting {
        section: Section::Access,
        name: "allow-origin",
        value_name: "ORIGIN",
        help: "Pages of this origin may connect, for example https://example.org, or \
               https://*.example.org for every host below; null is the origin of pages from files \
               and of sandboxed frames, self the server's own host, * every origin. May be given \
               several times, or with commas. \
               Pages of the server's own host, and programs that send no Origin, may always \
               connect. Must be set if others than this machine can reach the server",
        is_secret: false,
        kind: Kind::List { read: |configuration| configuration.rooms.origins.to_list(), write: origins },
    },
    Setting {
        section: Section::Access,
        name: "allow-host",
        value_name: "HOST",
        help: "Answer requests for the rooms under this name only (the header Host, without its \
               port), for example rooms.example.org, or *.example.org for every host below; * is \
               every name. May be given several times, or with commas. Unless it is set, a server \
               that listens on a loopback address, and without trust-proxy, answers as localhost, \
               127.0.0.1, [::1] and under the address it listens on, and any other server under \
               every name",
        is_secret: false,
        kind: Kind::List {
            read: |configuration| configuration.hosts.as_ref().map(HostPolicy::to_list).unwrap_or_default(),
            write: hosts,
        },
    },
];

fn gate(gate: &mut Gate, text: &str) -> Result<(), String> {
    *gate = text.parse().map_err(|error: InvalidGate| error.to_string())?;
    Ok(())
}

/// A secret to sign with. An empty text is none.
fn signing_secret(text: &str) -> Result<Option<Secret>, String> {
    if !text.is_empty() && text.len() < SHORTEST_SIGNING_SECRET {
        return Err(format!("must have {SHORTEST_SIGNING_SECRET} bytes or more"));
    }
    Ok((!text.is_empty()).then(|| Secret::new(text)))
}

/// Sets the keys. An error names the position of the wrong key, never the key itself.
fn api_keys(keys: &mut Vec<Secret>, list: &[String]) -> Result<(), String> {
    let is_key = |key: &String| {
        key.chars().count() >= SHORTEST_API_KEY
            && key.chars().all(|character| character.is_ascii_graphic() && character != ',')
    };
    if let Some(wrong) = list.iter().position(|key| !is_key(key)) {
        return Err(format!(
            "must have {SHORTEST_API_KEY} characters or more, each printable ASCII but no space and no comma: number {} \
             has not",
            wrong + 1
        ));
    }
    *keys = list.iter().map(Secret::new).collect();
    Ok(())
}

fn origins(configuration: &mut Configuration, list: &[String]) -> Result<(), String> {
    let policies = list
        .iter()
        .map(|origin| origin.parse::<OriginPolicy>().map_err(|error| format!("{error}, not {origin}")));
    configuration.rooms.origins = policies.collect::<Result<_, _>>()?;
    Ok(())
}

fn hosts(configuration: &mut Configuration, list: &[String]) -> Result<(), String> {
    let policies =
        list.iter().map(|host| host.parse::<HostPolicy>().map_err(|error| format!("{error}, not {host}")));
    let hosts = policies.collect::<Result<HostPolicy, _>>()?;
    configuration.hosts = (!list.is_empty()).then_some(hosts);
    Ok(())
}
