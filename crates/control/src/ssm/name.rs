//! What a parameter may be called ("Requirements and constraints for parameter names", AWS Systems Manager User Guide).

use super::{arn, invalid};
use crate::{State, state::Parameter};
use aws::fault::Fault;

/// Levels of a hierarchy.
const MOST_LEVELS: usize = 15;
/// Characters of a name together with those that stand before it in its ARN ("PutParameter", AWS Systems Manager API Reference).
const MOST_CHARACTERS: usize = 1011;

/// Checks the name of a parameter to be put.
///
/// # Errors
/// In AWS's words: `ValidationException`, `AccessDeniedException` for AWS's own hierarchy and for ARNs that are too long,
/// `HierarchyLevelLimitExceededException`.
pub(super) fn check(state: &State, name: &str) -> Result<(), Fault> {
    reserved(name)?;
    if name.contains('/') && !name.starts_with('/') {
        return Err(invalid("Parameter name must be a fully qualified name"));
    }
    if name.ends_with('/') {
        return Err(invalid("Parameter name must not end with slash."));
    }
    if !is_well_formed(name) {
        return Err(malformed());
    }
    if name.split('/').filter(|level| !level.is_empty()).count() > MOST_LEVELS {
        let message = format!("A hierarchy can have a maximum of {MOST_LEVELS} levels.");
        return Err(Fault::new("HierarchyLevelLimitExceededException", message));
    }
    let arn = arn(state, Parameter::key_of(name));
    if arn.len() > MOST_CHARACTERS {
        let message = format!(
            "User: arn:aws:iam::{}:root is not authorized to perform: ssm:PutParameter on resource: {arn}",
            state.region.account
        );
        return Err(Fault::new("AccessDeniedException", message));
    }
    Ok(())
}

/// Refuses the names that AWS keeps for itself.
fn reserved(name: &str) -> Result<(), Fault> {
    let lower = name.to_ascii_lowercase();
    let first = Parameter::key_of(&lower);
    if !first.starts_with("aws") && !first.starts_with("ssm") {
        return Ok(());
    }
    let is_path = name.matches('/').count() > 1;
    match is_path {
        true if lower.starts_with("/aws") => {
            Err(Fault::new("AccessDeniedException", format!("No access to reserved parameter name: {name}.")))
        }
        true => Err(malformed()),
        false => Err(invalid("Parameter name: can't be prefixed with \"aws\" or \"ssm\" (case-insensitive).")),
    }
}

/// Whether it is a name, or names with a slash before each.
pub(super) fn is_well_formed(name: &str) -> bool {
    let letters = |c: char| c.is_ascii_alphanumeric() || "_.-".contains(c);
    let level = |level: &str| !level.is_empty() && level.chars().all(letters);
    Parameter::key_of(name).split('/').all(level)
}

/// What AWS says to a name with other characters in it.
pub(super) fn malformed() -> Fault {
    invalid(
        "Parameter name: can't be prefixed with \"ssm\" (case-insensitive). If formed as a path, it can consist of sub-paths \
         divided by slash symbol; each sub-path can be formed as a mix of letters, numbers and the following 3 symbols .-_",
    )
}

/// Checks a path of the hierarchy, and returns it as the keys of the parameters below it begin: `a/b/`; empty for the root.
///
/// # Errors
/// `ValidationException` in AWS's words.
pub(super) fn path(path: &str) -> Result<String, Fault> {
    let inside = path.strip_prefix('/').map(|inside| inside.strip_suffix('/').unwrap_or(inside));
    match inside {
        Some("") if path == "/" => Ok(String::new()),
        Some(inside) if is_well_formed(inside) && !inside.starts_with('/') => Ok(format!("{inside}/")),
        _ => Err(invalid(
            "The parameter doesn't meet the parameter name requirements. The parameter name must begin with a forward slash \
             \"/\". It can't be prefixed with \"aws\" or \"ssm\" (case-insensitive). It must use only letters, numbers, or the \
             following symbols: . (period), - (hyphen), _ (underscore). Special characters are not allowed. All sub-paths, if \
             specified, must use the forward slash symbol \"/\". Valid example: /get/parameters2-/by1./path0_.",
        )),
    }
}

/// Whether a parameter's key is below a path as [`path`] returns it: directly, or anywhere.
pub(super) fn is_below(key: &str, path: &str, recursive: bool) -> bool {
    key.strip_prefix(path).is_some_and(|rest| recursive || !rest.contains('/'))
}
