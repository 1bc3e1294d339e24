//! Which log streams are meant, and what they are called.

use crate::cli::{
    Failure, only,
    region::{Region, is_task_id},
};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Log streams to read.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Source {
    /// By log group: the streams, with what is printed before their lines. All of a group's if there is none.
    pub groups: BTreeMap<String, BTreeMap<String, String>>,
    /// The task whose they are: its cluster and its ARN. Nothing more comes once it has stopped.
    pub task: Option<(String, String)>,
}

impl Source {
    /// What is meant by `what`: a task, or else a log group.
    pub async fn find(region: &Region, what: &str, container: Option<&str>) -> Result<Self, Failure> {
        let id = match what.strip_prefix("task/") {
            Some(id) => Some(id),
            None if what.starts_with("arn:") || is_task_id(what) => Some(what),
            None => None,
        };
        let Some(id) = id else {
            if container.is_some() {
                return Err(Failure("--container chooses among a task's: name a task, not a log group".into()));
            }
            return Ok(Self { groups: BTreeMap::from([(what.to_owned(), BTreeMap::new())]), task: None });
        };
        let arn = if id.starts_with("arn:") { id.to_owned() } else { search(region, id).await? };
        let cluster = arn.split('/').nth(1).unwrap_or("default").to_owned();
        let answer = region.ecs("DescribeTasks", &json!({ "cluster": cluster, "tasks": [arn] })).await?;
        let definition = &answer["tasks"][0]["taskDefinitionArn"];
        if definition.is_null() {
            return Err(Failure(format!("there is no task {arn}, or it stopped long ago: name its log group")));
        }
        let answer = region.ecs("DescribeTaskDefinition", &json!({ "taskDefinition": definition })).await?;
        let groups = streams(&answer["taskDefinition"], arn.rsplit('/').next().unwrap_or(&arn), container)?;
        Ok(Self { groups, task: Some((cluster, arn)) })
    }
}

/// The ARN of the one task, running or stopped, whose id begins so.
async fn search(region: &Region, id: &str) -> Result<String, Failure> {
    let mut found = Vec::new();
    for cluster in all(region, "ListClusters", &json!({}), "clusterArns").await? {
        for status in ["RUNNING", "STOPPED"] {
            let request = json!({ "cluster": cluster, "desiredStatus": status });
            let tasks = all(region, "ListTasks", &request, "taskArns").await?;
            found.extend(
                tasks.into_iter().filter(|arn| arn.rsplit('/').next().is_some_and(|task| task.starts_with(id))),
            );
        }
    }
    found.sort_unstable();
    found.dedup();
    let missing = || format!("there is no task {id}, or it stopped long ago: name its log group");
    only(found, id, |arn| arn, missing)
}

/// Every page of a list.
async fn all(region: &Region, operation: &str, request: &Value, member: &str) -> Result<Vec<String>, Failure> {
    let (mut request, mut found) = (request.clone(), Vec::new());
    loop {
        let answer = region.ecs(operation, &request).await?;
        found.extend(answer[member].as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned));
        match &answer["nextToken"] {
            Value::Null => return Ok(found),
            token => request["nextToken"] = token.clone(),
        }
    }
}

/// The streams of a task's containers, by group, as the `awslogs` driver names them.
fn streams(
    definition: &Value,
    task: &str,
    container: Option<&str>,
) -> Result<BTreeMap<String, BTreeMap<String, String>>, Failure> {
    let mut groups: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
    let mut silent = Vec::new();
    for one in definition["containerDefinitions"].as_array().into_iter().flatten() {
        let name = one["name"].as_str().unwrap_or_default();
        if container.is_some_and(|wanted| wanted != name) {
            continue;
        }
        let options = &one["logConfiguration"]["options"];
        let (group, prefix) = (options["awslogs-group"].as_str(), options["awslogs-stream-prefix"].as_str());
        match group {
            Some(group) => {
                let prefix = prefix.map(|prefix| format!("{prefix}/")).unwrap_or_default();
                groups.entry(group.into()).or_default().insert(format!("{prefix}{name}/{task}"), name.into());
            }
            None => silent.push(name),
        }
    }
    match (groups.is_empty(), container, silent.as_slice()) {
        (false, ..) => Ok(groups),
        (true, Some(name), []) => Err(Failure(format!("task {task} has no container {name}"))),
        (true, ..) => Err(Failure(format!(
            "no log is kept of {}: give it a logConfiguration with the awslogs driver",
            silent.join(", ")
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_are_named_as_the_driver_names_them() {
        let log = |group: &str| json!({ "options": { "awslogs-group": group, "awslogs-stream-prefix": "p" } });
        let definition = json!({ "containerDefinitions": [
            { "name": "web", "logConfiguration": log("/g") },
            { "name": "side", "logConfiguration": log("/other") },
            { "name": "mute" },
        ] });
        let all = streams(&definition, "4f", None).unwrap();
        assert_eq!(all["/g"], BTreeMap::from([("p/web/4f".into(), "web".into())]));
        assert_eq!(all.len(), 2);
        let one = streams(&definition, "4f", Some("side")).unwrap();
        assert_eq!(one.keys().collect::<Vec<_>>(), ["/other"]);
        let refused = |name| streams(&definition, "4f", Some(name)).unwrap_err().0;
        assert!(refused("mute").starts_with("no log is kept of mute"));
        assert_eq!(refused("none"), "task 4f has no container none");
    }
}
