//! What makes a task definition wrong, and in which words it is said.

use super::with;
use crate::testing::World;
use serde_json::{Value, json};

/// Members of the whole task definition, each with what is said of it.
fn of_the_task() -> Vec<(&'static str, Value, &'static str)> {
    vec![
        ("/family", json!(""), "Family should not be null or empty."),
        ("/family", json!("a b"), "Family contains invalid characters."),
        ("/family", json!("テスト用"), "Family contains invalid characters."),
        ("/containerDefinitions", json!([]), "Container list cannot be empty."),
        ("/networkMode", Value::Null, "Fargate only supports network mode ‘awsvpc’."),
        ("/networkMode", json!("bridge"), "Fargate only supports network mode ‘awsvpc’."),
        ("/cpu", Value::Null, "Fargate requires that 'cpu' be defined at the task level."),
        ("/memory", Value::Null, "Fargate requires that 'memory' be defined at the task level."),
        ("/cpu", json!("many"), "Invalid 'cpu' setting for task."),
        ("/memory", json!("0.5 TB"), "Invalid 'memory' setting for task."),
        (
            "/memory",
            json!("1000"),
            "No Fargate configuration exists for given values: 256 CPU, 1000 memory. See the Amazon ECS documentation for the valid values.",
        ),
        (
            "/cpu",
            json!(".5 vCPU"),
            "No Fargate configuration exists for given values: 512 CPU, 512 memory. See the Amazon ECS documentation for the valid values.",
        ),
        ("/taskRoleArn", json!("arn:aws:iam::1:role/x"), "Role is not valid"),
        ("/executionRoleArn", json!("arn:aws:s3:::bucket"), "Role is not valid"),
        ("/tags", json!([]), "Tags can not be empty."),
        (
            "/pidMode",
            json!("host"),
            "Tasks using the Fargate launch type do not support pidMode 'host'. The supported value for pidMode is 'task'.",
        ),
        ("/ipcMode", json!("task"), "Fargate compatible task definitions do not support ipcMode"),
        (
            "/placementConstraints",
            json!([{"type": "memberOf", "expression": "x"}]),
            "Fargate compatible task definitions do not support constraints",
        ),
        ("/ephemeralStorage", json!({"sizeInGiB": 20}), "EphemeralStorage size should be at least 21"),
        ("/ephemeralStorage", json!({"sizeInGiB": 201}), "EphemeralStorage size should be at most 200"),
        (
            "/inferenceAccelerators",
            json!([{"deviceName": "d", "deviceType": "t"}]),
            "Unsupported field 'inferenceAccelerators'.",
        ),
        (
            "/volumes",
            json!([{"name": "v", "host": {"sourcePath": "/x"}}]),
            "Fargate compatible task definitions do not support sourcePath",
        ),
        ("/volumes", json!([{"name": "v", "host": {"sourcePath": ""}}]), "host.sourcePath should not be blank."),
        (
            "/volumes",
            json!([{"name": "v", "dockerVolumeConfiguration": {}}]),
            "Fargate compatible task definitions do not support dockerVolumeConfiguration",
        ),
        ("/volumes", json!([{"name": "v"}, {"name": "v"}]), "Duplicate volume name 'v'."),
        ("/volumes", json!([{"name": "../v"}]), "Invalid volume name '../v'."),
    ]
}

