//! What a deployment does to each of a stack's resources ("ResourceChange", AWS CloudFormation API Reference).

use super::{
    super::{
        differences::{differences, shown},
        engine::{Live, masked, secrets},
        prepare, types,
    },
    causes::is_function,
    details::{self, Fate, Origins},
};
use crate::{
    View,
    state::{Stack, StackDeployment, StackResource, Tags},
};
use aws::api::cloudformation::{
    Change, ChangeAction, ChangeType, EvaluationType, PolicyAction, Replacement, RequiresRecreation, ResourceAttribute,
    ResourceChange, ResourceChangeDetail, ResourceStatus,
};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};
use template::{Error, Lookup, Policy, ResolvedResource, Template};

/// What stands for a value that is only known when the change set is executed.
const UNKNOWN: &str = "{{changeSet:KNOWN_AFTER_APPLY}}";

/// The changes of a deployment, in the order of the resources' names.
///
/// # Errors
/// A function can't be computed.
pub(super) fn changes(
    view: &View<'_>,
    stack: &Stack,
    before: Option<&StackDeployment>,
    after: &StackDeployment,
) -> Result<Vec<Change>, Error> {
    let template = Template::read(&after.template)?.expanded(&prepare::setting_of(view.state, stack, after))?;
    let mut planner = Planner {
        view,
        stack,
        tags: &after.tags,
        template,
        parameters: changed_parameters(before, after),
        secrets: before.into_iter().chain([after]).flat_map(secrets).collect(),
        fates: BTreeMap::new(),
    };
    let wanted = &after.resolved.resources;
    let mut all = BTreeMap::new();
    let mut waiting: BTreeSet<&str> = wanted.keys().map(String::as_str).collect();
    // What a resource refers to is looked at before it.
    let next = |waiting: &BTreeSet<&str>| {
        let free = |resource: &ResolvedResource| resource.dependencies.iter().all(|id| !waiting.contains(id.as_str()));
        wanted.iter().find(|(id, resource)| waiting.contains(id.as_str()) && free(resource))
    };
    while let Some((id, resource)) = next(&waiting) {
        waiting.remove(id.as_str());
        if let Some(change) = planner.one(id, resource)? {
            all.insert(id.clone(), change);
        }
    }
    for resource in super::super::resources::of(view.state, stack) {
        if is_there(resource) && !wanted.contains_key(&resource.logical_id) {
            all.insert(resource.logical_id.clone(), planner.removal(resource));
        }
    }
    let change = |change| Change {
        r#type: Some(ChangeType::Resource),
        resource_change: Some(change),
        hook_invocation_count: None,
    };
    Ok(all.into_values().map(change).collect())
}

fn is_there(resource: &StackResource) -> bool {
    resource.physical_id.is_some()
        && !matches!(resource.status, ResourceStatus::DeleteComplete | ResourceStatus::DeleteSkipped)
}

fn changed_parameters(before: Option<&StackDeployment>, after: &StackDeployment) -> BTreeSet<String> {
    let old = |key: &str| before?.parameters.iter().find(|old| old.key == key);
    let changed = after
        .parameters
        .iter()
        .filter(|new| old(&new.key).is_none_or(|old| old.value != new.value || old.resolved != new.resolved));
    changed.map(|parameter| parameter.key.clone()).collect()
}

struct Planner<'a> {
    view: &'a View<'a>,
    stack: &'a Stack,
    /// The stack's tags as they will be.
    tags: &'a Tags,
    template: Template,
    /// The parameters whose values change.
    parameters: BTreeSet<String>,
    secrets: Vec<&'a str>,
    /// What becomes of the resources that were looked at and change.
    fates: BTreeMap<String, Fate>,
}

