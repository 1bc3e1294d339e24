//! Services with Service Connect: what tasks offer and use, who is behind it, and when.

use super::*;
use crate::{State, ecs::tasks::tests::told, host::host_spec, state::Status};
use aws::api::servicediscovery::API;
use spec::{Desired, Health, HostSpec, connect::AppProtocol};

/// A region whose cluster has the namespace `shop`, and the task definition `server`, whose port 80 is `http` and speaks HTTP.
fn region() -> Region {
    let mut region = Region::new();
    region.ecs("UpdateCluster", json!({"cluster": "default", "serviceConnectDefaults": {"namespace": "shop"}}));
    region.fixture.world.task_role("ecs");
    region.ecs("RegisterTaskDefinition", server());
    region
}

fn server() -> Value {
    let mut server = definition();
    server["family"] = json!("server");
    server["executionRoleArn"] = json!("arn:aws:iam::123456789012:role/ecs");
    server["containerDefinitions"][0]["portMappings"] = json!([
        {"containerPort": 80, "name": "http", "appProtocol": "http"},
        {"containerPort": 5432, "name": "db"},
        {"containerPort": 53, "name": "dns", "protocol": "udp"},
    ]);
    server
}

fn connect(services: Value) -> Value {
    json!({"enabled": true, "services": services})
}

/// Creates a service with one task.
fn create(region: &mut Region, name: &str, configuration: Value) -> Value {
    let request = request(region, name, configuration);
    region.ecs("CreateService", request)["service"].clone()
}

fn request(region: &Region, name: &str, configuration: Value) -> Value {
    let mut request = region.request(1);
    request["serviceName"] = json!(name);
    request["taskDefinition"] = json!("server");
    request["serviceConnectConfiguration"] = configuration;
    request
}

fn offer(port: i32) -> Value {
    json!([{"portName": "http", "discoveryName": "api", "clientAliases": [{"port": port, "dnsName": "api"}]}])
}

fn spec(region: &Region) -> HostSpec {
    host_spec(&region.fixture.world.state, &"host".into())
}

/// The task of a service that should run.
fn task_of(region: &Region, service: &str) -> String {
    let group = format!("service:{service}");
    let tasks = region.fixture.world.state.tasks.iter();
    let mut ours = tasks.filter(|task| task.launch.group == group && task.desired == Desired::Running);
    ours.next().unwrap().id.to_string()
}

/// The names a task's containers know, with their ports.
fn known(region: &Region, task: &str) -> Vec<(String, Vec<u16>)> {
    let spec = spec(region);
    let connect = spec.tasks[task].connect.clone().expect("a proxy");
    let ports = |alias: &spec::connect::Alias| alias.ports.keys().map(|port| port.get()).collect();
    connect.uses.iter().map(|alias| (alias.name.clone(), ports(alias))).collect()
}

/// The tasks behind the only endpoint that the host is told of.
fn behind(region: &Region) -> Vec<String> {
    let spec = spec(region);
    assert!(spec.endpoints.len() <= 1);
    spec.endpoints.values().flat_map(|endpoint| endpoint.instances.keys().map(|id| id.to_string())).collect()
}

fn map(region: &mut Region, operation: &str, request: Value) -> Value {
    region.fixture.world.call(&API, operation, request).unwrap_or_else(|fault| panic!("{operation}: {fault}"))
}

#[test]
fn a_client_is_told_who_is_behind_a_name_and_no_longer_before_that_stops() {
    let mut region = region();
    create(&mut region, "api", connect(offer(8080)));
    create(&mut region, "web", connect(json!([])));
    let (api, web) = (task_of(&region, "api"), task_of(&region, "web"));
    let spec = spec(&region);
    let offered = &spec.tasks[api.as_str()].connect.as_ref().unwrap().offers[0];
    assert_eq!((offered.name.as_str(), offered.port().get(), offered.protocol), ("api", 80, AppProtocol::Http));
    assert_eq!((offered.timeouts.idle, offered.timeouts.request), (300, 15));
    assert_eq!(spec.tasks[web.as_str()].connect.as_ref().unwrap().offers, []);
    assert_eq!(known(&region, &web), [("api".to_owned(), vec![8080])]);
    assert_eq!(spec.tasks[web.as_str()].connect.as_ref().unwrap().uses[0].address.to_string(), "127.255.0.1");
    assert_eq!(behind(&region), Vec::<String>::new(), "it does not run yet");

    region.fixture.run(&api);
    region.fixture.run(&web);
    assert_eq!(behind(&region), std::slice::from_ref(&api));
    let interface = region.fixture.world.state.tasks.get(&api).unwrap().attachment.interface.clone().unwrap();
    let instance = self::spec(&region).endpoints.values().next().unwrap().instances[api.as_str()].clone();
    assert_eq!((instance.address.ip(), instance.address.port()), (interface.private_ip, 80));
    assert_eq!(instance.zone, "us-east-1b");

    let observed = region.fixture.world.state.revision;
    region.ecs("UpdateService", json!({"service": "api", "desiredCount": 0}));
    region.fixture.sync_at(observed);
    assert_eq!(behind(&region), Vec::<String>::new());
    assert_eq!(told(&region.fixture.world.state)[api.as_str()], Desired::Running, "a proxy may not know yet");
    region.pass(1);
    assert_eq!(region.fixture.status(&api), "STOPPING");
}

