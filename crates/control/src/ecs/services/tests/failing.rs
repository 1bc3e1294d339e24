//! Tasks that don't start, don't stay or are not healthy, and what the service makes of it.

use super::*;

const CANNOT_PULL: &str = "CannotPullContainerError: pull image manifest has been retried 1 time(s): not found";

#[test]
fn tasks_that_never_run_are_tried_ever_more_rarely() {
    let mut region = Region::with(1, json!({}));
    let mut starts = Vec::new();
    let begin = region.fixture.world.now;
    let mut known = Vec::new();
    for _ in 0..200 {
        for task in region.tasks() {
            if !known.contains(&task) {
                starts.push((region.fixture.world.now - begin) / 1000);
                known.push(task);
            }
        }
        region.fail(CANNOT_PULL);
        region.pass(1);
    }
    assert_eq!(starts, [0, 5, 10, 20, 40, 80, 160]);
    let said = region.events();
    let impaired = said.iter().filter(|event| *event == "is unable to consistently start tasks successfully.");
    assert_eq!(impaired.count(), 1, "it is said once in six hours");
    assert_eq!(region.describe()["deployments"][0]["failedTasks"], 7);
    // Another revision starts at once.
    region.update(json!({"forceNewDeployment": true}));
    assert_eq!(region.tasks().len(), 1);
}

#[test]
fn what_can_not_be_placed_is_said_and_tried_again() {
    let mut region = Region::with(1, json!({}));
    region.settle();
    region.ecs("UpdateService", json!({"service": "site", "desiredCount": 0}));
    region.end_stopped();
    region.pass(2);
    let subnet = region.fixture.subnet.clone();
    let gone = region.fixture.world.call(&aws::api::ec2::API, "DeleteSubnet", json!({"SubnetId": subnet}));
    gone.unwrap();
    region.update(json!({"desiredCount": 1}));
    region.pass(60);
    let said = region.events();
    let unplaced: Vec<&String> =
        said.iter().filter(|event| event.starts_with("was unable to place a task. ")).collect();
    assert_eq!(unplaced.len(), 1);
    assert!(unplaced[0].contains(&subnet), "{unplaced:?}");
    assert!(said.contains(&"is unable to consistently start tasks successfully.".to_owned()));
}

fn breaker(rollback: bool) -> Value {
    json!({"deploymentConfiguration": {"deploymentCircuitBreaker": {"enable": true, "rollback": rollback}}})
}

#[test]
fn three_failures_of_one_task_break_the_circuit_and_the_last_revision_is_back_with_its_tasks() {
    let mut region = Region::with(1, breaker(true));
    region.settle();
    let good = region.tasks();
    let before = region.describe()["deployments"][0]["id"].as_str().unwrap().to_owned();
    region.register_another();
    let failing = region.update(json!({"taskDefinition": "web"}))["deployments"][0]["id"].as_str().unwrap().to_owned();
    let seen = region.events().len();
    for _ in 0..20 {
        for task in region.tasks().into_iter().filter(|task| !good.contains(task)) {
            let failure = Some(spec::TaskFailure { reason: CANNOT_PULL.to_owned() });
            region.fixture.tasks.insert(task.as_str().into(), TaskStatus { failure, ..TaskStatus::default() });
            region.fixture.sync();
            region.fixture.end(&task, 1);
        }
        region.pass(1);
    }
    assert_eq!(region.tasks(), good, "the good task was never touched");
    let service = region.describe();
    let deployment = &service["deployments"][0];
    assert_eq!(service["deployments"].as_array().unwrap().len(), 1);
    assert_eq!((&deployment["id"], &deployment["rolloutState"]), (&json!(before), &json!("COMPLETED")));
    assert_eq!(service["taskDefinition"], "arn:aws:ecs:us-east-1:123456789012:task-definition/web:1");
    let others = ["has started", "is unable to consistently"];
    let other = |event: &&String| !others.iter().any(|start| event.starts_with(start));
    let said: Vec<String> = region.events()[seen..].iter().filter(other).cloned().collect();
    assert_eq!(
        said,
        [
            format!("(deployment {failing}) deployment failed: tasks failed to start."),
            format!("rolling back to deployment {before}."),
            format!("(deployment {before}) deployment completed."),
            "has reached a steady state.".to_owned(),
        ]
    );
    let history = region.ecs("ListServiceDeployments", json!({"service": "site"}))["serviceDeployments"].clone();
    assert_eq!((&history[0]["status"], &history[1]["status"]), (&json!("ROLLBACK_SUCCESSFUL"), &json!("SUCCESSFUL")));
    let arn = &history[0]["serviceDeploymentArn"];
    let of = region.ecs("DescribeServiceDeployments", json!({"serviceDeploymentArns": [arn]}))["serviceDeployments"][0]
        .clone();
    assert_eq!(of["deploymentCircuitBreaker"], json!({"status": "TRIGGERED", "failureCount": 3, "threshold": 3}));
    assert_eq!(of["rollback"]["reason"], "ECS deployment circuit breaker: tasks failed to start.");
    assert!(of["rollback"]["serviceRevisionArn"].as_str().unwrap().ends_with(&before[8..]));
}

