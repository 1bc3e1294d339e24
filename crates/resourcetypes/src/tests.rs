//! The schemas as they are carried, and what is told from them.

mod anything;
mod checking;
mod published;

use serde_json::Value;

use crate::Schema;

/// A type's schema.
fn of(kind: &str) -> &'static Schema {
    crate::schema(kind).unwrap_or_else(|| panic!("no schema of {kind}"))
}

/// What is wrong with properties once they are brought to their types.
fn wrong(kind: &str, properties: Value) -> Vec<String> {
    of(kind).check(&of(kind).coerce(&properties))
}
