//! Tags of hosted zones.

use super::{invalid, linked, zones};
use crate::{State, Tx, View, state::Tags};
use aws::{
    api::route53::{
        ChangeTagsForResourceRequest, ChangeTagsForResourceResponse, ListTagsForResourceRequest,
        ListTagsForResourceResponse, ListTagsForResourcesRequest, ListTagsForResourcesResponse, ResourceTagSet, Tag,
        TagResourceType,
    },
    fault::Fault,
};

/// The tags a zone may have ("ChangeTagsForResource", Amazon Route 53 API Reference).
const MOST: usize = 10;

/// There are no health checks, so none can have tags.
fn check_kind(kind: TagResourceType, id: &str) -> Result<(), Fault> {
    match kind {
        TagResourceType::Hostedzone => Ok(()),
        TagResourceType::Healthcheck => {
            Err(Fault::new("NoSuchHealthCheck", format!("No health check exists with the specified ID {id}.")))
        }
    }
}

fn of(state: &State, kind: TagResourceType, id: &str) -> Result<ResourceTagSet, Fault> {
    check_kind(kind, id)?;
    let found = linked::find(state, id)?;
    let tag = |(key, value): (&String, &String)| Tag { key: Some(key.clone()), value: Some(value.clone()) };
    Ok(ResourceTagSet {
        resource_type: Some(kind),
        resource_id: Some(found.zone.id.clone()),
        tags: Some(found.zone.tags.iter().map(tag).collect()),
    })
}

/// `ListTagsForResource`.
pub(super) fn list(view: &View<'_>, request: ListTagsForResourceRequest) -> Result<ListTagsForResourceResponse, Fault> {
    let ListTagsForResourceRequest { resource_type, resource_id } = request;
    Ok(ListTagsForResourceResponse { resource_tag_set: Some(of(view.state, resource_type, &resource_id)?) })
}

/// `ListTagsForResources`.
pub(super) fn list_several(
    view: &View<'_>,
    request: ListTagsForResourcesRequest,
) -> Result<ListTagsForResourcesResponse, Fault> {
    let ListTagsForResourcesRequest { resource_type, resource_ids } = request;
    let sets: Result<Vec<_>, Fault> = resource_ids.iter().map(|id| of(view.state, resource_type, id)).collect();
    Ok(ListTagsForResourcesResponse { resource_tag_sets: Some(sets?) })
}

/// `ChangeTagsForResource`.
pub(super) fn change(
    tx: &mut Tx<'_>,
    request: ChangeTagsForResourceRequest,
) -> Result<ChangeTagsForResourceResponse, Fault> {
    let ChangeTagsForResourceRequest { resource_type, resource_id, add_tags, remove_tag_keys } = request;
    check_kind(resource_type, &resource_id)?;
    let zone = zones::own(&tx.state, &resource_id)?;
    let (id, mut tags) = (zone.id.clone(), zone.tags.clone());
    for key in remove_tag_keys.unwrap_or_default() {
        tags.remove(&key);
    }
    put(&mut tags, add_tags.unwrap_or_default())?;
    tx.state.hosted_zones.update(&id, |zone| zone.tags = tags);
    Ok(ChangeTagsForResourceResponse {})
}

fn put(tags: &mut Tags, given: Vec<Tag>) -> Result<(), Fault> {
    for Tag { key, value } in given {
        let key = key.filter(|key| !key.is_empty()).ok_or_else(|| invalid("Tag key must not be empty."))?;
        if key.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("aws:")) {
            return Err(invalid(format!("Tag keys can't start with aws: ({key}).")));
        }
        tags.insert(key, value.unwrap_or_default());
    }
    match tags.len() <= MOST {
        true => Ok(()),
        false => Err(invalid(format!("A hosted zone has at most {MOST} tags."))),
    }
}
