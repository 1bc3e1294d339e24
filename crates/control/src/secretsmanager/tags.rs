//! Tags of secrets: TagResource, UntagResource.

use super::{find, invalid};
use crate::{Tx, state::Secret};
use aws::{
    api::secretsmanager::{Tag, TagResourceRequest, UntagResourceRequest},
    fault::Fault,
    shape::Nothing,
};
use std::collections::BTreeMap;

/// Tags of a secret ("TagResource", AWS Secrets Manager API Reference).
const MOST: usize = 50;

/// TagResource.
pub(super) fn tag(tx: &mut Tx<'_>, request: TagResourceRequest) -> Result<Nothing, Fault> {
    let TagResourceRequest { secret_id, tags } = request;
    let secret = find::live(&tx.state, &secret_id)?;
    let (name, mut all) = (secret.name.clone(), secret.tags.clone());
    all.extend(checked(tags)?);
    within_limit(&all)?;
    change(tx, &name, |secret| secret.tags = all);
    Ok(Nothing)
}

/// UntagResource.
pub(super) fn untag(tx: &mut Tx<'_>, request: UntagResourceRequest) -> Result<Nothing, Fault> {
    let UntagResourceRequest { secret_id, tag_keys } = request;
    let name = find::live(&tx.state, &secret_id)?.name.clone();
    change(tx, &name, |secret| secret.tags.retain(|key, _| !tag_keys.contains(key)));
    Ok(Nothing)
}

fn change(tx: &mut Tx<'_>, name: &str, change: impl FnOnce(&mut Secret)) {
    let now = tx.now;
    tx.state.secrets.update(name, |secret| {
        change(secret);
        secret.changed = now;
    });
}

/// Tags that a request brings: none of AWS's own, no key twice.
///
/// # Errors
/// `InvalidParameterException`.
pub(super) fn checked(tags: Vec<Tag>) -> Result<BTreeMap<String, String>, Fault> {
    let mut all = BTreeMap::new();
    for Tag { key, value } in tags {
        let key = key.filter(|key| !key.is_empty()).ok_or_else(|| invalid("A tag needs a Key."))?;
        if key.to_ascii_lowercase().starts_with("aws:") {
            return Err(invalid(format!("The tag key {key} begins with aws:, which is reserved for AWS.")));
        }
        if all.insert(key.clone(), value.unwrap_or_default()).is_some() {
            return Err(invalid(format!("The tag key {key} is there twice.")));
        }
    }
    within_limit(&all)?;
    Ok(all)
}

fn within_limit(tags: &BTreeMap<String, String>) -> Result<(), Fault> {
    match tags.len() > MOST {
        true => Err(invalid(format!("A secret can have at most {MOST} tags."))),
        false => Ok(()),
    }
}

/// A secret's tags as replies have them: left out where there are none.
pub(super) fn shown(secret: &Secret) -> Option<Vec<Tag>> {
    let tags = secret.tags.iter().map(|(key, value)| Tag { key: Some(key.clone()), value: Some(value.clone()) });
    Some(tags.collect::<Vec<_>>()).filter(|tags| !tags.is_empty())
}
