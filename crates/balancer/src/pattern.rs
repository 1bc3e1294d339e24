//! Patterns with the wildcards `*` and `?` ("Wildcard", Application Load Balancers guide, condition types).

/// A pattern, compiled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pattern {
    tokens: Vec<Token>,
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
        let mut tokens = Vec::with_capacity(text.len());
        while let Some(byte) = bytes.next() {
            tokens.push(match byte {
                // Two in a row say the same as one, and would cost more.
                b'*' if tokens.last() == Some(&Token::Many) => continue,
                b'*' => Token::Many,
                b'?' => Token::One,
                b'\\' => Token::Byte(bytes.next().unwrap_or(b'\\')),
                byte => Token::Byte(byte),
            });
        }
        if fold {
            for token in &mut tokens {
                if let Token::Byte(byte) = token {
                    byte.make_ascii_lowercase();
                }
            }
        }
        Self { tokens, fold }
    }

    /// Whether it matches the whole text. Takes at most the product of both lengths, whatever they are.
    pub(crate) fn matches(&self, text: &[u8]) -> bool {
        let (mut at, mut seen) = (0, 0);
        // Where the last `*` is, and how much of the text it is taken for.
        let mut many: Option<(usize, usize)> = None;
        while seen < text.len() {
            let byte = if self.fold { text[seen].to_ascii_lowercase() } else { text[seen] };
            match self.tokens.get(at) {
                Some(Token::Many) => {
                    many = Some((at, seen));
                    at += 1;
                }
                Some(&Token::Byte(wanted)) if wanted == byte => (at, seen) = (at + 1, seen + 1),
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
        self.tokens[at..].iter().all(|token| *token == Token::Many)
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
            prop_assert_eq!(Pattern::exact(&pattern).matches(text.as_bytes()), slow(pattern.as_bytes(), text.as_bytes()));
        }
    }
}
