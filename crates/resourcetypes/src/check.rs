//! What is wrong with values, in the words of CloudFormation. It checks properties with the everit JSON Schema validator and writes out every
//! violation on a line of its own, with a value's place as a pointer before it. Where a message would show the value, such as that of a
//! pattern, it names the keyword instead (`ValidationException` of "aws-cloudformation/cloudformation-resource-schema"), since values may be
//! secrets.

use std::borrow::Cow;
use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::node::{Node, Type, is_open};
use crate::schema::{DEPTH, Schema};

/// More lines than this aren't written.
const LINES: usize = 100;

/// All that is wrong with a resource's properties. A resource without any has none of those that are required.
pub(crate) fn check(schema: &Schema, properties: &Value) -> Vec<String> {
    let none = Value::Object(Map::new());
    let properties = if properties.is_null() { &none } else { properties };
    let mut lines = Checker { schema, path: Vec::new(), pointer: Vec::new() }.node(&schema.value, properties);
    lines.truncate(LINES);
    lines
}

/// Where it is: in the schema's terms, with `*` for a list's entries, and in the value's.
struct Checker<'a> {
    schema: &'a Schema,
    path: Vec<&'a str>,
    pointer: Vec<Cow<'a, str>>,
}

impl<'a> Checker<'a> {
    fn node(&mut self, node: &'a Node, value: &'a Value) -> Vec<String> {
        let Some(node) = node.resolve(&self.schema.definitions).filter(|_| self.path.len() < DEPTH && !is_open(value))
        else {
            return Vec::new();
        };
        // The validator takes each of these as a schema of its own, all of which have to match.
        let mut parts = Vec::new();
        if !node.any_of.is_empty() {
            parts.push(self.any_of(&node.any_of, value));
        }
        if !node.one_of.is_empty() {
            parts.push(self.one_of(&node.one_of, value));
        }
        if !node.values.is_empty() {
            parts.push(if node.values.contains(value) { Vec::new() } else { vec![self.keyword("enum")] });
        }
        if parts.is_empty() || !node.types.all().is_empty() {
            parts.push(self.typed(node, value));
        }
        let matching = parts.iter().filter(|part| part.is_empty()).count();
        if parts.len() == 1 || matching == parts.len() {
            return parts.into_iter().flatten().collect();
        }
        let heading = self.line(format_args!("#: only {matching} subschema matches out of {}", parts.len()));
        std::iter::once(heading).chain(parts.into_iter().flatten()).collect()
    }

    fn typed(&mut self, node: &'a Node, value: &'a Value) -> Vec<String> {
        let types = node.types.all();
        if !types.is_empty() && !types.iter().any(|kind| kind.has(value)) {
            let mut lines = Vec::new();
            if types.len() > 1 {
                lines.push(
                    self.line(format_args!("#: no subschema matched out of the total {} subschemas", types.len())),
                );
            }
            let found = class_of(value);
            lines.extend(
                types.iter().map(|kind| self.line(format_args!("expected type: {}, found: {found}", kind.class()))),
            );
            return lines;
        }
        match value {
            Value::Object(_) => self.object(node, value),
            Value::Array(items) => self.list(node, items),
            Value::String(text) => self.text(node, text),
            Value::Number(number) => self.number(node, number.as_f64().unwrap_or_default()),
            Value::Null | Value::Bool(_) => Vec::new(),
        }
    }

    fn object(&mut self, node: &'a Node, value: &'a Value) -> Vec<String> {
        let Some(members) = value.as_object() else { return Vec::new() };
        let mut lines = Vec::new();
        let size = members.len();
        if let Some(least) = node.min_properties.filter(|least| size < *least) {
            lines.push(self.line(format_args!("minimum size: [{least}], found: [{size}]")));
        }
        if let Some(most) = node.max_properties.filter(|most| size > *most) {
            lines.push(self.line(format_args!("maximum size: [{most}], found: [{size}]")));
        }
        lines.extend(
            missing(&node.required, value).map(|name| self.line(format_args!("required key [{name}] not found"))),
        );
        for name in members.keys() {
            self.path.push(name);
            let refused = node.is_extraneous(name) || self.schema.is_read_only(&self.path);
            self.path.pop();
            if refused {
                lines.push(self.line(format_args!("extraneous key [{name}] is not permitted")));
            }
        }
        for (name, member) in members {
            let Some(inner) = node.property(name) else { continue };
            self.path.push(name);
            self.pointer.push(escaped(name));
            if !self.schema.is_read_only(&self.path) {
                lines.extend(self.node(inner, member));
            }
            self.pointer.pop();
            self.path.pop();
            if lines.len() > LINES {
                break;
            }
        }
        lines
    }