#[test]
fn tasks_know_what_there_was_when_they_were_deployed() {
    let mut region = region();
    create(&mut region, "web", connect(json!([])));
    let other = json!({"clusterName": "other", "serviceConnectDefaults": {"namespace": "others"}});
    region.ecs("CreateCluster", other);
    let mut elsewhere = request(&region, "elsewhere", connect(offer(9)));
    elsewhere["cluster"] = json!("other");
    region.ecs("CreateService", elsewhere);
    create(&mut region, "api", connect(offer(8080)));
    let api = task_of(&region, "api");
    assert_eq!(known(&region, &api), [("api".to_owned(), vec![8080])], "it knows itself");
    assert_eq!(known(&region, &task_of(&region, "web")), []);
    // A task that takes the place of one of the same deployment is like it.
    let first = task_of(&region, "web");
    region.fixture.run(&first);
    region.fixture.end(&first, 1);
    region.pass(20);
    let second = task_of(&region, "web");
    assert_ne!(first, second);
    assert_eq!(known(&region, &second), []);
    region.ecs("UpdateService", json!({"service": "web", "forceNewDeployment": true}));
    let deployed = |state: &State| {
        let mut ours = state.tasks.iter().filter(|task| task.launch.group == "service:web");
        ours.any(|task| task.launch.connect.as_ref().is_some_and(|connect| !connect.uses.is_empty()))
    };
    assert!(deployed(&region.fixture.world.state));
}

#[test]
fn an_unhealthy_task_is_behind_a_name_only_if_no_other_is() {
    let mut region = region();
    let mut checked = server();
    checked["containerDefinitions"][0]["healthCheck"] = json!({"command": ["CMD", "/ready"]});
    region.ecs("RegisterTaskDefinition", checked);
    let mut two = request(&region, "api", connect(offer(8080)));
    two["desiredCount"] = json!(2);
    region.ecs("CreateService", two);
    let tasks: Vec<String> = region.fixture.world.state.tasks.iter().map(|task| task.id.to_string()).collect();
    for task in &tasks {
        region.fixture.run(task);
    }
    assert_eq!(behind(&region).len(), 2, "nothing is known of either");
    region.fixture.container(&tasks[1], "web").health = Health::Healthy;
    region.fixture.sync();
    assert_eq!(behind(&region), [tasks[1].clone()]);
}

#[test]
fn a_service_is_described_with_its_endpoints_and_found_by_its_namespace() {
    let mut region = region();
    let cluster = region.ecs("DescribeClusters", json!({}))["clusters"][0].clone();
    let namespace = cluster["serviceConnectDefaults"]["namespace"].as_str().unwrap().to_owned();
    assert!(namespace.starts_with("arn:aws:servicediscovery:us-east-1:123456789012:namespace/ns-"), "{namespace}");
    let service = create(&mut region, "api", connect(offer(8080)));
    let deployment = &service["deployments"][0];
    let mut configuration = connect(offer(8080));
    configuration["namespace"] = json!(namespace);
    assert_eq!(deployment["serviceConnectConfiguration"], configuration);
    let resource = &deployment["serviceConnectResources"][0];
    assert_eq!(resource["discoveryName"], "api");
    let listed = map(&mut region, "ListServices", json!({}));
    assert_eq!(listed["Services"][0]["Arn"], resource["discoveryArn"]);
    assert_eq!(listed["Services"][0]["Type"], "HTTP");
    let arns = region.ecs("ListServicesByNamespace", json!({"namespace": "shop"}));
    assert_eq!(arns["serviceArns"], json!([service["serviceArn"]]));
    assert_eq!(
        region.refuses("ListServicesByNamespace", json!({"namespace": "none"})),
        "NamespaceNotFoundException: Failed to retrieve namespace for none"
    );
    let revision = service["currentServiceRevisions"][0]["arn"].clone();
    let revisions = region.ecs("DescribeServiceRevisions", json!({"serviceRevisionArns": [revision]}));
    assert_eq!(revisions["serviceRevisions"][0]["serviceConnectConfiguration"], configuration);

    let api = task_of(&region, "api");
    region.fixture.run(&api);
    let found = map(&mut region, "DiscoverInstances", json!({"NamespaceName": "shop", "ServiceName": "api"}));
    assert_eq!(found["Instances"][0]["InstanceId"], json!(api));
    assert_eq!(found["Instances"][0]["Attributes"]["AWS_INSTANCE_PORT"], "80");
}

