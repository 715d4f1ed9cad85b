//! Whom a TLS connection believes: the system's certificate authorities, those that the operator adds, or nobody's word.

use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use ureq::tls::{Certificate, ClientCert, PemItem, PrivateKey, RootCerts, TlsConfig, TlsProvider};

use super::HttpSettings;
use crate::{Error, Result};

/// How large a file of certificates may be.
const BYTES_MAX: u64 = 16 * 1024 * 1024;

/// Makes what ureq wants.
pub(super) fn config(settings: &HttpSettings) -> Result<TlsConfig> {
    let mut config = TlsConfig::builder()
        .provider(TlsProvider::Rustls)
        .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .disable_verification(settings.insecure);
    if !settings.insecure {
        let mut roots = system_roots();
        if let Some(path) = &settings.authorities {
            roots.extend(certificates(path)?);
        }
        config = config.root_certs(RootCerts::new_with_certs(&roots));
    }
    if let Some((certificate, key)) = &settings.client_certificate {
        config = config.client_cert(Some(client(certificate, key)?));
    }
    Ok(config.build())
}

/// Reads the system's certificate authorities. What cannot be read there is left out, as everybody does: a missing one
/// shows when a server's certificate is not believed.
fn system_roots() -> Vec<Certificate<'static>> {
    let found = rustls_native_certs::load_native_certs();
    found.certs.iter().map(|one| Certificate::from_der(one).to_owned()).collect()
}

/// Reads a file in PEM format.
fn items(path: &Path) -> Result<Vec<PemItem<'static>>> {
    let bytes = crate::tree::read_file(path, BYTES_MAX)?;
    let items: Result<Vec<_>, _> = ureq::tls::parse_pem(&bytes).collect();
    items.ok().ok_or_else(|| bad(path, "it is not in PEM format"))
}

/// Reads the certificates of a file in PEM format.
fn certificates(path: &Path) -> Result<Vec<Certificate<'static>>> {
    let found: Vec<_> = items(path)?
        .into_iter()
        .filter_map(|item| match item {
            PemItem::Certificate(certificate) => Some(certificate),
            _ => None,
        })
        .collect();
    if found.is_empty() {
        return Err(bad(path, "it holds no certificate in PEM format"));
    }
    Ok(found)
}

/// Reads the certificate and the key that we show to servers which ask for them.
fn client(certificate: &Path, key: &Path) -> Result<ClientCert> {
    let chain = certificates(certificate)?;
    let found = items(key)?.into_iter().find_map(|item| match item {
        PemItem::PrivateKey(key) => Some(key),
        _ => None,
    });
    let own: PrivateKey<'static> =
        found.ok_or_else(|| bad(key, "it holds no private key in PEM format"))?;
    let (_, mode) = crate::tree::open_file(key)?;
    if mode & 0o077 != 0 {
        return Err(bad(key, "others than its owner can read the key; set its mode to 0600"));
    }
    // ureq panics at the first connection where the two do not belong together.
    let der = rustls::pki_types::PrivateKeyDer::try_from(own.der())
        .ok()
        .ok_or_else(|| bad(key, "it holds no private key that is understood"))?;
    let certs = chain.iter().map(|one| CertificateDer::from(one.der()).into_owned()).collect();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .ok()
        .ok_or_else(|| bad(key, "no version of TLS can be used with it"))?;
    builder
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_client_auth_cert(certs, der.clone_key())
        .ok()
        .ok_or_else(|| bad(key, "it is not the key of the client's certificate"))?;
    Ok(ClientCert::new_with_certs(&chain, own))
}

/// An error that names the file.
fn bad(path: &Path, why: &'static str) -> Error {
    let value = pinfold_store::path::escape(path.as_os_str().as_encoded_bytes());
    Error::BadText { what: "certificate file", value, why }
}
