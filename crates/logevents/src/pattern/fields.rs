//! Patterns for space-delimited events ("Using filter patterns to match terms in space-delimited log events", Amazon CloudWatch Logs
//! User Guide): names for an event's fields, and conditions on them. What is between double quotes or brackets is one field.

use super::{
    Error,
    expression::Expression,
    operand::{Comparison, Value},
    regex,
    scanner::Scanner,
};
use std::collections::BTreeMap;

#[derive(Debug)]
pub(super) struct Fields {
    /// Names of fields before the ellipsis, and after it; without one, all are before it. An empty name is a field without one.
    head: Vec<String>,
    tail: Vec<String>,
    ellipsis: bool,
    conditions: Vec<Expression<Condition>>,
}

#[derive(Debug)]
struct Condition {
    field: String,
    comparison: Comparison,
}

impl Fields {
    /// Reads what is between the brackets.
    pub(super) fn parse(text: &str) -> Result<Self, Error> {
        let mut fields = Self { head: Vec::new(), tail: Vec::new(), ellipsis: false, conditions: Vec::new() };
        let (mut scanner, mut regexes) = (Scanner(text), 0);
        loop {
            scanner.skip_space();
            if scanner.eat("...") || scanner.eat("…") {
                if std::mem::replace(&mut fields.ellipsis, true) {
                    return Err(Error::pattern());
                }
            } else {
                fields.field(&mut scanner, &mut regexes)?;
            }
            scanner.skip_space();
            if !scanner.eat(",") {
                break;
            }
        }
        let known = |condition: &Condition| fields.head.iter().chain(&fields.tail).any(|name| *name == condition.field);
        let fine = fields.conditions.iter().all(|condition| condition.every(&known));
        if !scanner.0.is_empty() || regexes > regex::MAX || !fine {
            return Err(Error::pattern());
        }
        Ok(fields)
    }

    /// Takes one field: nothing, a name, or conditions on fields, of which the first names this one.
    fn field(&mut self, scanner: &mut Scanner<'_>, regexes: &mut usize) -> Result<(), Error> {
        let mut ahead = Scanner(scanner.0.trim_start_matches(|c: char| c == '(' || c.is_whitespace()));
        let name = word(&mut ahead).to_owned();
        ahead.skip_space();
        let bare = ahead.0.is_empty() || ahead.0.starts_with(',');
        let names = if self.ellipsis { &mut self.tail } else { &mut self.head };
        names.push(name);
        if bare && !scanner.0.starts_with('(') {
            scanner.0 = ahead.0;
            return Ok(());
        }
        let condition = Expression::read(scanner, &mut |scanner| {
            let begin = scanner.0;
            let field = match word(scanner) {
                "" => return Err(refused(begin)),
                name => name.to_owned(),
            };
            scanner.skip_space();
            let comparison = Comparison::read(scanner)?.ok_or_else(|| refused(begin))?;
            *regexes += usize::from(comparison.has_regex());
            Ok(Condition { field, comparison })
        })?;
        self.conditions.push(condition);
        Ok(())
    }

    pub(super) fn matches(&self, text: &str) -> bool {
        let values = split(text);
        let Some(first_of_tail) = self.fit(values.len()) else { return false };
        let value = |name: &str| {
            let place = |names: &[String]| names.iter().position(|known| known == name);
            let place = place(&self.head).or_else(|| place(&self.tail).map(|place| first_of_tail + place))?;
            values.get(place).copied()
        };
        let holds = |condition: &Condition| {
            value(&condition.field).is_some_and(|text| condition.comparison.holds(Value::Text(text)))
        };
        self.conditions.iter().all(|condition| condition.holds(&holds))
    }

    pub(super) fn needle(&self) -> Option<&str> {
        let texts = self.conditions.iter().filter_map(|one| one.required(&|condition| condition.comparison.text()));
        texts.max_by_key(|text| text.len())
    }

    pub(super) fn extracted(&self, text: &str) -> BTreeMap<String, String> {
        let values = split(text);
        let Some(first_of_tail) = self.fit(values.len()) else { return BTreeMap::new() };
        let named = |place: usize| {
            let name = match place.checked_sub(first_of_tail) {
                Some(place) if self.ellipsis => self.tail.get(place),
                _ => self.head.get(place),
            };
            name.filter(|name| !name.is_empty()).cloned().unwrap_or_else(|| (place + 1).to_string())
        };
        values.iter().enumerate().map(|(place, value)| (format!("${}", named(place)), (*value).to_owned())).collect()
    }

    /// Where the fields after the ellipsis begin in an event with so many fields; `None` if the names don't fit.
    fn fit(&self, count: usize) -> Option<usize> {
        let first_of_tail = count.checked_sub(self.tail.len())?;
        let fits = if self.ellipsis { first_of_tail >= self.head.len() } else { first_of_tail == self.head.len() };
        fits.then_some(first_of_tail)
    }
}

fn word<'a>(scanner: &mut Scanner<'a>) -> &'a str {
    scanner.take_while(|c| c.is_alphanumeric() || c == '_' || c == '-')
}

fn refused(begin: &str) -> Error {
    let end = begin.find(|c: char| c.is_whitespace() || c == ',').unwrap_or(begin.len());
    Error::term(begin.get(..end).unwrap_or(begin))
}

/// The fields of an event. One that begins with a quote or a bracket goes to the other one, and has neither.
fn split(text: &str) -> Vec<&str> {
    let (mut fields, mut rest) = (Vec::new(), text.trim_start());
    while !rest.is_empty() {
        let close = match rest.chars().next() {
            Some('"') => Some('"'),
            Some('[') => Some(']'),
            _ => None,
        };
        let enclosed = close.and_then(|close| rest.get(1..)?.split_once(close));
        let (field, after) = match enclosed {
            Some(parts) => parts,
            None => rest.split_at(rest.find(char::is_whitespace).unwrap_or(rest.len())),
        };
        fields.push(field);
        rest = after.trim_start();
    }
    fields
}
