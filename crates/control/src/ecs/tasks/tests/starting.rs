//! `RunTask`: what it answers, what follows, and what the host is told.

use super::*;

#[test]
fn a_new_task_is_provisioning_and_nothing_of_it_is_made_up() {
    let mut fixture = Fixture::new();
    let subnet = fixture.subnet.clone();
    let answer = fixture
        .world
        .ecs("RunTask", fixture.request_with(json!({"startedBy": "me", "tags": [{"key": "k", "value": "v"}]})));
    assert_eq!(answer["failures"], json!([]));
    let mut task = answer["tasks"][0].clone();
    let id = id(&task);
    assert_eq!(id.len(), 32);
    let arn = format!("arn:aws:ecs:us-east-1:123456789012:task/default/{id}");
    let attachment = task["attachments"][0]["id"].take();
    assert_eq!(attachment.as_str().unwrap().len(), 36);
    for container in task["containers"].as_array_mut().unwrap() {
        let of = container["containerArn"].take();
        assert!(of.as_str().unwrap().starts_with(&arn.replace(":task/", ":container/")), "{of}");
    }
    let container = |name: &str| {
        json!({"containerArn": null, "taskArn": arn, "name": name, "image": format!("{name}:1"), "lastStatus": "PENDING",
            "networkBindings": [], "networkInterfaces": [], "healthStatus": "UNKNOWN", "cpu": "10", "memory": "200"})
    };
    let mut api = container("api");
    api["memoryReservation"] = json!("100");
    assert_eq!(
        task,
        json!({
            "attachments": [{"id": null, "type": "ElasticNetworkInterface", "status": "PRECREATED", "details": [{"name": "subnetId", "value": subnet}]}],
            "attributes": [{"name": "ecs.cpu-architecture", "value": "x86_64"}],
            "availabilityZone": "us-east-1b",
            "clusterArn": "arn:aws:ecs:us-east-1:123456789012:cluster/default",
            "containers": [container("web"), api],
            "cpu": "256", "memory": "512",
            "createdAt": 1,
            "desiredStatus": "RUNNING", "lastStatus": "PROVISIONING", "healthStatus": "UNKNOWN",
            "enableExecuteCommand": false,
            "ephemeralStorage": {"sizeInGiB": 20}, "fargateEphemeralStorage": {"sizeInGiB": 20},
            "group": "family:web", "launchType": "FARGATE", "platformFamily": "Linux", "platformVersion": "1.4.0",
            "overrides": {"containerOverrides": [{"name": "web"}, {"name": "api"}], "inferenceAcceleratorOverrides": []},
            "startedBy": "me", "tags": [{"key": "k", "value": "v"}],
            "taskArn": arn, "taskDefinitionArn": "arn:aws:ecs:us-east-1:123456789012:task-definition/web:1",
            "version": 1,
        })
    );
}

#[test]
fn its_interface_is_made_at_once_and_the_host_is_told_everything() {
    let mut fixture = Fixture::new();
    let overrides = json!({
        "cpu": "512", "memory": "1024", "ephemeralStorage": {"sizeInGiB": 30},
        "containerOverrides": [{"name": "web", "command": ["other"], "environment": [{"name": "B", "value": "3"}], "memory": 300}],
    });
    let answer = fixture.world.ecs("RunTask", fixture.request_with(json!({"overrides": overrides})));
    let id = id(&answer["tasks"][0]);
    let task = fixture.task(&id);
    assert_eq!(task["lastStatus"], "PENDING");
    let attachment = &task["attachments"][0];
    assert_eq!(attachment["status"], "ATTACHING");
    let names: Vec<&str> =
        attachment["details"].as_array().unwrap().iter().map(|d| d["name"].as_str().unwrap()).collect();
    assert_eq!(names.first(), Some(&"subnetId"));
    assert!(
        names.contains(&"networkInterfaceId") && names.contains(&"macAddress") && names.contains(&"privateIPv4Address")
    );
    assert_eq!(task["containers"][0]["networkInterfaces"][0]["privateIpv4Address"], "10.0.0.4");

    let spec = host_spec(&fixture.world.state, &HostId::from("host"));
    let told = &spec.tasks[id.as_str()];
    assert_eq!((told.cpu, told.memory, told.ephemeral_storage), (512, 1 << 30, 30 << 30));
    assert!(spec.topology.vpcs[&told.vpc].interfaces.contains_key(&told.interface));
    let web = &told.containers[0];
    assert_eq!(
        (web.command.clone(), web.memory, web.stop_timeout),
        (Some(vec!["other".to_owned()]), Some(300 << 20), 30)
    );
    assert_eq!(web.environment, BTreeMap::from([("A".to_owned(), "1".to_owned()), ("B".to_owned(), "3".to_owned())]));
    assert_eq!((told.containers[1].memory_reservation, told.containers[1].stop_timeout), (Some(100 << 20), 7));
}

