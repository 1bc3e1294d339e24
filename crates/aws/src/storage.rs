//! The tree as serde sees it. A typed shape's stored form and the JSON protocols' body are the same thing: members by
//! their wire name, absent ones left out, moments as seconds, bytes as base64.

use crate::doc::Doc;
use crate::shape::Shape;
use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde::ser::{Error as _, Serialize, SerializeMap, Serializer};
use std::cell::Cell;
use std::collections::BTreeMap;
use std::fmt;

/// Writes a shape's stored form.
pub fn serialize<T: Shape + Clone, S: Serializer>(shape: &T, serializer: S) -> Result<S::Ok, S::Error> {
    shape.clone().write().serialize(serializer)
}

/// Reads a shape's stored form. Constraints are not checked: they are for requests.
pub fn deserialize<'de, T: Shape, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    let budget = Cell::new(usize::MAX);
    let doc = Node { depth: usize::MAX, budget: &budget }.deserialize(deserializer)?;
    T::read(doc).map_err(D::Error::custom)
}

impl Serialize for Doc {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Doc::Null => serializer.serialize_unit(),
            Doc::Bool(value) => serializer.serialize_bool(*value),
            Doc::Int(value) => serializer.serialize_i64(*value),
            Doc::Float(value) => serializer.serialize_f64(*value),
            Doc::Text(text) => serializer.serialize_str(text),
            Doc::Time(moment) if moment.millis % 1000 == 0 => serializer.serialize_i64(moment.millis / 1000),
            Doc::Time(moment) => serializer.serialize_f64(moment.millis as f64 / 1000.0),
            Doc::Blob(bytes) => serializer.serialize_str(&Doc::base64(bytes)),
            Doc::List(items) => serializer.collect_seq(items),
            Doc::Map(members) => serializer.collect_map(members),
            Doc::Struct(members) => {
                let mut map = serializer.serialize_map(None)?;
                for (name, value) in members {
                    if *value != Doc::Null {
                        map.serialize_entry(name, value)?;
                    }
                }
                map.end()
            }
            Doc::Form(_) | Doc::Element(_) => Err(S::Error::custom("a form is only ever read")),
        }
    }
}

/// Reads one node, within what is left of the depth and of the number of nodes.
pub(crate) struct Node<'a> {
    pub(crate) depth: usize,
    pub(crate) budget: &'a Cell<usize>,
}

impl Node<'_> {
    fn inner<E: serde::de::Error>(&self) -> Result<Node<'_>, E> {
        let depth = self.depth.checked_sub(1).ok_or_else(|| E::custom("nested too deep"))?;
        Ok(Node { depth, budget: self.budget })
    }
}

impl<'de> DeserializeSeed<'de> for Node<'_> {
    type Value = Doc;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Doc, D::Error> {
        let left = self.budget.get().checked_sub(1).ok_or_else(|| D::Error::custom("too many values"))?;
        self.budget.set(left);
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Node<'_> {
    type Value = Doc;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }
    fn visit_unit<E>(self) -> Result<Doc, E> {
        Ok(Doc::Null)
    }
    fn visit_none<E>(self) -> Result<Doc, E> {
        Ok(Doc::Null)
    }
    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Doc, D::Error> {
        deserializer.deserialize_any(self)
    }
    fn visit_bool<E>(self, value: bool) -> Result<Doc, E> {
        Ok(Doc::Bool(value))
    }
    fn visit_i64<E>(self, value: i64) -> Result<Doc, E> {
        Ok(Doc::Int(value))
    }
    fn visit_u64<E>(self, value: u64) -> Result<Doc, E> {
        Ok(i64::try_from(value).map_or(Doc::Float(value as f64), Doc::Int))
    }
    fn visit_f64<E>(self, value: f64) -> Result<Doc, E> {
        Ok(Doc::Float(value))
    }
    fn visit_str<E>(self, value: &str) -> Result<Doc, E> {
        Ok(Doc::Text(value.to_owned()))
    }
    fn visit_string<E>(self, value: String) -> Result<Doc, E> {
        Ok(Doc::Text(value))
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Doc, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element_seed(self.inner()?)? {
            items.push(item);
        }
        Ok(Doc::List(items))
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Doc, A::Error> {
        let mut members = BTreeMap::new();
        while let Some(key) = map.next_key::<String>()? {
            let value = map.next_value_seed(self.inner()?)?;
            members.insert(key, value);
        }
        Ok(Doc::Map(members))
    }
}
