//! Values given for parameters, held against their declarations.

use super::{LONGEST_VALUE, Parameter, ParameterKind, Specific};
use crate::{Error, Template};
use regex::{Regex, RegexBuilder};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Bytes of an allowed pattern's automaton.
const LARGEST_PATTERN: usize = 1 << 20;

/// A parameter's value, as functions use it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Given {
    /// A text, or a number as it is spelled.
    Text(String),
    /// A list of them.
    List(Vec<String>),
}

/// Values of all parameters, and what is still to be seen to.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Checked {
    /// The values; those of [`ParameterKind::SsmValue`] are names until [`Checked::look_up`].
    pub values: BTreeMap<String, Given>,
    /// Parameters of the Parameter Store whose values or existence count.
    pub ssm: Vec<SsmLookup>,
    /// What must exist.
    pub existing: Vec<Existing>,
}

/// A parameter of the Parameter Store that a template's parameter names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SsmLookup {
    /// The template's parameter.
    pub parameter: String,
    /// The Parameter Store's.
    pub name: String,
    /// What is to be read from its value; none if it must only exist.
    pub kind: Option<ParameterKind>,
}

/// Something that must exist, as a parameter says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Existing {
    /// The parameter.
    pub parameter: String,
    /// What it is.
    pub kind: Specific,
    /// Its ids or names.
    pub values: Vec<String>,
}

impl Given {
    /// A text as a value of that type: lists are separated by commas, around which spaces don't count.
    pub fn read(kind: &ParameterKind, text: &str) -> Self {
        if kind.is_list() {
            Self::List(text.split(',').map(|item| item.trim().to_owned()).collect())
        } else {
            Self::Text(text.to_owned())
        }
    }

    /// What a reference to it comes to.
    pub fn value(&self) -> Value {
        match self {
            Self::Text(text) => Value::String(text.clone()),
            Self::List(items) => items.clone().into(),
        }
    }

    pub(crate) fn items(&self) -> &[String] {
        match self {
            Self::Text(text) => std::slice::from_ref(text),
            Self::List(items) => items,
        }
    }
}

impl Checked {
    /// Takes in the value of a parameter of the Parameter Store: it is the value of the template's parameter from now on.
    pub fn look_up(&mut self, lookup: &SsmLookup, value: &str) {
        let Some(kind) = &lookup.kind else { return };
        let given = Given::read(kind, value);
        self.must_exist(&lookup.parameter, kind, &given);
        self.values.insert(lookup.parameter.clone(), given);
    }

    fn must_exist(&mut self, parameter: &str, kind: &ParameterKind, given: &Given) {
        if let Some(kind) = kind.specific() {
            self.existing.push(Existing { parameter: parameter.to_owned(), kind, values: given.items().to_vec() });
        }
    }
}

impl Existing {
    /// What is said when one of the values does not exist.
    pub fn missing(&self, value: &str) -> Error {
        let parameter = &self.parameter;
        Error::new(format!(
            "Parameter validation failed: parameter value {value} for parameter name {parameter} does not exist"
        ))
    }
}

impl SsmLookup {
    /// What is said when the Parameter Store has no such parameters.
    pub fn missing(names: &[&str]) -> Error {
        Error::new(format!("Unable to fetch parameters [{}] from parameter store for this account.", names.join(",")))
    }
}

impl Template {
    /// Holds given values against the declarations of parameters, and adds defaults.
    ///
    /// # Errors
    /// A value is missing, for no parameter of the template, or breaks a constraint.
    pub fn check_parameters(&self, given: &BTreeMap<String, String>) -> Result<Checked, Error> {
        let unknown: Vec<&str> =
            given.keys().filter(|name| !self.parameters.contains_key(*name)).map(String::as_str).collect();
        if !unknown.is_empty() {
            return Err(Error::new(format!("Parameters: [{}] do not exist in the template", unknown.join(", "))));
        }
        let value =
            |name: &String, parameter: &Parameter| given.get(name).cloned().or_else(|| parameter.default.clone());
        let missing = self.parameters.iter().filter(|(name, parameter)| value(name, parameter).is_none());
        let missing: Vec<&str> = missing.map(|(name, _)| name.as_str()).collect();
        if !missing.is_empty() {
            return Err(Error::new(format!("Parameters: [{}] must have values", missing.join(", "))));
        }
        let mut checked = Checked::default();
        for (name, parameter) in &self.parameters {
            let Some(text) = value(name, parameter) else { continue };
            parameter.check(name, &text)?;
            let given = match &parameter.kind {
                ParameterKind::SsmName => {
                    checked.ssm.push(SsmLookup { parameter: name.clone(), name: text.clone(), kind: None });
                    Given::Text(text)
                }
                ParameterKind::SsmValue(inner) => {
                    checked.ssm.push(SsmLookup {
                        parameter: name.clone(),
                        name: text.clone(),
                        kind: Some((**inner).clone()),
                    });
                    Given::Text(text)
                }
                kind => Given::read(kind, &text),
            };
            checked.must_exist(name, &parameter.kind, &given);
            checked.values.insert(name.clone(), given);
        }
        Ok(checked)
    }
}

