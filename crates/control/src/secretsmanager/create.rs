//! CreateSecret.

use super::{CURRENT, arn, check_key, find, password, tags, unsupported, value, version, wrong};
use crate::{
    Tx,
    state::{Secret, SecretValue},
};
use aws::{
    api::secretsmanager::{CreateSecretRequest, CreateSecretResponse},
    fault::Fault,
};

/// Secrets in a region ("AWS Secrets Manager quotas").
const MOST: usize = 500_000;

/// Makes a secret, with a first version if a value is given.
pub(super) fn create(tx: &mut Tx<'_>, request: CreateSecretRequest) -> Result<CreateSecretResponse, Fault> {
    let CreateSecretRequest {
        name,
        client_request_token,
        description,
        kms_key_id,
        secret_binary,
        secret_string,
        tags,
        add_replica_regions,
        // Says what becomes of a replica that is in the way, and there are no replicas.
        force_overwrite_replica_secret: _,
        r#type,
        cross_account_primary_arn,
    } = request;
    let refused = [
        (add_replica_regions.is_some_and(|regions| !regions.is_empty()), "AddReplicaRegions"),
        (r#type.is_some_and(|kind| !kind.is_empty()), "Type"),
        (cross_account_primary_arn.is_some(), "CrossAccountPrimaryARN"),
    ];
    if let Some((_, what)) = refused.iter().find(|(given, _)| *given) {
        return Err(unsupported(what));
    }
    find::check_name(&name)?;
    check_key(&tx.state, kms_key_id.as_deref())?;
    let tags = tags::checked(tags.unwrap_or_default())?;
    let value = value::of_request(secret_string, secret_binary)?;
    let version = match value {
        Some(value) => Some((value::token(client_request_token)?, value)),
        None => None,
    };
    if let Some(there) = tx.state.secrets.get(&name) {
        return again(tx, there, version);
    }
    if tx.state.secrets.len() >= MOST {
        return Err(Fault::new("LimitExceededException", format!("A region can have at most {MOST} secrets.")));
    }
    let suffix = password::draw(tx, password::LETTERS_AND_DIGITS, 6);
    let (created, changed) = (tx.now, tx.now);
    let secret =
        Secret { name, suffix, description, tags, policy: None, created, changed, accessed: None, deletion: None };
    tx.state.secrets.put(secret.clone());
    let version_id = match version {
        Some((token, value)) => Some(version::add(tx, &secret, token, value, vec![CURRENT.to_owned()])?.id),
        None => None,
    };
    Ok(response(tx, &secret, version_id))
}

/// The answer when there is a secret of that name: the first one's if this is the same call again.
fn again(tx: &Tx<'_>, there: &Secret, version: Option<(String, SecretValue)>) -> Result<CreateSecretResponse, Fault> {
    if there.deletion.is_some() {
        return Err(wrong(
            "You can't create this secret because a secret with this name is already scheduled for deletion.",
        ));
    }
    let same = version.and_then(|(token, value)| {
        version::by_id(&tx.state, &there.name, &token).filter(|version| version.value.0 == value)
    });
    match same {
        Some(version) => Ok(response(tx, there, Some(version.id.clone()))),
        None => Err(Fault::new(
            "ResourceExistsException",
            format!("The operation failed because the secret {} already exists.", there.name),
        )),
    }
}

fn response(tx: &Tx<'_>, secret: &Secret, version_id: Option<String>) -> CreateSecretResponse {
    CreateSecretResponse {
        arn: Some(arn(&tx.state, secret)),
        name: Some(secret.name.clone()),
        version_id,
        replication_status: None,
    }
}
