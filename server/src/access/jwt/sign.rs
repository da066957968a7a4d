//! Signs JSON web tokens, for tools and applications that give them to their users.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::hmac;
use serde::Serialize;
use serde_json::json;

use super::JwtSettings;

/// The claims that the rooms know. Those that are `None` are left out.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[non_exhaustive]
pub struct TokenClaims {
    /// When the token ends, in seconds since 1970.
    pub exp: u64,
    /// Whether its bearer may open rooms, and claim them with their owner key.
    pub create: bool,
    /// Whether its bearer may follow rooms.
    pub join: bool,
    /// The uuid of the only room that it holds for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub room: Option<String>,
    /// Who its bearer is, for the log.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sub: Option<String>,
    /// What others in a room are to call its bearer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Who gives it out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub iss: Option<String>,
    /// Which server it is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub aud: Option<String>,
}

impl JwtSettings {
    /// A JSON web token with these claims, signed with HS256 and [`JwtSettings::secret`]. None if
    /// there is no secret. The first of the issuers and of the audiences takes the place of a claim
    /// that is `None`.
    ///
    /// ```
    /// use rtbroadcaster::{JwtSettings, Secret, TokenClaims};
    ///
    /// let secret = Some(Secret::new("of 32 bytes or more, all of them random"));
    /// let settings = JwtSettings::default().with(|settings| settings.secret = secret);
    /// let mut claims = TokenClaims::default();
    /// claims.exp = 1_900_000_000;
    /// claims.join = true;
    /// assert_eq!(settings.sign(claims).unwrap().split('.').count(), 3);
    /// ```
    #[must_use]
    pub fn sign(&self, mut claims: TokenClaims) -> Option<String> {
        let key = hmac::Key::new(hmac::HMAC_SHA256, self.secret.as_ref()?.expose().as_bytes());
        claims.iss = claims.iss.or_else(|| self.issuers.first().cloned());
        claims.aud = claims.aud.or_else(|| self.audiences.first().cloned());
        let claims = json!(claims).to_string();
        let text = format!("{}.{}", encoded(r#"{"alg":"HS256","typ":"JWT"}"#), encoded(claims));
        let signature = hmac::sign(&key, text.as_bytes());
        Some(format!("{text}.{}", encoded(signature)))
    }
}

fn encoded(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}
