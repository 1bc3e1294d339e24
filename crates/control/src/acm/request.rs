//! RequestCertificate ("AWS Certificate Manager public certificates", AWS Certificate Manager User Guide).

use super::{MOST, arn, invalid, tags, too_many, validation};
use crate::{
    State, Tx,
    state::{Certificate, CertificateRequest, Expiring, Expiry, RequestEnd},
};
use aws::{
    api::acm::{
        CertificateExport, CertificateOptions, CertificateTransparencyLoggingPreference, DomainValidationOption,
        FailureReason, KeyAlgorithm, RequestCertificateRequest, RequestCertificateResponse, ValidationMethod,
    },
    doc::Timestamp,
    fault::Fault,
};
use std::collections::BTreeMap;

/// Names of a certificate ("Quotas", AWS Certificate Manager User Guide).
const NAMES: usize = 10;
/// The longest domain name, in octets: it is the subject's common name (RFC 5280, appendix A.1).
const LONGEST: usize = 64;
/// How long a token tells requests apart ("RequestCertificate", AWS Certificate Manager API Reference).
const TOKEN_MILLIS: i64 = 3_600_000;
/// What a name looks like (the same page).
const PATTERN: &str = r"^(\*\.)?(((?!-)[A-Za-z0-9-]{0,62}[A-Za-z0-9])\.)+((?!-)[A-Za-z0-9-]{1,62}[A-Za-z0-9])$";
/// Domains that no certificate is issued for ("Certificate request fails", AWS Certificate Manager User Guide).
const AMAZONS: [&str; 3] = ["amazonaws.com", "cloudfront.net", "elasticbeanstalk.com"];

/// RequestCertificate. It is issued when the record of each of its names is there; see [`validation`].
pub(super) fn request(
    tx: &mut Tx<'_>,
    request: RequestCertificateRequest,
) -> Result<RequestCertificateResponse, Fault> {
    let RequestCertificateRequest {
        domain_name,
        validation_method,
        subject_alternative_names,
        idempotency_token,
        domain_validation_options,
        options,
        certificate_authority_arn,
        tags,
        key_algorithm,
        managed_by,
    } = request;
    if certificate_authority_arn.is_some() {
        return Err(unsupported("CertificateAuthorityArn"));
    }
    if managed_by.is_some() {
        return Err(unsupported("ManagedBy"));
    }
    by_dns(validation_method)?;
    let transparency = preference(options.unwrap_or_default())?;
    let names = names(domain_name, subject_alternative_names.unwrap_or_default())?;
    let validation_domains = validation_domains(&names, domain_validation_options.unwrap_or_default())?;
    let wanted = CertificateRequest {
        key_algorithm: key(key_algorithm)?,
        token: idempotency_token,
        transparency,
        validation_domains,
        validated: Default::default(),
        ended: refused(&names),
        due: false,
        not_after: None,
        renewal: None,
        names,
    };
    let tags = tags::checked(tags.unwrap_or_default())?;
    if let Some(same) = same(&tx.state, &wanted, tx.now)? {
        return Ok(RequestCertificateResponse { certificate_arn: Some(arn(&tx.state, same)) });
    }
    if tx.state.certificates.len() >= MOST {
        return Err(too_many());
    }
    let is_open = wanted.ended.is_none();
    let (id, created) = (tx.uuid(), tx.now);
    let requested = Some(wanted);
    let made =
        Certificate { id: id.clone(), version: 0, body: None, chain: None, created, obtained: None, tags, requested };
    let certificate_arn = Some(arn(&tx.state, &made));
    tx.state.certificates.put(made);
    if is_open {
        let at = Timestamp { millis: created.millis + validation::PATIENCE_MILLIS };
        tx.state.expiries.put(Expiry { at, what: Expiring::CertificateRequest(id) });
    }
    Ok(RequestCertificateResponse { certificate_arn })
}

/// Something of AWS's that neargate does not have.
fn unsupported(what: &str) -> Fault {
    Fault::new("InvalidParameterException", format!("{what} is not supported by neargate."))
}

/// Refuses all ways to show who owns a domain but DNS. One that names none means mail ("RequestCertificate").
///
/// # Errors
/// `InvalidParameterException`.
pub(super) fn by_dns(method: Option<ValidationMethod>) -> Result<(), Fault> {
    match method {
        Some(ValidationMethod::Dns) => Ok(()),
        Some(other) => Err(unsupported(&format!("ValidationMethod {other}"))),
        None => Err(Fault::new(
            "InvalidParameterException",
            "Without a ValidationMethod it is EMAIL, which is not supported by neargate. Use DNS.",
        )),
    }
}

