//! The certificate that a site shows: until when it is valid, and for which names.

use std::path::{Path, PathBuf};

use pinfold_store::Stamp;
use pinfold_store::path::escape;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use x509_cert::Certificate;
use x509_cert::der::Decode;
use x509_cert::der::oid::AssociatedOid;
use x509_cert::ext::pkix::SubjectAltName;
use x509_cert::ext::pkix::name::GeneralName;

use crate::tree::{open_file, read_bounded};
use crate::{Error, Result};

/// The largest file of certificates that is read.
const BYTES_MAX: u64 = 1_000_000;

/// What a site shows of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SiteCertificate {
    /// From when it is valid.
    pub from: Stamp,
    /// When it ends; where an authority of the file ends before it, then.
    pub until: Stamp,
    /// The names of hosts that it is for, in lower case; `*.` stands for any one label.
    pub names: Vec<String>,
    /// The addresses that it is for.
    pub addresses: Vec<std::net::IpAddr>,
}

impl SiteCertificate {
    /// Reads a file of certificates in PEM form, the site's own first, as web servers take it.
    ///
    /// # Errors
    /// [`Error::Io`] where it cannot be read; [`Error::Certificate`] where it holds none.
    pub fn load(path: &Path) -> Result<Self> {
        let failed = |source| Error::Io { action: "read", path: path.to_owned(), source };
        let (file, _mode) = open_file(path)?;
        Self::parse(&read_bounded(file, BYTES_MAX).map_err(failed)?, path)
    }

    /// Reads certificates in PEM form; `path` is for errors.
    ///
    /// # Errors
    /// [`Error::Certificate`] where there is none.
    pub fn parse(pem: &[u8], path: &Path) -> Result<Self> {
        let refuse = |why: String| Error::Certificate { path: PathBuf::from(path), why };
        // Web servers pass over what stands between certificates: their text, or the key in the same file.
        let mut chain = Vec::new();
        for one in CertificateDer::pem_slice_iter(pem) {
            let der =
                one.map_err(|error| refuse(format!("it is no certificate in PEM form: {error}")))?;
            let parsed = Certificate::from_der(&der)
                .map_err(|error| refuse(format!("its certificate does not parse: {error}")))?;
            chain.push(parsed);
        }
        let own = chain.first().ok_or_else(|| refuse("it holds no certificate".to_owned()))?;
        let stamp = |time: &x509_cert::time::Time| {
            Stamp::from_seconds(
                i64::try_from(time.to_unix_duration().as_secs()).unwrap_or(i64::MAX),
            )
        };
        let ends = chain.iter().map(|one| stamp(&one.tbs_certificate.validity.not_after));
        let from = stamp(&own.tbs_certificate.validity.not_before);
        let until = ends.min().unwrap_or(from);
        let (mut names, mut addresses) = (Vec::new(), Vec::new());
        for extension in own.tbs_certificate.extensions.iter().flatten() {
            if extension.extn_id != SubjectAltName::OID {
                continue;
            }
            let said = SubjectAltName::from_der(extension.extn_value.as_bytes())
                .map_err(|error| refuse(format!("its names do not parse: {error}")))?;
            for name in &said.0 {
                match name {
                    GeneralName::DnsName(name) => names.push(shown(name.as_str())),
                    GeneralName::IpAddress(bytes) => addresses.extend(address(bytes.as_bytes())),
                    _ => {}
                }
            }
        }
        Ok(Self { from, until, names, addresses })
    }

    /// Says whether clients that ask for a host by this name, or address, take it.
    #[must_use]
    pub fn is_for(&self, host: &str) -> bool {
        let host = host.trim_start_matches('[').trim_end_matches(']').to_ascii_lowercase();
        if let Ok(address) = host.parse::<std::net::IpAddr>() {
            return self.addresses.contains(&address);
        }
        self.names.iter().any(|name| match name.strip_prefix("*.") {
            None => *name == host,
            Some(domain) => host.split_once('.').is_some_and(|(_, rest)| rest == domain),
        })
    }
}

fn shown(name: &str) -> String {
    escape(name.to_ascii_lowercase().as_bytes())
}

fn address(bytes: &[u8]) -> Option<std::net::IpAddr> {
    if let Ok(four) = <[u8; 4]>::try_from(bytes) {
        return Some(four.into());
    }
    <[u8; 16]>::try_from(bytes).ok().map(Into::into)
}

#[cfg(test)]
mod tests;
