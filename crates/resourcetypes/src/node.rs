//! What is said of one value: its type and its limits (JSON Schema, draft 7, as much as the published schemas use).

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::OnceLock;

use regex::{Regex, RegexBuilder};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// How many references may lead to one another before a value is let through as it is.
const HOPS: usize = 8;

/// A compiled pattern takes no more memory than this, in bytes.
pub(crate) const PATTERN_SIZE: usize = 16 << 20;

/// What is said of one value.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(crate) struct Node {
    /// `#/definitions/NAME`, and nothing else then.
    #[serde(rename = "$ref")]
    pub reference: Option<String>,
    #[serde(rename = "type")]
    pub types: Types,
    pub properties: BTreeMap<String, Node>,
    #[serde(deserialize_with = "patterns")]
    pub pattern_properties: Vec<(Pattern, Node)>,
    /// Whether properties of other names may be there.
    pub additional_properties: Option<bool>,
    pub required: Vec<String>,
    pub any_of: Vec<Vec<String>>,
    pub one_of: Vec<Vec<String>>,
    pub min_properties: Option<usize>,
    pub max_properties: Option<usize>,
    pub items: Option<Box<Node>>,
    pub min_items: Option<usize>,
    pub max_items: Option<usize>,
    pub unique_items: bool,
    #[serde(rename = "enum")]
    pub values: Vec<Value>,
    pub pattern: Option<Pattern>,
    /// In characters, as are all lengths of texts.
    pub min_length: Option<usize>,
    pub max_length: Option<usize>,
    pub minimum: Option<f64>,
    pub maximum: Option<f64>,
    pub multiple_of: Option<f64>,
}

/// The types that a value may have; none if any will do.
#[derive(Debug, Default, Deserialize)]
#[serde(untagged)]
pub(crate) enum Types {
    #[default]
    Any,
    One(Type),
    Some(Vec<Type>),
}

impl Types {
    pub fn all(&self) -> &[Type] {
        match self {
            Types::Any => &[],
            Types::One(one) => std::slice::from_ref(one),
            Types::Some(some) => some,
        }
    }
}

/// JSON Schema's name of a type.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Type {
    String,
    Integer,
    Number,
    Boolean,
    Object,
    Array,
}

impl Type {
    /// Whether a value is of this type.
    pub fn has(self, value: &Value) -> bool {
        match self {
            Type::String => value.is_string(),
            Type::Integer => value.is_i64() || value.is_u64(),
            Type::Number => value.is_number(),
            Type::Boolean => value.is_boolean(),
            Type::Object => value.is_object(),
            Type::Array => value.is_array(),
        }
    }

    /// The name of the Java class in "expected type: …".
    pub fn class(self) -> &'static str {
        match self {
            Type::String => "String",
            Type::Integer => "Integer",
            Type::Number => "Number",
            Type::Boolean => "Boolean",
            Type::Object => "JSONObject",
            Type::Array => "JSONArray",
        }
    }
}

/// A regular expression, which a text has to match somewhere. It is compiled when it is first asked.
#[derive(Debug, Deserialize)]
#[serde(from = "String")]
pub(crate) struct Pattern {
    pub text: String,
    compiled: OnceLock<Option<Regex>>,
}

impl Pattern {
    /// Whether a text matches. The generator leaves out what does not compile, and a test holds it to that.
    pub fn matches(&self, text: &str) -> bool {
        self.regex().is_none_or(|regex| regex.is_match(text))
    }

    pub fn regex(&self) -> Option<&Regex> {
        self.compiled.get_or_init(|| RegexBuilder::new(&self.text).size_limit(PATTERN_SIZE).build().ok()).as_ref()
    }
}

impl From<String> for Pattern {
    fn from(text: String) -> Self {
        Self { text, compiled: OnceLock::new() }
    }
}

fn patterns<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<(Pattern, Node)>, D::Error> {
    let named = BTreeMap::<String, Node>::deserialize(deserializer)?;
    Ok(named.into_iter().map(|(text, node)| (Pattern::from(text), node)).collect())
}

impl Node {
    /// The node that this one refers to, or itself.
    pub fn resolve<'a>(&'a self, definitions: &'a BTreeMap<String, Node>) -> Option<&'a Node> {
        let mut node = self;
        for _ in 0..HOPS {
            match node.definition() {
                None => return Some(node),
                Some(name) => node = definitions.get(name)?,
            }
        }
        None
    }

    /// The name of the definition that this refers to.
    pub fn definition(&self) -> Option<&str> {
        self.reference.as_deref().map(|reference| reference.strip_prefix("#/definitions/").unwrap_or(reference))
    }

    /// What is said of a property of this name. `None` if nothing is.
    pub fn property(&self, name: &str) -> Option<&Node> {
        self.properties
            .get(name)
            .or_else(|| self.pattern_properties.iter().find(|(pattern, _)| pattern.matches(name)).map(|(_, node)| node))
    }

    /// Whether it is an object of which nothing more is said: `Json`, as the documentation names the type.
    pub fn is_free_form(&self) -> bool {
        self.types.all() == [Type::Object] && self.properties.is_empty() && self.pattern_properties.is_empty()
    }

    /// Whether a property of this name is refused.
    pub fn is_extraneous(&self, name: &str) -> bool {
        self.additional_properties == Some(false) && self.property(name).is_none()
    }
}

/// Whether a value isn't known yet: a function of the template, or a text with a dynamic reference in it ("Get values stored in other
/// services using dynamic references", AWS CloudFormation User Guide). It satisfies anything.
pub(crate) fn is_open(value: &Value) -> bool {
    match value {
        Value::Object(members) => {
            members.len() == 1 && members.keys().all(|key| key == "Ref" || key.starts_with("Fn::"))
        }
        Value::String(text) => text.contains("{{resolve:"),
        _ => false,
    }
}

/// A scalar as text, as CloudFormation writes it where a text is wanted.
pub(crate) fn text_of(value: &Value) -> Option<Cow<'_, str>> {
    match value {
        Value::String(text) => Some(Cow::Borrowed(text)),
        Value::Number(number) => Some(Cow::Owned(number.to_string())),
        Value::Bool(flag) => Some(Cow::Borrowed(if *flag { "true" } else { "false" })),
        _ => None,
    }
}
