//! Whether a service has become what it was told to be.

use super::super::{Progress, ask, at, words};
use crate::View;
use aws::{api::ecs::API, fault::Fault};
use serde_json::{Value, json};

/// How far a service is: done when its latest deployment was successful and as many tasks run as are wanted.
pub(super) fn progress(view: &View<'_>, cluster: &str, name: &str) -> Progress {
    match looked(view, cluster, name) {
        Err(fault) => Progress::Failed(fault),
        Ok((service, latest)) => match at(&latest, "/status").as_str() {
            Some("SUCCESSFUL") if is_steady(&service) => Progress::Done,
            Some("SUCCESSFUL" | "PENDING" | "IN_PROGRESS") => Progress::Waiting,
            _ => Progress::Failed(failure(&reason(view, &latest))),
        },
    }
}

/// Whether the latest deployment of a service has failed, or was stopped.
///
/// # Errors
/// Those of DescribeServices and ListServiceDeployments.
pub(super) fn failed(view: &View<'_>, cluster: &str, name: &str) -> Result<bool, Fault> {
    let (_, latest) = looked(view, cluster, name)?;
    Ok(!matches!(at(&latest, "/status").as_str(), Some("SUCCESSFUL" | "PENDING" | "IN_PROGRESS")))
}

/// The service and its latest deployment. Each change of what is deployed has one of its own, and a rollback is part of what it undoes.
fn looked(view: &View<'_>, cluster: &str, name: &str) -> Result<(Value, Value), Fault> {
    let services = ask(view, &API, "DescribeServices", json!({ "cluster": cluster, "services": [name] }))?;
    let input = json!({ "cluster": cluster, "service": name, "maxResults": 1 });
    let deployments = ask(view, &API, "ListServiceDeployments", input)?;
    Ok((at(&services, "/services/0"), at(&deployments, "/serviceDeployments/0")))
}

fn is_steady(service: &Value) -> bool {
    at(service, "/runningCount") == at(service, "/desiredCount")
        && service.get("deployments").and_then(Value::as_array).is_some_and(|all| all.len() == 1)
}

/// Why a deployment has failed: the reason of its rollback, if it had one, or its own.
fn reason(view: &View<'_>, deployment: &Value) -> String {
    let input = json!({ "serviceDeploymentArns": [at(deployment, "/serviceDeploymentArn")] });
    let described = ask(view, &API, "DescribeServiceDeployments", input).unwrap_or_default();
    let reasons = [at(&described, "/serviceDeployments/0/rollback/reason"), at(deployment, "/statusReason")];
    let found = reasons.iter().find_map(Value::as_str);
    found.unwrap_or("The service deployment was stopped.").to_owned()
}

/// The refusal for that: of the circuit breaker in CloudFormation's words.
fn failure(reason: &str) -> Fault {
    let operation = match reason.starts_with("ECS deployment circuit breaker") {
        true => "ECS Deployment Circuit Breaker was triggered",
        false => reason,
    };
    Fault::new("GeneralServiceException", format!("Error occurred during operation '{operation}'."))
}

/// Whether a deleted service has no tasks any more.
pub(super) fn gone(view: &View<'_>, cluster: &str, name: &str) -> Progress {
    let input = json!({ "cluster": cluster, "services": [name] });
    match words::first(ask(view, &API, "DescribeServices", input), "/services") {
        Err(fault) => Progress::Failed(fault),
        Ok(Some(service)) if at(&service, "/status") != "INACTIVE" => Progress::Waiting,
        Ok(_) => {
            let group = format!("service:{name}");
            let left = view.state.tasks.iter().any(|task| task.cluster == cluster && task.launch.group == group);
            if left { Progress::Waiting } else { Progress::Done }
        }
    }
}
