//! Clusters, task definitions and services of stacks.

use super::super::{
    Progress,
    testing::{attribute, change, make, read, ready, remove, try_make},
};
use crate::{ecs::tasks::tests::Fixture, testing::World};
use serde_json::{Value, json};

const CLUSTER: &str = "AWS::ECS::Cluster";
const DEFINITION: &str = "AWS::ECS::TaskDefinition";
const SERVICE: &str = "AWS::ECS::Service";

#[test]
fn a_cluster_is_made_changed_and_deleted() {
    let mut world = World::new();
    let plain = json!({
        "CapacityProviders": ["FARGATE", "FARGATE_SPOT"],
        "ClusterSettings": [{ "Name": "containerInsights", "Value": "enabled" }],
        "ServiceConnectDefaults": { "Namespace": "shop.local" },
    });
    let id = make(&mut world, CLUSTER, &plain);
    assert_eq!(id, "shop-Thing-1A2B3C4D5E6F");
    assert_eq!(
        attribute(&world, CLUSTER, &id, &plain, "Arn"),
        "arn:aws:ecs:us-east-1:123456789012:cluster/shop-Thing-1A2B3C4D5E6F"
    );
    let live = read(&world, CLUSTER, &id, &plain).expect("there");
    assert_eq!(live["CapacityProviders"], plain["CapacityProviders"]);
    assert_eq!(live["ClusterSettings"], plain["ClusterSettings"]);
    assert!(live["ServiceConnectDefaults"]["Namespace"].is_string(), "{live}");

    let strategy = json!([{ "CapacityProvider": "FARGATE", "Weight": 1, "Base": 0 }]);
    let other = json!({ "CapacityProviders": ["FARGATE"], "DefaultCapacityProviderStrategy": strategy });
    change(&mut world, CLUSTER, &id, &plain, &other);
    let live = read(&world, CLUSTER, &id, &other).expect("there");
    assert_eq!(live["DefaultCapacityProviderStrategy"], strategy);
    assert_eq!(live["ClusterSettings"][0]["Value"], "disabled", "the account's again");
    assert_eq!(live["ServiceConnectDefaults"], Value::Null);

    let again = try_make(&mut world, CLUSTER, &json!({ "ClusterName": id })).expect_err("it is there");
    assert_eq!(&*again.code, "AlreadyExists");
    remove(&mut world, CLUSTER, &id, &other);
    assert_eq!(read(&world, CLUSTER, &id, &other), None);
}

#[test]
fn capacity_providers_are_those_of_a_cluster_while_they_are_associated() {
    let (mut world, kind) = (World::new(), "AWS::ECS::ClusterCapacityProviderAssociations");
    make(&mut world, CLUSTER, &json!({ "ClusterName": "main" }));
    let spot =
        json!({ "Cluster": "main", "CapacityProviders": ["FARGATE_SPOT"], "DefaultCapacityProviderStrategy": [] });
    let both = json!({ "Cluster": "main", "CapacityProviders": ["FARGATE", "FARGATE_SPOT"],
        "DefaultCapacityProviderStrategy": [{ "CapacityProvider": "FARGATE", "Base": 1, "Weight": 2 }] });
    let id = make(&mut world, kind, &spot);
    assert_eq!(id, "main");
    change(&mut world, kind, &id, &spot, &both);
    assert_eq!(read(&world, kind, &id, &both), Some(both.clone()));
    remove(&mut world, kind, &id, &both);
    assert_eq!(read(&world, kind, &id, &both).expect("the cluster is there")["CapacityProviders"], json!([]));
}

