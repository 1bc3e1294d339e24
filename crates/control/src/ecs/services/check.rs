//! What `CreateService` and `UpdateService` both check.

use super::{invalid, load_balancers, registries, unsupported};
use crate::{
    State,
    ecs::tasks::{self, plan_for_service},
    state::{Cluster, Deployed, Service, TaskDefinition},
};
use aws::{
    api::ecs::{
        AvailabilityZoneRebalancing, CapacityProviderStrategyItem, DeploymentCircuitBreaker, DeploymentConfiguration,
        DeploymentController, DeploymentControllerType, DeploymentStrategy, GatewayConnector, LaunchType,
        MonitoringConfiguration, PlacementConstraint, PlacementStrategy, ServiceVolumeConfiguration, ThresholdType,
        VpcLatticeConfiguration,
    },
    fault::Fault,
};

/// No service has more tasks ("Amazon ECS service quotas", Amazon ECS Developer Guide).
const TASKS: u32 = 5_000;

/// What neither Fargate nor neargate does for a service, as far as both calls have it.
pub(super) struct Extras<'a> {
    pub(super) constraints: Option<&'a [PlacementConstraint]>,
    pub(super) placement: Option<&'a [PlacementStrategy]>,
    pub(super) volumes: Option<&'a [ServiceVolumeConfiguration]>,
    pub(super) lattice: Option<&'a [VpcLatticeConfiguration]>,
    pub(super) gateways: Option<&'a [GatewayConnector]>,
    pub(super) monitoring: Option<&'a MonitoringConfiguration>,
    pub(super) execute_command: Option<bool>,
    pub(super) controller: Option<&'a DeploymentController>,
}

impl Extras<'_> {
    /// Refuses what of it is wanted.
    ///
    /// # Errors
    /// In Amazon ECS's words where Fargate does not have it, by name where neargate does not.
    pub(super) fn refuse(&self) -> Result<(), Fault> {
        let given = |list: usize| list > 0;
        if given(self.constraints.map_or(0, <[_]>::len)) {
            return Err(invalid("Placement constraints are not supported with FARGATE launch type."));
        }
        if given(self.placement.map_or(0, <[_]>::len)) {
            return Err(invalid("Placement strategies are not supported with FARGATE launch type."));
        }
        let controller = self.controller.and_then(|controller| controller.r#type);
        if let Some(other @ (DeploymentControllerType::CodeDeploy | DeploymentControllerType::External)) = controller {
            return Err(unsupported(&format!("the deployment controller {}", other.as_str())));
        }
        let refused = [
            ("volumeConfigurations", given(self.volumes.map_or(0, <[_]>::len))),
            ("vpcLatticeConfigurations", given(self.lattice.map_or(0, <[_]>::len))),
            ("gatewayConnectors", given(self.gateways.map_or(0, <[_]>::len))),
            ("monitoring", self.monitoring.is_some()),
            ("enableExecuteCommand", self.execute_command == Some(true)),
        ];
        match refused.iter().find(|(_, wanted)| *wanted) {
            Some((what, _)) => Err(unsupported(what)),
            None => Ok(()),
        }
    }
}

/// The number of tasks wanted.
///
/// # Errors
/// `InvalidParameterException` for a number that no service can have.
pub(super) fn desired_count(count: i32) -> Result<u32, Fault> {
    let count = u32::try_from(count).map_err(|_| invalid("desiredCount must be at least 0."))?;
    if count > TASKS {
        return Err(invalid(format!("desiredCount must be at most {TASKS}.")));
    }
    Ok(count)
}

/// The seconds of a grace period.
///
/// # Errors
/// `InvalidParameterException` when it is negative, or there is nothing it could be for.
pub(super) fn grace_period(seconds: i32, behind_load_balancer: bool) -> Result<u32, Fault> {
    let seconds = u32::try_from(seconds).map_err(|_| invalid("healthCheckGracePeriodSeconds must be at least 0."))?;
    if seconds > 0 && !behind_load_balancer {
        return Err(invalid("Health check grace period is only valid for services configured to use load balancers"));
    }
    Ok(seconds)
}

