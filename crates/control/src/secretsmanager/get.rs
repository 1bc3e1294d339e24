//! GetSecretValue.

use super::{arn, find, value, version};
use crate::{
    Tx,
    state::{Record, SecretVersion},
};
use aws::{
    api::secretsmanager::{GetSecretValueRequest, GetSecretValueResponse},
    doc::Timestamp,
    fault::Fault,
};
use spec::DAY;

/// Reads a version's value.
pub(super) fn get(tx: &mut Tx<'_>, request: GetSecretValueRequest) -> Result<GetSecretValueResponse, Fault> {
    let GetSecretValueRequest { secret_id, version_id, version_stage } = request;
    let secret = find::live(&tx.state, &secret_id)?;
    let version = version::choose(&tx.state, &secret.name, version_id.as_deref(), version_stage.as_deref())?.clone();
    let (secret_string, secret_binary) = value::shown(&version.value.0);
    let response = GetSecretValueResponse {
        arn: Some(arn(&tx.state, secret)),
        name: Some(secret.name.clone()),
        version_id: Some(version.id.clone()),
        secret_binary,
        secret_string,
        version_stages: Some(version.stages.clone()),
        created_date: Some(version.created),
    };
    note(tx, &version);
    Ok(response)
}

/// Notes on which day a value was read: that is all that is said of it, so it changes once a day.
fn note(tx: &mut Tx<'_>, version: &SecretVersion) {
    let today = Timestamp { millis: tx.now.millis - tx.now.millis.rem_euclid(DAY) };
    tx.state.secrets.update(&version.secret, |secret| secret.accessed = Some(today));
    tx.state.secret_versions.update(&version.key(), |version| version.accessed = Some(today));
}
