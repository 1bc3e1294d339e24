//! What a request wants a version to hold.

use super::{invalid, wrong};
use crate::state::SecretValue;
use aws::{doc::Doc, fault::Fault, shape::Blob};
use base64::{Engine, prelude::BASE64_STANDARD};

/// Bytes of a value ("AWS Secrets Manager quotas").
const MOST_BYTES: usize = 65_536;

/// The value that a request brings, if any.
///
/// # Errors
/// `InvalidParameterException` for two values or one that is too large.
pub(super) fn of_request(text: Option<String>, binary: Option<Blob>) -> Result<Option<SecretValue>, Fault> {
    let (value, bytes) = match (text, binary) {
        (None, None) => return Ok(None),
        (Some(_), Some(_)) => {
            return Err(invalid(
                "You can't specify both a binary secret value and a string secret value in the same secret.",
            ));
        }
        (Some(text), None) => {
            let bytes = text.len();
            (SecretValue::Text(text), bytes)
        }
        (None, Some(Blob(bytes))) => (SecretValue::Binary(Doc::base64(&bytes)), bytes.len()),
    };
    match bytes > MOST_BYTES {
        true => Err(invalid(format!("The secret value is larger than {MOST_BYTES} bytes."))),
        false => Ok(Some(value)),
    }
}

/// The token that becomes a version's id. AWS's clients make one when their user gives none.
///
/// # Errors
/// `InvalidRequestException` when there is none.
pub(super) fn token(token: Option<String>) -> Result<String, Fault> {
    token.ok_or_else(|| wrong("You must provide a ClientRequestToken value. We recommend a UUID-type value."))
}

/// `SecretString` and `SecretBinary` of a reply, one of which is there.
pub(super) fn shown(value: &SecretValue) -> (Option<String>, Option<Blob>) {
    match value {
        SecretValue::Text(text) => (Some(text.clone()), None),
        SecretValue::Binary(text) => (None, BASE64_STANDARD.decode(text).ok().map(Blob)),
    }
}
