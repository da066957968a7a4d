//! Who may ask.

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

/// Wrong tokens that one address may show in a minute: enough for a person who mistypes, and for nobody who guesses.
const GUESSES_PER_MINUTE: u64 = 10;

/// Lets those in who show one of its tokens, and keeps out for a while who has shown too many others.
pub(super) struct Guard {
    /// Their digests: all have the same length, so that a comparison tells nothing of that either.
    tokens: Vec<[u8; 32]>,
    /// The settings that they come from, for whoever has none.
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

    /// Whether whoever is at this address may ask.
    ///
    /// # Errors
    /// The token is missing or another, or too many others came from there.
    pub(super) fn check(
        &self,
        headers: &HeaderMap,
        remote: Option<IpAddr>,
        now: Timestamp,
    ) -> Result<(), AdminError> {
        // Those whose address isn't known are as one.
        let remote = remote.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
        let token = bearer_token(headers).ok_or(AdminError::NoToken(self.settings))?;
        if let Some(wait) = self.guesses.wait(remote, now) {
            // The right token is refused too: otherwise the difference would tell which one it is.
            return Err(AdminError::TooManyGuesses(wait.milliseconds().div_ceil(1_000)));
        }
        let token = digest(token);
        let is_known = self.tokens.iter().fold(Choice::from(0), |found, known| found | known.ct_eq(&token));
        if is_known.into() {
            return Ok(());
        }
        self.guesses.count(remote, now);
        Err(AdminError::WrongToken(self.settings))
    }
}

/// What follows `Bearer`, in any case (RFC 9110 section 11.1).
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
    fn an_address_that_guesses_is_refused_for_a_while_even_with_the_right_token() {
        let guard = guard();
        for _ in 0..GUESSES_PER_MINUTE {
            assert_eq!(check(&guard, "Bearer x", 1, NOW), Err(AdminError::WrongToken("admin-token")));
        }
        assert_eq!(check(&guard, "Bearer one", 1, NOW), Err(AdminError::TooManyGuesses(6)));
        assert_eq!(check(&guard, "Bearer one", 2, NOW), Ok(()));
        assert_eq!(check(&guard, "Bearer one", 1, Timestamp(6_000)), Ok(()));
    }
}