/// A deployment configuration on top of another one. Of what nothing was ever said the defaults hold
/// ("DeploymentConfiguration", Amazon ECS API Reference).
///
/// # Errors
/// `InvalidParameterException` for percentages out of bounds, and by name for what neargate does not do.
pub(super) fn configuration(
    before: DeploymentConfiguration,
    given: Option<DeploymentConfiguration>,
) -> Result<DeploymentConfiguration, Fault> {
    let DeploymentConfiguration {
        deployment_circuit_breaker,
        maximum_percent,
        minimum_healthy_percent,
        alarms,
        strategy,
        bake_time_in_minutes,
        lifecycle_hooks,
        linear_configuration,
        canary_configuration,
        early_success_criteria,
    } = given.unwrap_or_default();
    if let Some(other) = strategy.filter(|strategy| *strategy != DeploymentStrategy::Rolling) {
        return Err(unsupported(&format!("the deployment strategy {}", other.as_str())));
    }
    let refused = [
        ("deploymentConfiguration.bakeTimeInMinutes", bake_time_in_minutes.is_some_and(|minutes| minutes != 0)),
        ("deploymentConfiguration.lifecycleHooks", lifecycle_hooks.is_some_and(|hooks| !hooks.is_empty())),
        ("deploymentConfiguration.linearConfiguration", linear_configuration.is_some()),
        ("deploymentConfiguration.canaryConfiguration", canary_configuration.is_some()),
        (
            "deploymentConfiguration.earlySuccessCriteria",
            early_success_criteria.is_some_and(|criteria| criteria.enable == Some(true)),
        ),
    ];
    if let Some((what, _)) = refused.iter().find(|(_, wanted)| *wanted) {
        return Err(unsupported(what));
    }
    let least = minimum_healthy_percent.or(before.minimum_healthy_percent).unwrap_or(100);
    let most = maximum_percent.or(before.maximum_percent).unwrap_or(200);
    match (least, most) {
        (..0, _) => return Err(invalid("minimumHealthyPercent must be at least 0")),
        (101.., _) => return Err(invalid("minimumHealthyPercent must be at most 100")),
        (_, ..100) => return Err(invalid("maximumPercent must be at least 100")),
        _ => {}
    }
    let off = || DeploymentCircuitBreaker { enable: Some(false), rollback: Some(false), ..Default::default() };
    let breaker = deployment_circuit_breaker.or(before.deployment_circuit_breaker).unwrap_or_else(off);
    circuit_breaker(&breaker)?;
    let alarms = alarms.map(super::alarms::check).transpose()?.or(before.alarms);
    Ok(DeploymentConfiguration {
        deployment_circuit_breaker: Some(breaker),
        alarms,
        maximum_percent: Some(most),
        minimum_healthy_percent: Some(least),
        strategy: Some(DeploymentStrategy::Rolling),
        bake_time_in_minutes: Some(0),
        ..DeploymentConfiguration::default()
    })
}

fn circuit_breaker(breaker: &DeploymentCircuitBreaker) -> Result<(), Fault> {
    let Some(threshold) = &breaker.threshold_configuration else { return Ok(()) };
    match (threshold.r#type, threshold.value.unwrap_or(0)) {
        (_, ..1) => Err(invalid("The value of thresholdConfiguration must be at least 1.")),
        (Some(ThresholdType::BoundedPercent | ThresholdType::UnboundedPercent), 101..) => {
            Err(invalid("The value of thresholdConfiguration must be at most 100 for percentages."))
        }
        _ => Ok(()),
    }
}

/// Why tasks can't be moved between zones.
const NO_ROOM: &str =
    "Availability Zone Rebalancing does not support maximumPercent <= 100 % as deployment configuration.";

/// Whether tasks are moved between zones: as before, or unless told otherwise where there is room for that.
///
/// # Errors
/// `InvalidParameterException` where there is none.
pub(super) fn rebalancing(
    given: Option<AvailabilityZoneRebalancing>,
    before: Option<bool>,
    configuration: &DeploymentConfiguration,
) -> Result<bool, Fault> {
    let room = configuration.maximum_percent.is_some_and(|most| most > 100);
    let wanted = given.map(|given| given == AvailabilityZoneRebalancing::Enabled).or(before);
    match (wanted, before) {
        (Some(true), None) if !room => Err(invalid(NO_ROOM)),
        (Some(true), Some(_)) if !room => Err(invalid(format!("The service couldn't be updated because {NO_ROOM}"))),
        (wanted, _) => Ok(wanted.unwrap_or(room)),
    }
}

/// The launch type or the strategy of a service: the cluster's default strategy if it names neither.
///
/// # Errors
/// `InvalidParameterException` for both or a strategy that does not hold; by name for instances.
pub(super) fn capacity(
    cluster: &Cluster,
    launch_type: Option<LaunchType>,
    strategy: Option<&[CapacityProviderStrategyItem]>,
) -> Result<(Option<LaunchType>, Vec<CapacityProviderStrategyItem>), Fault> {
    let found = tasks::check_capacity(cluster, launch_type, strategy)?;
    found.ok_or_else(|| unsupported("services of another launch type than FARGATE"))?;
    let strategy = strategy.filter(|items| !items.is_empty());
    Ok(match (launch_type, strategy) {
        (Some(launch_type), _) => (Some(launch_type), Vec::new()),
        (None, Some(items)) => (None, complete(items)),
        (None, None) => (None, cluster.default_capacity_provider_strategy.clone()),
    })
}

fn complete(items: &[CapacityProviderStrategyItem]) -> Vec<CapacityProviderStrategyItem> {
    let whole = |item: &CapacityProviderStrategyItem| CapacityProviderStrategyItem {
        capacity_provider: item.capacity_provider.clone(),
        weight: item.weight.or(Some(0)),
        base: item.base.or(Some(0)),
    };
    items.iter().map(whole).collect()
}

/// Checks what a new revision of a service is made of.
///
/// # Errors
/// In the words of Amazon ECS.
pub(super) fn deployed(
    state: &State,
    cluster: &Cluster,
    service: &Service,
    definition: &TaskDefinition,
    what: &Deployed,
) -> Result<(), Fault> {
    load_balancers::check(state, definition, &what.load_balancers)?;
    registries::check(state, definition, &what.registries)?;
    registries::check_count(service.desired_count, what)?;
    let connected = what.connect.as_ref().is_some_and(|connect| connect.namespace.is_some());
    if connected && what.platform_version == "1.3.0" {
        // "Amazon ECS Service Connect considerations", Amazon ECS Developer Guide.
        let why = "One or more of the requested capabilities are not supported: Service Connect needs platform version 1.4.0.";
        return Err(Fault::new("PlatformTaskDefinitionIncompatibilityException", why));
    }
    plan_for_service(state, cluster, service, "", what).map(drop)
}
