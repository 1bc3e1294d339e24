//! Functions that come to true or false, and those of rules ("Condition functions", "Rule functions").

use super::{Evaluator, function, is_complete, shape, standing, text};
use crate::{Error, parameters::Given};
use serde_json::Value;
use std::collections::BTreeSet;

impl Evaluator<'_> {
    /// A condition, or a rule's assertion: true, false, or a function that is not known yet.
    pub(crate) fn truth(&self, value: &Value) -> Result<Value, Error> {
        if let Some(name) = condition(value) {
            let Some(statics) = &self.statics else { return Ok(value.clone()) };
            return match statics.conditions.get(name) {
                Some(truth) => Ok((*truth).into()),
                None => Err(Error::function(format!("unresolved condition dependency {name} in Condition"))),
            };
        }
        match self.value(value)? {
            Some(truth @ Value::Bool(_)) => Ok(truth),
            Some(value) if function(&value).is_some() => Ok(value),
            _ => Err(no_truth()),
        }
    }

    pub(super) fn decision(&self, name: &str, argument: &Value) -> Result<Value, Error> {
        if name == "Fn::Equals" {
            let [left, right] = self.elements(name, argument)?;
            return Ok(if is_complete(&left) && is_complete(&right) {
                same(&left, &right).into()
            } else {
                standing(name, Value::Array(vec![left, right]))
            });
        }
        let lengths = if name == "Fn::Not" { 1..=1 } else { 2..=10 };
        let items =
            argument.as_array().filter(|items| lengths.contains(&items.len())).ok_or_else(|| shape::wrong(name))?;
        let truths: Vec<Value> = items.iter().map(|item| self.truth(item)).collect::<Result<_, _>>()?;
        let known: Option<Vec<bool>> = truths.iter().map(Value::as_bool).collect();
        Ok(match (name, known) {
            (_, None) => standing(name, Value::Array(truths)),
            ("Fn::And", Some(known)) => known.into_iter().all(|truth| truth).into(),
            ("Fn::Or", Some(known)) => known.into_iter().any(|truth| truth).into(),
            (_, Some(known)) => (!known.into_iter().all(|truth| truth)).into(),
        })
    }

    pub(super) fn membership(&self, name: &str, argument: &Value) -> Result<Value, Error> {
        let wrong = || shape::wrong(name);
        let [list, other] = self.elements(name, argument)?;
        let list = texts(&list).ok_or_else(wrong)?;
        Ok(match name {
            "Fn::EachMemberIn" => {
                let other: BTreeSet<String> = texts(&other).ok_or_else(wrong)?.into_iter().collect();
                list.iter().all(|item| other.contains(item)).into()
            }
            "Fn::EachMemberEquals" => {
                let other = text(&other).ok_or_else(wrong)?;
                list.iter().all(|item| *item == other).into()
            }
            _ => list.contains(&text(&other).ok_or_else(wrong)?).into(),
        })
    }

    /// Values of parameters, and attributes of what they name.
    pub(super) fn of_parameters(&self, name: &str, argument: &Value) -> Result<Value, Error> {
        let wrong = || shape::wrong(name);
        let Some(statics) = &self.statics else { return Err(shape::misplaced(name, "Resources")) };
        let of_kind = |kind: &str| statics.by_kind.get(kind).cloned().unwrap_or_default();
        let attribute = |value: &String, attribute: &str| {
            let known = statics.setting.attributes.get(value).and_then(|attributes| attributes.get(attribute));
            known
                .cloned()
                .map(Value::String)
                .ok_or_else(|| Error::function(format!("{name} knows no attribute {attribute} of {value}")))
        };
        if name == "Fn::RefAll" {
            return Ok(of_kind(argument.as_str().ok_or_else(wrong)?).into());
        }
        let Some([Value::String(of), Value::String(what)]) = argument.as_array().map(Vec::as_slice) else {
            return Err(wrong());
        };
        let list = |values: &[String]| {
            values.iter().map(|value| attribute(value, what)).collect::<Result<Vec<_>, _>>().map(Value::Array)
        };
        if name == "Fn::ValueOfAll" {
            return list(&of_kind(of));
        }
        match statics.setting.parameters.get(of) {
            Some(Given::Text(value)) => attribute(value, what),
            Some(Given::List(values)) => list(values),
            None => Err(Error::function(format!("{name} names {of}, which is no parameter"))),
        }
    }
}

pub(crate) fn no_truth() -> Error {
    Error::format("Conditions can only be boolean operations on parameters and other conditions")
}

/// The name in `{"Condition": name}`.
pub(crate) fn condition(value: &Value) -> Option<&str> {
    value.as_object().filter(|members| members.len() == 1)?.get("Condition")?.as_str()
}

/// Whether a value is a function that comes to true or false.
pub(crate) fn is_truth(value: &Value) -> bool {
    let functions =
        ["Fn::And", "Fn::Or", "Fn::Not", "Fn::Equals", "Fn::Contains", "Fn::EachMemberEquals", "Fn::EachMemberIn"];
    condition(value).is_some() || function(value).is_some_and(|(name, _)| functions.contains(&name))
}

/// Numbers and truths equal the texts that spell them.
fn same(left: &Value, right: &Value) -> bool {
    match (text(left), text(right)) {
        (Some(left), Some(right)) => left == right,
        (None, None) => match (left, right) {
            (Value::Array(left), Value::Array(right)) => {
                left.len() == right.len() && left.iter().zip(right).all(|(left, right)| same(left, right))
            }
            _ => left == right,
        },
        _ => false,
    }
}

fn texts(value: &Value) -> Option<Vec<String>> {
    value.as_array()?.iter().map(text).collect()
}
