//! Tags of parameters: AddTagsToResource, RemoveTagsFromResource, ListTagsForResource.

use super::{invalid, reference};
use crate::{
    State, Tx, View,
    state::{Parameter, Record},
};
use aws::{
    api::ssm::{
        AddTagsToResourceRequest, AddTagsToResourceResult, ListTagsForResourceRequest, ListTagsForResourceResult,
        RemoveTagsFromResourceRequest, RemoveTagsFromResourceResult, ResourceTypeForTagging, Tag,
    },
    fault::Fault,
};
use std::collections::BTreeMap;

/// Tags of a resource ("AddTagsToResource", AWS Systems Manager API Reference).
const MOST: usize = 50;

/// ListTagsForResource.
pub(super) fn list(view: &View<'_>, request: ListTagsForResourceRequest) -> Result<ListTagsForResourceResult, Fault> {
    let ListTagsForResourceRequest { resource_type, resource_id } = request;
    let parameter = find(view.state, resource_type, &resource_id)?;
    let tags = parameter.tags.iter().map(|(key, value)| Tag { key: Some(key.clone()), value: Some(value.clone()) });
    Ok(ListTagsForResourceResult { tag_list: Some(tags.collect()) })
}

/// AddTagsToResource.
pub(super) fn add(tx: &mut Tx<'_>, request: AddTagsToResourceRequest) -> Result<AddTagsToResourceResult, Fault> {
    let AddTagsToResourceRequest { resource_type, resource_id, tags } = request;
    let parameter = find(&tx.state, resource_type, &resource_id)?;
    let (key, mut all) = (parameter.key(), parameter.tags.clone());
    all.extend(checked(tags)?);
    within_limit(&all)?;
    tx.state.parameters.update(&key, |parameter| parameter.tags = all);
    Ok(AddTagsToResourceResult {})
}

/// RemoveTagsFromResource.
pub(super) fn remove(
    tx: &mut Tx<'_>,
    request: RemoveTagsFromResourceRequest,
) -> Result<RemoveTagsFromResourceResult, Fault> {
    let RemoveTagsFromResourceRequest { resource_type, resource_id, tag_keys } = request;
    let key = find(&tx.state, resource_type, &resource_id)?.key();
    tx.state.parameters.update(&key, |parameter| parameter.tags.retain(|key, _| !tag_keys.contains(key)));
    Ok(RemoveTagsFromResourceResult {})
}

/// Tags that a request brings: none of AWS's own, no key twice.
///
/// # Errors
/// `ValidationException`, `TooManyTagsError`.
pub(super) fn checked(tags: Vec<Tag>) -> Result<BTreeMap<String, String>, Fault> {
    let mut all = BTreeMap::new();
    for Tag { key, value } in tags {
        let key = key.unwrap_or_default();
        if key.to_ascii_lowercase().starts_with("aws:") {
            return Err(invalid("System tags cannot be added/updated by requester"));
        }
        if all.insert(key.clone(), value.unwrap_or_default()).is_some() {
            return Err(invalid(format!("Duplicate tag key {key}.")));
        }
    }
    within_limit(&all)?;
    Ok(all)
}

fn within_limit(tags: &BTreeMap<String, String>) -> Result<(), Fault> {
    match tags.len() > MOST {
        true => Err(Fault::new("TooManyTagsError", format!("A resource can have at most {MOST} tags."))),
        false => Ok(()),
    }
}

fn find<'s>(state: &'s State, kind: ResourceTypeForTagging, id: &str) -> Result<&'s Parameter, Fault> {
    if kind != ResourceTypeForTagging::Parameter {
        return Err(Fault::new("InvalidResourceType", format!("neargate has no resources of the type {kind}.")));
    }
    let found = reference::parse(state, id).and_then(|reference| reference.parameter(state));
    found.map_err(|_| Fault::new("InvalidResourceId", format!("The resource ID {id} is not valid.")))
}
