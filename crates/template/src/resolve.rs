//! A template for the values of its parameters.

use crate::{
    Error, Policy, Setting, Template, conditions,
    declared::{Output, Resource},
    evaluate::{Evaluator, Statics, is_complete, text},
    foreach,
    graph::{self, Graph},
    references::{self, Reference},
    rules,
    setting::PSEUDO,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// What is to be made, for given values of parameters.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Resolved {
    /// What is to be made, by logical id.
    pub resources: BTreeMap<String, ResolvedResource>,
    /// What is said when all is made.
    pub outputs: BTreeMap<String, ResolvedOutput>,
    /// Which conditions are true.
    pub conditions: BTreeMap<String, bool>,
}

/// Something that is to be made. What depends on no resource is computed; what does is left standing as functions in their long form.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ResolvedResource {
    /// Its type: `AWS::EC2::VPC`.
    pub kind: String,
    /// What it is to be like.
    pub properties: Value,
    /// Logical ids of what is to be made before it: what it refers to, and what its author says.
    pub dependencies: BTreeSet<String>,
    /// What becomes of it when it is no longer wanted.
    pub deletion_policy: Policy,
    /// What becomes of what it was when it is replaced.
    pub update_replace_policy: Policy,
    /// What signals it waits for; null if for none.
    pub creation_policy: Value,
    /// How it is updated; null if not said.
    pub update_policy: Value,
    /// Whatever else is said of it; null if nothing is.
    pub metadata: Value,
}

/// What a stack says when it is made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ResolvedOutput {
    /// What it is, in the author's words.
    pub description: Option<String>,
    /// Its value, with functions in it.
    pub value: Value,
    /// The name under which other stacks may import it.
    pub export: Option<Value>,
}

impl Template {
    /// The template for values of its parameters: rules are asserted, loops expanded, conditions decided, and what these leave out is left
    /// out. Everything that depends on no resource is computed.
    ///
    /// # Errors
    /// A rule does not hold, a function can't be computed, something is referred to that is not there, or resources depend on each other in
    /// a circle.
    pub fn resolve(&self, setting: &Setting) -> Result<Resolved, Error> {
        if self.has_extensions() { resolve(&self.expanded(setting)?, setting) } else { resolve(self, setting) }
    }

    /// The template as `AWS::LanguageExtensions` leaves it: resources and outputs of loops are among the others. What it asks for
    /// ([`Template::capabilities`]) is only known then.
    ///
    /// # Errors
    /// A loop can't be expanded, or what it comes to is no template.
    pub fn expanded(&self, setting: &Setting) -> Result<Self, Error> {
        let expanded = if self.has_extensions() { foreach::expand(self, setting)? } else { self.clone() };
        references::check(&expanded)?;
        Ok(expanded)
    }

    /// What [`Template::expanded`] comes to as a tree: the processed stage of GetTemplate.
    ///
    /// # Errors
    /// As there.
    pub fn processed(&self, setting: &Setting) -> Result<Value, Error> {
        let mut source = self.expanded(setting)?.source;
        if let Some(sections) = source.as_object_mut() {
            sections.remove("Transform");
        }
        Ok(source)
    }
}

fn resolve(template: &Template, setting: &Setting) -> Result<Resolved, Error> {
    rules::check(template, setting)?;
    let conditions = conditions::decide(&template.conditions, &template.mappings, setting)?;
    let none = BTreeMap::new();
    let evaluator =
        Evaluator::new(Statics { setting, mappings: &template.mappings, conditions: &conditions, by_kind: &none });
    let holds = |condition: &Option<String>| condition.as_ref().is_none_or(|name| conditions.get(name) == Some(&true));
    let kept: BTreeMap<&str, &Resource> = template
        .resources
        .iter()
        .filter(|(_, resource)| holds(&resource.condition))
        .map(|(id, resource)| (id.as_str(), resource))
        .collect();
    let mut missing = BTreeSet::new();
    let mut resources = BTreeMap::new();
    for (id, resource) in &kept {
        let (resource, left_out) = one(&evaluator, id, resource, &kept)?;
        missing.extend(left_out);
        resources.insert((*id).to_owned(), resource);
    }
    references::none_missing(&missing.iter().map(String::as_str).collect(), "Resources")?;
    in_no_circle(&resources)?;
    let outputs = template.outputs.iter().filter(|(_, output)| holds(&output.condition));
    let outputs = outputs.map(|(name, output)| Ok((name.clone(), said(&evaluator, name, output, &kept)?)));
    let outputs = outputs.collect::<Result<_, Error>>()?;
    Ok(Resolved { resources, outputs, conditions })
}

