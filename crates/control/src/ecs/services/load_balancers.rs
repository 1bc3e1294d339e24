//! `loadBalancers`: the target groups that the tasks of a service are registered with.

use super::{invalid, unsupported};
use crate::{State, elb::targets, state::TaskDefinition};
use aws::{
    api::ecs::{ContainerDefinition, LoadBalancer},
    fault::Fault,
};

/// At most this many target groups ("Service load balancing", Amazon ECS Developer Guide).
const MOST: usize = 5;

/// Checks load balancers against the task definition and the target groups there are.
///
/// # Errors
/// `InvalidParameterException` in the words of Amazon ECS; by name for what only blue/green deployments have.
pub(super) fn check(state: &State, definition: &TaskDefinition, all: &[LoadBalancer]) -> Result<(), Fault> {
    if all.len() > MOST {
        return Err(invalid(format!("loadBalancers can have at most {MOST} items.")));
    }
    all.iter().try_for_each(|one| check_one(state, definition, one))
}

fn check_one(state: &State, definition: &TaskDefinition, of: &LoadBalancer) -> Result<(), Fault> {
    let LoadBalancer { target_group_arn, load_balancer_name, container_name, container_port, advanced_configuration } =
        of;
    let arn = match (target_group_arn.as_deref(), load_balancer_name) {
        (Some(_), Some(_)) => return Err(invalid("loadBalancerName and targetGroupArn cannot both be specified.")),
        (None, Some(_)) => return Err(invalid("Classic Load Balancers are not supported with Fargate.")),
        (None, None) => return Err(invalid("targetGroupArn must be specified for every load balancer.")),
        (Some(arn), None) => arn,
    };
    if advanced_configuration.is_some() {
        return Err(unsupported("loadBalancers.advancedConfiguration"));
    }
    let name = container_name.as_deref().unwrap_or_default();
    let port = container_port.unwrap_or(0);
    let named = |container: &&ContainerDefinition| container.name.as_deref() == Some(name);
    let Some(container) = definition.containers().iter().find(named) else {
        return Err(invalid(format!("The container {name} does not exist in the task definition.")));
    };
    if !container.port_mappings.iter().flatten().any(|mapping| mapping.container_port == Some(port)) {
        return Err(invalid(format!("The container {name} did not have a container port {port} defined.")));
    }
    if targets::has_instances(state, arn) == Some(true) {
        return Err(invalid(format!(
            "The provided target group {arn} has target type instance, which is incompatible with the awsvpc network mode specified in the \
             task definition."
        )));
    }
    match targets::is_used(state, arn) {
        Some(true) => Ok(()),
        Some(false) => Err(invalid(format!(
            "The target group with targetGroupArn {arn} does not have an associated load balancer."
        ))),
        None => Err(invalid("The specified target group does not exist.")),
    }
}
