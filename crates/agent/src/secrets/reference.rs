//! `valueFrom`: the forms it has ("Pass Secrets Manager secrets through Amazon ECS environment variables" and "Pass Systems Manager
//! parameters …", Amazon ECS Developer Guide).

use super::{Call, asm};

/// Where a value is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Reference {
    /// A parameter of SSM Parameter Store.
    Parameter {
        /// The region.
        region: String,
        /// Its name or ARN.
        name: String,
    },
    /// A secret of Secrets Manager.
    Secret {
        /// The call that fetches it.
        call: Call,
        /// The member of the JSON object it holds; `None` for all of it.
        json_key: Option<String>,
    },
}

/// Reads a `valueFrom`. A parameter's bare name is in the task's own region.
///
/// # Errors
/// The task's failure, for an ARN that has too few or too many parts.
pub(super) fn parse(value_from: &str, region: &str) -> Result<Reference, String> {
    let parts: Vec<&str> = value_from.split(':').collect();
    let parameter = |region: &str| Reference::Parameter { region: region.to_owned(), name: value_from.to_owned() };
    let (service, arn_region, resource) = match parts.as_slice() {
        ["arn", _, service, arn_region, _, resource @ ..] => (*service, *arn_region, resource),
        _ => return Ok(parameter(region)),
    };
    if service != "secretsmanager" {
        return Ok(parameter(if arn_region.is_empty() { region } else { arn_region }));
    }
    let given = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    let (json_key, version_stage, version_id) = match resource {
        ["secret", _] => (None, None, None),
        ["secret", _, key, stage, version] => (given(key), given(stage), given(version)),
        _ => {
            return Err(asm(format!(
                "trying to retrieve secret with value {value_from} resulted in error: an invalid ARN format for the AWS Secrets \
                 Manager secret was specified. Specify a valid ARN and try again."
            )));
        }
    };
    let secret_id = parts.iter().take(7).copied().collect::<Vec<_>>().join(":");
    let call = Call::GetSecretValue { region: arn_region.to_owned(), secret_id, version_id, version_stage };
    Ok(Reference::Secret { call, json_key })
}
