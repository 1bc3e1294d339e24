use super::{
    describe::{self, About, Machine},
    route::Version,
    serve::asking,
    stats::{self, Reading},
};
use containers::{Counters, counters};
use serde_json::json;
use spec::{
    ContainerSpec, ContainerStatus, Desired, HostId, HostSpec, HostStatus, LogSpec, Phase, TaskId, TaskMetadata,
    TaskSpec, TaskStatus,
};
use std::{collections::BTreeMap, net::IpAddr, sync::Arc};
use vpc::{Interface, Mac, Subnet, Topology, Vpc, VpcId};

const ID: &str = "0123456789abcdef0123456789abcdef";

fn interface(address: &str) -> Interface {
    Interface {
        subnet: "subnet-1".into(),
        private_ip: address.parse().unwrap(),
        mac: Mac([0x0a, 1, 2, 3, 4, 5]),
        secondary_ips: Default::default(),
        public_ips: Default::default(),
        security_groups: Default::default(),
        source_dest_check: true,
        holder: Default::default(),
    }
}

fn vpc(interfaces: &[(&str, &str)]) -> Vpc {
    let subnet =
        Subnet { cidr: "10.0.1.0/24".parse().unwrap(), route_table: "rtb-1".into(), network_acl: "acl-1".into() };
    Vpc {
        cidrs: vec!["10.0.0.0/16".parse().unwrap()],
        dns_support: true,
        dns_hostnames: true,
        subnets: [("subnet-1".into(), subnet)].into(),
        interfaces: interfaces.iter().map(|(id, address)| ((*id).into(), interface(address))).collect(),
        ..Vpc::default()
    }
}

fn task(vpc: &str, interface: &str) -> TaskSpec {
    let web = ContainerSpec {
        name: "web".to_owned(),
        image: "busybox".to_owned(),
        memory: Some(128 << 20),
        labels: [("team".to_owned(), "a".to_owned())].into(),
        log: Some(LogSpec {
            multiline: None,
            group: "/web".to_owned(),
            stream: "p/web/1".to_owned(),
            create_group: false,
            non_blocking: false,
            buffer: 0,
        }),
        ..ContainerSpec::default()
    };
    TaskSpec {
        arn: format!("arn:aws:ecs:us-east-1:123456789012:task/default/{ID}"),
        desired: Desired::Running,
        vpc: vpc.into(),
        interface: interface.into(),
        hostname: "ip-10-0-1-12.ec2.internal".to_owned(),
        cpu: 256,
        memory: 512 << 20,
        ephemeral_storage: 20 << 30,
        volumes: Vec::new(),
        shared_pid_namespace: false,
        architecture: "amd64".to_owned(),
        containers: vec![web, ContainerSpec { name: "side".to_owned(), cpu: 10, ..ContainerSpec::default() }],
        insights: false,
        metadata: TaskMetadata {
            cluster: "arn:aws:ecs:us-east-1:123456789012:cluster/default".to_owned(),
            family: "app".to_owned(),
            revision: "3".to_owned(),
            zone: "us-east-1b".to_owned(),
            containers: vec!["arn:web".to_owned(), "arn:side".to_owned()],
            tags: [("a".to_owned(), "b".to_owned())].into(),
            credentials: Some("id".to_owned()),
            plain_http: false,
        },
        connect: None,
    }
}

