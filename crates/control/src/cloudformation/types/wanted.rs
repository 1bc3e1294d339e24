//! What a stack wants of one resource.

use crate::state::Tags;
use serde_json::{Map, Value, json};

/// A resource as a template wants it, every function computed.
pub(in crate::cloudformation) struct Wanted<'a> {
    /// The stack's ARN.
    pub(in crate::cloudformation) stack_id: &'a str,
    /// The stack's name.
    pub(in crate::cloudformation) stack_name: &'a str,
    /// The resource's name in the template.
    pub(in crate::cloudformation) logical_id: &'a str,
    /// Its properties, of the types its schema has.
    pub(in crate::cloudformation) properties: &'a Value,
    /// The stack's tags, which the resource gets beside its own.
    pub(in crate::cloudformation) tags: &'a Tags,
    /// Twelve characters for the end of a name that is made up.
    pub(in crate::cloudformation) suffix: &'a str,
    /// The request's token: the same each time the same thing is asked for.
    pub(in crate::cloudformation) token: &'a str,
}

impl Wanted<'_> {
    /// A property.
    pub(in crate::cloudformation) fn get(&self, name: &str) -> Option<&Value> {
        self.properties.get(name).filter(|value| !value.is_null())
    }

    /// A property that is text.
    pub(in crate::cloudformation) fn text(&self, name: &str) -> Option<&str> {
        self.get(name).and_then(Value::as_str)
    }

    /// The properties of these names, for an operation that calls them the same.
    pub(in crate::cloudformation) fn pick(&self, names: &[&str]) -> Map<String, Value> {
        names.iter().filter_map(|name| Some(((*name).to_owned(), self.get(name)?.clone()))).collect()
    }

    /// The name a property gives, or one made of the stack's, the resource's and chance, no longer than `longest`
    /// ("Name type", AWS CloudFormation User Guide).
    pub(in crate::cloudformation) fn name(&self, property: &str, longest: usize) -> String {
        match self.text(property) {
            Some(name) => name.to_owned(),
            None => self.made_up(longest),
        }
    }

    /// A name made of the stack's, the resource's and chance: `stack-Logical-1A2B3C4D5E6F`, parts cut where it would be too long.
    pub(in crate::cloudformation) fn made_up(&self, longest: usize) -> String {
        let room = longest.saturating_sub(self.suffix.len() + 2);
        let logical: String =
            self.logical_id.chars().take(room.saturating_sub(self.stack_name.len().min(room / 2))).collect();
        let stack: String = self.stack_name.chars().take(room.saturating_sub(logical.len())).collect();
        format!("{stack}-{logical}-{}", self.suffix)
    }

    /// The stack's tags and the resource's own (of its property `Tags`, a list of keys and values), of which the latter win.
    pub(in crate::cloudformation) fn tags(&self) -> Tags {
        let mut tags = self.tags.clone();
        match self.get("Tags") {
            Some(Value::Array(list)) => tags.extend(list.iter().filter_map(|tag| {
                let word = |name: &str| tag.get(name).and_then(Value::as_str).map(str::to_owned);
                Some((word("Key")?, word("Value").unwrap_or_default()))
            })),
            Some(Value::Object(map)) => {
                tags.extend(map.iter().filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned()))));
            }
            _ => {}
        }
        tags
    }

    /// The same as a list of what an API calls `key` and `value`.
    pub(in crate::cloudformation) fn tag_list(&self, key: &str, value: &str) -> Value {
        self.tags().into_iter().map(|(k, v)| json!({ key: k, value: v })).collect()
    }
}

/// What to set and what to remove so that tags become what is wanted.
pub(in crate::cloudformation) fn changed_tags(before: &Wanted<'_>, wanted: &Wanted<'_>) -> (Tags, Vec<String>) {
    let (before, after) = (before.tags(), wanted.tags());
    let removed = before.keys().filter(|key| !after.contains_key(*key)).cloned().collect();
    let set = after.into_iter().filter(|(key, value)| before.get(key) != Some(value)).collect();
    (set, removed)
}