/// A resource, and the names that it refers to in vain.
fn one(
    evaluator: &Evaluator<'_>,
    id: &str,
    resource: &Resource,
    kept: &BTreeMap<&str, &Resource>,
) -> Result<(ResolvedResource, BTreeSet<String>), Error> {
    let value = |value: &Value| Ok::<_, Error>(evaluator.value(value)?.unwrap_or_default());
    let properties = value(&resource.properties)?;
    if !properties.is_object() {
        return Err(Error::format(format!("[/Resources/{id}/Properties] Every Properties member must be a map")));
    }
    let resolved = ResolvedResource {
        kind: resource.kind.clone(),
        properties,
        dependencies: BTreeSet::new(),
        deletion_policy: resource.deletion_policy,
        update_replace_policy: resource.update_replace_policy,
        creation_policy: value(&resource.creation_policy)?,
        update_policy: value(&resource.update_policy)?,
        metadata: value(&resource.metadata)?,
    };
    let mut references = BTreeSet::new();
    for value in [&resolved.properties, &resolved.metadata, &resolved.creation_policy, &resolved.update_policy] {
        references::of(value, &mut references)?;
    }
    let (there, missing) = split(references, kept);
    // What its author wants first and conditions leave out is not waited for.
    let said = resource.depends_on.iter().filter(|id| kept.contains_key(id.as_str())).cloned();
    let dependencies = there.into_iter().chain(said).collect();
    Ok((ResolvedResource { dependencies, ..resolved }, missing))
}

fn split(
    references: BTreeSet<Reference<'_>>,
    kept: &BTreeMap<&str, &Resource>,
) -> (BTreeSet<String>, BTreeSet<String>) {
    let names = references.into_iter().map(Reference::name).filter(|name| !PSEUDO.contains(name));
    names.map(str::to_owned).partition(|name| kept.contains_key(name.as_str()))
}

fn in_no_circle(resources: &BTreeMap<String, ResolvedResource>) -> Result<(), Error> {
    let graph: Graph<'_> = resources
        .iter()
        .map(|(id, resource)| (id.as_str(), resource.dependencies.iter().map(String::as_str).collect()))
        .collect();
    match graph::order(&graph) {
        Ok(_) => Ok(()),
        Err(circle) => Err(Error::new(format!("Circular dependency between resources: [{}]", circle.join(", ")))),
    }
}

fn said(
    evaluator: &Evaluator<'_>,
    name: &str,
    output: &Output,
    kept: &BTreeMap<&str, &Resource>,
) -> Result<ResolvedOutput, Error> {
    let value = evaluator.value(&output.value)?.unwrap_or_default();
    let export = output
        .export
        .as_ref()
        .map(|export| Ok::<_, Error>(evaluator.value(export)?.unwrap_or_default()))
        .transpose()?;
    let mut references = BTreeSet::new();
    std::iter::once(&value).chain(&export).try_for_each(|value| references::of(value, &mut references))?;
    let (_, missing) = split(references, kept);
    references::none_missing(&missing.iter().map(String::as_str).collect(), "Outputs")?;
    if is_complete(&value) && text(&value).is_none() {
        return Err(Error::format("The Value field of every Outputs member must evaluate to a String."));
    }
    if let Some(export) = &export
        && !export.as_str().is_some_and(is_export)
    {
        return Err(Error::format(format!(
            "Output {name} is malformed. The Name field of every Export member must be specified and consist only of alphanumeric \
             characters, colons, or hyphens."
        )));
    }
    Ok(ResolvedOutput { description: output.description.clone(), value, export })
}

fn is_export(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|char| char.is_ascii_alphanumeric() || matches!(char, ':' | '-'))
}
