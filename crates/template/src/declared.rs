//! What a template declares ("Template sections", CloudFormation User Guide).

use crate::{Error, parameters::Parameter, read, references, rules::Rule, sections};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// The only transform that is done here: what it adds to the language is part of this crate.
pub const LANGUAGE_EXTENSIONS: &str = "AWS::LanguageExtensions";

/// A template, checked as far as it can be without values for its parameters.
#[derive(Debug, Clone, PartialEq)]
pub struct Template {
    /// What it is for, in its author's words.
    pub description: Option<String>,
    /// Names of the macros it asks for: [`LANGUAGE_EXTENSIONS`] or nothing.
    pub transforms: Vec<String>,
    /// Whatever else is said of it.
    pub metadata: Value,
    /// What is to be given for it.
    pub parameters: BTreeMap<String, Parameter>,
    /// What is to be made, by logical id. Resources of loops (`Fn::ForEach`) are not among them.
    pub resources: BTreeMap<String, Resource>,
    /// What it says when all is made. Outputs of loops are not among them.
    pub outputs: BTreeMap<String, Output>,
    pub(crate) mappings: Map<String, Value>,
    pub(crate) conditions: BTreeMap<String, Value>,
    pub(crate) rules: BTreeMap<String, Rule>,
    /// All of it as it was read: loops are expanded in here.
    pub(crate) source: Value,
}

/// Something that is to be made.
#[derive(Debug, Clone, PartialEq)]
pub struct Resource {
    /// Its type: `AWS::EC2::VPC`.
    pub kind: String,
    /// What it is to be like, with functions in it; an empty object if it has none.
    pub properties: Value,
    /// Logical ids of what is to be made before it.
    pub depends_on: Vec<String>,
    /// The condition under which it is made at all.
    pub condition: Option<String>,
    /// What becomes of it when its stack is deleted, or the resource taken out of the template.
    pub deletion_policy: Policy,
    /// What becomes of what it was when an update replaces it.
    pub update_replace_policy: Policy,
    /// What signals it waits for; null if for none.
    pub creation_policy: Value,
    /// How it is updated; null if not said.
    pub update_policy: Value,
    /// Whatever else is said of it; null if nothing is.
    pub metadata: Value,
}

/// What becomes of a resource that is no longer wanted ("DeletionPolicy attribute", "UpdateReplacePolicy attribute").
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Policy {
    /// It is deleted.
    #[default]
    Delete,
    /// It stays, and is its stack's no longer.
    Retain,
    /// It is deleted when a snapshot of it is made.
    Snapshot,
    /// As [`Policy::Retain`], but it is deleted when the operation that made it is rolled back.
    RetainExceptOnCreate,
}

/// What a stack says when it is made.
#[derive(Debug, Clone, PartialEq)]
pub struct Output {
    /// What it is, in the author's words.
    pub description: Option<String>,
    /// Its value, with functions in it.
    pub value: Value,
    /// The name under which other stacks may import it, with functions in it.
    pub export: Option<Value>,
    /// The condition under which it is said.
    pub condition: Option<String>,
}

impl Template {
    /// Reads a template from JSON or YAML.
    ///
    /// # Errors
    /// The message of the ValidationError that CloudFormation answers such a template with.
    pub fn read(text: &str) -> Result<Self, Error> {
        let template = sections::template(read::read(text)?)?;
        // What loops make is not known yet.
        if !template.has_extensions() {
            references::check(&template)?;
        }
        Ok(template)
    }

    /// Whether the template asks for [`LANGUAGE_EXTENSIONS`].
    pub(crate) fn has_extensions(&self) -> bool {
        self.transforms.iter().any(|name| name == LANGUAGE_EXTENSIONS)
    }
}