fn definition() -> Value {
    json!({
        "Cpu": "256",
        "Memory": "512",
        "NetworkMode": "awsvpc",
        "RequiresCompatibilities": ["FARGATE"],
        "ExecutionRoleArn": "arn:aws:iam::123456789012:role/execution",
        "EphemeralStorage": { "SizeInGiB": 30 },
        "ContainerDefinitions": [{
            "Name": "web",
            "Image": "nginx",
            "DockerLabels": { "com.Example": "x" },
            "Environment": [{ "Name": "LogLevel", "Value": "debug" }],
            "PortMappings": [{ "ContainerPort": 80 }],
            "LogConfiguration": { "LogDriver": "awslogs", "Options": {
                "awslogs-group": "g", "awslogs-region": "us-east-1", "awslogs-stream-prefix": "web" } },
        }],
    })
}

#[test]
fn a_task_definition_is_registered_and_deregistered() {
    let (mut world, wanted) = (World::new(), definition());
    let id = make(&mut world, DEFINITION, &wanted);
    assert_eq!(id, "arn:aws:ecs:us-east-1:123456789012:task-definition/shop-Thing-1A2B3C4D5E6F:1");
    assert_eq!(attribute(&world, DEFINITION, &id, &wanted, "TaskDefinitionArn"), id.as_str());
    let live = read(&world, DEFINITION, &id, &wanted).expect("there");
    assert_eq!(live["EphemeralStorage"], json!({ "SizeInGiB": 30 }));
    let container = &live["ContainerDefinitions"][0];
    for name in ["DockerLabels", "Environment", "LogConfiguration"] {
        assert_eq!(container[name], wanted["ContainerDefinitions"][0][name], "{name}");
    }
    remove(&mut world, DEFINITION, &id, &wanted);
    assert_eq!(read(&world, DEFINITION, &id, &wanted), None);
    remove(&mut world, DEFINITION, &id, &wanted);
}

fn service(fixture: &Fixture, more: Value) -> Value {
    let mut wanted = json!({
        "TaskDefinition": "web",
        "LaunchType": "FARGATE",
        "NetworkConfiguration": { "AwsvpcConfiguration": { "Subnets": [fixture.subnet] } },
    });
    more.as_object().expect("members").iter().for_each(|(name, value)| wanted[name] = value.clone());
    wanted
}

/// All tasks run, for as long as it takes to trust them.
fn run_all(fixture: &mut Fixture) {
    let tasks: Vec<String> = fixture.world.state.tasks.iter().map(|task| task.id.to_string()).collect();
    tasks.iter().for_each(|task| fixture.run(task));
    for _ in 0..45 {
        fixture.world.now += 1_000;
        fixture.sync();
    }
}

#[test]
fn a_service_is_ready_when_its_tasks_run_and_gone_when_they_are() {
    let mut fixture = Fixture::new();
    let wanted = service(&fixture, json!({ "Tags": [{ "Key": "a", "Value": "b" }] }));
    let id = make(&mut fixture.world, SERVICE, &wanted);
    assert_eq!(id, "arn:aws:ecs:us-east-1:123456789012:service/default/shop-Thing-1A2B3C4D5E6F");
    assert_eq!(attribute(&fixture.world, SERVICE, &id, &wanted, "Name"), "shop-Thing-1A2B3C4D5E6F");
    fixture.sync();
    assert_eq!(ready(&fixture.world, SERVICE, &id, &wanted), Progress::Waiting);
    run_all(&mut fixture);
    assert_eq!(ready(&fixture.world, SERVICE, &id, &wanted), Progress::Done);

    let more = json!({ "DesiredCount": 2, "EnableECSManagedTags": true, "PropagateTags": "SERVICE",
        "DeploymentConfiguration": { "MaximumPercent": 150, "DeploymentCircuitBreaker": { "Enable": true, "Rollback": true } } });
    let larger = service(&fixture, more);
    change(&mut fixture.world, SERVICE, &id, &wanted, &larger);
    assert_eq!(ready(&fixture.world, SERVICE, &id, &larger), Progress::Waiting, "one more is to run");
    run_all(&mut fixture);
    assert_eq!(ready(&fixture.world, SERVICE, &id, &larger), Progress::Done);
    let live = read(&fixture.world, SERVICE, &id, &larger).expect("there");
    assert_eq!((&live["DesiredCount"], &live["EnableECSManagedTags"]), (&json!(2), &json!(true)));
    assert_eq!(live["DeploymentConfiguration"]["DeploymentCircuitBreaker"]["Enable"], true);
    change(&mut fixture.world, SERVICE, &id, &larger, &wanted);
    let live = read(&fixture.world, SERVICE, &id, &wanted).expect("there");
    assert_eq!(live["DesiredCount"], 2, "a template that does not give it leaves it");
    assert_eq!(live["DeploymentConfiguration"]["DeploymentCircuitBreaker"]["Enable"], false);
    assert_eq!(live["DeploymentConfiguration"]["MaximumPercent"], 200);
    let tags = fixture.world.ecs("ListTagsForResource", json!({ "resourceArn": id }));
    assert_eq!(tags["tags"].as_array().expect("a list").len(), 2, "{tags}");

    remove(&mut fixture.world, SERVICE, &id, &wanted);
    assert_eq!(gone(&fixture, &id), Progress::Waiting);
    let tasks: Vec<String> = fixture.world.state.tasks.iter().map(|task| task.id.to_string()).collect();
    tasks.iter().for_each(|task| fixture.end(task, 0));
    fixture.sync();
    assert_eq!(gone(&fixture, &id), Progress::Done);
    assert_eq!(read(&fixture.world, SERVICE, &id, &wanted), None);
}

