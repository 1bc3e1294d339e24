//! What values refer to, and whether it is there.

use crate::{
    Error, Template, conditions,
    evaluate::{each_function, function, is_truth, no_truth, shape, sub},
    sections::macro_refused,
    setting::PSEUDO,
};
use serde_json::Value;
use std::collections::BTreeSet;

/// What a value refers to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Reference<'a> {
    /// A parameter, a pseudo parameter or a resource.
    Name(&'a str),
    /// A resource's attribute, in `Fn::GetAtt`.
    Attribute(&'a str),
    /// A resource and its attribute, in `Fn::Sub`.
    Variable(&'a str, &'a str),
}

impl<'a> Reference<'a> {
    /// The resource, or what may be one.
    pub(crate) fn name(self) -> &'a str {
        match self {
            Self::Name(name) | Self::Attribute(name) | Self::Variable(name, _) => name,
        }
    }
}

/// All that a value refers to, as far as it is named.
pub(crate) fn of<'a>(value: &'a Value, found: &mut BTreeSet<Reference<'a>>) -> Result<(), Error> {
    match function(value) {
        Some(("Ref", argument)) => {
            found.insert(Reference::Name(argument.as_str().ok_or_else(|| shape::wrong("Ref"))?));
            Ok(())
        }
        Some(("Fn::GetAtt", argument)) => {
            let id = match argument {
                Value::String(path) => path.split_once('.').map(|(id, _)| id),
                Value::Array(items) if items.len() == 2 => match items.first() {
                    Some(Value::String(id)) => Some(id.as_str()).filter(|id| !id.is_empty()),
                    // Which resource that is is known when loops are expanded.
                    _ => return of(argument, found),
                },
                _ => None,
            };
            found.insert(Reference::Attribute(id.ok_or_else(|| shape::wrong("Fn::GetAtt"))?));
            of(argument, found)
        }
        Some(("Fn::Sub", argument)) => {
            let (text, map) = sub::arguments(argument)?;
            for piece in sub::pieces(text)? {
                let sub::Piece::Variable(name) = piece else { continue };
                if map.is_none_or(|map| !map.contains_key(name)) {
                    found.insert(match name.split_once('.') {
                        Some((id, _)) => Reference::Variable(id, name),
                        None => Reference::Name(name),
                    });
                }
            }
            map.into_iter().flat_map(|map| map.values()).try_for_each(|value| of(value, found))
        }
        _ => match value {
            Value::Array(items) => items.iter().try_for_each(|item| of(item, found)),
            Value::Object(members) => members.values().try_for_each(|member| of(member, found)),
            _ => Ok(()),
        },
    }
}

/// Whether all that a template refers to is in it, and all its functions are functions where they may be.
pub(crate) fn check(template: &Template) -> Result<(), Error> {
    conditions::order(&template.conditions)?;
    for value in template.conditions.values() {
        only_parameters(template, value, "Conditions")?;
        functions(template, value, "Conditions")?;
        truth(value)?;
        if let Some(name) = conditions::needs(value).into_iter().find(|name| !template.conditions.contains_key(*name)) {
            return Err(Error::function(format!("unresolved condition dependency {name} in Condition")));
        }
    }
    for rule in template.rules.values() {
        for value in rule.assertions.iter().map(|(assert, _)| assert).chain(&rule.condition) {
            only_parameters(template, value, "Rules")?;
            functions(template, value, "Rules")?;
            truth(value)?;
        }
    }
    let mut missing = BTreeSet::new();
    for resource in template.resources.values() {
        condition(template, resource.condition.as_deref(), "Resources")?;
        for value in [&resource.properties, &resource.metadata, &resource.creation_policy, &resource.update_policy] {
            functions(template, value, "Resources")?;
            missing.extend(unresolved(template, value)?);
        }
        missing
            .extend(resource.depends_on.iter().map(String::as_str).filter(|id| !template.resources.contains_key(*id)));
    }
    none_missing(&missing, "Resources")?;
    for output in template.outputs.values() {
        condition(template, output.condition.as_deref(), "Outputs")?;
        for value in std::iter::once(&output.value).chain(&output.export) {
            functions(template, value, "Outputs")?;
            missing.extend(unresolved(template, value)?);
        }
        if let Some(export) = &output.export {
            static_name(export, "the Name field of every Export member")?;
        }
    }
    none_missing(&missing, "Outputs")
}

/// What is said when names are missing.
pub(crate) fn none_missing(missing: &BTreeSet<&str>, section: &str) -> Result<(), Error> {
    if missing.is_empty() {
        return Ok(());
    }
    let names: Vec<&str> = missing.iter().copied().collect();
    Err(Error::format(format!(
        "Unresolved resource dependencies [{}] in the {section} block of the template",
        names.join(", ")
    )))
}

fn condition(template: &Template, name: Option<&str>, section: &str) -> Result<(), Error> {
    match name.filter(|name| !template.conditions.contains_key(*name)) {
        Some(name) => {
            Err(Error::format(format!("Unresolved condition dependency {name} in the {section} block of the template")))
        }
        None => Ok(()),
    }
}

