//! Services behind load balancers: targets come, are healthy or not, and go.

use super::*;
use crate::state::Status;
use spec::balancing::{TargetHealth, TargetStatus, Unhealthy};

/// A region with an internal load balancer that forwards to a target group, and the ARN of that.
fn region() -> (Region, String) {
    let mut region = Region::new();
    let vpc = region.fixture.world.state.vpcs.iter().next().unwrap().id.to_string();
    let mut subnets = Vec::new();
    for (cidr, zone) in [("10.0.0.64/27", "us-east-1a"), ("10.0.0.96/27", "us-east-1b")] {
        let request = json!({"VpcId": vpc, "CidrBlock": cidr, "AvailabilityZone": zone});
        let made = region.fixture.world.call(&aws::api::ec2::API, "CreateSubnet", request).unwrap();
        subnets.push(made["subnet"]["subnetId"].clone());
    }
    let balancer = json!({"Name": "lb", "Subnets": subnets, "Scheme": "internal"});
    let balancer = elb(&mut region, "CreateLoadBalancer", balancer)["LoadBalancers"][0]["LoadBalancerArn"].clone();
    let group = group(&mut region, &vpc, "web");
    let actions = json!([{"Type": "forward", "TargetGroupArn": group}]);
    let listener = json!({"LoadBalancerArn": balancer, "Protocol": "HTTP", "Port": 80, "DefaultActions": actions});
    elb(&mut region, "CreateListener", listener);
    region.pass(1);
    (region, group)
}

fn elb(region: &mut Region, operation: &str, request: Value) -> Value {
    let answer = region.fixture.world.call(&aws::api::elbv2::API, operation, request);
    answer.unwrap_or_else(|fault| panic!("{operation}: {fault}"))
}

fn group(region: &mut Region, vpc: &str, name: &str) -> String {
    let request = json!({"Name": name, "Protocol": "HTTP", "Port": 80, "VpcId": vpc, "TargetType": "ip"});
    let made = elb(region, "CreateTargetGroup", request)["TargetGroups"][0]["TargetGroupArn"].clone();
    let delay = json!([{"Key": "deregistration_delay.timeout_seconds", "Value": "30"}]);
    elb(region, "ModifyTargetGroupAttributes", json!({"TargetGroupArn": made, "Attributes": delay}));
    made.as_str().unwrap().to_owned()
}

fn balanced(desired: u32, more: Value) -> (Region, String) {
    let (mut region, group) = region();
    let mut request = region.request(desired);
    request["loadBalancers"] = json!([{"targetGroupArn": group, "containerName": "web", "containerPort": 80}]);
    more.as_object().unwrap().iter().for_each(|(name, value)| request[name] = value.clone());
    region.ecs("CreateService", request);
    (region, group)
}

/// Every node of the load balancer finds each target as it is told; of those it is not told of, nothing.
fn found(region: &mut Region, health: impl Fn(&str) -> Option<TargetHealth>) {
    let state = &region.fixture.world.state;
    let nodes: Vec<_> = state.load_balancers.iter().flat_map(|of| of.nodes.values().cloned()).collect();
    let mut all: std::collections::BTreeMap<_, std::collections::BTreeMap<_, std::collections::BTreeMap<_, _>>> =
        Default::default();
    for target in state.targets.iter() {
        let address = target.address.0.ip();
        let here = |interface: &crate::state::Interface| interface.private_ip == address;
        let task = state.tasks.iter().find(|task| task.attachment.interface.as_ref().is_some_and(here));
        let Some(health) = task.and_then(|task| health(&task.id)) else { continue };
        for node in &nodes {
            let status = TargetStatus { since: target.since, health: health.clone(), active: 0 };
            let of_node = all.entry(target.group.clone()).or_default().entry(node.clone()).or_default();
            of_node.insert(target.address, status);
        }
    }
    region.fixture.balancing.health = all;
    region.pass(1);
}

/// Every target is healthy.
fn healthy(region: &mut Region) {
    found(region, |_| Some(TargetHealth::Healthy));
}

