//! One task, from RunTask to RUNNING, and its elastic network interface.

use crate::{
    cli::Failure,
    demo::story::{Story, short},
};
use serde_json::Value;

/// What Amazon ECS says of a Fargate task's network interface.
const DETAILS: [&str; 5] = ["subnetId", "networkInterfaceId", "macAddress", "privateDnsName", "privateIPv4Address"];

pub fn tell(story: &mut Story) -> Result<(), Failure> {
    let first = run(story, 1)?;
    story.found.first = first.first().cloned().ok_or_else(|| Failure("RunTask started no task".to_owned()))?;
    story.reach(&first, "RUNNING")?;
    let query = "tasks[0].{lastStatus: lastStatus, containers: containers[].[name, lastStatus], attachments: attachments[].details}";
    let first = story.found.first.clone();
    let task = story.aws(&["ecs", "describe-tasks", "--tasks", &first, "--query", query])?;
    story.screen.json(&task);
    let containers = task["containers"].as_array().map(Vec::as_slice).unwrap_or_default();
    let running = containers.len() == 2 && containers.iter().all(|container| container[1] == "RUNNING");
    story.prove(
        &format!("task {} is RUNNING with both containers", short(&first)),
        task["lastStatus"] == "RUNNING" && running,
        &task.to_string(),
    );
    let missing: Vec<&str> =
        DETAILS.into_iter().filter(|name| detail(&task["attachments"][0], name).is_none()).collect();
    story.prove(
        "its network interface is described: subnet, id, MAC address, DNS name, address",
        missing.is_empty(),
        &format!("no {}", missing.join(", ")),
    );
    story.found.first_address = detail(&task["attachments"][0], "privateIPv4Address").unwrap_or_default();
    Ok(())
}

/// Starts copies of the task and returns their ARNs.
pub(super) fn run(story: &Story, count: u32) -> Result<Vec<String>, Failure> {
    let network = format!(
        "awsvpcConfiguration={{subnets=[{}],securityGroups=[{}],assignPublicIp=ENABLED}}",
        story.found.subnet, story.found.group
    );
    let count = count.to_string();
    let command = [
        "ecs",
        "run-task",
        "--task-definition",
        "myapp",
        "--count",
        &count,
        "--launch-type",
        "FARGATE",
        "--network-configuration",
        &network,
        "--query",
    ];
    let answer = story.aws(&[command.as_slice(), &["{tasks: tasks[].taskArn, failures: failures}"]].concat())?;
    story.screen.json(&answer);
    match answer["failures"].as_array() {
        Some(failures) if failures.is_empty() => Ok(serde_json::from_value(answer["tasks"].clone())?),
        _ => Err(Failure(format!("RunTask failed: {}", answer["failures"]))),
    }
}

/// One of the name and value pairs that describe an attachment.
fn detail(details: &Value, name: &str) -> Option<String> {
    let pairs = details.as_array()?;
    let value = pairs.iter().find(|pair| pair["name"] == name)?["value"].as_str()?;
    (!value.is_empty()).then(|| value.to_owned())
}