fn only_parameters(template: &Template, value: &Value, section: &str) -> Result<(), Error> {
    let mut references = BTreeSet::new();
    of(value, &mut references)?;
    let names: BTreeSet<&str> = references.into_iter().map(Reference::name).collect();
    let wrong: Vec<&str> = names.into_iter().filter(|name| !is_parameter(template, name)).collect();
    if wrong.is_empty() {
        return Ok(());
    }
    let names = wrong.join(", ");
    Err(Error::format(format!(
        "Unresolved dependencies [{names}]. Cannot reference resources in the {section} block of the template"
    )))
}

fn is_parameter(template: &Template, name: &str) -> bool {
    PSEUDO.contains(&name) || template.parameters.contains_key(name)
}

/// Names that a value refers to and the template does not have.
fn unresolved<'a>(template: &Template, value: &'a Value) -> Result<BTreeSet<&'a str>, Error> {
    let mut references = BTreeSet::new();
    of(value, &mut references)?;
    let mut missing = BTreeSet::new();
    for reference in references {
        match reference {
            Reference::Name(name) if !is_parameter(template, name) && !template.resources.contains_key(name) => {
                missing.insert(name);
            }
            Reference::Attribute(id) if !template.resources.contains_key(id) => {
                return Err(Error::function(format!("instance of Fn::GetAtt references undefined resource {id}")));
            }
            Reference::Variable(id, name) if !template.resources.contains_key(id) => {
                return Err(Error::function(format!(
                    "instance of Fn::Sub references invalid resource attribute {name}"
                )));
            }
            _ => {}
        }
    }
    Ok(missing)
}

/// Whether functions are known, where they may be, alone, and name conditions and mappings that are there.
fn functions(template: &Template, value: &Value, section: &str) -> Result<(), Error> {
    alone(value)?;
    let mut wrong = None;
    each_function(value, &mut |name, argument| {
        if wrong.is_none() {
            wrong = function_of(template, name, argument, section).err();
        }
    });
    wrong.map_or(Ok(()), Err)
}

fn truth(value: &Value) -> Result<(), Error> {
    if is_truth(value) { Ok(()) } else { Err(no_truth()) }
}

/// A function is the only member of its object.
fn alone(value: &Value) -> Result<(), Error> {
    match value {
        Value::Array(items) => items.iter().try_for_each(alone),
        Value::Object(members) => {
            if members.len() > 1
                && let Some(name) = members.keys().find(|name| name.starts_with("Fn::"))
            {
                return Err(Error::function(format!("an object with {name} can have no other members")));
            }
            members.values().try_for_each(alone)
        }
        _ => Ok(()),
    }
}

fn function_of(template: &Template, name: &str, argument: &Value, section: &str) -> Result<(), Error> {
    if !shape::is_function(name) || (shape::is_extension(name) && !template.has_extensions()) {
        return Err(shape::unsupported(name));
    }
    if !shape::may_be_in(name, section) {
        return Err(shape::misplaced(name, section));
    }
    let first = argument.get(0).and_then(Value::as_str);
    match (name, first) {
        ("Fn::And" | "Fn::Or" | "Fn::Not", _) => argument.as_array().into_iter().flatten().try_for_each(truth),
        ("Fn::If", None) => {
            Err(Error::function("Fn::If requires a list argument with the first element being a condition"))
        }
        ("Fn::If", Some(_)) if argument.as_array().is_none_or(|items| items.len() != 3) => Err(shape::wrong(name)),
        ("Fn::If", Some(condition)) if !template.conditions.contains_key(condition) => {
            Err(Error::function(format!("unresolved condition dependency {condition} in Fn::If")))
        }
        ("Fn::FindInMap", Some(map)) if !template.mappings.contains_key(map) && argument.get(3).is_none() => {
            Err(Error::function(format!("Mapping named '{map}' is not present in the 'Mappings' section of template.")))
        }
        ("Fn::FindInMap", _) if argument.get(3).is_some() && !template.has_extensions() => Err(shape::wrong(name)),
        ("Fn::Transform", _) => Err(macro_refused(argument.get("Name").and_then(Value::as_str).unwrap_or_default())),
        ("Fn::ImportValue", _) => static_name_in(template, argument),
        _ => Ok(()),
    }
}

/// The name of an import must be known before anything is made.
fn static_name_in(template: &Template, argument: &Value) -> Result<(), Error> {
    let mut references = BTreeSet::new();
    of(argument, &mut references)?;
    let wrong = || static_only("the attribute in Fn::ImportValue");
    if references.into_iter().any(|reference| !is_parameter(template, reference.name())) {
        return Err(wrong());
    }
    static_name(argument, "the attribute in Fn::ImportValue")
}

fn static_name(value: &Value, what: &str) -> Result<(), Error> {
    let mut dynamic = false;
    each_function(value, &mut |name, _| dynamic |= matches!(name, "Fn::ImportValue" | "Fn::GetAZs" | "Fn::GetAtt"));
    if dynamic { Err(static_only(what)) } else { Ok(()) }
}

fn static_only(what: &str) -> Error {
    Error::function(format!("{what} must not depend on any resources, imported values, or Fn::GetAZs"))
}
