//! The region's certificate authority: what tasks trust, so that AWS's names can be answered here over HTTPS.
//!
//! It is made once and kept in the data directory: `ca.pem`, which every task is given, and `ca.key`, which never leaves this process
//! and its owner's file. Nothing but the region's own tasks is ever told to trust it.

use crate::{Error, durable};
use rcgen::{BasicConstraints, CertificateParams, DistinguishedName, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::sign::CertifiedKey;
use std::fs;
use std::path::Path;
use time::{Duration, OffsetDateTime};

/// How long the authority may be used, and what it signs. Clocks of tasks are this machine's, so a day before is enough.
const OWN_LIFE: Duration = Duration::days(3650);
const LEAF_LIFE: Duration = Duration::days(365);
const BEFORE: Duration = Duration::days(1);

/// Signs certificates.
pub(super) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    /// Its certificate, in PEM.
    pem: String,
    /// The key of every certificate it signs, drawn anew by each process.
    leaf: KeyPair,
}

impl Authority {
    /// The one of a data directory; made if there is none.
    ///
    /// # Errors
    /// When its files can't be read, written or understood.
    pub(super) fn open(data_dir: &Path, region: &str) -> Result<Self, Error> {
        let (key, certificate) = (data_dir.join("ca.key"), data_dir.join("ca.pem"));
        // The certificate comes last: without it there is no authority yet.
        if !certificate.exists() {
            let drawn =
                KeyPair::generate().map_err(|error| Error::new("drawing the region's CA key").because(error))?;
            let made = params(region).self_signed(&drawn);
            let made = made.map_err(|error| Error::new("signing the region's CA certificate").because(error))?;
            write(&key, 0o600, &drawn.serialize_pem())?;
            write(&certificate, 0o644, &made.pem())?;
        }
        let read = |path: &Path| {
            fs::read_to_string(path).map_err(|error| Error::new(format!("reading {}", path.display())).because(error))
        };
        let own = KeyPair::from_pem(&read(&key)?).map_err(|error| {
            Error::new(format!("reading {}", key.display()))
                .because(error)
                .fix("Remove it and ca.pem: a new authority is made, which tasks that run already will not trust.")
        })?;
        let leaf = KeyPair::generate().map_err(|error| Error::new("drawing a key for TLS").because(error))?;
        Ok(Self { issuer: Issuer::new(params(region), own), pem: read(&certificate)?, leaf })
    }

    /// Its certificate, in PEM.
    pub(super) fn pem(&self) -> &str {
        &self.pem
    }

    /// A certificate of a server with a name.
    pub(super) fn certify(&self, name: &str) -> Result<CertifiedKey, Error> {
        let failed = || Error::new(format!("signing a certificate for {name}"));
        let mut params = CertificateParams::new(vec![name.to_owned()]).map_err(|error| failed().because(error))?;
        params.distinguished_name = named(name);
        (params.not_before, params.not_after) = life(LEAF_LIFE);
        params.use_authority_key_identifier_extension = true;
        params.extended_key_usages = vec![rcgen::ExtendedKeyUsagePurpose::ServerAuth];
        let signed = params.signed_by(&self.leaf, &self.issuer).map_err(|error| failed().because(error))?;
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(self.leaf.serialize_der()));
        let key = rustls::crypto::ring::sign::any_ecdsa_type(&key).map_err(|error| failed().because(error))?;
        Ok(CertifiedKey::new(vec![CertificateDer::from(signed)], key))
    }
}

/// What the authority's certificate says. What it signs names it by the same words.
fn params(region: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = named(&format!("neargate {region}"));
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    (params.not_before, params.not_after) = life(OWN_LIFE);
    params
}

fn named(common_name: &str) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    name.push(DnType::CommonName, common_name);
    name
}

fn life(length: Duration) -> (OffsetDateTime, OffsetDateTime) {
    let now = OffsetDateTime::now_utc();
    (now - BEFORE, now + length)
}

fn write(path: &Path, mode: u32, content: &str) -> Result<(), Error> {
    let written = durable::write(path, mode, content.as_bytes());
    written.map_err(|error| Error::new(format!("writing {}", path.display())).because(error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn an_authority_is_made_once_and_its_key_is_its_owners() {
        let dir = tempfile::tempdir().unwrap();
        let first = Authority::open(dir.path(), "us-east-1").unwrap().pem().to_owned();
        assert_eq!(Authority::open(dir.path(), "us-east-1").unwrap().pem(), first);
        let mode = fs::metadata(dir.path().join("ca.key")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        fs::write(dir.path().join("ca.key"), "damaged").unwrap();
        let error = Authority::open(dir.path(), "us-east-1").err().unwrap().to_string();
        assert!(error.contains("ca.key") && error.contains("Remove it"), "{error}");
    }
}
