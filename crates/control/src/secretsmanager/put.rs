//! PutSecretValue.

use super::{CURRENT, arn, find, unsupported, value, version, wrong};
use crate::Tx;
use aws::{
    api::secretsmanager::{PutSecretValueRequest, PutSecretValueResponse},
    fault::Fault,
};

/// Adds a version. Its labels, AWSCURRENT where none are given, move to it.
pub(super) fn put(tx: &mut Tx<'_>, request: PutSecretValueRequest) -> Result<PutSecretValueResponse, Fault> {
    let PutSecretValueRequest {
        secret_id,
        client_request_token,
        secret_binary,
        secret_string,
        version_stages,
        rotation_token,
    } = request;
    if rotation_token.is_some() {
        return Err(unsupported("RotationToken"));
    }
    let value = value::of_request(secret_string, secret_binary)?;
    let value = value.ok_or_else(|| wrong("You must provide either SecretString or SecretBinary."))?;
    let token = value::token(client_request_token)?;
    let secret = find::live(&tx.state, &secret_id)?.clone();
    let stages = version_stages.unwrap_or_else(|| vec![CURRENT.to_owned()]);
    let version = version::add(tx, &secret, token, value, stages)?;
    Ok(PutSecretValueResponse {
        arn: Some(arn(&tx.state, &secret)),
        name: Some(secret.name),
        version_id: Some(version.id),
        version_stages: Some(version.stages),
    })
}
