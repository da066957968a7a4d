//! Access: turns a token into permissions. The protocol's crate decides what permissions allow.

mod api_keys;
mod authoriser;
mod bearer;
#[cfg(feature = "jwt")]
mod jwt;
#[cfg(not(feature = "jwt"))]
#[path = "no_jwt.rs"]
mod jwt;
mod request_parts;
mod secret;
mod settings;

use rtbroadcaster_protocol::{Operation, Permissions, Refusal, RefusalCode};

use std::time::Duration;

use api_keys::ApiKeys;
use bearer::Bearer;
use jwt::Jwt;

pub use authoriser::{Authoriser, EntryRequest};
pub(crate) use authoriser::{Deciding, Decision};
#[cfg(feature = "jwt")]
pub use jwt::{InvalidKeySource, KeySource, TokenClaims};
pub use jwt::{JwtSettings, KeysError};
pub(crate) use request_parts::RequestParts;
pub use secret::Secret;
pub use settings::{AccessSettings, Gate, InvalidGate};

/// Judges tokens.
#[derive(Debug)]
pub(crate) struct Access {
    creation: Gate,
    joins: Gate,
    api_keys: ApiKeys,
    jwt: Option<Jwt>,
    authoriser: Option<Authoriser>,
}

impl Access {
    pub(crate) fn new(settings: &AccessSettings) -> Self {
        Self {
            creation: settings.creation,
            joins: settings.joins,
            api_keys: ApiKeys::new(settings),
            jwt: settings.jwt.clone().map(Jwt::new),
            authoriser: settings.authoriser.clone(),
        }
    }

    /// What the bearer of this token may do, as far as this operation needs it, and who it is.
    ///
    /// # Errors
    /// - `unauthorized`: a token is needed, and there is none or it isn't accepted.
    /// - `keys_unavailable`: the token's key is being fetched, or can't be had at this moment.
    pub(crate) fn bearer(&self, operation: Operation, token: Option<&str>) -> Result<Bearer, Refusal> {
        let gate = match operation {
            Operation::Create | Operation::Claim(_) => self.creation,
            Operation::Join(_) => self.joins,
        };
        if gate == Gate::Open {
            return Ok(Permissions::ALL.into());
        }
        let Some(token) = token.filter(|token| !token.is_empty()) else {
            return Err(RefusalCode::Unauthorized.into());
        };
        if let Some(permissions) = self.api_keys.permissions(token) {
            return Ok(permissions.into());
        }
        if let Some(jwt) = &self.jwt {
            return jwt.bearer(token);
        }
        Err(Refusal::with_message(RefusalCode::Unauthorized, "the token is none that this server knows"))
    }

    /// Whether the bearer of this token may publish into every room without its owner key.
    pub(crate) fn may_publish_everywhere(&self, token: &str) -> bool {
        self.api_keys.may_publish(token)
    }

    /// Whether the application decides about entries.
    pub(crate) fn has_authoriser(&self) -> bool {
        self.authoriser.is_some()
    }

    /// Asks the application about an entry. Its decision comes in this time.
    pub(crate) fn ask(&self, entry: EntryRequest, longest: Duration) -> Deciding {
        match &self.authoriser {
            Some(authoriser) => authoriser.ask(entry, longest),
            None => Box::pin(std::future::ready(Ok(()))),
        }
    }

    /// Loads the keys for tokens, if they are not in the settings. Without this call the first
    /// token loads them.
    pub(crate) async fn load_keys(&self) -> Result<(), KeysError> {
        match &self.jwt {
            Some(jwt) => jwt.load_keys().await,
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rtbroadcaster_protocol::RoomId;

    const API_KEY: &str = "an-api-key-of-some-length";
    const JOIN_KEY: &str = "a-join-key-of-some-length";

    fn access(creation: Gate, joins: Gate) -> Access {
        Access::new(&AccessSettings {
            creation,
            joins,
            api_keys: vec![Secret::new("another-api-key"), Secret::new(API_KEY)],
            join_keys: vec![Secret::new(JOIN_KEY)],
            ..AccessSettings::default()
        })
    }

    fn allows(access: &Access, operation: Operation, token: Option<&str>) -> Result<bool, String> {
        access
            .bearer(operation, token)
            .map(|bearer| bearer.permissions.allow(operation))
            .map_err(|refusal| refusal.message)
    }

    #[test]
    fn an_open_gate_ignores_tokens() {
        let access = Access::new(&AccessSettings::default());
        for operation in [Operation::Create, Operation::Join(RoomId::from_random(1))] {
            for token in [None, Some("whatever")] {
                assert_eq!(allows(&access, operation, token), Ok(true));
            }
        }
    }

    #[test]
    fn an_api_key_opens_owns_and_follows_and_a_join_key_follows_only() {
        let access = access(Gate::Token, Gate::Token);
        let room = RoomId::from_random(1);
        for operation in [Operation::Create, Operation::Claim(room), Operation::Join(room)] {
            assert_eq!(allows(&access, operation, Some(API_KEY)), Ok(true), "{operation:?}");
            assert_eq!(
                allows(&access, operation, Some(JOIN_KEY)),
                Ok(operation == Operation::Join(room)),
                "{operation:?}"
            );
        }
    }

    #[test]
    fn a_gate_refuses_a_missing_and_an_unknown_token() {
        let access = access(Gate::Token, Gate::Open);
        let needed = RefusalCode::Unauthorized.message();
        for token in [None, Some("")] {
            assert_eq!(allows(&access, Operation::Create, token), Err(needed.to_owned()));
        }
        for token in ["an-api-key-of-some-lengtH", "an-api-key", " an-api-key-of-some-length"] {
            let unknown = "the token is none that this server knows";
            assert_eq!(allows(&access, Operation::Create, Some(token)), Err(unknown.to_owned()));
        }
        assert_eq!(allows(&access, Operation::Join(RoomId::from_random(1)), None), Ok(true));
    }
}
