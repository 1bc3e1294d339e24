//! A node of a query protocol's request.
//!
//! A form alone does not say whether `1` is an index, a map's key or a member; the typed shape that reads it does.
//! So nothing is decided here before it is asked for: [`Form::text`], [`Form::take`], [`Form::list`], [`Form::map`].

use std::cmp::Ordering;
use std::collections::BTreeMap;

/// One node: the text at this name, and the names that go on from it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Form {
    pub(crate) text: Option<String>,
    pub(crate) parts: BTreeMap<String, Form>,
    /// Whether a part nobody takes is an error.
    pub(crate) strict: bool,
}

impl Form {
    /// A node with nothing under it.
    pub(crate) fn of(text: String) -> Self {
        Self { text: Some(text), ..Self::default() }
    }

    /// The text here. Gives itself back where there is none.
    pub fn text(mut self) -> Result<String, Form> {
        match self.text.take() {
            Some(text) if self.parts.is_empty() => Ok(text),
            text => Err(Form { text, ..self }),
        }
    }

    /// The member of this name.
    pub fn take(&mut self, name: &str) -> Option<Form> {
        self.parts.remove(name)
    }

    /// The name of a part that was not taken though every one should have been.
    pub fn leftover(&self) -> Option<&str> {
        self.parts.keys().next().filter(|_| self.strict).map(String::as_str)
    }

    /// As a list: `X.1`, `X.2` (EC2, flattened) or `X.member.1` (query), in the order of their indices, whatever those
    /// are. `X=` is the empty list. Gives itself back when a name under it is no index.
    pub fn list(mut self) -> Result<Vec<Form>, Form> {
        if self.is_empty() {
            return Ok(Vec::new());
        }
        if let Some(wrapped) = self.sole("member") {
            self = wrapped;
        }
        if self.parts.is_empty() || !self.parts.keys().all(|key| is_index(key)) {
            return Err(self);
        }
        let mut items: Vec<(String, Form)> = self.parts.into_iter().collect();
        items.sort_by(|(a, _), (b, _)| compare_indices(a, b));
        Ok(items.into_iter().map(|(_, item)| item).collect())
    }

    /// As a map: `X.entry.1.key`, `X.entry.1.value`. `X=` is the empty map. Gives itself back when an entry lacks its
    /// key or value.
    pub fn map(mut self) -> Result<BTreeMap<String, Form>, Form> {
        if self.is_empty() {
            return Ok(BTreeMap::new());
        }
        if let Some(wrapped) = self.sole("entry") {
            self = wrapped;
        }
        let mut map = BTreeMap::new();
        for mut entry in self.list()? {
            match (entry.take("key").map(Form::text), entry.take("value")) {
                (Some(Ok(key)), Some(value)) => map.insert(key, value),
                _ => return Err(entry),
            };
        }
        Ok(map)
    }

    /// Whether there is text here and nothing under it.
    pub(crate) fn is_plain_text(&self) -> bool {
        self.parts.is_empty() && self.text.as_ref().is_some_and(|text| !text.is_empty())
    }

    /// The text as an error message shows it.
    pub(crate) fn show(&self) -> String {
        self.text.clone().unwrap_or_default()
    }

    fn is_empty(&self) -> bool {
        self.parts.is_empty() && self.text.as_deref() == Some("")
    }

    fn sole(&mut self, name: &str) -> Option<Form> {
        if self.parts.len() == 1 { self.parts.remove(name) } else { None }
    }
}

/// Parameters that say which operation is called and by whom; no shape has them.
pub(crate) fn is_reserved(name: &str) -> bool {
    const SIGNATURE_2: [&str; 7] =
        ["AWSAccessKeyId", "Signature", "SignatureMethod", "SignatureVersion", "Timestamp", "Expires", "SecurityToken"];
    name == "Action" || name == "Version" || name.starts_with("X-Amz-") || SIGNATURE_2.contains(&name)
}

/// Digits alone. An index is only ever compared, never counted up to, so any length will do.
fn is_index(key: &str) -> bool {
    !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_digit())
}

/// Numeric order of two indices of any length.
fn compare_indices(a: &str, b: &str) -> Ordering {
    let (a, b) = (a.trim_start_matches('0'), b.trim_start_matches('0'));
    a.len().cmp(&b.len()).then_with(|| a.cmp(b))
}
