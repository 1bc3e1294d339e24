//! `StopTask`.

use super::{find, id, invalid, retire, wire};
use crate::{Tx, ecs::clusters};
use aws::{
    api::ecs::{StopTaskRequest, StopTaskResponse, TaskStopCode},
    fault::Fault,
};

/// What `stoppedReason` says when the caller does not.
const REASON: &str = "Task stopped by user";
/// At most this many characters of a reason ("StopTask", Amazon ECS API Reference).
const REASON_LENGTH: usize = 255;

/// Decides that a task is to stop. Doing so again changes nothing.
pub(super) fn stop(tx: &mut Tx<'_>, request: StopTaskRequest) -> Result<StopTaskResponse, Fault> {
    let cluster = clusters::find(&tx.state, request.cluster.as_deref())?;
    let id = id(&tx.state, &cluster.name, &request.task)?;
    let unknown = || invalid("The referenced task was not found.");
    find(&tx.state, id).filter(|task| task.cluster == cluster.name).ok_or_else(unknown)?;
    let reason = request.reason.as_deref().filter(|reason| !reason.is_empty()).unwrap_or(REASON);
    if reason.chars().count() > REASON_LENGTH {
        return Err(invalid(format!("reason can have at most {REASON_LENGTH} characters.")));
    }
    retire(tx, id, TaskStopCode::UserInitiated, reason);
    let task = find(&tx.state, id).map(|task| wire::task(&tx.state.region, task, true));
    Ok(StopTaskResponse { task })
}
