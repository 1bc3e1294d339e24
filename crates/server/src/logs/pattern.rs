//! Filter patterns for unstructured text ("Filter pattern syntax", CloudWatch Logs User Guide): terms that must all be there, `?` terms
//! of which one must, `-` terms that must not, and quoted phrases. JSON (`{ … }`), space-delimited (`[ … ]`) and regular expression
//! (`% … %`) patterns are refused by name.

use aws::fault::Fault;
use control::logs::invalid;

/// What an event's text is held against.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Pattern {
    all: Vec<String>,
    any: Vec<String>,
    none: Vec<String>,
}

impl Pattern {
    /// Reads a pattern. An empty one matches everything.
    pub(super) fn parse(text: &str) -> Result<Self, Fault> {
        let mut pattern = Self::default();
        let mut rest = text.trim();
        for (start, kind) in [("{", "JSON"), ("[", "Space-delimited"), ("%", "Regular expression")] {
            if rest.starts_with(start) {
                return Err(invalid(format!("{kind} filter patterns are not supported: {text}")));
            }
        }
        while !rest.is_empty() {
            let (sign, unsigned) = match rest.strip_prefix(['?', '-']) {
                Some(unsigned) => (rest.chars().next(), unsigned),
                None => (None, rest),
            };
            let (term, after) = term(unsigned)?;
            match sign {
                Some('?') => pattern.any.push(term),
                Some(_) => pattern.none.push(term),
                None => pattern.all.push(term),
            }
            rest = after.trim_start();
        }
        // Beside other terms the question mark is ignored.
        if !pattern.all.is_empty() || !pattern.none.is_empty() {
            pattern.all.append(&mut pattern.any);
        }
        Ok(pattern)
    }

    /// Whether a text matches. Case matters.
    pub(super) fn matches(&self, text: &str) -> bool {
        let has = |term: &String| text.contains(term.as_str());
        self.all.iter().all(has) && !self.none.iter().any(has) && (self.any.is_empty() || self.any.iter().any(has))
    }
}

/// The term at the start, and what follows it.
fn term(text: &str) -> Result<(String, &str), Fault> {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find(char::is_whitespace).unwrap_or(text.len());
        let (term, after) = text.split_at(end);
        let plain = !term.is_empty() && term.chars().all(|c| c.is_alphanumeric() || c == '_');
        return if plain {
            Ok((term.to_owned(), after))
        } else {
            Err(invalid(format!("Invalid character(s) in term '{term}'")))
        };
    };
    let mut term = String::new();
    let mut escaped = false;
    for (place, c) in quoted.char_indices() {
        match c {
            '\\' if !escaped => escaped = true,
            '"' if !escaped => return Ok((term, quoted.get(place + 1..).unwrap_or(""))),
            c => {
                term.push(c);
                escaped = false;
            }
        }
    }
    Err(invalid("Invalid filter pattern: a quote is not closed."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terms_match_as_documented() {
        for (pattern, text, expected) in [
            ("", "anything", true),
            ("ERROR", "[ERROR 400] BAD REQUEST", true),
            ("error", "[ERROR 400] BAD REQUEST", false),
            ("ERROR REQUEST", "[ERROR 400] BAD REQUEST", true),
            ("ERROR MISSING", "[ERROR 400] BAD REQUEST", false),
            ("?ERROR ?WARN", "WARN", true),
            ("?ERROR ?WARN", "INFO", false),
            ("ERROR -EXIT", "ERROR", true),
            ("ERROR -EXIT", "ERROR EXIT", false),
            ("-EXIT", "going on", true),
            ("\"BAD REQUEST\"", "[ERROR 400] BAD REQUEST", true),
            ("\"BAD REQUEST\"", "REQUEST BAD", false),
            ("\"say \\\"hi\\\"\" there", "say \"hi\" there", true),
            ("-\"GET /health\"", "GET /health 200", false),
            ("?ERROR ARGUMENTS", "ARGUMENTS", false),
        ] {
            assert_eq!(Pattern::parse(pattern).unwrap().matches(text), expected, "{pattern} on {text}");
        }
    }

    #[test]
    fn what_is_not_supported_is_refused_by_name() {
        let refused = |pattern| Pattern::parse(pattern).unwrap_err().message;
        assert!(refused("{ $.level = \"error\" }").starts_with("JSON filter patterns are not supported"));
        assert!(refused("[ip, user]").starts_with("Space-delimited"));
        assert!(refused("%a.c%").starts_with("Regular expression"));
        assert_eq!(refused("GET /x"), "Invalid character(s) in term '/x'");
        assert!(refused("\"open").contains("quote"));
        assert_eq!(refused("?"), "Invalid character(s) in term ''");
    }
}
