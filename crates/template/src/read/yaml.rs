//! YAML 1.1 as CloudFormation reads it: short forms of functions are tags, dates and octal numbers stay text, there are no aliases.

use super::{DEEPEST, too_deep};
use crate::Error;
use serde_json::{Map, Number, Value};
use yaml_rust2::{
    parser::{Event, Parser, Tag},
    scanner::{Marker, ScanError, TScalarStyle},
};

pub(super) fn read(text: &str) -> Result<Value, Error> {
    let mut reader = Reader { parser: Parser::new_from_str(text) };
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
    parser: Parser<std::str::Chars<'a>>,
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
            Event::Scalar(text, style, _, tag) => scalar(text, style, tag.as_ref()),
            Event::SequenceStart(_, tag) => {
                let items = self.items(depth.saturating_add(1))?;
                call(tag.as_ref(), Value::Array(items))
            }
            Event::MappingStart(_, tag) => {
                let members = self.members(depth.saturating_add(1))?;
                call(tag.as_ref(), Value::Object(members))
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
                (event, mark) => items.push(self.node(event, mark, depth)?),
            }
        }
    }

    fn members(&mut self, depth: usize) -> Result<Map<String, Value>, Error> {
        let mut members = Map::new();
        loop {
            let key = match self.next()? {
                (Event::MappingEnd, _) => return Ok(members),
                (Event::Scalar(text, _, _, None), _) => text,
                (Event::Scalar(..) | Event::MappingStart(..), _) => {
                    return Err(Error::format("map keys must be strings; received a map instead"));
                }
                (Event::SequenceStart(..), _) => {
                    return Err(Error::format("map keys must be strings; received a list instead"));
                }
                (event, mark) => return self.node(event, mark, depth).and(Err(malformed(&mark))),
            };
            let (event, mark) = self.next()?;
            let value = self.node(event, mark, depth)?;
            members.insert(key, value);
        }
    }
}

fn malformed(mark: &Marker) -> Error {
    Error::format(format!("YAML not well-formed. (line {}, column {})", mark.line(), mark.col().saturating_add(1)))
}

/// A scalar without quotes is a truth or a number if it is spelled as one. A number whose spelling would be lost stays text, so that an
/// account id keeps its zeros.
fn scalar(text: String, style: TScalarStyle, tag: Option<&Tag>) -> Result<Value, Error> {
    let plain = style == TScalarStyle::Plain;
    let value = match text.as_str() {
        _ if !plain || is_core(tag, "str") => Value::String(text),
        "" | "~" | "null" | "Null" | "NULL" if tag.is_none() => Value::Null,
        "true" | "True" | "TRUE" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" => Value::Bool(true),
        "false" | "False" | "FALSE" | "no" | "No" | "NO" | "off" | "Off" | "OFF" => Value::Bool(false),
        _ => text
            .parse::<Number>()
            .ok()
            .filter(|number| number.to_string() == text)
            .map_or(Value::String(text), Value::Number),
    };
    call(tag, value)
}

/// A value with a tag is a function of it: `!Sub` is `Fn::Sub` ("Intrinsic function reference").
fn call(tag: Option<&Tag>, value: Value) -> Result<Value, Error> {
    let Some(tag) = tag.filter(|tag| !tag.suffix.is_empty()) else { return Ok(value) };
    if ["str", "map", "seq", "int", "bool", "float"].iter().any(|name| is_core(Some(tag), name)) {
        return Ok(value);
    }
    if tag.handle != "!" {
        return Err(Error::format(format!("unsupported tag {}{}", tag.handle, tag.suffix)));
    }
    let (name, value) = match tag.suffix.as_str() {
        "Ref" | "Condition" => (tag.suffix.clone(), text_of(value)),
        "GetAtt" => ("Fn::GetAtt".to_owned(), attribute(value)),
        // The name of a function in a tag may be its long one.
        name => (format!("Fn::{}", name.strip_prefix("Fn::").unwrap_or(name)), value),
    };
    Ok(Value::Object(Map::from_iter([(name, value)])))
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
