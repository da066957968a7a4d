//! The origins whose pages may connect.

use std::str::FromStr;

use warp::http::HeaderMap;
use warp::http::header::{HOST, ORIGIN};

use super::host;

/// The word for the server's own host, which is always allowed.
const OWN: &str = "self";

/// Decides by the header `Origin` that a browser sends (RFC 6455 section 10.2). So a page of
/// another site can't use its visitors' network to reach this server. A program that sends no
/// `Origin` may always connect: it could send any.
///
/// The server's own host is always allowed, as in the original.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OriginPolicy {
    /// Every origin.
    Any,
    /// The server's own host and these origins, for example `https://example.org`, or
    /// `https://*.example.org` for every host below. `null` is the origin of pages from files and of
    /// sandboxed frames. Empty by default.
    SameAnd(Vec<String>),
}

impl Default for OriginPolicy {
    fn default() -> Self {
        Self::SameAnd(Vec::new())
    }
}

impl OriginPolicy {
    /// Whether a request with these headers may be upgraded.
    #[must_use]
    pub fn allows(&self, headers: &HeaderMap) -> bool {
        let Self::SameAnd(others) = self else { return true };
        let Some(origin) = headers.get(ORIGIN) else { return true };
        let Ok(origin) = origin.to_str() else { return false };
        let origin = without_default_port(origin);
        let own_host = headers.get(HOST).and_then(|host| host.to_str().ok());
        let own = origin.split_once("://").is_some_and(|(scheme, origin_host)| {
            // Some proxies name the port in Host even where it is the scheme's own.
            let own_host = own_host.map(|host| without_default_port(&format!("{scheme}://{host}")));
            own_host.is_some_and(|host| host.eq_ignore_ascii_case(&format!("{scheme}://{origin_host}")))
        });
        own || others.iter().any(|other| matches(other, &origin))
    }

    /// The texts that parse to this policy, one for each origin.
    #[must_use]
    pub fn to_list(&self) -> Vec<String> {
        match self {
            Self::Any => vec!["*".to_owned()],
            Self::SameAnd(others) => std::iter::once(OWN.to_owned()).chain(others.iter().cloned()).collect(),
        }
    }
}

/// A text that is no origin.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "must be an origin: a scheme and a host, and a port if it isn't the scheme's own, as https://example.org or \
     https://*.example.org (every host below); null is that of pages from files and sandboxes; * allows every origin, self \
     only the server's own"
)]
pub struct InvalidOrigin;

/// Parses one value of `--allow-origin`: `*`, `self`, `null` (pages from files and sandboxes), or
/// an origin.
impl FromStr for OriginPolicy {
    type Err = InvalidOrigin;

    fn from_str(text: &str) -> Result<Self, InvalidOrigin> {
        let text = text.trim();
        if text == "*" {
            return Ok(Self::Any);
        }
        if text == OWN {
            return Ok(Self::default());
        }
        let origin = text.trim_end_matches('/');
        let is_origin = origin.split_once("://").is_some_and(|(scheme, host)| {
            let name = host.strip_prefix("*.").unwrap_or(host);
            !scheme.is_empty() && !name.is_empty() && !name.contains(['/', '?', '#', '@', ' ', '*'])
        });
        if is_origin || origin == "null" {
            Ok(Self::SameAnd(vec![without_default_port(origin)]))
        } else {
            Err(InvalidOrigin)
        }
    }
}

/// Whether an origin matches one of the list, whose host may begin with `*.`.
fn matches(pattern: &str, origin: &str) -> bool {
    match (pattern.split_once("://"), origin.split_once("://")) {
        (Some((scheme, host)), Some((origin_scheme, origin_host))) => {
            scheme.eq_ignore_ascii_case(origin_scheme)
                && host::matches(host, &origin_host.to_ascii_lowercase())
        }
        _ => pattern.eq_ignore_ascii_case(origin),
    }
}

