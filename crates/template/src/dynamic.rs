//! Dynamic references: values that are kept elsewhere ("Get values stored in other services using dynamic references").

use crate::Error;
use serde_json::Value;

/// Bytes that dynamic references of one value may come to.
const MOST: usize = 16_000_000;

/// `{{resolve:service:…}}`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct DynamicReference {
    /// Where the value is kept.
    pub service: DynamicService,
    /// A parameter's name, or a secret's name or ARN.
    pub id: String,
    /// Which member of a secret that is a JSON object; none for all of the text.
    pub json_key: Option<String>,
    /// The staging label of a secret's version.
    pub version_stage: Option<String>,
    /// A parameter's version, or the id of a secret's.
    pub version: Option<String>,
}

/// Where values are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum DynamicService {
    /// `ssm`: a text of the Parameter Store.
    Ssm,
    /// `ssm-secure`: a secret text of the Parameter Store.
    SsmSecure,
    /// `secretsmanager`.
    SecretsManager,
}

impl DynamicReference {
    /// Reads what is between the braces: `resolve:ssm:/name:3`.
    fn read(text: &str) -> Result<Self, Error> {
        let wrong = || Error::new(format!("Incorrect format is used in the following dynamic reference: [{text}]"));
        let rest = text.strip_prefix("resolve:").ok_or_else(wrong)?;
        let (service, rest) = rest.split_once(':').ok_or_else(wrong)?;
        match service {
            "ssm" => Self::parameter(DynamicService::Ssm, rest).ok_or_else(wrong),
            "ssm-secure" => Self::parameter(DynamicService::SsmSecure, rest).ok_or_else(wrong),
            "secretsmanager" => Self::secret(rest).ok_or_else(wrong),
            _ => Err(wrong()),
        }
    }

    /// `name`, `name:version`.
    fn parameter(service: DynamicService, rest: &str) -> Option<Self> {
        let (id, rest) = id(rest, 6)?;
        let version = match rest.as_slice() {
            [] => None,
            [version] if version.parse::<u64>().is_ok() => Some((*version).to_owned()),
            _ => return None,
        };
        Some(Self { service, id, json_key: None, version_stage: None, version })
    }

    /// `secret`, then `SecretString`, a key, a label and a version's id, of which the last ones may be left out or empty.
    fn secret(rest: &str) -> Option<Self> {
        let (id, rest) = id(rest, 7)?;
        let some = |at: usize| rest.get(at).filter(|text| !text.is_empty()).map(|text| (*text).to_owned());
        if rest.len() > 4
            || some(0).is_some_and(|kind| kind != "SecretString")
            || (some(2).is_some() && some(3).is_some())
        {
            return None;
        }
        Some(Self {
            service: DynamicService::SecretsManager,
            id,
            json_key: some(1),
            version_stage: some(2),
            version: some(3),
        })
    }
}

/// An id, which is an ARN of so many parts if it begins like one, and what follows it.
fn id(text: &str, parts: usize) -> Option<(String, Vec<&str>)> {
    let all: Vec<&str> = text.split(':').collect();
    let (id, rest) = all.split_at_checked(if text.starts_with("arn:") { parts } else { 1 })?;
    let id = id.join(":");
    (!id.is_empty()).then(|| (id, rest.to_vec()))
}

/// A value in whose texts each dynamic reference is replaced by what `find` says.
///
/// # Errors
/// A reference is none, or `find` fails.
pub fn resolve_dynamic(
    value: &Value,
    find: &mut dyn FnMut(&DynamicReference) -> Result<String, Error>,
) -> Result<Value, Error> {
    let mut left = MOST;
    walk(value, &mut |reference| {
        let found = find(reference)?;
        left = left
            .checked_sub(found.len())
            .ok_or_else(|| Error::new(format!("dynamic references come to more than {MOST} bytes")))?;
        Ok(found)
    })
}

/// Dynamic references in a value's texts, in the order in which they come.
///
/// # Errors
/// A reference is none.
pub fn dynamic_references(value: &Value) -> Result<Vec<DynamicReference>, Error> {
    let mut references = Vec::new();
    walk(value, &mut |reference| {
        references.push(reference.clone());
        Ok(String::new())
    })?;
    Ok(references)
}

type Find<'a> = dyn FnMut(&DynamicReference) -> Result<String, Error> + 'a;

fn walk(value: &Value, find: &mut Find<'_>) -> Result<Value, Error> {
    Ok(match value {
        Value::String(text) => Value::String(replaced(text, find)?),
        Value::Array(items) => Value::Array(items.iter().map(|item| walk(item, find)).collect::<Result<_, _>>()?),
        Value::Object(members) => {
            let members = members.iter().map(|(name, member)| Ok((name.clone(), walk(member, find)?)));
            Value::Object(members.collect::<Result<_, Error>>()?)
        }
        other => other.clone(),
    })
}

/// What was found is not looked through again.
fn replaced(text: &str, find: &mut Find<'_>) -> Result<String, Error> {
    let mut result = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("{{resolve:") {
        let Some((body, behind)) = after.split_once("}}") else { break };
        result.push_str(before);
        result.push_str(&find(&DynamicReference::read(&format!("resolve:{body}"))?)?);
        rest = behind;
    }
    result.push_str(rest);
    Ok(result)
}
