//! AWS Certificate Manager: certificates that are imported, for the HTTPS listeners of load balancers.
//!
//! Absent: certificates that are requested, which takes an authority others trust, and with them validation, renewal and export; ACME.

mod delete;
mod describe;
mod import;
mod list;
mod read;
mod tags;
#[cfg(test)]
pub(crate) mod tests;

use crate::{
    Service, State,
    state::{Certificate, Listener},
};
use aws::{
    api::acm::{API, op},
    fault::Fault,
};
use spec::balancing::{Certificate as Delivered, CertificateName};
use std::collections::BTreeMap;

/// The routing table.
pub fn service() -> Service {
    Service::new(&API)
        .write(op::ImportCertificate, import::import)
        .read(op::DescribeCertificate, describe::describe)
        .read(op::GetCertificate, describe::get)
        .read(op::ListCertificates, list::list)
        .write(op::DeleteCertificate, delete::delete)
        .write(op::AddTagsToCertificate, tags::add)
        .write(op::RemoveTagsFromCertificate, tags::remove)
        .read(op::ListTagsForCertificate, tags::list)
}

/// The certificates of these names that listeners use, with their keys: for hosts alone.
pub fn certificates(state: &State, arns: &[String]) -> BTreeMap<String, Delivered> {
    let delivered = |arn: &String| {
        let certificate = by_arn(state, arn).filter(|_| users(state, arn).next().is_some())?;
        let key = state.certificate_keys.get(&certificate.id)?;
        let names = read::certificate(certificate.body.as_bytes()).ok()?.names().map(|name| name.to_ascii_lowercase());
        let chain = format!("{}\n{}", certificate.body, certificate.chain.as_deref().unwrap_or_default());
        let names = names.collect();
        Some((arn.clone(), Delivered { version: certificate.version, names, chain, key: key.key.0.clone() }))
    };
    arns.iter().filter_map(delivered).collect()
}

/// What hosts are told of a certificate.
pub(crate) fn name(state: &State, arn: &str) -> CertificateName {
    CertificateName { arn: arn.to_owned(), version: by_arn(state, arn).map_or(0, |found| found.version) }
}

/// The certificate of an ARN.
pub(crate) fn by_arn<'s>(state: &'s State, arn: &str) -> Option<&'s Certificate> {
    let id = arn.strip_prefix(&state.region.arn("acm", "certificate/"))?;
    state.certificates.get(id)
}

/// The ARN of a certificate.
fn arn(state: &State, of: &Certificate) -> String {
    state.region.arn("acm", format_args!("certificate/{}", of.id))
}

/// The listeners that use a certificate.
fn users<'s>(state: &'s State, arn: &str) -> impl Iterator<Item = &'s Listener> {
    state.listeners.iter().filter(move |listener| listener.tls.iter().any(|tls| tls.certificates().any(|of| of == arn)))
}

/// The certificate that a request means.
///
/// # Errors
/// `InvalidArnException`, `ResourceNotFoundException`.
fn find<'s>(state: &'s State, arn: &str) -> Result<&'s Certificate, Fault> {
    if !arn.starts_with("arn:aws:acm:") {
        return Err(Fault::new("InvalidArnException", format!("{arn} is not a valid certificate ARN.")));
    }
    let missing = || {
        let account = &state.region.account;
        let message = format!("Could not find certificate {arn} in account {account}.");
        Fault::new("ResourceNotFoundException", message)
    };
    by_arn(state, arn).ok_or_else(missing)
}

/// A parameter that can't be right.
fn invalid(message: impl Into<String>) -> Fault {
    Fault::new("ValidationException", message)
}
