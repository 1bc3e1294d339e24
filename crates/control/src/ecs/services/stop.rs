//! `StopServiceDeployment`.

use super::{deployments, history, invalid};
use crate::{
    Tx,
    state::{Record, ServiceStatus},
};
use aws::{
    api::ecs::{
        DeploymentRolloutState, StopServiceDeploymentRequest, StopServiceDeploymentResponse,
        StopServiceDeploymentStopType,
    },
    fault::Fault,
};

/// Stops a service deployment that is under way: by rolling it back, unless it is to stay where it is.
pub(super) fn stop(
    tx: &mut Tx<'_>,
    request: StopServiceDeploymentRequest,
) -> Result<StopServiceDeploymentResponse, Fault> {
    let StopServiceDeploymentRequest { service_deployment_arn, stop_type } = request;
    let (cluster, name, id) = history::deployment_of(&tx.state, &service_deployment_arn)?;
    let missing = || Fault::new("ServiceDeploymentNotFoundException", "The service deployment was not found.");
    let mut service = super::find(&tx.state, &cluster, &name).map_err(|_| missing())?.clone();
    let key = crate::state::ServiceDeployment::key_of(&cluster, &name, &id);
    if !tx.state.service_deployments.contains(&key) {
        return Err(missing());
    }
    let conflict = |why: &str| Err(Fault::new("ConflictException", why));
    let under_way = service.primary().filter(|primary| {
        primary.rollout == id && primary.state == DeploymentRolloutState::InProgress && !primary.rollback
    });
    let Some(primary) = under_way.filter(|_| service.status == ServiceStatus::Active) else {
        return conflict("The service deployment is not in progress.");
    };
    match (stop_type.unwrap_or(StopServiceDeploymentStopType::Rollback), service.last_completed.clone()) {
        (StopServiceDeploymentStopType::Abort, _) => {
            deployments::stop(tx, &mut service, "The service deployment was stopped by user.");
        }
        (StopServiceDeploymentStopType::Rollback, Some(back)) if back != primary.revision => {
            deployments::stop(tx, &mut service, "The service deployment was stopped by user.");
            deployments::roll_back(tx, &mut service, &back, "StopServiceDeployment");
        }
        (StopServiceDeploymentStopType::Rollback, _) => {
            return Err(invalid("There is no service revision that the service deployment can be rolled back to."));
        }
    }
    let key = service.key();
    tx.state.services.update(&key, |record| *record = service);
    Ok(StopServiceDeploymentResponse { service_deployment_arn: Some(service_deployment_arn) })
}
