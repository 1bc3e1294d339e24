//! From what a call asks for to what is deployed: the template read, its parameters looked up, everything that can be wrong checked before
//! anything is made.

use super::{
    role,
    types::{self, ask, at},
    validation,
};
use crate::{
    State, View,
    state::{Slot, Stack, StackDeployment, StackParameter, Tags},
};
use aws::{
    api::{
        cloudformation::{Capability, Parameter, Tag},
        ec2, ssm,
    },
    fault::Fault,
};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use template::{Checked, Existing, Given, Resolved, Setting, Specific, Template};

/// What a call gives to deploy a stack with.
#[derive(Debug, Clone, Default)]
pub(super) struct Request {
    /// The template; none for the one the stack was last deployed with.
    pub(super) template: Option<String>,
    /// Values of its parameters.
    pub(super) parameters: Vec<Parameter>,
    /// The stack's tags; none for those it has.
    pub(super) tags: Option<Vec<Tag>>,
    /// What its user acknowledges.
    pub(super) capabilities: Vec<Capability>,
    /// Topics that are to be told; none for those it has.
    pub(super) notification_arns: Option<Vec<String>>,
    /// The role it acts as; none for the one it has.
    pub(super) role_arn: Option<String>,
    /// The types that may be used; none for all.
    pub(super) resource_types: Option<Vec<String>>,
}

/// Makes a deployment of a call, or says what is wrong with it.
///
/// # Errors
/// `ValidationError` with CloudFormation's message, `InsufficientCapabilitiesException`.
pub(super) fn deployment(
    view: &View<'_>,
    stack: (&str, &str),
    request: Request,
    previous: Option<&StackDeployment>,
) -> Result<StackDeployment, Fault> {
    let deployment = draft(view, stack, request, previous)?;
    check_properties(&deployment.resolved)?;
    Ok(deployment)
}

/// The same before resources' properties are looked at.
///
/// # Errors
/// As of [`deployment`], but for what is wrong with properties.
pub(super) fn draft(
    view: &View<'_>,
    (id, name): (&str, &str),
    request: Request,
    previous: Option<&StackDeployment>,
) -> Result<StackDeployment, Fault> {
    if let Some(role) = &request.role_arn {
        role::check(view.state, role, id)?;
    }
    if request.notification_arns.as_ref().is_some_and(|topics| !topics.is_empty()) {
        return Err(validation("neargate does not support NotificationARNs yet: it has no Amazon SNS."));
    }
    let body = match (&request.template, previous) {
        (Some(body), _) => body.clone(),
        (None, Some(previous)) => previous.template.clone(),
        (None, None) => return Err(validation("Either Template URL or Template Body must be specified.")),
    };
    let template = read(&body)?;
    let given = given(&template, &request.parameters, previous)?;
    let tags = match request.tags {
        Some(tags) => checked_tags(tags)?,
        None => previous.map(|previous| previous.tags.clone()).unwrap_or_default(),
    };
    let notification_arns =
        request.notification_arns.unwrap_or_else(|| previous.map(|p| p.notification_arns.clone()).unwrap_or_default());
    let checked = template.check_parameters(&given).map_err(|error| validation(error.to_string()))?;
    let looked_up = look_up(view, checked)?;
    let setting = setting(view.state, (id, name), looked_up.values.clone(), notification_arns.clone());
    // A loop may make what has to be acknowledged.
    let expanded = template.expanded(&setting).map_err(|error| validation(error.to_string()))?;
    check_capabilities(&expanded, &request.capabilities)?;
    let resolved = template.resolve(&setting).map_err(|error| validation(error.to_string()))?;
    check_types(&resolved, request.resource_types.as_deref())?;
    check_signals(&resolved)?;
    check_attributes(&resolved)?;
    let parameters = template.parameters.iter().filter_map(|(key, declared)| {
        let value = given.get(key).or(declared.default.as_ref())?.clone();
        let resolved = matches!(declared.kind, template::ParameterKind::SsmValue(_))
            .then(|| looked_up.values.get(key).map(shown))
            .flatten();
        Some(StackParameter { key: key.clone(), value, resolved, no_echo: declared.no_echo })
    });
    Ok(StackDeployment {
        stack: id.to_owned(),
        slot: Slot::Next,
        description: template.description.clone(),
        parameters: parameters.collect(),
        tags,
        capabilities: request.capabilities,
        notification_arns,
        role_arn: request.role_arn.or_else(|| previous.and_then(|previous| previous.role_arn.clone())),
        template: body,
        resolved,
    })
}

