//! DeleteCertificate.

use super::{find, users};
use crate::Tx;
use aws::{api::acm::DeleteCertificateRequest, fault::Fault, shape::Nothing};

/// DeleteCertificate: not while a listener uses it.
pub(super) fn delete(tx: &mut Tx<'_>, request: DeleteCertificateRequest) -> Result<Nothing, Fault> {
    let DeleteCertificateRequest { certificate_arn } = request;
    let id = find(&tx.state, &certificate_arn)?.id.clone();
    if users(&tx.state, &certificate_arn).next().is_some() {
        let account = &tx.state.region.account;
        let message = format!("Certificate {certificate_arn} in account {account} is in use.");
        return Err(Fault::new("ResourceInUseException", message));
    }
    tx.state.certificates.remove(&id);
    tx.state.certificate_keys.remove(&id);
    Ok(Nothing)
}
