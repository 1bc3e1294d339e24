//! Hosts that come, go and come back, what becomes of their tasks, and how long it all takes.

use crate::{
    ecs::tasks::tests::{Fixture, capacity, told},
    host::{Heard, host_spec, must_observe, report},
    state::Status,
};
use serde_json::json;
use spec::{HostId, HostStatus, SyncRequest, TaskId, TaskStatus};
use std::{collections::BTreeMap, time::Instant};

const LEASE: i64 = 60_000;

fn speaks(fixture: &mut Fixture, host: &str, incarnation: i64, sequence: u64, observed: u64) -> Heard {
    let status = HostStatus {
        balancing: Default::default(),
        host: HostId::from(host),
        incarnation,
        sequence,
        observed,
        networked: observed,
        tasks: BTreeMap::new(),
    };
    let request = SyncRequest { status, capacity: capacity("amd64") };
    fixture.world.transact(|tx| Ok(report(tx, &request))).unwrap()
}

#[test]
fn a_host_that_is_silent_for_two_leases_is_given_up_with_its_tasks() {
    let mut fixture = Fixture::new();
    let id = fixture.start();
    fixture.run(&id);
    let last = fixture.world.now;
    fixture.world.now = last + 2 * LEASE;
    fixture.world.transact(|_| Ok(())).unwrap();
    assert_eq!(fixture.status(&id), "RUNNING", "it may still run");
    assert_eq!(super::deadline(&fixture.world.state), Some(last + 2 * LEASE + 1));

    fixture.world.now += 1;
    fixture.world.transact(|_| Ok(())).unwrap();
    let task = fixture.task(&id);
    assert_eq!((&task["lastStatus"], &task["stopCode"]), (&json!("STOPPED"), &json!("InfrastructureHealth")));
    assert!(task["stoppedReason"].as_str().unwrap().contains("was given up"));
    assert!(fixture.world.state.network_interfaces.is_empty());

    // The next task waits for a host.
    let next = fixture.start();
    assert_eq!(fixture.status(&next), "PENDING");
    let lost = fixture.world.state.hosts.get("host").unwrap().lost.unwrap();
    fixture.sync();
    assert!(told(&fixture.world.state).is_empty(), "it still says that it runs what it was robbed of");
    fixture.tasks.clear();
    fixture.sync_at(lost - 1);
    assert!(told(&fixture.world.state).is_empty(), "it does not know yet that it was given up");
    assert!(must_observe(&fixture.world.state, &HostId::from("host")) >= lost);
    fixture.sync_at(lost);
    assert!(told(&fixture.world.state).contains_key(next.as_str()));
}

#[test]
fn reports_out_of_order_count_for_nothing() {
    let mut fixture = Fixture::new();
    let id = fixture.start();
    fixture.run(&id);
    let observed = fixture.world.state.revision;
    assert_eq!(speaks(&mut fixture, "host", 1, 1, observed), Heard::Stale);
    assert_eq!(speaks(&mut fixture, "host", 0, 99, observed), Heard::Stale, "an earlier start of the agent");
    assert_eq!(fixture.status(&id), "RUNNING");
    assert_eq!(speaks(&mut fixture, "host", 2, 1, observed), Heard::Taken);
    let task = fixture.task(&id);
    assert_eq!(task["stopCode"], "InfrastructureHealth");
    assert_eq!(task["stoppedReason"], "The host of the task has restarted and does not run it any more.");
    fixture.sync();
    assert_eq!(fixture.status(&id), "DEPROVISIONING", "the first agent is not heard any more");
    let observed = fixture.world.state.revision;
    speaks(&mut fixture, "host", 2, 2, observed);
    assert_eq!(fixture.status(&id), "STOPPED");
}

#[test]
fn tasks_go_where_the_least_is_promised() {
    let mut fixture = Fixture::new();
    speaks(&mut fixture, "other", 1, 1, 0);
    for _ in 0..6 {
        fixture.start();
    }
    let on = |name: &str| host_spec(&fixture.world.state, &HostId::from(name)).tasks.len();
    assert_eq!((on("host"), on("other")), (3, 3));
}

#[test]
fn a_spec_grows_with_the_revision_only() {
    let mut fixture = Fixture::new();
    fixture.start();
    let host = HostId::from("host");
    let before = host_spec(&fixture.world.state, &host);
    fixture.world.ecs("CreateCluster", json!({"clusterName": "other"}));
    let after = host_spec(&fixture.world.state, &host);
    assert!(after.revision > before.revision);
    assert_eq!((before.tasks, before.topology), (after.tasks, after.topology));
    assert_eq!(host_spec(&fixture.world.state, &HostId::from("unknown")).tasks.len(), 0);
}

/// Run with `cargo test --release -p control -- --ignored --nocapture run_task_among`.
#[test]
#[ignore = "a measurement"]
fn run_task_among_a_thousand_others() {
    let mut fixture = Fixture::new();
    let ec2 = |fixture: &mut Fixture, operation: &str, request| {
        fixture.world.call(&aws::api::ec2::API, operation, request).unwrap()
    };
    let vpc = ec2(&mut fixture, "CreateVpc", json!({"CidrBlock": "10.1.0.0/16"}))["vpc"]["vpcId"].clone();
    let made = ec2(&mut fixture, "CreateSubnet", json!({"VpcId": vpc, "CidrBlock": "10.1.0.0/18"}));
    fixture.subnet = made["subnet"]["subnetId"].as_str().unwrap().to_owned();
    let ten = fixture.request_with(json!({"count": 10}));
    for _ in 0..100 {
        fixture.world.ecs("RunTask", ten.clone());
    }
    let ids: Vec<TaskId> = fixture.world.state.tasks.iter().map(|task| task.id.clone()).collect();
    for id in &ids {
        for name in ["web", "api"] {
            *fixture.container(id, name) = crate::ecs::tasks::tests::running();
        }
    }
    let time = |what: &str, times: u32, mut run: Box<dyn FnMut() + '_>| {
        let began = Instant::now();
        (0..times).for_each(|_| run());
        println!("{what}: {:.0?} each", began.elapsed() / times);
    };
    time("a report that starts 1,000 tasks", 1, Box::new(|| fixture.sync()));
    assert!(fixture.world.state.tasks.iter().all(|task| task.status == Status::Running));
    time("a report of 1,000 tasks with nothing new", 50, Box::new(|| fixture.sync()));
    time("a transaction that does nothing", 200, Box::new(|| fixture.world.transact(|_| Ok(())).unwrap()));
    time("RunTask of one task", 50, Box::new(|| drop(fixture.start())));
    let started: Vec<TaskId> =
        fixture.world.state.tasks.iter().filter(|t| t.status != Status::Running).map(|t| t.id.clone()).collect();
    assert_eq!(started.len(), 50);
    let host = HostId::from("host");
    time("host_spec of 1,050 tasks", 20, Box::new(|| drop(host_spec(&fixture.world.state, &host))));
    let mut rest = started.iter();
    time(
        "a report with one task more",
        50,
        Box::new(|| {
            fixture.tasks.insert(rest.next().unwrap().clone(), TaskStatus::default());
            fixture.sync();
        }),
    );
    for id in &ids {
        fixture.world.ecs("StopTask", json!({"task": id.as_str()}));
        fixture.tasks.remove(id);
    }
    fixture.sync();
    fixture.sync();
    assert_eq!(fixture.world.state.stopped_tasks.len(), 1000);
    time("RunTask beside 1,000 stopped tasks", 50, Box::new(|| drop(fixture.start())));
}