/// Reads a template.
///
/// # Errors
/// `ValidationError` with what is wrong.
pub(super) fn read(body: &str) -> Result<Template, Fault> {
    Template::read(body).map_err(|error| validation(error.to_string()))
}

fn check_capabilities(template: &Template, given: &[Capability]) -> Result<(), Fault> {
    let acknowledged: BTreeSet<&str> = given.iter().map(|capability| capability.as_str()).collect();
    let missing = template.capabilities().into_iter().find(|needed| match needed {
        template::Capability::Iam => {
            !acknowledged.contains("CAPABILITY_IAM") && !acknowledged.contains("CAPABILITY_NAMED_IAM")
        }
        // A transform that only adds to the language changes nothing that would have to be acknowledged in a change set; stacks that
        // are made of it directly must say so.
        needed => !acknowledged.contains(needed.name()),
    });
    match missing {
        None => Ok(()),
        Some(missing) => {
            let message = format!("Requires capabilities : [{}]", missing.name());
            Err(Fault::new("InsufficientCapabilitiesException", message))
        }
    }
}

/// The values of parameters as text: given, or those of before where the call says so.
fn given(
    template: &Template,
    parameters: &[Parameter],
    previous: Option<&StackDeployment>,
) -> Result<BTreeMap<String, String>, Fault> {
    let mut given = BTreeMap::new();
    for parameter in parameters {
        let Some(key) = parameter.parameter_key.clone() else {
            return Err(validation("Parameters must have a ParameterKey."));
        };
        if given.contains_key(&key) {
            return Err(validation(format!("Duplicate Parameter Key: {key}")));
        }
        let value = match (&parameter.parameter_value, parameter.use_previous_value.unwrap_or(false)) {
            (Some(_), true) => {
                return Err(validation(format!(
                    "Invalid input for parameter key {key}. Cannot specify usePreviousValue as true and non empty value for a parameter"
                )));
            }
            (Some(value), false) => Some(value.clone()),
            (None, true) => {
                let old = previous.and_then(|previous| previous.parameters.iter().find(|old| old.key == key));
                match old {
                    Some(old) => Some(old.value.clone()),
                    None => {
                        return Err(validation(format!(
                            "Invalid input for parameter key {key}. Unable to find previous value for parameter"
                        )));
                    }
                }
            }
            (None, false) => template.parameters.get(&key).and_then(|declared| declared.default.clone()),
        };
        if let Some(value) = value {
            given.insert(key, value);
        }
    }
    Ok(given)
}

/// "CloudFormation quotas": tags of a stack.
const MOST_TAGS: usize = 50;

fn checked_tags(tags: Vec<Tag>) -> Result<Tags, Fault> {
    let mut all = Tags::new();
    if tags.len() > MOST_TAGS {
        return Err(validation(format!("Stack cannot have more than {MOST_TAGS} tags.")));
    }
    for Tag { key, value } in tags {
        let (key, value) = (key.unwrap_or_default(), value.unwrap_or_default());
        if key.to_ascii_lowercase().starts_with("aws:") {
            return Err(validation("aws: prefixed tag key names are not allowed for external use."));
        }
        if all.insert(key.clone(), value).is_some() {
            return Err(validation(format!("Tag keys must be unique: {key}")));
        }
    }
    Ok(all)
}