/// Whether a certificate may be logged: yes, unless it is said. There is no log that the region's authority would enter it into.
///
/// # Errors
/// `InvalidParameterException`: it is to be exportable, or validated by mail.
pub(super) fn preference(options: CertificateOptions) -> Result<CertificateTransparencyLoggingPreference, Fault> {
    let CertificateOptions { certificate_transparency_logging_preference, export, validation_method } = options;
    if export == Some(CertificateExport::Enabled) {
        return Err(unsupported("Export"));
    }
    if validation_method.is_some() {
        by_dns(validation_method)?;
    }
    Ok(certificate_transparency_logging_preference.unwrap_or(CertificateTransparencyLoggingPreference::Enabled))
}

/// The kinds of keys that ACM issues certificates for ("AWS Certificate Manager public certificates"); RSA's if none is said.
fn key(wanted: Option<KeyAlgorithm>) -> Result<KeyAlgorithm, Fault> {
    match wanted.unwrap_or(KeyAlgorithm::Rsa2048) {
        known @ (KeyAlgorithm::Rsa2048 | KeyAlgorithm::EcPrime256v1 | KeyAlgorithm::EcSecp384r1) => Ok(known),
        other => {
            Err(Fault::new("InvalidParameterException", format!("Certificates with keys of {other} are not issued.")))
        }
    }
}

/// All its names in lower case, each once.
fn names(domain: String, others: Vec<String>) -> Result<Vec<String>, Fault> {
    if domain.len() > LONGEST {
        return Err(invalid(format!("The first domain name can be no longer than {LONGEST} characters.")));
    }
    let mut names = Vec::new();
    let first = ("domainName".to_owned(), domain);
    let others = others.into_iter().enumerate();
    let others = others.map(|(at, name)| (format!("subjectAlternativeNames.{}.member", at + 1), name));
    for (member, name) in std::iter::once(first).chain(others) {
        if !is_name(&name) {
            return Err(invalid(format!(
                "1 validation error detected: Value '{name}' at '{member}' failed to satisfy constraint: Member must satisfy regular expression pattern: {PATTERN}"
            )));
        }
        let name = name.to_ascii_lowercase();
        if !names.contains(&name) {
            names.push(name);
        }
    }
    match names.len() > NAMES {
        true => Err(Fault::new("LimitExceededException", "Certificate has too many domains.")),
        false => Ok(names),
    }
}

/// Whether a name has the form of [`PATTERN`].
fn is_name(name: &str) -> bool {
    let is_label = |label: &str| {
        let is_known = |c: char| c.is_ascii_alphanumeric() || c == '-';
        (1..=63).contains(&label.len())
            && label.chars().all(is_known)
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let name = name.strip_prefix("*.").unwrap_or(name);
    let last = name.rsplit_once('.').map(|(_, last)| last.len());
    last.is_some_and(|length| length > 1) && name.split('.').all(is_label)
}

/// The domain that each name is said to be of: itself or one above it.
///
/// # Errors
/// `InvalidDomainValidationOptionsException`.
fn validation_domains(
    names: &[String],
    options: Vec<DomainValidationOption>,
) -> Result<BTreeMap<String, String>, Fault> {
    let mut domains = BTreeMap::new();
    for DomainValidationOption { domain_name, validation_domain } in options {
        let (name, domain) = (domain_name.to_ascii_lowercase(), validation_domain.to_ascii_lowercase());
        let is_above = name == domain || name.strip_suffix(&domain).is_some_and(|rest| rest.ends_with('.'));
        if !names.contains(&name) || !is_above {
            let message = format!("{domain} is not the domain {name}, or one above it, of the certificate.");
            return Err(Fault::new("InvalidDomainValidationOptionsException", message));
        }
        domains.insert(name, domain);
    }
    Ok(domains)
}

/// Why no certificate is issued for these names, if so.
fn refused(names: &[String]) -> Option<RequestEnd> {
    let is_amazons = |name: &String| {
        AMAZONS.iter().any(|own| name == own || name.strip_suffix(own).is_some_and(|rest| rest.ends_with('.')))
    };
    names.iter().any(is_amazons).then_some(RequestEnd::Failed(FailureReason::AdditionalVerificationRequired))
}

/// The certificate that was requested with the same token, if that is less than an hour ago.
///
/// # Errors
/// `InvalidParameterException`: something else was asked for with it.
fn same<'s>(state: &'s State, wanted: &CertificateRequest, now: Timestamp) -> Result<Option<&'s Certificate>, Fault> {
    let Some(token) = &wanted.token else { return Ok(None) };
    let found = state.certificates.iter().find_map(|of| {
        let requested = of.requested.as_ref().filter(|requested| requested.token.as_ref() == Some(token))?;
        (now.millis - of.created.millis < TOKEN_MILLIS).then_some((of, requested))
    });
    match found {
        None => Ok(None),
        Some((of, before)) if before.names == wanted.names && before.key_algorithm == wanted.key_algorithm => {
            Ok(Some(of))
        }
        Some(_) => Err(Fault::new(
            "InvalidParameterException",
            format!("The idempotency token {token} was used with other parameters."),
        )),
    }
}
