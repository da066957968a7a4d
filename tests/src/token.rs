//! An issuer of JSON web tokens.

use std::fmt;
use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair, RSA_PKCS1_SHA256, RsaKeyPair};
use ring::{hmac, signature};
use serde_json::{Value, json};

/// An RSA key of 2,048 bits, because `ring` cannot make one. It was made for these tests and guards
/// nothing.
const RSA_KEY: &[u8] = include_bytes!("../fixtures/rsa-2048-of-the-tests.pk8");

/// Signs tokens with one key.
pub struct Signer {
    id: String,
    key: Key,
}

impl fmt::Debug for Signer {
    /// Without the key.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Signer").field("id", &self.id).finish_non_exhaustive()
    }
}

enum Key {
    Hs256(hmac::Key),
    Rs256(Box<RsaKeyPair>),
    Es256(EcdsaKeyPair),
}

impl Signer {
    /// A signer with HS256 and this secret.
    #[must_use]
    pub fn hs256(secret: &str) -> Self {
        Self {
            id: "secret".to_owned(),
            key: Key::Hs256(hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes())),
        }
    }

    /// A signer with RS256 and always the same key, under this id.
    #[must_use]
    pub fn rs256(id: &str) -> Self {
        let key = RsaKeyPair::from_pkcs8(RSA_KEY).expect("the file is a key");
        Self { id: id.to_owned(), key: Key::Rs256(Box::new(key)) }
    }

    /// A signer with ES256 and a new key, under this id.
    #[must_use]
    pub fn es256(id: &str) -> Self {
        let (kind, random) = (&ECDSA_P256_SHA256_FIXED_SIGNING, SystemRandom::new());
        let document = EcdsaKeyPair::generate_pkcs8(kind, &random).expect("there is randomness");
        let key = EcdsaKeyPair::from_pkcs8(kind, document.as_ref(), &random).expect("it was made for this");
        Self { id: id.to_owned(), key: Key::Es256(key) }
    }

    /// A token with these claims.
    #[must_use]
    pub fn sign(&self, claims: &Value) -> String {
        self.sign_as(&json!({"alg": self.algorithm(), "typ": "JWT", "kid": self.id}), claims)
    }

    /// A token with these claims and this header, which may lie about the key.
    #[must_use]
    pub fn sign_as(&self, header: &Value, claims: &Value) -> String {
        self.sign_text(&header.to_string(), &claims.to_string())
    }

    /// A token whose header and claims are these texts, whatever is in them.
    #[must_use]
    pub fn sign_text(&self, header: &str, claims: &str) -> String {
        let text = format!("{}.{}", encoded(header), encoded(claims));
        format!("{text}.{}", encoded(self.signature(text.as_bytes())))
    }

    /// A token that allows its holder to open and follow rooms for an hour.
    #[must_use]
    pub fn for_all(&self) -> String {
        self.sign(&json!({"exp": seconds_from_now(3_600), "create": true, "join": true}))
    }

    /// The public key as an entry of a key set (RFC 7517).
    #[must_use]
    pub fn public_key(&self) -> Value {
        match &self.key {
            Key::Hs256(_) => panic!("a secret has no public key"),
            Key::Rs256(key) => {
                let public = signature::RsaPublicKeyComponents::<Vec<u8>>::from(key.public());
                let (n, e) = (encoded(public.n), encoded(public.e));
                json!({"kty": "RSA", "alg": "RS256", "use": "sig", "kid": self.id, "n": n, "e": e})
            }
            Key::Es256(key) => {
                // The byte 4 marks an uncompressed point; x and y follow.
                let (x, y) = key.public_key().as_ref()[1..].split_at(32);
                json!({"kty": "EC", "crv": "P-256", "kid": self.id, "x": encoded(x), "y": encoded(y)})
            }
        }
    }

    fn algorithm(&self) -> &'static str {
        match self.key {
            Key::Hs256(_) => "HS256",
            Key::Rs256(_) => "RS256",
            Key::Es256(_) => "ES256",
        }
    }

    fn signature(&self, text: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        match &self.key {
            Key::Hs256(key) => hmac::sign(key, text).as_ref().to_vec(),
            Key::Rs256(key) => {
                let mut signature = vec![0; key.public().modulus_len()];
                key.sign(&RSA_PKCS1_SHA256, &random, text, &mut signature).expect("the key is large enough");
                signature
            }
            Key::Es256(key) => key.sign(&random, text).expect("there is randomness").as_ref().to_vec(),
        }
    }
}

/// The claim `exp` of a token that expires in this many seconds; below 0 it has expired.
#[must_use]
pub fn seconds_from_now(seconds: i64) -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("the clock is set").as_secs();
    i64::try_from(now).expect("the year is known") + seconds
}

fn encoded(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}
