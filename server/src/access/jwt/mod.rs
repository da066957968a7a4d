//! JSON web tokens (RFC 7519): checks them, and turns their claims into permissions.

mod cryptography;
mod header;
mod https;
mod key_set;
mod key_source;
mod sign;

use std::sync::Arc;

use jsonwebtoken::errors::{Error, ErrorKind};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode};
use rtbroadcaster_protocol::{Permissions, Refusal, RefusalCode, RoomId, Scope};
use serde::Deserialize;
use serde_json::Value;
use tracing::debug;

use super::Secret;
use super::bearer::Bearer;
use header::Header;
use key_set::{KeySet, Lookup};

pub use key_source::{InvalidKeySource, KeySource, KeysError};
pub use sign::TokenClaims;

/// How many seconds the clock of a token's issuer may differ from ours.
const LEEWAY_SECONDS: u64 = 30;

/// When a client should come back while its token's key is being loaded, in milliseconds.
const KEYS_RETRY_MS: u64 = 1_000;

/// Which JSON web tokens are accepted: tokens signed with HS256 and the secret, or with RS256 or
/// ES256 and one of the keys.
///
/// A token's claims are:
/// - `exp`: when it expires. Required.
/// - `create` and `join`: true or false.
/// - `room`: a uuid. With it the token holds for this room only.
///
/// The first server that accepts JSON web tokens installs `ring` as the default provider of the
/// crate `jsonwebtoken` in its process, unless there is one already. That provider only checks
/// signatures. An application that signs with the same crate must install its own provider before.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct JwtSettings {
    /// The secret for HS256.
    pub secret: Option<Secret>,
    /// The source of the public keys.
    pub keys: Option<KeySource>,
    /// When a token names a key that isn't known, the keys are loaded again, but at most once in
    /// this time. In milliseconds, default 60,000.
    pub keys_refresh_ms: u64,
    /// If there are any, the claim `iss` must be one of them.
    pub issuers: Vec<String>,
    /// If there are any, the claim `aud` must name one of them. If there are none, a token must not
    /// have this claim.
    pub audiences: Vec<String>,
}

impl JwtSettings {
    /// The same settings with some changed.
    ///
    /// ```
    /// use rtbroadcaster::{JwtSettings, Secret};
    ///
    /// let secret = Secret::new("a secret of 32 bytes or more, shared with the issuer");
    /// let jwt = JwtSettings::default().with(|jwt| jwt.secret = Some(secret));
    /// # drop(jwt);
    /// ```
    #[must_use]
    pub fn with(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }
}

impl Default for JwtSettings {
    fn default() -> Self {
        Self { secret: None, keys: None, keys_refresh_ms: 60_000, issuers: Vec::new(), audiences: Vec::new() }
    }
}

/// Judges JSON web tokens.
#[derive(Debug)]
pub(super) struct Jwt {
    secret: Option<DecodingKey>,
    keys: Option<Arc<KeySet>>,
    issuers: Vec<String>,
    audiences: Vec<String>,
}

#[derive(Deserialize)]
struct Claims {
    #[serde(default)]
    create: bool,
    #[serde(default)]
    join: bool,
    room: Option<String>,
    /// Only for the log, so it may be anything.
    sub: Option<Value>,
    /// Only for the roster, so it may be anything.
    name: Option<Value>,
}

impl Jwt {
    pub(super) fn new(settings: JwtSettings) -> Self {
        cryptography::install();
        Self {
            secret: settings.secret.map(|secret| DecodingKey::from_secret(secret.expose().as_bytes())),
            keys: settings.keys.map(|source| Arc::new(KeySet::new(source, settings.keys_refresh_ms))),
            issuers: settings.issuers,
            audiences: settings.audiences,
        }
    }

    pub(super) async fn load_keys(&self) -> Result<(), KeysError> {
        match &self.keys {
            Some(keys) => keys.load().await,
            None => Ok(()),
        }
    }

