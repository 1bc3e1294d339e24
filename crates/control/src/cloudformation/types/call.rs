//! Calls of the services' own operations, as any client makes them: the same checks, the same answers.

use super::ResourceType;
use crate::{Handler, Tx, View, service};
use aws::{api::Api, doc::Doc, fault::Fault};
use serde_json::{Map, Value};

/// Calls an operation in this transaction. The input is named as the service's own protocol names it.
///
/// # Errors
/// The operation's refusal. What it changed before that is undone.
pub(in crate::cloudformation) fn call(
    tx: &mut Tx<'_>,
    api: &'static Api,
    operation: &str,
    input: Value,
) -> Result<Value, Fault> {
    match service::all().handler(api, operation)? {
        Handler::Read(answer) => answer(&tx.view(), document(input)?).and_then(value),
        Handler::Write(answer) => {
            let input = document(input)?;
            tx.whole(|tx| answer(tx, input)).and_then(value)
        }
    }
}

/// Deletes what a type has made, in full or not at all. One that is not there any more is deleted.
///
/// # Errors
/// The service's refusal.
pub(in crate::cloudformation) fn delete(
    found: &dyn ResourceType,
    tx: &mut Tx<'_>,
    id: &str,
    properties: &Value,
) -> Result<(), Fault> {
    match tx.whole(|tx| found.delete(tx, id, properties)) {
        Err(fault) if is_missing(&fault) => Ok(()),
        answer => answer,
    }
}

/// Asks an operation that only reads.
///
/// # Errors
/// The operation's refusal.
pub(in crate::cloudformation) fn ask(
    view: &View<'_>,
    api: &'static Api,
    operation: &str,
    input: Value,
) -> Result<Value, Fault> {
    match service::all().handler(api, operation)? {
        Handler::Read(answer) => answer(view, document(input)?).and_then(value),
        Handler::Write(_) => {
            Err(Fault::new("InternalFailure", format!("{operation} does not only read")).with_status(500))
        }
    }
}

/// A part of an answer by its JSON pointer (RFC 6901); null where it has none.
pub(in crate::cloudformation) fn at(answer: &Value, pointer: &str) -> Value {
    answer.pointer(pointer).cloned().unwrap_or_default()
}

/// A part of an answer that is text.
///
/// # Errors
/// `InternalFailure`: the operation did not answer with it.
pub(in crate::cloudformation) fn text(answer: &Value, pointer: &str) -> Result<String, Fault> {
    let missing = || Fault::new("InternalFailure", format!("an answer without {pointer}")).with_status(500);
    answer.pointer(pointer).and_then(Value::as_str).map(str::to_owned).ok_or_else(missing)
}

fn document(input: Value) -> Result<Doc, Fault> {
    // Every API's body is the same tree: JSON is the one that any of them can be read from.
    aws::api::ecs::API.parse(input.to_string().as_bytes())
}

fn value(answer: Doc) -> Result<Value, Fault> {
    serde_json::to_value(answer).map_err(|error| Fault::new("InternalFailure", error.to_string()).with_status(500))
}

/// Names with a small first letter, as services of JSON have them, throughout a tree; what is under one of the names in `free` is a map of
/// the user's own words and stays as it is.
pub(in crate::cloudformation) fn camel(value: &Value, free: &[&str]) -> Value {
    match value {
        Value::Object(members) => {
            Value::Object(members.iter().map(|(name, value)| small(name, value, free)).collect::<Map<_, _>>())
        }
        Value::Array(items) => items.iter().map(|item| camel(item, free)).collect(),
        other => other.clone(),
    }
}

fn small(name: &str, value: &Value, free: &[&str]) -> (String, Value) {
    let mut letters = name.chars();
    let small = letters.next().map(|first| first.to_ascii_lowercase()).into_iter().chain(letters).collect();
    (small, if free.contains(&name) { value.clone() } else { camel(value, free) })
}

/// Whether a refusal says that something is not there.
pub(in crate::cloudformation) fn is_missing(fault: &Fault) -> bool {
    let code = &fault.code;
    code.ends_with(".NotFound")
        || code.ends_with("NotFound")
        || code.ends_with("NotFoundException")
        || code.starts_with("NoSuch")
        || matches!(
            &**code,
            "InvalidAllocationID.NotFound" | "ObjectNotFoundException" | "ParameterNotFound" | "ResourceNotFound"
        )
}
