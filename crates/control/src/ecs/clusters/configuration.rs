//! Settings and configuration of a cluster.

use super::invalid;
use crate::{
    State, Tx,
    ecs::{account_settings::container_insights, services::connect},
    servicediscovery::namespace_arn,
};
use aws::{
    api::ecs::{
        ClusterConfiguration, ClusterServiceConnectDefaultsRequest, ClusterSetting, ClusterSettingName,
        ExecuteCommandConfiguration, ExecuteCommandLogConfiguration, ExecuteCommandLogging,
    },
    fault::Fault,
};

/// The values of the setting `containerInsights`.
pub(crate) const INSIGHTS: [&str; 3] = ["enhanced", "enabled", "disabled"];

/// The settings of a cluster nobody gave any: the account's.
pub(super) fn defaults(state: &State) -> Vec<ClusterSetting> {
    insights(container_insights(state))
}

fn insights(value: String) -> Vec<ClusterSetting> {
    vec![ClusterSetting { name: Some(ClusterSettingName::ContainerInsights), value: Some(value) }]
}

/// Changes settings to those given.
///
/// # Errors
/// `InvalidParameterException` for a value there is not.
pub(super) fn settings(
    mut settings: Vec<ClusterSetting>,
    given: Vec<ClusterSetting>,
) -> Result<Vec<ClusterSetting>, Fault> {
    for ClusterSetting { name, value } in given {
        let (Some(ClusterSettingName::ContainerInsights), Some(value)) = (name, value) else {
            return Err(invalid("A cluster setting must have a name and a value."));
        };
        if !INSIGHTS.contains(&value.as_str()) {
            let values = INSIGHTS.join(",");
            return Err(invalid(format!("Invalid cluster setting value: '{value}'. Valid values: [{values}]")));
        }
        settings = insights(value);
    }
    Ok(settings)
}

/// Checks a configuration.
///
/// # Errors
/// `InvalidParameterException`.
pub(super) fn check(configuration: &ClusterConfiguration) -> Result<(), Fault> {
    let ClusterConfiguration { execute_command_configuration, managed_storage_configuration } = configuration;
    if managed_storage_configuration.is_some() {
        return Err(unsupported("managedStorageConfiguration"));
    }
    execute_command_configuration.as_ref().map_or(Ok(()), execute_command)
}

fn execute_command(configuration: &ExecuteCommandConfiguration) -> Result<(), Fault> {
    let ExecuteCommandConfiguration { kms_key_id, logging, log_configuration } = configuration;
    if kms_key_id.is_some() {
        return Err(unsupported("executeCommandConfiguration.kmsKeyId"));
    }
    let place = |log: &ExecuteCommandLogConfiguration| {
        let ExecuteCommandLogConfiguration {
            cloud_watch_log_group_name,
            cloud_watch_encryption_enabled: _,
            s3_bucket_name,
            s3_encryption_enabled: _,
            s3_key_prefix: _,
        } = log;
        cloud_watch_log_group_name.is_some() || s3_bucket_name.is_some()
    };
    match (logging, log_configuration) {
        (Some(ExecuteCommandLogging::Override), log) if !log.as_ref().is_some_and(place) => Err(invalid(
            "A CloudWatch log group name or S3 bucket name must be specified when overriding the default log configuration",
        )),
        (Some(ExecuteCommandLogging::Override), _) | (_, None) => Ok(()),
        _ => Err(invalid("You must set logging to 'OVERRIDE' when you supply a log configuration")),
    }
}

/// The ARN of the namespace that a cluster's services join by default, which is made where a new name is given; none for the empty name
/// ("ClusterServiceConnectDefaultsRequest", Amazon ECS API Reference).
///
/// # Errors
/// `NamespaceNotFoundException` for an ARN of none, `InvalidParameterException` for what can't be a name.
pub(super) fn connect_namespace(
    tx: &mut Tx<'_>,
    defaults: ClusterServiceConnectDefaultsRequest,
) -> Result<Option<String>, Fault> {
    let ClusterServiceConnectDefaultsRequest { namespace } = defaults;
    if namespace.is_empty() {
        return Ok(None);
    }
    let id = match connect::namespace(&tx.state, &namespace) {
        Ok(found) => found.id.clone(),
        Err(missing) if namespace.starts_with("arn:") => return Err(missing),
        Err(_) => connect::make_namespace(tx, &namespace)?,
    };
    Ok(Some(namespace_arn(&tx.state.region, &id)))
}

/// The refusal of something Amazon ECS does and neargate does not: by name, instead of storing and ignoring it.
fn unsupported(what: &str) -> Fault {
    invalid(format!("neargate does not support {what} yet."))
}
