//! Tags of repositories.

use super::{faults::invalid, repositories};
use crate::{State, Tx, View};
use aws::{
    api::ecr::{
        ListTagsForResourceRequest, ListTagsForResourceResponse, Tag, TagResourceRequest, TagResourceResponse,
        UntagResourceRequest, UntagResourceResponse,
    },
    arn::Arn,
    fault::Fault,
};

pub(super) use crate::state::Tags;

/// "Tagging a private repository in Amazon ECR": tags of a repository, characters of a key and of a value.
const MOST: usize = 50;
const KEY: usize = 128;
const VALUE: usize = 256;

/// Adds tags; one of the same key takes the older one's place.
///
/// # Errors
/// `InvalidTagParameterException` for what is no tag, `TooManyTagsException` for more than 50.
pub(super) fn add(tags: &mut Tags, more: Vec<Tag>) -> Result<(), Fault> {
    for Tag { key, value } in more {
        let (key, value) = (key.unwrap_or_default(), value.unwrap_or_default());
        let reserved = key.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("aws:"));
        if key.is_empty() || key.chars().count() > KEY || value.chars().count() > VALUE || reserved {
            return Err(Fault::new("InvalidTagParameterException", "Tag parameters are invalid"));
        }
        tags.insert(key, value);
    }
    match tags.len() {
        0..=MOST => Ok(()),
        _ => Err(Fault::new("TooManyTagsException", format!("A repository can have at most {MOST} tags."))),
    }
}

/// ListTagsForResource.
pub(super) fn list(view: &View<'_>, request: ListTagsForResourceRequest) -> Result<ListTagsForResourceResponse, Fault> {
    let ListTagsForResourceRequest { resource_arn } = request;
    let name = name_of(view.state, &resource_arn)?;
    let tags = &repositories::find(view.state, None, &name)?.tags;
    let shape = |(key, value): (&String, &String)| Tag { key: Some(key.clone()), value: Some(value.clone()) };
    Ok(ListTagsForResourceResponse { tags: Some(tags.iter().map(shape).collect()) })
}

/// TagResource.
pub(super) fn tag(tx: &mut Tx<'_>, request: TagResourceRequest) -> Result<TagResourceResponse, Fault> {
    let TagResourceRequest { resource_arn, tags: more } = request;
    let name = name_of(&tx.state, &resource_arn)?;
    let mut tags = repositories::find(&tx.state, None, &name)?.tags.clone();
    add(&mut tags, more)?;
    tx.state.ecr_repositories.update(&name, |repository| repository.tags = tags);
    Ok(TagResourceResponse {})
}

/// UntagResource. Keys that it does not have are no error.
pub(super) fn untag(tx: &mut Tx<'_>, request: UntagResourceRequest) -> Result<UntagResourceResponse, Fault> {
    let UntagResourceRequest { resource_arn, tag_keys } = request;
    let name = name_of(&tx.state, &resource_arn)?;
    repositories::find(&tx.state, None, &name)?;
    tx.state.ecr_repositories.update(&name, |repository| repository.tags.retain(|key, _| !tag_keys.contains(key)));
    Ok(UntagResourceResponse {})
}

/// The repository an ARN names.
fn name_of(state: &State, arn: &str) -> Result<String, Fault> {
    let parsed = Arn::parse(arn)
        .filter(|arn| arn.service == "ecr" && arn.region == state.region.name && arn.account == state.region.account);
    let name = parsed.and_then(|arn| arn.resource.strip_prefix("repository/").map(str::to_owned));
    name.ok_or_else(|| invalid("resourceArn", "Invalid ARN"))
}
