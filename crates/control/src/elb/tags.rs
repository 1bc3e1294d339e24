//! Tags ("Tag your load balancer", Application Load Balancers guide).

use super::{
    arn::{self, Named},
    invalid, limits,
};
use crate::{
    State, Tx, View,
    state::{Record, Tags},
};
use aws::{
    api::elbv2::{
        AddTagsInput, AddTagsOutput, DescribeTagsInput, DescribeTagsOutput, RemoveTagsInput, RemoveTagsOutput, Tag,
        TagDescription,
    },
    fault::Fault,
};

/// Resources of one call.
const MOST_RESOURCES: usize = 20;

/// The tags that something new is given.
///
/// # Errors
/// `DuplicateTagKeys`, `TooManyTags`, `ValidationError` for AWS's own.
pub(super) fn at_creation(given: Option<Vec<Tag>>) -> Result<Tags, Fault> {
    let mut tags = Tags::new();
    put(&mut tags, given.unwrap_or_default())?;
    Ok(tags)
}

fn put(tags: &mut Tags, given: Vec<Tag>) -> Result<(), Fault> {
    let mut seen = Vec::new();
    for Tag { key, value } in given {
        let key = key.unwrap_or_default();
        if key.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("aws:")) {
            return Err(invalid("aws: prefixed tag key names are not allowed for external use."));
        }
        if seen.contains(&key) {
            return Err(Fault::new("DuplicateTagKeys", "A tag key was specified more than once"));
        }
        seen.push(key.clone());
        tags.insert(key, value.unwrap_or_default());
    }
    if tags.len() > limits::TAGS {
        return Err(Fault::new("TooManyTags", "The maximum number of tags has been reached"));
    }
    Ok(())
}

/// Changes the tags of what an ARN names.
fn change(state: &mut State, resource: &str, change: impl FnOnce(&mut Tags)) -> Result<(), Fault> {
    match arn::find(state, resource)? {
        Named::LoadBalancer(found) => {
            let key = found.key();
            state.load_balancers.update(&key, |record| change(&mut record.tags));
        }
        Named::Listener(found) => {
            let key = found.key();
            state.listeners.update(&key, |record| change(&mut record.tags));
        }
        Named::Rule(found) => {
            let key = found.key();
            state.listener_rules.update(&key, |record| change(&mut record.tags));
        }
        Named::TargetGroup(found) => {
            let key = found.key();
            state.target_groups.update(&key, |record| change(&mut record.tags));
        }
    }
    Ok(())
}

fn tags_of<'a>(state: &'a State, resource: &str) -> Result<&'a Tags, Fault> {
    Ok(match arn::find(state, resource)? {
        Named::LoadBalancer(found) => &found.tags,
        Named::Listener(found) => &found.tags,
        Named::Rule(found) => &found.tags,
        Named::TargetGroup(found) => &found.tags,
    })
}

fn check_number(resources: &[String]) -> Result<(), Fault> {
    match resources.len() {
        0 => Err(invalid("At least one resource ARN must be specified")),
        1..=MOST_RESOURCES => Ok(()),
        _ => Err(invalid(format!("Up to '{MOST_RESOURCES}' resource ARNs can be specified"))),
    }
}

/// AddTags.
pub(super) fn add(tx: &mut Tx<'_>, input: AddTagsInput) -> Result<AddTagsOutput, Fault> {
    let AddTagsInput { resource_arns, tags } = input;
    check_number(&resource_arns)?;
    for resource in resource_arns {
        let mut result = Ok(());
        change(&mut tx.state, &resource, |now| result = put(now, tags.clone()))?;
        result?;
    }
    Ok(AddTagsOutput {})
}

/// RemoveTags.
pub(super) fn remove(tx: &mut Tx<'_>, input: RemoveTagsInput) -> Result<RemoveTagsOutput, Fault> {
    let RemoveTagsInput { resource_arns, tag_keys } = input;
    check_number(&resource_arns)?;
    for resource in resource_arns {
        change(&mut tx.state, &resource, |now| now.retain(|key, _| !tag_keys.contains(key)))?;
    }
    Ok(RemoveTagsOutput {})
}

/// DescribeTags.
pub(super) fn describe(view: &View<'_>, input: DescribeTagsInput) -> Result<DescribeTagsOutput, Fault> {
    let DescribeTagsInput { resource_arns } = input;
    check_number(&resource_arns)?;
    let describe = |resource: String| {
        let tags = tags_of(view.state, &resource)?;
        let tag = |(key, value): (&String, &String)| Tag { key: Some(key.clone()), value: Some(value.clone()) };
        Ok(TagDescription { resource_arn: Some(resource), tags: Some(tags.iter().map(tag).collect()) })
    };
    let descriptions: Result<_, Fault> = resource_arns.into_iter().map(describe).collect();
    Ok(DescribeTagsOutput { tag_descriptions: Some(descriptions?) })
}
