//! What `RunTask`, `DescribeTasks` and `StopTask` refuse, and in which words.

use super::*;

#[track_caller]
fn refused(more: Value, expected: &str) {
    let mut fixture = Fixture::new();
    let request = fixture.request_with(more);
    let refusal = fixture.world.ecs_refuses("RunTask", request);
    assert_eq!(refusal, expected);
    assert!(fixture.world.state.tasks.is_empty(), "a refused call starts nothing");
}

fn invalid(message: &str) -> String {
    format!("InvalidParameterException: {message}")
}

fn unsupported(member: &str) -> String {
    format!("UnsupportedFeatureException: neargate does not support {member}.")
}

#[test]
fn what_fargate_does_not_have() {
    refused(json!({"launchType": "EC2"}), &invalid("No Container Instances were found in your cluster."));
    refused(json!({"launchType": null}), &invalid("No Container Instances were found in your cluster."));
    refused(
        json!({"placementConstraints": [{"type": "distinctInstance"}]}),
        &invalid("Placement constraints are not supported with FARGATE launch type."),
    );
    refused(
        json!({"placementStrategy": [{"type": "random"}]}),
        &invalid("Placement strategies are not supported with FARGATE launch type."),
    );
    refused(
        json!({"capacityProviderStrategy": [{"capacityProvider": "FARGATE", "weight": 1}]}),
        &invalid(
            "Specifying both a launch type and capacity provider strategy is not supported. Remove one and try again.",
        ),
    );
    refused(json!({"platformVersion": "9.9"}), "PlatformUnknownException: The specified platform does not exist.");
}

#[test]
fn what_neargate_does_not_do() {
    refused(json!({"enableExecuteCommand": true}), &unsupported("enableExecuteCommand"));
    refused(json!({"volumeConfigurations": [{"name": "v"}]}), &unsupported("volumeConfigurations"));
}

#[test]
fn networks_that_are_none() {
    let network = |configuration: Value| json!({"networkConfiguration": {"awsvpcConfiguration": configuration}});
    refused(
        json!({"networkConfiguration": null}),
        &invalid("Network Configuration must be provided when networkMode 'awsvpc' is specified."),
    );
    refused(network(json!({"subnets": []})), &invalid("subnets can not be empty."));
    refused(network(json!({"subnets": vec!["subnet-1"; 17]})), &invalid("subnets can have at most 16 items."));
    let missing = "Error retrieving subnet information for [subnet-0123456789abcdef0]: The subnet ID 'subnet-0123456789abcdef0' does not exist (ErrorCode: InvalidSubnetID.NotFound)";
    refused(network(json!({"subnets": ["subnet-0123456789abcdef0"]})), &invalid(missing));
}

#[test]
fn overrides_that_do_not_hold() {
    let container = |over: Value| json!({"overrides": {"containerOverrides": [over]}});
    refused(
        container(json!({"name": "other", "command": ["x"]})),
        &invalid("Override for container named other is not a container in the TaskDefinition."),
    );
    refused(
        container(json!({"name": "api", "memory": 50})),
        &invalid("Invalid setting for container 'api'. 'memory' must be greater than or equal to 'memoryReservation'."),
    );
    refused(
        container(json!({"name": "web", "memory": 1024})),
        &invalid("The 'memory' setting for container 'web' is greater than for the task."),
    );
    refused(
        container(json!({"name": "web", "cpu": 1024})),
        &invalid("The sum of all container 'cpu' values cannot be greater than the value of the task 'cpu'."),
    );
    refused(
        container(json!({"name": "web", "environment": [{"name": "", "value": "x"}]})),
        &invalid("Environment variable name should not be null or empty."),
    );
    refused(
        container(json!({"name": "web", "command": ["a\0b"]})),
        &invalid("Invalid 'command' setting for container 'web'. It contains invalid characters."),
    );
    refused(
        json!({"overrides": {"containerOverrides": [{"name": "web", "cpu": 1}, {"name": "web", "cpu": 2}]}}),
        &invalid("Container web has more than one override."),
    );
    refused(
        container(json!({"name": "web", "command": ["x".repeat(8192)]})),
        &invalid("Container Overrides length must be at most 8192"),
    );
    refused(json!({"overrides": {"taskRoleArn": "not a role!"}}), "ClientException: Role is not valid");
    let files = json!({"name": "api", "environmentFiles": [{"type": "s3", "value": "arn:aws:s3:::b/f"}]});
    refused(container(files), &unsupported("overrides.containerOverrides.environmentFiles"));
    let mut fixture = Fixture::new();
    let request = fixture.request_with(json!({"overrides": {"cpu": "256", "memory": "4096"}}));
    assert!(
        fixture
            .world
            .ecs_refuses("RunTask", request)
            .starts_with("ClientException: No Fargate configuration exists for given values")
    );
}

