//! The guard of the administration and the metrics: it checks bearer tokens.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr};

use rtbroadcaster_protocol::{Rate, Timestamp};
use sha2::{Digest, Sha256};
use subtle::{Choice, ConstantTimeEq};
use warp::http::HeaderMap;
use warp::http::header::AUTHORIZATION;

use super::error::AdminError;
use crate::Secret;
use crate::admission::AddressLimits;

/// Wrong tokens that one address may send in a minute. A person who mistypes needs no more, and
/// guessing needs far more.
const GUESSES_PER_MINUTE: u64 = 10;

/// Accepts requests that bear one of its tokens, from any address at any time. An address that sent
/// too many wrong tokens is told to come later, until it sends a right one: behind a proxy, many
/// clients may share an address.
pub(super) struct Guard {
    /// The tokens' digests. All have the same length, so that a comparison doesn't tell a token's
    /// length.
    tokens: Vec<[u8; 32]>,
    /// The names of the settings that hold the tokens, for the error message.
    settings: &'static str,
    guesses: AddressLimits,
}

impl Guard {
    pub(super) fn new(tokens: &[&Secret], settings: &'static str) -> Self {
        Self {
            tokens: tokens.iter().map(|token| digest(token.expose())).collect(),
            settings,
            guesses: AddressLimits::new(Rate::per_minute(GUESSES_PER_MINUTE)),
        }
    }

    /// Checks the token of a request from this address.
    ///
    /// # Errors
    /// - `unauthorized`: there is no token, or a wrong one.
    /// - `rate_limited`: the token is wrong, and this address has sent too many wrong ones.
    pub(super) fn check(
        &self,
        headers: &HeaderMap,
        remote: Option<IpAddr>,
        now: Timestamp,
    ) -> Result<(), AdminError> {
        // Clients without a known address share one limit.
        let remote = remote.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
        let token = digest(bearer_token(headers).ok_or(AdminError::NoToken(self.settings))?);
        let is_known = self.tokens.iter().fold(Choice::from(0), |found, known| found | known.ct_eq(&token));
        if is_known.into() {
            return Ok(());
        }
        if let Some(wait) = self.guesses.wait(remote, now) {
            return Err(AdminError::TooManyGuesses(wait.milliseconds().div_ceil(1_000)));
        }
        self.guesses.count(remote, now);
        Err(AdminError::WrongToken(self.settings))
    }
}

/// The text behind `Bearer`, which may be in any case (RFC 9110 section 11.1).
fn bearer_token(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}

fn digest(text: &str) -> [u8; 32] {
    Sha256::digest(text).into()
}

impl fmt::Debug for Guard {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Guard(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(0);

    fn guard() -> Guard {
        Guard::new(&[&Secret::new("one"), &Secret::new("two")], "admin-token")
    }

    fn check(guard: &Guard, authorization: &str, remote: u8, now: Timestamp) -> Result<(), AdminError> {
        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, authorization.parse().unwrap());
        guard.check(&headers, Some(IpAddr::V4(Ipv4Addr::new(192, 0, 2, remote))), now)
    }

    #[test]
    fn each_of_the_tokens_is_accepted_and_no_other() {
        let guard = guard();
        for right in ["Bearer one", "bearer two", "BEARER  one"] {
            assert_eq!(check(&guard, right, 1, NOW), Ok(()), "{right}");
        }
        for wrong in ["Bearer On", "Bearer onetwo", "Bearer three"] {
            assert_eq!(check(&guard, wrong, 1, NOW), Err(AdminError::WrongToken("admin-token")), "{wrong}");
        }
        for none in ["Bearer", "Bearer ", "one", "Basic one"] {
            assert_eq!(check(&guard, none, 1, NOW), Err(AdminError::NoToken("admin-token")), "{none}");
        }
    }

    #[test]
    fn an_address_that_guesses_is_told_to_come_later_and_a_right_token_passes_from_there_too() {
        let guard = guard();
        for _ in 0..GUESSES_PER_MINUTE {
            assert_eq!(check(&guard, "Bearer x", 1, NOW), Err(AdminError::WrongToken("admin-token")));
        }
        assert_eq!(check(&guard, "Bearer x", 1, NOW), Err(AdminError::TooManyGuesses(6)));
        assert_eq!(check(&guard, "Bearer one", 1, NOW), Ok(()));
        assert_eq!(check(&guard, "Bearer x", 2, NOW), Err(AdminError::WrongToken("admin-token")));
        assert_eq!(
            check(&guard, "Bearer x", 1, Timestamp(6_000)),
            Err(AdminError::WrongToken("admin-token"))
        );
    }
}
