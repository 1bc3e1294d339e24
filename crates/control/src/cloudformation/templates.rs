//! Templates: what a stack was made of, and what one would need.

use super::{find, prepare, validation};
use crate::{
    State, View,
    state::{Slot, StackDeployment},
};
use aws::{
    api::cloudformation::{
        Capability, GetTemplateInput, GetTemplateOutput, GetTemplateSummaryInput, GetTemplateSummaryOutput,
        ParameterConstraints, ParameterDeclaration, ResourceIdentifierSummary, TemplateParameter, TemplateStage,
        ValidateTemplateInput, ValidateTemplateOutput, Warnings,
    },
    fault::Fault,
};
use template::Template;

/// What a stack is deployed with: the last deployment that succeeded, or the one that is being made.
pub(super) fn deployment<'s>(state: &'s State, stack: &str) -> Option<&'s StackDeployment> {
    let slots = [Slot::Current, Slot::Next];
    slots.into_iter().find_map(|slot| state.stack_deployments.get(&StackDeployment::key_of(stack, slot)))
}

/// GetTemplate.
pub(super) fn get(view: &View<'_>, request: GetTemplateInput) -> Result<GetTemplateOutput, Fault> {
    let (body, setting) = match (&request.change_set_name, &request.stack_name) {
        (Some(name), stack) => super::change_sets::template(view.state, name, stack.as_deref())?,
        (None, Some(name)) => {
            let stack = find::shown(view.state, name)?;
            let missing = || validation(format!("Template for stack {name} does not exist"));
            let deployment = deployment(view.state, &stack.id).ok_or_else(missing)?;
            (deployment.template.clone(), prepare::setting_of(view.state, stack, deployment))
        }
        (None, None) => return Err(validation("Either Stack Name or Change Set Name must be specified.")),
    };
    let body = match request.template_stage {
        Some(TemplateStage::Processed) => {
            let template = prepare::read(&body)?;
            let processed = template.processed(&setting).map_err(|error| validation(error.to_string()))?;
            if template.transforms.is_empty() { body } else { processed.to_string() }
        }
        _ => body,
    };
    let stages = vec![TemplateStage::Original, TemplateStage::Processed];
    Ok(GetTemplateOutput { template_body: Some(body), stages_available: Some(stages) })
}

/// ValidateTemplate.
pub(super) fn validate(_: &View<'_>, request: ValidateTemplateInput) -> Result<ValidateTemplateOutput, Fault> {
    let body = request.template_body.ok_or_else(neither)?;
    let template = prepare::read(&body)?;
    let parameters = template.parameters.iter().map(|(key, declared)| TemplateParameter {
        parameter_key: Some(key.clone()),
        default_value: declared.default.clone(),
        no_echo: Some(declared.no_echo),
        description: declared.description.clone(),
    });
    let parameters = Some(parameters.collect());
    let capabilities = capabilities(&template);
    Ok(ValidateTemplateOutput {
        parameters,
        description: template.description.clone(),
        capabilities_reason: template.capabilities_reason(),
        capabilities,
        declared_transforms: some(template.transforms.clone()),
    })
}

/// GetTemplateSummary.
pub(super) fn summary(view: &View<'_>, request: GetTemplateSummaryInput) -> Result<GetTemplateSummaryOutput, Fault> {
    if request.stack_set_name.is_some() {
        return Err(validation("neargate does not support StackSetName: it has no stack sets."));
    }
    let body = match (request.template_body, &request.stack_name) {
        (Some(body), None) => body,
        (None, Some(name)) => {
            let stack = find::shown(view.state, name)?;
            let missing = || validation(format!("Template for stack {name} does not exist"));
            deployment(view.state, &stack.id).ok_or_else(missing)?.template.clone()
        }
        _ => return Err(neither()),
    };
    let template = prepare::read(&body)?;
    let unknown: Vec<String> = template.resource_types().into_iter().filter(|kind| !known(kind)).collect();
    let tolerant = request.template_summary_config.and_then(|c| c.treat_unrecognized_resource_types_as_warnings);
    if !unknown.is_empty() && tolerant != Some(true) {
        return Err(validation(format!(
            "Template format error: Unrecognized resource types: [{}]",
            unknown.join(", ")
        )));
    }
    let parameters = template.parameter_order().into_iter().filter_map(|key| {
        let declared = template.parameters.get(key)?;
        Some(ParameterDeclaration {
            parameter_key: Some(key.to_owned()),
            default_value: declared.default.clone(),
            parameter_type: Some(declared.kind.declared()),
            no_echo: Some(declared.no_echo),
            description: declared.description.clone(),
            parameter_constraints: Some(ParameterConstraints { allowed_values: declared.allowed_values.clone() }),
        })
    });
    let identifiers = template.types().into_iter().filter_map(|of| {
        let schema = resourcetypes::schema(&of.kind)?;
        Some(ResourceIdentifierSummary {
            resource_type: Some(of.kind.clone()),
            logical_resource_ids: Some(of.resources),
            resource_identifiers: Some(schema.identifier().to_vec()),
        })
    });
    Ok(GetTemplateSummaryOutput {
        parameters: Some(parameters.collect()),
        description: template.description.clone(),
        capabilities: capabilities(&template),
        capabilities_reason: template.capabilities_reason(),
        resource_types: Some(template.resource_types()),
        version: template.version().map(str::to_owned),
        metadata: (!template.metadata.is_null()).then(|| template.metadata.to_string()),
        declared_transforms: some(template.transforms.clone()),
        resource_identifier_summaries: Some(identifiers.collect()),
        warnings: some(unknown).map(|unknown| Warnings { unrecognized_resource_types: Some(unknown) }),
    })
}

fn known(kind: &str) -> bool {
    resourcetypes::published(kind) || kind.starts_with("Custom::")
}

fn neither() -> Fault {
    validation("Either Template URL or Template Body must be specified.")
}

fn some(list: Vec<String>) -> Option<Vec<String>> {
    Some(list).filter(|list| !list.is_empty())
}

fn capabilities(template: &Template) -> Option<Vec<Capability>> {
    let needed = template.capabilities().into_iter().filter_map(|capability| Capability::parse(capability.name()));
    Some(needed.collect::<Vec<_>>()).filter(|needed| !needed.is_empty())
}
