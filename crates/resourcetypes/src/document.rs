//! One type's page, as Markdown: its properties as a tree and what it returns.

use std::fmt::Write;

use crate::node::{Node, Type};
use crate::path::{same, segments};
use crate::schema::{Replacement, Schema};

/// A page of one type: each property with its type, whether it has to be given, and what a change of it does; then the names that
/// `Fn::GetAtt` answers to. `unsupported` are paths (`A/B/*/C`) of what is marked as not supported, with all that is in it. Empty if
/// the type's schema isn't carried.
pub fn document(kind: &str, unsupported: &[&str]) -> String {
    let Some(schema) = crate::schema(kind) else { return String::new() };
    let mut page =
        Page { schema, unsupported, path: Vec::new(), definitions: Vec::new(), text: format!("## {kind}\n\n") };
    page.properties(&schema.value, None);
    let attributes = schema.attributes();
    if !attributes.is_empty() {
        let names: Vec<String> = attributes.iter().map(|name| format!("`{name}`")).collect();
        page.line(format_args!("\n`Fn::GetAtt`: {}", names.join(", ")));
    }
    page.text
}

struct Page<'a> {
    schema: &'static Schema,
    unsupported: &'a [&'a str],
    path: Vec<&'static str>,
    /// The definitions that the path leads through, so that one in itself ends.
    definitions: Vec<&'static str>,
    text: String,
}

impl Page<'_> {
    /// The properties of an object, one a line. `outer` is what a change of the object does.
    fn properties(&mut self, node: &'static Node, outer: Option<Replacement>) {
        for (name, inner) in &node.properties {
            self.path.push(name);
            if !self.schema.is_read_only(&self.path) {
                self.property(name, inner, node.required.contains(name), outer);
            }
            self.path.pop();
        }
    }

    fn property(&mut self, name: &str, node: &'static Node, required: bool, outer: Option<Replacement>) {
        let change = self.schema.replacement(&self.path.join("/"));
        let mut facts = vec![self.kind_of(node)];
        if required {
            facts.push("required".to_owned());
        }
        let is_unsupported = self.is_unsupported();
        if is_unsupported {
            facts.push("**not supported**".to_owned());
        } else if outer != Some(change) {
            facts.push(words(change).to_owned());
        }
        let depth = self.path.iter().filter(|segment| **segment != "*").count();
        self.line(format_args!("{}- `{name}`: {}", "  ".repeat(depth.saturating_sub(1)), facts.join(", ")));
        if !is_unsupported {
            self.within(node, change);
        }
    }

    /// What is in a property: the entries of a list, the properties of an object.
    fn within(&mut self, node: &'static Node, change: Replacement) {
        let before = self.definitions.len();
        if let Some(definition) = node.definition() {
            if self.definitions.contains(&definition) {
                return;
            }
            self.definitions.push(definition);
        }
        if let Some(node) = node.resolve(&self.schema.definitions) {
            self.properties(node, Some(change));
            if let Some(item) = &node.items {
                self.path.push("*");
                self.within(item, change);
                self.path.pop();
            }
        }
        self.definitions.truncate(before);
    }

    /// The type in words: `string`, `list of objects`.
    fn kind_of(&self, node: &'static Node) -> String {
        let Some(resolved) = node.resolve(&self.schema.definitions) else { return "any".to_owned() };
        match (resolved.types.all(), &resolved.items) {
            ([Type::Array], Some(item)) => format!("list of {}", self.kind_of(item)),
            ([], _) if !resolved.properties.is_empty() => "object".to_owned(),
            ([], _) => "any".to_owned(),
            (types, _) => types.iter().map(|kind| kind_name(*kind)).collect::<Vec<_>>().join(" or "),
        }
    }

    fn is_unsupported(&self) -> bool {
        self.unsupported.iter().any(|path| {
            let one: Vec<&str> = segments(path).filter(|segment| *segment != "*").collect();
            let here: Vec<&str> = self.path.iter().copied().filter(|segment| *segment != "*").collect();
            one.len() == here.len() && one.iter().zip(&here).all(|(one, other)| same(one, other))
        })
    }

    fn line(&mut self, line: std::fmt::Arguments<'_>) {
        // Writing to a text does not fail.
        let _ = writeln!(self.text, "{line}");
    }
}

fn kind_name(kind: Type) -> &'static str {
    match kind {
        Type::String => "string",
        Type::Integer => "integer",
        Type::Number => "number",
        Type::Boolean => "Boolean",
        Type::Object => "object",
        Type::Array => "list",
    }
}

fn words(change: Replacement) -> &'static str {
    match change {
        Replacement::Never => "updates in place",
        Replacement::Conditionally => "may replace",
        Replacement::Always => "replaces",
    }
}
