//! How many tasks a service is to run, whoever says it: a call of `UpdateService` or Application Auto Scaling.

use super::{check, not_found, registries, wire::Counts};
use crate::{
    State, Tx,
    state::{Deployed, Service, ServiceRevision, ServiceStatus},
};
use aws::fault::Fault;

/// Sets the desired count of a service of which that is deployed.
///
/// # Errors
/// `InvalidParameterException` for a number that no such service can have.
pub(super) fn set(service: &mut Service, what: Option<&Deployed>, count: i32) -> Result<(), Fault> {
    service.desired_count = check::desired_count(count)?;
    what.map_or(Ok(()), |what| registries::check_count(service.desired_count, what))
}

/// Sets the desired count of the service with that key.
///
/// # Errors
/// As `UpdateService`, when it is not there, or deleted, or can't have that many tasks.
pub(crate) fn scale(tx: &mut Tx<'_>, key: &str, count: u32) -> Result<(), Fault> {
    let mut service = tx.state.services.get(key).cloned().ok_or_else(not_found)?;
    if service.status != ServiceStatus::Active {
        return Err(Fault::new("ServiceNotActiveException", "Service was not ACTIVE."));
    }
    let primary = service.primary().map(|primary| primary.revision.clone()).unwrap_or_default();
    let revision = tx.state.service_revisions.get(&ServiceRevision::key_of(&service.cluster, &service.name, &primary));
    let what = revision.map(|revision| &revision.what);
    set(&mut service, what, i32::try_from(count).unwrap_or(i32::MAX))?;
    tx.state.services.update(key, |known| *known = service);
    Ok(())
}

/// Whether a service runs as many tasks as it is to run, and starts none.
pub(crate) fn has_all(state: &State, key: &str) -> bool {
    state.services.get(key).is_some_and(|service| {
        let counts = Counts::of(state, service, None);
        counts.pending == 0 && u32::try_from(counts.running) == Ok(service.desired_count)
    })
}
