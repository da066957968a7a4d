//! The files by which a node and its servers know each other. They are looked at before anything is
//! connected, so that an error names the file.

use std::fs;
use std::path::Path;

use async_nats::ConnectOptions;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

use super::error::ClusterError;
use super::settings::ClusterSettings;

/// Adds what the files of the settings say.
pub(super) fn read(
    settings: &ClusterSettings,
    mut options: ConnectOptions,
) -> Result<ConnectOptions, ClusterError> {
    if let Some(path) = &settings.credentials {
        let text = String::from_utf8(bytes(path)?);
        let text = text.map_err(|_| ClusterError::wrong_file(path, NO_CREDENTIALS))?;
        options = options.credentials(&text).map_err(|_| ClusterError::wrong_file(path, NO_CREDENTIALS))?;
    }
    if let Some(path) = &settings.tls_ca {
        check_certificates(path)?;
        options = options.add_root_certificates(path.clone()).require_tls(true);
    }
    if let Some((certificate, key)) = settings.tls_certificate.as_ref().zip(settings.tls_key.as_ref()) {
        check_certificates(certificate)?;
        PrivateKeyDer::from_pem_slice(&bytes(key)?).map_err(|_| ClusterError::wrong_file(key, NO_KEY))?;
        options = options.add_client_certificate(certificate.clone(), key.clone()).require_tls(true);
    }
    Ok(options)
}

const NO_CREDENTIALS: &str = "these are no credentials of a NATS user: the file must have the user's JWT and its seed \
                              in it, as `nsc generate creds` writes them";

const NO_CERTIFICATE: &str =
    "has no certificate in it: it must have one in PEM, between BEGIN CERTIFICATE and END CERTIFICATE";

const NO_KEY: &str = "has no private key in it that can be used: it must have one in PEM, between BEGIN PRIVATE KEY and \
                      END PRIVATE KEY, not encrypted";

fn check_certificates(path: &Path) -> Result<(), ClusterError> {
    let bytes = bytes(path)?;
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&bytes).collect();
    match certificates {
        Ok(certificates) if !certificates.is_empty() => Ok(()),
        _ => Err(ClusterError::wrong_file(path, NO_CERTIFICATE)),
    }
}

fn bytes(path: &Path) -> Result<Vec<u8>, ClusterError> {
    fs::read(path).map_err(|error| ClusterError::unreadable(path, &error))
}
