//! The source of the public keys that tokens are signed with: a file or an address.

use std::io;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use http_body_util::{BodyExt, Empty, Limited};
use hyper::client::conn::http1;
use hyper::header::{ACCEPT, HOST};
use hyper::http::uri::Scheme;
use hyper::{Request, Uri};
use hyper_util::rt::TokioIo;
use jsonwebtoken::jwk::JwkSet;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tungstenite::Bytes;

use super::https::{self, HttpsError};

/// The largest set that is read. Usual sets have a few kilobytes.
const MAX_BYTES: usize = 256 * 1024;

/// How long a key server may take to answer.
const TIMEOUT: Duration = Duration::from_secs(5);

/// The source of a set of public keys (a JWKS, RFC 7517): a file, or an address that begins with
/// `https://` or `http://`.
///
/// Over https it trusts the authorities that the operating system trusts, or those in the files
/// that the environment variables `SSL_CERT_FILE` and `SSL_CERT_DIR` name. Over http anyone on the
/// way can replace the keys. Use http only on this machine or in a trusted network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeySource {
    /// A file.
    File(PathBuf),
    /// An address.
    Http(Uri),
}

/// A text that is no [`KeySource`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidKeySource {
    /// It begins with a scheme, but is no address or has another scheme.
    #[error("must be a file, or an address as https://host/path, without user name or password")]
    Address,
}

/// Why keys could not be loaded.
#[derive(Debug, thiserror::Error)]
#[error("{source_name}: {reason}")]
pub struct KeysError {
    source_name: String,
    reason: Reason,
}

#[derive(Debug, thiserror::Error)]
pub(super) enum Reason {
    #[error("{0}")]
    Io(#[from] io::Error),
    #[error("{0}")]
    Http(#[from] hyper::Error),
    #[error("{0}")]
    Https(#[from] HttpsError),
    #[error("it answered with status {0}")]
    Status(u16),
    #[error("its answer was cut off, or is larger than {MAX_BYTES} bytes")]
    Body,
    #[error("it has not answered within {} s", TIMEOUT.as_secs())]
    Timeout,
    #[error("it is larger than {MAX_BYTES} bytes")]
    TooLarge,
    #[error("it is no set of keys (RFC 7517 section 5): {0}")]
    NotKeys(#[from] serde_json::Error),
    #[error("it has no key for RS256 or ES256")]
    NoKey,
}

impl KeySource {
    /// Reads the set.
    pub(super) async fn load(&self) -> Result<JwkSet, Reason> {
        let bytes = match self {
            Self::File(path) => {
                let path = path.clone();
                let read = tokio::task::spawn_blocking(move || std::fs::read(path)).await;
                read.map_err(io::Error::from)??
            }
            Self::Http(address) => {
                tokio::time::timeout(TIMEOUT, fetch(address)).await.map_err(|_| Reason::Timeout)??
            }
        };
        if bytes.len() > MAX_BYTES {
            return Err(Reason::TooLarge);
        }
        Ok(serde_json::from_slice(&bytes)?)
    }

    pub(super) fn error(&self, reason: Reason) -> KeysError {
        KeysError { source_name: self.to_string(), reason }
    }
}

impl std::fmt::Display for KeySource {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::File(path) => path.display().fmt(formatter),
            Self::Http(address) => address.fmt(formatter),
        }
    }
}

impl FromStr for KeySource {
    type Err = InvalidKeySource;

    fn from_str(text: &str) -> Result<Self, InvalidKeySource> {
        let scheme = text.split_once("://").map(|(scheme, _)| scheme.to_ascii_lowercase());
        match scheme.as_deref() {
            None => Ok(Self::File(text.into())),
            Some("http" | "https") => {
                let address: Uri = text.parse().map_err(|_| InvalidKeySource::Address)?;
                let has_user = address.authority().is_none_or(|authority| authority.as_str().contains('@'));
                if has_user { Err(InvalidKeySource::Address) } else { Ok(Self::Http(address)) }
            }
            Some(_) => Err(InvalidKeySource::Address),
        }
    }
}

/// Fetches the set from an address. It follows no redirect: the operator names the final address.
async fn fetch(address: &Uri) -> Result<Vec<u8>, Reason> {
    let host = address.host().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
    let is_https = address.scheme() == Some(&Scheme::HTTPS);
    let port = address.port_u16().unwrap_or(if is_https { 443 } else { 80 });
    let stream = TcpStream::connect((host, port)).await?;
    if is_https {
        request(https::connect(host, stream).await?, address).await
    } else {
        request(stream, address).await
    }
}

async fn request<S>(stream: S, address: &Uri) -> Result<Vec<u8>, Reason>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    // The task ends with its sender or with its server.
    tokio::spawn(connection);
    let path = address.path_and_query().map_or("/", |path| path.as_str());
    let authority = address.authority().map_or("", |authority| authority.as_str());
    let request = Request::get(path)
        .header(HOST, authority)
        .header(ACCEPT, "application/json")
        .body(Empty::<Bytes>::new())
        .map_err(io::Error::other)?;
    let response = sender.send_request(request).await?;
    let status = response.status().as_u16();
    if status != 200 {
        return Err(Reason::Status(status));
    }
    let body = Limited::new(response.into_body(), MAX_BYTES).collect().await.map_err(|_| Reason::Body)?;
    Ok(body.to_bytes().to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_is_no_address_is_a_file() {
        let read = |text: &str| text.parse::<KeySource>();
        assert_eq!(read("keys/jwks.json"), Ok(KeySource::File("keys/jwks.json".into())));
        assert_eq!(read("http://a.example/k?x=1").unwrap().to_string(), "http://a.example/k?x=1");
        assert_eq!(read("HTTPS://a.example/k").unwrap().to_string(), "https://a.example/k");
        for wrong in ["ftp://a.example/k", "http://user:pass@a.example/", "http://", "http:// /"] {
            assert_eq!(read(wrong), Err(InvalidKeySource::Address), "{wrong}");
        }
    }
}