impl Planner<'_> {
    fn one(&mut self, id: &str, wanted: &ResolvedResource) -> Result<Option<ResourceChange>, Error> {
        let known = Known { live: Live { view: self.view, stack: &self.stack.id, settled_in: 0 }, fates: &self.fates };
        let properties = template::evaluate(&wanted.properties, &known)?;
        let schema = resourcetypes::schema(&wanted.kind);
        let properties = marked(&schema.map_or(properties.clone(), |schema| schema.coerce(&properties)));
        let existing = self.view.state.stack_resources.get(&StackResource::key_of(&self.stack.id, id));
        let Some(existing) = existing.filter(|resource| is_there(resource)) else {
            self.fates.insert(id.to_owned(), Fate::Added);
            return Ok(Some(ResourceChange {
                action: Some(ChangeAction::Add),
                logical_resource_id: Some(id.to_owned()),
                resource_type: Some(wanted.kind.clone()),
                scope: Some(Vec::new()),
                details: Some(Vec::new()),
                after_context: Some(self.context(&properties, &wanted.metadata)),
                ..ResourceChange::default()
            }));
        };
        let found = differences(&existing.applied.properties, &properties);
        let none = Value::Null;
        let mut details = schema.map_or_else(Vec::new, |schema| {
            let template = self.template.resources.get(id).map_or(&none, |resource| &resource.properties);
            let origins = Origins { schema, template, parameters: &self.parameters, fates: &self.fates };
            details::of(&origins, &found)
        });
        if details.is_empty() && types::find(&wanted.kind).is_some_and(|found| found.is_always_updated()) {
            details.push(details::automatic());
        }
        let replacement = replacement(&details);
        if !details.is_empty() {
            self.fates.insert(id.to_owned(), fate(replacement));
        }
        details.extend(self.beside(existing, wanted));
        if details.is_empty() {
            return Ok(None);
        }
        let policy = (replacement != Replacement::False).then_some(match wanted.update_replace_policy {
            Policy::Delete => PolicyAction::ReplaceAndDelete,
            Policy::Retain | Policy::RetainExceptOnCreate => PolicyAction::ReplaceAndRetain,
            Policy::Snapshot => PolicyAction::ReplaceAndSnapshot,
        });
        let scope: BTreeSet<ResourceAttribute> =
            details.iter().filter_map(|detail| detail.target.as_ref()?.attribute).collect();
        Ok(Some(ResourceChange {
            policy_action: policy,
            action: Some(ChangeAction::Modify),
            logical_resource_id: Some(id.to_owned()),
            physical_resource_id: existing.physical_id.clone(),
            resource_type: Some(wanted.kind.clone()),
            replacement: Some(replacement),
            scope: Some(scope.into_iter().collect()),
            details: Some(details.into_iter().map(|detail| self.veiled(detail)).collect()),
            before_context: Some(self.context(&existing.applied.properties, &existing.metadata)),
            after_context: Some(self.context(&properties, &wanted.metadata)),
            ..ResourceChange::default()
        }))
    }

    /// What changes beside a resource's properties.
    fn beside(&self, existing: &StackResource, wanted: &ResolvedResource) -> Vec<ResourceChangeDetail> {
        let text = |value: &Value| (!value.is_null()).then(|| value.to_string());
        let tags = |tags: &Tags| (!tags.is_empty()).then(|| json!(tags).to_string());
        let policy = |policy: Policy| Some(format!("{policy:?}"));
        let has_tags =
            resourcetypes::schema(&wanted.kind).is_some_and(|schema| schema.tags() != resourcetypes::Tags::None);
        let mut all = Vec::new();
        let mut add = |changed: bool, attribute, before, after| {
            if changed {
                all.push(details::beside(attribute, before, after));
            }
        };
        let applied = &existing.applied.tags;
        add(has_tags && applied != self.tags, ResourceAttribute::Tags, tags(applied), tags(self.tags));
        let (before, after) = (&existing.metadata, &wanted.metadata);
        add(before != after, ResourceAttribute::Metadata, text(before), text(after));
        let (before, after) = (existing.deletion_policy, wanted.deletion_policy);
        add(before != after, ResourceAttribute::DeletionPolicy, policy(before), policy(after));
        let (before, after) = (existing.update_replace_policy, wanted.update_replace_policy);
        add(before != after, ResourceAttribute::UpdateReplacePolicy, policy(before), policy(after));
        all
    }

    fn removal(&self, resource: &StackResource) -> ResourceChange {
        let policy = match resource.deletion_policy {
            Policy::Delete => PolicyAction::Delete,
            Policy::Retain | Policy::RetainExceptOnCreate => PolicyAction::Retain,
            Policy::Snapshot => PolicyAction::Snapshot,
        };
        ResourceChange {
            policy_action: Some(policy),
            action: Some(ChangeAction::Remove),
            logical_resource_id: Some(resource.logical_id.clone()),
            physical_resource_id: resource.physical_id.clone(),
            resource_type: Some(resource.kind.clone()),
            scope: Some(Vec::new()),
            details: Some(Vec::new()),
            before_context: Some(self.context(&resource.applied.properties, &resource.metadata)),
            ..ResourceChange::default()
        }
    }

    /// Properties and metadata as a text of JSON.
    fn context(&self, properties: &Value, metadata: &Value) -> String {
        let mut context = Map::from_iter([("Properties".to_owned(), self.hidden(properties))]);
        if !metadata.is_null() {
            context.insert("Metadata".to_owned(), self.hidden(metadata));
        }
        Value::Object(context).to_string()
    }

    fn veiled(&self, mut detail: ResourceChangeDetail) -> ResourceChangeDetail {
        if let Some(target) = &mut detail.target {
            target.before_value = target.before_value.take().map(|text| shown(&self.hidden(&text.into())));
            target.after_value = target.after_value.take().map(|text| shown(&self.hidden(&text.into())));
        }
        detail
    }

    fn hidden(&self, value: &Value) -> Value {
        masked(value, &self.secrets)
    }
}

