//! What of one resource's properties changes, where that comes from, and what it requires ("ResourceChangeDetail", AWS CloudFormation API
//! Reference).

use super::{
    super::differences::{Difference, shown},
    causes::{self, Cause},
};
use aws::api::cloudformation::{
    AttributeChangeType, ChangeSource, EvaluationType, RequiresRecreation, ResourceAttribute, ResourceChangeDetail,
    ResourceTargetDefinition,
};
use resourcetypes::{Replacement, Schema, Tags};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// What becomes of a resource that others refer to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// It is made.
    Added,
    /// Another one takes its place.
    Replaced,
    /// Another one may take its place: that depends on what is only known when it is done.
    MayBeReplaced,
    /// It stays what it is called; its attributes may change.
    Changed,
}

impl Fate {
    /// Whether what it is called is not known yet.
    pub(super) fn hides_name(self) -> bool {
        self != Self::Changed
    }
}

/// What one resource's changes may come from.
pub(super) struct Origins<'a> {
    /// The type's schema.
    pub(super) schema: &'static Schema,
    /// The resource's properties in the template, functions and all.
    pub(super) template: &'a Value,
    /// The parameters whose values change.
    pub(super) parameters: &'a BTreeSet<String>,
    /// The other resources that change.
    pub(super) fates: &'a BTreeMap<String, Fate>,
}

/// The details of differences: one for each, and where its value comes from something that changes, one more for each of those.
pub(super) fn of(origins: &Origins<'_>, differences: &[Difference]) -> Vec<ResourceChangeDetail> {
    differences.iter().flat_map(|difference| origins.details(difference)).collect()
}

impl Origins<'_> {
    fn details(&self, difference: &Difference) -> Vec<ResourceChangeDetail> {
        let target = self.target(difference);
        let sources: Vec<_> =
            causes::of(self.template, &difference.path).into_iter().filter_map(|cause| self.source(cause)).collect();
        let evaluation = if sources.is_empty() { EvaluationType::Static } else { EvaluationType::Dynamic };
        let direct = ResourceChangeDetail {
            target: Some(target.clone()),
            evaluation: Some(evaluation),
            change_source: Some(ChangeSource::DirectModification),
            causing_entity: None,
        };
        let sources = sources.into_iter().map(|(source, entity, evaluation)| ResourceChangeDetail {
            target: Some(target.clone()),
            evaluation: Some(evaluation),
            change_source: Some(source),
            causing_entity: Some(entity),
        });
        std::iter::once(direct).chain(sources).collect()
    }

    /// What changes with a cause: nothing if that stays what it is.
    fn source(&self, cause: Cause) -> Option<(ChangeSource, String, EvaluationType)> {
        let certain = |fate: Fate| match fate {
            Fate::Added | Fate::Replaced => EvaluationType::Static,
            Fate::MayBeReplaced | Fate::Changed => EvaluationType::Dynamic,
        };
        match cause {
            Cause::Name(name) if self.parameters.contains(&name) => {
                Some((ChangeSource::ParameterReference, name, EvaluationType::Static))
            }
            Cause::Name(name) => {
                let fate = self.fates.get(&name).filter(|fate| fate.hides_name())?;
                Some((ChangeSource::ResourceReference, name, certain(*fate)))
            }
            Cause::Attribute(name, attribute) => {
                let fate = self.fates.get(&name)?;
                Some((ChangeSource::ResourceAttribute, format!("{name}.{attribute}"), certain(*fate)))
            }
        }
    }

    fn target(&self, difference: &Difference) -> ResourceTargetDefinition {
        let property = difference.property();
        let is_tags = matches!(self.schema.tags(), Tags::List(name) | Tags::Map(name) if name == property);
        let change = match (&difference.before, &difference.after) {
            (None, _) => AttributeChangeType::Add,
            (_, None) => AttributeChangeType::Remove,
            _ => AttributeChangeType::Modify,
        };
        ResourceTargetDefinition {
            attribute: Some(if is_tags { ResourceAttribute::Tags } else { ResourceAttribute::Properties }),
            name: (!is_tags).then(|| property.to_owned()),
            requires_recreation: Some(recreation(self.schema.replacement(&difference.path.join("/")))),
            path: Some(difference.pointer("/Properties")),
            before_value: difference.before.as_ref().map(shown),
            after_value: difference.after.as_ref().map(shown),
            attribute_change_type: Some(change),
            ..ResourceTargetDefinition::default()
        }
    }
}

fn recreation(replacement: Replacement) -> RequiresRecreation {
    match replacement {
        Replacement::Never => RequiresRecreation::Never,
        Replacement::Conditionally => RequiresRecreation::Conditionally,
        Replacement::Always => RequiresRecreation::Always,
    }
}

/// A change of something else than properties, which never needs another resource.
pub(super) fn beside(
    attribute: ResourceAttribute,
    before: Option<String>,
    after: Option<String>,
) -> ResourceChangeDetail {
    let change = match (&before, &after) {
        (None, _) => AttributeChangeType::Add,
        (_, None) => AttributeChangeType::Remove,
        _ => AttributeChangeType::Modify,
    };
    let target = ResourceTargetDefinition {
        attribute: Some(attribute),
        requires_recreation: Some(RequiresRecreation::Never),
        path: Some(format!("/{attribute}")),
        before_value: before,
        after_value: after,
        attribute_change_type: Some(change),
        ..ResourceTargetDefinition::default()
    };
    ResourceChangeDetail {
        target: Some(target),
        evaluation: Some(EvaluationType::Static),
        change_source: Some(ChangeSource::DirectModification),
        causing_entity: None,
    }
}

/// A resource that is looked into whatever its template says: what is behind it may have changed ("Automatic").
pub(super) fn automatic() -> ResourceChangeDetail {
    let target = ResourceTargetDefinition {
        attribute: Some(ResourceAttribute::Properties),
        requires_recreation: Some(RequiresRecreation::Never),
        ..ResourceTargetDefinition::default()
    };
    ResourceChangeDetail {
        target: Some(target),
        evaluation: Some(EvaluationType::Dynamic),
        change_source: Some(ChangeSource::Automatic),
        causing_entity: None,
    }
}
