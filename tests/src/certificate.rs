//! Certificates for tests, and clients that trust them.

use std::fs;
use std::io;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rcgen::{CertificateParams, KeyPair};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio_rustls::rustls::{
    ALL_VERSIONS, ClientConfig, RootCertStore, ServerConfig, SupportedProtocolVersion,
};
use tokio_rustls::{TlsAcceptor, TlsConnector};

use crate::within;

/// A self-signed certificate for 127.0.0.1 and its key, in files.
#[derive(Debug, Clone)]
pub struct Certificate {
    /// The certificate's file.
    pub certificate: PathBuf,
    /// The key's file.
    pub key: PathBuf,
    der: CertificateDer<'static>,
}

impl Certificate {
    /// Makes a certificate in files of this name in a folder, and replaces files that were there.
    #[must_use]
    pub fn create(folder: &Path, name: &str) -> Self {
        let params = CertificateParams::new(vec![Ipv4Addr::LOCALHOST.to_string()]).expect("an address");
        let key_pair = KeyPair::generate().expect("there is randomness");
        let signed = params.self_signed(&key_pair).expect("a key signs");
        let (certificate, key) =
            (folder.join(format!("{name}-cert.pem")), folder.join(format!("{name}-key.pem")));
        fs::write(&certificate, signed.pem()).expect("a file in the folder");
        fs::write(&key, key_pair.serialize_pem()).expect("a file in the folder");
        Self { certificate, key, der: signed.der().clone() }
    }

    /// The server's arguments for serving it.
    #[must_use]
    pub fn arguments(&self) -> [&str; 4] {
        ["--tls-cert", text(&self.certificate), "--tls-key", text(&self.key)]
    }

    /// The server's side of TLS with this certificate.
    #[must_use]
    pub fn acceptor(&self) -> TlsAcceptor {
        let key = PrivateKeyDer::from_pem_file(&self.key).expect("its key is there");
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("ring has all there is")
            .with_no_client_auth()
            .with_single_cert(vec![self.der.clone()], key)
            .expect("its own key");
        TlsAcceptor::from(Arc::new(config))
    }

    /// A client's settings that trust this certificate and allow these versions of TLS.
    #[must_use]
    pub fn client_config(&self, versions: &[&'static SupportedProtocolVersion]) -> ClientConfig {
        let mut roots = RootCertStore::empty();
        roots.add(self.der.clone()).expect("a certificate");
        ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_protocol_versions(versions)
            .expect("ring has all there is")
            .with_root_certificates(roots)
            .with_no_client_auth()
    }

    /// Connects to a server at `host:port` that must have this certificate.
    ///
    /// # Errors
    /// The server has another certificate, or does not speak TLS.
    pub async fn connect(&self, address: &str) -> io::Result<TlsStream<TcpStream>> {
        self.connect_offering(address, &[b"http/1.1"]).await
    }

    /// As [`Certificate::connect`], and offers these protocols (RFC 7301).
    ///
    /// # Errors
    /// As for [`Certificate::connect`], or the server speaks none of the protocols.
    pub async fn connect_offering(
        &self,
        address: &str,
        protocols: &[&[u8]],
    ) -> io::Result<TlsStream<TcpStream>> {
        let stream = within("a tcp connection", TcpStream::connect(address)).await.expect("a server listens");
        stream.set_nodelay(true).expect("a connected socket takes TCP_NODELAY");
        self.secure(stream, protocols).await
    }

    /// Speaks TLS on a connection, as [`Certificate::connect_offering`] does.
    ///
    /// # Errors
    /// As for [`Certificate::connect_offering`].
    pub async fn secure(&self, stream: TcpStream, protocols: &[&[u8]]) -> io::Result<TlsStream<TcpStream>> {
        let mut config = self.client_config(ALL_VERSIONS);
        config.alpn_protocols = protocols.iter().map(|protocol| protocol.to_vec()).collect();
        let name = ServerName::IpAddress(Ipv4Addr::LOCALHOST.into());
        let connector = TlsConnector::from(Arc::new(config));
        within("a TLS handshake", connector.connect(name, stream)).await
    }
}

fn text(path: &Path) -> &str {
    path.to_str().expect("a path in UTF-8")
}
