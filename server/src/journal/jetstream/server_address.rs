//! The address of a NATS server. What is secret in it is shown nowhere.

use std::fmt;
use std::str::FromStr;

use async_nats::ServerAddr;

use crate::access::Secret;

/// The address of a NATS server, such as `nats://127.0.0.1:4222`, or `tls://nats.example.org:4222`
/// where TLS is required. The scheme `nats` and the port 4222 may be left out. A user and a
/// password may stand before the host, or a token alone. They are shown nowhere.
///
/// ```
/// use rtbroadcaster::NatsServer;
///
/// let server: NatsServer = "me:secret@nats.example.org".parse()?;
/// assert_eq!(server.to_string(), "nats://(hidden)@nats.example.org:4222");
/// # Ok::<(), rtbroadcaster::InvalidNatsServer>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct NatsServer {
    /// Without its user.
    address: ServerAddr,
    user: Option<User>,
}

/// How a node shows who it is, if that stands in the addresses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum User {
    Password { name: Secret, password: Secret },
    Token(Secret),
}

/// A text that is no [`NatsServer`]. It doesn't show the text, which may have a password in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "must be the address of a NATS server, such as nats://127.0.0.1:4222 or tls://nats.example.org:4222, without a path"
)]
pub struct InvalidNatsServer;

impl NatsServer {
    pub(super) fn address(&self) -> &ServerAddr {
        &self.address
    }

    pub(super) fn user(&self) -> Option<&User> {
        self.user.as_ref()
    }
}

impl FromStr for NatsServer {
    type Err = InvalidNatsServer;

    fn from_str(text: &str) -> Result<Self, InvalidNatsServer> {
        let given: ServerAddr = text.parse().map_err(|_| InvalidNatsServer)?;
        let secret = |encoded: &str| decoded(encoded).map(Secret::new).ok_or(InvalidNatsServer);
        let user = match (given.username(), given.password()) {
            (Some(name), Some(password)) => {
                Some(User::Password { name: secret(name)?, password: secret(password)? })
            }
            (Some(token), None) => Some(User::Token(secret(token)?)),
            (None, Some(_)) => return Err(InvalidNatsServer),
            (None, None) => None,
        };
        let mut url = given.into_inner();
        let is_bare = matches!(url.path(), "" | "/") && url.query().is_none() && url.fragment().is_none();
        if !is_bare || !matches!(url.scheme(), "nats" | "tls") || url.host_str().is_none_or(str::is_empty) {
            return Err(InvalidNatsServer);
        }
        url.set_username("").map_err(|()| InvalidNatsServer)?;
        url.set_password(None).map_err(|()| InvalidNatsServer)?;
        Ok(Self { address: ServerAddr::from_url(url).map_err(|_| InvalidNatsServer)?, user })
    }
}

impl fmt::Display for NatsServer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (scheme, host, port) = (self.address.scheme(), self.address.host(), self.address.port());
        let hidden = if self.user.is_some() { "(hidden)@" } else { "" };
        if host.contains(':') {
            write!(formatter, "{scheme}://{hidden}[{host}]:{port}")
        } else {
            write!(formatter, "{scheme}://{hidden}{host}:{port}")
        }
    }
}

impl fmt::Debug for NatsServer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "NatsServer({self})")
    }
}

/// Decodes the percent-encoding of an address. None if it is none, or not UTF-8.
fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let mut digit = || char::from(rest.next()?).to_digit(16);
            bytes.push(u8::try_from(digit()? * 16 + digit()?).ok()?);
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> NatsServer {
        text.parse().unwrap_or_else(|_| panic!("{text}"))
    }

    #[test]
    fn addresses_are_shown_whole_and_without_secrets() {
        for (text, shown) in [
            ("127.0.0.1", "nats://127.0.0.1:4222"),
            ("nats://a:1/", "nats://a:1"),
            ("tls://nats.example.org", "tls://nats.example.org:4222"),
            ("nats://[::1]:5", "nats://[::1]:5"),
            ("nats://me:hush@a:1", "nats://(hidden)@a:1"),
            ("hush@a", "nats://(hidden)@a:4222"),
        ] {
            let server = parse(text);
            assert_eq!(server.to_string(), shown);
            assert!(!format!("{server:?} {:?}", server.user()).contains("hush"), "{text}");
            assert!(!server.address().as_url_str().contains("hush"), "{text}");
        }
    }

    #[test]
    fn a_user_is_decoded() {
        let Some(User::Password { name, password }) = parse("nats://a%40b:c%2fd@host").user else {
            panic!("a user and a password");
        };
        assert_eq!((name.expose(), password.expose()), ("a@b", "c/d"));
    }

    #[test]
    fn what_is_no_address_is_refused_and_not_shown() {
        for text in [
            "",
            "ws://a",
            "http://a",
            "nats://a/b",
            "nats://a?b",
            "nats://",
            "nats://:hush@a",
            "a b",
            "nats://a%zz@b",
        ] {
            let error = text.parse::<NatsServer>().expect_err(text);
            assert!(!error.to_string().contains("hush"));
        }
    }
}
