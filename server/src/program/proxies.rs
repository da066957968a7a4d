//! Trusted proxies, which say for which client they ask.

use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

use ipnet::IpNet;
use tracing::debug;
use warp::http::header::{FORWARDED, HeaderName};
use warp::http::{HeaderMap, HeaderValue};

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The trusted proxies, and the header in which they name their client. Any client can send such a
/// header. So the header is read only from trusted proxies, and the one that they don't set is
/// ignored.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Proxies {
    pub(crate) networks: Networks,
    pub(crate) header: ForwardedHeader,
}

/// Addresses and networks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Networks(Vec<IpNet>);

/// The header in which proxies name their client.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum ForwardedHeader {
    /// `X-Forwarded-For`, which most proxies set.
    #[default]
    XForwardedFor,
    /// `Forwarded` (RFC 7239).
    Forwarded,
}

impl Proxies {
    /// Whether this peer is a trusted proxy.
    pub(crate) fn are_at(&self, peer: IpAddr) -> bool {
        self.networks.contains(peer)
    }

    /// The client whose request this peer has sent. A peer that is no trusted proxy is the client
    /// itself.
    ///
    /// The header lists clients and proxies from left to right. It is read from the right, up to
    /// the first address that is no trusted proxy: that is the client. Addresses further left may
    /// be forged. If an address on the way can't be read, the peer counts as the client.
    pub(crate) fn client(&self, peer: SocketAddr, headers: &HeaderMap) -> SocketAddr {
        if !self.networks.contains(peer.ip()) {
            return peer;
        }
        let mut client = peer;
        for hop in self.header.hops(headers).iter().rev() {
            match hop {
                Some(hop) => client = *hop,
                None => {
                    debug!(%peer, "a proxy does not say whose request it passes on: it counts as the proxy's own");
                    return peer;
                }
            }
            if !self.networks.contains(client.ip()) {
                break;
            }
        }
        client
    }
}

impl Networks {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The texts that parse to these networks.
    pub(crate) fn to_list(&self) -> Vec<String> {
        let text = |network: &IpNet| match network.prefix_len() == network.max_prefix_len() {
            true => network.addr().to_string(),
            false => network.to_string(),
        };
        self.0.iter().map(text).collect()
    }

    /// Parses addresses and networks.
    pub(crate) fn parse(list: &[String]) -> Result<Self, String> {
        let network = |text: &String| {
            let address = || text.parse().map(|address: IpAddr| IpNet::from(address.to_canonical()));
            let parsed = text.parse::<IpNet>().map(|network| network.trunc()).or_else(|_| address());
            parsed.map_err(|_| {
                format!("must be an IP address or a network, as 192.0.2.7, 10.0.0.0/8 or 2001:db8::/32, not {text}")
            })
        };
        list.iter().map(network).collect::<Result<_, _>>().map(Self)
    }

    fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|network| network.contains(&address))
    }
}

impl ForwardedHeader {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::XForwardedFor => "x-forwarded-for",
            Self::Forwarded => "forwarded",
        }
    }

    /// The addresses in the header, from the first to the last. None stands for one that can't be
    /// read. A header that comes several times is one list (RFC 9110 section 5.3).
    fn hops(self, headers: &HeaderMap) -> Vec<Option<SocketAddr>> {
        let values = |name| headers.get_all(name).iter().map(HeaderValue::as_bytes).map(str::from_utf8);
        match self {
            Self::XForwardedFor => values(X_FORWARDED_FOR)
                .flat_map(|value| value.unwrap_or_default().split(',').map(|hop| address(hop.trim())))
                .collect(),
            Self::Forwarded => {
                values(FORWARDED).flat_map(|value| elements(value.unwrap_or_default())).collect()
            }
        }
    }
}

impl FromStr for ForwardedHeader {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let known = [Self::XForwardedFor, Self::Forwarded];
        known
            .into_iter()
            .find(|header| header.name().eq_ignore_ascii_case(text.trim()))
            .ok_or_else(|| "must be x-forwarded-for or forwarded".to_owned())
    }
}

