//! ListCertificates.

use super::describe::detail;
use crate::View;
use aws::{
    api::acm::{
        CertificateDetail, CertificateStatus, CertificateSummary, Filters, KeyAlgorithm, ListCertificatesRequest,
        ListCertificatesResponse, SortOrder,
    },
    fault::Fault,
    page::{Size, descending, paginate},
};

/// Certificates on a page.
const PAGE: Size = Size { default: 1000, max: 1000 };
/// How many names a summary has.
const NAMES: usize = 100;

/// ListCertificates. Of those whose kind of key is not asked for, only RSA's shorter ones are shown, as in AWS.
pub(super) fn list(view: &View<'_>, request: ListCertificatesRequest) -> Result<ListCertificatesResponse, Fault> {
    let ListCertificatesRequest {
        certificate_statuses,
        certificate_key_pair_origins,
        includes,
        next_token,
        max_items,
        // There is one order alone, by the time they were made.
        sort_by: _,
        sort_order,
    } = request;
    if certificate_key_pair_origins.is_some_and(|origins| !origins.is_empty()) {
        let message = "CertificateKeyPairOrigins is not supported by neargate.";
        return Err(Fault::new("InvalidArgsException", message));
    }
    let wanted = wanted(includes.unwrap_or_default())?;
    let statuses: Vec<CertificateStatus> = certificate_statuses.unwrap_or_default();
    let details = view.state.certificates.iter().map(|of| detail(view.state, of, view.now));
    let details = details.collect::<Result<Vec<_>, _>>()?.into_iter().filter(|detail| {
        let has_status = statuses.is_empty() || detail.status.as_ref().is_some_and(|status| statuses.contains(status));
        has_status && wanted(detail)
    });
    let is_descending = sort_order == Some(SortOrder::Descending);
    let key = |detail: &CertificateDetail| {
        let created = detail.created_at.map_or(0, |at| at.millis);
        let key = format!("{created:016}{}", detail.certificate_arn.as_deref().unwrap_or_default());
        if is_descending { descending(&key) } else { key }
    };
    let (page, next_token) = paginate(details, key, max_items, next_token.as_deref(), PAGE)
        .map_err(|_| Fault::new("ValidationException", "The NextToken is not valid."))?;
    let certificate_summary_list = Some(page.into_iter().map(summary).collect());
    Ok(ListCertificatesResponse { next_token, certificate_summary_list })
}

/// What of the certificates is asked for.
fn wanted(filters: Filters) -> Result<impl Fn(&CertificateDetail) -> bool, Fault> {
    let Filters { extended_key_usage, key_usage, key_types, export_option, managed_by } = filters;
    if export_option.is_some() || managed_by.is_some() {
        let message = "The filters exportOption and managedBy are not supported by neargate.";
        return Err(Fault::new("InvalidArgsException", message));
    }
    let (extended, usages) = (extended_key_usage.unwrap_or_default(), key_usage.unwrap_or_default());
    let types = key_types.filter(|types| !types.is_empty());
    let types = types.unwrap_or_else(|| vec![KeyAlgorithm::Rsa1024, KeyAlgorithm::Rsa2048]);
    Ok(move |of: &CertificateDetail| {
        let has_usage = |wanted| of.key_usages.iter().flatten().any(|usage| usage.name.as_ref() == Some(wanted));
        let has_extended =
            |wanted| of.extended_key_usages.iter().flatten().any(|usage| usage.name.as_ref() == Some(wanted));
        of.key_algorithm.as_ref().is_some_and(|kind| types.contains(kind))
            && (usages.is_empty() || usages.iter().any(has_usage))
            && (extended.is_empty() || extended.iter().any(has_extended))
    })
}

fn summary(of: CertificateDetail) -> CertificateSummary {
    let names = of.subject_alternative_names.unwrap_or_default();
    CertificateSummary {
        certificate_arn: of.certificate_arn,
        domain_name: of.domain_name,
        has_additional_subject_alternative_names: Some(names.len() > NAMES),
        subject_alternative_name_summaries: Some(names.into_iter().take(NAMES).collect()),
        status: of.status,
        r#type: of.r#type,
        key_algorithm: of.key_algorithm,
        key_usages: Some(of.key_usages.into_iter().flatten().filter_map(|usage| usage.name).collect()),
        extended_key_usages: Some(
            of.extended_key_usages.into_iter().flatten().filter_map(|usage| usage.name).collect(),
        ),
        in_use: of.in_use_by.map(|users| !users.is_empty()),
        renewal_eligibility: of.renewal_eligibility,
        not_before: of.not_before,
        not_after: of.not_after,
        created_at: of.created_at,
        imported_at: of.imported_at,
        issued_at: of.issued_at,
        ..CertificateSummary::default()
    }
}
