//! From a tree of values to a template: the shapes of its sections.

use crate::{
    Error,
    declared::{LANGUAGE_EXTENSIONS, Output, Policy, Resource, Template},
    evaluate::text,
    foreach, parameters, rules,
};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// "CloudFormation quotas".
const MOST_RESOURCES: usize = 500;
const MOST_PARAMETERS: usize = 200;
const MOST_OUTPUTS: usize = 200;
const MOST_MAPPINGS: usize = 200;
/// Attributes of a mapping.
const MOST_KEYS: usize = 200;
/// Bytes of a template's description, and of an output's.
const LONGEST_DESCRIPTION: usize = 1024;
/// Characters of a logical id.
const LONGEST_NAME: usize = 255;

const SECTIONS: [&str; 11] = [
    "AWSTemplateFormatVersion",
    "Conditions",
    "Description",
    "Hooks",
    "Mappings",
    "Metadata",
    "Outputs",
    "Parameters",
    "Resources",
    "Rules",
    "Transform",
];

const RESOURCE_MEMBERS: [&str; 9] = [
    "Condition",
    "CreationPolicy",
    "DeletionPolicy",
    "DependsOn",
    "Metadata",
    "Properties",
    "Type",
    "UpdatePolicy",
    "UpdateReplacePolicy",
];

pub(crate) fn template(source: Value) -> Result<Template, Error> {
    let Some(sections) = source.as_object() else { return Err(Error::format("unsupported structure.")) };
    let unknown: Vec<&str> = sections.keys().map(String::as_str).filter(|name| !SECTIONS.contains(name)).collect();
    if !unknown.is_empty() {
        return Err(Error::new(format!("Invalid template property or properties [{}]", unknown.join(", "))));
    }
    version(sections)?;
    if sections.contains_key("Hooks") {
        return Err(Error::new("Hooks for blue/green deployments are not supported"));
    }
    let transforms = transforms(sections.get("Transform"))?;
    let loops = transforms.iter().any(|name| name == LANGUAGE_EXTENSIONS);
    let description = description(sections)?;
    let parameters = section(sections, "Parameters", MOST_PARAMETERS, false)?;
    let resources = section(sections, "Resources", MOST_RESOURCES, loops)?;
    let outputs = section(sections, "Outputs", MOST_OUTPUTS, loops)?;
    let has_loop = sections
        .get("Resources")
        .and_then(Value::as_object)
        .is_some_and(|all| all.keys().any(|key| foreach::is_loop(key)));
    if resources.is_empty() && !has_loop {
        return Err(Error::format("At least one Resources member must be defined."));
    }
    Ok(Template {
        description,
        parameters: parameters
            .into_iter()
            .map(|(name, body)| Ok((name.clone(), parameters::declared(name, body)?)))
            .collect::<Result<_, Error>>()?,
        resources: resources
            .into_iter()
            .map(|(id, body)| Ok((id.clone(), resource(id, body, loops)?)))
            .collect::<Result<_, Error>>()?,
        outputs: outputs
            .into_iter()
            .map(|(name, body)| Ok((name.clone(), output(name, body)?)))
            .collect::<Result<_, Error>>()?,
        metadata: sections.get("Metadata").cloned().unwrap_or_default(),
        mappings: mappings(sections)?,
        conditions: owned(section(sections, "Conditions", usize::MAX, loops)?),
        rules: section(sections, "Rules", usize::MAX, false)?
            .into_iter()
            .map(|(name, body)| Ok((name.clone(), rules::declared(name, body)?)))
            .collect::<Result<_, _>>()?,
        transforms,
        source,
    })
}

fn owned(section: Vec<(&String, &Value)>) -> BTreeMap<String, Value> {
    section.into_iter().map(|(name, body)| (name.clone(), body.clone())).collect()
}

fn version(sections: &Map<String, Value>) -> Result<(), Error> {
    match sections.get("AWSTemplateFormatVersion") {
        None => Ok(()),
        Some(Value::String(version)) if version == "2010-09-09" => Ok(()),
        Some(Value::String(_)) => {
            Err(Error::format("Unrecognized template format version. Valid values: [2010-09-09]"))
        }
        Some(_) => Err(Error::format("Every AWSTemplateFormatVersion member must be a string.")),
    }
}