/// A host with a task in each of two VPCs that have the same ranges, and in the first a neighbour.
fn host() -> (HostSpec, HostStatus) {
    let vpcs = [
        ("vpc-1".into(), vpc(&[("eni-1", "10.0.1.12"), ("eni-3", "10.0.1.13")])),
        ("vpc-2".into(), vpc(&[("eni-2", "10.0.1.12")])),
    ];
    let topology = Topology { region: "us-east-1".to_owned(), vpcs: vpcs.into(), ..Topology::default() };
    let tasks = [
        (TaskId::from(ID), task("vpc-1", "eni-1")),
        ("two".into(), task("vpc-2", "eni-2")),
        ("three".into(), task("vpc-1", "eni-3")),
    ];
    let running = ContainerStatus {
        phase: Phase::Running,
        image_digest: Some("sha256:1".to_owned()),
        started_at: Some(1_600_000_000_500),
        ..ContainerStatus::default()
    };
    let status = TaskStatus {
        pull_started_at: Some(1_600_000_000_000),
        containers: [("web".to_owned(), running), ("side".to_owned(), ContainerStatus::default())].into(),
        ..TaskStatus::default()
    };
    let status = HostStatus {
        balancing: Default::default(),
        host: HostId::from("host"),
        incarnation: 1,
        sequence: 1,
        observed: 1,
        networked: 1,
        tasks: [(ID.into(), status)].into(),
    };
    (HostSpec { revision: 1, topology: Arc::new(topology), tasks: tasks.into(), ..HostSpec::default() }, status)
}

fn about<'a>(spec: &'a HostSpec, status: &'a HostStatus, vpc: &str, from: &str) -> Option<About<'a>> {
    asking(spec, status, &VpcId::from(vpc), from.parse::<IpAddr>().unwrap())
}

#[test]
fn who_asks_is_told_by_vpc_and_address() {
    let (spec, status) = host();
    let who = |vpc: &str, from: &str| about(&spec, &status, vpc, from).map(|about| about.id.to_string());
    assert_eq!(who("vpc-1", "10.0.1.12").as_deref(), Some(ID));
    assert_eq!(who("vpc-2", "10.0.1.12").as_deref(), Some("two"));
    assert_eq!(who("vpc-1", "10.0.1.13").as_deref(), Some("three"));
    assert_eq!(who("vpc-1", "10.0.1.14"), None);
    assert_eq!(who("vpc-2", "10.0.1.13"), None);
    assert_eq!(who("vpc-3", "10.0.1.12"), None);
}

#[test]
fn a_container_as_fargate_describes_it() {
    let (spec, status) = host();
    let about = about(&spec, &status, "vpc-1", "10.0.1.12").unwrap();
    let web = &about.task.containers[0];
    let described = describe::container(&about, web, Some(&"arn:web".to_owned()), Version::V4);
    let id = super::container_id(about.id, "web");
    assert_eq!(id.len(), 32 + 1 + 10);
    assert_eq!(
        described,
        json!({
            "DockerId": id, "Name": "web", "DockerName": "web", "Image": "busybox", "ImageID": "sha256:1",
            "Labels": {
                "com.amazonaws.ecs.cluster": "arn:aws:ecs:us-east-1:123456789012:cluster/default",
                "com.amazonaws.ecs.container-name": "web",
                "com.amazonaws.ecs.task-arn": format!("arn:aws:ecs:us-east-1:123456789012:task/default/{ID}"),
                "com.amazonaws.ecs.task-definition-family": "app",
                "com.amazonaws.ecs.task-definition-version": "3",
                "team": "a",
            },
            "DesiredStatus": "RUNNING", "KnownStatus": "RUNNING", "Limits": {"CPU": 2, "Memory": 128},
            "CreatedAt": "2020-09-13T12:26:40.5Z", "StartedAt": "2020-09-13T12:26:40.5Z", "Type": "NORMAL",
            "Networks": [{
                "NetworkMode": "awsvpc", "IPv4Addresses": ["10.0.1.12"], "AttachmentIndex": 0,
                "MACAddress": "0a:01:02:03:04:05", "IPv4SubnetCIDRBlock": "10.0.1.0/24",
                "DomainNameServers": ["10.0.0.2"], "DomainNameSearchList": ["ec2.internal"],
                "PrivateDNSName": "ip-10-0-1-12.ec2.internal", "SubnetGatewayIpv4Address": "10.0.1.1/24",
            }],
            "ContainerARN": "arn:web", "LogDriver": "awslogs",
            "LogOptions": {"awslogs-group": "/web", "awslogs-region": "us-east-1", "awslogs-stream": "p/web/1"},
            "Snapshotter": "overlayfs",
        })
    );
    let older = describe::container(&about, web, Some(&"arn:web".to_owned()), Version::V3);
    assert_eq!(older["Networks"], json!([{"NetworkMode": "awsvpc", "IPv4Addresses": ["10.0.1.12"]}]));
    assert_eq!((older.get("ContainerARN"), older.get("Snapshotter")), (None, None));
}

