//! Rules: what must hold for the values of parameters together ("CloudFormation template Rules syntax").

use crate::{Error, Setting, Template, evaluate::Evaluator, evaluate::Statics};
use serde_json::Value;
use std::collections::BTreeMap;

/// Holds the values of parameters against all rules.
pub(crate) fn check(template: &Template, setting: &Setting) -> Result<(), Error> {
    let by_kind = by_kind(template, setting);
    let conditions = BTreeMap::new();
    let statics = Statics { setting, mappings: &template.mappings, conditions: &conditions, by_kind: &by_kind };
    let evaluator = Evaluator::new(statics);
    template.rules.iter().try_for_each(|(name, rule)| one(&evaluator, name, rule))
}

fn one(evaluator: &Evaluator<'_>, name: &str, rule: &Value) -> Result<(), Error> {
    let wrong = |what: &str| Error::format(format!("[/Rules/{name}] {what}"));
    let members = rule.as_object().ok_or_else(|| wrong("Every Rules member must be a map"))?;
    if let Some(unknown) = members.keys().find(|member| !["RuleCondition", "Assertions"].contains(&member.as_str())) {
        return Err(Error::new(format!("Invalid template rule property '{unknown}'")));
    }
    if let Some(condition) = members.get("RuleCondition")
        && !holds(evaluator, condition)?
    {
        return Ok(());
    }
    let Some(Value::Array(assertions)) = members.get("Assertions") else {
        return Err(wrong("Every Rules object must contain a list of Assertions."));
    };
    for assertion in assertions {
        let assert =
            assertion.get("Assert").ok_or_else(|| wrong("Every Assertions member must contain an Assert member."))?;
        if !holds(evaluator, assert)? {
            let description =
                assertion.get("AssertDescription").and_then(Value::as_str).unwrap_or("an assertion is not met");
            return Err(Error::new(format!("Rule {name} failed: {description}")));
        }
    }
    Ok(())
}

fn holds(evaluator: &Evaluator<'_>, value: &Value) -> Result<bool, Error> {
    let truth = evaluator.truth(value)?;
    truth.as_bool().ok_or_else(|| Error::format("Rules can only be boolean operations on parameters"))
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
