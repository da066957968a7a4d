//! TLS: the server's certificate and its key, which can be read again while it runs.

use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use rtbroadcaster::TlsStream;
use thiserror::Error;
use tokio::net::TcpStream;
use tokio_rustls::rustls::crypto::{CryptoProvider, ring};
use tokio_rustls::rustls::pki_types::pem::{self, PemObject, SectionKind};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::{ClientHello, ParsedCertificate, ResolvesServerCert};
use tokio_rustls::rustls::sign::CertifiedKey;
use tokio_rustls::rustls::{self, InconsistentKeys, ServerConfig};

/// Websockets need HTTP/1.1 (RFC 7301, RFC 6455). A client that offers only other protocols is told
/// that none fits.
const PROTOCOL: &[u8] = b"http/1.1";

/// The TLS of a listening socket.
pub(crate) struct Tls {
    files: TlsFiles,
    config: Arc<ServerConfig>,
    current: Arc<Current>,
}

/// The files of the certificate and its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TlsFiles {
    pub(crate) certificate: PathBuf,
    pub(crate) key: PathBuf,
}

/// Why a certificate or a key can't be used. Each error names the file to correct.
#[derive(Debug, Error)]
pub(crate) enum TlsError {
    #[error("{}: cannot be read: {error}", .file.display())]
    Unreadable { file: PathBuf, error: std::io::Error },
    #[error("{}: is no PEM: {error}", .file.display())]
    NotPem { file: PathBuf, error: pem::Error },
    #[error(
        "{}: has no certificate in it: it must have one in PEM, between BEGIN CERTIFICATE and END CERTIFICATE, and those that \
         lead to its authority behind it",
        .0.display()
    )]
    NoCertificate(PathBuf),
    #[error("{}: its first certificate cannot be used: {error}", .file.display())]
    BadCertificate { file: PathBuf, error: rustls::Error },
    #[error(
        "{}: has no private key in it: it must have one in PEM, between BEGIN PRIVATE KEY and END PRIVATE KEY",
        .0.display()
    )]
    NoKey(PathBuf),
    #[error(
        "{}: its key is encrypted, and nobody is there to be asked for its passphrase: decrypt it (openssl pkey -in FILE -out \
         FILE)",
        .0.display()
    )]
    EncryptedKey(PathBuf),
    #[error(
        "{}: its key cannot be used: it must be one for RSA with 2048 bits or more, ECDSA on P-256 or P-384, or Ed25519",
        .0.display()
    )]
    BadKey(PathBuf),
    #[error(
        "{}: its key isn't that of the first certificate in {}: the server's own must come first",
        .key.display(), .certificate.display()
    )]
    Mismatch { certificate: PathBuf, key: PathBuf },
    #[error("TLS cannot be set up: {0}")]
    Unusable(#[from] rustls::Error),
}

impl Tls {
    /// Sets TLS up with the certificate and the key in these files.
    pub(crate) fn load(files: TlsFiles) -> Result<Self, TlsError> {
        let provider = Arc::new(ring::default_provider());
        let current = Arc::new(Current(RwLock::new(Arc::new(files.read(&provider)?))));
        let resolver: Arc<dyn ResolvesServerCert> = Arc::clone(&current) as _;
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_cert_resolver(resolver);
        config.alpn_protocols = vec![PROTOCOL.to_vec()];
        Ok(Self { files, config: Arc::new(config), current })
    }

    /// Reads the files again, for new connections. After an error the previous certificate and key
    /// stay in force.
    pub(crate) fn reload(&self) -> Result<(), TlsError> {
        let read = Arc::new(self.files.read(self.config.crypto_provider())?);
        // The value is only ever replaced as a whole.
        *self.current.0.write().unwrap_or_else(PoisonError::into_inner) = read;
        Ok(())
    }

    /// The server's half of the handshake. It has no timeout of its own.
    pub(crate) async fn accept(&self, socket: TcpStream) -> std::io::Result<TlsStream> {
        TlsStream::accept(Arc::clone(&self.config), socket).await
    }
}

impl TlsFiles {
    fn read(&self, provider: &CryptoProvider) -> Result<CertifiedKey, TlsError> {
        let chain = certificates(&self.certificate)?;
        let first = ParsedCertificate::try_from(&chain[0]);
        if let Err(error) = first {
            return Err(TlsError::BadCertificate { file: self.certificate.clone(), error });
        }
        let key = private_key(&self.key)?;
        CertifiedKey::from_der(chain, key, provider).map_err(|error| match error {
            rustls::Error::InconsistentKeys(InconsistentKeys::KeyMismatch) => {
                TlsError::Mismatch { certificate: self.certificate.clone(), key: self.key.clone() }
            }
            _ => TlsError::BadKey(self.key.clone()),
        })
    }
}

/// The certificates in a file; at least one.
fn certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let bytes = read(file)?;
    let chain = CertificateDer::pem_slice_iter(&bytes).collect::<Result<Vec<_>, _>>();
    let chain = chain.map_err(|error| TlsError::NotPem { file: file.to_owned(), error })?;
    if chain.is_empty() { Err(TlsError::NoCertificate(file.to_owned())) } else { Ok(chain) }
}

/// The first private key in a file.
fn private_key(file: &Path) -> Result<PrivateKeyDer<'static>, TlsError> {
    let bytes = read(file)?;
    let is_encrypted = |text: &[u8]| text.windows(ENCRYPTED.len()).any(|window| window == ENCRYPTED);
    for section in <(SectionKind, Vec<u8>)>::pem_slice_iter(&bytes) {
        let (kind, der) = section.map_err(|error| match error {
            // The old way to encrypt a key puts headers before it, which are no base64.
            _ if is_encrypted(&bytes) => TlsError::EncryptedKey(file.to_owned()),
            error => TlsError::NotPem { file: file.to_owned(), error },
        })?;
        if let Some(key) = PrivateKeyDer::from_pem(kind, der) {
            return Ok(key);
        }
    }
    if is_encrypted(&bytes) {
        return Err(TlsError::EncryptedKey(file.to_owned()));
    }
    Err(TlsError::NoKey(file.to_owned()))
}

/// The word in a PEM file with an encrypted key. Both ways to encrypt have it in capitals (RFC 7468
/// section 11, RFC 1421 section 4.6.1.1).
const ENCRYPTED: &[u8] = b"ENCRYPTED";

fn read(file: &Path) -> Result<Vec<u8>, TlsError> {
    std::fs::read(file).map_err(|error| TlsError::Unreadable { file: file.to_owned(), error })
}

/// The certificate and key in force.
#[derive(Debug)]
struct Current(RwLock<Arc<CertifiedKey>>);

impl ResolvesServerCert for Current {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner)))
    }
}
