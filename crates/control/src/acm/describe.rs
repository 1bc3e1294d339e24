//! DescribeCertificate and GetCertificate.

use super::{arn, find, read, users};
use crate::{State, View, elb, state::Certificate};
use aws::{
    api::acm::{
        CertificateDetail, CertificateStatus, CertificateType, DescribeCertificateRequest, DescribeCertificateResponse,
        GetCertificateRequest, GetCertificateResponse, RenewalEligibility,
    },
    doc::Timestamp,
    fault::Fault,
};

/// DescribeCertificate.
pub(super) fn describe(
    view: &View<'_>,
    request: DescribeCertificateRequest,
) -> Result<DescribeCertificateResponse, Fault> {
    let DescribeCertificateRequest { certificate_arn } = request;
    let certificate = detail(view.state, find(view.state, &certificate_arn)?, view.now)?;
    Ok(DescribeCertificateResponse { certificate: Some(certificate) })
}

/// Everything of a certificate but its key.
pub(super) fn detail(state: &State, of: &Certificate, now: Timestamp) -> Result<CertificateDetail, Fault> {
    let read = read::certificate(of.body.as_bytes())?;
    let arn = arn(state, of);
    let mut balancers: Vec<String> =
        users(state, &arn).filter_map(|listener| elb::arn_of(state, &listener.load_balancer)).collect();
    balancers.dedup();
    Ok(CertificateDetail {
        domain_name: read.domain(),
        subject_alternative_names: Some(read.names().collect()),
        serial: read.serial(),
        subject: read.subject(),
        issuer: read.issuer(),
        created_at: Some(of.created),
        imported_at: Some(of.imported),
        status: Some(match read.not_after() {
            Some(end) if end < now => CertificateStatus::Expired,
            _ => CertificateStatus::Issued,
        }),
        not_before: read.not_before(),
        not_after: read.not_after(),
        key_algorithm: read.key_algorithm(),
        signature_algorithm: read.signature_algorithm(),
        in_use_by: Some(balancers),
        r#type: Some(CertificateType::Imported),
        key_usages: Some(read.key_usages()),
        extended_key_usages: Some(read.extended_key_usages()),
        renewal_eligibility: Some(RenewalEligibility::Ineligible),
        certificate_arn: Some(arn),
        ..CertificateDetail::default()
    })
}

/// GetCertificate.
pub(super) fn get(view: &View<'_>, request: GetCertificateRequest) -> Result<GetCertificateResponse, Fault> {
    let GetCertificateRequest { certificate_arn } = request;
    let found = find(view.state, &certificate_arn)?;
    Ok(GetCertificateResponse { certificate: Some(found.body.clone()), certificate_chain: found.chain.clone() })
}
