//! A task's image comes through the task's own network interface, or not at all.

use super::situations;
use crate::{cli::Failure, demo::story::Story};

pub fn tell(story: &mut Story) -> Result<(), Failure> {
    story.screen.say("A task in the isolated subnet has no way to Amazon ECR:");
    situations::register(story)?;
    let place = story.found.networks.places.iter().find(|place| place.name == "isolated").cloned();
    let place = place.ok_or_else(|| Failure("there is no isolated subnet".to_owned()))?;
    let [task] = story.aws_all([situations::run(&place)])?;
    story.reach(std::slice::from_ref(&task), "STOPPED")?;
    let query = "tasks[0].[stopCode, stoppedReason]";
    let stopped = story.aws(&["ecs", "describe-tasks", "--tasks", &task, "--query", query])?;
    story.screen.json(&stopped);
    let reason = stopped[1].as_str().unwrap_or_default();
    let held = stopped[0] == "TaskFailedToStart"
        && reason.starts_with("ResourceInitializationError: unable to pull secrets or registry auth: The task cannot pull registry auth from Amazon ECR:")
        && reason.ends_with("i/o timeout.");
    story.prove("without a way to Amazon ECR it fails as on AWS, within seconds", held, &stopped.to_string());
    let status = story.neargate(&["status"])?;
    let shown: Vec<&str> = status.output.lines().skip_while(|line| !line.contains("failed to start")).collect();
    story.screen.output(&shown.join("\n"));
    let told = shown.iter().any(|line| line.contains("has no route for"));
    story.prove("neargate status says which route is missing, and the command that adds one", told, &status.output);

    story.screen.say("Endpoints are a way that leads nowhere else: to Amazon ECR, to S3, where it keeps layers, and to CloudWatch Logs.");
    let networks = &story.found.networks;
    let (vpc, subnet, group) = (&networks.vpc, &place.subnet, &place.group);
    let table = networks.route_tables.get(2).cloned().unwrap_or_default();
    let endpoint = |service: &str, options: &str| {
        format!(
            "ec2 create-vpc-endpoint --vpc-id {vpc} --service-name com.amazonaws.us-east-1.{service} {options} --query VpcEndpoint.VpcEndpointId"
        )
    };
    let interface = format!("--vpc-endpoint-type Interface --subnet-ids {subnet} --security-group-ids {group}");
    let made = story.aws_all([
        endpoint("ecr.api", &interface),
        endpoint("ecr.dkr", &interface),
        endpoint("logs", &interface),
        endpoint("s3", &format!("--route-table-ids {table}")),
    ])?;
    let ids = made.join(",");
    let query = "VpcEndpoints[].State";
    let filter = format!("Name=vpc-endpoint-id,Values={ids}");
    let ask = ["ec2", "describe-vpc-endpoints", "--filters", &filter, "--query", query];
    story.screen.command(&format!("aws {}", ask.join(" ")));
    let states = story.until("endpoints that are available", || {
        let states = story.aws_quietly(&ask)?;
        let all =
            states.as_array().is_some_and(|all| all.len() == made.len() && all.iter().all(|one| one == "available"));
        Ok(if all { Ok(states) } else { Err(states.to_string()) })
    })?;
    story.prove("four endpoints are available", true, &states.to_string());
    Ok(())
}
