//! UpdateSecret.

use super::{CURRENT, arn, check_key, find, unsupported, value, version};
use crate::Tx;
use aws::{
    api::secretsmanager::{UpdateSecretRequest, UpdateSecretResponse},
    fault::Fault,
};

/// Changes what is said of a secret; a value becomes its current version.
pub(super) fn update(tx: &mut Tx<'_>, request: UpdateSecretRequest) -> Result<UpdateSecretResponse, Fault> {
    let UpdateSecretRequest {
        secret_id,
        client_request_token,
        description,
        kms_key_id,
        secret_binary,
        secret_string,
        r#type,
    } = request;
    if r#type.is_some_and(|kind| !kind.is_empty()) {
        return Err(unsupported("Type"));
    }
    check_key(&tx.state, kms_key_id.as_deref())?;
    let value = value::of_request(secret_string, secret_binary)?;
    let secret = find::live(&tx.state, &secret_id)?.clone();
    let version_id = match value {
        Some(value) => {
            let token = value::token(client_request_token)?;
            Some(version::add(tx, &secret, token, value, vec![CURRENT.to_owned()])?.id)
        }
        None => None,
    };
    let now = tx.now;
    tx.state.secrets.update(&secret.name, |secret| {
        if description.is_some() {
            secret.description = description;
        }
        secret.changed = now;
    });
    Ok(UpdateSecretResponse { arn: Some(arn(&tx.state, &secret)), name: Some(secret.name), version_id })
}
