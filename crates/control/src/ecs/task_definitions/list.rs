//! ListTaskDefinitions and ListTaskDefinitionFamilies.

use crate::{
    View,
    state::{TaskDefinition, TaskDefinitionFamily},
};
use aws::{
    api::ecs::{
        ListTaskDefinitionFamiliesRequest, ListTaskDefinitionFamiliesResponse, ListTaskDefinitionsRequest,
        ListTaskDefinitionsResponse, SortOrder, TaskDefinitionFamilyStatus, TaskDefinitionStatus,
    },
    fault::Fault,
    page,
};

/// A page of either list.
const PAGE: page::Size = page::Size { default: 100, max: 100 };

/// Lists revisions by family and number, the active ones unless others are asked for.
pub(crate) fn list(view: &View<'_>, input: ListTaskDefinitionsRequest) -> Result<ListTaskDefinitionsResponse, Fault> {
    let ListTaskDefinitionsRequest { family_prefix, status, sort, next_token, max_results } = input;
    let status = status.unwrap_or(TaskDefinitionStatus::Active);
    // Despite its name it is a whole family.
    let family = |found: &&TaskDefinition| family_prefix.as_ref().is_none_or(|family| found.family == *family);
    let found = view.state.task_definitions.iter().filter(family).filter(|found| found.status() == status);
    let place = |found: &&TaskDefinition| match sort.unwrap_or(SortOrder::Asc) {
        SortOrder::Asc => format!("{} {:010}", found.family, found.revision),
        SortOrder::Desc => backwards(&format!("{} {:010}", found.family, found.revision)),
    };
    let page = page::paginate(found, place, max_results, next_token.as_deref(), PAGE);
    let (found, next_token) = page.map_err(|bad| bad.fault("InvalidParameterException"))?;
    let arns = found.into_iter().map(|found| found.arn.clone()).collect();
    Ok(ListTaskDefinitionsResponse { task_definition_arns: Some(arns), next_token })
}

/// A text that sorts the other way round than the ASCII text it is made of.
fn backwards(text: &str) -> String {
    let turned = text.bytes().map(|byte| char::from(0x7e - byte.min(0x7e)));
    turned.chain(['\x7f']).collect()
}

/// Lists families by name: those with an active revision, those without, or both.
pub(crate) fn families(
    view: &View<'_>,
    input: ListTaskDefinitionFamiliesRequest,
) -> Result<ListTaskDefinitionFamiliesResponse, Fault> {
    let ListTaskDefinitionFamiliesRequest { family_prefix, status, next_token, max_results } = input;
    let prefix = family_prefix.unwrap_or_default();
    let listed = |family: &&TaskDefinitionFamily| {
        let start = format!("{}:", family.name);
        let mut statuses = view.state.task_definitions.prefixed(&start).map(TaskDefinition::status).peekable();
        // A family whose last revision was deleted is forgotten but for its number.
        statuses.peek().is_some() && {
            let active = statuses.any(|status| status == TaskDefinitionStatus::Active);
            match status.unwrap_or(TaskDefinitionFamilyStatus::All) {
                TaskDefinitionFamilyStatus::Active => active,
                TaskDefinitionFamilyStatus::Inactive => !active,
                TaskDefinitionFamilyStatus::All => true,
            }
        }
    };
    let found = view.state.task_definition_families.prefixed(&prefix).filter(listed);
    let page = page::paginate(found, |family| family.name.clone(), max_results, next_token.as_deref(), PAGE);
    let (found, next_token) = page.map_err(|bad| bad.fault("InvalidParameterException"))?;
    let families = found.into_iter().map(|family| family.name.clone()).collect();
    Ok(ListTaskDefinitionFamiliesResponse { families: Some(families), next_token })
}
