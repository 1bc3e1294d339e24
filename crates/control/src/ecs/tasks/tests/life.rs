//! A task's life from its host's reports, and how each end is told.

use super::*;

/// What a task says of its end.
fn end(task: &Value) -> (&str, &str, &str) {
    let text = |name: &str| task[name].as_str().unwrap_or_default();
    (text("lastStatus"), text("stopCode"), text("stoppedReason"))
}

#[test]
fn from_pending_over_activating_to_running() {
    let mut fixture = Fixture::new();
    let id = fixture.start();
    let before = fixture.task(&id)["version"].as_i64();
    fixture.container(&id, "web");
    fixture.tasks.get_mut(id.as_str()).unwrap().pull_started_at = Some(1_200);
    fixture.world.now = 1_250;
    fixture.sync();
    let task = fixture.task(&id);
    assert_eq!((&task["lastStatus"], &task["attachments"][0]["status"]), (&json!("PENDING"), &json!("ATTACHED")));
    assert_eq!(
        (&task["connectivity"], &task["connectivityAt"], &task["pullStartedAt"]),
        (&json!("CONNECTED"), &json!(1.25), &json!(1.2))
    );

    fixture.tasks.get_mut(id.as_str()).unwrap().pull_stopped_at = Some(1_400);
    *fixture.container(&id, "api") = running();
    fixture.sync();
    assert_eq!(fixture.status(&id), "ACTIVATING");

    fixture.world.now = 3_000;
    *fixture.container(&id, "web") = running();
    fixture.sync();
    let task = fixture.task(&id);
    assert_eq!(
        (&task["lastStatus"], &task["startedAt"], &task["pullStoppedAt"]),
        (&json!("RUNNING"), &json!(3), &json!(1.4))
    );
    let web = &task["containers"][0];
    assert_eq!(
        (&web["lastStatus"], &web["runtimeId"], &web["imageDigest"]),
        (&json!("RUNNING"), &json!("runtime"), &json!("sha256:1"))
    );
    assert!(task["version"].as_i64() > before);
    let revision = fixture.world.state.revision;
    fixture.sync();
    assert_eq!(fixture.world.state.revision, revision, "a report that says nothing new is kept nowhere");
}

#[test]
fn stopped_by_a_user_it_is_told_to_stop_then_withdrawn_then_gone() {
    let mut fixture = Fixture::new();
    let id = fixture.start();
    fixture.run(&id);
    let before = fixture.world.state.revision;
    let answer = fixture.world.ecs("StopTask", json!({"task": id, "reason": "enough"}));
    let task = &answer["task"];
    assert_eq!((&task["lastStatus"], &task["desiredStatus"]), (&json!("RUNNING"), &json!("STOPPED")));
    assert_eq!(fixture.status(&id), "STOPPING");
    assert_eq!(told(&fixture.world.state)[id.as_str()], Desired::Stopped);

    // A report from before says nothing of the end.
    fixture.sync_at(before);
    assert_eq!(fixture.status(&id), "STOPPING");

    *fixture.container(&id, "web") = ended(143);
    fixture.sync();
    assert_eq!(fixture.status(&id), "STOPPING", "one container still runs");
    *fixture.container(&id, "api") = ended(137);
    fixture.sync();
    let task = fixture.task(&id);
    assert_eq!(task["lastStatus"], "DEPROVISIONING");
    assert_eq!(task["attachments"][0]["status"], "DETACHING");
    assert!(told(&fixture.world.state).is_empty(), "the host is told that there is no such task");

    fixture.world.now = 9_000;
    fixture.tasks.clear();
    fixture.sync();
    let task = fixture.task(&id);
    assert_eq!(end(&task), ("STOPPED", "UserInitiated", "enough"));
    assert_eq!(task["attachments"][0]["status"], "DELETED");
    assert_eq!([&task["containers"][0]["exitCode"], &task["containers"][1]["exitCode"]], [&json!(143), &json!(137)]);
    assert_eq!(task["stoppedAt"], 9);
    assert!(fixture.world.state.network_interfaces.is_empty());

    let again = fixture.world.ecs("StopTask", json!({"task": id, "reason": "more"}));
    assert_eq!(end(&again["task"]), ("STOPPED", "UserInitiated", "enough"), "it keeps its first reason");
}

#[test]
fn an_address_is_not_free_before_its_host_has_observed_the_withdrawal() {
    let mut fixture = Fixture::new();
    let id = fixture.start();
    fixture.run(&id);
    fixture.world.ecs("StopTask", json!({"task": id}));
    for name in ["web", "api"] {
        *fixture.container(&id, name) = ended(143);
    }
    fixture.sync();
    let withdrawn = fixture.world.state.revision;
    fixture.tasks.clear();
    fixture.sync_at(withdrawn - 1);
    assert_eq!(fixture.status(&id), "DEPROVISIONING");
    assert_eq!(fixture.world.state.network_interfaces.len(), 1);
    fixture.sync_at(withdrawn);
    assert_eq!(fixture.status(&id), "STOPPED");
    assert!(fixture.world.state.network_interfaces.is_empty());
}

