//! DescribeCertificate and GetCertificate.

use super::{arn, find, read, users, validation};
use crate::{
    State, View, elb,
    state::{Certificate, CertificateRequest, RequestEnd},
};
use aws::{
    api::acm::{
        CertificateDetail, CertificateExport, CertificateOptions, CertificateStatus, CertificateType,
        DescribeCertificateRequest, DescribeCertificateResponse, GetCertificateRequest, GetCertificateResponse,
        RenewalEligibility, RenewalSummary,
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
    let detail = match (&of.requested, &of.body) {
        (None, body) => {
            let said = said(body.as_deref().unwrap_or_default(), now)?;
            CertificateDetail { imported_at: of.obtained, r#type: Some(CertificateType::Imported), ..said }
        }
        (Some(requested), None) => with_request(state, requested, awaited(requested)),
        (Some(requested), Some(body)) => {
            CertificateDetail { issued_at: of.obtained, ..with_request(state, requested, said(body, now)?) }
        }
    };
    let arn = arn(state, of);
    let mut balancers: Vec<String> =
        users(state, &arn).filter_map(|listener| elb::arn_of(state, &listener.load_balancer)).collect();
    balancers.dedup();
    // "Managed certificate renewal": what is issued, used and not over.
    let is_issued = of.requested.is_some() && detail.status == Some(CertificateStatus::Issued);
    let is_eligible = is_issued && !balancers.is_empty();
    Ok(CertificateDetail {
        created_at: Some(of.created),
        in_use_by: Some(balancers),
        renewal_eligibility: Some(match is_eligible {
            true => RenewalEligibility::Eligible,
            false => RenewalEligibility::Ineligible,
        }),
        certificate_arn: Some(arn),
        ..detail
    })
}

/// What a certificate says of itself.
fn said(body: &str, now: Timestamp) -> Result<CertificateDetail, Fault> {
    let read = read::certificate(body.as_bytes())?;
    Ok(CertificateDetail {
        domain_name: read.domain(),
        subject_alternative_names: Some(read.names().collect()),
        serial: read.serial(),
        subject: read.subject(),
        issuer: read.issuer(),
        status: Some(match read.not_after() {
            Some(end) if end < now => CertificateStatus::Expired,
            _ => CertificateStatus::Issued,
        }),
        not_before: read.not_before(),
        not_after: read.not_after(),
        key_algorithm: read.key_algorithm(),
        signature_algorithm: read.signature_algorithm(),
        key_usages: Some(read.key_usages()),
        extended_key_usages: Some(read.extended_key_usages()),
        ..CertificateDetail::default()
    })
}

/// What a certificate will be that is not issued.
fn awaited(of: &CertificateRequest) -> CertificateDetail {
    let (status, failure_reason) = match of.ended {
        None => (CertificateStatus::PendingValidation, None),
        Some(RequestEnd::TimedOut) => (CertificateStatus::ValidationTimedOut, None),
        Some(RequestEnd::Failed(reason)) => (CertificateStatus::Failed, Some(reason)),
    };
    CertificateDetail {
        domain_name: of.names.first().cloned(),
        subject_alternative_names: Some(of.names.clone()),
        subject: of.names.first().map(|name| format!("CN={name}")),
        status: Some(status),
        failure_reason,
        key_algorithm: Some(of.key_algorithm),
        key_usages: Some(Vec::new()),
        extended_key_usages: Some(Vec::new()),
        ..CertificateDetail::default()
    }
}

/// What only requested certificates have.
fn with_request(state: &State, of: &CertificateRequest, detail: CertificateDetail) -> CertificateDetail {
    let domains = validation::domains(state, of);
    let renewal = of.renewal.map(|renewal| RenewalSummary {
        renewal_status: Some(renewal.status),
        domain_validation_options: Some(domains.clone()),
        renewal_status_reason: None,
        updated_at: Some(renewal.updated),
    });
    CertificateDetail {
        r#type: Some(CertificateType::AmazonIssued),
        renewal_summary: renewal,
        domain_validation_options: Some(domains),
        options: Some(CertificateOptions {
            certificate_transparency_logging_preference: Some(of.transparency),
            export: Some(CertificateExport::Disabled),
            validation_method: None,
        }),
        ..detail
    }
}

/// GetCertificate.
pub(super) fn get(view: &View<'_>, request: GetCertificateRequest) -> Result<GetCertificateResponse, Fault> {
    let GetCertificateRequest { certificate_arn } = request;
    let found = find(view.state, &certificate_arn)?;
    let Some(body) = &found.body else {
        let message = format!("Certificate {certificate_arn} is not issued.");
        return Err(Fault::new("RequestInProgressException", message));
    };
    Ok(GetCertificateResponse { certificate: Some(body.clone()), certificate_chain: found.chain.clone() })
}