/// Looks up the parameters that are kept in the Parameter Store, and sees that everything exists that must.
fn look_up(view: &View<'_>, mut checked: Checked) -> Result<Checked, Fault> {
    let mut missing = Vec::new();
    for lookup in checked.ssm.clone() {
        let answer = ask(view, &ssm::API, "GetParameter", json!({ "Name": lookup.name }));
        match answer {
            Ok(answer) if at(&answer, "/Parameter/Type") != "SecureString" => {
                checked.look_up(&lookup, at(&answer, "/Parameter/Value").as_str().unwrap_or_default());
            }
            Ok(_) if lookup.kind.is_some() => {
                let message = format!(
                    "Parameters [{}] referenced by template have types not supported by CloudFormation.",
                    lookup.name
                );
                return Err(validation(message));
            }
            Ok(_) => {}
            Err(_) => missing.push(lookup.name.clone()),
        }
    }
    if !missing.is_empty() {
        let names: Vec<&str> = missing.iter().map(String::as_str).collect();
        return Err(validation(template::SsmLookup::missing(&names).to_string()));
    }
    for existing in &checked.existing {
        if let Some(value) = existing.values.iter().find(|value| !exists(view, existing, value)) {
            return Err(validation(existing.missing(value).to_string()));
        }
    }
    Ok(checked)
}

/// Whether what a parameter of an AWS-specific type names is there.
fn exists(view: &View<'_>, existing: &Existing, value: &str) -> bool {
    let there = |operation: &str, member: &str| ask(view, &ec2::API, operation, json!({ member: [value] })).is_ok();
    match existing.kind {
        Specific::AvailabilityZoneName => there("DescribeAvailabilityZones", "ZoneName"),
        Specific::SecurityGroupId => there("DescribeSecurityGroups", "GroupId"),
        Specific::SecurityGroupName => there("DescribeSecurityGroups", "GroupName"),
        Specific::SubnetId => there("DescribeSubnets", "SubnetId"),
        Specific::VpcId => there("DescribeVpcs", "VpcId"),
        // There are none of these in a region of tasks.
        Specific::HostedZoneId
        | Specific::ImageId
        | Specific::InstanceId
        | Specific::KeyPairName
        | Specific::VolumeId => false,
    }
}

/// What functions know of the world.
fn setting(
    state: &State,
    (id, name): (&str, &str),
    parameters: BTreeMap<String, Given>,
    notification_arns: Vec<String>,
) -> Setting {
    let region = &state.region;
    let zones = region.zones.iter().map(|zone| zone.name.clone()).collect();
    Setting {
        region: region.name.clone(),
        account: region.account.clone(),
        partition: "aws".to_owned(),
        url_suffix: "amazonaws.com".to_owned(),
        stack_id: id.to_owned(),
        stack_name: name.to_owned(),
        notification_arns,
        zones: BTreeMap::from([(region.name.clone(), zones)]),
        parameters,
        ..Setting::default()
    }
}

/// The same for a stack as it was deployed.
pub(super) fn setting_of(state: &State, stack: &Stack, deployment: &StackDeployment) -> Setting {
    let declared = Template::read(&deployment.template).map(|template| template.parameters).unwrap_or_default();
    let parameters = deployment.parameters.iter().filter_map(|parameter| {
        let value = parameter.resolved.as_ref().unwrap_or(&parameter.value);
        Some((parameter.key.clone(), Given::read(&declared.get(&parameter.key)?.kind, value)))
    });
    setting(state, (&stack.id, &stack.name), parameters.collect(), deployment.notification_arns.clone())
}

/// A parameter's value as it is shown.
fn shown(given: &Given) -> String {
    match given.value() {
        Value::String(text) => text,
        Value::Array(items) => {
            items.iter().map(|item| item.as_str().map_or(item.to_string(), str::to_owned)).collect::<Vec<_>>().join(",")
        }
        other => other.to_string(),
    }
}