#[test]
fn without_a_rollback_a_failed_deployment_starts_nothing_more() {
    let mut region = Region::with(1, breaker(false));
    for _ in 0..30 {
        region.fail(CANNOT_PULL);
        region.pass(1);
    }
    let service = region.describe();
    let deployment = &service["deployments"][0];
    assert_eq!((&deployment["rolloutState"], &deployment["failedTasks"]), (&json!("FAILED"), &json!(3)));
    assert_eq!(deployment["rolloutStateReason"], "ECS deployment circuit breaker: tasks failed to start.");
    region.pass(1_000);
    assert!(region.tasks().is_empty());
}

#[test]
fn a_task_that_fails_its_container_health_checks_is_replaced() {
    let mut checked = definition();
    checked["containerDefinitions"][0]["healthCheck"] = json!({"command": ["CMD", "true"]});
    let mut region = Region::new();
    region.ecs("RegisterTaskDefinition", checked);
    let mut request = region.request(1);
    request["taskDefinition"] = json!("web:2");
    region.ecs("CreateService", request);
    region.run();
    let first = region.tasks().remove(0);
    region.pass(60);
    assert_eq!(region.describe()["deployments"][0]["rolloutState"], "IN_PROGRESS", "its health is not known yet");
    region.fixture.container(&first, "web").health = spec::Health::Healthy;
    region.pass(1);
    assert_eq!(region.describe()["deployments"][0]["rolloutState"], "COMPLETED");
    region.fixture.container(&first, "web").health = spec::Health::Unhealthy;
    region.pass(1);
    let both = region.tasks();
    let second = both.iter().find(|task| **task != first).unwrap().clone();
    assert_eq!(both.len(), 2, "the new one comes first");
    assert_eq!(
        region.events().last().unwrap(),
        &format!("has started 1 tasks: (task {second}). Amazon ECS replaced 1 tasks due to an unhealthy status.")
    );
    region.fixture.run(&second);
    region.fixture.container(&second, "web").health = spec::Health::Healthy;
    region.pass(1);
    assert_eq!(region.tasks(), [second]);
    let task = region.fixture.task(&first);
    assert_eq!(
        (&task["stopCode"], &task["stoppedReason"]),
        (&json!("ServiceSchedulerInitiated"), &json!("Task failed container health checks"))
    );
    let said = region.events();
    let at = said.iter().position(|event| *event == format!("(task {first}) failed container health checks."));
    assert_eq!(said[at.unwrap() + 1], format!("has stopped 1 running tasks: (task {first})."));
}

#[test]
fn bounds_that_leave_no_room_are_said() {
    let bounds = json!({"deploymentConfiguration": {"minimumHealthyPercent": 100, "maximumPercent": 100}});
    let mut region = Region::with(1, bounds);
    region.settle();
    region.update(json!({"forceNewDeployment": true}));
    region.pass(5);
    assert_eq!(
        region.events().last().unwrap(),
        "was unable to stop or start tasks during a deployment because of the service deployment configuration. \
         Update the minimumHealthyPercent or maximumPercent value and try again."
    );
    region.update(json!({"deploymentConfiguration": {"minimumHealthyPercent": 0}}));
    region.settle();
    assert_eq!(region.describe()["deployments"].as_array().unwrap().len(), 1);
}
