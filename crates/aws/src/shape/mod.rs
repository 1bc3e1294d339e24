//! Typed shapes over [`Doc`], and the macros the generated tables are written in.

pub(crate) mod tables;
mod values;

use crate::check::{Checker, Read, Rule, Rules, Step, Violation};
use crate::doc::Doc;

pub(crate) use tables::{enumeration, operations, structure};

/// No upper bound, in a table.
pub(crate) const MAX: i64 = i64::MAX;

/// A type that goes over the wire.
pub trait Shape: Sized {
    /// Reads it. Stops at the first value of a wrong type, a required member missing, or an unknown enum value.
    fn read(doc: Doc) -> Read<Self>;
    /// Writes it.
    fn write(self) -> Doc;
    /// What an absent member reads as.
    fn absent() -> Read<Self> {
        Err(Violation::of(Rule::Required))
    }
    /// Collects the model's constraints it breaks. `rules` are those of the member it stands in.
    fn check(&self, rules: &Rules, checker: &mut Checker);
}

/// One operation of an API: its name on the wire and what goes in and out.
pub trait Operation {
    /// The name, for example `RunTask`.
    const NAME: &'static str;
    /// The request.
    type Input: Shape;
    /// The reply.
    type Output: Shape;
}

/// Something to do with every operation of a table (`api::ecs::visit` & co.).
pub trait Visitor {
    /// Is shown one operation.
    fn operation<O: Operation>(&mut self);
}

/// Bytes. (A `Vec` of any shape is a list.)
#[derive(Debug, Clone, PartialEq, Eq, Default, Hash)]
pub struct Blob(pub Vec<u8>);

/// A request or reply without members.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Nothing;

/// Reads a member, by the first of its names that is there.
pub(crate) fn member<T: Shape>(doc: &mut Doc, name: &'static str, other: Option<&'static str>) -> Read<T> {
    let mut value = doc.take(name);
    if let (Doc::Null, Some(other)) = (&value, other) {
        value = doc.take(other);
    }
    match value {
        Doc::Null => T::absent(),
        value => T::read(value),
    }
    .map_err(|violation| violation.under(Step::Member(name)))
}

/// Fails unless members can be taken from it.
pub(crate) fn structure_of(doc: Doc) -> Read<Doc> {
    if doc.is_structure() { Ok(doc) } else { Err(crate::doc::mismatch(&doc, "Structure")) }
}

/// Fails when a part of a form or an element was not taken that should have been.
pub(crate) fn nothing_left(doc: &Doc) -> Read<()> {
    let left = match doc {
        Doc::Form(form) => form.leftover(),
        Doc::Element(element) => element.leftover(),
        _ => None,
    };
    let unknown = |name: &str| Err(Violation::of(Rule::Unknown).under(Step::Key(name.to_owned())));
    left.map_or(Ok(()), unknown)
}
