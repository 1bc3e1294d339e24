//! Services with service registries: tasks get names, are healthy in them or not, and lose them before they end.

use super::*;
use crate::ecs::tasks::tests::{running, told};
use aws::api::servicediscovery::API;
use spec::{Desired, Health};
use vpc::{RecordSet, RecordValue};

fn map(region: &mut Region, operation: &str, request: Value) -> Value {
    region.fixture.world.call(&API, operation, request).unwrap_or_else(|fault| panic!("{operation}: {fault}"))
}

/// A region with the namespace `shop.local` in its VPC, and in there a service with such records; its ARN and id.
fn region(records: Value) -> (Region, String, String) {
    let mut region = Region::new();
    let vpc = region.fixture.world.state.vpcs.iter().next().unwrap().id.to_string();
    for (attribute, value) in [("EnableDnsHostnames", true), ("EnableDnsSupport", true)] {
        let request = json!({"VpcId": vpc, attribute: {"Value": value}});
        region.fixture.world.call(&aws::api::ec2::API, "ModifyVpcAttribute", request).unwrap();
    }
    map(&mut region, "CreatePrivateDnsNamespace", json!({"Name": "shop.local", "Vpc": vpc}));
    let namespace = region.fixture.world.state.namespaces.iter().next().unwrap().id.clone();
    let request = json!({"Name": "api", "NamespaceId": namespace, "HealthCheckCustomConfig": {"FailureThreshold": 1},
        "DnsConfig": {"DnsRecords": records}});
    let service = map(&mut region, "CreateService", request)["Service"].clone();
    (region, service["Arn"].as_str().unwrap().to_owned(), service["Id"].as_str().unwrap().to_owned())
}

fn a_records() -> Value {
    json!([{"Type": "A", "TTL": 10}])
}

fn with_registry(region: &mut Region, desired: u32, registry: Value) {
    let mut request = region.request(desired);
    request["serviceRegistries"] = json!([registry]);
    region.ecs("CreateService", request);
}

/// What the VPC's resolver knows of a name.
fn records(region: &Region, name: &str) -> Vec<RecordSet> {
    let zones = crate::servicediscovery::zones(&region.fixture.world.state);
    let zone = &zones.private.values().next().expect("a zone")["shop.local"];
    zone.names.get(name).cloned().unwrap_or_default()
}

fn address(region: &Region, task: &str) -> RecordValue {
    let interface = region.fixture.world.state.tasks.get(task).unwrap().attachment.interface.clone().unwrap();
    RecordValue::Address(interface.private_ip.to_string().parse().unwrap())
}

#[test]
fn a_task_has_a_name_when_it_runs_and_none_before_its_containers_are_stopped() {
    let (mut region, arn, id) = region(a_records());
    with_registry(&mut region, 1, json!({"registryArn": arn}));
    let task = region.tasks().remove(0);
    assert_eq!(records(&region, "api.shop.local"), []);
    region.run();
    assert_eq!(region.fixture.status(&task), "RUNNING");
    let [set] = records(&region, "api.shop.local").try_into().unwrap();
    assert_eq!((set.ttl, set.most, set.values), (10, 8, vec![address(&region, &task)]));
    let instances = map(&mut region, "ListInstances", json!({"ServiceId": id}));
    let RecordValue::Address(ip) = address(&region, &task) else { panic!() };
    assert_eq!(instances["Instances"][0]["Id"], json!(task));
    assert_eq!(
        instances["Instances"][0]["Attributes"],
        json!({
            "AWS_INSTANCE_IPV4": ip.to_string(), "AVAILABILITY_ZONE": "us-east-1b", "REGION": "us-east-1",
            "ECS_CLUSTER_NAME": "default", "ECS_SERVICE_NAME": "site", "ECS_TASK_DEFINITION_FAMILY": "web",
            "AWS_INIT_HEALTH_STATUS": "HEALTHY",
        })
    );
    assert_eq!(region.describe()["serviceRegistries"], json!([{"registryArn": arn}]));

    // The host has not heard of it yet, so its resolver still may answer with the task.
    let observed = region.fixture.world.state.revision;
    region.update(json!({"desiredCount": 0}));
    region.fixture.world.now += 1_000;
    region.fixture.sync_at(observed);
    assert_eq!(records(&region, "api.shop.local"), []);
    assert_eq!(region.fixture.status(&task), "DEACTIVATING");
    assert_eq!(told(&region.fixture.world.state)[task.as_str()], Desired::Running);
    region.pass(1);
    assert_eq!(region.fixture.status(&task), "STOPPING");
    region.end_stopped();
    assert_eq!(region.fixture.status(&task), "STOPPED");
    map(&mut region, "DeleteService", json!({"Id": id}));
}

