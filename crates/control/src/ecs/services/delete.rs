//! `DeleteService`.

use super::{find, invalid, not_found, wire};
use crate::{
    Tx,
    ecs::clusters,
    state::{Record, ServiceStatus},
};
use aws::{
    api::ecs::{DeleteServiceRequest, DeleteServiceResponse},
    fault::Fault,
};

/// Lets a service drain: the scheduler stops its tasks, and then it is inactive. Doing so again changes nothing.
pub(super) fn delete(tx: &mut Tx<'_>, request: DeleteServiceRequest) -> Result<DeleteServiceResponse, Fault> {
    let DeleteServiceRequest { cluster, service: reference, force } = request;
    let cluster = clusters::find(&tx.state, cluster.as_deref())?;
    let mut service = find(&tx.state, &cluster.name, &reference)?.clone();
    if service.status == ServiceStatus::Inactive {
        return Err(not_found());
    }
    if service.desired_count > 0 && force != Some(true) {
        return Err(invalid("The service cannot be stopped while it is scaled above 0."));
    }
    service.status = ServiceStatus::Draining;
    service.desired_count = 0;
    let answer = wire::service(&tx.state, &service, false);
    let key = service.key();
    tx.state.services.update(&key, |record| *record = service);
    Ok(DeleteServiceResponse { service: Some(answer) })
}