/// Members of its first container, each with what is said of it.
fn of_a_container() -> Vec<(&'static str, Value, &'static str)> {
    vec![
        ("name", Value::Null, "Container.name should not be null or empty."),
        ("name", json!("a/b"), "Container.name contains invalid characters."),
        ("name", json!("api"), "Container names must be unique within a task definition"),
        ("image", Value::Null, "Container.image should not be null or empty."),
        ("image", json!("a b"), "Container.image contains invalid characters."),
        (
            "image",
            json!("123456789012.dkr.ecr.us-east-1.amazonaws.com/a:1"),
            "Fargate requires task definition to have execution role ARN to support ECR images.",
        ),
        (
            "cpu",
            json!(250),
            "The sum of all container 'cpu' values cannot be greater than the value of the task 'cpu'.",
        ),
        ("cpu", json!(-1), "Invalid setting for container 'web'. 'cpu' must be greater than or equal to 0."),
        ("memory", json!(513), "The 'memory' setting for container 'web' is greater than for the task."),
        ("memory", json!(3), "Invalid setting for container 'web'. 'memory' must be at least 4."),
        (
            "memoryReservation",
            json!(201),
            "Invalid setting for container 'web'. 'memory' must be greater than or equal to 'memoryReservation'.",
        ),
        ("startTimeout", json!(1), "Granular start timeout on container 'web' must be at least 2 seconds."),
        ("stopTimeout", json!(1), "Granular stop timeout on container 'web' must be at least 2 seconds."),
        (
            "stopTimeout",
            json!(121),
            "Tasks using the Fargate launch type must have a container stop timeout of less than 120 seconds.",
        ),
        (
            "privileged",
            json!(true),
            "Fargate requires that the ‘privileged’ setting be ‘false’ at the container level.",
        ),
        ("links", json!(["api"]), "Links are not supported when networkMode=awsvpc."),
        ("hostname", json!("h"), "hostname is not supported on container when networkMode=awsvpc."),
        ("disableNetworking", json!(true), "Disable Networking is not supported on container when networkMode=awsvpc."),
        ("dnsServers", json!(["1.1.1.1"]), "DNS servers are not supported on container when networkMode=awsvpc."),
        ("command", json!(["a\0b"]), "Invalid 'command' setting for container 'web'. It contains invalid characters."),
        ("user", json!("\0"), "Invalid 'user' setting for container 'web'. It contains invalid characters."),
        (
            "dnsSearchDomains",
            json!(["x"]),
            "DNS search domains are not supported on container when networkMode=awsvpc.",
        ),
        (
            "extraHosts",
            json!([{"hostname": "h", "ipAddress": "1.1.1.1"}]),
            "Extra hosts are not supported on container when networkMode=awsvpc.",
        ),
        (
            "dockerSecurityOptions",
            json!(["x"]),
            "Fargate compatible task definitions do not support dockerSecurityOptions",
        ),
        (
            "resourceRequirements",
            json!([{"type": "GPU", "value": "1"}]),
            "Tasks using the Fargate launch type do not support GPU resource requirements.",
        ),
        ("linuxParameters", json!({"capabilities": {"add": ["NET_ADMIN"]}}), "NET_ADMIN is not allowed on Fargate."),
        (
            "linuxParameters",
            json!({"capabilities": {"drop": ["FLY"]}}),
            "Invalid capability 'FLY' for container 'web'.",
        ),
        (
            "linuxParameters",
            json!({"devices": [{"hostPath": "/dev/x"}]}),
            "Fargate compatible task definitions do not support devices",
        ),
        (
            "linuxParameters",
            json!({"sharedMemorySize": 64}),
            "Fargate compatible task definitions do not support sharedMemorySize",
        ),
        ("linuxParameters", json!({"maxSwap": 1}), "Fargate compatible task definitions do not support maxSwap"),
        ("linuxParameters", json!({"swappiness": 1}), "Fargate compatible task definitions do not support swappiness"),
        (
            "ulimits",
            json!([{"name": "nofile", "softLimit": 2, "hardLimit": 1}]),
            "Soft limit exceeds hard limit for ulimit nofile",
        ),
        (
            "ulimits",
            json!([{"name": "nofile", "softLimit": -1, "hardLimit": 1}]),
            "Soft limit exceeds hard limit for ulimit nofile",
        ),
        ("environment", json!([{"value": "x"}]), "Environment variable name should not be null or empty."),
        ("mountPoints", json!([{"sourceVolume": "nope", "containerPath": "/x"}]), "Unknown volume 'nope'."),
        ("mountPoints", json!([{"containerPath": "/x"}]), "Unknown volume 'null'."),
        (
            "mountPoints",
            json!([{"sourceVolume": "v", "containerPath": "x"}]),
            "Invalid 'containerPath' setting 'x' for container 'web'.",
        ),
        (
            "volumesFrom",
            json!([{"sourceContainer": "nope"}]),
            "Invalid 'volumesFrom' setting. Unknown container: 'nope'.",
        ),
        ("volumesFrom", json!([{"sourceContainer": "web"}]), "Container dependencies should not have a cycle: web"),
        (
            "dependsOn",
            json!([{"containerName": "nope", "condition": "START"}]),
            "Cannot depend on container + 'nope' because it does not exist",
        ),
        (
            "dependsOn",
            json!([{"containerName": "web", "condition": "START"}]),
            "Container dependencies should not have a cycle: web",
        ),
        (
            "dependsOn",
            json!([{"containerName": "api", "condition": "SUCCESS"}]),
            "A dependency container with SUCCESS or COMPLETE condition cannot be an essential container",
        ),
        (
            "dependsOn",
            json!([{"containerName": "api", "condition": "HEALTHY"}]),
            "A dependency container with HEALTHY condition must have health check configured",
        ),
        ("portMappings", json!([{}]), "Invalid 'containerPort' setting for container 'web'."),
        ("portMappings", json!([{"containerPort": 65536}]), "Invalid 'containerPort' setting for container 'web'."),
        (
            "portMappings",
            json!([{"containerPort": 80, "hostPort": 81}]),
            "When networkMode=awsvpc, the host ports and container ports in port mappings must match.",
        ),
        (
            "portMappings",
            json!([{"containerPort": 80, "hostPort": 0}]),
            "When networkMode=awsvpc, the host ports and container ports in port mappings must match.",
        ),
        ("portMappings", json!([{"containerPort": 8080}]), "TCP host port '8080' is mapped multiple times in task."),
        (
            "portMappings",
            json!([{"containerPort": 1, "name": "a"}, {"containerPort": 2, "name": "a"}]),
            "When networkMode=awsvpc, port mapping name is already used",
        ),
    ]
}

