//! Versions of secrets: the choice of one, a new one, ListSecretVersionIds.

use super::{CURRENT, arn, bad_token, find, not_found, stage, wrong};
use crate::{
    State, Tx, View,
    state::{Hidden, Record, Secret, SecretValue, SecretVersion},
};
use aws::{
    api::secretsmanager::{ListSecretVersionIdsRequest, ListSecretVersionIdsResponse, SecretVersionsListEntry},
    fault::Fault,
    page::{Size, paginate},
};
use spec::{DAY, Millis};
use std::collections::BTreeMap;

/// Versions of a secret, and staging labels over all of them ("AWS Secrets Manager quotas").
const MOST: usize = 100;
const MOST_STAGES: usize = 20;
/// A version without labels that is older goes when there are too many ("PutSecretValue", AWS Secrets Manager API Reference).
const KEPT: Millis = DAY;
/// Versions on a page.
const PAGE: Size = Size { default: 100, max: 100 };
/// How Secrets Manager names the key that it manages.
const KEY_ID: &str = "DefaultEncryptionKey";

/// A secret's versions.
pub(super) fn all<'s>(state: &'s State, secret: &str) -> Vec<&'s SecretVersion> {
    state.secret_versions.prefixed(&SecretVersion::key_of(secret, "")).collect()
}

/// A version by its id.
pub(super) fn by_id<'s>(state: &'s State, secret: &str, id: &str) -> Option<&'s SecretVersion> {
    state.secret_versions.get(&SecretVersion::key_of(secret, id))
}

/// The version that has a staging label.
pub(super) fn by_stage<'s>(state: &'s State, secret: &str, stage: &str) -> Option<&'s SecretVersion> {
    all(state, secret).into_iter().find(|version| version.stages.iter().any(|label| label == stage))
}

/// The version that a request means: the current one where it does not say.
///
/// # Errors
/// `ResourceNotFoundException`, or `InvalidRequestException` when id and label are of different versions.
pub(super) fn choose<'s>(
    state: &'s State,
    secret: &str,
    id: Option<&str>,
    stage: Option<&str>,
) -> Result<&'s SecretVersion, Fault> {
    let Some(id) = id else {
        let stage = stage.unwrap_or(CURRENT);
        return by_stage(state, secret, stage)
            .ok_or_else(|| not_found(&format!("secret value for staging label: {stage}")));
    };
    let version = by_id(state, secret, id).ok_or_else(|| not_found(&format!("secret value for VersionId: {id}")))?;
    match stage.is_none_or(|stage| version.stages.iter().any(|label| label == stage)) {
        true => Ok(version),
        false => Err(wrong("You provided a VersionStage that is not associated to the provided VersionId.")),
    }
}

/// Adds a version with these labels. One with the same id and value is that version: the call was sent twice.
///
/// # Errors
/// `ResourceExistsException` for an id that another value has; `LimitExceededException`.
pub(super) fn add(
    tx: &mut Tx<'_>,
    secret: &Secret,
    id: String,
    value: SecretValue,
    mut stages: Vec<String>,
) -> Result<SecretVersion, Fault> {
    if let Some(there) = by_id(&tx.state, &secret.name, &id) {
        let same = there.value.0 == value;
        let arn = arn(&tx.state, secret);
        let message = format!(
            "You can't use ClientRequestToken {id} because that value is already in use for a version of secret {arn}."
        );
        return if same { Ok(there.clone()) } else { Err(Fault::new("ResourceExistsException", message)) };
    }
    let is_first = all(&tx.state, &secret.name).is_empty();
    if is_first && !stages.iter().any(|stage| stage == CURRENT) {
        stages.push(CURRENT.to_owned());
    }
    let (name, created) = (secret.name.clone(), tx.now);
    let version = SecretVersion { secret: name, id, value: Hidden(value), stages: Vec::new(), created, accessed: None };
    let key = version.key();
    tx.state.secret_versions.put(version.clone());
    for stage in stages {
        stage::attach(tx, &secret.name, &stage, &version.id);
    }
    make_room(tx, &secret.name)?;
    let now = tx.now;
    tx.state.secrets.update(&secret.name, |secret| secret.changed = now);
    Ok(tx.state.secret_versions.get(&key).cloned().unwrap_or(version))
}

/// Drops the oldest versions without labels where there are too many.
fn make_room(tx: &mut Tx<'_>, secret: &str) -> Result<(), Fault> {
    let versions = all(&tx.state, secret);
    if versions.iter().map(|version| version.stages.len()).sum::<usize>() > MOST_STAGES {
        let message = format!("A secret can have at most {MOST_STAGES} staging labels over all its versions.");
        return Err(Fault::new("LimitExceededException", message));
    }
    let too_many = versions.len().saturating_sub(MOST);
    let old = |version: &&&SecretVersion| version.stages.is_empty() && version.created.millis < tx.now.millis - KEPT;
    let mut gone: Vec<_> = versions.iter().filter(old).map(|version| (version.created, version.key())).collect();
    gone.sort();
    if gone.len() < too_many {
        return Err(Fault::new("LimitExceededException", format!("A secret can have at most {MOST} versions.")));
    }
    for (_, key) in gone.into_iter().take(too_many) {
        tx.state.secret_versions.remove(&key);
    }
    Ok(())
}

/// The labels of each version that has any.
pub(super) fn stages(state: &State, secret: &str) -> BTreeMap<String, Vec<String>> {
    let labelled = all(state, secret).into_iter().filter(|version| !version.stages.is_empty());
    labelled.map(|version| (version.id.clone(), version.stages.clone())).collect()
}

/// ListSecretVersionIds, oldest first.
pub(super) fn list(
    view: &View<'_>,
    request: ListSecretVersionIdsRequest,
) -> Result<ListSecretVersionIdsResponse, Fault> {
    let ListSecretVersionIdsRequest { secret_id, max_results, next_token, include_deprecated } = request;
    let secret = find::any(view.state, &secret_id)?;
    let versions = all(view.state, &secret.name).into_iter();
    let versions = versions.filter(|version| include_deprecated == Some(true) || !version.stages.is_empty());
    let key = |version: &&SecretVersion| format!("{:016}{}", version.created.millis, version.id);
    let (page, next_token) = paginate(versions, key, max_results, next_token.as_deref(), PAGE).map_err(bad_token)?;
    let entry = |version: &SecretVersion| SecretVersionsListEntry {
        version_id: Some(version.id.clone()),
        version_stages: Some(version.stages.clone()).filter(|stages| !stages.is_empty()),
        last_accessed_date: version.accessed,
        created_date: Some(version.created),
        kms_key_ids: Some(vec![KEY_ID.to_owned()]),
    };
    Ok(ListSecretVersionIdsResponse {
        versions: Some(page.into_iter().map(entry).collect()),
        next_token,
        arn: Some(arn(view.state, secret)),
        name: Some(secret.name.clone()),
    })
}
