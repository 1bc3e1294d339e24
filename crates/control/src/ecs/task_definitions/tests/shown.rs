//! What a registered task definition looks like.

use super::{myapp, with};
use crate::testing::World;
use serde_json::{Value, json};

#[test]
fn defaults_are_filled_in_as_aws_does() {
    let mut world = World::new();
    let answer = world.ecs("RegisterTaskDefinition", myapp());
    let container = |name: &str, port: u16| {
        json!({
            "name": name, "image": format!("{name}:1"), "cpu": 10, "memory": 200, "essential": true,
            "portMappings": [{"containerPort": port, "hostPort": port, "protocol": "tcp"}],
            "environment": [], "mountPoints": [], "volumesFrom": [], "systemControls": [],
        })
    };
    assert_eq!(
        answer,
        json!({"taskDefinition": {
            "taskDefinitionArn": "arn:aws:ecs:us-east-1:123456789012:task-definition/myapp:1",
            "family": "myapp",
            "revision": 1,
            "status": "ACTIVE",
            "networkMode": "awsvpc",
            "cpu": "256",
            "memory": "512",
            "containerDefinitions": [container("web", 80), container("api", 8080)],
            "volumes": [],
            "placementConstraints": [],
            "requiresAttributes": [
                {"name": "com.amazonaws.ecs.capability.docker-remote-api.1.18"},
                {"name": "ecs.capability.task-eni"},
            ],
            "compatibilities": ["EC2", "FARGATE"],
            "requiresCompatibilities": ["FARGATE"],
            "registeredAt": 1,
            "registeredBy": "arn:aws:iam::123456789012:root",
        }})
    );
}

#[test]
fn sizes_are_shown_as_units_however_they_were_written() {
    let mut world = World::new();
    let request = with(&[("/cpu", json!(".25 vCPU")), ("/memory", json!("0.5GB"))]);
    let shown = &world.ecs("RegisterTaskDefinition", request)["taskDefinition"];
    assert_eq!((&shown["cpu"], &shown["memory"]), (&json!("256"), &json!("512")));
}

/// The JSON protocol ignores members it does not know, so a misspelt `essential` is one that was left out.
#[test]
fn a_misspelt_essential_leaves_the_default() {
    let mut world = World::new();
    let request = with(&[
        ("/containerDefinitions/0/essential", Value::Null),
        ("/containerDefinitions/0/esssential", json!(false)),
    ]);
    let shown = &world.ecs("RegisterTaskDefinition", request)["taskDefinition"]["containerDefinitions"][0];
    assert_eq!((&shown["essential"], shown.get("esssential")), (&json!(true), None));
}

#[test]
fn attributes_follow_from_what_is_used() {
    let mut world = World::new();
    let logs = json!({"logDriver": "awslogs", "options": {
        "awslogs-group": "g", "awslogs-region": "us-east-1", "awslogs-stream-prefix": "p", "awslogs-create-group": "true",
        "mode": "non-blocking", "max-buffer-size": "25m",
    }});
    let request = with(&[
        ("/executionRoleArn", json!("arn:aws:iam::123456789012:role/path/execution")),
        ("/taskRoleArn", json!("tasks")),
        ("/containerDefinitions/0/image", json!("123456789012.dkr.ecr.us-east-1.amazonaws.com/a:1")),
        ("/containerDefinitions/0/logConfiguration", logs),
        ("/containerDefinitions/0/healthCheck", json!({"command": ["CMD-SHELL", "true"]})),
        ("/containerDefinitions/1/dependsOn", json!([{"containerName": "web", "condition": "HEALTHY"}])),
    ]);
    let shown = &world.ecs("RegisterTaskDefinition", request)["taskDefinition"];
    let names: Vec<_> =
        shown["requiresAttributes"].as_array().unwrap().iter().map(|a| a["name"].as_str().unwrap()).collect();
    assert_eq!(
        names,
        [
            "com.amazonaws.ecs.capability.logging-driver.awslogs",
            "ecs.capability.execution-role-awslogs",
            "com.amazonaws.ecs.capability.ecr-auth",
            "com.amazonaws.ecs.capability.docker-remote-api.1.19",
            "com.amazonaws.ecs.capability.task-iam-role",
            "ecs.capability.container-health-check",
            "ecs.capability.execution-role-ecr-pull",
            "com.amazonaws.ecs.capability.docker-remote-api.1.18",
            "ecs.capability.task-eni",
            "com.amazonaws.ecs.capability.docker-remote-api.1.29",
            "ecs.capability.container-ordering",
        ]
    );
    let health = &shown["containerDefinitions"][0]["healthCheck"];
    assert_eq!(*health, json!({"command": ["CMD-SHELL", "true"], "interval": 30, "timeout": 5, "retries": 3}));
}

