//! What Amazon EC2 does to a task on Fargate Spot when it needs the capacity back ("Fargate Spot termination notices", Amazon ECS
//! Developer Guide). Here nobody needs it back; users ask for it, to see what becomes of their services.

use super::{invalid, retire};
use crate::{Tx, ecs::clusters::capacity::FARGATE_SPOT};
use aws::{api::ecs::TaskStopCode, fault::Fault};

/// What `stoppedReason` says.
const REASON: &str = "Your Spot Task was interrupted.";

/// Interrupts a task: its containers get SIGTERM at once, without waiting for its targets to be drained, as the warning comes two minutes
/// before the end and `stopTimeout` is two minutes at most.
///
/// # Errors
/// For a task that is not there, or that the capacity provider `FARGATE_SPOT` was not chosen for.
pub fn interrupt(tx: &mut Tx<'_>, task: &str) -> Result<(), Fault> {
    let found = tx.state.tasks.get(task).ok_or_else(|| invalid("The referenced task was not found."))?;
    if found.launch.capacity_provider.as_deref() != Some(FARGATE_SPOT) {
        return Err(invalid(format!(
            "The task {task} does not run on {FARGATE_SPOT}: only tasks of that capacity provider are interrupted."
        )));
    }
    retire(tx, task, TaskStopCode::SpotInterruption, REASON);
    Ok(())
}