/// Refuses types by name that AWS does not know, that neargate does not make, or that the call does not allow.
fn check_types(resolved: &Resolved, allowed: Option<&[String]>) -> Result<(), Fault> {
    let kinds: BTreeSet<&str> = resolved.resources.values().map(|resource| resource.kind.as_str()).collect();
    let list = |kinds: Vec<&str>| kinds.join(", ");
    let custom: Vec<&str> = kinds
        .iter()
        .copied()
        .filter(|kind| kind.starts_with("Custom::") || *kind == "AWS::CloudFormation::CustomResource")
        .collect();
    if !custom.is_empty() {
        return Err(validation(format!(
            "neargate does not support custom resources yet: [{}]. They are made by AWS Lambda functions, which it does not run.",
            list(custom)
        )));
    }
    let unknown: Vec<&str> = kinds.iter().copied().filter(|kind| !resourcetypes::published(kind)).collect();
    if !unknown.is_empty() {
        return Err(validation(format!("Template format error: Unrecognized resource types: [{}]", list(unknown))));
    }
    let absent: Vec<&str> = kinds
        .iter()
        .copied()
        .filter(|kind| types::find(kind).is_none() || resourcetypes::schema(kind).is_none())
        .collect();
    if !absent.is_empty() {
        return Err(validation(format!("neargate does not support these resource types yet: [{}]", list(absent))));
    }
    let Some(allowed) = allowed else { return Ok(()) };
    let fits = |kind: &str| {
        allowed
            .iter()
            .any(|allowed| allowed == kind || allowed.strip_suffix('*').is_some_and(|start| kind.starts_with(start)))
    };
    match kinds.into_iter().find(|kind| !fits(kind)) {
        None => Ok(()),
        Some(kind) => {
            Err(validation(format!("Resource type {kind} is not allowed by parameter ResourceTypes {allowed:?}")))
        }
    }
}

/// Refuses by name what neargate would not act on: nothing that stacks make here waits for signals, or is updated in batches.
fn check_signals(resolved: &Resolved) -> Result<(), Fault> {
    for (logical_id, resource) in &resolved.resources {
        let attributes = [("CreationPolicy", &resource.creation_policy), ("UpdatePolicy", &resource.update_policy)];
        if let Some((name, _)) = attributes.into_iter().find(|(_, value)| !value.is_null()) {
            return Err(validation(format!(
                "neargate does not support {name} yet: resource {logical_id} of {} has one",
                resource.kind
            )));
        }
    }
    Ok(())
}

/// Holds every resource's properties against its type's schema, and against what neargate makes of them.
///
/// # Errors
/// `ValidationError` with what is wrong with the first one that something is wrong with.
pub(super) fn check_properties(resolved: &Resolved) -> Result<(), Fault> {
    for (logical_id, resource) in &resolved.resources {
        let (Some(found), Some(schema)) = (types::find(&resource.kind), resourcetypes::schema(&resource.kind)) else {
            continue;
        };
        let properties = schema.coerce(&resource.properties);
        if let Some(message) = schema.message(&properties) {
            return Err(validation(format!(
                "Properties validation failed for resource {logical_id} with message:\n{message}"
            )));
        }
        if let Some(path) = found.unsupported().iter().find(|path| resourcetypes::has(&properties, path)) {
            let kind = &resource.kind;
            return Err(validation(format!(
                "Properties validation failed for resource {logical_id} with message:\n#/{path}: neargate does not support this property of {kind} yet"
            )));
        }
    }
    Ok(())
}

/// Refuses attributes that a resource's type does not have. Those of nested stacks are known when they are there.
fn check_attributes(resolved: &Resolved) -> Result<(), Fault> {
    let resources = resolved.resources.values().map(|resource| &resource.properties);
    let outputs = resolved.outputs.values().map(|output| &output.value);
    for (logical_id, name) in resources.chain(outputs).flat_map(attributes) {
        let Some(resource) = resolved.resources.get(&logical_id) else { continue };
        let nested = resource.kind == super::engine::STACK && name.starts_with("Outputs.");
        let known = resourcetypes::schema(&resource.kind).is_none_or(|schema| schema.attributes().contains(&name));
        if !nested && !known {
            let message =
                format!("Template error: resource {logical_id} does not support attribute type {name} in Fn::GetAtt");
            return Err(validation(message));
        }
    }
    Ok(())
}

/// The attributes that a value asks for.
fn attributes(value: &Value) -> Vec<(String, String)> {
    match value {
        Value::Object(members) => match members.get("Fn::GetAtt").and_then(Value::as_array).map(Vec::as_slice) {
            Some([Value::String(id), Value::String(name)]) => vec![(id.clone(), name.clone())],
            _ => members.values().flat_map(attributes).collect(),
        },
        Value::Array(items) => items.iter().flat_map(attributes).collect(),
        _ => Vec::new(),
    }
}
