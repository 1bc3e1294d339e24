//! ImportCertificate ("Prerequisites for importing certificates", AWS Certificate Manager User Guide).

use super::{MOST, arn, find, invalid, read, tags, too_many};
use crate::{
    Tx,
    state::{Certificate, CertificateKey, Hidden},
};
use aws::{
    api::acm::{ImportCertificateRequest, ImportCertificateResponse, KeyAlgorithm},
    fault::Fault,
};
use rustls::{
    crypto::ring,
    pki_types::{PrivateKeyDer, pem::PemObject},
    sign::CertifiedKey,
};

/// ImportCertificate. With an ARN, what is there is replaced and keeps it, and whoever uses it uses the new one.
pub(super) fn import(tx: &mut Tx<'_>, request: ImportCertificateRequest) -> Result<ImportCertificateResponse, Fault> {
    let ImportCertificateRequest { certificate_arn, certificate, private_key, certificate_chain, tags } = request;
    let before = certificate_arn.map(|arn| find(&tx.state, &arn).cloned()).transpose()?;
    if before.as_ref().is_some_and(|before| before.requested.is_some()) {
        return Err(invalid("Only a certificate that was imported can be imported again."));
    }
    let given = tags.filter(|tags| !tags.is_empty());
    if before.is_some() && given.is_some() {
        return Err(invalid("Tagging is not permitted on re-import."));
    }
    let tags = tags::checked(given.unwrap_or_default())?;
    let chain = certificate_chain.map(|chain| chain.0);
    check(tx, &certificate.0, chain.as_deref(), &private_key.0)?;
    let (body, key) = (text(certificate.0)?, text(private_key.0)?);
    let chain = chain.map(text).transpose()?;
    let obtained = Some(tx.now);
    let made = match before {
        Some(before) => Certificate { version: before.version + 1, body: Some(body), chain, obtained, ..before },
        None if tx.state.certificates.len() >= MOST => return Err(too_many()),
        None => {
            let (id, created) = (tx.uuid(), tx.now);
            Certificate { id, version: 1, body: Some(body), chain, created, obtained, tags, requested: None }
        }
    };
    let certificate_arn = Some(arn(&tx.state, &made));
    tx.state.certificate_keys.put(CertificateKey { id: made.id.clone(), key: Hidden(key) });
    tx.state.certificates.put(made);
    Ok(ImportCertificateResponse { certificate_arn })
}

/// What is given is PEM, which has been read already.
fn text(pem: Vec<u8>) -> Result<String, Fault> {
    String::from_utf8(pem).map_err(|_| invalid("The certificate is not in a valid PEM format."))
}

/// Whether it all belongs together and can be served.
fn check(tx: &Tx<'_>, certificate: &[u8], chain: Option<&[u8]>, key: &[u8]) -> Result<(), Fault> {
    let leaf = read::certificate(certificate)?;
    match leaf.key_algorithm() {
        Some(
            KeyAlgorithm::Rsa2048
            | KeyAlgorithm::Rsa3072
            | KeyAlgorithm::Rsa4096
            | KeyAlgorithm::EcPrime256v1
            | KeyAlgorithm::EcSecp384r1,
        ) => {}
        Some(known) => return Err(invalid(format!("The key algorithm {known} is not supported by neargate."))),
        None => return Err(invalid("The certificate's key algorithm is not supported.")),
    }
    if leaf.not_before().is_none_or(|from| tx.now < from) {
        return Err(invalid("The certificate is not valid yet."));
    }
    if leaf.not_after().is_none_or(|until| tx.now > until) {
        return Err(invalid("The certificate has expired."));
    }
    if leaf.names().next().is_none() {
        return Err(invalid("The certificate has no domain name."));
    }
    let key = PrivateKeyDer::from_pem_slice(key)
        .map_err(|_| invalid("The private key is not in a valid PEM format, or it is encrypted."))?;
    CertifiedKey::from_der(vec![leaf.der()], key, &ring::default_provider()).map_err(|error| match error {
        rustls::Error::InconsistentKeys(_) => {
            invalid("The private key does not match the public key of the certificate.")
        }
        _ => invalid("The private key is not supported."),
    })?;
    let above = chain.map(read::chain).transpose()?.unwrap_or_default();
    let mut below = &leaf;
    for certificate in &above {
        if !below.is_signed_by(certificate) {
            return Err(invalid("Could not validate the certificate with the certificate chain."));
        }
        below = certificate;
    }
    Ok(())
}
