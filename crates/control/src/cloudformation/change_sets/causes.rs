//! Where a template's values come from: the parameters and resources named in them.

use serde_json::Value;
use std::collections::BTreeSet;

/// What a value is made of.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Cause {
    /// A parameter, or what a resource is referred to by.
    Name(String),
    /// A resource's attribute.
    Attribute(String, String),
}

/// What the value at a path is made of. Where a function is on the way, the value comes from all that is in it.
pub(super) fn of(properties: &Value, path: &[String]) -> BTreeSet<Cause> {
    let mut value = properties;
    for part in path {
        let next = match value {
            Value::Object(members) if !is_function(value) => members.get(part),
            Value::Array(items) => part.parse().ok().and_then(|index: usize| items.get(index)),
            _ => break,
        };
        match next {
            Some(next) => value = next,
            // It is no longer there.
            None => return BTreeSet::new(),
        }
    }
    let mut found = BTreeSet::new();
    collect(value, &mut found);
    found
}

/// Whether a value is a call of a function.
pub(super) fn is_function(value: &Value) -> bool {
    let name = value.as_object().filter(|members| members.len() == 1).and_then(|members| members.keys().next());
    name.is_some_and(|name| name == "Ref" || name.starts_with("Fn::"))
}

fn collect(value: &Value, found: &mut BTreeSet<Cause>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| collect(item, found)),
        Value::Object(members) => members.iter().for_each(|(name, argument)| match (name.as_str(), argument) {
            ("Ref", Value::String(name)) => {
                found.insert(Cause::Name(name.clone()));
            }
            ("Fn::GetAtt", Value::String(path)) => variable(path, found),
            ("Fn::GetAtt", Value::Array(parts)) => {
                let parts: Vec<&str> = parts.iter().filter_map(Value::as_str).collect();
                variable(&parts.join("."), found);
            }
            ("Fn::Sub", Value::String(text)) => variables(text, found),
            ("Fn::Sub", Value::Array(items)) => {
                items.iter().for_each(|item| match item {
                    Value::String(text) => variables(text, found),
                    other => collect(other, found),
                });
            }
            (_, argument) => collect(argument, found),
        }),
        _ => {}
    }
}

/// `${Name}` and `${Name.Attribute}` in a text; `${!Name}` is text ("Fn::Sub").
fn variables(text: &str, found: &mut BTreeSet<Cause>) {
    let variables = text.split("${").skip(1).filter_map(|rest| rest.split_once('}')).map(|(name, _)| name.trim());
    variables.filter(|name| !name.starts_with('!')).for_each(|name| variable(name, found));
}

fn variable(path: &str, found: &mut BTreeSet<Cause>) {
    found.insert(match path.split_once('.') {
        None => Cause::Name(path.to_owned()),
        Some((name, attribute)) => Cause::Attribute(name.to_owned(), attribute.to_owned()),
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_value_comes_from_what_is_named_in_it() {
        let properties = json!({
            "Plain": "x",
            "Name": { "Ref": "Parameter" },
            "List": [{ "Fn::GetAtt": ["Thing", "Arn"] }, { "Fn::Sub": "${A}-${B.Endpoint.Port}-${!C}" }],
        });
        let causes = |path: &str| {
            let path: Vec<String> = path.split('/').map(str::to_owned).collect();
            of(&properties, &path).into_iter().collect::<Vec<_>>()
        };
        let name = |name: &str| Cause::Name(name.to_owned());
        let attribute = |of: &str, name: &str| Cause::Attribute(of.to_owned(), name.to_owned());
        assert_eq!(causes("Plain"), []);
        assert_eq!(causes("Gone"), []);
        assert_eq!(causes("Name"), [name("Parameter")]);
        assert_eq!(causes("List/0"), [attribute("Thing", "Arn")]);
        assert_eq!(causes("List/1"), [name("A"), attribute("B", "Endpoint.Port")]);
    }
}