#[test]
fn what_a_service_offers_no_more_is_removed_when_nothing_runs_that_did() {
    let mut region = region();
    create(&mut region, "api", connect(offer(8080)));
    let names = |region: &mut Region| -> Vec<String> {
        let listed = map(region, "ListServices", json!({}))["Services"].clone();
        listed.as_array().unwrap().iter().map(|of| of["Name"].as_str().unwrap().to_owned()).collect()
    };
    let settle = |region: &mut Region| {
        for _ in 0..3 {
            let state = &region.fixture.world.state;
            let live = state.tasks.iter().filter(|task| task.desired == Desired::Running);
            let live: Vec<String> = live.map(|task| task.id.to_string()).collect();
            live.iter().for_each(|task| region.fixture.run(task));
            region.pass(41);
            region.end_stopped();
        }
    };
    settle(&mut region);
    let other = json!([{"portName": "db", "clientAliases": [{"port": 5432}]}]);
    let update = json!({"service": "api", "serviceConnectConfiguration": connect(other)});
    let updated = region.ecs("UpdateService", update.clone())["service"].clone();
    assert_eq!(updated["deployments"].as_array().unwrap().len(), 2);
    let mut both = names(&mut region);
    both.sort();
    assert_eq!(both, ["api", "db"]);
    settle(&mut region);
    assert_eq!(names(&mut region), ["db"]);
    let api = task_of(&region, "api");
    assert_eq!(known(&region, &api), [("db.shop".to_owned(), vec![5432])]);
    assert_eq!(region.ecs("UpdateService", update)["service"]["deployments"].as_array().unwrap().len(), 1);

    region.ecs("DeleteService", json!({"service": "api", "force": true}));
    for _ in 0..3 {
        region.pass(2);
        region.end_stopped();
    }
    assert!(region.fixture.world.state.tasks.iter().all(|task| task.status == Status::Stopped));
    assert_eq!(names(&mut region), Vec::<String>::new());
}

#[test]
fn what_does_not_fit_is_refused() {
    let mut region = region();
    create(&mut region, "api", connect(offer(8080)));
    let one = |more: Value| {
        let mut of = json!({"portName": "http", "discoveryName": "new", "clientAliases": [{"port": 80}]});
        more.as_object().unwrap().iter().for_each(|(name, value)| of[name] = value.clone());
        connect(json!([of]))
    };
    let log = |driver: &str, options: Value| json!({"enabled": true, "logConfiguration": {"logDriver": driver, "options": options}});
    let bad = [
        (
            json!({"enabled": true, "namespace": "none"}),
            "NamespaceNotFoundException: Failed to retrieve namespace for none",
        ),
        (
            one(json!({"portName": "none"})),
            "InvalidParameterException: portName(none) does not refer to any named PortMapping in the task definition.",
        ),
        (
            one(json!({"portName": "dns"})),
            "InvalidParameterException: portName(dns) refers to a UDP port. Service Connect supports TCP only.",
        ),
        (one(json!({"discoveryName": "New"})), "InvalidParameterException: The discoveryName New is not valid."),
        (
            one(json!({"discoveryName": "api"})),
            "InvalidParameterException: The discoveryName api is already in use in the namespace shop.",
        ),
        (
            one(json!({"clientAliases": [{"port": 8080, "dnsName": "api"}]})),
            "InvalidParameterException: The client alias api:8080 is already in use by the service api.",
        ),
        (
            one(json!({"clientAliases": []})),
            "InvalidParameterException: The service new must have one client alias, and has 0.",
        ),
        (
            one(json!({"clientAliases": [{"port": 0}]})),
            "InvalidParameterException: The port of a client alias must be between 1 and 65535.",
        ),
        (
            one(json!({"clientAliases": [{"port": 80, "dnsName": "-x"}]})),
            "InvalidParameterException: The dnsName -x is not valid.",
        ),
        (
            one(json!({"clientAliases": [{"port": 80, "dnsName": "10.1"}]})),
            "InvalidParameterException: The dnsName 10.1 is not valid.",
        ),
        (
            one(json!({"clientAliases": [{"port": 80, "dnsName": "api.0x7f"}]})),
            "InvalidParameterException: The dnsName api.0x7f is not valid.",
        ),
        (
            one(json!({"clientAliases": [{"port": 80, "dnsName": "localhost"}]})),
            "InvalidParameterException: The dnsName localhost is not valid.",
        ),
        (
            one(json!({"ingressPortOverride": 5432})),
            "InvalidParameterException: ingressPortOverride 5432 is a container port in the task definition.",
        ),
        (
            one(json!({"portName": "db", "timeout": {"perRequestTimeoutSeconds": 5}})),
            "InvalidParameterException: perRequestTimeoutSeconds is not supported for the appProtocol TCP.",
        ),
        (
            one(json!({"tls": {"issuerCertificateAuthority": {}}})),
            "UnsupportedFeatureException: neargate does not support serviceConnectConfiguration.services.tls.",
        ),
        (
            json!({"enabled": true, "accessLogConfiguration": {"format": "TEXT"}}),
            "UnsupportedFeatureException: neargate does not support serviceConnectConfiguration.accessLogConfiguration.",
        ),
        (
            log("awslogs", json!({"awslogs-region": "us-east-1"})),
            "ClientException: Log driver awslogs requires options: awslogs-group",
        ),
        (
            log("syslog", json!({})),
            "ClientException: syslog is not a valid log driver. Must be one of [awslogs,splunk,awsfirelens]",
        ),
    ];
    for (configuration, words) in bad {
        let request = request(&region, "new", configuration.clone());
        assert_eq!(region.refuses("CreateService", request), words, "{configuration}");
    }
    let mut old = request(&region, "new", connect(json!([])));
    old["platformVersion"] = json!("1.3.0");
    assert!(region.refuses("CreateService", old).contains("Service Connect needs platform version 1.4.0."));
    // A namespace without services can be deleted while clients are in it.
    map(&mut region, "CreateHttpNamespace", json!({"Name": "brief"}));
    create(&mut region, "web", json!({"enabled": true, "namespace": "brief"}));
    let brief = region.fixture.world.state.namespaces.iter().find(|known| known.name == "brief").unwrap().id.clone();
    region.pass(2);
    map(&mut region, "DeleteNamespace", json!({"Id": brief}));
    assert_eq!(
        region.refuses("UpdateService", json!({"service": "web", "forceNewDeployment": true})),
        "NamespaceNotFoundException: Failed to retrieve namespace for brief"
    );
    region.ecs("UpdateCluster", json!({"cluster": "default", "serviceConnectDefaults": {"namespace": ""}}));
    let request = request(&region, "new", connect(json!([])));
    assert!(region.refuses("CreateService", request).contains("the cluster has no default namespace"));
}

