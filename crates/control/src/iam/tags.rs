//! Tags of IAM's resources ("Tags for AWS Identity and Access Management resources", IAM User Guide).

use super::page::{Page, page};
use crate::state::Tags;
use aws::{api::iam::Tag, fault::Fault};

/// The tags a resource may have.
const MOST: usize = 50;

/// Adds tags to others. A key in another case is the same key.
///
/// # Errors
/// `InvalidInput` for keys that are given twice or are AWS's; `LimitExceeded` for more than 50 in all.
pub(super) fn add(tags: &mut Tags, more: Vec<Tag>) -> Result<(), Fault> {
    let refuse = |message: &str| Err(Fault::new("InvalidInput", message));
    let mut seen = std::collections::BTreeSet::new();
    for Tag { key, value } in more {
        let (key, value) = (key.unwrap_or_default(), value.unwrap_or_default());
        if key.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("aws:")) {
            return refuse("Tag keys that begin with aws: are reserved for AWS.");
        }
        if !seen.insert(key.to_ascii_lowercase()) {
            return refuse("Duplicate tag keys found. Please note that Tag keys are case insensitive.");
        }
        tags.retain(|known, _| !known.eq_ignore_ascii_case(&key));
        tags.insert(key, value);
    }
    if tags.len() > MOST {
        return Err(Fault::new("LimitExceeded", "The number of tags has reached the maximum limit."));
    }
    Ok(())
}

/// The tags a new resource is given.
pub(super) fn new(given: Option<Vec<Tag>>) -> Result<Tags, Fault> {
    let mut tags = Tags::new();
    add(&mut tags, given.unwrap_or_default())?;
    Ok(tags)
}

/// Removes tags.
pub(super) fn remove(tags: &mut Tags, keys: &[String]) {
    tags.retain(|known, _| !keys.iter().any(|key| known.eq_ignore_ascii_case(key)));
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
