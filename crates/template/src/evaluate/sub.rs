//! `Fn::Sub`: a text with variables in it ("Fn::Sub").

use super::{Evaluator, function, shape, standing, text};
use crate::Error;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// A piece of a text with variables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Piece<'a> {
    /// As it is.
    Text(&'a str),
    /// `${Name}`.
    Variable(&'a str),
}

/// Takes a text apart. `${!Name}` is the text `${Name}`.
pub(crate) fn pieces(text: &str) -> Result<Vec<Piece<'_>>, Error> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        pieces.push(Piece::Text(before));
        let Some((name, behind)) = after.split_once('}') else {
            // Nothing is closed any more: all of it is text.
            pieces.extend([Piece::Text("${"), Piece::Text(after)]);
            return Ok(pieces);
        };
        if let Some(literal) = name.strip_prefix('!') {
            pieces.extend([Piece::Text("${"), Piece::Text(literal), Piece::Text("}")]);
        } else if is_variable(name) {
            pieces.push(Piece::Variable(name));
        } else {
            return Err(Error::function(
                "variable names in Fn::Sub syntax must contain only alphanumeric characters, underscores, periods, and colons",
            ));
        }
        rest = behind;
    }
    pieces.push(Piece::Text(rest));
    Ok(pieces)
}

fn is_variable(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|char| char.is_ascii_alphanumeric() || matches!(char, '_' | '.' | ':'))
}

/// A text, and values for some of its variables.
type Arguments<'a> = (&'a str, Option<&'a Map<String, Value>>);

/// The text and the variables of both forms.
pub(crate) fn arguments(argument: &Value) -> Result<Arguments<'_>, Error> {
    let wrong = || shape::wrong("Fn::Sub");
    match argument {
        Value::String(text) => Ok((text, None)),
        Value::Array(items) => match items.as_slice() {
            [Value::String(text), variables @ Value::Object(map)] if function(variables).is_none() => {
                Ok((text, Some(map)))
            }
            _ => Err(wrong()),
        },
        _ => Err(wrong()),
    }
}

impl Evaluator<'_> {
    /// The text, or `Fn::Join` of its pieces when some are not known yet.
    pub(super) fn sub(&self, argument: &Value) -> Result<Value, Error> {
        let (template, map) = arguments(argument)?;
        let variables = self.variables(map)?;
        let mut joined: Vec<Value> = Vec::new();
        for piece in pieces(template)? {
            let value = match piece {
                Piece::Text(text) => Value::String(text.to_owned()),
                Piece::Variable(name) => match variables.get(name) {
                    Some(value) => self.pay(value.clone())?,
                    None => self.variable(name)?,
                },
            };
            match (joined.last_mut(), value) {
                (_, Value::String(text)) if text.is_empty() => {}
                (Some(Value::String(before)), Value::String(text)) => before.push_str(&text),
                (_, value) => joined.push(value),
            }
        }
        Ok(match joined.as_slice() {
            [] => Value::String(String::new()),
            [Value::String(text)] => Value::String(text.clone()),
            _ => standing("Fn::Join", Value::Array(vec![Value::String(String::new()), Value::Array(joined)])),
        })
    }

    /// The values of the map: a text each, or what will be one.
    fn variables<'m>(&self, map: Option<&'m Map<String, Value>>) -> Result<BTreeMap<&'m str, Value>, Error> {
        let wrong = || {
            Error::function(
                "every value of the context object of every Fn::Sub object must be a string or a function that returns a string",
            )
        };
        let variables = map.into_iter().flatten().map(|(name, value)| {
            if name.is_empty() || !name.chars().all(|char| char.is_ascii_alphanumeric() || char == '_') {
                return Err(Error::function(
                    "every key of the context object of every Fn::Sub object must contain only alphanumeric characters and underscores",
                ));
            }
            let value = self.value(value)?.ok_or_else(wrong)?;
            if function(&value).is_some() {
                return Ok((name.as_str(), value));
            }
            Ok((name.as_str(), Value::String(text(&value).ok_or_else(wrong)?)))
        });
        variables.collect()
    }

    /// A variable that is not in the map: `Name` is `Ref`, `Name.Attribute` is `Fn::GetAtt`.
    fn variable(&self, name: &str) -> Result<Value, Error> {
        let value = match name.split_once('.') {
            Some((resource, attribute)) => {
                self.call("Fn::GetAtt", &Value::Array(vec![resource.into(), attribute.into()]))?
            }
            None => self.call("Ref", &Value::String(name.to_owned()))?,
        };
        let value = value
            .and_then(|value| if function(&value).is_some() { Some(value) } else { text(&value).map(Value::String) });
        let value = value.ok_or_else(|| {
            Error::function(format!("variable {name} in Fn::Sub expression does not resolve to a string"))
        })?;
        self.pay(value)
    }
}
