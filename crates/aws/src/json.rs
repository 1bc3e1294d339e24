//! `awsJson1_1`: a body is one JSON object.

use crate::doc::Doc;
use crate::fault::Fault;
use crate::storage::Node;
use serde::de::DeserializeSeed;
use std::cell::Cell;

/// Reads a request's body, within a depth and a number of values. An empty one is an empty object.
pub(crate) fn read(body: &[u8], depth: usize, values: usize) -> Result<Doc, Fault> {
    if body.iter().all(u8::is_ascii_whitespace) {
        return Ok(Doc::Map(Default::default()));
    }
    let refused = |error: serde_json::Error| Fault::new("SerializationException", error.to_string());
    let budget = Cell::new(values);
    let mut deserializer = serde_json::Deserializer::from_slice(body);
    let doc = Node { depth, budget: &budget }.deserialize(&mut deserializer).map_err(refused)?;
    deserializer.end().map_err(refused)?;
    Ok(doc)
}

/// Writes a reply's body. A reply without any shape has none.
pub(crate) fn write(doc: &Doc) -> Vec<u8> {
    if *doc == Doc::Null {
        return Vec::new();
    }
    // Only a form has no JSON, and no shape writes one.
    serde_json::to_vec(doc).unwrap_or_default()
}
