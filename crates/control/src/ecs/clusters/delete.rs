//! DeleteCluster.

use super::{describe::shape, name, not_found};
use crate::{
    Tx,
    state::{ClusterStatus, Service, ServiceStatus},
};
use aws::{
    api::ecs::{DeleteClusterRequest, DeleteClusterResponse},
    fault::Fault,
};

/// Makes a cluster inactive once it has no services any more and the last of its tasks has stopped. It stays to be described, and its name may be used again.
pub(crate) fn delete(tx: &mut Tx<'_>, input: DeleteClusterRequest) -> Result<DeleteClusterResponse, Fault> {
    let DeleteClusterRequest { cluster: reference } = input;
    let name = name(&tx.state, &reference)?;
    if !tx.state.clusters.contains(name) {
        return Err(not_found());
    }
    let prefix = Service::key_of(name, "");
    if tx.state.services.prefixed(&prefix).any(|service| service.status != ServiceStatus::Inactive) {
        return Err(Fault::new(
            "ClusterContainsServicesException",
            "The Cluster cannot be deleted while Services are active.",
        ));
    }
    if tx.state.tasks.iter().any(|task| task.cluster == name) {
        return Err(Fault::new(
            "ClusterContainsTasksException",
            "The Cluster cannot be deleted while Tasks are active.",
        ));
    }
    tx.state.clusters.update(name, |cluster| cluster.status = ClusterStatus::Inactive);
    let cluster = tx.state.clusters.get(name).map(|cluster| shape(&tx.state, cluster, &[]));
    Ok(DeleteClusterResponse { cluster })
}
