//! API keys and join keys: tokens that the settings list.

use std::fmt;

use rtbroadcaster_protocol::{Permissions, Scope};
use sha2::{Digest, Sha256};
use subtle::{Choice, ConstantTimeEq};

use super::{AccessSettings, Secret};

type KeyDigest = [u8; 32];

/// The listed tokens, as digests.
pub(super) struct ApiKeys {
    for_all: Vec<KeyDigest>,
    for_joins: Vec<KeyDigest>,
    for_publishing: Vec<KeyDigest>,
}

impl ApiKeys {
    pub(super) fn new(settings: &AccessSettings) -> Self {
        let digests = |keys: &[Secret]| keys.iter().map(|key| digest(key.expose())).collect();
        Self {
            for_all: digests(&settings.api_keys),
            for_joins: digests(&settings.join_keys),
            for_publishing: digests(&settings.publish_keys),
        }
    }

    /// Whether the bearer of this token may publish into every room.
    pub(super) fn may_publish(&self, token: &str) -> bool {
        is_in(&digest(token), &self.for_publishing)
    }

    /// What the bearer of this token may do. None if the token is not listed.
    pub(super) fn permissions(&self, token: &str) -> Option<Permissions> {
        let token = digest(token);
        if is_in(&token, &self.for_all) {
            Some(Permissions::ALL)
        } else if is_in(&token, &self.for_joins) {
            Some(Permissions { own: Scope::Nowhere, follow: Scope::Everywhere })
        } else {
            None
        }
    }
}

/// Compares with every key. The time tells nothing about how much of which key matches.
fn is_in(token: &KeyDigest, keys: &[KeyDigest]) -> bool {
    keys.iter().fold(Choice::from(0), |found, key| found | key.ct_eq(token)).into()
}

fn digest(text: &str) -> KeyDigest {
    Sha256::digest(text).into()
}

impl fmt::Debug for ApiKeys {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("ApiKeys(…)")
    }
}
