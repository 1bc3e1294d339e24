//! Tags of namespaces and services.

use super::{id_of, invalid};
use crate::{State, Tx, View, state::Tags};
use aws::{
    api::servicediscovery::{
        ListTagsForResourceRequest, ListTagsForResourceResponse, Tag, TagResourceRequest, TagResourceResponse,
        UntagResourceRequest, UntagResourceResponse,
    },
    fault::Fault,
};

/// The tags a resource may have ("TagResource", AWS Cloud Map API Reference).
const MOST: usize = 50;

/// The tags that something new is given.
///
/// # Errors
/// `TooManyTagsException`, `InvalidInput` for AWS's own.
pub(super) fn at_creation(given: Option<Vec<Tag>>) -> Result<Tags, Fault> {
    let mut tags = Tags::new();
    put(&mut tags, given.unwrap_or_default(), "the resource")?;
    Ok(tags)
}

fn put(tags: &mut Tags, given: Vec<Tag>, resource: &str) -> Result<(), Fault> {
    for Tag { key, value } in given {
        let key = key.unwrap_or_default();
        if key.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("aws:")) {
            return Err(invalid(format!("Tag keys can't start with aws: ({key}).")));
        }
        tags.insert(key, value.unwrap_or_default());
    }
    if tags.len() > MOST {
        let message = format!("A resource has at most {MOST} tags.");
        return Err(Fault::new("TooManyTagsException", message).with_field("ResourceName", resource));
    }
    Ok(())
}

/// What an ARN names.
enum Named<'a> {
    Namespace(&'a str),
    Service(&'a str),
}

fn find<'a>(state: &State, arn: &'a str) -> Result<Named<'a>, Fault> {
    let of = |kind| id_of(&state.region, kind, arn).filter(|_| arn.starts_with("arn:"));
    let namespace = of("namespace").filter(|id| state.namespaces.contains(id)).map(Named::Namespace);
    let service = || of("service").filter(|id| state.discovery_services.contains(id)).map(Named::Service);
    let missing = || Fault::new("ResourceNotFoundException", format!("There is no resource with the ARN {arn}."));
    namespace.or_else(service).ok_or_else(missing)
}

fn tags_of(state: &State, arn: &str) -> Result<Tags, Fault> {
    let tags = match find(state, arn)? {
        Named::Namespace(id) => state.namespaces.get(id).map(|found| &found.tags),
        Named::Service(id) => state.discovery_services.get(id).map(|found| &found.tags),
    };
    Ok(tags.cloned().unwrap_or_default())
}

fn set(tx: &mut Tx<'_>, arn: &str, tags: Tags) -> Result<(), Fault> {
    match find(&tx.state, arn)? {
        Named::Namespace(id) => tx.state.namespaces.update(id, |found| found.tags = tags),
        Named::Service(id) => tx.state.discovery_services.update(id, |found| found.tags = tags),
    }
    Ok(())
}

/// `ListTagsForResource`.
pub(super) fn list(view: &View<'_>, request: ListTagsForResourceRequest) -> Result<ListTagsForResourceResponse, Fault> {
    let tags = tags_of(view.state, &request.resource_arn)?.into_iter();
    Ok(ListTagsForResourceResponse {
        tags: Some(tags.map(|(key, value)| Tag { key: Some(key), value: Some(value) }).collect()),
    })
}

/// `TagResource`.
pub(super) fn tag(tx: &mut Tx<'_>, request: TagResourceRequest) -> Result<TagResourceResponse, Fault> {
    let TagResourceRequest { resource_arn: arn, tags: given } = request;
    let mut tags = tags_of(&tx.state, &arn)?;
    put(&mut tags, given, &arn)?;
    set(tx, &arn, tags)?;
    Ok(TagResourceResponse {})
}

/// `UntagResource`.
pub(super) fn untag(tx: &mut Tx<'_>, request: UntagResourceRequest) -> Result<UntagResourceResponse, Fault> {
    let UntagResourceRequest { resource_arn: arn, tag_keys } = request;
    let mut tags = tags_of(&tx.state, &arn)?;
    tags.retain(|key, _| !tag_keys.contains(key));
    set(tx, &arn, tags)?;
    Ok(UntagResourceResponse {})
}
