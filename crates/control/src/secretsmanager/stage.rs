//! Staging labels: each is on one version of a secret at most. UpdateSecretVersionStage.

use super::{CURRENT, PREVIOUS, arn, find, invalid, not_found, version};
use crate::{Tx, state::SecretVersion};
use aws::{
    api::secretsmanager::{UpdateSecretVersionStageRequest, UpdateSecretVersionStageResponse},
    fault::Fault,
};

/// Puts a label on a version and takes it from the one that has it. Who was current is then previous.
pub(super) fn attach(tx: &mut Tx<'_>, secret: &str, stage: &str, id: &str) {
    let before = version::by_stage(&tx.state, secret, stage).map(|version| version.id.clone());
    if before.as_deref() == Some(id) {
        return;
    }
    if let Some(before) = before {
        detach(tx, secret, stage, &before);
        if stage == CURRENT {
            attach(tx, secret, PREVIOUS, &before);
        }
    }
    let key = SecretVersion::key_of(secret, id);
    // They are listed in their order.
    tx.state.secret_versions.update(&key, |version| {
        version.stages.push(stage.to_owned());
        version.stages.sort();
    });
}

fn detach(tx: &mut Tx<'_>, secret: &str, stage: &str, id: &str) {
    let key = SecretVersion::key_of(secret, id);
    tx.state.secret_versions.update(&key, |version| version.stages.retain(|label| label != stage));
}

/// UpdateSecretVersionStage.
pub(super) fn update(
    tx: &mut Tx<'_>,
    request: UpdateSecretVersionStageRequest,
) -> Result<UpdateSecretVersionStageResponse, Fault> {
    let UpdateSecretVersionStageRequest { secret_id, version_stage, remove_from_version_id, move_to_version_id } =
        request;
    let secret = find::live(&tx.state, &secret_id)?.clone();
    let (name, stage) = (secret.name.as_str(), version_stage.as_str());
    let there = |id: &str| match version::by_id(&tx.state, name, id) {
        Some(_) => Ok(()),
        None => Err(not_found(&format!("secret value for VersionId: {id}"))),
    };
    remove_from_version_id.as_deref().map_or(Ok(()), there)?;
    move_to_version_id.as_deref().map_or(Ok(()), there)?;
    let holder = version::by_stage(&tx.state, name, stage).map(|version| version.id.clone());
    match (remove_from_version_id.as_deref(), holder.as_deref()) {
        (None, Some(holder)) if move_to_version_id.as_deref() != Some(holder) => {
            return Err(invalid(format!(
                "The parameter RemoveFromVersionId can't be empty. Staging label {stage} is currently attached to version {holder}, \
                 so you must explicitly reference that version in RemoveFromVersionId."
            )));
        }
        (Some(given), holder) if holder != Some(given) => {
            return Err(invalid(format!("Staging label {stage} isn't currently attached to version {given}.")));
        }
        _ => {}
    }
    match (move_to_version_id, remove_from_version_id) {
        (Some(id), _) => attach(tx, name, stage, &id),
        (None, Some(_)) if stage == CURRENT => {
            return Err(invalid(
                "You can only move staging label AWSCURRENT to a different secret version. It can’t be completely removed.",
            ));
        }
        (None, Some(id)) => detach(tx, name, stage, &id),
        (None, None) => return Err(invalid("You must provide MoveToVersionId or RemoveFromVersionId.")),
    }
    let now = tx.now;
    tx.state.secrets.update(name, |secret| secret.changed = now);
    Ok(UpdateSecretVersionStageResponse { arn: Some(arn(&tx.state, &secret)), name: Some(secret.name) })
}