#[test]
fn the_address_of_a_task_that_crashed_is_free_when_no_resolver_names_it() {
    let (mut region, arn, _) = region(a_records());
    with_registry(&mut region, 1, json!({"registryArn": arn}));
    region.run();
    let task = region.tasks().remove(0);
    let observed = region.fixture.world.state.revision;
    for name in ["web", "api"] {
        *region.fixture.container(&task, name) = crate::ecs::tasks::tests::ended(1);
    }
    region.fixture.sync_at(observed);
    assert_eq!(records(&region, "api.shop.local"), [], "at once");
    region.fixture.tasks.remove(task.as_str());
    region.fixture.sync_at(observed);
    let interface = region.fixture.world.state.tasks.get(task.as_str()).unwrap().attachment.status;
    assert_ne!(interface, crate::state::AttachmentStatus::Deleted);
    region.pass(1);
    assert_eq!(region.fixture.status(&task), "STOPPED");
}

#[test]
fn an_srv_record_leads_to_the_tasks_port() {
    let (mut region, arn, _) = region(json!([{"Type": "SRV", "TTL": 5}]));
    with_registry(&mut region, 2, json!({"registryArn": arn, "containerName": "web", "containerPort": 80}));
    region.run();
    let tasks = region.tasks();
    let [set] = records(&region, "api.shop.local").try_into().unwrap();
    let mut hosts: Vec<RecordValue> =
        tasks.iter().map(|task| RecordValue::port(80, format!("{task}.api.shop.local"))).collect();
    hosts.sort_by_key(|value| format!("{value:?}"));
    assert_eq!(set.values, hosts);
    for task in &tasks {
        let [set] = records(&region, &format!("{task}.api.shop.local")).try_into().unwrap();
        assert_eq!(set.values, [address(&region, task)]);
    }
}

#[test]
fn a_task_is_as_healthy_as_its_containers_say() {
    let (mut region, arn, id) = region(a_records());
    let mut definition = definition();
    definition["containerDefinitions"][0]["healthCheck"] = json!({"command": ["CMD", "true"]});
    region.ecs("RegisterTaskDefinition", definition);
    with_registry(&mut region, 2, json!({"registryArn": arn}));
    region.run();
    let tasks = region.tasks();
    let health =
        |region: &mut Region| map(region, "GetInstancesHealthStatus", json!({"ServiceId": id}))["Status"].clone();
    let of = |first: &str, second: &str| json!({&tasks[0]: first, &tasks[1]: second});
    assert_eq!(health(&mut region), of("UNHEALTHY", "UNHEALTHY"), "nothing is known of them yet");
    let said = |region: &mut Region, task: &str, health| {
        *region.fixture.container(task, "web") = spec::ContainerStatus { health, ..running() };
        region.fixture.sync();
    };
    said(&mut region, &tasks[0], Health::Healthy);
    assert_eq!(health(&mut region), of("HEALTHY", "UNHEALTHY"));
    let [set] = records(&region, "api.shop.local").try_into().unwrap();
    assert_eq!(set.values, [address(&region, &tasks[0])], "the other is not answered");
    // What a user says holds until the containers say something else.
    let told = json!({"ServiceId": id, "InstanceId": tasks[1], "Status": "HEALTHY"});
    map(&mut region, "UpdateInstanceCustomHealthStatus", told);
    region.pass(31);
    assert_eq!(health(&mut region), of("HEALTHY", "HEALTHY"));
}