/// Health checks and log configurations of the first container.
fn of_health_and_logs() -> Vec<(&'static str, Value, &'static str)> {
    let health = |member: &str, value: i32| {
        let mut check = json!({"command": ["CMD-SHELL", "true"]});
        check[member] = json!(value);
        check
    };
    let logs = |options: Value| json!({"logDriver": "awslogs", "options": options});
    let right = json!({"awslogs-group": "g", "awslogs-region": "us-east-1", "awslogs-stream-prefix": "p"});
    let option = |name: &str, value: Value| {
        let mut options = right.clone();
        options[name] = value;
        options.as_object_mut().unwrap().retain(|_, value| !value.is_null());
        logs(options)
    };
    let no_role = "Fargate requires task definition to have execution role ARN to support log driver awslogs.";
    vec![
        (
            "healthCheck",
            health("interval", 301),
            "Health check interval must be less than or equal to the maximum allowed value 300 for container 'web'",
        ),
        (
            "healthCheck",
            health("interval", 4),
            "Health check interval must be greater than or equal to the minimum allowed value 5 for container 'web'",
        ),
        (
            "healthCheck",
            health("timeout", 61),
            "Health check timeout must be less than or equal to the maximum allowed value 60 for container 'web'",
        ),
        (
            "healthCheck",
            health("retries", 11),
            "Health check retries must be less than or equal to the maximum allowed value 10 for container 'web'",
        ),
        (
            "healthCheck",
            health("startPeriod", 301),
            "Health check startPeriod must be less than or equal to the maximum allowed value 300 for container 'web'",
        ),
        ("logConfiguration", logs(json!({})), "Log driver awslogs requires options: awslogs-region, awslogs-group"),
        (
            "logConfiguration",
            option("awslogs-group", Value::Null),
            "Log driver awslogs requires options: awslogs-group",
        ),
        (
            "logConfiguration",
            option("awslogs-group", json!("${GROUP}")),
            "Log driver awslogs option 'awslogs-group' contains invalid characters.",
        ),
        ("logConfiguration", option("log_key", json!("x")), "Log driver awslogs disallows options: log_key"),
        ("logConfiguration", option("mode", json!("x")), "Log driver awslogs has an invalid value for option: mode"),
        (
            "logConfiguration",
            option("max-buffer-size", json!("lots")),
            "Log driver awslogs has an invalid value for option: max-buffer-size",
        ),
        (
            "logConfiguration",
            option("awslogs-create-group", json!("yes")),
            "Log driver awslogs has an invalid value for option: awslogs-create-group",
        ),
        (
            "logConfiguration",
            option("awslogs-region", json!("eu-west-1")),
            "Log driver awslogs can't reach awslogs-region eu-west-1: neargate is us-east-1 alone.",
        ),
        (
            "logConfiguration",
            {
                let mut both = right.clone();
                both["awslogs-datetime-format"] = json!("%Y");
                both["awslogs-multiline-pattern"] = json!("^x");
                logs(both)
            },
            "Log driver awslogs can't have both options: awslogs-datetime-format, awslogs-multiline-pattern",
        ),
        (
            "logConfiguration",
            option("awslogs-multiline-pattern", json!("")),
            "Log driver awslogs has an invalid value for option: awslogs-multiline-pattern",
        ),
        ("logConfiguration", logs(right.clone()), no_role),
        (
            "logConfiguration",
            json!({"logDriver": "json-file"}),
            "json-file is not a valid log driver. Must be one of [awslogs,splunk,awsfirelens]",
        ),
    ]
}