#[test]
fn counts_and_names() {
    for count in [0, 11, -1] {
        refused(json!({"count": count}), &invalid("count must be between 1 and 10."));
    }
    refused(json!({"taskDefinition": "nothing"}), "ClientException: TaskDefinition not found.");
    refused(json!({"cluster": "nothing"}), "ClusterNotFoundException: Cluster not found.");
    refused(
        json!({"tags": [{"key": "aws:x", "value": ""}]}),
        &invalid("Tag keys and values starting with 'aws:' are reserved for internal use: 'aws:x'."),
    );
    refused(
        json!({"tags": [{"key": "neargate:endpoints", "value": "ftp"}]}),
        &invalid("Value (ftp) for tag neargate:endpoints is invalid. It is http or https."),
    );
    refused(
        json!({"propagateTags": "SERVICE"}),
        &invalid("propagateTags 'SERVICE' is not supported when running a task."),
    );
    refused(json!({"group": "service:web"}), &invalid("Invalid namespace for group."));
    refused(
        json!({"launchType": null, "capacityProviderStrategy": [{"capacityProvider": "FARGATE", "weight": 1}]}),
        &invalid(
            "The specified capacity provider strategy cannot contain a capacity provider that is not associated with the cluster. \
             Associate the capacity provider with the cluster or specify a valid capacity provider and try again.",
        ),
    );
    let mut fixture = Fixture::new();
    let request = fixture.request_with(json!({"startedBy": "not this!"}));
    assert!(fixture.world.ecs_refuses("RunTask", request).starts_with("InvalidParameterException: startedBy can have"));
}

#[test]
fn an_architecture_no_host_has_is_a_failure_and_not_a_task() {
    let mut fixture = Fixture::new();
    let mut arm = definition();
    arm["runtimePlatform"] = json!({"cpuArchitecture": "ARM64", "operatingSystemFamily": "LINUX"});
    fixture.world.ecs("RegisterTaskDefinition", arm);
    let answer = fixture.world.ecs("RunTask", fixture.request());
    assert_eq!(answer["tasks"], json!([]));
    let reason = "Capacity is unavailable at this time. Please try again later or in a different availability zone";
    assert_eq!(answer["failures"], json!([{"reason": reason, "detail": "No host of this region runs arm64."}]));
}

#[test]
fn tasks_that_are_not_there() {
    let mut fixture = Fixture::new();
    let unknown = "0123456789abcdef0123456789abcdef";
    let arn = format!("arn:aws:ecs:us-east-1:123456789012:task/default/{unknown}");
    let missing = fixture.world.ecs("DescribeTasks", json!({"tasks": [unknown, arn]}));
    assert_eq!(missing["failures"], json!([{"arn": arn, "reason": "MISSING"}, {"arn": arn, "reason": "MISSING"}]));
    let refusal = fixture.world.ecs_refuses("StopTask", json!({"task": unknown}));
    assert_eq!(refusal, invalid("The referenced task was not found."));
    assert_eq!(fixture.world.ecs_refuses("DescribeTasks", json!({"tasks": []})), invalid("Tasks cannot be empty."));
    let many = json!({"tasks": vec![unknown; 101]});
    assert_eq!(fixture.world.ecs_refuses("DescribeTasks", many), invalid("taskIds can have at most 100 items."));
    assert_eq!(
        fixture.world.ecs_refuses("StopTask", json!({"task": "x"})),
        invalid("taskId length should be one of [32,36]")
    );
}
