//! Finding what a request names.

use super::invalid;
use crate::{
    State,
    state::{LogGroup, LogStream},
};
use aws::{arn::Arn, fault::Fault};

/// The log group of that name.
///
/// # Errors
/// `ResourceNotFoundException` in AWS's words.
pub fn group<'a>(state: &'a State, name: &str) -> Result<&'a LogGroup, Fault> {
    state
        .log_groups
        .get(name)
        .ok_or_else(|| Fault::new("ResourceNotFoundException", "The specified log group does not exist."))
}

/// The log stream of that name in a group that exists.
///
/// # Errors
/// `ResourceNotFoundException` in AWS's words, of the group or of the stream.
pub fn stream<'a>(state: &'a State, group_name: &str, name: &str) -> Result<&'a LogStream, Fault> {
    group(state, group_name)?;
    let found = state.log_streams.get(&LogStream::key_of(group_name, name));
    found.ok_or_else(|| Fault::new("ResourceNotFoundException", "The specified log stream does not exist."))
}

/// The group of a request that names it by `logGroupName` or by `logGroupIdentifier`, a name or an ARN.
///
/// # Errors
/// `ValidationException` when both are given, `InvalidParameterException` when neither is, `ResourceNotFoundException` when there is no
/// such group.
pub fn group_of_request<'a>(
    state: &'a State,
    name: Option<&str>,
    identifier: Option<&str>,
) -> Result<&'a LogGroup, Fault> {
    match (name, identifier) {
        (Some(name), None) => group(state, name),
        (None, Some(identifier)) => by_identifier(state, identifier),
        (Some(_), Some(_)) => {
            let why = "LogGroup name and LogGroup ARN are mutually exclusive parameters.";
            Err(Fault::new("ValidationException", why))
        }
        (None, None) => Err(invalid("Exactly one of logGroupName and logGroupIdentifier must be given.")),
    }
}

/// A group by its name or its ARN, with or without `:*` at the end.
pub(super) fn by_identifier<'a>(state: &'a State, identifier: &str) -> Result<&'a LogGroup, Fault> {
    let Some(arn) = Arn::parse(identifier) else { return group(state, identifier) };
    let here = arn.service == "logs" && arn.region == state.region.name && arn.account == state.region.account;
    let name = arn.resource.strip_prefix("log-group:").filter(|_| here);
    group(state, name.map_or("", |name| name.strip_suffix(":*").unwrap_or(name)))
}