impl Parameter {
    /// Holds one value against the constraints.
    fn check(&self, name: &str, text: &str) -> Result<(), Error> {
        if text.chars().count() > LONGEST_VALUE {
            return Err(Error::new(format!("Parameter '{name}' value length is greater than {LONGEST_VALUE}.")));
        }
        // The constraints of what is looked up are its name's.
        let given = match &self.kind {
            ParameterKind::SsmValue(_) => Given::Text(text.to_owned()),
            kind => Given::read(kind, text),
        };
        let pattern = self.allowed_pattern.as_deref().map(|text| pattern(name, text)).transpose()?;
        let allowed: Option<BTreeSet<&str>> =
            self.allowed_values.as_ref().map(|values| values.iter().map(String::as_str).collect());
        given.items().iter().try_for_each(|item| self.check_item(name, item, allowed.as_ref(), pattern.as_ref()))
    }

    fn check_item(
        &self,
        name: &str,
        item: &str,
        allowed: Option<&BTreeSet<&str>>,
        pattern: Option<&Regex>,
    ) -> Result<(), Error> {
        let broken = |rule: String| {
            Err(match &self.constraint_description {
                Some(description) => {
                    Error::new(format!("Parameter {name} failed to satisfy constraint: {description}"))
                }
                None => Error::new(format!("Parameter '{name}' must {rule}")),
            })
        };
        if matches!(self.kind, ParameterKind::Number | ParameterKind::NumberList) {
            let Some(value) = number(item) else {
                return Err(Error::new(format!("Parameter '{name}' must be a number")));
            };
            match (self.min_value, self.max_value) {
                (Some(least), _) if value < least => return broken(format!("be a number not less than {least}")),
                (_, Some(most)) if value > most => return broken(format!("be a number not greater than {most}")),
                _ => {}
            }
        }
        if allowed.is_some_and(|allowed| !allowed.contains(item)) {
            return broken("be one of AllowedValues".to_owned());
        }
        if self.kind == ParameterKind::String {
            let length = u64::try_from(item.chars().count()).unwrap_or(u64::MAX);
            match (self.min_length, self.max_length) {
                (Some(least), _) if length < least => return broken(format!("contain at least {least} characters")),
                (_, Some(most)) if length > most => return broken(format!("contain at most {most} characters")),
                _ => {}
            }
        }
        match pattern {
            Some(pattern) if !pattern.is_match(item) => {
                broken(format!("match pattern {}", self.allowed_pattern.as_deref().unwrap_or_default()))
            }
            _ => Ok(()),
        }
    }
}

/// A pattern for a whole value. Those of Java that can't be decided in linear time are refused.
pub(super) fn pattern(name: &str, pattern: &str) -> Result<Regex, Error> {
    let whole = format!(r"\A(?:{pattern})\z");
    RegexBuilder::new(&whole).size_limit(LARGEST_PATTERN).build().map_err(|error| {
        let reason = match error {
            regex::Error::CompiledTooBig(_) => "it is too large",
            _ => "it is no regular expression, or one with look-around or back references",
        };
        Error::format(format!("AllowedPattern '{pattern}' of parameter {name} is not supported: {reason}"))
    })
}

/// A number as Java reads it, without what is none (`NaN`, infinities).
pub(super) fn number(text: &str) -> Option<f64> {
    text.trim().parse::<f64>().ok().filter(|number| number.is_finite())
}
