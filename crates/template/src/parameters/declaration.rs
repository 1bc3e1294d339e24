//! From a parameter's declaration in a template to a [`Parameter`].

use super::{LONGEST_VALUE, Parameter, ParameterKind, check};
use crate::{Error, evaluate};
use serde_json::{Map, Value};

const MEMBERS: [&str; 11] = [
    "AllowedPattern",
    "AllowedValues",
    "ConstraintDescription",
    "Default",
    "Description",
    "MaxLength",
    "MaxValue",
    "MinLength",
    "MinValue",
    "NoEcho",
    "Type",
];

pub(crate) fn declared(name: &str, body: &Value) -> Result<Parameter, Error> {
    let Some(body) = body.as_object() else {
        return Err(Error::format(format!("[/Parameters/{name}] Every Parameters member must be a map")));
    };
    if let Some(unknown) = body.keys().find(|member| !MEMBERS.contains(&member.as_str())) {
        return Err(Error::new(format!("Invalid template parameter property '{unknown}'")));
    }
    let Some(kind) = body.get("Type") else {
        return Err(Error::format("Every Parameters object must contain a Type member."));
    };
    let kind = kind.as_str().ok_or_else(|| must_be_text("Type"))?;
    let kind =
        ParameterKind::named(kind).ok_or_else(|| Error::format(format!("Unrecognized parameter type: {kind}")))?;
    let parameter = Parameter {
        kind,
        default: text(body, "Default")?,
        allowed_values: allowed_values(body)?,
        allowed_pattern: text(body, "AllowedPattern")?,
        constraint_description: text(body, "ConstraintDescription")?,
        min_length: length(body, "MinLength")?,
        max_length: length(body, "MaxLength")?,
        min_value: number(body, "MinValue")?,
        max_value: number(body, "MaxValue")?,
        no_echo: no_echo(body)?,
        description: text(body, "Description")?,
    };
    if parameter.default.as_ref().is_some_and(|default| default.chars().count() > LONGEST_VALUE) {
        return Err(Error::format(format!(
            "Parameter '{name}' default value '[****]' length is greater than {LONGEST_VALUE}."
        )));
    }
    if let Some(pattern) = &parameter.allowed_pattern {
        check::pattern(name, pattern)?;
    }
    Ok(parameter)
}

fn must_be_text(member: &str) -> Error {
    Error::format(format!("Every {member} member must be a string."))
}

/// A text as it is spelled: numbers and truths are texts, too.
fn text(body: &Map<String, Value>, member: &str) -> Result<Option<String>, Error> {
    body.get(member).map(|value| evaluate::text(value).ok_or_else(|| must_be_text(member))).transpose()
}

fn allowed_values(body: &Map<String, Value>) -> Result<Option<Vec<String>>, Error> {
    match body.get("AllowedValues") {
        None => Ok(None),
        Some(Value::Array(values)) => {
            let values = values.iter().map(|value| evaluate::text(value).ok_or_else(|| must_be_text("AllowedValues")));
            values.collect::<Result<_, _>>().map(Some)
        }
        Some(_) => Err(Error::format("Every AllowedValues member must be a list.")),
    }
}

fn length(body: &Map<String, Value>, member: &str) -> Result<Option<u64>, Error> {
    let wrong = || Error::format(format!("{member} must be an integer."));
    text(body, member)?.map(|text| text.parse().map_err(|_| wrong())).transpose()
}

fn number(body: &Map<String, Value>, member: &str) -> Result<Option<f64>, Error> {
    let wrong = || Error::format(format!("{member} must be a number."));
    text(body, member)?.map(|text| check::number(&text).ok_or_else(wrong)).transpose()
}

fn no_echo(body: &Map<String, Value>) -> Result<bool, Error> {
    match text(body, "NoEcho")?.as_deref() {
        None => Ok(false),
        Some(text) if text.eq_ignore_ascii_case("true") => Ok(true),
        Some(text) if text.eq_ignore_ascii_case("false") => Ok(false),
        Some(_) => Err(Error::format("NoEcho must be a boolean.")),
    }
}
