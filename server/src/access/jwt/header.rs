//! Reads the header of a JSON web token (RFC 7515, section 4), before its signature is checked.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::Algorithm;
use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny};

/// What the server must know of a header. It ignores the rest, also a key or the address of one:
/// keys come only from whom the operator named.
///
/// The type of that name in `jsonwebtoken` doesn't tell a parameter that is null from one that is
/// absent.
#[derive(Deserialize)]
pub(super) struct Header {
    #[serde(rename = "alg")]
    pub(super) algorithm: Algorithm,
    #[serde(rename = "kid")]
    pub(super) key_id: Option<String>,
    /// Whether there is a parameter `crit`, whatever it says.
    #[serde(rename = "crit", default, deserialize_with = "there")]
    pub(super) is_critical: bool,
}

impl Header {
    /// The header of this token. None if it hasn't three parts, or a header that can't be read or
    /// has one of these parameters twice.
    pub(super) fn of(token: &str) -> Option<Self> {
        let mut parts = token.split('.');
        let (header, _payload, _signature) = (parts.next()?, parts.next()?, parts.next()?);
        if parts.next().is_some() {
            return None;
        }
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(header).ok()?).ok()
    }
}

fn there<'de, D: Deserializer<'de>>(value: D) -> Result<bool, D::Error> {
    IgnoredAny::deserialize(value).map(|_| true)
}