#[test]
fn a_name_goes_on_speaking_its_protocol() {
    let mut region = region();
    create(&mut region, "api", connect(offer(8080)));
    let mut other = server();
    other["containerDefinitions"][0]["portMappings"][0]["appProtocol"] = json!("grpc");
    region.ecs("RegisterTaskDefinition", other);
    assert_eq!(
        region.refuses("UpdateService", json!({"service": "api", "taskDefinition": "server"})),
        "InvalidParameterException: The appProtocol of the Service Connect service api can't be changed."
    );
    // Nor can it offer what its task definition does not have any more.
    assert_eq!(
        region.refuses("UpdateService", json!({"service": "api", "taskDefinition": "web"})),
        "InvalidParameterException: portName(http) does not refer to any named PortMapping in the task definition."
    );
    let off = json!({"service": "api", "taskDefinition": "web", "serviceConnectConfiguration": {"enabled": false}});
    let updated = region.ecs("UpdateService", off)["service"].clone();
    assert_eq!(updated["deployments"][0]["serviceConnectConfiguration"], json!({"enabled": false}));
    assert_eq!(updated["deployments"][0]["serviceConnectResources"], Value::Null);
}

#[test]
fn a_port_of_the_proxys_own_and_its_log_are_told() {
    let mut region = region();
    let mut configuration = connect(json!([{"portName": "db", "ingressPortOverride": 15432,
        "timeout": {"idleTimeoutSeconds": 0}, "clientAliases": [{"port": 5432, "dnsName": "db"}]}]));
    configuration["logConfiguration"] = json!({"logDriver": "awslogs", "options": {
        "awslogs-group": "/proxies", "awslogs-region": "us-east-1", "awslogs-stream-prefix": "sc"}});
    create(&mut region, "db", configuration);
    let db = task_of(&region, "db");
    region.fixture.run(&db);
    let spec = spec(&region);
    let connect = spec.tasks[db.as_str()].connect.clone().unwrap();
    let offer = &connect.offers[0];
    assert_eq!((offer.container_port.get(), offer.port().get(), offer.protocol), (5432, 15432, AppProtocol::Tcp));
    assert_eq!((offer.timeouts.idle, offer.timeouts.request), (0, 0));
    assert_eq!(connect.ports.iter().copied().collect::<Vec<u16>>(), [80, 5432]);
    let log = connect.log.unwrap();
    assert_eq!((log.group.as_str(), log.stream), ("/proxies", format!("sc/{}/{db}", connect.container)));
    assert_eq!(spec.endpoints.values().next().unwrap().instances[db.as_str()].address.port(), 15432);
}
