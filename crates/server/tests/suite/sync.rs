//! A host at the other end of the wire.

use crate::common::{Client, Running, config};
use serde_json::{Value, json};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

fn say(client: &mut Client<UnixStream>, sequence: u64, observed: u64, tasks: Value) -> (u16, Value) {
    let body = json!({
        "status": { "host": "h1", "incarnation": 1, "sequence": sequence, "observed": observed,
            "networked": observed, "tasks": tasks },
        "capacity": { "cpu": 4096, "memory": 8_589_934_592_u64, "architecture": "amd64" },
    });
    let answer = client.request("POST", "/_neargate/sync", &[], body.to_string().as_bytes()).unwrap();
    (answer.status, serde_json::from_str(&answer.body).unwrap())
}

#[test]
fn a_host_is_told_once_then_held_until_there_is_news() {
    let dir = tempfile::tempdir().unwrap();
    let mut config = config(dir.path());
    config.limits.hold = Duration::from_millis(300);
    let running = Running::start(config).unwrap();
    let host = &mut running.connect_unix();
    let (status, told) = say(host, 1, 0, json!({}));
    assert_eq!((status, told["lease"].as_i64()), (200, Some(60_000)));
    let revision = told["spec"]["revision"].as_u64().unwrap();
    let begun = Instant::now();
    assert_eq!(say(host, 2, revision, json!({})).1["spec"], Value::Null);
    assert!(begun.elapsed() >= Duration::from_millis(300), "it was held");
    let committed = || -> Value {
        serde_json::from_str(&running.connect().request("GET", "/_neargate/health", &[], b"").unwrap().body).unwrap()
    };
    let before = committed()["revision"].clone();
    assert_eq!(say(host, 3, revision, json!({})).0, 200);
    assert_eq!(committed()["revision"], before, "a report that says nothing new is not written down");
    let (stale, why) = say(host, 2, revision, json!({}));
    assert_eq!((stale, why["__type"].as_str()), (409, Some("StaleReport")));
}

#[test]
fn a_placed_task_reaches_a_held_call_and_reset_waits_until_it_is_gone() {
    let dir = tempfile::tempdir().unwrap();
    let running = Running::start(config(dir.path())).unwrap();
    let host = &mut running.connect_unix();
    let revision = say(host, 1, 0, json!({})).1["spec"]["revision"].as_u64().unwrap();

    let mut user = running.connect();
    let run = std::thread::spawn(move || {
        let definition = json!({
            "family": "web", "requiresCompatibilities": ["FARGATE"], "networkMode": "awsvpc", "cpu": "256", "memory": "512",
            "containerDefinitions": [{ "name": "web", "image": "nginx", "essential": true }],
        });
        let answer = user.json("ecs.RegisterTaskDefinition", &definition.to_string()).unwrap();
        assert_eq!(answer.status, 200, "{}", answer.body);
        user.json("ecs.CreateCluster", "{\"clusterName\": \"default\"}").unwrap();
        let subnets = user.ec2("Action=DescribeSubnets").unwrap().body;
        let subnet = subnets.split("<subnetId>").nth(1).unwrap().split('<').next().unwrap().to_owned();
        let task = json!({ "taskDefinition": "web", "launchType": "FARGATE", "networkConfiguration": { "awsvpcConfiguration": { "subnets": [subnet] } } });
        let answer = user.json("ecs.RunTask", &task.to_string()).unwrap();
        assert_eq!(answer.status, 200, "{}", answer.body);
        user
    });
    let (_, told) = say(host, 2, revision, json!({}));
    let mut user = run.join().unwrap();
    let tasks = told["spec"]["tasks"].as_object().unwrap_or_else(|| panic!("{told}"));
    let id = tasks.keys().next().unwrap().clone();
    let shown: Value = serde_json::from_str(&user.request("GET", "/_neargate/tasks", &[], b"").unwrap().body).unwrap();
    let shown = &shown["tasks"][0];
    assert_eq!(
        (shown["task"].as_str(), shown["host"].as_str(), &shown["containers"]),
        (Some(id.as_str()), Some("h1"), &json!(["web"]))
    );
    assert!(shown["privateAddress"].as_str().unwrap().starts_with("172.31."), "{shown}");

    let observed = told["spec"]["revision"].as_u64().unwrap();
    let running_now = json!({ id: { "containers": { "web": { "phase": "Pending", "health": "Unknown" } } } });
    let reset = std::thread::spawn(move || user.request("POST", "/_neargate/reset", &[], b"").unwrap());
    let (_, told) = say(host, 3, observed, running_now.clone());
    assert_eq!(told["spec"]["tasks"], json!({}), "the reset withdraws it");
    let wiped = told["spec"]["revision"].as_u64().unwrap();
    assert!(!reset.is_finished(), "the host has not said yet that it is gone");
    let host = std::thread::spawn({
        let mut host = running.connect_unix();
        move || say(&mut host, 4, wiped, json!({}))
    });
    let answer = reset.join().unwrap();
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert!(
        running.connect().ec2("Action=DescribeVpcs").unwrap().body.contains("172.31.0.0/16"),
        "there is a new default VPC"
    );
    running.stop();
    assert_eq!(host.join().unwrap().0, 200, "a held call is answered when the server stops");
}
