//! Reads the headers and the query of a request.

use std::collections::HashSet;

use rtbroadcaster_protocol::MAX_SESSION_BYTES;
use warp::http::header::{AUTHORIZATION, CONTENT_TYPE};
use warp::http::{HeaderMap, HeaderName};

use super::error::HttpError;

/// The token, in a request whose `Authorization` has the owner key.
const TOKEN: HeaderName = HeaderName::from_static("rtbroadcaster-token");
/// The owner key, in a request whose `Authorization` has the token.
const OWNER_KEY: HeaderName = HeaderName::from_static("rtbroadcaster-owner-key");
/// The key of who was invited.
const INVITE: HeaderName = HeaderName::from_static("rtbroadcaster-invite");
/// The session of a page that asks for the right to write.
const SESSION: HeaderName = HeaderName::from_static("rtbroadcaster-session");
/// The name of a follower, as `encodeURIComponent` writes it. Not in the query, which ends up in
/// logs.
const NAME: HeaderName = HeaderName::from_static("rtbroadcaster-name");
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

/// The largest number that every client can represent exactly: 2⁵³ − 1.
const MAX_NUMBER: u64 = (1 << 53) - 1;

/// The text behind `Bearer` in `Authorization` (RFC 6750 section 2.1).
pub(super) fn bearer(headers: &HeaderMap) -> Result<Option<&str>, HttpError> {
    let Some(value) = text(headers, &AUTHORIZATION)? else { return Ok(None) };
    match value.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => Ok(Some(token.trim())),
        _ => Err(HttpError::Scheme),
    }
}

/// The owner key, for requests that need it in `Authorization`.
pub(super) fn owner_key(headers: &HeaderMap) -> Result<&str, HttpError> {
    bearer(headers)?.ok_or(HttpError::OwnerKeyMissing)
}

/// The token beside an owner key.
pub(super) fn token(headers: &HeaderMap) -> Result<Option<&str>, HttpError> {
    text(headers, &TOKEN)
}

/// The owner key beside a token.
pub(super) fn owner_key_to_claim(headers: &HeaderMap) -> Result<Option<&str>, HttpError> {
    text(headers, &OWNER_KEY)
}

/// The key of who was invited, beside a token.
pub(super) fn invite(headers: &HeaderMap) -> Result<Option<&str>, HttpError> {
    text(headers, &INVITE)
}

/// The error of a request with two keys.
pub(super) fn two_keys() -> HttpError {
    malformed(OWNER_KEY.as_str(), "and rtbroadcaster-invite are two keys: send one of them")
}

/// The session of a page that asks for the right to write.
pub(super) fn asking_session(headers: &HeaderMap) -> Result<Option<&str>, HttpError> {
    text(headers, &SESSION)?.map(session).transpose()
}

/// The name that a follower gives.
pub(super) fn name(headers: &HeaderMap) -> Result<Option<String>, HttpError> {
    let wrong = || malformed(NAME.as_str(), "must be percent-encoded UTF-8");
    text(headers, &NAME)?.map(|name| decoded(&name.replace('+', "%2B")).ok_or_else(wrong)).transpose()
}

/// The session and the id of its first action.
pub(super) fn idempotency_key(headers: &HeaderMap) -> Result<Option<(&str, u64)>, HttpError> {
    let Some(value) = text(headers, &IDEMPOTENCY_KEY)? else { return Ok(None) };
    // The header's draft standard quotes the value; most clients don't.
    let value = value.strip_prefix('"').and_then(|value| value.strip_suffix('"')).unwrap_or(value);
    let wrong = || {
        malformed(
            "Idempotency-Key",
            "must be SESSION:ID: a session's name of at most 128 characters, a colon, and the number of its action, 1 or \
             more",
        )
    };
    let (session, id) = value.rsplit_once(':').ok_or_else(wrong)?;
    let id = number(id).filter(|id| *id > 0).ok_or_else(wrong)?;
    if session.is_empty() || self::session(session).is_err() {
        return Err(wrong());
    }
    Ok(Some((session, id)))
}

/// Checks the name of a session, from a header, the query or the body.
pub(super) fn session(name: &str) -> Result<&str, HttpError> {
    if name.len() > MAX_SESSION_BYTES {
        return Err(malformed("session", &format!("must have at most {MAX_SESSION_BYTES} bytes")));
    }
    Ok(name)
}

/// The seq to resume from: the header that a browser's `EventSource` sends when it reconnects, or
/// `since` of the query.
pub(super) fn since(headers: &HeaderMap, query: &Query) -> Result<Option<u64>, HttpError> {
    let since = query.number("since")?;
    match text(headers, &LAST_EVENT_ID)?.filter(|value| !value.is_empty()) {
        Some(value) => {
            number(value).map(Some).ok_or_else(|| malformed("Last-Event-ID", "must be the id of an event"))
        }
        None => Ok(since),
    }
}

