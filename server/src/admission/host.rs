//! The hosts under whose names the server answers.

use std::net::IpAddr;
use std::str::FromStr;

use warp::http::HeaderMap;
use warp::http::header::HOST;

/// Decides by the header `Host`. A browser sends there the name in the page's address, which its
/// owner can point at any machine, this one too (DNS rebinding): then the page's origin and its
/// host are the same, and no [`OriginPolicy`](crate::OriginPolicy) can tell it from the server's
/// own. A request without the header passes, because every browser sends it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum HostPolicy {
    /// Every host.
    #[default]
    Any,
    /// These hosts, without a port. A leading `*.` stands for all names below.
    Only(Vec<String>),
}

impl HostPolicy {
    /// The names of a server that only its own machine can reach, with the address that it listens
    /// on. Browsers never ask a name server for `localhost` and the names below.
    #[must_use]
    pub fn local(listen: IpAddr) -> Self {
        let mut hosts: Vec<_> = ["localhost", "*.localhost", "127.0.0.1", "[::1]"].map(str::to_owned).into();
        let own = match listen {
            IpAddr::V4(address) => address.to_string(),
            IpAddr::V6(address) => format!("[{address}]"),
        };
        if !hosts.contains(&own) {
            hosts.push(own);
        }
        Self::Only(hosts)
    }

    /// Whether a request with these headers may be answered.
    #[must_use]
    pub fn allows(&self, headers: &HeaderMap) -> bool {
        let Self::Only(hosts) = self else { return true };
        let Some(host) = headers.get(HOST) else { return true };
        let Ok(host) = host.to_str() else { return false };
        let host = without_port(host).trim_end_matches('.').to_ascii_lowercase();
        hosts.iter().any(|pattern| matches(pattern, &host))
    }

    /// The texts that parse to this policy, one for each host.
    #[must_use]
    pub fn to_list(&self) -> Vec<String> {
        match self {
            Self::Any => vec!["*".to_owned()],
            Self::Only(hosts) => hosts.clone(),
        }
    }
}

/// Whether a host in lower case matches a pattern: a host, or `*.` and a host for all names below.
pub(super) fn matches(pattern: &str, host: &str) -> bool {
    match pattern.strip_prefix("*.") {
        None => pattern.eq_ignore_ascii_case(host),
        Some(parent) => host
            .len()
            .checked_sub(parent.len())
            .and_then(|start| host.get(start..).zip(host.get(..start)))
            .is_some_and(|(end, start)| {
                end.eq_ignore_ascii_case(parent) && start.len() > 1 && start.ends_with('.')
            }),
    }
}

fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    }
}

/// A text that is no host.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "must be a host without scheme and port, as rooms.example.org, *.example.org (all names below), 192.0.2.7 or [::1]; * \
     allows every host"
)]
pub struct InvalidHost;

impl FromStr for HostPolicy {
    type Err = InvalidHost;

    fn from_str(text: &str) -> Result<Self, InvalidHost> {
        let text = text.trim();
        if text == "*" {
            return Ok(Self::Any);
        }
        let name = text.strip_prefix("*.").unwrap_or(text);
        let is_address = name
            .strip_prefix('[')
            .and_then(|name| name.strip_suffix(']'))
            .is_some_and(|name| name.parse::<std::net::Ipv6Addr>().is_ok());
        let is_name = !name.is_empty()
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte));
        if is_name || (is_address && name == text) {
            Ok(Self::Only(vec![text.trim_end_matches('.').to_ascii_lowercase()]))
        } else {
            Err(InvalidHost)
        }
    }
}

/// Several policies together allow what any of them allows.
impl FromIterator<HostPolicy> for HostPolicy {
    fn from_iter<I: IntoIterator<Item = Self>>(policies: I) -> Self {
        let mut all = Vec::new();
        for policy in policies {
            match policy {
                Self::Any => return Self::Any,
                Self::Only(hosts) => all.extend(hosts),
            }
        }
        Self::Only(all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allows(policy: &HostPolicy, host: &str) -> bool {
        policy.allows(&HeaderMap::from_iter([(HOST, host.parse().unwrap())]))
    }

    #[test]
    fn a_local_server_answers_under_local_names_only() {
        let local = HostPolicy::local("127.0.0.2".parse().unwrap());
        for host in [
            "localhost",
            "LOCALHOST:80",
            "localhost.:80",
            "a.localhost",
            "127.0.0.1:8080",
            "[::1]:1",
            "127.0.0.2",
        ] {
            assert!(allows(&local, host), "{host}");
        }
        for host in [
            "evil.example",
            "evil.example:8080",
            "127.0.0.1.evil.example",
            "localhost.evil.example",
            "not-localhost",
            ".localhost",
            "[::2]",
            "",
        ] {
            assert!(!allows(&local, host), "{host}");
        }
        assert!(local.allows(&HeaderMap::new()));
        assert!(allows(&HostPolicy::Any, "evil.example"));
    }

    #[test]
    fn hosts_are_read_and_what_could_never_match_is_none() {
        let policy: HostPolicy = ["Rooms.example.org", "*.example.net", "[::1]"]
            .iter()
            .map(|host| host.parse::<HostPolicy>().unwrap())
            .collect();
        for (host, is) in [
            ("rooms.example.org:443", true),
            ("a.b.example.net", true),
            ("example.net", false),
            ("[::1]", true),
        ] {
            assert_eq!(allows(&policy, host), is, "{host}");
        }
        for wrong in
            ["", "https://a.example", "a.example:80", "a/b", "*a.example", "a.*.example", "*.[::1]", "::1"]
        {
            assert_eq!(wrong.parse::<HostPolicy>(), Err(InvalidHost), "{wrong}");
        }
    }
}
