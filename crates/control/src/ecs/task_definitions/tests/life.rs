//! Revisions: numbered, listed, deregistered, deleted, tagged.

use super::{myapp, with};
use crate::testing::World;
use aws::doc::Timestamp;
use proptest::prelude::*;
use serde_json::{Value, json};

const ARN: &str = "arn:aws:ecs:us-east-1:123456789012:task-definition/";

fn register(world: &mut World, family: &str) -> i64 {
    let answer = world.ecs("RegisterTaskDefinition", with(&[("/family", json!(family))]));
    answer["taskDefinition"]["revision"].as_i64().unwrap()
}

fn status(world: &mut World, reference: &str) -> String {
    let answer = world.ecs("DescribeTaskDefinition", json!({"taskDefinition": reference}));
    answer["taskDefinition"]["status"].as_str().unwrap().to_owned()
}

/// The short names on every page of a list.
fn list(world: &mut World, mut request: Value) -> Vec<String> {
    let mut names = Vec::new();
    loop {
        request["maxResults"] = json!(2);
        let page = world.ecs("ListTaskDefinitions", request.clone());
        names.extend(
            page["taskDefinitionArns"].as_array().unwrap().iter().map(|arn| arn.as_str().unwrap().replace(ARN, "")),
        );
        request["nextToken"] = page["nextToken"].clone();
        if request["nextToken"].is_null() {
            return names;
        }
    }
}

#[test]
fn revisions_are_never_given_twice() {
    let mut world = World::new();
    assert_eq!([register(&mut world, "a"), register(&mut world, "a"), register(&mut world, "b")], [1, 2, 1]);
    world.ecs("DeregisterTaskDefinition", json!({"taskDefinition": "a:2"}));
    assert_eq!(register(&mut world, "a"), 3);
    world.ecs("DeregisterTaskDefinition", json!({"taskDefinition": "a:3"}));
    world.ecs("DeleteTaskDefinitions", json!({"taskDefinitions": ["a:3"]}));
    world.now += 3_600_000;
    world.ecs("DeleteTaskDefinitions", json!({"taskDefinitions": ["nothing:1"]}));
    assert_eq!(
        world.ecs_refuses("DescribeTaskDefinition", json!({"taskDefinition": "a:3"})),
        "ClientException: Unable to describe task definition."
    );
    assert_eq!(register(&mut world, "a"), 4);
}

#[test]
fn a_family_means_its_latest_active_revision() {
    let mut world = World::new();
    (0..3).for_each(|n| assert_eq!(register(&mut world, "a"), n + 1));
    world.ecs("DeregisterTaskDefinition", json!({"taskDefinition": format!("{ARN}a:3")}));
    let described = |world: &mut World, reference: &str| {
        world.ecs("DescribeTaskDefinition", json!({"taskDefinition": reference}))["taskDefinition"]["revision"].as_i64()
    };
    assert_eq!(described(&mut world, "a"), Some(2));
    assert_eq!(described(&mut world, "a:1"), Some(1));
    assert_eq!(described(&mut world, &format!("{ARN}a:3")), Some(3));
    assert_eq!(status(&mut world, "a:3"), "INACTIVE");
    for unknown in ["b", "a:4", "aa"] {
        let text = "ClientException: Unable to describe task definition.";
        assert_eq!(world.ecs_refuses("DescribeTaskDefinition", json!({"taskDefinition": unknown})), text);
    }
    let text = "ClientException: Invalid revision number. Number: x";
    assert_eq!(world.ecs_refuses("DescribeTaskDefinition", json!({"taskDefinition": "a:x"})), text);
}

#[test]
fn active_then_inactive_then_deleted() {
    let mut world = World::new();
    (0..2).for_each(|n| assert_eq!(register(&mut world, "a"), n + 1));
    let active = world.ecs("DeleteTaskDefinitions", json!({"taskDefinitions": ["a:1", "b:1", "a"]}));
    assert_eq!(active["taskDefinitions"], json!([]));
    let reasons: Vec<_> =
        active["failures"].as_array().unwrap().iter().map(|f| f["reason"].as_str().unwrap()).collect();
    assert_eq!(
        reasons,
        [
            "The specified task definition is still in ACTIVE status. Please deregister the target and try again.",
            "The specified task definition does not exist. Specify a valid account, family, revision and try again.",
            "The specified task definition identifier is invalid. Specify a valid name or ARN and try again.",
        ]
    );
    world.now = 5_000;
    let gone = world.ecs("DeregisterTaskDefinition", json!({"taskDefinition": "a:1"}));
    assert_eq!(
        (&gone["taskDefinition"]["status"], &gone["taskDefinition"]["deregisteredAt"]),
        (&json!("INACTIVE"), &json!(5))
    );
    world.now = 6_000;
    assert_eq!(world.ecs("DeregisterTaskDefinition", json!({"taskDefinition": "a:1"})), gone, "the first time counts");
    let deleted = world.ecs("DeleteTaskDefinitions", json!({"taskDefinitions": ["a:1"]}));
    assert_eq!(deleted["taskDefinitions"][0]["status"], "DELETE_IN_PROGRESS");
    assert_eq!(status(&mut world, "a:1"), "DELETE_IN_PROGRESS");
    assert_eq!(
        world.ecs_refuses("DeregisterTaskDefinition", json!({"taskDefinition": "a:1"})),
        "ClientException: The task definition could not be deregistered because it is in the process of being deleted."
    );
    assert_eq!(status(&mut world, "a:2"), "ACTIVE");
    assert!(
        world.ecs_refuses("DeregisterTaskDefinition", json!({"taskDefinition": "a"})).starts_with("ClientException")
    );
}

