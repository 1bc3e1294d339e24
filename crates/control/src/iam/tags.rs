//! Tags of IAM's resources ("Tags for AWS Identity and Access Management resources", IAM User Guide).

use super::page::{Page, page};
use crate::state::Tags;
use aws::{api::iam::Tag, fault::Fault};

/// The tags a resource may have.
const MOST: usize = 50;

/// What a key in another case is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Case {
    /// The same key: of roles and users.
    Same,
    /// Another key: of everything else.
    Differs,
}

impl Case {
    fn is_same(self, key: &str, other: &str) -> bool {
        key == other || (self == Self::Same && key.eq_ignore_ascii_case(other))
    }
}

/// Adds tags to others.
///
/// # Errors
/// `InvalidInput` for keys that are given twice or are AWS's; `LimitExceeded` for more than 50 in all.
pub(super) fn add(tags: &mut Tags, more: Vec<Tag>, case: Case) -> Result<(), Fault> {
    let refuse = |message: &str| Err(Fault::new("InvalidInput", message));
    let mut seen: Vec<String> = Vec::new();
    for Tag { key, value } in more {
        let (key, value) = (key.unwrap_or_default(), value.unwrap_or_default());
        if key.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("aws:")) {
            return refuse("Tag keys that begin with aws: are reserved for AWS.");
        }
        if seen.iter().any(|other| case.is_same(other, &key)) {
            return refuse(match case {
                Case::Same => "Duplicate tag keys found. Please note that Tag keys are case insensitive.",
                Case::Differs => "Duplicate tag keys found.",
            });
        }
        tags.retain(|known, _| !case.is_same(known, &key));
        seen.push(key.clone());
        tags.insert(key, value);
    }
    if tags.len() > MOST {
        return Err(Fault::new("LimitExceeded", "The number of tags has reached the maximum limit."));
    }
    Ok(())
}

/// The tags a new resource is given.
pub(super) fn new(given: Option<Vec<Tag>>, case: Case) -> Result<Tags, Fault> {
    let mut tags = Tags::new();
    add(&mut tags, given.unwrap_or_default(), case)?;
    Ok(tags)
}

/// Removes tags.
pub(super) fn remove(tags: &mut Tags, keys: &[String], case: Case) {
    tags.retain(|known, _| !keys.iter().any(|key| case.is_same(known, key)));
}

/// As in a reply; nothing where there are none.
pub(super) fn shape(tags: &Tags) -> Option<Vec<Tag>> {
    let list: Vec<Tag> =
        tags.iter().map(|(key, value)| Tag { key: Some(key.clone()), value: Some(value.clone()) }).collect();
    (!list.is_empty()).then_some(list)
}

/// A page of them.
pub(super) fn list(tags: &Tags, marker: Option<&str>, max_items: Option<i32>) -> Result<Page<Tag>, Fault> {
    page(shape(tags).unwrap_or_default(), |tag| tag.key.clone().unwrap_or_default(), marker, max_items)
}