fn description(body: &Map<String, Value>) -> Result<Option<String>, Error> {
    let wrong = || Error::format("Every Description member must be a string.");
    let description = body.get("Description").map(|value| text(value).ok_or_else(wrong)).transpose()?;
    if description.as_ref().is_some_and(|text| text.len() > LONGEST_DESCRIPTION) {
        return Err(Error::format(format!("'Description' length is greater than {LONGEST_DESCRIPTION}")));
    }
    Ok(description)
}

/// Macros are refused by name: those of AWS that are not done here, and those of an account, which has none.
fn transforms(value: Option<&Value>) -> Result<Vec<String>, Error> {
    let names: Vec<&Value> = match value {
        None => return Ok(Vec::new()),
        Some(Value::Array(names)) => names.iter().collect(),
        Some(one) => vec![one],
    };
    let names = names.into_iter().map(|name| match name {
        Value::String(name) => Ok(name.clone()),
        Value::Object(call) => call
            .get("Name")
            .and_then(Value::as_str)
            .map(str::to_owned)
            .ok_or_else(|| Error::format("every Transform must have a Name")),
        _ => Err(Error::format("Every Transform member must be a string.")),
    });
    let names: Vec<String> = names.collect::<Result<_, _>>()?;
    match names.iter().find(|name| *name != LANGUAGE_EXTENSIONS) {
        Some(other) => Err(macro_refused(other)),
        None => Ok(names),
    }
}

pub(crate) fn macro_refused(name: &str) -> Error {
    if name.starts_with("AWS::") {
        Error::new(format!("Transform {name} is not supported"))
    } else {
        Error::new(format!("No transform named {name} found."))
    }
}

/// The members of a section whose names are names; loops are left out where they may be.
fn section<'a>(
    sections: &'a Map<String, Value>,
    section: &str,
    most: usize,
    loops: bool,
) -> Result<Vec<(&'a String, &'a Value)>, Error> {
    let members = match sections.get(section) {
        None => return Ok(Vec::new()),
        Some(Value::Object(members)) => members,
        Some(_) => return Err(Error::format(format!("[/{section}] Every {section} member must be a map"))),
    };
    if members.len() > most {
        let what = section.to_lowercase();
        return Err(Error::format(format!(
            "Number of {what}, {}, is greater than maximum allowed, {most}",
            members.len()
        )));
    }
    let members: Vec<_> = members.iter().filter(|(name, _)| !(loops && foreach::is_loop(name))).collect();
    let one = match section {
        "Outputs" => "Output",
        "Resources" => "Resource name",
        "Parameters" => "Parameter name",
        "Mappings" => "Mapping name",
        "Conditions" => "Condition name",
        _ => "Rule name",
    };
    match members.iter().find(|(name, _)| !is_name(name, section)) {
        Some((name, _)) => Err(Error::format(format!("{one} {name} is non alphanumeric."))),
        None => Ok(members),
    }
}

/// Names of conditions may have `&` in them, which the user guide does not say and templates of AWS rely on.
fn is_name(name: &str, section: &str) -> bool {
    let allowed = |char: char| char.is_ascii_alphanumeric() || (section == "Conditions" && char == '&');
    !name.is_empty() && name.len() <= LONGEST_NAME && name.chars().all(allowed)
}

fn resource(id: &str, body: &Value, extensions: bool) -> Result<Resource, Error> {
    let path = format!("/Resources/{id}");
    let Some(body) = body.as_object() else {
        return Err(Error::format(format!("[{path}] Every Resources member must be a map")));
    };
    if let Some(unknown) = body.keys().find(|name| !RESOURCE_MEMBERS.contains(&name.as_str())) {
        return Err(Error::new(format!("Invalid template resource property '{unknown}'")));
    }
    let kind = match body.get("Type") {
        None => return Err(Error::format(format!("[{path}] Every Resources object must contain a Type member."))),
        Some(Value::String(kind)) => kind.clone(),
        Some(_) => return Err(Error::format(format!("[{path}/Type] Every Type member must be a string."))),
    };
    let properties = match body.get("Properties") {
        None => Value::Object(Map::new()),
        Some(properties @ Value::Object(_)) => properties.clone(),
        Some(_) => return Err(Error::format(format!("[{path}/Properties] Every Properties member must be a map"))),
    };
    let policy = |name| policy(id, name, body.get(name), extensions);
    Ok(Resource {
        kind,
        properties,
        depends_on: depends_on(body.get("DependsOn"))?,
        condition: condition(body)?,
        deletion_policy: policy("DeletionPolicy")?,
        update_replace_policy: policy("UpdateReplacePolicy")?,
        creation_policy: body.get("CreationPolicy").cloned().unwrap_or_default(),
        update_policy: body.get("UpdatePolicy").cloned().unwrap_or_default(),
        metadata: body.get("Metadata").cloned().unwrap_or_default(),
    })
}

