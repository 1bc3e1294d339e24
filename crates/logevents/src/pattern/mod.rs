//! Filter patterns: which log events are meant ("Filter pattern syntax for metric filters, subscription filters, filter log events,
//! and Live Tail", Amazon CloudWatch Logs User Guide).
//!
//! | file | what |
//! |---|---|
//! | `terms` | patterns for any text: `ERROR -"GET /health"`, `?WARN ?ERROR`, `%4\d\d%` |
//! | `json` | `{ $.user.id = 1 && ($.latency > 100 \|\| $.error IS TRUE) }` |
//! | `fields` | space-delimited events: `[ip, ..., status = 4*, bytes > 1000]` |
//! | `expression` | `&&`, `\|\|` and parentheses, of the latter two |
//! | `operand` | what a value is compared with: text with `*`, a number, a regular expression |
//! | `regex` | the regular expressions CloudWatch Logs knows |
//! | `scanner` | the text of a pattern being read |

mod expression;
mod fields;
mod json;
mod operand;
mod regex;
mod scanner;
mod terms;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt;

/// A filter pattern, read.
#[derive(Debug)]
pub struct Pattern(Kind);

#[derive(Debug)]
enum Kind {
    Terms(terms::Terms),
    Json(json::Json),
    Fields(fields::Fields),
}

/// Why a text is no filter pattern, in CloudWatch Logs' words where they are known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error(String);

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Error {}

impl Error {
    fn term(term: &str) -> Self {
        Self(format!("Invalid character(s) in term '{term}'"))
    }

    /// What is said of a pattern whose parts are fine but not together.
    fn pattern() -> Self {
        Self("Invalid filter pattern".into())
    }
}

impl Pattern {
    /// Reads a pattern. An empty one means every event.
    ///
    /// # Errors
    /// When it is none; the message is for `InvalidParameterException`.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let text = text.trim();
        if let Some(inner) = enclosed(text, '{', '}')? {
            return json::Json::parse(inner).map(Kind::Json).map(Self);
        }
        if let Some(inner) = enclosed(text, '[', ']')? {
            return fields::Fields::parse(inner).map(Kind::Fields).map(Self);
        }
        terms::Terms::parse(text).map(Kind::Terms).map(Self)
    }

    /// Whether an event's text is meant. Case matters.
    pub fn matches(&self, text: &str) -> bool {
        match &self.0 {
            Kind::Terms(terms) => terms.matches(text),
            Kind::Json(json) => json.matches(text),
            Kind::Fields(fields) => fields.matches(text),
        }
    }

    /// A text that every event that is meant contains, if one is known: what a search may look for first.
    pub fn needle(&self) -> Option<&str> {
        match &self.0 {
            Kind::Terms(terms) => terms.needle(),
            // In JSON the same text may be written with escapes.
            Kind::Json(_) => None,
            Kind::Fields(fields) => fields.needle(),
        }
    }

    /// The fields of an event that is meant, by name or number, with a dollar sign before it; none but for space-delimited patterns
    /// (`extractedValues`, "MetricFilterMatchRecord").
    pub fn extracted(&self, text: &str) -> BTreeMap<String, String> {
        match &self.0 {
            Kind::Fields(fields) => fields.extracted(text),
            Kind::Terms(_) | Kind::Json(_) => BTreeMap::new(),
        }
    }
}

/// What is between two brackets around the whole of a pattern; `None` if it does not begin with the first.
fn enclosed(text: &str, open: char, close: char) -> Result<Option<&str>, Error> {
    let Some(inner) = text.strip_prefix(open) else { return Ok(None) };
    let missing = || Error(format!("If a filter pattern starts with '{open}' it must end with '{close}'"));
    inner.strip_suffix(close).ok_or_else(missing).map(Some)
}