#[test]
fn the_log_stream_is_named_by_prefix_container_and_task() {
    let mut fixture = Fixture::new();
    let mut logged = definition();
    logged["executionRoleArn"] = json!("arn:aws:iam::123456789012:role/exec");
    logged["containerDefinitions"][0]["logConfiguration"] = json!({"logDriver": "awslogs", "options": {
        "awslogs-group": "/web", "awslogs-region": "us-east-1", "awslogs-stream-prefix": "p", "mode": "non-blocking", "max-buffer-size": "1m"}});
    fixture.world.task_role("exec");
    fixture.world.ecs("RegisterTaskDefinition", logged);
    let id = fixture.start();
    let spec = host_spec(&fixture.world.state, &HostId::from("host"));
    let log = spec.tasks[id.as_str()].containers[0].log.clone().unwrap();
    assert_eq!((log.group.as_str(), log.stream.as_str()), ("/web", format!("p/web/{id}").as_str()));
    assert_eq!((log.non_blocking, log.create_group, log.buffer), (true, false, 1 << 20));
    assert_eq!(log.multiline, None);
    assert_eq!(spec.tasks[id.as_str()].containers[1].log, None);
}

#[test]
fn secrets_reach_the_host_by_reference_and_no_override_takes_their_names() {
    let mut fixture = Fixture::new();
    fixture.world.task_role("exec");
    let secret = "arn:aws:secretsmanager:us-east-1:123456789012:secret:registry-AbCdEf";
    let mut with = definition();
    with["executionRoleArn"] = json!("arn:aws:iam::123456789012:role/exec");
    with["containerDefinitions"][0]["secrets"] = json!([{"name": "PASSWORD", "valueFrom": "/app/password"}]);
    with["containerDefinitions"][0]["repositoryCredentials"] = json!({"credentialsParameter": secret});
    fixture.world.ecs("RegisterTaskDefinition", with);
    let id = fixture.start();
    let spec = host_spec(&fixture.world.state, &HostId::from("host"));
    let web = &spec.tasks[id.as_str()].containers[0];
    let expected = spec::Secret { name: "PASSWORD".to_owned(), value_from: "/app/password".to_owned() };
    assert_eq!((web.secrets.as_slice(), web.repository_credentials.as_deref()), ([expected].as_slice(), Some(secret)));
    let over = json!({"containerOverrides": [{"name": "web", "environment": [{"name": "PASSWORD", "value": "x"}]}]});
    assert_eq!(
        fixture.world.ecs_refuses("RunTask", fixture.request_with(json!({"overrides": over}))),
        "InvalidParameterException: The secret name must be unique and not shared with any new or existing environment variables set on \
         the container, such as 'PASSWORD'."
    );
}

#[test]
fn the_log_driver_does_not_block_unless_told_to_and_joins_lines_as_told() {
    let told = |options: Value| {
        let mut fixture = Fixture::new();
        fixture.world.task_role("exec");
        let mut logged = definition();
        logged["executionRoleArn"] = json!("arn:aws:iam::123456789012:role/exec");
        let mut all = json!({"awslogs-group": "/web", "awslogs-region": "us-east-1", "awslogs-stream-prefix": "p"});
        all.as_object_mut().unwrap().extend(options.as_object().unwrap().clone());
        logged["containerDefinitions"][0]["logConfiguration"] = json!({"logDriver": "awslogs", "options": all});
        fixture.world.ecs("RegisterTaskDefinition", logged);
        let id = fixture.start();
        host_spec(&fixture.world.state, &HostId::from("host")).tasks[id.as_str()].containers[0].log.clone().unwrap()
    };
    let log = told(json!({}));
    assert_eq!((log.non_blocking, log.buffer, log.multiline), (true, 10 << 20, None));
    let log = told(json!({"mode": "blocking", "awslogs-multiline-pattern": "^INFO"}));
    assert_eq!((log.non_blocking, log.multiline), (false, Some(spec::Multiline::Pattern("^INFO".into()))));
    let log = told(json!({"awslogs-datetime-format": "%H:%M"}));
    assert_eq!(log.multiline, Some(spec::Multiline::Datetime("%H:%M".into())));
}

#[test]
fn without_a_free_address_the_task_stops_and_says_so() {
    let mut fixture = Fixture::new();
    for _ in 0..11 {
        fixture.start();
    }
    let id = fixture.start();
    let task = fixture.task(&id);
    assert_eq!(
        (&task["lastStatus"], &task["desiredStatus"], &task["stopCode"]),
        (&json!("STOPPED"), &json!("STOPPED"), &json!("TaskFailedToStart"))
    );
    let reason = format!(
        "Unexpected EC2 error while attempting to Create Network Interface in subnet '{}': InsufficientFreeAddressesInSubnet",
        fixture.subnet
    );
    assert_eq!(task["stoppedReason"], json!(reason));
    assert_eq!(task["attachments"][0]["status"], "DELETED");
    assert_eq!(fixture.world.state.network_interfaces.len(), 11);
}