/// The `for` of each element of the header `Forwarded` (RFC 7239 section 4).
fn elements(value: &str) -> Vec<Option<SocketAddr>> {
    split_unquoted(value, ',')
        .into_iter()
        .map(|element| {
            let pairs = split_unquoted(element, ';');
            let mut pairs = pairs.into_iter().filter_map(|pair| pair.split_once('='));
            let (_, node) = pairs.find(|(name, _)| name.trim().eq_ignore_ascii_case("for"))?;
            let node = node.trim();
            // No node has characters that would be escaped.
            address(node.strip_prefix('"').and_then(|node| node.strip_suffix('"')).unwrap_or(node))
        })
        .collect()
}

/// Splits a text at a separator, but not within quotes.
fn split_unquoted(text: &str, separator: char) -> Vec<&str> {
    let (mut is_quoted, mut is_escaped) = (false, false);
    text.split(|character| {
        if std::mem::take(&mut is_escaped) {
            return false;
        }
        match character {
            '\\' => is_escaped = is_quoted,
            '"' => is_quoted = !is_quoted,
            _ => return character == separator && !is_quoted,
        }
        false
    })
    .collect()
}

/// Parses an address with or without a port: `192.0.2.1`, `192.0.2.1:443`, `2001:db8::1`,
/// `[2001:db8::1]`, `[2001:db8::1]:443`.
fn address(text: &str) -> Option<SocketAddr> {
    let bracketed = || text.strip_prefix('[')?.strip_suffix(']')?.parse().ok().map(IpAddr::V6);
    let alone = text.parse().ok().or_else(bracketed).map(|address: IpAddr| SocketAddr::new(address, 0));
    let address = alone.or_else(|| text.parse().ok()).or_else(|| with_hidden_port(text))?;
    Some(SocketAddr::new(address.ip().to_canonical(), address.port()))
}

