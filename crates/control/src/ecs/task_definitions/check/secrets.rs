//! Secrets of containers, and credentials for registries: what they may be called, and by whose role they are fetched.

use super::{client, refuse_if};
use aws::{
    api::ecs::{ContainerDefinition, RepositoryCredentials, Secret},
    arn::Arn,
    fault::Fault,
};

/// Checks the secrets of a container on its own, as overrides leave its environment.
///
/// # Errors
/// `ClientException` in AWS's words.
pub(super) fn check(container: &ContainerDefinition, container_name: &str, account: &str) -> Result<(), Fault> {
    let secrets = container.secrets.as_deref().unwrap_or_default();
    for (index, Secret { name, value_from }) in secrets.iter().enumerate() {
        let (name, value_from) = (name.as_deref().unwrap_or_default(), value_from.as_deref().unwrap_or_default());
        refuse_if(name.is_empty(), || "The secret name must not be null or empty.".to_owned())?;
        refuse_if(name.contains(['=', '\0']), || format!("The secret name '{name}' contains invalid characters."))?;
        let twice = secrets.iter().take(index).any(|before| before.name.as_deref() == Some(name));
        let variables = container.environment.iter().flatten();
        let clash = variables.into_iter().any(|variable| variable.name.as_deref() == Some(name));
        refuse_if(twice || clash, || {
            format!(
                "The secret name must be unique and not shared with any new or existing environment variables set on the container, \
                 such as '{name}'."
            )
        })?;
        refuse_if(!is_reference(value_from), || {
            format!("The Systems Manager parameter name specified for secret {name} is invalid.")
        })?;
        let others = Arn::parse(value_from).filter(|arn| arn.service == "ssm" && arn.account != account);
        if let Some(Arn { account: other, .. }) = others {
            return Err(client(format!(
                "The Systems Manager parameter ARN has a different account ID than the current account. The current account ID is \
                 {account} and the ARN account ID is {other}. Cross-account access for ARNs is not currently supported."
            )));
        }
    }
    match &container.repository_credentials {
        Some(RepositoryCredentials { credentials_parameter }) => {
            let parameter = credentials_parameter.as_deref().unwrap_or_default();
            let secret = Arn::parse(parameter).filter(|arn| arn.service == "secretsmanager" && is_region(&arn.region));
            // A secret of the task's own region may be given by its name.
            let named = !parameter.contains(':') && !parameter.is_empty();
            refuse_if(secret.is_none() && !named, || {
                format!("Invalid 'repositoryCredentials' setting for container '{container_name}'.")
            })
        }
        None => Ok(()),
    }
}

/// Whether it names a parameter of SSM Parameter Store, by name or ARN, or a secret of Secrets Manager. What stands behind a secret's
/// ARN is read when a task starts, as on AWS.
fn is_reference(text: &str) -> bool {
    match Arn::parse(text) {
        Some(arn) if !is_region(&arn.region) => false,
        Some(arn) => match arn.service.as_str() {
            "secretsmanager" => arn.resource.starts_with("secret:"),
            "ssm" => arn.resource.starts_with("parameter/"),
            _ => false,
        },
        None => !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || "_.-/".contains(c)),
    }
}

/// Whether it can be a region, or is none: it becomes part of the name of the host that the execution role's credentials are sent to.
fn is_region(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

/// Secrets and credentials are fetched with the execution role.
///
/// # Errors
/// `ClientException` when something is to be fetched and no role is given.
pub(crate) fn need_role(containers: &[ContainerDefinition], role: Option<&str>) -> Result<(), Fault> {
    if role.is_some() {
        return Ok(());
    }
    let secret = |container: &ContainerDefinition| container.secrets.as_ref().is_some_and(|all| !all.is_empty());
    let without = |what: &str| {
        client(format!(
            "When you are specifying container {what}, you must also specify a value for 'executionRoleArn'."
        ))
    };
    match containers {
        all if all.iter().any(secret) => Err(without("secrets")),
        all if all.iter().any(|container| container.repository_credentials.is_some()) => {
            Err(without("repository credentials"))
        }
        _ => Ok(()),
    }
}