#[test]
fn the_end_of_an_essential_container_is_the_tasks() {
    let mut fixture = Fixture::new();
    let id = fixture.start();
    fixture.run(&id);
    *fixture.container(&id, "web") = ContainerStatus {
        reason: Some("OutOfMemoryError: Container killed due to memory usage".to_owned()),
        ..ended(137)
    };
    fixture.sync();
    let task = fixture.task(&id);
    assert_eq!(end(&task), ("STOPPING", "EssentialContainerExited", "Essential container in task exited"));
    assert_eq!(task["containers"][0]["reason"], "OutOfMemoryError: Container killed due to memory usage");
    fixture.end(&id, 143);
    let task = fixture.task(&id);
    assert_eq!(end(&task).0, "STOPPED");
    assert_eq!(task["containers"][0]["exitCode"], 137, "an end is not told twice");
}

#[test]
fn what_fails_to_start_says_why() {
    let mut fixture = Fixture::new();
    let id = fixture.start();
    let reason = "CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to resolve ref web:1: not found";
    fixture.tasks.insert(TaskId::from(id.as_str()), failed(reason));
    fixture.sync();
    fixture.end(&id, 0);
    assert_eq!(end(&fixture.task(&id)), ("STOPPED", "TaskFailedToStart", reason));

    let id = fixture.start();
    let reason = "CannotStartContainerError: exec: \"serve\": executable file not found in $PATH";
    *fixture.container(&id, "web") =
        ContainerStatus { phase: Phase::Stopped, reason: Some(reason.to_owned()), ..ContainerStatus::default() };
    fixture.sync();
    let task = fixture.task(&id);
    assert_eq!(end(&task), ("STOPPING", "TaskFailedToStart", "Task failed to start"));
    assert_eq!(task["containers"][0]["reason"], reason, "only the container says more");
}

#[test]
fn what_fails_later_did_not_fail_to_start() {
    let mut fixture = Fixture::new();
    let id = fixture.start();
    fixture.run(&id);
    let task = fixture.tasks.get_mut(id.as_str()).unwrap();
    task.failure = failed("its disk is full").failure;
    fixture.sync();
    assert_eq!(end(&fixture.task(&id)), ("STOPPING", "EssentialContainerExited", "its disk is full"));
}

#[test]
fn one_that_is_stopped_before_its_host_heard_of_it_leaves_nothing() {
    let mut fixture = Fixture::new();
    let before = fixture.world.state.revision;
    let id = fixture.start();
    fixture.world.ecs("StopTask", json!({"task": id}));
    assert_eq!(fixture.status(&id), "STOPPING");
    fixture.sync_at(before);
    assert_eq!(fixture.status(&id), "STOPPING", "it may be on its way to the host");
    fixture.sync();
    fixture.sync();
    assert_eq!(end(&fixture.task(&id)), ("STOPPED", "UserInitiated", "Task stopped by user"));
    assert!(fixture.world.state.network_interfaces.is_empty());
}

#[test]
fn health_is_the_essential_containers_that_have_a_check() {
    let mut fixture = Fixture::new();
    let mut checked = definition();
    checked["containerDefinitions"][1]["healthCheck"] = json!({"command": ["CMD-SHELL", "true"]});
    fixture.world.ecs("RegisterTaskDefinition", checked);
    let id = fixture.start();
    fixture.run(&id);
    assert_eq!(fixture.task(&id)["healthStatus"], "UNKNOWN");
    for (health, expected) in [(spec::Health::Healthy, "HEALTHY"), (spec::Health::Unhealthy, "UNHEALTHY")] {
        fixture.container(&id, "api").health = health;
        fixture.sync();
        let task = fixture.task(&id);
        assert_eq!((&task["healthStatus"], &task["lastStatus"]), (&json!(expected), &json!("RUNNING")));
        assert_eq!(task["containers"][1]["healthStatus"], expected);
    }
}

#[test]
fn a_stopped_task_is_described_for_an_hour() {
    let mut fixture = Fixture::new();
    let id = fixture.start();
    fixture.run(&id);
    fixture.world.ecs("StopTask", json!({"task": id}));
    fixture.end(&id, 0);
    let deadline = crate::controllers::deadline(&fixture.world.state).unwrap();
    fixture.world.now += 3_599_999;
    fixture.sync();
    assert_eq!(fixture.status(&id), "STOPPED");
    fixture.world.now += 1;
    assert!(fixture.world.now >= deadline);
    fixture.sync();
    let gone = fixture.world.ecs("DescribeTasks", json!({"tasks": [id]}));
    assert_eq!(gone["failures"][0]["reason"], "MISSING");
}

#[test]
fn a_task_keeps_its_interface_until_its_output_is_delivered() {
    let mut fixture = Fixture::new();
    let id = fixture.start();
    fixture.run(&id);
    for name in ["web", "api"] {
        *fixture.container(&id, name) = ended(3);
    }
    fixture.tasks.get_mut(id.as_str()).unwrap().shipping = true;
    fixture.sync();
    let task = fixture.task(&id);
    assert_eq!((&task["lastStatus"], &task["containers"][0]["lastStatus"]), (&json!("STOPPING"), &json!("STOPPED")));
    assert_eq!(task["containers"][0]["exitCode"], 3);
    assert!(told(&fixture.world.state).contains_key(id.as_str()), "its host still has it");
    fixture.sync();
    assert_eq!(fixture.status(&id), "STOPPING");
    fixture.tasks.get_mut(id.as_str()).unwrap().shipping = false;
    fixture.sync();
    assert_eq!(fixture.status(&id), "DEPROVISIONING");
    assert!(told(&fixture.world.state).is_empty());
    fixture.tasks.clear();
    fixture.sync();
    assert_eq!(fixture.status(&id), "STOPPED");
}
