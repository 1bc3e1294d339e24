//! Tags of buckets and objects ("Using cost allocation S3 bucket tags" and "Categorizing your objects using tags", Amazon S3 User Guide).

use crate::state::Tags;
use aws::fault::Fault;

/// What is tagged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Of {
    /// A bucket, which has up to 50 tags.
    Bucket,
    /// An object, which has up to 10.
    Object,
}

/// Tags as they are kept.
///
/// # Errors
/// `InvalidTag`; `BadRequest` for too many.
pub fn checked(given: Vec<(String, String)>, of: Of) -> Result<Tags, Fault> {
    let (most, message) = match of {
        Of::Bucket => (50, "Bucket tag count cannot be greater than 50"),
        Of::Object => (10, "Object tags cannot be greater than 10"),
    };
    if given.len() > most {
        return Err(Fault::new("BadRequest", message));
    }
    let mut tags = Tags::new();
    for (key, value) in given {
        if key.is_empty() || key.chars().count() > 128 || !key.chars().all(is_allowed) {
            return Err(invalid("The TagKey you have provided is invalid"));
        }
        if value.chars().count() > 256 || !value.chars().all(is_allowed) {
            return Err(invalid("The TagValue you have provided is invalid"));
        }
        if key.starts_with("aws:") {
            return Err(invalid("System tags cannot be added/updated by requester"));
        }
        if tags.insert(key, value).is_some() {
            return Err(invalid("Cannot provide multiple Tags with the same key"));
        }
    }
    Ok(tags)
}

/// Letters, spaces, digits and `+ - = . _ : / @`.
fn is_allowed(character: char) -> bool {
    character.is_alphanumeric() || character.is_whitespace() || "+-=._:/@".contains(character)
}

fn invalid(message: &str) -> Fault {
    Fault::new("InvalidTag", message)
}
