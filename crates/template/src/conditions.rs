//! Conditions: which are true ("CloudFormation template Conditions syntax").

use crate::{
    Error, Setting,
    evaluate::{Evaluator, Statics, condition, no_truth},
    graph::{self, Graph},
};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};

/// Decides all conditions, those first that others are made of.
pub(crate) fn decide(
    conditions: &BTreeMap<String, Value>,
    mappings: &Map<String, Value>,
    setting: &Setting,
) -> Result<BTreeMap<String, bool>, Error> {
    let mut decided = BTreeMap::new();
    let none = BTreeMap::new();
    for name in order(conditions)? {
        let Some(value) = conditions.get(name) else { continue };
        let evaluator = Evaluator::new(Statics { setting, mappings, conditions: &decided, by_kind: &none });
        let truth = evaluator.truth(value)?;
        let truth = truth.as_bool().ok_or_else(no_truth)?;
        decided.insert(name.to_owned(), truth);
    }
    Ok(decided)
}

/// An order in which each condition comes after those it is made of.
pub(crate) fn order(conditions: &BTreeMap<String, Value>) -> Result<Vec<&str>, Error> {
    let graph: Graph<'_> = conditions.iter().map(|(name, value)| (name.as_str(), needs(value))).collect();
    graph::order(&graph)
        .map_err(|circle| Error::format(format!("Circular dependency between conditions: [{}]", circle.join(", "))))
}

/// Conditions that a condition is made of.
pub(crate) fn needs(value: &Value) -> BTreeSet<&str> {
    fn collect<'a>(value: &'a Value, found: &mut BTreeSet<&'a str>) {
        found.extend(condition(value));
        match value {
            Value::Array(items) => items.iter().for_each(|item| collect(item, found)),
            Value::Object(members) => members.values().for_each(|member| collect(member, found)),
            _ => {}
        }
    }
    let mut found = BTreeSet::new();
    collect(value, &mut found);
    found
}