#[test]
fn a_task_is_as_far_as_the_last_of_its_containers() {
    let (spec, mut status) = host();
    let machine = Machine { storage: Some(3 << 20), clock: Some((500, true)), now: 1_600_000_000_000 };
    let task = |status: &HostStatus, tags| {
        let about = about(&spec, status, "vpc-1", "10.0.1.12").unwrap();
        describe::task(&about, Version::V4, tags, &machine)
    };
    let described = task(&status, false);
    assert_eq!((&described["KnownStatus"], &described["DesiredStatus"]), (&json!("NONE"), &json!("RUNNING")));
    assert_eq!(described["Limits"], json!({"CPU": 0.25, "Memory": 512}));
    assert_eq!((&described["PullStartedAt"], described.get("PullStoppedAt")), (&json!("2020-09-13T12:26:40Z"), None));
    assert_eq!((&described["AvailabilityZone"], &described["LaunchType"]), (&json!("us-east-1b"), &json!("FARGATE")));
    assert_eq!(described["EphemeralStorageMetrics"], json!({"Utilized": 3, "Reserved": 20480}));
    assert_eq!(
        described["ClockDrift"],
        json!({"ClockErrorBound": 0.5, "ReferenceTimestamp": "2020-09-13T12:26:40Z", "ClockSynchronizationStatus": "SYNCHRONIZED"})
    );
    assert_eq!(described["Containers"][1]["ContainerARN"], "arn:side");
    assert_eq!(described.get("TaskTags"), None);
    assert_eq!(task(&status, true)["TaskTags"], json!({"a": "b"}));
    let containers = &mut status.tasks.get_mut(ID).unwrap().containers;
    containers.get_mut("side").unwrap().phase = Phase::Stopped;
    containers.get_mut("side").unwrap().exit_code = Some(3);
    let described = task(&status, false);
    assert_eq!(described["KnownStatus"], "RUNNING");
    assert_eq!(
        (&described["Containers"][1]["KnownStatus"], &described["Containers"][1]["ExitCode"]),
        (&json!("STOPPED"), &json!(3))
    );
}

#[test]
fn rates_are_between_two_readings() {
    let at = |at, rx_bytes, total| {
        let network = counters::Network { rx_bytes, tx_bytes: 2 * rx_bytes, ..counters::Network::default() };
        let counters = Counters {
            cpu: counters::Cpu { total, ..counters::Cpu::default() },
            networks: BTreeMap::from([("eth0".to_owned(), network)]),
            ..Counters::default()
        };
        Reading { at, machine: (10 * total, 2), counters }
    };
    let stats = stats::container("id", "web", 512 << 20, &at(1_000, 100, 5), &at(3_000, 1_100, 9), true);
    assert_eq!(stats["network_rate_stats"], json!({"rx_bytes_per_sec": 500.0, "tx_bytes_per_sec": 1000.0}));
    assert_eq!(
        (&stats["cpu_stats"]["cpu_usage"]["total_usage"], &stats["precpu_stats"]["system_cpu_usage"]),
        (&json!(9), &json!(50))
    );
    assert_eq!(
        (&stats["memory_stats"]["limit"], &stats["networks"]["eth0"]["rx_bytes"]),
        (&json!(512 << 20), &json!(1_100))
    );
}
