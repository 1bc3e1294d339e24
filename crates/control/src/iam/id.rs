//! Ids, access keys, ARNs and paths ("IAM identifiers", IAM User Guide).

use super::invalid;
use crate::{Region, Tx};
use aws::fault::Fault;
use base64::{Engine, prelude::BASE64_STANDARD};
use sha2::{Digest, Sha256};

const LETTERS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

fn letters(bytes: &[u8], count: usize) -> String {
    bytes.iter().take(count).filter_map(|byte| LETTERS.get(usize::from(byte % 32))).map(|l| char::from(*l)).collect()
}

/// A unique id: four letters that tell the kind (`AROA`, `AIDA`, `ANPA`, `AIPA`) and 17 more.
pub(super) fn unique(tx: &mut Tx<'_>, kind: &str) -> String {
    format!("{kind}{}", letters(&tx.secret(), 17))
}

/// The id of an access key: `AKIA` of a user's, `ASIA` of one for a time, and 16 letters. As in AWS, an id tells whether it could ever
/// have been issued here: its last four letters follow from the others.
pub(crate) fn access_key_id(tx: &mut Tx<'_>, kind: &str) -> String {
    let start = format!("{kind}{}", letters(&tx.secret(), 12));
    let end = check(&start);
    start + &end
}

/// Whether an access key's id has the form of those that are issued here. One that has is never taken for somebody else's.
pub(super) fn is_ours(id: &str) -> bool {
    let kind = id.starts_with("AKIA") || id.starts_with("ASIA");
    kind && id.len() == 20 && id.split_at_checked(16).is_some_and(|(start, end)| check(start) == end)
}

fn check(start: &str) -> String {
    letters(&Sha256::digest(start.as_bytes()), 4)
}

/// An id that follows from a name: for what is the same everywhere.
pub(super) fn fixed(kind: &str, name: &str) -> String {
    format!("{kind}{}", letters(&Sha256::digest(name.as_bytes()), 17))
}

/// A secret access key: 40 characters.
pub(crate) fn secret_key(tx: &mut Tx<'_>) -> String {
    BASE64_STANDARD.encode(tx.secret().into_iter().take(30).collect::<Vec<_>>())
}

/// Characters of a session token when nothing longer is asked for.
const TOKEN: usize = 344;

/// A session token of at least so many characters.
pub(crate) fn session_token(tx: &mut Tx<'_>, least: usize) -> String {
    let length = least.max(TOKEN);
    // As AWS's do, it begins with a mark of its format.
    let mut token = "IQoJb3JpZ2luX2Vj".to_owned();
    while token.len() < length {
        token += BASE64_STANDARD.encode(tx.secret()).trim_end_matches('=');
    }
    token.truncate(length.next_multiple_of(4));
    token
}

/// An ARN of IAM's in the account. `path` begins and ends with a slash.
pub(super) fn arn(region: &Region, kind: &str, path: &str, name: &str) -> String {
    format!("arn:aws:iam::{}:{kind}{path}{name}", region.account)
}

/// A path, `/` if none is given.
///
/// # Errors
/// `ValidationError` for one that does not begin and end with a slash, or has other characters than printable ASCII; `InvalidInput` for
/// that of service-linked roles.
pub(super) fn path(given: Option<String>) -> Result<String, Fault> {
    let path = given.unwrap_or_else(|| "/".to_owned());
    let printable = path.bytes().all(|byte| (b'!'..=b'~').contains(&byte));
    if path.starts_with("/aws-service-role") {
        let message = "Paths beginning with '/aws-service-role' are reserved for AWS Service Linked Roles";
        return Err(Fault::new("InvalidInput", message));
    }
    if path.starts_with('/') && path.ends_with('/') && printable {
        return Ok(path);
    }
    Err(invalid(
        "The specified value for path is invalid. It must begin and end with / and contain only alphanumeric characters and/or / characters.",
    ))
}

/// A prefix of paths, for lists: every path begins with `/`.
pub(super) fn path_prefix(given: Option<String>) -> Result<String, Fault> {
    let prefix = given.unwrap_or_else(|| "/".to_owned());
    if prefix.starts_with('/') && prefix.bytes().all(|byte| (b'!'..=b'~').contains(&byte)) {
        return Ok(prefix);
    }
    Err(invalid(
        "The specified value for pathPrefix is invalid. It must begin with / and contain only alphanumeric characters and/or / characters.",
    ))
}

/// A policy's document as IAM returns it: percent-encoded (RFC 3986).
pub(super) fn encoded(document: &str) -> String {
    let mut text = String::with_capacity(document.len() * 2);
    for byte in document.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => text.push(char::from(byte)),
            _ => text.push_str(&format!("%{byte:02X}")),
        }
    }
    text
}
