//! Patterns with the wildcards `*` and `?` ("Wildcard", Application Load Balancers guide, condition types).

/// A pattern, compiled: what the text begins with, what it ends with, and what is between. Most patterns have one wildcard or none, and most
/// texts differ at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pattern {
    /// Before the first wildcard.
    first: Vec<u8>,
    /// From the first wildcard to the last, both included; empty where there is none.
    middle: Vec<Token>,
    /// Behind the last wildcard.
    last: Vec<u8>,
    fold: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Token {
    /// `*`: any number of any bytes.
    Many,
    /// `?`: any one byte.
    One,
    Byte(u8),
}

impl Pattern {
    /// A pattern of which case counts.
    pub(crate) fn exact(text: &str) -> Self {
        Self::new(text, false)
    }

    /// A pattern of which case does not count.
    pub(crate) fn folded(text: &str) -> Self {
        Self::new(text, true)
    }

    /// A backslash makes the wildcard behind it a byte like others.
    fn new(text: &str, fold: bool) -> Self {
        let mut bytes = text.bytes();
        let (mut first, mut middle) = (Vec::new(), Vec::new());
        while let Some(byte) = bytes.next() {
            let token = match byte {
                // Two in a row say the same as one, and would cost more.
                b'*' if middle.last() == Some(&Token::Many) => continue,
                b'*' => Token::Many,
                b'?' => Token::One,
                b'\\' => Token::Byte(bytes.next().unwrap_or(b'\\')),
                byte => Token::Byte(byte),
            };
            match token {
                Token::Byte(byte) if middle.is_empty() => first.push(byte),
                token => middle.push(token),
            }
        }
        let wildcards = middle.iter().rposition(|token| !matches!(token, Token::Byte(_))).map_or(0, |last| last + 1);
        let literal = |token| if let Token::Byte(byte) = token { Some(byte) } else { None };
        let last = middle.drain(wildcards..).filter_map(literal).collect();
        Self { first, middle, last, fold }
    }

    /// What every text that it matches begins with.
    pub(crate) fn beginning(&self) -> &[u8] {
        &self.first
    }

    /// What every text that it matches ends with.
    pub(crate) fn end(&self) -> &[u8] {
        // Without wildcards all of it is the beginning.
        if self.middle.is_empty() && self.last.is_empty() { &self.first } else { &self.last }
    }

    /// Whether it matches the whole text. Takes at most the product of both lengths, whatever they are.
    pub(crate) fn matches(&self, text: &[u8]) -> bool {
        let Some((first, rest)) = text.split_at_checked(self.first.len()) else { return false };
        if !self.same(&self.first, first) {
            return false;
        }
        let Some(end) = rest.len().checked_sub(self.last.len()) else { return false };
        let (between, last) = rest.split_at(end);
        self.same(&self.last, last)
            && match self.middle[..] {
                [] => between.is_empty(),
                [Token::Many] => true,
                _ => self.matches_between(between),
            }
    }

    fn same(&self, wanted: &[u8], text: &[u8]) -> bool {
        if self.fold { wanted.eq_ignore_ascii_case(text) } else { wanted == text }
    }

    fn matches_between(&self, text: &[u8]) -> bool {
        let (mut at, mut seen) = (0, 0);
        // Where the last `*` is, and how much of the text it is taken for.
        let mut many: Option<(usize, usize)> = None;
        while seen < text.len() {
            match self.middle.get(at) {
                Some(Token::Many) => {
                    many = Some((at, seen));
                    at += 1;
                }
                Some(Token::Byte(wanted)) if self.same(&[*wanted], &[text[seen]]) => (at, seen) = (at + 1, seen + 1),
                Some(Token::One) => (at, seen) = (at + 1, seen + 1),
                _ => match many {
                    Some((star, taken)) => {
                        many = Some((star, taken + 1));
                        (at, seen) = (star + 1, taken + 1);
                    }
                    None => return false,
                },
            }
        }
        self.middle[at..].iter().all(|token| *token == Token::Many)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn wildcards() {
        let matches = |pattern: &str, text: &str| Pattern::folded(pattern).matches(text.as_bytes());
        assert!(matches("*.example.com", "www.Example.com"));
        assert!(!matches("*.example.com", "example.com"));
        assert!(matches("/img/*/pics", "/img/a/b/pics"));
        assert!(!matches("/img/*/pics", "/img/pics"));
        assert!(matches("v?", "v1") && !matches("v?", "v") && !matches("v?", "v12"));
        assert!(matches("*", "") && matches("**", "x") && matches("", "") && !matches("", "x"));
        assert!(matches(r"a\*b", "a*b") && !matches(r"a\*b", "axb"));
        assert!(!Pattern::exact("/Img").matches(b"/img"));
    }

    /// The definition itself, slow.
    fn slow(pattern: &[u8], text: &[u8]) -> bool {
        match (pattern.split_first(), text.split_first()) {
            (None, None) => true,
            (Some((b'*', rest)), _) => {
                slow(rest, text) || text.split_first().is_some_and(|(_, text)| slow(pattern, text))
            }
            (Some((b'?', rest)), Some((_, text))) => slow(rest, text),
            (Some((wanted, rest)), Some((byte, text))) => wanted == byte && slow(rest, text),
            _ => false,
        }
    }

    proptest! {
        #[test]
        fn as_defined(pattern in "[ab*?]{0,8}", text in "[ab]{0,10}") {
            let expected = slow(pattern.as_bytes(), text.as_bytes());
            prop_assert_eq!(Pattern::exact(&pattern).matches(text.as_bytes()), expected);
            prop_assert_eq!(Pattern::folded(&pattern).matches(text.to_ascii_uppercase().as_bytes()), expected);
        }
    }
}
