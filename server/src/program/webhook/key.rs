//! The key that signs what the application is told, as the specification "Standard Webhooks" says,
//! for which most languages have a library.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::hmac;

/// What a secret may begin with.
const PREFIX: &str = "whsec_";

/// How many bytes a key has.
const BYTES: std::ops::RangeInclusive<usize> = 24..=64;

/// A key for HMAC with SHA-256.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct SigningKey(Vec<u8>);

impl SigningKey {
    /// Reads a secret: base64, with or without the prefix.
    ///
    /// # Errors
    /// What it must be. The text doesn't show it.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let encoded = text.strip_prefix(PREFIX).unwrap_or(text);
        let key = STANDARD.decode(encoded).ok().filter(|key| BYTES.contains(&key.len()));
        key.map(Self).ok_or_else(|| {
            format!(
                "must be {} to {} random bytes in base64, with or without {PREFIX} before them; `rtbroadcaster token \
                 secret` prints some",
                BYTES.start(),
                BYTES.end()
            )
        })
    }

    /// The signature of a message that has this id, at this time in seconds since 1970.
    pub(super) fn sign(&self, id: &str, seconds: u64, body: &str) -> String {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &self.0);
        let signature = hmac::sign(&key, format!("{id}.{seconds}.{body}").as_bytes());
        format!("v1,{}", STANDARD.encode(signature))
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("SigningKey(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the specification.
    #[test]
    fn it_signs_as_the_specification_shows() {
        let key = SigningKey::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let signature = key.sign("msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, "{\"test\": 2432232314}");
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
        assert_eq!(SigningKey::parse("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"), Ok(key));
        let short = format!("{PREFIX}{}", STANDARD.encode("short"));
        for wrong in ["", PREFIX, &short, "not base64 at all, but long enough"] {
            assert!(SigningKey::parse(wrong).is_err(), "{wrong}");
        }
    }
}
