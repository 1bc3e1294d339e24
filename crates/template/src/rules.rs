//! Rules: what must hold for the values of parameters together ("CloudFormation template Rules syntax").

use crate::{
    Error, Setting, Template,
    evaluate::{Evaluator, Statics, no_truth, text},
};
use serde_json::Value;
use std::collections::BTreeMap;

/// What must hold.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Rule {
    /// When it must: always, if not said.
    pub(crate) condition: Option<Value>,
    /// What must be true, and what is said when it is not.
    pub(crate) assertions: Vec<(Value, String)>,
}

pub(crate) fn declared(name: &str, body: &Value) -> Result<Rule, Error> {
    let wrong = |what: &str| Error::format(format!("[/Rules/{name}] {what}"));
    let members = body.as_object().ok_or_else(|| wrong("Every Rules member must be a map"))?;
    if let Some(unknown) = members.keys().find(|member| !["RuleCondition", "Assertions"].contains(&member.as_str())) {
        return Err(Error::new(format!("Invalid template rule property '{unknown}'")));
    }
    let Some(Value::Array(assertions)) = members.get("Assertions") else {
        return Err(wrong("Every Rules object must contain a list of Assertions."));
    };
    let assertions = assertions.iter().map(|assertion| {
        let assert =
            assertion.get("Assert").ok_or_else(|| wrong("Every Assertions member must contain an Assert member."))?;
        let description = match assertion.get("AssertDescription") {
            None => "an assertion does not hold".to_owned(),
            Some(value) => text(value).ok_or_else(|| wrong("Every AssertDescription member must be a string."))?,
        };
        Ok((assert.clone(), description))
    });
    Ok(Rule { condition: members.get("RuleCondition").cloned(), assertions: assertions.collect::<Result<_, _>>()? })
}

/// Holds the values of parameters against all rules.
pub(crate) fn check(template: &Template, setting: &Setting) -> Result<(), Error> {
    let by_kind = by_kind(template, setting);
    let conditions = BTreeMap::new();
    let evaluator =
        Evaluator::new(Statics { setting, mappings: &template.mappings, conditions: &conditions, by_kind: &by_kind });
    for (name, rule) in &template.rules {
        if let Some(condition) = &rule.condition
            && !holds(&evaluator, condition)?
        {
            continue;
        }
        for (assert, description) in &rule.assertions {
            if !holds(&evaluator, assert)? {
                return Err(Error::new(format!("Rule {name} failed: {description}")));
            }
        }
    }
    Ok(())
}

fn holds(evaluator: &Evaluator<'_>, value: &Value) -> Result<bool, Error> {
    let truth = evaluator.truth(value)?;
    truth.as_bool().ok_or_else(no_truth)
}

/// Values of parameters by the name of their type; lists count as their items, under the type of these, too.
fn by_kind(template: &Template, setting: &Setting) -> BTreeMap<String, Vec<String>> {
    let mut by_kind: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, parameter) in &template.parameters {
        let Some(given) = setting.parameters.get(name) else { continue };
        let kind = parameter.kind.to_string();
        if let Some(item) = kind.strip_prefix("List<").and_then(|rest| rest.strip_suffix('>')) {
            by_kind.entry(item.to_owned()).or_default().extend(given.items().iter().cloned());
        }
        by_kind.entry(kind).or_default().extend(given.items().iter().cloned());
    }
    by_kind
}
