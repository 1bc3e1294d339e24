//! What functions come to, as far as is known ("Intrinsic function reference").
//!
//! | module | what |
//! |---|---|
//! | `call` | one function after the other, by name |
//! | `sub` | `Fn::Sub` |
//! | `logic` | conditions and rules |
//! | `cidr` | `Fn::Cidr` |
//! | `shape` | what functions' arguments must look like, and what is said when they don't |
//!
//! What is not known yet stays standing as a function in its long form, so that the same value can be evaluated again when more is known.

mod call;
mod cidr;
mod logic;
pub(crate) mod shape;
pub(crate) mod sub;

pub(crate) use logic::{condition, is_truth, no_truth};

use crate::{Error, Setting, setting::NO_VALUE};
use serde_json::{Map, Value};
use std::{
    cell::Cell,
    collections::{BTreeMap, BTreeSet},
};

/// What is known of resources while a stack is made.
pub trait Lookup {
    /// What a reference to the resource comes to; none if that is not known yet.
    fn reference(&self, logical_id: &str) -> Option<Value>;

    /// What an attribute of the resource comes to; none if that is not known yet.
    ///
    /// # Errors
    /// There is no such attribute.
    fn attribute(&self, logical_id: &str, name: &str) -> Result<Option<Value>, Error>;

    /// The value of an export; none if that is not to be asked for yet.
    ///
    /// # Errors
    /// There is no such export.
    fn import(&self, export: &str) -> Result<Option<Value>, Error>;
}

/// How many bytes functions of one template may come to: a value that is named often is copied as often.
const MOST: usize = 16_000_000;

/// Computes what can be computed; what is not known stays standing as a function. References to `AWS::NoValue` take what they are in with
/// them; a value that is nothing else comes to null.
///
/// # Errors
/// A function can't be computed from what it is given.
pub fn evaluate(value: &Value, lookup: &dyn Lookup) -> Result<Value, Error> {
    let evaluator = Evaluator { statics: None, lookup: Some(lookup), budget: Cell::new(MOST) };
    Ok(evaluator.value(value)?.unwrap_or_default())
}

/// Whether a value has no function left in it.
pub fn is_complete(value: &Value) -> bool {
    match value {
        Value::Array(items) => items.iter().all(is_complete),
        Value::Object(members) => function(value).is_none() && members.values().all(is_complete),
        _ => true,
    }
}

/// Names that `Fn::ImportValue` asks for, as far as they are known.
pub fn imports(value: &Value) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    each_function(value, &mut |name, argument| {
        if let ("Fn::ImportValue", Value::String(export)) = (name, argument) {
            names.insert(export.clone());
        }
    });
    names
}

/// A function's name and what it is given.
pub(crate) fn function(value: &Value) -> Option<(&str, &Value)> {
    let members = value.as_object().filter(|members| members.len() == 1)?;
    let (name, argument) = members.iter().next()?;
    (name == "Ref" || name.starts_with("Fn::")).then_some((name, argument))
}

/// Calls back for each function in a value, the outer ones first.
pub(crate) fn each_function<'a>(value: &'a Value, found: &mut impl FnMut(&'a str, &'a Value)) {
    if let Some((name, argument)) = function(value) {
        found(name, argument);
    }
    match value {
        Value::Array(items) => items.iter().for_each(|item| each_function(item, found)),
        Value::Object(members) => members.values().for_each(|member| each_function(member, found)),
        _ => {}
    }
}

/// A function in its long form.
pub(crate) fn standing(name: &str, argument: Value) -> Value {
    Value::Object(Map::from_iter([(name.to_owned(), argument)]))
}

/// A scalar as text: numbers and truths as they are spelled.
pub(crate) fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(truth) => Some(truth.to_string()),
        _ => None,
    }
}

/// What does not change while a stack is made.
pub(crate) struct Statics<'a> {
    pub(crate) setting: &'a Setting,
    pub(crate) mappings: &'a Map<String, Value>,
    pub(crate) conditions: &'a BTreeMap<String, bool>,
    /// Values of parameters by their type, for `Fn::RefAll`.
    pub(crate) by_kind: &'a BTreeMap<String, Vec<String>>,
}

pub(crate) struct Evaluator<'a> {
    statics: Option<Statics<'a>>,
    lookup: Option<&'a dyn Lookup>,
    budget: Cell<usize>,
}

impl<'a> Evaluator<'a> {
    /// Knows parameters, and nothing of resources.
    pub(crate) fn new(statics: Statics<'a>) -> Self {
        Self { statics: Some(statics), lookup: None, budget: Cell::new(MOST) }
    }

    /// What a value comes to; none if that is `AWS::NoValue`.
    pub(crate) fn value(&self, value: &Value) -> Result<Option<Value>, Error> {
        if let Some((name, argument)) = function(value) {
            let result = self.call(name, argument)?;
            return result.map(|value| self.pay(value)).transpose();
        }
        Ok(Some(match value {
            Value::Array(items) => {
                let items = items.iter().map(|item| self.value(item)).filter_map(Result::transpose);
                Value::Array(items.collect::<Result<_, _>>()?)
            }
            Value::Object(members) => {
                let members =
                    members.iter().map(|(name, member)| Ok(self.value(member)?.map(|value| (name.clone(), value))));
                Value::Object(members.filter_map(Result::transpose).collect::<Result<_, Error>>()?)
            }
            other => other.clone(),
        }))
    }

    /// What functions come to is bounded as a whole.
    fn pay(&self, value: Value) -> Result<Value, Error> {
        let left = self.budget.get().checked_sub(size(&value));
        let left = left.ok_or_else(too_much)?;
        self.budget.set(left);
        Ok(value)
    }

    /// Whether so many bytes more are still allowed.
    fn fits(&self, bytes: usize) -> Result<(), Error> {
        if bytes > self.budget.get() { Err(too_much()) } else { Ok(()) }
    }

    /// A parameter's value or a resource's.
    fn reference(&self, name: &str) -> Option<Option<Value>> {
        if name == NO_VALUE {
            return Some(None);
        }
        let known = self.statics.as_ref().and_then(|statics| statics.setting.value(name));
        known.or_else(|| self.lookup.and_then(|lookup| lookup.reference(name))).map(Some)
    }
}

fn too_much() -> Error {
    Error::function(format!("functions come to more than {MOST} bytes"))
}

fn size(value: &Value) -> usize {
    match value {
        Value::String(text) => text.len().saturating_add(8),
        Value::Array(items) => items.iter().map(size).fold(8, usize::saturating_add),
        Value::Object(members) => {
            members.iter().map(|(name, member)| name.len().saturating_add(size(member))).fold(8, usize::saturating_add)
        }
        _ => 8,
    }
}
