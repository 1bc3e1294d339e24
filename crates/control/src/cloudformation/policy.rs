//! Stack policies ("Prevent updates to stack resources", AWS CloudFormation User Guide).

use super::validation;
use aws::fault::Fault;

/// A stack policy that can be kept.
///
/// # Errors
/// `ValidationError`: it is not JSON.
pub(super) fn checked(body: &str) -> Result<String, Fault> {
    match serde_json::from_str::<serde_json::Value>(body) {
        Ok(value) if value.is_object() => Ok(body.to_owned()),
        _ => Err(validation("Error validating stack policy: Invalid stack policy")),
    }
}
