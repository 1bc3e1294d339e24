//! Tags of alarms.

use super::invalid;
use crate::{
    State, Tx, View,
    state::{Alarm, Tags},
};
use aws::{
    api::cloudwatch::{
        ListTagsForResourceInput, ListTagsForResourceOutput, Tag, TagResourceInput, TagResourceOutput,
        UntagResourceInput, UntagResourceOutput,
    },
    fault::Fault,
};

/// The tags an alarm may have ("TagResource").
const MOST: usize = 50;

/// Tags by their keys.
///
/// # Errors
/// `InvalidParameterValue` for too many, and for keys that are AWS's own.
pub(super) fn read(given: Vec<Tag>) -> Result<Tags, Fault> {
    let tags: Tags =
        given.into_iter().map(|tag| (tag.key.unwrap_or_default(), tag.value.unwrap_or_default())).collect();
    check(tags)
}

fn check(tags: Tags) -> Result<Tags, Fault> {
    if tags.len() > MOST {
        return Err(invalid(format!("An alarm has at most {MOST} tags.")));
    }
    match tags.keys().find(|key| key.starts_with("aws:")) {
        Some(key) => Err(invalid(format!("Tag keys can't start with aws: ({key})."))),
        None => Ok(tags),
    }
}

fn find<'a>(state: &'a State, arn: &str) -> Result<&'a Alarm, Fault> {
    let prefix = super::arn(&state.region, "");
    let name = arn.strip_prefix(&prefix);
    name.and_then(|name| state.alarms.get(name))
        .ok_or_else(|| Fault::new("ResourceNotFoundException", format!("Unknown ARN {arn}")).with_status(404))
}

pub(super) fn list(view: &View<'_>, request: ListTagsForResourceInput) -> Result<ListTagsForResourceOutput, Fault> {
    let tags = find(view.state, &request.resource_arn)?.tags.iter();
    let tags = tags.map(|(key, value)| Tag { key: Some(key.clone()), value: Some(value.clone()) });
    Ok(ListTagsForResourceOutput { tags: Some(tags.collect()) })
}

pub(super) fn tag(tx: &mut Tx<'_>, request: TagResourceInput) -> Result<TagResourceOutput, Fault> {
    let alarm = find(&tx.state, &request.resource_arn)?;
    let (name, mut tags) = (alarm.name.clone(), alarm.tags.clone());
    tags.extend(read(request.tags)?);
    let tags = check(tags)?;
    tx.state.alarms.update(&name, |alarm| alarm.tags = tags);
    Ok(TagResourceOutput {})
}

pub(super) fn untag(tx: &mut Tx<'_>, request: UntagResourceInput) -> Result<UntagResourceOutput, Fault> {
    let name = find(&tx.state, &request.resource_arn)?.name.clone();
    tx.state.alarms.update(&name, |alarm| alarm.tags.retain(|key, _| !request.tag_keys.contains(key)));
    Ok(UntagResourceOutput {})
}
