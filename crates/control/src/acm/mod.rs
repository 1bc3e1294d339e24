//! AWS Certificate Manager: certificates for the HTTPS listeners of load balancers, imported, or requested and then issued by the region's own
//! authority (which nobody trusts but the region's tasks, and who is told to).
//!
//! Absent: validation by mail and over HTTP, private authorities, export, revocation, logs of certificates, ACME.

mod delete;
mod describe;
mod import;
mod issue;
mod list;
mod options;
mod read;
mod request;
mod tags;
#[cfg(test)]
pub(crate) mod tests;
mod validation;

pub use issue::{Errand, Issued, errands, issued};
pub use validation::run;
pub(crate) use validation::time_out;

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

/// Certificates in a region ("Quotas", AWS Certificate Manager User Guide).
const MOST: usize = 2500;

/// The routing table.
pub fn service() -> Service {
    Service::new(&API)
        .write(op::ImportCertificate, import::import)
        .write(op::RequestCertificate, request::request)
        .write(op::UpdateCertificateOptions, options::update)
        .read(op::ResendValidationEmail, options::resend)
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
        let body = certificate.body.as_deref()?;
        let names = read::certificate(body.as_bytes()).ok()?.names().map(|name| name.to_ascii_lowercase());
        let chain = format!("{body}\n{}", certificate.chain.as_deref().unwrap_or_default());
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

/// The refusal of one more than there may be.
fn too_many() -> Fault {
    Fault::new("LimitExceededException", format!("You have reached the limit of {MOST} certificates."))
}

/// A parameter that can't be right.
fn invalid(message: impl Into<String>) -> Fault {
    Fault::new("ValidationException", message)
}