#[test]
fn lists_are_in_order_both_ways() {
    let mut world = World::new();
    for family in ["web", "web-2", "a", "we", "web"] {
        register(&mut world, family);
    }
    (0..10).for_each(|n| assert_eq!(register(&mut world, "we"), n + 2));
    world.ecs("DeregisterTaskDefinition", json!({"taskDefinition": "web:1"}));
    let we = (1..=11).map(|n| format!("we:{n}"));
    let all: Vec<String> =
        ["a:1".to_owned()].into_iter().chain(we).chain(["web:2".to_owned(), "web-2:1".to_owned()]).collect();
    assert_eq!(list(&mut world, json!({})), all);
    assert_eq!(list(&mut world, json!({"sort": "DESC"})), all.iter().rev().cloned().collect::<Vec<_>>());
    assert_eq!(list(&mut world, json!({"familyPrefix": "web"})), ["web:2"], "a whole family, despite its name");
    assert_eq!(list(&mut world, json!({"status": "INACTIVE"})), ["web:1"]);
}

#[test]
fn families_by_prefix_and_status() {
    let mut world = World::new();
    for family in ["web", "web-2", "a"] {
        register(&mut world, family);
    }
    world.ecs("DeregisterTaskDefinition", json!({"taskDefinition": "web:1"}));
    let mut families = |request: Value| world.ecs("ListTaskDefinitionFamilies", request)["families"].clone();
    assert_eq!(families(json!({})), json!(["a", "web", "web-2"]));
    assert_eq!(families(json!({"familyPrefix": "web", "status": "ACTIVE"})), json!(["web-2"]));
    assert_eq!(families(json!({"status": "INACTIVE"})), json!(["web"]));
}

#[test]
fn tags_come_and_go() {
    let mut world = World::new();
    let tag = |key: &str, value: &str| json!({"key": key, "value": value});
    world.ecs("RegisterTaskDefinition", with(&[("/tags", json!([tag("a", "1")]))]));
    let arn = format!("{ARN}myapp:1");
    world.ecs("TagResource", json!({"resourceArn": arn, "tags": [tag("b", "2"), tag("a", "3")]}));
    let described = world.ecs("DescribeTaskDefinition", json!({"taskDefinition": "myapp", "include": ["TAGS"]}));
    assert_eq!(described["tags"], json!([tag("a", "3"), tag("b", "2")]));
    assert_eq!(world.ecs("DescribeTaskDefinition", json!({"taskDefinition": "myapp"}))["tags"], json!([]));
    world.ecs("UntagResource", json!({"resourceArn": arn, "tagKeys": ["a", "never there"]}));
    assert_eq!(world.ecs("ListTagsForResource", json!({"resourceArn": arn}))["tags"], json!([tag("b", "2")]));
    let many: Vec<Value> = (0..50).map(|n| tag(&format!("t{n}"), "")).collect();
    let over = world.ecs_refuses("TagResource", json!({"resourceArn": arn, "tags": many}));
    assert_eq!(over, "InvalidParameterException: A resource can have at most 50 tags.");
    assert_eq!(
        world.ecs("ListTagsForResource", json!({"resourceArn": arn}))["tags"],
        json!([tag("b", "2")]),
        "nothing of it stays"
    );
    let twice = world.ecs_refuses("TagResource", json!({"resourceArn": arn, "tags": [tag("x", ""), tag("x", "")]}));
    assert_eq!(twice, "InvalidParameterException: Duplicate tag key 'x' specified.");
    let missing = world.ecs_refuses("ListTagsForResource", json!({"resourceArn": format!("{ARN}myapp:2")}));
    assert_eq!(missing, "ResourceNotFoundException: The specified resource wasn't found.");
    let cluster = json!({"resourceArn": "arn:aws:ecs:us-east-1:123456789012:cluster/none"});
    assert_eq!(world.ecs_refuses("ListTagsForResource", cluster), "ClusterNotFoundException: Cluster not found.");
}

#[test]
fn a_deleted_revision_lasts_as_long_as_its_tasks() {
    let mut world = World::new();
    let task = run(&mut world);
    world.ecs("DeregisterTaskDefinition", json!({"taskDefinition": "myapp:1"}));
    world.ecs("DeleteTaskDefinitions", json!({"taskDefinitions": ["myapp:1"]}));
    world.now += 3_600_000;
    register(&mut world, "any");
    assert_eq!(status(&mut world, "myapp:1"), "DELETE_IN_PROGRESS", "{task} runs");
}