fn gone(fixture: &Fixture, id: &str) -> Progress {
    super::super::testing::gone(&fixture.world, SERVICE, id, &json!({}))
}

#[test]
fn a_tripped_circuit_breaker_fails_the_service_until_it_is_changed_again() {
    let mut fixture = Fixture::new();
    let breaker =
        json!({ "DeploymentConfiguration": { "DeploymentCircuitBreaker": { "Enable": true, "Rollback": false } } });
    let wanted = service(&fixture, breaker);
    let id = make(&mut fixture.world, SERVICE, &wanted);
    for _ in 0..400 {
        fixture.sync();
        let tasks: Vec<String> = fixture.world.state.tasks.iter().map(|task| task.id.to_string()).collect();
        tasks.iter().for_each(|task| fixture.end(task, 1));
        fixture.world.now += 60_000;
    }
    let Progress::Failed(fault) = ready(&fixture.world, SERVICE, &id, &wanted) else { panic!("it has not failed") };
    assert_eq!(fault.message, "Error occurred during operation 'ECS Deployment Circuit Breaker was triggered'.");
    change(&mut fixture.world, SERVICE, &id, &wanted, &wanted);
    assert_eq!(ready(&fixture.world, SERVICE, &id, &wanted), Progress::Waiting, "another deployment has begun");
}

#[test]
fn a_service_goes_from_a_strategy_to_a_launch_type() {
    let mut fixture = Fixture::new();
    let spot = json!({ "cluster": "default", "capacityProviders": ["FARGATE_SPOT"],
        "defaultCapacityProviderStrategy": [{ "capacityProvider": "FARGATE_SPOT", "weight": 1 }] });
    fixture.world.ecs("PutClusterCapacityProviders", spot);
    let fargate = service(&fixture, json!({}));
    let mut usual = fargate.clone();
    usual["LaunchType"] = Value::Null;
    let id = make(&mut fixture.world, SERVICE, &usual);
    let live = read(&fixture.world, SERVICE, &id, &usual).expect("there");
    assert_eq!(live["CapacityProviderStrategy"][0]["CapacityProvider"], "FARGATE_SPOT");
    change(&mut fixture.world, SERVICE, &id, &usual, &fargate);
    let live = read(&fixture.world, SERVICE, &id, &fargate).expect("there");
    assert_eq!((&live["LaunchType"], &live["CapacityProviderStrategy"]), (&json!("FARGATE"), &Value::Null));
}