/// What Amazon ECS does and neargate does not: path, value, and the name in the refusal.
fn of_what_neargate_lacks() -> Vec<(&'static str, Value, &'static str)> {
    vec![
        ("/requiresCompatibilities", json!(["EXTERNAL"]), "requiresCompatibilities EXTERNAL"),
        ("/requiresCompatibilities", json!(["MANAGED_INSTANCES"]), "requiresCompatibilities MANAGED_INSTANCES"),
        (
            "/runtimePlatform",
            json!({"operatingSystemFamily": "WINDOWS_SERVER_2022_CORE"}),
            "runtimePlatform.operatingSystemFamily WINDOWS_SERVER_2022_CORE",
        ),
        ("/proxyConfiguration", json!({"containerName": "web"}), "proxyConfiguration"),
        ("/enableFaultInjection", json!(true), "enableFaultInjection"),
        (
            "/volumes",
            json!([{"name": "v", "efsVolumeConfiguration": {"fileSystemId": "fs-1"}}]),
            "efsVolumeConfiguration",
        ),
        ("/volumes", json!([{"name": "v", "configuredAtLaunch": true}]), "volumes.configuredAtLaunch"),
        ("/containerDefinitions/0/restartPolicy", json!({"enabled": true}), "restartPolicy"),
        ("/containerDefinitions/0/environmentFiles", json!([{"value": "x", "type": "s3"}]), "environmentFiles"),
        ("/containerDefinitions/0/firelensConfiguration", json!({"type": "fluentbit"}), "firelensConfiguration"),
        ("/containerDefinitions/0/credentialSpecs", json!(["x"]), "credentialSpecs"),
        (
            "/containerDefinitions/0/linuxParameters",
            json!({"tmpfs": [{"containerPath": "/t", "size": 1}]}),
            "linuxParameters.tmpfs",
        ),
        (
            "/containerDefinitions/0/systemControls",
            json!([{"namespace": "kernel.shmmax", "value": "1"}]),
            "the system control 'kernel.shmmax'",
        ),
        (
            "/containerDefinitions/0/portMappings",
            json!([{"containerPortRange": "1-2"}]),
            "portMappings.containerPortRange",
        ),
        ("/containerDefinitions/0/logConfiguration", json!({"logDriver": "splunk"}), "the log driver splunk"),
        ("/containerDefinitions/0/logConfiguration", json!({"logDriver": "awsfirelens"}), "the log driver awsfirelens"),
    ]
}

#[track_caller]
fn refused(path: &str, value: Value, text: &str) {
    let request = with(&[(path, value)]);
    let mut world = World::new();
    assert_eq!(world.ecs_refuses("RegisterTaskDefinition", request), format!("ClientException: {text}"), "{path}");
    assert_eq!(
        world.state.task_definitions.len() + world.state.task_definition_families.len(),
        0,
        "{path} left something behind"
    );
}

#[test]
fn every_mistake_is_named_in_the_words_of_aws() {
    for (path, value, text) in of_the_task() {
        refused(path, value, text);
    }
    for (member, value, text) in of_a_container().into_iter().chain(of_health_and_logs()) {
        refused(&format!("/containerDefinitions/0/{member}"), value, text);
    }
}

#[test]
fn what_neargate_lacks_is_refused_by_name() {
    for (path, value, what) in of_what_neargate_lacks() {
        refused(path, value, &format!("neargate does not support {what} yet."));
    }
}

#[test]
fn mistakes_that_take_two() {
    let mut world = World::new();
    let mut refusal = |changes: &[(&str, Value)]| world.ecs_refuses("RegisterTaskDefinition", with(changes));
    let no = json!(false);
    assert_eq!(
        refusal(&[("/containerDefinitions/0/essential", no.clone()), ("/containerDefinitions/1/essential", no)]),
        "ClientException: Task definition doesn't have any essential container."
    );
    let on = |name: &str| json!([{"containerName": name, "condition": "START"}]);
    assert_eq!(
        refusal(&[("/containerDefinitions/0/dependsOn", on("api")), ("/containerDefinitions/1/dependsOn", on("web"))]),
        "ClientException: Container dependencies should not have a cycle: api, web"
    );
    let logs = json!({"logDriver": "awslogs", "options": {"awslogs-group": "g", "awslogs-region": "us-east-1"}});
    assert_eq!(
        refusal(&[("/containerDefinitions/0/logConfiguration", logs), ("/executionRoleArn", json!("r"))]),
        "ClientException: Fargate requires log configuration options to include awslogs-stream-prefix to support log driver awslogs."
    );
    assert_eq!(
        refusal(&[("/ephemeralStorage", json!({"sizeInGiB": 30})), ("/requiresCompatibilities", json!(["EC2"]))]),
        "ClientException: Tasks using the EC2 launch type do not support EphemeralStorage."
    );
    let eleven: Vec<Value> = (0..11).map(|n| json!({"name": format!("c{n}"), "image": "i"})).collect();
    assert_eq!(
        refusal(&[("/containerDefinitions", json!(eleven))]),
        "ClientException: A task definition can have at most 10 containers."
    );
    let long = json!([{"name": "X", "value": "x".repeat(70_000)}]);
    assert!(
        refusal(&[("/containerDefinitions/0/environment", long)]).ends_with("Max allowed length is '65536' bytes.")
    );
}