#[test]
fn registries_are_checked_in_amazons_words() {
    let (mut region, a, _) = region(a_records());
    let namespace = region.fixture.world.state.namespaces.iter().next().unwrap().id.clone();
    let request =
        json!({"Name": "srv", "NamespaceId": namespace, "DnsConfig": {"DnsRecords": [{"Type": "SRV", "TTL": 1}]}});
    let srv = map(&mut region, "CreateService", request)["Service"]["Arn"].as_str().unwrap().to_owned();
    let missing = a.replace("srv-", "srv-x");
    let cases = [
        (json!([{"registryArn": a}, {"registryArn": srv, "port": 1}]), "serviceRegistries can have at most 1 items."),
        (
            json!([{"registryArn": "arn:aws:servicediscovery:us-east-1:123456789012:namespace/ns-1"}]),
            "is invalid: arn:aws:",
        ),
        (json!([{"registryArn": missing}]), "Route 53 error: \"ServiceNotFound.\""),
        (json!([{"registryArn": a, "port": 80}]), "do not require a value for 'port'. Remove the value and retry."),
        (
            json!([{"registryArn": a, "containerName": "web", "containerPort": 80}]),
            "do not require a value for 'containerPort'.",
        ),
        (json!([{"registryArn": srv}]), "Specify a value for either 'port' or"),
        (json!([{"registryArn": srv, "containerName": "web"}]), "Specify a value for either 'port' or"),
        (json!([{"registryArn": srv, "port": 80, "containerName": "web", "containerPort": 80}]), "but not both."),
        (json!([{"registryArn": srv, "port": 70000}]), "port must be between 1 and 65535."),
        (json!([{"registryArn": srv, "containerName": "db", "containerPort": 80}]), "The container db does not exist"),
        (
            json!([{"registryArn": srv, "containerName": "web", "containerPort": 81}]),
            "did not have a container port 81 defined.",
        ),
    ];
    for (registries, expected) in cases {
        let mut request = region.request(1);
        request["serviceRegistries"] = registries;
        let refused = region.refuses("CreateService", request);
        assert!(refused.contains(expected), "{refused}");
    }
    let mut request = region.request(1001);
    request["serviceRegistries"] = json!([{"registryArn": a}]);
    assert!(region.refuses("CreateService", request).contains("desiredCount must be at most 1000"));
}

#[test]
fn another_registry_is_another_deployment() {
    let (mut region, arn, id) = region(a_records());
    region.ecs("CreateService", region.request(1));
    region.settle();
    assert_eq!(records(&region, "api.shop.local"), []);
    let service = region.update(json!({"serviceRegistries": [{"registryArn": arn}]}));
    assert_eq!(service["deployments"].as_array().unwrap().len(), 2);
    region.settle();
    assert_eq!(records(&region, "api.shop.local").len(), 1);
    region.update(json!({"serviceRegistries": []}));
    region.settle();
    assert_eq!(map(&mut region, "ListInstances", json!({"ServiceId": id}))["Instances"], json!([]));
}

#[test]
fn a_registry_that_is_gone_is_said_and_keeps_no_task_from_running() {
    let (mut region, arn, id) = region(a_records());
    with_registry(&mut region, 1, json!({"registryArn": arn}));
    map(&mut region, "DeleteService", json!({"Id": id}));
    region.run();
    let task = region.tasks().remove(0);
    assert_eq!(region.fixture.status(&task), "RUNNING");
    let said = region.events();
    assert!(said.iter().any(|event| event.contains(&format!("(service-registry {arn})"))), "{said:?}");
}
