//! XML replies. A list's items stand in `member` (query) or `item` (EC2) elements, or in such as the list's own name decides.

use crate::doc::Doc;

/// A document of elements that hold text.
pub fn document(root: &str, elements: impl IntoIterator<Item = (&'static str, String)>) -> String {
    let mut out = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n".to_owned();
    open(&mut out, root);
    elements.into_iter().for_each(|(name, value)| text(&mut out, name, &value));
    close(&mut out, root);
    out
}

/// What the items of lists are called.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Items {
    /// The same in all.
    Are(&'static str),
    /// By the name of the list's own element; `member` where there is none.
    By(&'static [(&'static str, &'static str)]),
}

impl Items {
    fn of(self, list: &str) -> &'static str {
        match self {
            Self::Are(item) => item,
            Self::By(names) => names.iter().find(|(name, _)| *name == list).map_or("member", |(_, item)| item),
        }
    }
}

/// Writes an element. Nothing at all for null.
pub(crate) fn element(out: &mut String, tag: &str, items: Items, doc: &Doc) {
    if *doc == Doc::Null {
        return;
    }
    open(out, tag);
    content(out, tag, items, doc);
    close(out, tag);
}

/// Writes an element that holds text.
pub fn text(out: &mut String, tag: &str, text: &str) {
    open(out, tag);
    escape(out, text);
    close(out, tag);
}

/// Writes what stands inside an element.
pub(crate) fn content(out: &mut String, tag: &str, items: Items, doc: &Doc) {
    match doc {
        Doc::Null | Doc::Form(_) | Doc::Element(_) => {}
        Doc::Bool(value) => *out += if *value { "true" } else { "false" },
        Doc::Int(value) => *out += &value.to_string(),
        Doc::Float(value) => *out += &value.to_string(),
        Doc::Text(text) => escape(out, text),
        Doc::Time(moment) => *out += &moment.iso8601(),
        Doc::Blob(bytes) => *out += &Doc::base64(bytes),
        Doc::List(list) => list.iter().for_each(|doc| element(out, items.of(tag), items, doc)),
        Doc::Map(members) => members.iter().for_each(|(key, value)| {
            open(out, "entry");
            text(out, "key", key);
            element(out, "value", items, value);
            close(out, "entry");
        }),
        Doc::Struct(members) => members.iter().for_each(|(name, value)| element(out, name, items, value)),
    }
}

/// A start tag.
pub fn open(out: &mut String, tag: &str) {
    out.push('<');
    *out += tag;
    out.push('>');
}

/// An end tag.
pub fn close(out: &mut String, tag: &str) {
    *out += "</";
    *out += tag;
    out.push('>');
}

/// Text between tags. What XML 1.0 can't hold even as a reference (section 2.2, "Characters") becomes U+FFFD, so that one
/// such character in a tag's value does not make the whole reply unreadable.
fn escape(out: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '&' => *out += "&amp;",
            '<' => *out += "&lt;",
            '>' => *out += "&gt;",
            '"' => *out += "&quot;",
            '\r' => *out += "&#xD;",
            '\n' => *out += "&#xA;",
            '\t' => *out += "&#x9;",
            '\0'..='\x1f' | '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
}
