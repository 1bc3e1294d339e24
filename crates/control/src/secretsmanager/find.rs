//! Finding the secret that a request names: by its name, its ARN, or its ARN without the six characters at the end.

use super::{not_found, wrong};
use crate::{State, state::Secret};
use aws::{arn::Arn, fault::Fault};

/// The secret, also one that waits for its end.
///
/// # Errors
/// `ResourceNotFoundException`; `ValidationException` for what can't be a secret's name.
pub(super) fn any<'s>(state: &'s State, id: &str) -> Result<&'s Secret, Fault> {
    let found = match Arn::parse(id) {
        Some(arn) => {
            let here = arn.region == state.region.name && arn.account == state.region.account;
            let resource = arn.resource.strip_prefix("secret:").filter(|_| here && arn.service == "secretsmanager");
            resource.and_then(|resource| by_resource(state, resource))
        }
        None => {
            check_name(id)?;
            state.secrets.get(id)
        }
    };
    found.ok_or_else(|| not_found("secret."))
}

/// The secret, if it does not wait for its end.
///
/// # Errors
/// As [`any`], and `InvalidRequestException` for one that does.
pub(super) fn live<'s>(state: &'s State, id: &str) -> Result<&'s Secret, Fault> {
    let secret = any(state, id)?;
    match secret.deletion {
        None => Ok(secret),
        Some(_) => Err(wrong("You can't perform this operation on the secret because it was marked for deletion.")),
    }
}

/// A secret's name may itself look like another's with six characters behind it; the whole ARN goes first.
fn by_resource<'s>(state: &'s State, resource: &str) -> Option<&'s Secret> {
    let whole = resource.rsplit_once('-').and_then(|(name, suffix)| {
        let secret = state.secrets.get(name)?;
        (secret.suffix == suffix).then_some(secret)
    });
    whole.or_else(|| state.secrets.get(resource))
}

/// Checks what a secret may be called.
///
/// # Errors
/// `ValidationException` in AWS's words.
pub(super) fn check_name(name: &str) -> Result<(), Fault> {
    let letters = |c: char| c.is_ascii_alphanumeric() || "-/_+=.@!".contains(c);
    match name.chars().all(letters) {
        true => Ok(()),
        false => Err(Fault::new(
            "ValidationException",
            "Invalid name. Must be a valid name containing alphanumeric characters, or any of the following: -/_+=.@!",
        )),
    }
}
