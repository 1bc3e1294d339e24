//! The one tree every protocol reads into and writes from.

use crate::check::{Read, Rule, Violation};
pub use crate::element::Element;
pub use crate::form::Form;
pub use crate::timestamp::Timestamp;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use std::collections::BTreeMap;

/// A value on its way between bytes and a typed shape.
#[derive(Debug, Clone, PartialEq)]
pub enum Doc {
    /// Nothing. As a structure's member it is the same as an absent one.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// An integer.
    Int(i64),
    /// A number that is not an integer, or one no `i64` holds.
    Float(f64),
    /// A string.
    Text(String),
    /// A moment; each protocol writes it its own way.
    Time(Timestamp),
    /// Bytes, written as base64.
    Blob(Vec<u8>),
    /// A list.
    List(Vec<Doc>),
    /// A map, or a structure as it was read.
    Map(BTreeMap<String, Doc>),
    /// A structure about to be written, its members in the model's order.
    Struct(Vec<(&'static str, Doc)>),
    /// A node of a query protocol's request. What it is depends on what is asked of it.
    Form(Form),
    /// An element of a request in XML. What it is depends on what is asked of it, too.
    Element(Element),
}

impl Doc {
    /// Takes a member out of a structure. Absent and null are the same; members nobody takes are ignored, as AWS does.
    pub fn take(&mut self, name: &str) -> Doc {
        match self {
            Doc::Map(members) => members.remove(name).unwrap_or(Doc::Null),
            Doc::Struct(members) => {
                let found = members.iter_mut().find(|(key, _)| *key == name);
                found.map_or(Doc::Null, |(_, value)| std::mem::replace(value, Doc::Null))
            }
            Doc::Form(form) => form.take(name).map_or(Doc::Null, Doc::Form),
            Doc::Element(element) => element.take(name).map_or(Doc::Null, Doc::Element),
            _ => Doc::Null,
        }
    }

    /// Whether members can be taken from it.
    pub fn is_structure(&self) -> bool {
        match self {
            Doc::Form(form) => !form.is_plain_text(),
            Doc::Element(element) => element.is_blank(),
            other => matches!(other, Doc::Map(_) | Doc::Struct(_)),
        }
    }

    /// An element without others in it is text, as one name of a form is.
    fn leaf(self) -> Doc {
        match self {
            Doc::Element(element) => match element.text() {
                Ok(text) => Doc::Form(Form::of(text)),
                Err(element) => Doc::Element(element),
            },
            other => other,
        }
    }

    /// As a string.
    pub fn text(self) -> Read<String> {
        match self.leaf() {
            Doc::Text(text) => Ok(text),
            Doc::Form(form) => form.text().map_err(|form| mismatch(&Doc::Form(form), "String")),
            other => Err(mismatch(&other, "String")),
        }
    }

    /// As a boolean. Only a form's text may spell one.
    pub fn bool(self) -> Read<bool> {
        match self.leaf() {
            Doc::Bool(value) => Ok(value),
            Doc::Form(form) => parse_form(form, "Boolean", |text| match text {
                "true" | "True" | "TRUE" => Some(true),
                "false" | "False" | "FALSE" => Some(false),
                _ => None,
            }),
            other => Err(mismatch(&other, "Boolean")),
        }
    }

    /// As a 64-bit integer. A JSON number without a fraction is one, `2.0` included.
    pub fn long(self) -> Read<i64> {
        match self.leaf() {
            Doc::Int(value) => Ok(value),
            Doc::Float(value) if value.fract() == 0.0 && value.abs() < 9.2e18 => Ok(value as i64),
            Doc::Form(form) => parse_form(form, "Long", |text| text.parse().ok()),
            other => Err(mismatch(&other, "Long")),
        }
    }

    /// As a 32-bit integer.
    pub fn integer(self) -> Read<i32> {
        match self.leaf() {
            Doc::Form(form) => parse_form(form, "Integer", |text| text.parse().ok()),
            other => {
                let kind = kind(&other);
                let value = other.long().ok().and_then(|value| value.try_into().ok());
                value.ok_or_else(|| Violation::of(Rule::Type { found: kind, wanted: "Integer" }))
            }
        }
    }

    /// As a floating-point number.
    pub fn double(self) -> Read<f64> {
        match self.leaf() {
            Doc::Float(value) => Ok(value),
            Doc::Int(value) => Ok(value as f64),
            Doc::Form(form) => parse_form(form, "Double", |text| text.parse().ok().filter(|v: &f64| v.is_finite())),
            other => Err(mismatch(&other, "Double")),
        }
    }

    /// As a moment: seconds since the epoch in JSON, ISO 8601 (or seconds) in a form.
    pub fn time(self) -> Read<Timestamp> {
        match self.leaf() {
            Doc::Time(moment) => Ok(moment),
            number @ (Doc::Int(_) | Doc::Float(_)) => {
                let seconds = number.double()?;
                Timestamp::from_seconds(seconds).ok_or_else(|| mismatch(&Doc::Float(seconds), "Timestamp"))
            }
            Doc::Form(form) => parse_form(form, "Timestamp", |text| {
                Timestamp::from_iso8601(text).or_else(|| Timestamp::from_seconds(text.parse().ok()?))
            }),
            other => Err(mismatch(&other, "Timestamp")),
        }
    }

    /// As bytes: base64 text.
    pub fn blob(self) -> Read<Vec<u8>> {
        let kind = kind(&self);
        let bytes = match self.leaf() {
            Doc::Blob(bytes) => Some(bytes),
            Doc::Text(text) => BASE64_STANDARD.decode(text).ok(),
            Doc::Form(form) => form.text().ok().and_then(|text| BASE64_STANDARD.decode(text).ok()),
            _ => None,
        };
        bytes.ok_or_else(|| Violation::of(Rule::Type { found: kind, wanted: "Blob" }))
    }

    /// As a list.
    pub fn list(self) -> Read<Vec<Doc>> {
        match self {
            Doc::List(items) => Ok(items),
            Doc::Form(form) => match form.list() {
                Ok(items) => Ok(items.into_iter().map(Doc::Form).collect()),
                Err(form) => Err(mismatch(&Doc::Form(form), "List")),
            },
            Doc::Element(element) => match element.list() {
                Ok(items) => Ok(items.into_iter().map(Doc::Element).collect()),
                Err(element) => Err(mismatch(&Doc::Element(element), "List")),
            },
            other => Err(mismatch(&other, "List")),
        }
    }

    /// As a map.
    pub fn map(self) -> Read<BTreeMap<String, Doc>> {
        match self {
            Doc::Map(members) => Ok(members),
            Doc::Struct(members) => Ok(members.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()),
            Doc::Form(form) => match form.map() {
                Ok(entries) => Ok(entries.into_iter().map(|(key, value)| (key, Doc::Form(value))).collect()),
                Err(form) => Err(mismatch(&Doc::Form(form), "Map")),
            },
            other => Err(mismatch(&other, "Map")),
        }
    }

    /// The text AWS's protocols write for bytes.
    pub fn base64(bytes: &[u8]) -> String {
        BASE64_STANDARD.encode(bytes)
    }
}

/// What a value is, in the words AWS's JSON services use in a SerializationException.
pub(crate) fn kind(doc: &Doc) -> &'static str {
    match doc {
        Doc::Null => "NULL_VALUE",
        Doc::Bool(true) => "TRUE_VALUE",
        Doc::Bool(false) => "FALSE_VALUE",
        Doc::Int(_) | Doc::Time(_) => "NUMBER_VALUE",
        Doc::Float(_) => "DECIMAL_VALUE",
        Doc::Text(_) | Doc::Blob(_) => "STRING_VALUE",
        Doc::List(_) => "START_ARRAY",
        Doc::Map(_) | Doc::Struct(_) | Doc::Form(_) | Doc::Element(_) => "START_OBJECT",
    }
}

pub(crate) fn mismatch(found: &Doc, wanted: &'static str) -> Violation {
    let violation = Violation::of(Rule::Type { found: kind(found), wanted });
    match found {
        Doc::Form(form) => violation.with_value(form.show()),
        _ => violation,
    }
}

fn parse_form<T>(form: Form, wanted: &'static str, parse: impl Fn(&str) -> Option<T>) -> Read<T> {
    let text = form.text().map_err(|form| mismatch(&Doc::Form(form), wanted))?;
    let wrong = || Violation::of(Rule::Type { found: "STRING_VALUE", wanted }).with_value(text.clone());
    parse(&text).ok_or_else(wrong)
}
