//! A certificate for candidates that serve TLS, and the configurations of both ends.

use std::fs;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;
use rcgen::{CertificateParams, KeyPair};
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::{ClientConfig, RootCertStore, ServerConfig};

/// The files of a certificate and its key. The floor takes the server's own arguments for them.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Certificate {
    /// The certificate; with it the floor speaks TLS.
    #[arg(long, requires = "tls_key")]
    tls_cert: Option<PathBuf>,
    /// The certificate's private key.
    #[arg(long, requires = "tls_cert")]
    tls_key: Option<PathBuf>,
}

impl Certificate {
    /// Makes a certificate for 127.0.0.1 that signs itself, in a folder, and replaces the one that
    /// was there.
    pub(crate) fn create(folder: &Path) -> anyhow::Result<Self> {
        let key_pair = KeyPair::generate().context("a key cannot be made")?;
        let params = CertificateParams::new(vec![Ipv4Addr::LOCALHOST.to_string()])?;
        let signed = params.self_signed(&key_pair).context("a certificate cannot be made")?;
        fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
        let write = |name, text| {
            let file = folder.join(name);
            fs::write(&file, text).with_context(|| format!("cannot write {}", file.display()))?;
            anyhow::Ok(Some(file))
        };
        Ok(Self {
            tls_cert: write("certificate.pem", signed.pem())?,
            tls_key: write("key.pem", key_pair.serialize_pem())?,
        })
    }

    /// The certificate's file, if there is one.
    pub(crate) fn file(&self) -> Option<&Path> {
        self.tls_cert.as_deref()
    }

    /// The arguments with which a candidate serves it.
    pub(crate) fn arguments(&self) -> Vec<PathBuf> {
        let named = [("--tls-cert", &self.tls_cert), ("--tls-key", &self.tls_key)];
        let given = named.into_iter().filter_map(|(name, file)| Some([name.into(), file.clone()?]));
        given.flatten().collect()
    }

    /// The serving end, if there is a certificate.
    pub(crate) fn server_config(&self) -> anyhow::Result<Option<Arc<ServerConfig>>> {
        let (Some(certificate), Some(key)) = (&self.tls_cert, &self.tls_key) else { return Ok(None) };
        let chain = vec![read_certificate(certificate)?];
        let key = PrivateKeyDer::from_pem_file(key).with_context(|| format!("no key: {}", key.display()))?;
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(chain, key)?;
        Ok(Some(Arc::new(config)))
    }
}

/// The end of a client that trusts the certificate in this file.
pub(crate) fn client_config(certificate: &Path) -> anyhow::Result<Arc<ClientConfig>> {
    let mut roots = RootCertStore::empty();
    roots.add(read_certificate(certificate)?).context("it is no authority")?;
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Arc::new(config))
}

fn read_certificate(file: &Path) -> anyhow::Result<CertificateDer<'static>> {
    CertificateDer::from_pem_file(file).with_context(|| format!("no certificate: {}", file.display()))
}