/// An origin as browsers write it: without its scheme's default port.
fn without_default_port(origin: &str) -> String {
    let default = match origin.split_once("://") {
        Some((scheme, _)) if scheme.eq_ignore_ascii_case("https") => ":443",
        Some((scheme, _)) if scheme.eq_ignore_ascii_case("http") => ":80",
        _ => return origin.to_owned(),
    };
    origin.strip_suffix(default).unwrap_or(origin).to_owned()
}

/// Several policies together allow what any of them allows.
impl FromIterator<OriginPolicy> for OriginPolicy {
    fn from_iter<I: IntoIterator<Item = Self>>(policies: I) -> Self {
        let mut all = Vec::new();
        for policy in policies {
            match policy {
                Self::Any => return Self::Any,
                Self::SameAnd(more) => all.extend(more),
            }
        }
        Self::SameAnd(all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(origin: Option<&str>) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(HOST, "rooms.example:8080".parse().unwrap());
        if let Some(origin) = origin {
            headers.insert(ORIGIN, origin.parse().unwrap());
        }
        headers
    }

    fn policy(values: &[&str]) -> OriginPolicy {
        values.iter().map(|value| value.parse::<OriginPolicy>().unwrap()).collect()
    }

    #[test]
    fn by_default_only_the_servers_own_host_and_programs_without_origin_pass() {
        let policy = policy(&[]);
        assert!(policy.allows(&headers(None)));
        assert!(policy.allows(&headers(Some("http://Rooms.example:8080"))));
        assert!(!policy.allows(&headers(Some("http://rooms.example"))), "another port is another origin");
        assert!(!policy.allows(&headers(Some("https://evil.example"))));
        assert!(!policy.allows(&headers(Some("null"))));
    }

    #[test]
    fn listed_origins_pass_too() {
        let policy = policy(&["https://a.example", "https://b.example/"]);
        assert!(policy.allows(&headers(Some("https://b.example"))));
        assert!(policy.allows(&headers(Some("http://rooms.example:8080"))));
        assert!(!policy.allows(&headers(Some("https://c.example"))));
    }

    #[test]
    fn a_port_that_the_scheme_has_anyway_makes_no_difference() {
        let mut through_a_proxy = headers(Some("https://rooms.example"));
        through_a_proxy.insert(HOST, "rooms.example:443".parse().unwrap());
        assert!(policy(&[]).allows(&through_a_proxy));
        assert!(policy(&["https://a.example:443"]).allows(&headers(Some("https://a.example"))));
    }

    #[test]
    fn a_text_that_could_never_match_is_no_origin() {
        let wrong_stars =
            ["https://*", "https://*.", "https://a.*.example", "https://*a.example", "*.a.example"];
        let others = ["example.org", "https://", "https://a.example/path", "https//a"];
        for wrong in others.into_iter().chain(wrong_stars) {
            assert_eq!(wrong.parse::<OriginPolicy>(), Err(InvalidOrigin), "{wrong}");
        }
        assert!(policy(&[" https://a.example "]).allows(&headers(Some("https://a.example"))));
        assert!(policy(&["null"]).allows(&headers(Some("null"))));
    }

    #[test]
    fn a_star_in_front_of_a_host_stands_for_every_host_below() {
        let policy = policy(&["https://*.example.org", "http://*.example.net:8000"]);
        for right in ["https://a.example.org", "https://A.b.Example.org", "http://a.example.net:8000"] {
            assert!(policy.allows(&headers(Some(right))), "{right}");
        }
        for wrong in [
            "https://example.org",
            "http://a.example.org",
            "https://a.example.org:8443",
            "https://aexample.org",
            "https://a.example.org.evil.example",
            "https://.example.org",
        ] {
            assert!(!policy.allows(&headers(Some(wrong))), "{wrong}");
        }
    }

    #[test]
    fn a_star_allows_everything() {
        assert!(policy(&["https://a.example", "*"]).allows(&headers(Some("null"))));
    }
}
