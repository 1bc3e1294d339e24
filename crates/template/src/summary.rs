//! What is to be known of a template before it is used: what ValidateTemplate and GetTemplateSummary answer with.

use crate::Template;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// What whoever uses a template must acknowledge ("Acknowledging IAM resources in CloudFormation templates").
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Capability {
    /// It makes IAM resources.
    Iam,
    /// It makes IAM resources with names of its own.
    NamedIam,
    /// Macros make something else of it.
    AutoExpand,
}

impl Capability {
    /// Its name: `CAPABILITY_IAM`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Iam => "CAPABILITY_IAM",
            Self::NamedIam => "CAPABILITY_NAMED_IAM",
            Self::AutoExpand => "CAPABILITY_AUTO_EXPAND",
        }
    }
}

/// Resources of one type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TypeSummary {
    /// The type.
    pub kind: String,
    /// Logical ids.
    pub resources: Vec<String>,
}

/// Types whose resources decide who may do what, and the property that names one.
const IAM: [(&str, Option<&str>); 11] = [
    ("AWS::IAM::AccessKey", None),
    ("AWS::IAM::Group", Some("GroupName")),
    ("AWS::IAM::GroupPolicy", None),
    ("AWS::IAM::InstanceProfile", Some("InstanceProfileName")),
    ("AWS::IAM::ManagedPolicy", Some("ManagedPolicyName")),
    ("AWS::IAM::Policy", None),
    ("AWS::IAM::Role", Some("RoleName")),
    ("AWS::IAM::RolePolicy", None),
    ("AWS::IAM::User", Some("UserName")),
    ("AWS::IAM::UserPolicy", None),
    ("AWS::IAM::UserToGroupAddition", None),
];

impl Template {
    /// What must be acknowledged, the least that is enough: `CAPABILITY_NAMED_IAM` is enough for all IAM resources. Of loops that is known
    /// when they are expanded ([`Template::expanded`]).
    pub fn capabilities(&self) -> Vec<Capability> {
        let iam = self.iam_resources().into_iter().map(|(capability, _)| capability).max();
        iam.into_iter().chain((!self.transforms.is_empty()).then_some(Capability::AutoExpand)).collect()
    }

    /// Why, in CloudFormation's words; none if nothing of IAM is made.
    pub fn capabilities_reason(&self) -> Option<String> {
        let resources = self.iam_resources();
        let most = resources.iter().map(|(capability, _)| *capability).max()?;
        let kinds: BTreeSet<&str> =
            resources.iter().filter(|(capability, _)| *capability == most).map(|(_, kind)| *kind).collect();
        let kinds: Vec<&str> = kinds.into_iter().collect();
        Some(format!("The following resource(s) require capabilities: [{}]", kinds.join(", ")))
    }

    /// What each IAM resource asks for, and its type.
    fn iam_resources(&self) -> Vec<(Capability, &str)> {
        let resources = self.resources.values().filter_map(|resource| {
            let (kind, name) = IAM.iter().find(|(kind, _)| *kind == resource.kind)?;
            let named = name.is_some_and(|name| resource.properties.get(name).is_some());
            Some((if named { Capability::NamedIam } else { Capability::Iam }, *kind))
        });
        resources.collect()
    }

    /// The version of the language that it says it is in.
    pub fn version(&self) -> Option<&str> {
        self.source.get("AWSTemplateFormatVersion").and_then(Value::as_str)
    }

    /// Types of its resources, each once.
    pub fn resource_types(&self) -> Vec<String> {
        let kinds: BTreeSet<&str> = self.resources.values().map(|resource| resource.kind.as_str()).collect();
        kinds.into_iter().map(str::to_owned).collect()
    }

    /// Resources by type.
    pub fn types(&self) -> Vec<TypeSummary> {
        let mut types: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        for (id, resource) in &self.resources {
            types.entry(&resource.kind).or_default().push(id.clone());
        }
        types.into_iter().map(|(kind, resources)| TypeSummary { kind: kind.to_owned(), resources }).collect()
    }

    /// Names of parameters in the order in which the console shows them (`AWS::CloudFormation::Interface`): those in groups first.
    pub fn parameter_order(&self) -> Vec<&str> {
        let groups = self.metadata.pointer("/AWS::CloudFormation::Interface/ParameterGroups").and_then(Value::as_array);
        let grouped = groups.into_iter().flatten().filter_map(|group| group.get("Parameters")?.as_array()).flatten();
        let mut order: Vec<&str> = Vec::new();
        for name in grouped.filter_map(Value::as_str).chain(self.parameters.keys().map(String::as_str)) {
            if let Some((name, _)) = self.parameters.get_key_value(name)
                && !order.contains(&name.as_str())
            {
                order.push(name);
            }
        }
        order
    }
}
