//! Tasks as a client meets them, in a region whose one host does what the test says.

mod life;
mod listing;
mod refusals;
mod starting;

use crate::{
    State,
    host::{host_spec, report},
    testing::World,
};
use serde_json::{Value, json};
use spec::{
    Capacity, ContainerStatus, Desired, HostId, HostStatus, Phase, SyncRequest, TaskFailure, TaskId, TaskStatus,
    balancing::BalancingStatus,
};
use std::collections::BTreeMap;

/// A region with a cluster, a small VPC, a task definition of two containers, and a host.
pub(crate) struct Fixture {
    pub(crate) world: World,
    pub(crate) subnet: String,
    /// What the host says of its tasks.
    pub(crate) tasks: BTreeMap<TaskId, TaskStatus>,
    /// What its balancer has seen; it acts on whatever the host has observed.
    pub(crate) balancing: BalancingStatus,
    sequence: u64,
}

impl Fixture {
    pub(crate) fn new() -> Self {
        let mut world = World::new();
        let ec2 = |world: &mut World, operation: &str, request: Value| {
            world.call(&aws::api::ec2::API, operation, request).unwrap_or_else(|fault| panic!("{operation}: {fault}"))
        };
        let vpc = ec2(&mut world, "CreateVpc", json!({"CidrBlock": "10.0.0.0/24"}))["vpc"]["vpcId"].clone();
        let subnet = ec2(
            &mut world,
            "CreateSubnet",
            json!({"VpcId": vpc, "CidrBlock": "10.0.0.0/28", "AvailabilityZone": "us-east-1b"}),
        );
        world.ecs("CreateCluster", json!({}));
        world.ecs("RegisterTaskDefinition", definition());
        let mut fixture = Self {
            world,
            subnet: subnet["subnet"]["subnetId"].as_str().unwrap().to_owned(),
            tasks: BTreeMap::new(),
            balancing: BalancingStatus::default(),
            sequence: 0,
        };
        fixture.sync();
        fixture
    }

    /// A request of `RunTask` that needs nothing more.
    pub(crate) fn request(&self) -> Value {
        json!({
            "taskDefinition": "web",
            "launchType": "FARGATE",
            "networkConfiguration": {"awsvpcConfiguration": {"subnets": [self.subnet]}},
        })
    }

    /// The same with more members.
    pub(crate) fn request_with(&self, more: Value) -> Value {
        let mut request = self.request();
        more.as_object().unwrap().iter().for_each(|(name, value)| request[name] = value.clone());
        request
    }

    /// Starts a task and returns its id.
    pub(crate) fn start(&mut self) -> String {
        let answer = self.world.ecs("RunTask", self.request());
        id(&answer["tasks"][0])
    }

    /// A task as it is described.
    pub(crate) fn task(&mut self, id: &str) -> Value {
        let answer = self.world.ecs("DescribeTasks", json!({"tasks": [id], "include": ["TAGS"]}));
        assert_eq!(answer["failures"], json!([]));
        answer["tasks"][0].clone()
    }

    pub(crate) fn status(&mut self, id: &str) -> String {
        self.task(id)["lastStatus"].as_str().unwrap().to_owned()
    }

    /// The host reports, having observed everything there is.
    pub(crate) fn sync(&mut self) {
        let observed = self.world.state.revision;
        self.sync_at(observed);
    }

    /// The host reports, having observed a certain revision.
    pub(crate) fn sync_at(&mut self, observed: u64) {
        self.sequence += 1;
        let status = HostStatus {
            balancing: BalancingStatus { applied: observed, ..self.balancing.clone() },
            host: HostId::from("host"),
            incarnation: 1,
            sequence: self.sequence,
            observed,
            networked: observed,
            tasks: self.tasks.clone(),
        };
        let request = SyncRequest { status, capacity: capacity("amd64") };
        self.world.transact(|tx| Ok(report(tx, &request))).unwrap();
    }

    /// What the host says of a container of a task; it is reported with the next sync.
    pub(crate) fn container(&mut self, task: &str, name: &str) -> &mut ContainerStatus {
        let task = self.tasks.entry(TaskId::from(task)).or_default();
        for name in ["web", "api"] {
            task.containers.entry(name.to_owned()).or_default();
        }
        task.containers.get_mut(name).unwrap()
    }

    /// Both containers of a task run.
    pub(crate) fn run(&mut self, task: &str) {
        for name in ["web", "api"] {
            *self.container(task, name) = running();
        }
        self.sync();
    }

    /// Both containers of a task have ended, and the host is rid of it.
    pub(crate) fn end(&mut self, task: &str, code: i32) {
        for name in ["web", "api"] {
            *self.container(task, name) = ended(code);
        }
        self.sync();
        self.tasks.remove(task);
        self.sync();
    }
}

pub(crate) fn capacity(architecture: &str) -> Capacity {
    Capacity { cpu: 2048, memory: 4 << 30, architecture: architecture.to_owned() }
}

pub(crate) fn running() -> ContainerStatus {
    ContainerStatus {
        phase: Phase::Running,
        runtime_id: Some("runtime".to_owned()),
        image_digest: Some("sha256:1".to_owned()),
        started_at: Some(1_500),
        ..ContainerStatus::default()
    }
}

pub(crate) fn ended(code: i32) -> ContainerStatus {
    ContainerStatus { phase: Phase::Stopped, exit_code: Some(code), finished_at: Some(2_000), ..running() }
}

pub(crate) fn id(task: &Value) -> String {
    task["taskArn"].as_str().unwrap().rsplit('/').next().unwrap().to_owned()
}

pub(crate) fn definition() -> Value {
    json!({
        "family": "web",
        "networkMode": "awsvpc",
        "requiresCompatibilities": ["FARGATE"],
        "cpu": "256",
        "memory": "512",
        "containerDefinitions": [
            {"name": "web", "image": "web:1", "cpu": 10, "memory": 200, "portMappings": [{"containerPort": 80}],
             "environment": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}], "command": ["serve"]},
            {"name": "api", "image": "api:1", "cpu": 10, "memory": 200, "memoryReservation": 100, "stopTimeout": 7},
        ],
    })
}

/// The host's spec as it is now.
pub(crate) fn told(state: &State) -> BTreeMap<TaskId, Desired> {
    host_spec(state, &HostId::from("host")).tasks.into_iter().map(|(id, task)| (id, task.desired)).collect()
}

pub(crate) fn failed(reason: &str) -> TaskStatus {
    TaskStatus { failure: Some(TaskFailure { reason: reason.to_owned() }), ..TaskStatus::default() }
}
