//! DescribeTaskDefinition.

use super::{client, lookup};
use crate::View;
use aws::{
    api::ecs::{DescribeTaskDefinitionRequest, DescribeTaskDefinitionResponse, TaskDefinitionField},
    fault::Fault,
};

/// Describes a revision whatever its status, or the latest active one of a family.
pub(crate) fn describe(
    view: &View<'_>,
    input: DescribeTaskDefinitionRequest,
) -> Result<DescribeTaskDefinitionResponse, Fault> {
    let DescribeTaskDefinitionRequest { task_definition, include } = input;
    let found = lookup(view.state, &task_definition)?;
    let found = found.ok_or_else(|| client("Unable to describe task definition."))?;
    let tags = match include.is_some_and(|include| include.contains(&TaskDefinitionField::Tags)) {
        true => found.tags.clone(),
        false => Vec::new(),
    };
    Ok(DescribeTaskDefinitionResponse { task_definition: Some(found.definition.clone()), tags: Some(tags) })
}