/// The media type of the body, without its parameters, in lower case.
pub(super) fn media_type(headers: &HeaderMap) -> Result<Option<String>, HttpError> {
    let value = text(headers, &CONTENT_TYPE)?;
    Ok(value.map(|value| value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()))
}

/// The query of a request. It must hold no secret, because it ends up in logs.
pub(super) struct Query(Vec<(String, String)>);

impl Query {
    pub(super) fn parse(query: &str) -> Result<Self, HttpError> {
        let pairs = query.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let value = decoded(value)
                .ok_or_else(|| HttpError::Malformed(format!("{name} is not percent-encoded UTF-8")))?;
            Ok((name.to_owned(), value))
        });
        let pairs: Vec<(String, String)> = pairs.collect::<Result<_, HttpError>>()?;
        let mut names = HashSet::new();
        match pairs.iter().find(|(name, _)| !names.insert(name)) {
            Some((name, _)) => Err(malformed(name, "stands in the query more than once")),
            None => Ok(Self(pairs)),
        }
    }

    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
    }

    pub(super) fn number(&self, name: &str) -> Result<Option<u64>, HttpError> {
        let read = |value| number(value).ok_or_else(|| malformed(name, "must be a whole number"));
        self.text(name).map(read).transpose()
    }

    pub(super) fn flag(&self, name: &str) -> Result<bool, HttpError> {
        match self.text(name) {
            None | Some("false") => Ok(false),
            Some("true") => Ok(true),
            Some(_) => Err(malformed(name, "must be true or false")),
        }
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Result<Option<&'a str>, HttpError> {
    let wrong = |_| malformed(name.as_str(), "must be visible ASCII characters");
    headers.get(name).map(|value| value.to_str().map_err(wrong)).transpose()
}

fn number(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|number| digits && *number <= MAX_NUMBER)
}

fn malformed(what: &str, rule: &str) -> HttpError {
    HttpError::Malformed(format!("{what} {rule}"))
}

/// Decodes the percent-encoding of a query's value.
fn decoded(value: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(value.len());
    let mut rest = value.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let digit = |byte: u8| char::from(byte).to_digit(16);
                let (high, low) = (digit(rest.next()?)?, digit(rest.next()?)?);
                u8::try_from(high * 16 + low).ok()?
            }
            other => other,
        });
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(name: &'static str, value: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(HeaderName::from_static(name), value.parse().unwrap())])
    }

    #[test]
    fn an_idempotency_key_is_a_session_and_an_id() {
        for (value, expected) in [("s:1", ("s", 1)), ("a:b:7", ("a:b", 7)), ("\"s:2\"", ("s", 2))] {
            assert_eq!(idempotency_key(&with("idempotency-key", value)), Ok(Some(expected)), "{value}");
        }
        for value in ["s", "s:", ":1", "s:0", "s:-1", "s:+1", "s:1.5", "s:9007199254740992"] {
            assert!(idempotency_key(&with("idempotency-key", value)).is_err(), "{value}");
        }
        assert_eq!(idempotency_key(&HeaderMap::new()), Ok(None));
    }

    #[test]
    fn the_scheme_of_an_authorization_may_be_in_any_case_and_must_be_bearer() {
        assert_eq!(bearer(&with("authorization", "bearer  key")), Ok(Some("key")));
        assert_eq!(bearer(&HeaderMap::new()), Ok(None));
        for other in ["Basic a2V5", "Bearer", "key"] {
            assert_eq!(bearer(&with("authorization", other)), Err(HttpError::Scheme), "{other}");
        }
    }

    #[test]
    fn a_name_is_percent_encoded() {
        for (value, expected) in [("Ben", "Ben"), ("Ana%20%C3%84+%2b", "Ana Ä++")] {
            assert_eq!(name(&with("rtbroadcaster-name", value)), Ok(Some(expected.to_owned())));
        }
        assert!(name(&with("rtbroadcaster-name", "%ff")).is_err());
        assert_eq!(name(&HeaderMap::new()), Ok(None));
    }

    #[test]
    fn a_query_is_decoded_and_a_broken_encoding_or_a_name_twice_is_refused() {
        let query = Query::parse("session=a%20%C3%A4+b&since=7&flag").unwrap();
        assert_eq!(query.text("session"), Some("a ä b"));
        assert_eq!(query.number("since"), Ok(Some(7)));
        assert_eq!(query.text("flag"), Some(""));
        for wrong in ["a=%", "a=%4", "a=%zz", "a=%ff", "a=1&b&a=1"] {
            assert!(Query::parse(wrong).is_err(), "{wrong}");
        }
        assert!(Query::parse("since=x").unwrap().number("since").is_err());
    }
}
