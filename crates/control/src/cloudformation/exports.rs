//! Exports: values of stacks that others import.

use super::validation;
use crate::{
    State, View,
    state::{Slot, Stack, StackDeployment, exports},
};
use aws::{
    api::cloudformation::{
        Export, ListExportsInput, ListExportsOutput, ListImportsInput, ListImportsOutput, StackStatus,
    },
    fault::Fault,
};

/// How many are told at a time ("ListExports", AWS CloudFormation API Reference: results are paged).
const PAGE: usize = 100;

/// The stacks that import a value. One whose creation was rolled back has nothing that was made of it.
pub(super) fn importers<'s>(state: &'s State, export: &str) -> impl Iterator<Item = &'s Stack> {
    state.stacks.iter().filter(move |stack| {
        let slots = [Slot::Current, Slot::Next].map(|slot| StackDeployment::key_of(&stack.id, slot));
        let deployments = slots.iter().filter_map(|key| state.stack_deployments.get(key));
        let empty = matches!(stack.status, StackStatus::RollbackComplete | StackStatus::ReviewInProgress);
        stack.deleted.is_none() && !empty && deployments.into_iter().any(|deployment| imports(deployment, export))
    })
}

fn imports(deployment: &StackDeployment, export: &str) -> bool {
    let resources = deployment.resolved.resources.values().map(|resource| &resource.properties);
    let outputs = deployment.resolved.outputs.values().map(|output| &output.value);
    resources.chain(outputs).any(|value| template::imports(value).contains(export))
}

/// ListExports.
pub(super) fn list(view: &View<'_>, request: ListExportsInput) -> Result<ListExportsOutput, Fault> {
    let found = exports(&view.state.stacks).map(|(name, (stack, output))| {
        let export = Export {
            exporting_stack_id: Some(stack.id.clone()),
            name: Some(name.to_owned()),
            value: Some(output.value.clone()),
        };
        (name.to_owned(), export)
    });
    let (exports, next_token) = super::pages::paged(found, PAGE, request.next_token.as_deref())?;
    Ok(ListExportsOutput { exports: Some(exports), next_token })
}

/// ListImports.
pub(super) fn importing(view: &View<'_>, request: ListImportsInput) -> Result<ListImportsOutput, Fault> {
    let name = &request.export_name;
    if !exports(&view.state.stacks).any(|(export, _)| export == name) {
        return Err(validation(format!("Export '{name}' does not exist.")));
    }
    let found = importers(view.state, name).map(|stack| (stack.id.clone(), stack.name.clone()));
    let (imports, next_token) = super::pages::paged(found, PAGE, request.next_token.as_deref())?;
    if imports.is_empty() && next_token.is_none() {
        return Err(validation(format!("Export '{name}' is not imported by any stack.")));
    }
    Ok(ListImportsOutput { imports: Some(imports), next_token })
}
