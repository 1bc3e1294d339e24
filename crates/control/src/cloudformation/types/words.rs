//! Between the words of schemas and those of services' answers.

use super::call::at;
use aws::fault::Fault;
use serde_json::{Map, Value, json};

/// Names with a capital first letter, as schemas have them, throughout a tree; what is under one of the names in `free` is a map of the
/// user's own words and stays as it is. Undoes [`camel`](super::camel).
pub(in crate::cloudformation) fn capital(value: &Value, free: &[&str]) -> Value {
    match value {
        Value::Object(members) => {
            Value::Object(members.iter().map(|(name, value)| large(name, value, free)).collect::<Map<_, _>>())
        }
        Value::Array(items) => items.iter().map(|item| capital(item, free)).collect(),
        other => other.clone(),
    }
}

fn large(name: &str, value: &Value, free: &[&str]) -> (String, Value) {
    let mut letters = name.chars();
    let large: String = letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters).collect();
    let value = if free.contains(&large.as_str()) { value.clone() } else { capital(value, free) };
    (large, value)
}

/// The members of these names, for properties that the answer calls the same.
pub(in crate::cloudformation) fn picked(answer: &Value, names: &[&str]) -> Value {
    let member = |name: &&str| Some(((*name).to_owned(), answer.get(*name).filter(|value| !value.is_null())?.clone()));
    names.iter().filter_map(member).collect::<Map<_, _>>().into()
}

/// What was answered; `None` where what is asked for is not there.
///
/// # Errors
/// Any other refusal.
pub(in crate::cloudformation) fn known(answer: Result<Value, Fault>) -> Result<Option<Value>, Fault> {
    match answer {
        Err(fault) if super::is_missing(&fault) => Ok(None),
        answer => answer.map(Some),
    }
}

/// The first one of a list in an answer; `None` where it is empty, or what is asked for is not there.
///
/// # Errors
/// Any other refusal.
pub(in crate::cloudformation) fn first(answer: Result<Value, Fault>, list: &str) -> Result<Option<Value>, Fault> {
    Ok(known(answer)?.map(|answer| at(&answer, &format!("{list}/0"))).filter(|found| !found.is_null()))
}

/// A document that a template has as an object, or as text of JSON; null where there is none.
pub(in crate::cloudformation) fn document(given: Option<&Value>) -> Value {
    match given {
        None => Value::Null,
        Some(Value::String(text)) => json!(text),
        Some(tree) => json!(tree.to_string()),
    }
}

/// A document in an answer, as schemas have it: a tree where it can be read as one.
pub(in crate::cloudformation) fn tree(text: &Value) -> Value {
    text.as_str().and_then(|text| serde_json::from_str(text).ok()).unwrap_or_else(|| text.clone())
}

/// The entries of a list; of anything else none.
pub(in crate::cloudformation) fn items(list: &Value) -> impl Iterator<Item = &Value> {
    list.as_array().into_iter().flatten()
}

/// The entries of a list of text.
pub(in crate::cloudformation) fn texts(list: Option<&Value>) -> Vec<String> {
    list.into_iter().flat_map(items).filter_map(Value::as_str).map(str::to_owned).collect()
}

/// The refusal to make what is there already, where the service's own call would change it instead.
pub(in crate::cloudformation) fn exists(kind: &str, id: &str) -> Fault {
    Fault::new("AlreadyExists", format!("Resource of type '{kind}' with identifier '{id}' already exists."))
}
