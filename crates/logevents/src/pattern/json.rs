//! Patterns for JSON events ("Using filter patterns to match terms in JSON log events", Amazon CloudWatch Logs User Guide).

use super::{
    Error,
    expression::Expression,
    operand::{Comparison, Value},
    regex,
    scanner::Scanner,
};
use memchr::memmem::Finder;
use serde_json::Value as Document;

#[derive(Debug)]
pub(super) struct Json {
    expression: Expression<Condition>,
    /// A text without which an event is none of them, unless it has escapes in which it may hide. Looking for it is quicker than
    /// reading JSON.
    required: Option<Box<Finder<'static>>>,
}

#[derive(Debug)]
struct Condition {
    selector: Vec<Step>,
    test: Test,
}

/// A step from a value to one within it.
#[derive(Debug)]
enum Step {
    Member(String),
    Element(usize),
    /// Any member.
    Members,
    /// Any element.
    Elements,
}

#[derive(Debug)]
enum Test {
    /// Of a text, a number or a boolean; arrays, objects and null never compare.
    Compares(Comparison),
    /// `IS NULL`, `IS TRUE`, `IS FALSE`.
    Is(Document),
    NotExists,
}

impl Json {
    /// Reads what is between the braces.
    pub(super) fn parse(text: &str) -> Result<Self, Error> {
        let (mut scanner, mut regexes) = (Scanner(text), 0);
        let expression = Expression::read(&mut scanner, &mut |scanner| {
            let condition = Condition::read(scanner)?;
            regexes += usize::from(matches!(&condition.test, Test::Compares(with) if with.has_regex()));
            Ok(condition)
        })?;
        if !scanner.0.is_empty() || regexes > regex::MAX {
            return Err(Error::pattern());
        }
        let required = expression.required(&|condition| match &condition.test {
            Test::Compares(comparison) => comparison.text().filter(|text| !may_be_number(text)),
            Test::Is(_) | Test::NotExists => None,
        });
        let required = required.map(|text| Box::new(Finder::new(text.as_bytes()).into_owned()));
        Ok(Self { expression, required })
    }

    pub(super) fn matches(&self, text: &str) -> bool {
        // Anything else is no JSON event; parsing it would be for nothing.
        let absent = |required: &Finder<'_>| {
            required.find(text.as_bytes()).is_none() && memchr::memchr(b'\\', text.as_bytes()).is_none()
        };
        if !text.trim_start().starts_with('{') || self.required.as_deref().is_some_and(absent) {
            return false;
        }
        let Ok(document) = serde_json::from_str::<Document>(text) else { return false };
        self.expression.holds(&|condition| condition.holds(&document))
    }
}

impl Condition {
    fn read(scanner: &mut Scanner<'_>) -> Result<Self, Error> {
        let selector = selector(scanner)?;
        scanner.skip_space();
        if let Some(comparison) = Comparison::read(scanner)? {
            return Ok(Self { selector, test: Test::Compares(comparison) });
        }
        let first_is = scanner.eat_word("IS");
        if !first_is && !scanner.eat_word("NOT") {
            return Err(Error::pattern());
        }
        scanner.skip_space();
        let values = [("NULL", Document::Null), ("TRUE", true.into()), ("FALSE", false.into())];
        let test = match first_is {
            true => values.into_iter().find(|(word, _)| scanner.eat_word(word)).map(|(_, value)| Test::Is(value)),
            false => scanner.eat_word("EXISTS").then_some(Test::NotExists),
        };
        Ok(Self { selector, test: test.ok_or_else(Error::pattern)? })
    }

    fn holds(&self, document: &Document) -> bool {
        match &self.test {
            Test::NotExists => !any(document, &self.selector, &|_| true),
            Test::Is(value) => any(document, &self.selector, &|found| found == value),
            Test::Compares(comparison) => any(document, &self.selector, &|found| match found {
                Document::String(text) => comparison.holds(Value::Text(text)),
                Document::Bool(value) => comparison.holds(Value::Text(if *value { "true" } else { "false" })),
                Document::Number(number) => {
                    number.as_f64().is_some_and(|value| comparison.holds(Value::Number(value, &number.to_string())))
                }
                Document::Null | Document::Array(_) | Document::Object(_) => false,
            }),
        }
    }
}

/// Whether a text may be part of a number, which can be written in several ways.
fn may_be_number(text: &str) -> bool {
    text.chars().all(|c| c.is_ascii_digit() || "+-.eE".contains(c))
}

/// `$.a.b[0]['c.d'][*].*`: at most one wildcard.
fn selector(scanner: &mut Scanner<'_>) -> Result<Vec<Step>, Error> {
    let begin = scanner.0;
    let end = begin.find(char::is_whitespace).unwrap_or(begin.len());
    let refused = || Error::term(begin.get(..end).unwrap_or(begin));
    if !scanner.eat("$") {
        return Err(refused());
    }
    let mut steps = Vec::new();
    loop {
        let dot = scanner.eat(".");
        if scanner.eat("[") {
            steps.push(bracketed(scanner).ok_or_else(refused)?);
        } else if dot && scanner.eat("*") {
            steps.push(Step::Members);
        } else if dot {
            let name = scanner.take_while(|c| c.is_alphanumeric() || c == '_' || c == '-');
            if name.is_empty() {
                return Err(refused());
            }
            steps.push(Step::Member(name.to_owned()));
        } else {
            break;
        }
    }
    let wildcards = steps.iter().filter(|step| matches!(step, Step::Members | Step::Elements)).count();
    if steps.is_empty() || wildcards > 1 { Err(refused()) } else { Ok(steps) }
}

/// What is between brackets: a number, an asterisk, or a name in quotes, which may have a point in it.
fn bracketed(scanner: &mut Scanner<'_>) -> Option<Step> {
    let step = if scanner.eat("*") {
        Step::Elements
    } else if scanner.eat("'") {
        let name = scanner.take_while(|c| c != '\'');
        scanner.eat("'").then(|| Step::Member(name.to_owned()))?
    } else if let Some(name) = scanner.quoted().ok()? {
        Step::Member(name)
    } else {
        Step::Element(scanner.take_while(|c| c.is_ascii_digit()).parse().ok()?)
    };
    scanner.eat("]").then_some(step)
}

/// Whether a test holds of any of the values that a selector leads to.
fn any(value: &Document, selector: &[Step], test: &impl Fn(&Document) -> bool) -> bool {
    let Some((step, rest)) = selector.split_first() else { return test(value) };
    match step {
        Step::Member(name) => value.as_object().and_then(|object| object.get(name)).is_some_and(|v| any(v, rest, test)),
        Step::Element(place) => {
            value.as_array().and_then(|array| array.get(*place)).is_some_and(|v| any(v, rest, test))
        }
        Step::Members => value.as_object().is_some_and(|object| object.values().any(|v| any(v, rest, test))),
        Step::Elements => value.as_array().is_some_and(|array| array.iter().any(|v| any(v, rest, test))),
    }
}
