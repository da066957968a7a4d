//! Where a server's rooms are.

use std::fmt;
use std::net::SocketAddr;
use std::str::FromStr;

use hyper::Uri;

/// The address of a server's rooms: `http://host:port/broadcasting`. The schemes `ws` and `wss` mean
/// `http` and `https`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Address {
    has_tls: bool,
    /// `host:port`, or the host alone.
    authority: String,
    host: String,
    port: u16,
    /// Its path.
    path: String,
}

/// A text that is no address of rooms.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "must be an address of rooms that begins with http://, https://, ws:// or wss://, such as http://127.0.0.1:8080/broadcasting"
)]
pub(crate) struct InvalidAddress;

impl Address {
    /// A server on this machine.
    pub(crate) fn local(socket: SocketAddr, has_tls: bool) -> Self {
        let authority = socket.to_string();
        Self { has_tls, authority, host: socket.ip().to_string(), port: socket.port(), path: String::new() }
    }

    pub(super) fn has_tls(&self) -> bool {
        self.has_tls
    }

    pub(super) fn authority(&self) -> &str {
        &self.authority
    }

    pub(super) fn host(&self) -> &str {
        &self.host
    }

    pub(super) fn port(&self) -> u16 {
        self.port
    }

    /// The path of something below, which begins with a slash.
    pub(crate) fn path(&self, below: &str) -> String {
        format!("{}{below}", self.path.trim_end_matches('/'))
    }

    /// The path that it was given.
    pub(crate) fn exact_path(&self) -> &str {
        &self.path
    }

    /// The address with the path that it was given.
    pub(crate) fn as_given(&self) -> String {
        let scheme = if self.has_tls { "https" } else { "http" };
        format!("{scheme}://{}{}", self.authority, self.path)
    }
}

impl fmt::Display for Address {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_given().trim_end_matches('/'))
    }
}

impl FromStr for Address {
    type Err = InvalidAddress;

    fn from_str(text: &str) -> Result<Self, InvalidAddress> {
        let uri: Uri = text.parse().map_err(|_| InvalidAddress)?;
        let has_tls = match uri.scheme_str() {
            Some("http" | "ws") => false,
            Some("https" | "wss") => true,
            _ => return Err(InvalidAddress),
        };
        let authority = uri.authority().ok_or(InvalidAddress)?;
        if authority.as_str().contains('@') || authority.host().is_empty() || uri.query().is_some() {
            return Err(InvalidAddress);
        }
        Ok(Self {
            has_tls,
            authority: authority.to_string(),
            host: authority.host().trim_start_matches('[').trim_end_matches(']').to_owned(),
            port: authority.port_u16().unwrap_or(if has_tls { 443 } else { 80 }),
            path: uri.path().to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schemes_ports_and_slashes_are_understood() {
        let read = |text: &str| text.parse::<Address>().map(|address| (address.to_string(), address.port()));
        for (given, meant, port) in [
            ("http://a.example/b", "http://a.example/b", 80),
            ("ws://127.0.0.1:8080/broadcasting/", "http://127.0.0.1:8080/broadcasting", 8080),
            ("wss://[::1]/", "https://[::1]", 443),
        ] {
            assert_eq!(read(given), Ok((meant.to_owned(), port)));
        }
        assert_eq!("http://[::1]:1/".parse::<Address>().map(|address| address.host), Ok("::1".to_owned()));
        for wrong in
            ["", "a.example", "ftp://a.example/", "http:///x", "http://u:p@a.example/", "http://a/?b"]
        {
            assert_eq!(read(wrong), Err(InvalidAddress), "{wrong}");
        }
    }
}