/// Parses an address whose port the proxy hides (RFC 7239 section 6): `192.0.2.1:_hidden`.
fn with_hidden_port(text: &str) -> Option<SocketAddr> {
    let (node, port) = text.rsplit_once(':')?;
    port.strip_prefix('_').and_then(|_| format!("{node}:0").parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROXY: &str = "10.0.0.1:5000";

    fn proxies(header: ForwardedHeader) -> Proxies {
        let networks = ["10.0.0.0/8", "192.0.2.7", "2001:db8:1::/48"].map(str::to_owned);
        Proxies { networks: Networks::parse(&networks).unwrap(), header }
    }

    /// The client of a request with these headers.
    fn client(header: ForwardedHeader, peer: &str, lines: &[(&str, &str)]) -> String {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(name.parse::<HeaderName>().unwrap(), value.parse().unwrap());
        }
        proxies(header).client(peer.parse().unwrap(), &headers).to_string()
    }

    #[test]
    fn the_headers_of_a_peer_that_is_no_proxy_are_ignored() {
        for peer in ["192.0.2.8:1", "11.0.0.1:1", "[2001:db8:2::1]:1"] {
            for header in [ForwardedHeader::XForwardedFor, ForwardedHeader::Forwarded] {
                let lines = [("x-forwarded-for", "198.51.100.1"), ("forwarded", "for=198.51.100.1")];
                assert_eq!(client(header, peer, &lines), peer);
            }
        }
    }

    #[test]
    fn a_proxy_is_believed_and_what_stands_left_of_its_client_is_not() {
        let cases: [(&[&str], &str); 10] = [
            (&["198.51.100.1"], "198.51.100.1:0"),
            (&["198.51.100.1:4711"], "198.51.100.1:4711"),
            (&["2001:db8::1"], "[2001:db8::1]:0"),
            (&["[2001:db8::1]"], "[2001:db8::1]:0"),
            (&["[2001:db8::1]:4711"], "[2001:db8::1]:4711"),
            (&["::ffff:198.51.100.1"], "198.51.100.1:0"),
            (&["203.0.113.9, 198.51.100.1"], "198.51.100.1:0"),
            (&["nonsense, 198.51.100.1 , 10.9.9.9,192.0.2.7"], "198.51.100.1:0"),
            (&["203.0.113.9", "198.51.100.1, 10.9.9.9", "2001:db8:1::5"], "198.51.100.1:0"),
            (&["10.0.0.3, 10.0.0.2"], "10.0.0.3:0"),
        ];
        for (values, expected) in cases {
            let lines: Vec<_> = values.iter().map(|value| ("X-Forwarded-For", *value)).collect();
            assert_eq!(client(ForwardedHeader::XForwardedFor, PROXY, &lines), expected, "{values:?}");
            assert_eq!(client(ForwardedHeader::XForwardedFor, "[::ffff:10.0.0.1]:5000", &lines), expected);
        }
    }

    #[test]
    fn the_standard_header_is_read_as_the_standard_writes_it() {
        let cases = [
            ("for=198.51.100.1", "198.51.100.1:0"),
            ("For=\"198.51.100.1:4711\"", "198.51.100.1:4711"),
            ("for=\"[2001:db8::1]:4711\"", "[2001:db8::1]:4711"),
            ("for=\"[2001:db8::1]\";proto=http;by=203.0.113.43", "[2001:db8::1]:0"),
            ("proto=https; for=\"198.51.100.1:_hidden\"", "198.51.100.1:0"),
            ("for=203.0.113.9, for=198.51.100.1, for=10.0.0.2", "198.51.100.1:0"),
            ("by=\"a,for=203.0.113.9\\\",;\";for=198.51.100.1", "198.51.100.1:0"),
        ];
        for (value, expected) in cases {
            let lines = [("forwarded", value)];
            assert_eq!(client(ForwardedHeader::Forwarded, PROXY, &lines), expected, "{value}");
        }
    }

    #[test]
    fn a_request_whose_client_cannot_be_read_counts_as_the_proxys_own() {
        let unreadable =
            ["", "unknown", "198.51.100.1,", "198.51.100.1, nonsense, 10.0.0.2", "198.51.100.1:70000"];
        for value in unreadable {
            let lines = [("x-forwarded-for", value)];
            assert_eq!(client(ForwardedHeader::XForwardedFor, PROXY, &lines), PROXY, "{value}");
        }
        for value in
            ["for=unknown", "for=_hidden", "proto=https", "for=\"198.51.100.1", "for=198.51.100.1,", ""]
        {
            let lines = [("forwarded", value)];
            assert_eq!(client(ForwardedHeader::Forwarded, PROXY, &lines), PROXY, "{value}");
        }
        assert_eq!(client(ForwardedHeader::XForwardedFor, PROXY, &[]), PROXY);
    }

    #[test]
    fn the_header_that_the_proxies_do_not_set_is_ignored() {
        let lines = [("forwarded", "for=203.0.113.9"), ("x-forwarded-for", "198.51.100.1")];
        assert_eq!(client(ForwardedHeader::XForwardedFor, PROXY, &lines), "198.51.100.1:0");
        assert_eq!(client(ForwardedHeader::Forwarded, PROXY, &lines), "203.0.113.9:0");
    }

    #[test]
    fn networks_are_shown_as_they_are_understood() {
        let list = |texts: &[&str]| {
            let texts: Vec<_> = texts.iter().map(|text| (*text).to_owned()).collect();
            Networks::parse(&texts).map(|networks| networks.to_list())
        };
        let shown = list(&["10.1.2.3/8", "192.0.2.7", "::1", "2001:db8::/32", "::ffff:192.0.2.8"]);
        assert_eq!(shown.unwrap(), ["10.0.0.0/8", "192.0.2.7", "::1", "2001:db8::/32", "192.0.2.8"]);
        for wrong in ["proxy", "10.0.0.0/33", "10.0.0", "10.0.0.1:80", "*"] {
            assert!(list(&[wrong]).unwrap_err().ends_with(&format!("not {wrong}")), "{wrong}");
        }
    }
}