    fn list(&mut self, node: &'a Node, items: &'a [Value]) -> Vec<String> {
        let mut lines = Vec::new();
        let size = items.len();
        // A function may stand for several entries.
        if let Some(least) = node.min_items.filter(|least| size < *least && !items.iter().any(is_open)) {
            lines.push(self.line(format_args!("expected minimum item count: {least}, found: {size}")));
        }
        if let Some(most) = node.max_items.filter(|most| size > *most) {
            lines.push(self.line(format_args!("expected maximum item count: {most}, found: {size}")));
        }
        // The same function twice may come to the same value or not; that is known when it is computed.
        let known = || items.iter().filter(|item| !is_open(item)).map(Value::to_string);
        if node.unique_items && known().collect::<BTreeSet<_>>().len() < known().count() {
            lines.push(self.line(format_args!("array items are not unique")));
        }
        let Some(inner) = &node.items else { return lines };
        self.path.push("*");
        for (index, item) in items.iter().enumerate() {
            self.pointer.push(Cow::Owned(index.to_string()));
            lines.extend(self.node(inner, item));
            self.pointer.pop();
            if lines.len() > LINES {
                break;
            }
        }
        self.path.pop();
        lines
    }

    fn text(&self, node: &Node, text: &str) -> Vec<String> {
        let mut lines = Vec::new();
        let length = text.chars().count();
        if let Some(least) = node.min_length.filter(|least| length < *least) {
            lines.push(self.line(format_args!("expected minLength: {least}, actual: {length}")));
        }
        if let Some(most) = node.max_length.filter(|most| length > *most) {
            lines.push(self.line(format_args!("expected maxLength: {most}, actual: {length}")));
        }
        if node.pattern.as_ref().is_some_and(|pattern| !pattern.matches(text)) {
            lines.push(self.keyword("pattern"));
        }
        lines
    }

    fn number(&self, node: &Node, number: f64) -> Vec<String> {
        let mut keywords = Vec::new();
        if node.minimum.is_some_and(|least| number < least) {
            keywords.push("minimum");
        }
        if node.maximum.is_some_and(|most| number > most) {
            keywords.push("maximum");
        }
        if node.multiple_of.is_some_and(|unit| !is_multiple(number, unit)) {
            keywords.push("multipleOf");
        }
        keywords.into_iter().map(|keyword| self.keyword(keyword)).collect()
    }

    fn any_of(&self, options: &[Vec<String>], value: &Value) -> Vec<String> {
        if options.iter().any(|required| missing(required, value).next().is_none()) {
            return Vec::new();
        }
        let heading = self.line(format_args!("#: no subschema matched out of the total {} subschemas", options.len()));
        std::iter::once(heading).chain(self.all_missing(options, value)).collect()
    }

    fn one_of(&self, options: &[Vec<String>], value: &Value) -> Vec<String> {
        match options.iter().filter(|required| missing(required, value).next().is_none()).count() {
            1 => Vec::new(),
            matching => {
                let heading = self.line(format_args!("#: {matching} subschemas matched instead of one"));
                std::iter::once(heading).chain(self.all_missing(options, value)).collect()
            }
        }
    }

    fn all_missing(&self, options: &[Vec<String>], value: &Value) -> Vec<String> {
        let names = options.iter().flat_map(|required| missing(required, value));
        names.map(|name| self.line(format_args!("required key [{name}] not found"))).collect()
    }

    fn keyword(&self, keyword: &str) -> String {
        self.line(format_args!("failed validation constraint for keyword [{keyword}]"))
    }

    fn line(&self, what: std::fmt::Arguments<'_>) -> String {
        let mut line = String::from("#");
        for segment in &self.pointer {
            line.push('/');
            line.push_str(segment);
        }
        format!("{line}: {what}")
    }
}

/// What is required and not there. What isn't an object misses nothing.
fn missing<'b>(required: &'b [String], value: &'b Value) -> impl Iterator<Item = &'b str> {
    required
        .iter()
        .map(String::as_str)
        .filter(move |name| value.as_object().is_some_and(|members| !members.contains_key(*name)))
}

/// RFC 6901, section 3.
fn escaped(name: &str) -> Cow<'_, str> {
    if name.contains(['~', '/']) { Cow::Owned(name.replace('~', "~0").replace('/', "~1")) } else { Cow::Borrowed(name) }
}

/// The name of the Java class of a value in "found: …".
fn class_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "Null",
        Value::Number(number) if number.is_f64() => "BigDecimal",
        Value::Number(number) if number.as_i64().is_some_and(|number| i32::try_from(number).is_ok()) => {
            Type::Integer.class()
        }
        Value::Number(number) if number.is_i64() => "Long",
        Value::Number(_) => "BigInteger",
        Value::String(_) => Type::String.class(),
        Value::Bool(_) => Type::Boolean.class(),
        Value::Array(_) => Type::Array.class(),
        Value::Object(_) => Type::Object.class(),
    }
}

/// Decimal fractions aren't exact in binary: what is nearer to a multiple than they can say is one.
fn is_multiple(number: f64, unit: f64) -> bool {
    let count = number / unit;
    (count - count.round()).abs() < 1e-9
}
