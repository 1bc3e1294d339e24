//! The region's certificate authority: what tasks trust, so that AWS's names can be answered here over HTTPS, and so that they can be clients of
//! load balancers with certificates that AWS Certificate Manager was asked for.
//!
//! It is made once and kept in the data directory: `ca.pem`, which every task is given, and `ca.key`, which never leaves this process
//! and its owner's file. Nothing but the region's own tasks is ever told to trust it.

use crate::{Error, durable};
use aws::api::acm::KeyAlgorithm;
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384,
};
use rsa::pkcs8::EncodePrivateKey;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::sign::CertifiedKey;
use std::fs;
use std::path::Path;
use time::{Duration, OffsetDateTime};

/// How long the authority may be used, and what it signs. Clocks of tasks are this machine's, so a day before is enough.
const OWN_LIFE: Duration = Duration::days(3650);
const LEAF_LIFE: Duration = Duration::days(365);
/// How long what users ask for may be used ("AWS Certificate Manager public certificates").
const REQUESTED_LIFE: Duration = Duration::days(198);
const BEFORE: Duration = Duration::days(1);
/// Bits of RSA's keys.
const RSA_BITS: usize = 2048;

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
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let signed = params.signed_by(&self.leaf, &self.issuer).map_err(|error| failed().because(error))?;
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(self.leaf.serialize_der()));
        let key = rustls::crypto::ring::sign::any_ecdsa_type(&key).map_err(|error| failed().because(error))?;
        Ok(CertifiedKey::new(vec![CertificateDer::from(signed)], key))
    }

    /// A certificate that a user has asked for, and its key, both in PEM. The first name is the subject's.
    ///
    /// # Errors
    /// When names or the kind of key are none that can be signed.
    pub(super) fn issue(&self, names: &[String], algorithm: KeyAlgorithm) -> Result<(String, String), Error> {
        let failed = || Error::new(format!("signing a certificate for {}", names.join(", ")));
        let key = draw(algorithm)?;
        let mut params = CertificateParams::new(names).map_err(|error| failed().because(error))?;
        params.distinguished_name = named(names.first().map(String::as_str).unwrap_or_default());
        (params.not_before, params.not_after) = life(REQUESTED_LIFE);
        params.use_authority_key_identifier_extension = true;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        if algorithm == KeyAlgorithm::Rsa2048 {
            params.key_usages.push(KeyUsagePurpose::KeyEncipherment);
        }
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let signed = params.signed_by(&key, &self.issuer).map_err(|error| failed().because(error))?;
        Ok((signed.pem(), key.serialize_pem()))
    }
}

/// A new key.
fn draw(algorithm: KeyAlgorithm) -> Result<KeyPair, Error> {
    let failed = || Error::new(format!("drawing a key of {algorithm}"));
    let drawn = match algorithm {
        KeyAlgorithm::EcPrime256v1 => KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256),
        KeyAlgorithm::EcSecp384r1 => KeyPair::generate_for(&PKCS_ECDSA_P384_SHA384),
        KeyAlgorithm::Rsa2048 => {
            let key = rsa::PrivateKey::new(&mut getrandom::SysRng, RSA_BITS);
            let key = key.map_err(|error| failed().because(error))?.to_pkcs8_der();
            let key = key.map_err(|error| failed().because(error))?;
            KeyPair::try_from(key.as_bytes())
        }
        _ => return Err(failed()),
    };
    drawn.map_err(|error| failed().because(error))
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
    use rustls::client::{WebPkiServerVerifier, danger::ServerCertVerifier};
    use rustls::pki_types::{UnixTime, pem::PemObject};
    use std::os::unix::fs::PermissionsExt;
    use std::sync::Arc;

    #[test]
    fn what_users_ask_for_is_signed_with_a_key_of_the_kind_they_want() {
        let dir = tempfile::tempdir().unwrap();
        let authority = Authority::open(dir.path(), "us-east-1").unwrap();
        let mut roots = rustls::RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(authority.pem().as_bytes()).unwrap()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider.clone()).build().unwrap();
        let names = ["shop.test".to_owned(), "*.shop.test".to_owned()];
        for kind in [KeyAlgorithm::Rsa2048, KeyAlgorithm::EcPrime256v1, KeyAlgorithm::EcSecp384r1] {
            let (certificate, key) = authority.issue(&names, kind).unwrap();
            let certificate = CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap();
            let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap();
            CertifiedKey::from_der(vec![certificate.clone()], key, &provider).unwrap();
            let valid = |name: &'static str, days: u64| {
                let at = UnixTime::since_unix_epoch(std::time::Duration::from_secs(
                    UnixTime::now().as_secs() + days * 86_400,
                ));
                verifier.verify_server_cert(&certificate, &[], &name.try_into().unwrap(), &[], at).is_ok()
            };
            let is = ["shop.test", "www.shop.test", "other.test"].map(|name| valid(name, 0));
            assert_eq!(is, [true, true, false], "{kind}");
            assert_eq!((valid("shop.test", 197), valid("shop.test", 199)), (true, false), "{kind}");
        }
        assert!(authority.issue(&names, KeyAlgorithm::Rsa1024).is_err());
    }

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
