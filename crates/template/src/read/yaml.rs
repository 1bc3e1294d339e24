//! YAML 1.1 as CloudFormation reads it: short forms of functions are tags, dates and octal numbers stay text, there are no aliases.

use super::{DEEPEST, path, too_deep};
use crate::{Error, evaluate::shape};
use serde_json::{Map, Number, Value};
use std::borrow::Cow;
use yaml_rust2::{
    parser::{Event, Parser, Tag},
    scanner::{Marker, ScanError, TScalarStyle},
};

pub(super) fn read(text: &str) -> Result<Value, Error> {
    let mut reader = Reader { text, parser: Parser::new_from_str(text), names: Vec::new() };
    loop {
        match reader.next()? {
            (Event::StreamStart | Event::DocumentStart, _) => {}
            // Nothing but comments.
            (Event::StreamEnd, _) => return Ok(Value::Null),
            (event, mark) => return reader.document(event, mark),
        }
    }
}

struct Reader<'a> {
    text: &'a str,
    parser: Parser<std::str::Chars<'a>>,
    /// Keys and places of what is being read.
    names: Vec<Cow<'static, str>>,
}

impl Reader<'_> {
    fn next(&mut self) -> Result<(Event, Marker), Error> {
        self.parser.next_token().map_err(|error: ScanError| malformed(error.marker()))
    }

    /// The only document there is: what follows it is refused.
    fn document(&mut self, event: Event, mark: Marker) -> Result<Value, Error> {
        let value = self.node(event, mark, 0)?;
        loop {
            match self.next()? {
                (Event::DocumentEnd, _) => {}
                (Event::StreamEnd, _) => return Ok(value),
                (_, mark) => return Err(malformed(&mark)),
            }
        }
    }

    fn node(&mut self, event: Event, mark: Marker, depth: usize) -> Result<Value, Error> {
        if depth > DEEPEST {
            return Err(too_deep());
        }
        match event {
            Event::Scalar(text, style, _, tag) => self.call(tag.as_ref(), scalar(text, style, tag.as_ref()), &mark),
            Event::SequenceStart(_, tag) => {
                let items = self.items(depth.saturating_add(1))?;
                self.call(tag.as_ref(), Value::Array(items), &mark)
            }
            Event::MappingStart(_, tag) => {
                let members = self.members(depth.saturating_add(1))?;
                self.call(tag.as_ref(), Value::Object(members), &mark)
            }
            Event::Alias(_) => Err(Error::function("YAML aliases are not allowed in CloudFormation templates")),
            _ => Err(malformed(&mark)),
        }
    }

    fn items(&mut self, depth: usize) -> Result<Vec<Value>, Error> {
        let mut items = Vec::new();
        loop {
            match self.next()? {
                (Event::SequenceEnd, _) => return Ok(items),
                (event, mark) => {
                    self.names.push(items.len().to_string().into());
                    items.push(self.node(event, mark, depth)?);
                    self.names.pop();
                }
            }
        }
    }

    fn members(&mut self, depth: usize) -> Result<Map<String, Value>, Error> {
        let mut members = Map::new();
        loop {
            let key = match self.next()? {
                (Event::MappingEnd, _) => return Ok(members),
                (Event::Scalar(text, _, _, None), _) => text,
                // A function, or a map as it is.
                (Event::Scalar(..) | Event::MappingStart(..), _) => return Err(self.no_key("map")),
                (Event::SequenceStart(..), _) => return Err(self.no_key("list")),
                (event, mark) => return self.node(event, mark, depth).and(Err(malformed(&mark))),
            };
            let (event, mark) = self.next()?;
            self.names.push(key.clone().into());
            let value = self.node(event, mark, depth)?;
            self.names.pop();
            members.insert(key, value);
        }
    }

    fn no_key(&self, what: &str) -> Error {
        Error::format(format!("[{}] map keys must be strings; received a {what} instead", path(&self.names)))
    }

    /// A value with a tag is a function of it: `!Sub` is `Fn::Sub` ("Intrinsic function reference").
    fn call(&self, tag: Option<&Tag>, value: Value, mark: &Marker) -> Result<Value, Error> {
        let Some(tag) = tag.filter(|tag| !tag.suffix.is_empty()) else { return Ok(value) };
        if ["str", "map", "seq", "int", "bool", "float"].iter().any(|name| is_core(Some(tag), name)) {
            return Ok(value);
        }
        let (name, value) = match tag.suffix.as_str() {
            _ if tag.handle != "!" => return Err(self.malformed_at(tag, mark)),
            "Ref" | "Condition" => (tag.suffix.clone(), text_of(value)),
            "GetAtt" => ("Fn::GetAtt".to_owned(), attribute(value)),
            name => (format!("Fn::{name}"), value),
        };
        if !shape::is_function(&name) {
            return Err(self.malformed_at(tag, mark));
        }
        Ok(Value::Object(Map::from_iter([(name, value)])))
    }

    /// Marks are of values: where a value's tag is, is looked for in the line.
    fn malformed_at(&self, tag: &Tag, mark: &Marker) -> Error {
        let line = self.text.lines().nth(mark.line().saturating_sub(1)).unwrap_or_default();
        let before: String = line.chars().take(mark.col()).collect();
        match before.rfind(&format!("!{}", tag.suffix)).and_then(|at| before.get(..at)) {
            Some(before) => ill_formed(mark.line(), before.chars().count()),
            None => malformed(mark),
        }
    }
}

fn malformed(mark: &Marker) -> Error {
    ill_formed(mark.line(), mark.col())
}

fn ill_formed(line: usize, column: usize) -> Error {
    Error::format(format!("YAML not well-formed. (line {line}, column {})", column.saturating_add(1)))
}

/// A scalar without quotes is a truth or a number if it is spelled as one. A number whose spelling would be lost stays text, so that an
/// account id keeps its zeros.
fn scalar(text: String, style: TScalarStyle, tag: Option<&Tag>) -> Value {
    let plain = style == TScalarStyle::Plain;
    match text.as_str() {
        _ if !plain || is_core(tag, "str") => Value::String(text),
        "" | "~" | "null" | "Null" | "NULL" if tag.is_none() => Value::Null,
        "true" | "True" | "TRUE" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" => Value::Bool(true),
        "false" | "False" | "FALSE" | "no" | "No" | "NO" | "off" | "Off" | "OFF" => Value::Bool(false),
        _ => text
            .parse::<Number>()
            .ok()
            .filter(|number| number.to_string() == text)
            .map_or(Value::String(text), Value::Number),
    }
}

/// A name that is spelled like a number or a truth.
fn text_of(value: Value) -> Value {
    match value {
        Value::Number(number) => Value::String(number.to_string()),
        Value::Bool(truth) => Value::String(truth.to_string()),
        other => other,
    }
}

/// `!GetAtt Resource.Attribute`: names of attributes have dots, too.
fn attribute(value: Value) -> Value {
    match &value {
        Value::String(text) => match text.split_once('.') {
            Some((resource, name)) => Value::Array(vec![resource.into(), name.into()]),
            None => value,
        },
        _ => value,
    }
}

fn is_core(tag: Option<&Tag>, name: &str) -> bool {
    tag.is_some_and(|tag| tag.handle == "tag:yaml.org,2002:" && tag.suffix == name)
}