#[test]
fn a_task_runs_when_it_is_registered_and_counts_when_its_target_is_healthy() {
    let (mut region, group) = balanced(2, json!({}));
    region.run();
    let service = region.describe();
    assert_eq!((&service["runningCount"], &service["loadBalancers"][0]["containerPort"]), (&json!(2), &json!(80)));
    assert_eq!(region.fixture.world.state.targets.len(), 2);
    region.pass(60);
    assert_eq!(region.describe()["deployments"][0]["rolloutState"], "IN_PROGRESS");
    healthy(&mut region);
    assert_eq!(region.describe()["deployments"][0]["rolloutState"], "COMPLETED");
    let registered =
        region.events().iter().filter(|event| event.starts_with("registered ")).cloned().collect::<Vec<_>>();
    assert_eq!(registered, vec![format!("registered 1 targets in (target-group {group})"); 2]);
}

#[test]
fn a_task_goes_on_until_its_target_is_unused() {
    let (mut region, group) = balanced(1, json!({}));
    region.run();
    healthy(&mut region);
    let task = region.tasks().remove(0);
    let deployment = region.describe()["deployments"][0]["id"].as_str().unwrap().to_owned();
    region.update(json!({"desiredCount": 0}));
    region.pass(29);
    assert_eq!(region.fixture.status(&task), "DEACTIVATING");
    assert_eq!(crate::ecs::tasks::tests::told(&region.fixture.world.state)[task.as_str()], spec::Desired::Running);
    let said = region.events();
    assert_eq!(
        said[said.len() - 3..],
        [
            format!("has stopped 1 running tasks: (task {task})."),
            format!("deregistered 1 targets in (target-group {group})"),
            format!("(service site, taskSet {deployment}) has begun draining connections on 1 tasks."),
        ]
    );
    region.pass(3);
    assert_eq!(region.fixture.status(&task), "STOPPING");
    region.end_stopped();
    assert_eq!(region.fixture.status(&task), "STOPPED");
}

#[test]
fn a_crashed_task_keeps_its_address_until_its_target_is_unused() {
    let (mut region, _) = balanced(1, json!({}));
    region.run();
    healthy(&mut region);
    let task = region.tasks().remove(0);
    region.pass(10);
    region.fixture.end(&task, 1);
    assert_eq!(region.tasks().len(), 1, "it is replaced at once");
    let status = region.fixture.world.state.tasks.get(task.as_str()).unwrap().status;
    assert_eq!(status, Status::Deprovisioning);
    region.pass(33);
    assert_eq!(region.fixture.status(&task), "STOPPED");
}

#[test]
fn an_unhealthy_target_costs_the_task_its_place_after_the_grace_period() {
    let (mut region, group) = balanced(1, json!({"healthCheckGracePeriodSeconds": 30}));
    region.run();
    let first = region.tasks().remove(0);
    let bad = || Some(TargetHealth::Unhealthy(Unhealthy::ResponseCodeMismatch(502)));
    found(&mut region, |_| bad());
    region.pass(25);
    assert_eq!(region.tasks(), std::slice::from_ref(&first));
    region.pass(10);
    assert_eq!(region.tasks().len(), 2);
    let second = region.tasks().into_iter().find(|task| *task != first).unwrap();
    region.fixture.run(&second);
    found(&mut region, |task| if task == first { bad() } else { Some(TargetHealth::Healthy) });
    assert_eq!(region.tasks(), [second]);
    let said = region.events();
    let why = format!(
        "(task {first}) (port 80) is unhealthy in (target-group {group}) due to (reason Health checks failed with these codes: [502])."
    );
    assert!(said.contains(&why), "{said:?}");
    let task = region.fixture.task(&first);
    assert_eq!(task["stoppedReason"], format!("Task failed ELB health checks in (target-group {group})"));
}

