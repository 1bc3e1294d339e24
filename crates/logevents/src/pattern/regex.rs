//! Regular expressions, as many as CloudWatch Logs knows ("Supported regular expressions (regex) syntax", Amazon CloudWatch Logs User
//! Guide): no groups, no spaces, nothing beyond ASCII.

use super::Error;
use regex::bytes::{Regex as Engine, RegexBuilder};

/// How many a pattern for JSON or for space-delimited events may have.
pub(super) const MAX: usize = 2;
/// Bytes a compiled expression may take: what repetitions of repetitions could cost.
const SIZE: usize = 1 << 20;
/// The symbols and operators that may stand in one, beside letters and digits.
const ALLOWED: &str = r":_#=@/;,-^$?[]{}|\*+.";
/// What a backslash may be before, beside those. `x` takes two hexadecimal digits.
const CLASSES: &str = "dDsSwWx";

#[derive(Debug)]
pub(super) struct Regex(Engine);

impl Regex {
    /// Reads what is between the percent signs.
    pub(super) fn parse(text: &str) -> Result<Self, Error> {
        let refused = || Error::term(&format!("%{text}%"));
        let mut characters = text.chars();
        while let Some(c) = characters.next() {
            let escaped = if c == '\\' { Some(characters.next().ok_or_else(refused)?) } else { None };
            let fine = match escaped {
                Some('x') => (0..2).all(|_| characters.next().is_some_and(|digit| digit.is_ascii_hexdigit())),
                Some(c) => CLASSES.contains(c) || ALLOWED.contains(c),
                None => c.is_ascii_alphanumeric() || ALLOWED.contains(c),
            };
            if !fine {
                return Err(refused());
            }
        }
        if text.is_empty() {
            return Err(refused());
        }
        let engine = RegexBuilder::new(text).unicode(false).size_limit(SIZE).dfa_size_limit(SIZE).build();
        engine.map(Self).map_err(|_| refused())
    }

    /// Whether it is found anywhere in a text.
    pub(super) fn is_match(&self, text: &str) -> bool {
        self.0.is_match(text.as_bytes())
    }
}
