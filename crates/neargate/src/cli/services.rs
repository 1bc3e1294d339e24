//! Services with their deployments and the tasks on their way, as a tree: for `neargate status` and for the demonstration.

use super::{Failure, region::Region};
use serde::Serialize;
use serde_json::{Value, json};

/// The most services that DescribeServices takes, and the most tasks that DescribeTasks does.
const SERVICES_AT_ONCE: usize = 10;
const TASKS_AT_ONCE: usize = 100;
/// How many tasks of a deployment are shown one by one.
const TASKS_SHOWN: usize = 4;

/// A service, in the words of DescribeServices.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Service {
    /// Its name.
    pub service: String,
    cluster: String,
    status: String,
    desired: u64,
    pending: u64,
    running: u64,
    /// Its deployments, and what is left of earlier ones (`INACTIVE`).
    deployments: Vec<Deployment>,
    /// What it said last.
    last_event: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
struct Deployment {
    id: String,
    status: String,
    task_definition: String,
    rollout_state: Option<String>,
    reason: Option<String>,
    desired: u64,
    pending: u64,
    running: u64,
    failed: u64,
    /// Tasks that get no new requests and finish those they have.
    draining: usize,
    /// Tasks that start or stop.
    tasks: Vec<Task>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
struct Task {
    task: String,
    last_status: String,
    reason: Option<String>,
}

/// All services of a region.
///
/// # Errors
/// When the region can't be asked.
pub async fn services(region: &Region) -> Result<Vec<Service>, Failure> {
    let mut found = Vec::new();
    let clusters = region.ecs("ListClusters", &json!({})).await?;
    for cluster in texts(&clusters["clusterArns"]) {
        let mut arns = Vec::new();
        let mut next = Value::Null;
        loop {
            let mut ask = json!({ "cluster": cluster, "maxResults": 100 });
            if next.is_string() {
                ask["nextToken"] = next;
            }
            let some = region.ecs("ListServices", &ask).await?;
            arns.extend(texts(&some["serviceArns"]));
            next = some["nextToken"].clone();
            if !next.is_string() {
                break;
            }
        }
        for some in arns.chunks(SERVICES_AT_ONCE) {
            let described = region.ecs("DescribeServices", &json!({ "cluster": cluster, "services": some })).await?;
            for one in described["services"].as_array().into_iter().flatten() {
                let mut tasks = tasks(region, &cluster, one["serviceName"].as_str().unwrap_or_default()).await?;
                tasks.retain(|task| task["lastStatus"] != "STOPPED");
                found.push(service(one, &tasks));
            }
        }
    }
    Ok(found)
}

/// One service by its ARN, and which of its tasks stopped by themselves since a time (seconds since the epoch), with why. `None` if there
/// is no such service any more.
///
/// # Errors
/// When the region can't be asked.
pub async fn one(region: &Region, arn: &str, since: f64) -> Result<Option<(Service, Vec<StoppedTask>)>, Failure> {
    let Some(cluster) = arn.split('/').nth(1) else { return Ok(None) };
    let described = region.ecs("DescribeServices", &json!({ "cluster": cluster, "services": [arn] })).await?;
    let Some(found) = described["services"].as_array().and_then(|all| all.first()) else { return Ok(None) };
    if found["status"] == "INACTIVE" {
        return Ok(None);
    }
    let all = tasks(region, cluster, found["serviceName"].as_str().unwrap_or_default()).await?;
    let (stopped, others): (Vec<Value>, Vec<Value>) = all.into_iter().partition(|task| task["lastStatus"] == "STOPPED");
    let stopped = stopped.iter().filter(|task| task["stoppedAt"].as_f64().is_some_and(|at| at >= since));
    Ok(Some((service(found, &others), stopped.filter_map(by_itself).collect())))
}

/// A task that stopped though its service wanted it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct StoppedTask {
    /// Its id.
    pub task: String,
    /// Why it stopped, with what its containers said.
    pub reason: String,
}

/// What is known of a stopped task; nothing of one that its service stopped as it wanted fewer, or others.
fn by_itself(task: &Value) -> Option<StoppedTask> {
    let reason = said(&task["stoppedReason"]).filter(|reason| !reason.starts_with("Scaling activity initiated by"))?;
    let containers = task["containers"].as_array().into_iter().flatten().filter_map(|container| {
        let name = text(&container["name"]);
        let code = container["exitCode"].as_i64().filter(|code| *code != 0);
        let parts = [code.map(|code| format!("exit code {code}")), said(&container["reason"])];
        let parts: Vec<String> = parts.into_iter().flatten().collect();
        (!parts.is_empty()).then(|| format!("{name}: {}", parts.join(", ")))
    });
    let containers: Vec<String> = containers.collect();
    let more = if containers.is_empty() { String::new() } else { format!(" ({})", containers.join("; ")) };
    Some(StoppedTask { task: last(&task["taskArn"]), reason: reason + &more })
}

