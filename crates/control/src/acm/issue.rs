//! Certificates are issued outside: keys are chance, and the authority's own key stays with the server. It asks what is due, issues that, and
//! says what it made in a transaction of its own.

use super::{invalid, read};
use crate::{
    State, Tx,
    state::{CertificateKey, Hidden, Renewal},
};
use aws::{
    api::acm::{KeyAlgorithm, RenewalStatus},
    fault::Fault,
};

/// A certificate that is to be issued.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Errand {
    /// Its id.
    pub id: String,
    /// The names it is for, its subject's first.
    pub names: Vec<String>,
    /// Its key's kind.
    pub key_algorithm: KeyAlgorithm,
}

/// What was issued, all in PEM.
#[derive(Debug)]
pub struct Issued {
    /// The certificate.
    pub certificate: String,
    /// What leads from it to its authority.
    pub chain: String,
    /// Its private key.
    pub key: Hidden<String>,
}

/// What is to be issued now, for the first time or anew.
pub fn errands(state: &State) -> Vec<Errand> {
    let due = state.certificates.iter().filter_map(|of| {
        let requested = of.requested.as_ref().filter(|requested| requested.due)?;
        let (id, names) = (of.id.clone(), requested.names.clone());
        Some(Errand { id, names, key_algorithm: requested.key_algorithm })
    });
    due.collect()
}

/// Takes in what was issued. One that nobody waits for any more is forgotten.
///
/// # Errors
/// `ValidationException`: it is no certificate.
pub fn issued(tx: &mut Tx<'_>, errand: &Errand, made: Issued) -> Result<(), Fault> {
    let not_after = read::certificate(made.certificate.as_bytes())?.not_after();
    let not_after = not_after.ok_or_else(|| invalid("The certificate has no end."))?;
    let Some(mut certificate) = tx.state.certificates.get(&errand.id).cloned() else { return Ok(()) };
    let Some(requested) = certificate.requested.as_mut().filter(|requested| requested.due) else { return Ok(()) };
    requested.due = false;
    requested.not_after = Some(not_after);
    if certificate.body.is_some() {
        requested.renewal = Some(Renewal { status: RenewalStatus::Success, updated: tx.now });
    }
    certificate.version += 1;
    certificate.body = Some(made.certificate);
    certificate.chain = Some(made.chain);
    certificate.obtained = Some(tx.now);
    tx.state.certificate_keys.put(CertificateKey { id: errand.id.clone(), key: made.key });
    tx.state.certificates.put(certificate);
    Ok(())
}
