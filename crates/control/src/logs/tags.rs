//! Tags of log groups, by ARN (`TagResource` and so on) and by name (`TagLogGroup` and so on, the older way).

use super::{find, invalid};
use crate::{State, Tx, View};
use aws::{
    api::logs::{
        ListTagsForResourceRequest, ListTagsForResourceResponse, ListTagsLogGroupRequest, ListTagsLogGroupResponse,
        TagLogGroupRequest, TagResourceRequest, UntagLogGroupRequest, UntagResourceRequest,
    },
    arn::Arn,
    fault::Fault,
    shape::Nothing,
};
use std::collections::BTreeMap;

type Tags = BTreeMap<String, String>;

/// The tags a group may have ("TagResource").
const MAX_TAGS: usize = 50;

pub(super) fn list(view: &View<'_>, request: ListTagsForResourceRequest) -> Result<ListTagsForResourceResponse, Fault> {
    let name = name_of(view.state, &request.resource_arn)?;
    Ok(ListTagsForResourceResponse { tags: Some(find::group(view.state, &name)?.tags.clone()) })
}

pub(super) fn list_of_group(
    view: &View<'_>,
    request: ListTagsLogGroupRequest,
) -> Result<ListTagsLogGroupResponse, Fault> {
    Ok(ListTagsLogGroupResponse { tags: Some(find::group(view.state, &request.log_group_name)?.tags.clone()) })
}

pub(super) fn tag(tx: &mut Tx<'_>, request: TagResourceRequest) -> Result<Nothing, Fault> {
    let name = name_of(&tx.state, &request.resource_arn)?;
    add(tx, &name, request.tags)
}

pub(super) fn tag_group(tx: &mut Tx<'_>, request: TagLogGroupRequest) -> Result<Nothing, Fault> {
    add(tx, &request.log_group_name, request.tags)
}

pub(super) fn untag(tx: &mut Tx<'_>, request: UntagResourceRequest) -> Result<Nothing, Fault> {
    let name = name_of(&tx.state, &request.resource_arn)?;
    remove(tx, &name, &request.tag_keys)
}

pub(super) fn untag_group(tx: &mut Tx<'_>, request: UntagLogGroupRequest) -> Result<Nothing, Fault> {
    remove(tx, &request.log_group_name, &request.tags)
}

fn add(tx: &mut Tx<'_>, name: &str, more: Tags) -> Result<Nothing, Fault> {
    let mut tags = find::group(&tx.state, name)?.tags.clone();
    tags.extend(more);
    check(&tags)?;
    tx.state.log_groups.update(name, |group| group.tags = tags);
    Ok(Nothing)
}

fn remove(tx: &mut Tx<'_>, name: &str, keys: &[String]) -> Result<Nothing, Fault> {
    find::group(&tx.state, name)?;
    tx.state.log_groups.update(name, |group| group.tags.retain(|key, _| !keys.contains(key)));
    Ok(Nothing)
}

/// The rules the model of the API does not hold: how many, and whose names.
pub(super) fn check(tags: &Tags) -> Result<(), Fault> {
    if tags.len() > MAX_TAGS {
        return Err(Fault::new("TooManyTagsException", "The maximum number of tags per resource has been exceeded."));
    }
    match tags.keys().find(|key| key.is_empty() || key.chars().count() > 128 || key.starts_with("aws:")) {
        Some(key) => Err(invalid(format!(
            "Invalid tag key '{key}': a key has 1 to 128 characters and does not start with 'aws:'."
        ))),
        None => Ok(()),
    }
}

/// The name of the group an ARN names.
fn name_of(state: &State, arn: &str) -> Result<String, Fault> {
    let parsed = Arn::parse(arn).filter(|arn| arn.service == "logs" && arn.resource.starts_with("log-group:"));
    if parsed.is_none() {
        return Err(invalid(format!("'{arn}' is not the ARN of a log group.")));
    }
    Ok(find::by_identifier(state, arn)?.name.clone())
}
