//! One type's schema: its properties and what CloudFormation makes of them.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use crate::node::{Node, Type};
use crate::path::{same, segments};
use crate::{check, coerce};

/// How deep a value is followed. The published schemas are less deep, but for WAF's statements, which AWS nests no deeper than 20.
pub(crate) const DEPTH: usize = 100;

/// Every operation on a resource may take this long unless its schema says otherwise, in minutes ("handlers", Resource type schema, AWS
/// CloudFormation CLI User Guide).
const TIMEOUT: u32 = 120;

/// What the registry publishes of one type.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Schema {
    pub(crate) value: Node,
    pub(crate) definitions: BTreeMap<String, Node>,
    create_only_properties: Vec<String>,
    conditional_create_only_properties: Vec<String>,
    pub(crate) read_only_properties: Vec<String>,
    write_only_properties: Vec<String>,
    primary_identifier: Vec<String>,
    replacement_strategy: Option<String>,
    tags: Option<String>,
    tags_list: bool,
    system_tags: bool,
    timeout_in_minutes: BTreeMap<String, u32>,
    immutable: bool,
    gets_properties: bool,
    gets: Vec<String>,
}

/// Whether a change of a property makes another resource ("Update behaviors of stack resources", AWS CloudFormation User Guide).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Replacement {
    /// The resource is updated and keeps its physical id.
    Never,
    /// It depends on what else changes, or on which part of the property does.
    Conditionally,
    /// Another resource takes its place.
    Always,
}

/// Where a stack's tags go ("tagging", Resource type schema, AWS CloudFormation CLI User Guide).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tags<'a> {
    /// The type has no tags.
    None,
    /// Into a property of this name, a list of `{"Key": …, "Value": …}`.
    List(&'a str),
    /// Into a property of this name, an object of keys and values.
    Map(&'a str),
}

impl Schema {
    /// Brings values to their types as CloudFormation does: `"80"` is 80 and `"true"` is true where that is wanted, and 80 is `"80"`.
    /// A single value isn't made a list. Functions are left as they are.
    pub fn coerce(&self, properties: &Value) -> Value {
        coerce::coerce(&self.value, &self.definitions, properties, DEPTH)
    }

    /// All that is wrong with properties, which [`coerce`](Self::coerce) has brought to their types: each as a line of "Properties validation
    /// failed for resource NAME with message:". Functions and dynamic references satisfy anything. A read-only property that is given is an
    /// extraneous key.
    pub fn check(&self, properties: &Value) -> Vec<String> {
        check::check(self, properties)
    }

    /// The lines of [`check`](Self::check) as one text; `None` if nothing is wrong.
    pub fn message(&self, properties: &Value) -> Option<String> {
        Some(self.check(properties).join("\n")).filter(|text| !text.is_empty())
    }

    /// What a change of a property does: one at the top (`Name`), or in it (`/properties/A/B`, `A/B`).
    pub fn replacement(&self, property: &str) -> Replacement {
        let changed: Vec<&str> = segments(property).collect();
        let overlap = |path: &String| {
            let path: Vec<&str> = segments(path).collect();
            let alike = path.iter().zip(&changed).all(|(one, other)| same(one, other));
            alike.then_some(path.len() <= changed.len())
        };
        let of = |paths: &[String]| paths.iter().filter_map(overlap).max();
        match (of(&self.create_only_properties), of(&self.conditional_create_only_properties)) {
            (Some(true), _) => Replacement::Always,
            (Some(false), _) | (None, Some(_)) => Replacement::Conditionally,
            (None, None) if self.immutable => Replacement::Always,
            (None, None) => Replacement::Never,
        }
    }

    /// Whether the old resource is deleted before its successor is made ("replacementStrategy" is `delete_then_create`).
    pub fn deletes_first(&self) -> bool {
        self.replacement_strategy.as_deref() == Some("delete_then_create")
    }

    /// Whether a property of this name may be given in a template.
    pub fn is_property(&self, name: &str) -> bool {
        !self.value.is_extraneous(name) && !self.is_read_only(&[name])
    }

    /// The properties that may be given in a template, in alphabetical order.
    pub fn properties(&self) -> impl Iterator<Item = &str> {
        self.value.properties.keys().map(String::as_str).filter(|name| !self.is_read_only(&[name]))
    }

    /// The properties that have to be given.
    pub fn required(&self) -> &[String] {
        &self.value.required
    }

    /// Whether the properties at this path can't be read again once they are set, such as passwords.
    pub fn is_write_only(&self, path: &str) -> bool {
        let path: Vec<&str> = segments(path).collect();
        self.write_only_properties.iter().any(|one| is_within(&path, one))
    }

    /// The names that `Fn::GetAtt` answers to, such as `Arn` or `Endpoint.Address`, in alphabetical order: read-only properties, and of some
    /// types all others ("Return values" of each type, AWS CloudFormation Template Reference). What a nested stack (`Outputs.NAME`) or a
    /// custom resource returns is not among them.
    pub fn attributes(&self) -> Vec<String> {
        let more: &[String] = &self.gets;
        let mut names: Vec<String> = self.read_only_properties.iter().chain(more).map(|path| dotted(path)).collect();
        if self.gets_properties {
            names.extend(
                self.value
                    .properties
                    .iter()
                    .filter(|(_, node)| !self.is_of_objects(node))
                    .map(|(name, _)| name.clone()),
            );
        }
        names.sort();
        names.dedup();
        names
    }

    /// The properties that identify a resource, as dotted names in the order in which `|` joins their values ("primaryIdentifier").
    pub fn identifier(&self) -> &[String] {
        &self.primary_identifier
    }

    /// Where a stack's tags go.
    pub fn tags(&self) -> Tags<'_> {
        match &self.tags {
            None => Tags::None,
            Some(name) if self.tags_list => Tags::List(name),
            Some(name) => Tags::Map(name),
        }
    }

    /// Whether the stack's own tags (`aws:cloudformation:stack-name` and the like) are given as well ("cloudFormationSystemTags").
    pub fn has_system_tags(&self) -> bool {
        self.tags.is_some() && self.system_tags
    }

    /// How long an operation (`create`, `update`, `delete`) may take, in minutes.
    pub fn timeout(&self, operation: &str) -> u32 {
        self.timeout_in_minutes.get(operation).copied().unwrap_or(TIMEOUT)
    }

    /// Whether it is a list of objects, which no attribute is.
    fn is_of_objects(&self, node: &Node) -> bool {
        let item = node.resolve(&self.definitions).and_then(|list| list.items.as_ref()?.resolve(&self.definitions));
        item.is_some_and(|item| item.types.all().contains(&Type::Object))
    }

    /// Whether the property at this path, or one that it is in, is only returned.
    pub(crate) fn is_read_only(&self, path: &[&str]) -> bool {
        self.read_only_properties.iter().any(|one| is_within(path, one))
    }
}

/// Whether a path is another one or in it.
fn is_within(path: &[&str], outer: &str) -> bool {
    let outer: Vec<&str> = segments(outer).collect();
    outer.len() <= path.len() && outer.iter().zip(path).all(|(one, other)| same(one, other))
}

fn dotted(path: &str) -> String {
    segments(path).collect::<Vec<_>>().join(".")
}
