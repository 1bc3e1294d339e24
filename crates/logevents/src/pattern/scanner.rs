//! The text of a pattern being read from left to right.

use super::Error;

/// What is left of a pattern.
pub(super) struct Scanner<'a>(pub(super) &'a str);

impl<'a> Scanner<'a> {
    pub(super) fn skip_space(&mut self) {
        self.0 = self.0.trim_start();
    }

    /// Takes a text if it comes next.
    pub(super) fn eat(&mut self, text: &str) -> bool {
        let rest = self.0.strip_prefix(text);
        self.0 = rest.unwrap_or(self.0);
        rest.is_some()
    }

    /// Takes a word if it comes next and ends there, in capitals or not.
    pub(super) fn eat_word(&mut self, word: &str) -> bool {
        let Some((start, rest)) = self.0.split_at_checked(word.len()) else { return false };
        if !start.eq_ignore_ascii_case(word) || rest.starts_with(|c: char| c.is_alphanumeric()) {
            return false;
        }
        self.0 = rest;
        true
    }

    /// Takes the characters up to the first that is none of these.
    pub(super) fn take_while(&mut self, is: impl Fn(char) -> bool) -> &'a str {
        let end = self.0.find(|c| !is(c)).unwrap_or(self.0.len());
        let (taken, rest) = self.0.split_at(end);
        self.0 = rest;
        taken
    }

    /// Takes a text in double quotes, if one comes next. A backslash before a quote or another backslash takes its meaning away;
    /// before anything else it stands for itself.
    ///
    /// # Errors
    /// When it does not end.
    pub(super) fn quoted(&mut self) -> Result<Option<String>, Error> {
        let Some(inner) = self.0.strip_prefix('"') else { return Ok(None) };
        let mut text = String::new();
        let mut characters = inner.char_indices();
        while let Some((place, c)) = characters.next() {
            match c {
                '"' => {
                    self.0 = inner.get(place + 1..).unwrap_or("");
                    return Ok(Some(text));
                }
                '\\' => match characters.next() {
                    Some((_, c @ ('"' | '\\'))) => text.push(c),
                    Some((_, c)) => text.extend(['\\', c]),
                    None => break,
                },
                c => text.push(c),
            }
        }
        Err(Error::term(self.0))
    }

    /// Takes what is between two `%`, if that comes next.
    ///
    /// # Errors
    /// When it does not end.
    pub(super) fn percented(&mut self) -> Result<Option<&'a str>, Error> {
        let Some(inner) = self.0.strip_prefix('%') else { return Ok(None) };
        let (text, rest) = inner.split_once('%').ok_or_else(|| Error::term(self.0))?;
        self.0 = rest;
        Ok(Some(text))
    }
}
