//! Tags of scalable targets.

use super::{invalid, target};
use crate::{
    State, Tx, View,
    state::{ScalableTarget, Tags},
};
use aws::{
    api::application_autoscaling::{
        ListTagsForResourceRequest, ListTagsForResourceResponse, TagResourceRequest, TagResourceResponse,
        UntagResourceRequest, UntagResourceResponse,
    },
    fault::Fault,
};

/// Tags of a scalable target ("Tagging support for Application Auto Scaling").
const MOST: usize = 50;
/// Characters of a key.
const KEY: usize = 128;

/// # Errors
/// `TooManyTagsException`; `ValidationException` for keys that are AWS's own, of no length or too long.
pub(super) fn check(tags: &Tags) -> Result<(), Fault> {
    if tags.len() > MOST {
        return Err(Fault::new("TooManyTagsException", format!("A scalable target can have at most {MOST} tags.")));
    }
    let bad =
        |key: &&String| key.is_empty() || key.chars().count() > KEY || key.to_ascii_lowercase().starts_with("aws:");
    match tags.keys().find(bad) {
        Some(key) => Err(invalid(format!("The tag key {key:?} is none that can be set."))),
        None => Ok(()),
    }
}

fn find<'a>(state: &'a State, arn: &str) -> Result<&'a ScalableTarget, Fault> {
    let named = |target: &&ScalableTarget| target::arn(&state.region, target) == arn;
    let found = state.scalable_targets.iter().find(named);
    found.ok_or_else(|| {
        let fault = Fault::new("ResourceNotFoundException", "The specified resource doesn't exist.");
        fault.with_field("ResourceName", arn)
    })
}

pub(super) fn list(view: &View<'_>, request: ListTagsForResourceRequest) -> Result<ListTagsForResourceResponse, Fault> {
    let ListTagsForResourceRequest { resource_arn } = request;
    Ok(ListTagsForResourceResponse { tags: Some(find(view.state, &resource_arn)?.tags.clone()) })
}

pub(super) fn tag(tx: &mut Tx<'_>, request: TagResourceRequest) -> Result<TagResourceResponse, Fault> {
    let TagResourceRequest { resource_arn, tags: given } = request;
    let found = find(&tx.state, &resource_arn)?;
    let (resource, mut tags) = (found.resource(), found.tags.clone());
    tags.extend(given);
    check(&tags)?;
    tx.state.scalable_targets.update(&resource, |target| target.tags = tags);
    Ok(TagResourceResponse {})
}

pub(super) fn untag(tx: &mut Tx<'_>, request: UntagResourceRequest) -> Result<UntagResourceResponse, Fault> {
    let UntagResourceRequest { resource_arn, tag_keys } = request;
    let resource = find(&tx.state, &resource_arn)?.resource();
    tx.state.scalable_targets.update(&resource, |target| target.tags.retain(|key, _| !tag_keys.contains(key)));
    Ok(UntagResourceResponse {})
}
