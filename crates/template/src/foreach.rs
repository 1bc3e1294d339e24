//! `Fn::ForEach`: members that are said once and meant for each of a list ("Fn::ForEach", part of `AWS::LanguageExtensions`).

use crate::{
    Error, Setting, Template,
    evaluate::{Evaluator, Statics, function, is_complete, text},
    sections,
};
use serde_json::{Map, Value};
use std::{cell::Cell, collections::BTreeMap};

/// How deep loops may be in each other.
const DEEPEST: usize = 5;
/// Bytes of what loops come to, with what it takes to keep a value.
const MOST: usize = 16_000_000;
const OF_A_VALUE: usize = 32;

/// Whether a member's name is a loop's.
pub(crate) fn is_loop(name: &str) -> bool {
    name.starts_with("Fn::ForEach::")
}

/// The template with each loop replaced by what it comes to.
pub(crate) fn expand(template: &Template, setting: &Setting) -> Result<Template, Error> {
    let none = (BTreeMap::new(), BTreeMap::new());
    let statics = Statics { setting, mappings: &template.mappings, conditions: &none.0, by_kind: &none.1 };
    let loops = Loops { evaluator: Evaluator::new(statics), left: Cell::new(MOST) };
    let mut source = template.source.clone();
    for section in ["Conditions", "Resources", "Outputs"] {
        if let Some(section) = source.get_mut(section) {
            *section = loops.value(section, &Names::default())?;
        }
    }
    for resource in source.get_mut("Resources").and_then(Value::as_object_mut).into_iter().flat_map(Map::values_mut) {
        for policy in ["DeletionPolicy", "UpdateReplacePolicy"] {
            if let Some(policy) = resource.get_mut(policy)
                && policy.is_object()
            {
                *policy = loops.evaluator.value(policy)?.unwrap_or_default();
            }
        }
    }
    sections::template(source)
}

/// What the names of loops stand for, the innermost last.
#[derive(Default, Clone)]
struct Names(Vec<(String, String)>);

struct Loops<'a> {
    evaluator: Evaluator<'a>,
    left: Cell<usize>,
}

impl Loops<'_> {
    fn value(&self, value: &Value, names: &Names) -> Result<Value, Error> {
        self.pay(OF_A_VALUE)?;
        Ok(match value {
            Value::String(text) => Value::String(self.text(text, names)?),
            Value::Array(items) => {
                Value::Array(items.iter().map(|item| self.value(item, names)).collect::<Result<_, _>>()?)
            }
            Value::Object(members) => match (function(value), names) {
                (Some(("Ref", Value::String(name))), names) if names.of(name).is_some() => {
                    names.of(name).unwrap_or_default().into()
                }
                _ => Value::Object(self.members(members, names)?),
            },
            other => other.clone(),
        })
    }

    fn members(&self, members: &Map<String, Value>, names: &Names) -> Result<Map<String, Value>, Error> {
        let mut expanded = Map::new();
        for (name, member) in members {
            if is_loop(name) {
                self.one(member, names, &mut expanded)?;
            } else {
                insert(&mut expanded, self.text(name, names)?, self.value(member, names)?)?;
            }
        }
        Ok(expanded)
    }

    /// One loop: its name, its list and what is meant for each.
    fn one(&self, body: &Value, names: &Names, expanded: &mut Map<String, Value>) -> Result<(), Error> {
        let layout = || failed("Fn::ForEach layout is incorrect");
        let Some([Value::String(name), list, Value::Object(members)]) = body.as_array().map(Vec::as_slice) else {
            return Err(layout());
        };
        if names.0.len() >= DEEPEST {
            return Err(failed(&format!("Fn::ForEach can be nested at most {DEEPEST} times")));
        }
        let list = self.evaluator.value(&self.value(list, names)?)?.filter(is_complete);
        let Some(Value::Array(items)) = list else {
            return Err(failed("Fn::ForEach could not resolve the collection"));
        };
        for item in &items {
            let mut names = names.clone();
            names.0.push((name.clone(), text(item).ok_or_else(layout)?));
            for (name, member) in self.members(members, &names)? {
                insert(expanded, name, member)?;
            }
        }
        Ok(())
    }

    /// `${Name}` is what the name stands for, `&{Name}` the letters and digits of it.
    fn text(&self, text: &str, names: &Names) -> Result<String, Error> {
        let mut text = text.to_owned();
        for (name, value) in names.0.iter().rev() {
            let letters: String = value.chars().filter(char::is_ascii_alphanumeric).collect();
            for (variable, value) in [(format!("${{{name}}}"), value), (format!("&{{{name}}}"), &letters)] {
                let places = text.matches(&variable).count();
                if places > 0 {
                    self.pay(places.saturating_mul(value.len()))?;
                    text = text.replace(&variable, value);
                }
            }
        }
        self.pay(text.len())?;
        Ok(text)
    }

    fn pay(&self, bytes: usize) -> Result<(), Error> {
        let left = self
            .left
            .get()
            .checked_sub(bytes)
            .ok_or_else(|| failed(&format!("Fn::ForEach comes to more than {MOST} bytes")))?;
        self.left.set(left);
        Ok(())
    }
}

impl Names {
    fn of(&self, name: &str) -> Option<&str> {
        self.0.iter().rev().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

fn insert(members: &mut Map<String, Value>, name: String, value: Value) -> Result<(), Error> {
    if members.contains_key(&name) {
        return Err(failed(&format!("Duplicate key '{name}' when merging keys to parent object in Fn::ForEach")));
    }
    members.insert(name, value);
    Ok(())
}

fn failed(why: &str) -> Error {
    Error::new(format!("Transform AWS::LanguageExtensions failed with: {why}"))
}
