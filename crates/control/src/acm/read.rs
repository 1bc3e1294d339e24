//! What a certificate says of itself (RFC 5280).

use super::invalid;
use aws::{
    api::acm::{ExtendedKeyUsage, ExtendedKeyUsageName, KeyAlgorithm, KeyUsage, KeyUsageName},
    doc::Timestamp,
    fault::Fault,
};
use rustls::pki_types::{CertificateDer, pem::PemObject};
use std::net::{Ipv4Addr, Ipv6Addr};
use x509_parser::{
    certificate::X509Certificate, extensions::GeneralName, prelude::FromDer, public_key::PublicKey, x509::X509Name,
};

/// A certificate.
pub(super) struct Read(CertificateDer<'static>);

/// The certificate of a text in PEM, which has no other.
///
/// # Errors
/// `ValidationException`.
pub(super) fn certificate(pem: &[u8]) -> Result<Read, Fault> {
    let mut all = chain(pem).unwrap_or_default();
    match (all.pop(), all.is_empty()) {
        (Some(only), true) => Ok(only),
        (Some(_), false) => Err(invalid(
            "The certificate field contains more than one certificate. You can specify only one certificate in this field.",
        )),
        (None, _) => Err(invalid("The certificate is not in a valid PEM format.")),
    }
}

/// The certificates of a text in PEM.
///
/// # Errors
/// `ValidationException`.
pub(super) fn chain(pem: &[u8]) -> Result<Vec<Read>, Fault> {
    let bad = || invalid("The certificate chain is not in a valid PEM format.");
    let all = CertificateDer::pem_slice_iter(pem).collect::<Result<Vec<_>, _>>().map_err(|_| bad())?;
    let is_whole = |der: &CertificateDer<'_>| X509Certificate::from_der(der).is_ok_and(|(rest, _)| rest.is_empty());
    match !all.is_empty() && all.iter().all(is_whole) {
        true => Ok(all.into_iter().map(Read).collect()),
        false => Err(bad()),
    }
}

impl Read {
    /// It, as it goes over the wire.
    pub(super) fn der(&self) -> CertificateDer<'static> {
        self.0.clone()
    }

    /// It in parts. It was taken apart before.
    fn parts<T>(&self, of: impl FnOnce(&X509Certificate<'_>) -> T) -> Option<T> {
        X509Certificate::from_der(&self.0).ok().map(|(_, parts)| of(&parts))
    }

    /// The names it is for: those of its extension, otherwise its subject's.
    pub(super) fn names(&self) -> impl Iterator<Item = String> + use<> {
        let names = self.parts(|parts| {
            let extension = parts.subject_alternative_name().ok().flatten();
            let names = extension.iter().flat_map(|found| &found.value.general_names);
            let names: Vec<String> = names
                .filter_map(|name| match name {
                    GeneralName::DNSName(name) => Some((*name).to_owned()),
                    GeneralName::IPAddress(bytes) => <[u8; 4]>::try_from(*bytes)
                        .map(|four| Ipv4Addr::from(four).to_string())
                        .or_else(|_| <[u8; 16]>::try_from(*bytes).map(|all| Ipv6Addr::from(all).to_string()))
                        .ok(),
                    _ => None,
                })
                .collect();
            match names.is_empty() {
                true => common_name(parts.subject()).into_iter().collect(),
                false => names,
            }
        });
        names.unwrap_or_default().into_iter()
    }

    /// Its subject's common name, or the first of its names.
    pub(super) fn domain(&self) -> Option<String> {
        self.parts(|parts| common_name(parts.subject())).flatten().or_else(|| self.names().next())
    }

    pub(super) fn subject(&self) -> Option<String> {
        self.parts(|parts| parts.subject().to_string())
    }

    /// Who issued it, in a word.
    pub(super) fn issuer(&self) -> Option<String> {
        self.parts(|parts| {
            let organization =
                parts.issuer().iter_organization().find_map(|name| name.as_str().ok()).map(str::to_owned);
            organization.or_else(|| common_name(parts.issuer())).unwrap_or_else(|| parts.issuer().to_string())
        })
    }

    pub(super) fn serial(&self) -> Option<String> {
        self.parts(|parts| parts.raw_serial_as_string())
    }

    pub(super) fn not_before(&self) -> Option<Timestamp> {
        self.parts(|parts| Timestamp { millis: parts.validity().not_before.timestamp() * 1000 })
    }

    pub(super) fn not_after(&self) -> Option<Timestamp> {
        self.parts(|parts| Timestamp { millis: parts.validity().not_after.timestamp() * 1000 })
    }

    /// Its key's kind; none for one that ACM has no name for.
    pub(super) fn key_algorithm(&self) -> Option<KeyAlgorithm> {
        self.parts(|parts| {
            let curve =
                || parts.public_key().algorithm.parameters.as_ref()?.as_oid().ok().map(|oid| oid.to_id_string());
            match parts.public_key().parsed().ok()? {
                PublicKey::RSA(key) => match key.key_size() {
                    1024 => Some(KeyAlgorithm::Rsa1024),
                    2048 => Some(KeyAlgorithm::Rsa2048),
                    3072 => Some(KeyAlgorithm::Rsa3072),
                    4096 => Some(KeyAlgorithm::Rsa4096),
                    _ => None,
                },
                // RFC 5480, 2.1.1.1.
                PublicKey::EC(_) => match curve()?.as_str() {
                    "1.2.840.10045.3.1.7" => Some(KeyAlgorithm::EcPrime256v1),
                    "1.3.132.0.34" => Some(KeyAlgorithm::EcSecp384r1),
                    "1.3.132.0.35" => Some(KeyAlgorithm::EcSecp521r1),
                    _ => None,
                },
                _ => None,
            }
        })
        .flatten()
    }

    /// How it was signed, in ACM's words.
    pub(super) fn signature_algorithm(&self) -> Option<String> {
        let oid = self.parts(|parts| parts.signature_algorithm.algorithm.to_id_string())?;
        // RFC 8017, appendix A.2.4; RFC 5758, 3.2.
        let name = match oid.as_str() {
            "1.2.840.113549.1.1.5" => "SHA1WITHRSA",
            "1.2.840.113549.1.1.11" => "SHA256WITHRSA",
            "1.2.840.113549.1.1.12" => "SHA384WITHRSA",
            "1.2.840.113549.1.1.13" => "SHA512WITHRSA",
            "1.2.840.10045.4.3.2" => "SHA256WITHECDSA",
            "1.2.840.10045.4.3.3" => "SHA384WITHECDSA",
            "1.2.840.10045.4.3.4" => "SHA512WITHECDSA",
            _ => return Some(oid),
        };
        Some(name.to_owned())
    }

    /// What its key may be used for.
    pub(super) fn key_usages(&self) -> Vec<KeyUsage> {
        let names = self.parts(|parts| {
            let found = parts.key_usage().ok().flatten()?.value;
            let all = [
                (found.digital_signature(), KeyUsageName::DigitalSignature),
                (found.non_repudiation(), KeyUsageName::NonRepudiation),
                (found.key_encipherment(), KeyUsageName::KeyEncipherment),
                (found.data_encipherment(), KeyUsageName::DataEncipherment),
                (found.key_agreement(), KeyUsageName::KeyAgreement),
                (found.key_cert_sign(), KeyUsageName::CertificateSigning),
                (found.crl_sign(), KeyUsageName::CrlSigning),
                (found.encipher_only(), KeyUsageName::EncipherOnly),
                (found.decipher_only(), KeyUsageName::DecipherOnly),
            ];
            Some(all.into_iter().filter(|(is_there, _)| *is_there).map(|(_, name)| name).collect::<Vec<_>>())
        });
        let names = names.flatten().unwrap_or_else(|| vec![KeyUsageName::Any]);
        names.into_iter().map(|name| KeyUsage { name: Some(name) }).collect()
    }

    /// The same by its extension.
    pub(super) fn extended_key_usages(&self) -> Vec<ExtendedKeyUsage> {
        let usages = self.parts(|parts| {
            let found = parts.extended_key_usage().ok().flatten()?.value.clone();
            let all = [
                (found.any, ExtendedKeyUsageName::Any, "2.5.29.37.0"),
                (found.server_auth, ExtendedKeyUsageName::TlsWebServerAuthentication, "1.3.6.1.5.5.7.3.1"),
                (found.client_auth, ExtendedKeyUsageName::TlsWebClientAuthentication, "1.3.6.1.5.5.7.3.2"),
                (found.code_signing, ExtendedKeyUsageName::CodeSigning, "1.3.6.1.5.5.7.3.3"),
                (found.email_protection, ExtendedKeyUsageName::EmailProtection, "1.3.6.1.5.5.7.3.4"),
                (found.time_stamping, ExtendedKeyUsageName::TimeStamping, "1.3.6.1.5.5.7.3.8"),
                (found.ocsp_signing, ExtendedKeyUsageName::OcspSigning, "1.3.6.1.5.5.7.3.9"),
            ];
            let named = all.into_iter().filter(|(is_there, ..)| *is_there);
            let named = named.map(|(_, name, oid)| ExtendedKeyUsage { name: Some(name), oid: Some(oid.to_owned()) });
            let other = found.other.iter().map(|oid| ExtendedKeyUsage {
                name: Some(ExtendedKeyUsageName::Custom),
                oid: Some(oid.to_id_string()),
            });
            Some(named.chain(other).collect::<Vec<_>>())
        });
        usages.flatten().unwrap_or_default()
    }

    /// Whether another one's key has signed it.
    pub(super) fn is_signed_by(&self, issuer: &Self) -> bool {
        let signed = self.parts(|parts| {
            issuer.parts(|issuer| {
                parts.issuer() == issuer.subject() && parts.verify_signature(Some(issuer.public_key())).is_ok()
            })
        });
        signed.flatten().unwrap_or(false)
    }
}

fn common_name(of: &X509Name<'_>) -> Option<String> {
    of.iter_common_name().find_map(|name| name.as_str().ok()).map(str::to_owned)
}