#[test]
fn a_task_outlives_its_definition() {
    let mut fixture = Fixture::new();
    let id = fixture.start();
    fixture.world.ecs("DeregisterTaskDefinition", json!({"taskDefinition": "web:1"}));
    fixture.run(&id);
    assert_eq!(fixture.status(&id), "RUNNING");
    assert_eq!(
        fixture.world.ecs_refuses("RunTask", fixture.request_with(json!({"taskDefinition": "web:1"}))),
        "ClientException: TaskDefinition is inactive"
    );
}

#[test]
fn the_same_token_starts_the_same_tasks() {
    let mut fixture = Fixture::new();
    let request = fixture.request_with(json!({"clientToken": "t", "count": 2}));
    let first = fixture.world.ecs("RunTask", request.clone());
    let again = fixture.world.ecs("RunTask", request.clone());
    let ids = |answer: &Value| answer["tasks"].as_array().unwrap().iter().map(id).collect::<Vec<_>>();
    assert_eq!(ids(&first), ids(&again));
    assert_eq!(fixture.world.state.tasks.len(), 2);
    let other = fixture.request_with(json!({"clientToken": "t", "count": 1}));
    let refusal = fixture.world.ecs_refuses("RunTask", other.clone());
    assert!(refusal.starts_with("ConflictException: ") && refusal.contains(&ids(&first)[0]), "{refusal}");

    // The token is free again once its tasks are forgotten.
    for id in ids(&first) {
        fixture.world.ecs("StopTask", json!({"task": id}));
        fixture.end(&id, 0);
    }
    fixture.world.now += 3_600_000;
    fixture.sync();
    assert!(fixture.world.state.client_tokens.is_empty() && fixture.world.state.expiries.is_empty());
    fixture.world.ecs("RunTask", other);
}

#[test]
fn tags_come_from_the_call_the_definition_and_the_service() {
    let mut fixture = Fixture::new();
    let mut tagged = definition();
    tagged["tags"] = json!([{"key": "a", "value": "definition"}, {"key": "b", "value": "definition"}]);
    fixture.world.ecs("RegisterTaskDefinition", tagged);
    let more = json!({"tags": [{"key": "a", "value": "call"}], "propagateTags": "TASK_DEFINITION", "enableECSManagedTags": true});
    let answer = fixture.world.ecs("RunTask", fixture.request_with(more));
    let expected = json!([
        {"key": "a", "value": "call"}, {"key": "b", "value": "definition"}, {"key": "aws:ecs:clusterName", "value": "default"}
    ]);
    assert_eq!(answer["tasks"][0]["tags"], expected);
    let id = id(&answer["tasks"][0]);
    let described = fixture.world.ecs("DescribeTasks", json!({"tasks": [id]}));
    assert_eq!(described["tasks"][0]["tags"], json!([]), "tags are shown when they are asked for");
}

#[test]
fn a_tag_of_the_task_or_of_its_definition_points_it_to_plain_http() {
    fn told(fixture: &mut Fixture, more: Value) -> bool {
        let answer = fixture.world.ecs("RunTask", fixture.request_with(more));
        let spec = host_spec(&fixture.world.state, &HostId::from("host"));
        spec.tasks[id(&answer["tasks"][0]).as_str()].metadata.plain_http
    }
    let mut fixture = Fixture::new();
    let tag = |value: &str| json!([{"key": "neargate:endpoints", "value": value}]);
    assert!(!told(&mut fixture, json!({})));
    assert!(told(&mut fixture, json!({"tags": tag("http")})));
    let mut tagged = definition();
    tagged["tags"] = tag("http");
    fixture.world.ecs("RegisterTaskDefinition", tagged);
    assert!(told(&mut fixture, json!({})), "whether it is propagated or not");
    assert!(!told(&mut fixture, json!({"tags": tag("https")})), "the task's own tag comes first");
}

#[test]
fn a_capacity_provider_strategy_names_the_provider() {
    let mut fixture = Fixture::new();
    // Alone it gets everything, also without a weight.
    let strategy = json!([{"capacityProvider": "FARGATE_SPOT"}]);
    let mut request = fixture.request_with(json!({"capacityProviderStrategy": strategy}));
    request.as_object_mut().unwrap().remove("launchType");
    let refusal = fixture.world.ecs_refuses("RunTask", request.clone());
    assert!(
        refusal.contains("cannot contain a capacity provider that is not associated with the cluster"),
        "{refusal}"
    );
    let providers = json!({"cluster": "default", "capacityProviders": ["FARGATE", "FARGATE_SPOT"], "defaultCapacityProviderStrategy": []});
    fixture.world.ecs("PutClusterCapacityProviders", providers);
    let task = fixture.world.ecs("RunTask", request)["tasks"][0].clone();
    assert_eq!((&task["capacityProviderName"], &task["launchType"]), (&json!("FARGATE_SPOT"), &json!("FARGATE")));
}
