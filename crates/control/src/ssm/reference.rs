//! How a request names a parameter: `name`, `name:version`, `name:label`, or an ARN with either.

use super::{invalid, name, not_found};
use crate::{
    State,
    state::{Parameter, ParameterVersion},
};
use aws::{arn::Arn, fault::Fault};

/// A parameter as a request names it.
pub(super) struct Reference<'a> {
    /// The parameter's key; `None` for an ARN of somewhere else.
    key: Option<&'a str>,
    /// The version's number or label.
    pub(super) selector: Option<&'a str>,
}

/// Reads a reference.
///
/// # Errors
/// `ValidationException` when it is none.
pub(super) fn parse<'a>(state: &State, text: &'a str) -> Result<Reference<'a>, Fault> {
    let arn = Arn::parse(text);
    let resource = match &arn {
        Some(arn) => text.get(text.len() - arn.resource.len()..).unwrap_or_default(),
        None => text,
    };
    let (resource, selector) = match resource.split_once(':') {
        Some((resource, selector)) => (resource, Some(selector)),
        None => (resource, None),
    };
    if selector.is_some_and(|selector| selector.is_empty() || selector.contains(':')) {
        return Err(invalid(
            "Invalid parameter name. Please use correct syntax for referencing a version/label <name>:<version/label>",
        ));
    }
    let key = match &arn {
        Some(arn) => {
            let here = arn.service == "ssm" && arn.region == state.region.name && arn.account == state.region.account;
            resource.strip_prefix("parameter/").filter(|_| here)
        }
        None if name::is_well_formed(resource) => Some(Parameter::key_of(resource)),
        None => return Err(name::malformed()),
    };
    Ok(Reference { key, selector })
}

impl<'a> Reference<'a> {
    /// The parameter.
    ///
    /// # Errors
    /// `ParameterNotFound`.
    pub(super) fn parameter<'s>(&self, state: &'s State) -> Result<&'s Parameter, Fault> {
        self.key.and_then(|key| state.parameters.get(key)).ok_or_else(not_found)
    }

    /// The parameter's version that is meant: the latest where none is selected.
    ///
    /// # Errors
    /// `ParameterNotFound`, `ParameterVersionNotFound`.
    pub(super) fn version<'s>(&self, state: &'s State) -> Result<(&'s Parameter, &'s ParameterVersion), Fault> {
        let parameter = self.parameter(state)?;
        let key = Parameter::key_of(&parameter.name);
        let Some(selector) = self.selector else {
            return numbered(state, parameter, parameter.latest).map(|version| (parameter, version));
        };
        let found = match selector.parse::<i64>() {
            Ok(number) => state.parameter_versions.get(&ParameterVersion::key_of(key, number)),
            Err(_) => versions(state, key).into_iter().find(|version| version.labels.iter().any(|l| l == selector)),
        };
        found.map(|version| (parameter, version)).ok_or_else(|| no_version(selector, &parameter.name))
    }
}

/// A parameter's version by its number.
///
/// # Errors
/// `ParameterVersionNotFound`.
pub(super) fn numbered<'s>(
    state: &'s State,
    parameter: &Parameter,
    number: i64,
) -> Result<&'s ParameterVersion, Fault> {
    let key = ParameterVersion::key_of(Parameter::key_of(&parameter.name), number);
    state.parameter_versions.get(&key).ok_or_else(|| no_version(&number.to_string(), &parameter.name))
}

/// A parameter's versions, oldest first.
pub(super) fn versions<'s>(state: &'s State, key: &str) -> Vec<&'s ParameterVersion> {
    state.parameter_versions.prefixed(&format!("{key}:")).collect()
}

fn no_version(version: &str, name: &str) -> Fault {
    let message =
        format!("Systems Manager could not find version {version} of {name}. Verify the version and try again.");
    Fault::new("ParameterVersionNotFound", message)
}