fn depends_on(value: Option<&Value>) -> Result<Vec<String>, Error> {
    let wrong = || Error::format("DependsOn must be a string or list of strings.");
    match value {
        None => Ok(Vec::new()),
        Some(Value::String(id)) => Ok(vec![id.clone()]),
        Some(Value::Array(ids)) => ids.iter().map(|id| id.as_str().map(str::to_owned).ok_or_else(wrong)).collect(),
        Some(_) => Err(wrong()),
    }
}

fn condition(body: &Map<String, Value>) -> Result<Option<String>, Error> {
    match body.get("Condition") {
        None => Ok(None),
        Some(Value::String(name)) => Ok(Some(name.clone())),
        Some(_) => Err(Error::format("Every Condition member must be a string.")),
    }
}

fn policy(id: &str, attribute: &str, value: Option<&Value>, extensions: bool) -> Result<Policy, Error> {
    match value {
        None => Ok(Policy::Delete),
        Some(Value::String(name)) => match name.as_str() {
            "Delete" => Ok(Policy::Delete),
            "Retain" => Ok(Policy::Retain),
            "Snapshot" => Ok(Policy::Snapshot),
            "RetainExceptOnCreate" if attribute == "DeletionPolicy" => Ok(Policy::RetainExceptOnCreate),
            _ => Err(Error::format(format!("Unrecognized {attribute} {name} for resource {id}"))),
        },
        // A function: what it comes to is read when loops are expanded.
        Some(Value::Object(_)) if extensions => Ok(Policy::Delete),
        Some(_) => Err(Error::format(format!("Every {attribute} member must be a string."))),
    }
}

fn output(name: &str, body: &Value) -> Result<Output, Error> {
    let path = format!("/Outputs/{name}");
    let Some(body) = body.as_object() else {
        return Err(Error::format(format!("[{path}] Every Outputs member must be a map")));
    };
    if let Some(unknown) =
        body.keys().find(|name| !["Condition", "Description", "Export", "Value"].contains(&name.as_str()))
    {
        return Err(Error::new(format!("Invalid template output property '{unknown}'")));
    }
    let Some(value) = body.get("Value") else {
        return Err(Error::format("Every Outputs member must contain a Value object"));
    };
    let export = match body.get("Export") {
        None => None,
        Some(Value::Object(export)) => match export.get("Name") {
            Some(name) if export.len() == 1 => Some(name.clone()),
            _ => return Err(Error::format("Output Export must contain only a Name member")),
        },
        Some(_) => return Err(Error::format(format!("[{path}/Export] Every Export member must be a map"))),
    };
    Ok(Output { description: description(body)?, value: value.clone(), export, condition: condition(body)? })
}

/// Two levels of names, and texts or lists of them below.
fn mappings(sections: &Map<String, Value>) -> Result<Map<String, Value>, Error> {
    let mut mappings = Map::new();
    for (name, mapping) in section(sections, "Mappings", MOST_MAPPINGS, false)? {
        let Some(keys) = mapping.as_object() else {
            return Err(Error::format(format!("Every Mappings member {name} must be a map")));
        };
        if keys.len() > MOST_KEYS {
            let count = keys.len();
            return Err(Error::format(format!(
                "Number of attributes in mapping {name}, {count}, is greater than maximum allowed, {MOST_KEYS}"
            )));
        }
        for (key, attributes) in keys {
            let Some(attributes) = attributes.as_object() else {
                return Err(Error::format(format!("[/Mappings/{name}/{key}] Every Mappings attribute must be a map")));
            };
            let is_value = |value: &Value| match value {
                Value::Object(_) => false,
                Value::Array(items) => items.iter().all(|item| !item.is_object() && !item.is_array()),
                _ => true,
            };
            if !attributes.values().all(is_value) {
                return Err(Error::format("Every Mappings attribute must be a String or a List."));
            }
        }
        mappings.insert(name.clone(), mapping.clone());
    }
    Ok(mappings)
}
