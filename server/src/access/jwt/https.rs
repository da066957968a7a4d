//! TLS to the server that gives out keys. It trusts the authorities that this machine trusts.

use std::io;
use std::sync::Arc;

use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub(super) enum HttpsError {
    #[error("{0}")]
    Io(#[from] io::Error),
    #[error(
        "this machine knows no authority whose certificates it trusts: install them, or name them by SSL_CERT_FILE"
    )]
    NoAuthorities,
}

/// The client's half of the handshake with this host.
pub(super) async fn connect(host: &str, stream: TcpStream) -> Result<TlsStream<TcpStream>, HttpsError> {
    let name = ServerName::try_from(host.to_owned()).map_err(io::Error::other)?;
    // Read each time, so that a withdrawn authority isn't trusted any more. It takes some
    // milliseconds an hour.
    let roots = tokio::task::spawn_blocking(authorities).await.map_err(io::Error::from)?;
    if roots.is_empty() {
        return Err(HttpsError::NoAuthorities);
    }
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)).connect(name, stream).await?)
}

/// The authorities that the operating system trusts, or those of `SSL_CERT_FILE` and
/// `SSL_CERT_DIR`. Certificates that can't be read are skipped.
fn authorities() -> RootCertStore {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    roots
}
