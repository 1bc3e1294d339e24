//! Texts with wildcards, as filters, policies and rules have them: `*` stands for any number of characters, `?` for one, `\` takes the next as it is
//! ("List and filter your resources", Amazon EC2 User Guide). Upper and lower case differ.

/// A text with wildcards, taken apart.
#[derive(Debug, Clone)]
pub(crate) struct Pattern(Vec<Piece>);

#[derive(Debug, Clone, Copy, PartialEq)]
enum Piece {
    Many,
    One,
    Exactly(char),
}

impl Pattern {
    /// Reads a text with wildcards.
    pub(crate) fn read(text: &str) -> Self {
        let mut pieces = Vec::with_capacity(text.len());
        let mut chars = text.chars();
        while let Some(char) = chars.next() {
            match char {
                '*' if pieces.last() == Some(&Piece::Many) => {}
                '*' => pieces.push(Piece::Many),
                '?' => pieces.push(Piece::One),
                '\\' => pieces.push(Piece::Exactly(chars.next().unwrap_or('\\'))),
                other => pieces.push(Piece::Exactly(other)),
            }
        }
        Self(pieces)
    }

    /// Whether the whole of `text` fits. Takes at most the product of both lengths.
    pub(crate) fn fits(&self, text: &str) -> bool {
        let text: Vec<char> = text.chars().collect();
        let (mut at, mut piece) = (0, 0);
        // Where to go on when a guess for the last `*` was too short: the piece after it, and one character further.
        let mut retry: Option<(usize, usize)> = None;
        loop {
            match (self.0.get(piece), text.get(at)) {
                (None, None) => return true,
                (Some(Piece::Many), _) => {
                    retry = Some((piece + 1, at + 1));
                    piece += 1;
                    continue;
                }
                (Some(Piece::One), Some(_)) => (at, piece) = (at + 1, piece + 1),
                (Some(Piece::Exactly(wanted)), Some(found)) if wanted == found => (at, piece) = (at + 1, piece + 1),
                _ => match retry {
                    Some((after, next)) if next <= text.len() => {
                        (piece, at) = (after, next);
                        retry = Some((after, next + 1));
                    }
                    _ => return false,
                },
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// What a pattern means, without any thought for time.
    fn means(pattern: &[Piece], text: &[char]) -> bool {
        match (pattern.split_first(), text.split_first()) {
            (None, None) => true,
            (Some((Piece::Many, rest)), None) => means(rest, text),
            (Some((Piece::Many, rest)), Some((_, after))) => means(rest, text) || means(pattern, after),
            (Some((Piece::One, rest)), Some((_, after))) => means(rest, after),
            (Some((Piece::Exactly(wanted), rest)), Some((found, after))) => wanted == found && means(rest, after),
            _ => false,
        }
    }

    #[test]
    fn wildcards_mean_what_aws_says() {
        let fits = |pattern: &str, text: &str| Pattern::read(pattern).fits(text);
        assert!(fits("web-*", "web-1") && fits("web-*", "web-") && !fits("web-*", "web"));
        assert!(fits("web-?", "web-1") && !fits("web-?", "web-") && !fits("web-?", "web-12"));
        assert!(fits(r"\*amazon\?\\", r"*amazon?\") && !fits(r"\*amazon\?\\", r"xamazon?\"));
        assert!(fits("", "") && !fits("", "a") && !fits("Web", "web") && fits("*", ""));
        assert!(!fits(&"a*".repeat(50), &"a".repeat(49)), "a pattern can't take forever");
    }

    proptest! {
        #[test]
        fn fits_exactly_what_the_pattern_means(pattern in "[ab*?\\\\]{0,8}", text in "[ab*?\\\\]{0,8}") {
            let pattern = Pattern::read(&pattern);
            let chars: Vec<char> = text.chars().collect();
            prop_assert_eq!(pattern.fits(&text), means(&pattern.0, &chars));
        }

        #[test]
        fn an_escaped_text_fits_itself_alone(text in ".{0,12}", other in ".{0,12}") {
            let escaped: String = text.chars().flat_map(|c| ['\\', c]).collect();
            prop_assert!(Pattern::read(&escaped).fits(&text));
            prop_assert_eq!(Pattern::read(&escaped).fits(&other), text == other);
        }
    }
}