/// A value whose functions can't be computed yet, with what stands for what they will come to.
fn marked(value: &Value) -> Value {
    match value {
        other if is_function(other) => Value::String(UNKNOWN.to_owned()),
        Value::Array(items) => items.iter().map(marked).collect(),
        Value::Object(members) => {
            members.iter().map(|(name, member)| (name.clone(), marked(member))).collect::<Map<_, _>>().into()
        }
        other => other.clone(),
    }
}

/// Whether another resource takes its place ("Replacement" of ResourceChange): what must come of a change that is not certain only may.
fn replacement(details: &[ResourceChangeDetail]) -> Replacement {
    let of = |detail: &ResourceChangeDetail| match (
        detail.target.as_ref().and_then(|target| target.requires_recreation),
        detail.evaluation,
    ) {
        (Some(RequiresRecreation::Always), Some(EvaluationType::Static)) => Replacement::True,
        (Some(RequiresRecreation::Always | RequiresRecreation::Conditionally), _) => Replacement::Conditional,
        _ => Replacement::False,
    };
    let all: BTreeSet<Replacement> = details.iter().map(of).collect();
    let mut first = [Replacement::True, Replacement::Conditional].into_iter().filter(|kind| all.contains(kind));
    first.next().unwrap_or(Replacement::False)
}

fn fate(replacement: Replacement) -> Fate {
    match replacement {
        Replacement::True => Fate::Replaced,
        Replacement::Conditional => Fate::MayBeReplaced,
        Replacement::False => Fate::Changed,
    }
}

/// What is known of resources before anything is done: those that stay what they are, and of those that are changed what they are called.
struct Known<'a, 'v> {
    live: Live<'a, 'v>,
    fates: &'a BTreeMap<String, Fate>,
}

impl Lookup for Known<'_, '_> {
    fn reference(&self, logical_id: &str) -> Option<Value> {
        let hidden = self.fates.get(logical_id).is_some_and(|fate| fate.hides_name());
        if hidden { None } else { self.live.reference(logical_id) }
    }

    fn attribute(&self, logical_id: &str, name: &str) -> Result<Option<Value>, Error> {
        if self.fates.contains_key(logical_id) {
            return Ok(None);
        }
        // What can't be read now is seen when the change set is executed.
        Ok(self.live.attribute(logical_id, name).unwrap_or_default())
    }

    fn import(&self, export: &str) -> Result<Option<Value>, Error> {
        self.live.import(export)
    }
}
