//! XML that clients send.
//!
//! AWS's own has a namespace on its root and no attribute anywhere. A reader compares all attributes of an element, and all namespaces in its
//! scope, with each other: of thousands it would not come to an end, so what has many is refused before.

use roxmltree::{Document, ParsingOptions};

/// The most attributes of a document, far beyond what a client has a use for.
const ATTRIBUTES: usize = 64;

/// Reads a document of at most so many nodes.
///
/// # Errors
/// Why it is none, in a few words; also for one with more than 64 attributes.
pub fn read(content: &[u8], nodes: u32) -> Result<Document<'_>, String> {
    let text = std::str::from_utf8(content).map_err(|error| error.to_string())?;
    if attributes(text) > ATTRIBUTES {
        return Err("too many attributes".to_owned());
    }
    let options = ParsingOptions { nodes_limit: nodes, ..ParsingOptions::default() };
    Document::parse_with_options(text, options).map_err(|error| error.to_string())
}

/// How many attributes a document has, if it is well-formed: as many as there are `=` in its tags outside of quotes. Takes one look at
/// each byte.
fn attributes(text: &str) -> usize {
    let (mut rest, mut count) = (text, 0);
    while let Some((_, markup)) = rest.split_once('<') {
        let skipped = [("!--", "-->"), ("![CDATA[", "]]>"), ("?", "?>")];
        let skipped = skipped.iter().find_map(|(start, end)| Some((markup.strip_prefix(start)?, end)));
        if let Some((inside, end)) = skipped {
            rest = inside.split_once(*end).map_or("", |(_, rest)| rest);
            continue;
        }
        let mut quote = None;
        let end = markup.bytes().position(|byte| {
            match (quote, byte) {
                (Some(open), _) if open == byte => quote = None,
                (Some(_), _) => {}
                (None, b'"' | b'\'') => quote = Some(byte),
                (None, b'=') => count += 1,
                (None, b'>') => return true,
                (None, _) => {}
            }
            false
        });
        rest = end.and_then(|end| markup.get(end..)).unwrap_or_default();
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_are_counted_where_they_are() {
        for (text, count) in [
            ("<a/>", 0),
            ("<?xml version=\"1.0\"?><a xmlns='b'>x=y</a>", 1),
            ("<a b = \"<>='\" c='\"'><!-- d='1' '--><e f=\"g\"/><![CDATA[<h i='j'>]]></a>", 3),
            ("<a b='", 1),
            ("<", 0),
        ] {
            assert_eq!(attributes(text), count, "{text}");
        }
    }

    #[test]
    fn a_document_that_would_be_read_for_ever_is_refused() {
        let nested: String = (0..20_000).map(|n| format!("<a xmlns:n{n}='u{n}'>")).collect();
        let wide: String = (0..400_000).map(|n| format!(" n{n}='>'")).collect();
        for document in [nested + &"</a>".repeat(20_000), format!("<a{wide}/>")] {
            assert_eq!(read(document.as_bytes(), u32::MAX).unwrap_err(), "too many attributes");
        }
        let document =
            read(b"<Delete xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Object/></Delete>", u32::MAX).unwrap();
        assert_eq!(document.root_element().tag_name().name(), "Delete");
        assert!(read(b"<a><b/><c/></a>", 3).is_err());
    }
}
