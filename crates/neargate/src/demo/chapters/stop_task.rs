//! How a task ends: politely, with exit codes and a reason.

use crate::{cli::Failure, demo::story::Story};

const REASON: &str = "seen enough of it";

pub fn tell(story: &mut Story) -> Result<(), Failure> {
    let first = story.found.first.clone();
    story.aws(&["ecs", "stop-task", "--task", &first, "--reason", REASON, "--query", "task.desiredStatus"])?;
    story.reach(std::slice::from_ref(&first), "STOPPED")?;
    let query = "tasks[0].{lastStatus: lastStatus, stopCode: stopCode, stoppedReason: stoppedReason, containers: containers[].{name: name, exitCode: exitCode}}";
    let task = story.aws(&["ecs", "describe-tasks", "--tasks", &first, "--query", query])?;
    story.screen.json(&task);
    let codes: Vec<_> =
        task["containers"].as_array().into_iter().flatten().map(|container| container["exitCode"].as_i64()).collect();
    story.prove("both containers ended with exit code 0 on SIGTERM", codes == [Some(0), Some(0)], &task.to_string());
    let told = task["stoppedReason"] == REASON && task["stopCode"] == "UserInitiated";
    story.prove("the task says who stopped it and why: stopCode and stoppedReason", told, &task.to_string());
    Ok(())
}