/// Runs a task in the default cluster and returns its ARN.
fn run(world: &mut World) -> Value {
    world.ecs("CreateCluster", json!({}));
    world.ecs("RegisterTaskDefinition", myapp());
    let vpc = world.call(&aws::api::ec2::API, "CreateDefaultVpc", json!({}));
    vpc.unwrap_or_else(|fault| panic!("{fault}"));
    let subnet = world.state.subnets.iter().next().unwrap().id.to_string();
    let network = json!({"awsvpcConfiguration": {"subnets": [subnet]}});
    let request = json!({"taskDefinition": "myapp", "launchType": "FARGATE", "networkConfiguration": network});
    let started = world.ecs("RunTask", request);
    assert_eq!(started["failures"], json!([]));
    started["tasks"][0]["taskArn"].clone()
}

#[test]
fn a_task_holds_its_cluster_and_has_tags() {
    let mut world = World::new();
    let task = run(&mut world);
    let cluster = &world.ecs("DescribeClusters", json!({"include": ["STATISTICS"]}))["clusters"][0];
    assert_eq!((&cluster["pendingTasksCount"], &cluster["runningTasksCount"]), (&json!(1), &json!(0)));
    assert_eq!(cluster["statistics"][3], json!({"name": "pendingFargateTasksCount", "value": "1"}));
    assert_eq!(
        world.ecs_refuses("DeleteCluster", json!({"cluster": "default"})),
        "ClusterContainsTasksException: The Cluster cannot be deleted while Tasks are active."
    );
    let tags = json!([{"key": "a", "value": "1"}]);
    world.ecs("TagResource", json!({"resourceArn": task, "tags": tags}));
    assert_eq!(world.ecs("ListTagsForResource", json!({"resourceArn": task}))["tags"], tags);
    world.ecs("UntagResource", json!({"resourceArn": task, "tagKeys": ["a"]}));
    assert_eq!(world.ecs("ListTagsForResource", json!({"resourceArn": task}))["tags"], json!([]));
}

/// What a journal would keep of the state, and a state made of it.
fn reloaded(world: &World) -> crate::State {
    let mut state = crate::State::default();
    for change in crate::State::default().changes_to(&world.state).unwrap() {
        state.load(change.table, &change.key, &change.value.unwrap()).unwrap();
    }
    state
}

prop_compose! {
    fn any_container()(cpu in 0..20, memory in 4..200, port in 1..60_000, environment in prop::collection::btree_map("[A-Z]{1,4}", ".{0,6}", 0..3),
        stop in prop::option::of(2..=120), command in prop::option::of(prop::collection::vec("[ -~]{0,8}", 0..3)), essential in any::<bool>()) -> Value {
        let environment: Vec<Value> = environment.iter().map(|(name, value)| json!({"name": name, "value": value.replace('\0', "")})).collect();
        let mut container = json!({"image": "i", "cpu": cpu, "memory": memory, "environment": environment, "essential": essential,
            "portMappings": [{"containerPort": port}]});
        stop.into_iter().for_each(|stop| container["stopTimeout"] = json!(stop));
        command.into_iter().for_each(|command| container["command"] = json!(command));
        container
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever registers is described as it was answered, also from the journal; its description registers again as the next revision.
    #[test]
    fn described_as_registered(mut containers in prop::collection::vec(any_container(), 1..5)) {
        for (n, container) in containers.iter_mut().enumerate() {
            container["name"] = json!(format!("c{n}"));
            container["essential"] = json!(n == 0 || container["essential"] == true);
        }
        let mut world = World::new();
        let request = with(&[("/containerDefinitions", json!(containers))]);
        let Ok(first) = world.call(&aws::api::ecs::API, "RegisterTaskDefinition", request) else {
            prop_assert_eq!(world.state.task_definitions.len(), 0);
            return Ok(());
        };
        let describe = json!({"taskDefinition": "myapp"});
        prop_assert_eq!(&world.ecs("DescribeTaskDefinition", describe.clone())["taskDefinition"], &first["taskDefinition"]);
        world.state = reloaded(&world);
        prop_assert_eq!(&world.ecs("DescribeTaskDefinition", describe)["taskDefinition"], &first["taskDefinition"]);
        let mut expected = first["taskDefinition"].clone();
        let mut again = world.ecs("RegisterTaskDefinition", first["taskDefinition"].clone())["taskDefinition"].take();
        prop_assert_eq!(&again["revision"], &json!(2));
        for shown in [&mut expected, &mut again] {
            shown.as_object_mut().unwrap().retain(|member, _| member != "revision" && member != "taskDefinitionArn");
        }
        prop_assert_eq!(again, expected);
    }
}

#[test]
fn a_refused_registration_takes_no_number() {
    let mut world = World::new();
    world.ecs_refuses("RegisterTaskDefinition", with(&[("/cpu", json!("1"))]));
    assert_eq!(world.ecs("RegisterTaskDefinition", myapp())["taskDefinition"]["revision"], 1);
    assert_eq!(
        world.state.task_definitions.iter().next().unwrap().definition.registered_at,
        Some(Timestamp { millis: 1_000 })
    );
}
