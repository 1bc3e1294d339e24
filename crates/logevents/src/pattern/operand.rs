//! What a value of an event is compared with, and how.

use super::{Error, regex::Regex, scanner::Scanner};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operator {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// An operator with its right side.
#[derive(Debug)]
pub(super) struct Comparison {
    operator: Operator,
    operand: Operand,
}

#[derive(Debug)]
enum Operand {
    /// A text, with what an asterisk at its ends leaves open.
    Text {
        text: String,
        open_start: bool,
        open_end: bool,
    },
    /// A number, and how it was written.
    Number(f64, String),
    Regex(Regex),
}

/// A value of an event.
#[derive(Debug, Clone, Copy)]
pub(super) enum Value<'a> {
    Text(&'a str),
    Number(f64, &'a str),
}

impl Comparison {
    /// Takes an operator and its right side; `None` if no operator comes next.
    pub(super) fn read(scanner: &mut Scanner<'_>) -> Result<Option<Self>, Error> {
        const OPERATORS: [(&str, Operator); 6] = [
            ("<=", Operator::LessOrEqual),
            (">=", Operator::GreaterOrEqual),
            ("!=", Operator::NotEqual),
            ("<", Operator::Less),
            (">", Operator::Greater),
            ("=", Operator::Equal),
        ];
        let Some((_, operator)) = OPERATORS.into_iter().find(|(sign, _)| scanner.eat(sign)) else { return Ok(None) };
        scanner.skip_space();
        let operand = Operand::read(scanner)?;
        let is_number = matches!(operand, Operand::Number(..));
        if !is_number && !matches!(operator, Operator::Equal | Operator::NotEqual) {
            return Err(Error::pattern());
        }
        Ok(Some(Self { operator, operand }))
    }

    pub(super) fn has_regex(&self) -> bool {
        matches!(self.operand, Operand::Regex(_))
    }

    /// The text that every value has of which it is so, where that is a text and not a number.
    pub(super) fn text(&self) -> Option<&str> {
        match (&self.operator, &self.operand) {
            (Operator::Equal, Operand::Text { text, .. }) if !text.is_empty() => Some(text),
            _ => None,
        }
    }

    /// Whether it is so of a value. What is no number is neither less nor greater than one.
    pub(super) fn holds(&self, value: Value<'_>) -> bool {
        let ordered = |is: fn(&f64, &f64) -> bool| match (&self.operand, value.number()) {
            (Operand::Number(right, _), Some(left)) => is(&left, right),
            _ => false,
        };
        match self.operator {
            Operator::Equal => self.operand.is(value),
            Operator::NotEqual => !self.operand.is(value),
            Operator::Less => ordered(f64::lt),
            Operator::LessOrEqual => ordered(f64::le),
            Operator::Greater => ordered(f64::gt),
            Operator::GreaterOrEqual => ordered(f64::ge),
        }
    }
}

impl Operand {
    fn read(scanner: &mut Scanner<'_>) -> Result<Self, Error> {
        if let Some(text) = scanner.quoted()? {
            return Ok(Self::text(&text));
        }
        if let Some(text) = scanner.percented()? {
            return Regex::parse(text).map(Self::Regex);
        }
        // Up to what ends it in either kind of pattern; what may not be in it is then named with it.
        let word = scanner.take_while(|c| !c.is_whitespace() && !"&|(),=<>{}[]\"%".contains(c));
        if word.is_empty() || !word.chars().all(|c| c.is_alphanumeric() || "_*.-+".contains(c)) {
            return Err(Error::term(word));
        }
        Ok(number(word).map_or_else(|| Self::text(word), |number| Self::Number(number, word.to_owned())))
    }

    fn text(text: &str) -> Self {
        let (open_start, rest) = text.strip_prefix('*').map_or((false, text), |rest| (true, rest));
        // A single asterisk is open at both ends.
        let (open_end, middle) =
            rest.strip_suffix('*').map_or((open_start && rest.is_empty(), rest), |rest| (true, rest));
        Self::Text { text: middle.to_owned(), open_start, open_end }
    }

    fn is(&self, value: Value<'_>) -> bool {
        match self {
            Self::Regex(regex) => regex.is_match(value.text()),
            Self::Number(right, written) => value.number().map_or(value.text() == written, |left| left == *right),
            Self::Text { text, open_start, open_end } => {
                let value = value.text();
                match (open_start, open_end) {
                    (false, false) => value == text,
                    (true, false) => value.ends_with(text.as_str()),
                    (false, true) => value.starts_with(text.as_str()),
                    (true, true) => value.contains(text.as_str()),
                }
            }
        }
    }
}

impl<'a> Value<'a> {
    fn text(self) -> &'a str {
        match self {
            Self::Text(text) | Self::Number(_, text) => text,
        }
    }

    fn number(self) -> Option<f64> {
        match self {
            Self::Number(number, _) => Some(number),
            Self::Text(text) => number(text),
        }
    }
}

/// A number as patterns have them: a sign, digits with a point, an exponent. Not `inf`, not `nan`.
fn number(text: &str) -> Option<f64> {
    let numeric = |c: char| c.is_ascii_digit() || "+-.eE".contains(c);
    let plausible = text.bytes().any(|byte| byte.is_ascii_digit()) && text.chars().all(numeric);
    plausible.then(|| text.parse().ok()).flatten().filter(|number: &f64| number.is_finite())
}