/// Instances of one's own are not neargate's, but a definition for them is right, as it is in AWS, and says what it is for.
#[test]
fn a_definition_that_only_suits_ec2_says_so() {
    let mut world = World::new();
    let request = with(&[
        ("/requiresCompatibilities", Value::Null),
        ("/networkMode", Value::Null),
        ("/cpu", Value::Null),
        ("/memory", Value::Null),
        ("/containerDefinitions/0/links", json!(["api"])),
        ("/containerDefinitions/0/privileged", json!(true)),
    ]);
    let shown = &world.ecs("RegisterTaskDefinition", request)["taskDefinition"];
    assert_eq!(shown["compatibilities"], json!(["EC2"]));
    assert_eq!(shown["containerDefinitions"][0]["portMappings"][0]["hostPort"], 0);
    let both = with(&[("/requiresCompatibilities", Value::Null)]);
    assert_eq!(
        world.ecs("RegisterTaskDefinition", both)["taskDefinition"]["compatibilities"],
        json!(["EC2", "FARGATE"])
    );
}

#[test]
fn everything_that_is_supported_registers() {
    let mut world = World::new();
    let request = with(&[
        ("/volumes", json!([{"name": "data"}, {"name": "more", "host": {}}])),
        ("/ephemeralStorage", json!({"sizeInGiB": 200})),
        ("/pidMode", json!("task")),
        ("/runtimePlatform", json!({"cpuArchitecture": "ARM64", "operatingSystemFamily": "LINUX"})),
        ("/tags", json!([{"key": "team", "value": "a"}])),
        (
            "/containerDefinitions/0/mountPoints",
            json!([{"sourceVolume": "data", "containerPath": "/data", "readOnly": true}]),
        ),
        ("/containerDefinitions/1/volumesFrom", json!([{"sourceContainer": "web", "readOnly": false}])),
        ("/containerDefinitions/1/dependsOn", json!([{"containerName": "web", "condition": "START"}])),
        ("/containerDefinitions/0/ulimits", json!([{"name": "nofile", "softLimit": 1024, "hardLimit": -1}])),
        (
            "/containerDefinitions/0/linuxParameters",
            json!({"initProcessEnabled": true, "capabilities": {"add": ["SYS_PTRACE"], "drop": ["ALL"]}}),
        ),
        (
            "/containerDefinitions/0/systemControls",
            json!([{"namespace": "net.ipv4.tcp_keepalive_time", "value": "500"}]),
        ),
        ("/containerDefinitions/0/stopTimeout", json!(120)),
        ("/containerDefinitions/0/startTimeout", json!(2)),
        ("/containerDefinitions/0/environment", json!([{"name": "A", "value": "1"}])),
        ("/containerDefinitions/0/secrets", json!([])),
        ("/containerDefinitions/0/privileged", json!(false)),
        ("/containerDefinitions/0/user", json!("1000:1000")),
        ("/containerDefinitions/0/dockerLabels", json!({"a": "b"})),
        (
            "/containerDefinitions/0/portMappings",
            json!([{"containerPort": 53, "protocol": "udp"}, {"containerPort": 53, "hostPort": 53, "name": "dns", "appProtocol": "http"}]),
        ),
    ]);
    let answer = world.ecs("RegisterTaskDefinition", request);
    assert_eq!(answer["tags"], json!([{"key": "team", "value": "a"}]));
    assert_eq!(
        answer["taskDefinition"]["volumes"],
        json!([{"name": "data", "host": {}}, {"name": "more", "host": {}}])
    );
}
