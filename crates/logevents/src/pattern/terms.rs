//! Patterns for any text: terms that must all be there, `-` terms that must not, or `?` terms of which one must. A term is a word, a
//! phrase in double quotes or a regular expression.

use super::{Error, regex::Regex, scanner::Scanner};
use memchr::memmem::Finder;

#[derive(Debug, Default)]
pub(super) struct Terms {
    all: Vec<Term>,
    any: Vec<Term>,
    none: Vec<Term>,
}

#[derive(Debug)]
enum Term {
    Text(String, Box<Finder<'static>>),
    Regex(Regex),
}

impl Terms {
    pub(super) fn parse(text: &str) -> Result<Self, Error> {
        let (mut terms, mut scanner) = (Self::default(), Scanner(text));
        scanner.skip_space();
        while !scanner.0.is_empty() {
            let begin = scanner.0;
            let into = match (scanner.eat("?"), scanner.0.starts_with('-')) {
                (true, _) => &mut terms.any,
                (false, true) => {
                    scanner.eat("-");
                    scanner.skip_space();
                    &mut terms.none
                }
                (false, false) => &mut terms.all,
            };
            into.push(Term::read(&mut scanner, begin)?);
            scanner.skip_space();
        }
        // Beside terms of another kind the question mark has no effect.
        if !terms.all.is_empty() || !terms.none.is_empty() {
            terms.any.clear();
        }
        Ok(terms)
    }

    pub(super) fn matches(&self, text: &str) -> bool {
        let found = |term: &Term| term.is_in(text);
        self.all.iter().all(found)
            && !self.none.iter().any(found)
            && (self.any.is_empty() || self.any.iter().any(found))
    }

    pub(super) fn needle(&self) -> Option<&str> {
        let alone = if self.any.len() == 1 { self.any.as_slice() } else { &[] };
        let texts = self.all.iter().chain(alone).filter_map(|term| match term {
            Term::Text(text, _) => Some(text.as_str()),
            Term::Regex(_) => None,
        });
        texts.max_by_key(|text| text.len())
    }
}

impl Term {
    /// Takes a term. `signed` is where it begins with its sign.
    fn read(scanner: &mut Scanner<'_>, signed: &str) -> Result<Self, Error> {
        let begin = scanner.0;
        let term = if let Some(text) = scanner.quoted()? {
            if text.is_empty() {
                return Err(Error::term("\"\""));
            }
            Self::text(text)
        } else if let Some(text) = scanner.percented()? {
            Self::Regex(Regex::parse(text)?)
        } else {
            let word = scanner.take_while(|c| c.is_alphanumeric() || c == '_');
            Self::text(word.to_owned())
        };
        // Nothing may follow but space, and something must have been there.
        let rest = scanner.0;
        let ends = rest.is_empty() || rest.starts_with(char::is_whitespace);
        if !ends || rest.len() == begin.len() {
            let begin = if ends { signed } else { begin };
            let end = begin.find(char::is_whitespace).unwrap_or(begin.len());
            return Err(Error::term(begin.get(..end).unwrap_or(begin)));
        }
        Ok(term)
    }

    fn text(text: String) -> Self {
        let finder = Finder::new(text.as_bytes()).into_owned();
        Self::Text(text, Box::new(finder))
    }

    fn is_in(&self, text: &str) -> bool {
        match self {
            Self::Text(_, finder) => finder.find(text.as_bytes()).is_some(),
            Self::Regex(regex) => regex.is_match(text),
        }
    }
}