#[test]
fn target_groups_that_do_not_fit_are_refused() {
    let (mut region, used) = region();
    let vpc = region.fixture.world.state.vpcs.iter().next().unwrap().id.to_string();
    let lonely = group(&mut region, &vpc, "lonely");
    let request = json!({"Name": "instances", "VpcId": vpc, "Protocol": "HTTP", "Port": 80});
    let instances = elb(&mut region, "CreateTargetGroup", request)["TargetGroups"][0]["TargetGroupArn"].clone();
    let instances = instances.as_str().unwrap().to_owned();
    let gone = format!("{}{}", used.rsplit_once('/').unwrap().0, "/0000000000000000");
    let of = |group: &str, container: &str, port: i32| json!([{"targetGroupArn": group, "containerName": container, "containerPort": port}]);
    let both = json!([{"targetGroupArn": used, "loadBalancerName": "x", "containerName": "web", "containerPort": 80}]);
    let six = Value::Array(vec![of(&used, "web", 80)[0].clone(); 6]);
    let bad = [
        (of(&used, "db", 80), "The container db does not exist in the task definition.".to_owned()),
        (of(&used, "web", 81), "The container web did not have a container port 81 defined.".to_owned()),
        (of(&gone, "web", 80), "The specified target group does not exist.".to_owned()),
        (
            of(&lonely, "web", 80),
            format!("The target group with targetGroupArn {lonely} does not have an associated load balancer."),
        ),
        (
            of(&instances, "web", 80),
            format!(
                "The provided target group {instances} has target type instance, which is incompatible with the awsvpc network mode specified in the task definition."
            ),
        ),
        (both, "loadBalancerName and targetGroupArn cannot both be specified.".to_owned()),
        (
            json!([{"loadBalancerName": "x", "containerName": "web", "containerPort": 80}]),
            "Classic Load Balancers are not supported with Fargate.".to_owned(),
        ),
        (six, "loadBalancers can have at most 5 items.".to_owned()),
    ];
    for (balancers, why) in bad {
        let mut request = region.request(1);
        request["loadBalancers"] = balancers;
        assert_eq!(region.refuses("CreateService", request), format!("InvalidParameterException: {why}"));
    }
}

#[test]
fn a_target_of_which_nothing_is_known_again_stays_what_it_was() {
    let (mut region, _) = balanced(1, json!({}));
    region.run();
    healthy(&mut region);
    let said = region.events();
    found(&mut region, |_| None);
    healthy(&mut region);
    assert_eq!(region.events(), said, "a server that starts anew knows nothing at first");
}

#[test]
fn an_interrupted_task_is_told_to_end_at_once_and_keeps_its_address_until_its_target_is_gone() {
    let (mut region, group) = region();
    let providers =
        json!({"cluster": "default", "capacityProviders": ["FARGATE_SPOT"], "defaultCapacityProviderStrategy": []});
    region.ecs("PutClusterCapacityProviders", providers);
    let mut request = region.request(1);
    request.as_object_mut().unwrap().remove("launchType");
    request["capacityProviderStrategy"] = json!([{"capacityProvider": "FARGATE_SPOT"}]);
    request["loadBalancers"] = json!([{"targetGroupArn": group, "containerName": "web", "containerPort": 80}]);
    region.ecs("CreateService", request);
    region.run();
    healthy(&mut region);
    let task = region.tasks().remove(0);
    let address = |region: &Region, id: &str| {
        region.fixture.world.state.tasks.get(id).unwrap().attachment.interface.as_ref().unwrap().private_ip
    };
    let before = address(&region, &task);
    region.fixture.world.transact(|tx| crate::ecs::interrupt(tx, &task)).unwrap();
    assert_eq!(crate::ecs::tasks::tests::told(&region.fixture.world.state)[task.as_str()], spec::Desired::Stopped);
    region.pass(1);
    let targets: Vec<bool> =
        region.fixture.world.state.targets.iter().map(|target| target.draining.is_some()).collect();
    assert_eq!(targets, [true], "it gets nothing new");
    let described = region.ecs("DescribeTasks", json!({"tasks": [task]}))["tasks"][0].clone();
    assert_eq!(
        (&described["stopCode"], &described["stoppedReason"]),
        (&json!("SpotInterruption"), &json!("Your Spot Task was interrupted."))
    );
    // Another takes its place, while its target is draining: at another address.
    region.run();
    let other = region.tasks().remove(0);
    assert_ne!(task, other);
    assert_ne!(address(&region, &other), before);
    region.end_stopped();
    region.pass(20);
    let taken = |region: &Region| {
        region.fixture.world.state.network_interfaces.iter().any(|interface| interface.private_ip == before)
    };
    assert!(taken(&region), "a connection from a load balancer may still be there");
    region.pass(12);
    assert!(!taken(&region));
    let refusal = region.fixture.world.transact(|tx| crate::ecs::interrupt(tx, "none")).unwrap_err().to_string();
    assert!(refusal.contains("was not found"), "{refusal}");
}