    /// What the bearer of this token may do, and who it is.
    ///
    /// # Errors
    /// - `unauthorized`: the token isn't accepted.
    /// - `keys_unavailable`: its key is being loaded, or can't be had at this moment.
    pub(super) fn bearer(&self, token: &str) -> Result<Bearer, Refusal> {
        let header = Header::of(token).ok_or_else(|| {
            not_accepted("the token is neither a key that this server knows nor a JSON web token")
        })?;
        if header.is_critical {
            // RFC 7515, section 4.1.11: what a server doesn't know must not be ignored then.
            let message = "the token says in \"crit\" that it needs an extension, and this server knows none";
            return Err(not_accepted(message));
        }
        let keys = self.keys(header.algorithm, header.key_id.as_deref())?;
        let mut failure = not_accepted("the token is signed with a key that this server doesn't know");
        for key in keys {
            match decode::<Claims>(token, &key, &self.validation(header.algorithm)) {
                Ok(token) => {
                    let permissions = permissions(&token.claims)?;
                    let [subject, name] = [token.claims.sub, token.claims.name].map(text);
                    return Ok(Bearer { permissions, subject, name });
                }
                Err(error) => failure = refusal(&error),
            }
        }
        debug!(reason = failure.message, "a token is not accepted");
        Err(failure)
    }

    /// The keys that the token may be signed with.
    fn keys(&self, algorithm: Algorithm, id: Option<&str>) -> Result<Vec<DecodingKey>, Refusal> {
        let lookup = match (algorithm, &self.secret, &self.keys) {
            (Algorithm::HS256, Some(secret), _) => return Ok(vec![secret.clone()]),
            (Algorithm::RS256 | Algorithm::ES256, _, Some(keys)) => keys.find(algorithm, id),
            _ => {
                let message =
                    format!("the token is signed with {algorithm:?}, which this server is not set up for");
                return Err(not_accepted(message));
            }
        };
        match lookup {
            Lookup::Found(keys) => Ok(keys),
            Lookup::Unknown => Ok(Vec::new()),
            Lookup::Loading => Err(Refusal::until_later(RefusalCode::KeysUnavailable, KEYS_RETRY_MS)),
            Lookup::Unavailable { wait_ms } => {
                Err(Refusal::until_later(RefusalCode::KeysUnavailable, wait_ms))
            }
        }
    }

    fn validation(&self, algorithm: Algorithm) -> Validation {
        let mut validation = Validation::new(algorithm);
        validation.leeway = LEEWAY_SECONDS;
        validation.validate_nbf = true;
        let mut required = vec!["exp"];
        if !self.issuers.is_empty() {
            validation.set_issuer(&self.issuers);
            required.push("iss");
        }
        if !self.audiences.is_empty() {
            validation.set_audience(&self.audiences);
            required.push("aud");
        }
        validation.set_required_spec_claims(&required);
        validation
    }
}

fn text(claim: Option<Value>) -> Option<String> {
    match claim {
        Some(Value::String(text)) => Some(text),
        _ => None,
    }
}

fn permissions(claims: &Claims) -> Result<Permissions, Refusal> {
    let scope = match &claims.room {
        None => Scope::Everywhere,
        Some(room) => RoomId::parse(room)
            .map(Scope::Room)
            .ok_or_else(|| not_accepted("the token's claim \"room\" is no uuid"))?,
    };
    let scope_if = |allowed| if allowed { scope } else { Scope::Nowhere };
    Ok(Permissions { own: scope_if(claims.create), follow: scope_if(claims.join) })
}

fn refusal(error: &Error) -> Refusal {
    not_accepted(match error.kind() {
        ErrorKind::ExpiredSignature => "the token has expired: get a new one".to_owned(),
        ErrorKind::ImmatureSignature => "the token is not valid yet (\"nbf\")".to_owned(),
        ErrorKind::InvalidSignature => "the token's signature is wrong".to_owned(),
        ErrorKind::InvalidIssuer => "the token's issuer (\"iss\") is not accepted here".to_owned(),
        ErrorKind::InvalidAudience => "the token is for another audience (\"aud\")".to_owned(),
        ErrorKind::MissingRequiredClaim(claim) => format!("the token has no \"{claim}\", which it needs"),
        ErrorKind::InvalidClaimFormat(claim) => format!("the token's \"{claim}\" cannot be read"),
        ErrorKind::Json(_) => {
            "the token's claims cannot be read: \"create\" and \"join\" are true or false, \"room\" is a uuid"
                .to_owned()
        }
        _ => "the token cannot be read".to_owned(),
    })
}

fn not_accepted(message: impl Into<String>) -> Refusal {
    Refusal::with_message(RefusalCode::Unauthorized, message)
}
