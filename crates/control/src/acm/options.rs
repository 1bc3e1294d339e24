//! What may be changed of a requested certificate: UpdateCertificateOptions and ResendValidationEmail.

use super::{find, request};
use crate::{Tx, View};
use aws::{
    api::acm::{ResendValidationEmailRequest, UpdateCertificateOptionsRequest},
    fault::Fault,
    shape::Nothing,
};

/// UpdateCertificateOptions.
pub(super) fn update(tx: &mut Tx<'_>, request: UpdateCertificateOptionsRequest) -> Result<Nothing, Fault> {
    let UpdateCertificateOptionsRequest { certificate_arn, options } = request;
    let found = find(&tx.state, &certificate_arn)?;
    if found.requested.is_none() {
        let message = format!("Certificate {certificate_arn} is imported: it has no options.");
        return Err(Fault::new("InvalidStateException", message));
    }
    let id = found.id.clone();
    let is_said = options.certificate_transparency_logging_preference.is_some();
    let preference = request::preference(options)?;
    tx.state.certificates.update(&id, |certificate| {
        if let Some(requested) = certificate.requested.as_mut().filter(|_| is_said) {
            requested.transparency = preference;
        }
    });
    Ok(Nothing)
}

/// ResendValidationEmail: no certificate here is validated by mail.
pub(super) fn resend(view: &View<'_>, request: ResendValidationEmailRequest) -> Result<Nothing, Fault> {
    let ResendValidationEmailRequest { certificate_arn, domain: _, validation_domain: _ } = request;
    find(view.state, &certificate_arn)?;
    let message = format!("Certificate {certificate_arn} is not validated by email.");
    Err(Fault::new("InvalidStateException", message))
}
