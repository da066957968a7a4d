//! Pages of which origins may connect.

use std::convert::Infallible;
use std::str::FromStr;

use warp::http::HeaderMap;
use warp::http::header::{HOST, ORIGIN};

/// Decides by the `Origin` that a browser sends (RFC 6455 section 10.2), so that a page of another site cannot use
/// its visitors' network to reach this server. Programs that send no `Origin` always pass: they could send any.
///
/// The page's own host is always welcome, as in the original.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OriginPolicy {
    /// Every origin.
    Any,
    /// The server's own host, and these origins, as `https://example.org`. Empty by default.
    SameAnd(Vec<String>),
}

impl Default for OriginPolicy {
    fn default() -> Self {
        Self::SameAnd(Vec::new())
    }
}

impl OriginPolicy {
    /// Whether a request may be upgraded.
    #[must_use]
    pub fn allows(&self, headers: &HeaderMap) -> bool {
        let Self::SameAnd(others) = self else { return true };
        let Some(origin) = headers.get(ORIGIN) else { return true };
        let Ok(origin) = origin.to_str() else { return false };
        let host = headers.get(HOST).and_then(|host| host.to_str().ok());
        let own = origin
            .split_once("://")
            .is_some_and(|(_, origin_host)| host.is_some_and(|host| host.eq_ignore_ascii_case(origin_host)));
        own || others.iter().any(|other| other.trim_end_matches('/').eq_ignore_ascii_case(origin))
    }
}

/// Reads one value of `--allow-origin`: `*` or an origin.
impl FromStr for OriginPolicy {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(if text == "*" { Self::Any } else { Self::SameAnd(vec![text.to_owned()]) })
    }
}

/// Several values together allow what any of them allows.
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
    fn a_star_allows_everything() {
        assert!(policy(&["https://a.example", "*"]).allows(&headers(Some("null"))));
    }
}