/// The tasks of a service that are there, those that stopped a while ago among them.
async fn tasks(region: &Region, cluster: &str, service: &str) -> Result<Vec<Value>, Failure> {
    let mut found = Vec::new();
    for desired in ["RUNNING", "STOPPED"] {
        let ask = json!({ "cluster": cluster, "serviceName": service, "desiredStatus": desired });
        let arns = texts(&region.ecs("ListTasks", &ask).await?["taskArns"]);
        for some in arns.chunks(TASKS_AT_ONCE) {
            let described = region.ecs("DescribeTasks", &json!({ "cluster": cluster, "tasks": some })).await?;
            found.extend(described["tasks"].as_array().into_iter().flatten().cloned());
        }
    }
    Ok(found)
}

fn texts(list: &Value) -> Vec<String> {
    list.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// What comes last in an ARN.
fn last(arn: &Value) -> String {
    arn.as_str().and_then(|arn| arn.rsplit('/').next()).unwrap_or_default().to_owned()
}

fn said(value: &Value) -> Option<String> {
    value.as_str().filter(|said| !said.is_empty()).map(str::to_owned)
}

fn service(of: &Value, tasks: &[Value]) -> Service {
    let count = |name: &str| of[name].as_u64().unwrap_or(0);
    let mut deployments: Vec<Deployment> = of["deployments"].as_array().into_iter().flatten().map(deployment).collect();
    for task in tasks {
        let id = text(&task["startedBy"]);
        let known = deployments.iter().position(|one| one.id == id);
        let known = known.unwrap_or_else(|| {
            deployments.push(deployment(&json!({
                "id": id, "status": "INACTIVE", "taskDefinition": task["taskDefinitionArn"],
            })));
            deployments.len() - 1
        });
        if let Some(one) = deployments.get_mut(known)
            && !(task["lastStatus"] == "RUNNING" && task["desiredStatus"] == "RUNNING")
        {
            one.draining += usize::from(task["lastStatus"] == "DEACTIVATING");
            one.tasks.push(Task {
                task: last(&task["taskArn"]),
                last_status: text(&task["lastStatus"]),
                reason: said(&task["stoppedReason"]),
            });
        }
    }
    Service {
        service: text(&of["serviceName"]),
        cluster: last(&of["clusterArn"]),
        status: text(&of["status"]),
        desired: count("desiredCount"),
        pending: count("pendingCount"),
        running: count("runningCount"),
        deployments,
        last_event: said(&of["events"][0]["message"]),
    }
}

fn deployment(of: &Value) -> Deployment {
    let count = |name: &str| of[name].as_u64().unwrap_or(0);
    Deployment {
        id: text(&of["id"]),
        status: text(&of["status"]),
        task_definition: last(&of["taskDefinition"]),
        rollout_state: said(&of["rolloutState"]),
        reason: said(&of["rolloutStateReason"]),
        desired: count("desiredCount"),
        pending: count("pendingCount"),
        running: count("runningCount"),
        failed: count("failedTasks"),
        draining: 0,
        tasks: Vec::new(),
    }
}

impl Service {
    /// Whether nothing of it is on its way: one deployment, which is done, and as many tasks as there should be.
    pub fn is_stable(&self) -> bool {
        matches!(self.deployments.as_slice(), [only] if only.rollout_state.as_deref() == Some("COMPLETED")
            && only.running == self.desired && only.tasks.is_empty())
            && self.running == self.desired
    }

    /// It, its deployments, and their tasks on their way: a line each.
    pub fn tree(&self) -> Vec<String> {
        let Self { service, status, desired, pending, running, last_event, .. } = self;
        let mut lines = vec![format!("{service}  {status}  desired {desired}, pending {pending}, running {running}")];
        for one in &self.deployments {
            lines.push(format!("  {}", one.line()));
            lines.extend(one.reason.iter().map(|reason| format!("    {reason}")));
            lines.extend(one.tasks.iter().take(TASKS_SHOWN).map(|task| {
                let id = task.task.get(..8).unwrap_or(&task.task);
                format!("    {id}  {}  {}", task.last_status, task.reason.as_deref().unwrap_or_default())
                    .trim_end()
                    .to_owned()
            }));
            match one.tasks.len().saturating_sub(TASKS_SHOWN) {
                0 => {}
                more => lines.push(format!("    and {more} more")),
            }
        }
        lines.extend(last_event.iter().map(|event| format!("  {event}")));
        lines
    }

    /// Each of its deployments in a line.
    pub fn lines(&self) -> Vec<String> {
        self.deployments.iter().map(|one| format!("{}  {}", self.service, one.line())).collect()
    }
}

impl Deployment {
    fn line(&self) -> String {
        let Self { status, task_definition, desired, pending, running, draining, failed, .. } = self;
        let state = self.rollout_state.as_deref().map(|state| format!("  {state}")).unwrap_or_default();
        let failed = if *failed > 0 { format!(", failed {failed}") } else { String::new() };
        format!(
            "{status} {task_definition}{state}  desired {desired}, pending {pending}, running {running}, draining {draining}{failed}"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn described() -> Value {
        json!({
            "serviceName": "web", "clusterArn": "arn:aws:ecs:us-east-1:123456789012:cluster/default", "status": "ACTIVE",
            "desiredCount": 2, "pendingCount": 1, "runningCount": 2,
            "deployments": [
                { "id": "ecs-svc/2", "status": "PRIMARY", "rolloutState": "IN_PROGRESS", "desiredCount": 2, "runningCount": 1,
                  "pendingCount": 1, "taskDefinition": "arn:aws:ecs:us-east-1:123456789012:task-definition/web:2",
                  "rolloutStateReason": "ECS deployment ecs-svc/2 in progress." },
            ],
            "events": [{ "message": "(service web) has started 1 tasks: (task 9)." }],
        })
    }

    fn task(id: &str, by: &str, status: &str, desired: &str) -> Value {
        json!({ "taskArn": format!("arn:aws:ecs:us-east-1:123456789012:task/default/{id}"), "startedBy": by, "lastStatus": status,
                "desiredStatus": desired, "taskDefinitionArn": "arn:aws:ecs:us-east-1:123456789012:task-definition/web:1",
                "stoppedReason": if desired == "STOPPED" { "Scaling activity initiated by (deployment ecs-svc/2)" } else { "" } })
    }

    #[test]
    fn what_is_on_its_way_has_a_line() {
        let tasks = [
            task("11111111aa", "ecs-svc/2", "PENDING", "RUNNING"),
            task("22222222aa", "ecs-svc/2", "RUNNING", "RUNNING"),
            task("33333333aa", "ecs-svc/1", "DEACTIVATING", "STOPPED"),
        ];
        let service = service(&described(), &tasks);
        assert!(!service.is_stable());
        let expected = "\
web  ACTIVE  desired 2, pending 1, running 2
  PRIMARY web:2  IN_PROGRESS  desired 2, pending 1, running 1, draining 0
    ECS deployment ecs-svc/2 in progress.
    11111111  PENDING
  INACTIVE web:1  desired 0, pending 0, running 0, draining 1
    33333333  DEACTIVATING  Scaling activity initiated by (deployment ecs-svc/2)
  (service web) has started 1 tasks: (task 9).";
        assert_eq!(service.tree().join("\n"), expected);
    }

    #[test]
    fn a_task_that_stopped_by_itself_says_why() {
        let mut task = task("11111111aa", "ecs-svc/2", "STOPPED", "STOPPED");
        assert_eq!(by_itself(&task), None);
        task["stoppedReason"] = "Essential container in task exited".into();
        task["containers"] = json!([{ "name": "web", "exitCode": 3 }, { "name": "side", "exitCode": 0 }]);
        let expected = "Essential container in task exited (web: exit code 3)".to_owned();
        assert_eq!(by_itself(&task), Some(StoppedTask { task: "11111111aa".to_owned(), reason: expected }));
    }

    #[test]
    fn one_that_is_done_is_stable() {
        let mut done = described();
        (done["deployments"][0]["rolloutState"], done["deployments"][0]["runningCount"]) =
            ("COMPLETED".into(), 2.into());
        assert!(service(&done, &[]).is_stable());
        assert!(!service(&done, &[task("1", "ecs-svc/1", "DEACTIVATING", "STOPPED")]).is_stable());
    }
}
