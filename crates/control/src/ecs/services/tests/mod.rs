//! Services as a client meets them, in a region whose one host does what the test says.

mod alarmed;
mod balanced;
mod connected;
mod cost;
mod deciding;
mod failing;
mod history;
mod life;
mod refusals;
mod registered;

use crate::{
    ecs::tasks::tests::{Fixture, definition, id},
    state::{Deployment, Retry, Service, ServiceStatus},
};
use aws::{
    api::ecs::{DeploymentConfiguration, DeploymentRolloutState, PropagateTags},
    doc::Timestamp,
};
use serde_json::{Value, json};
use spec::TaskStatus;

/// A region with a service in it, and its host.
struct Region {
    fixture: Fixture,
}

impl Region {
    fn new() -> Self {
        Self { fixture: Fixture::new() }
    }

    /// The same with a service that wants so many tasks.
    fn with(desired: u32, more: Value) -> Self {
        let mut region = Self::new();
        let mut request = region.request(desired);
        more.as_object().unwrap().iter().for_each(|(name, value)| request[name] = value.clone());
        region.ecs("CreateService", request);
        region
    }

    /// A request of `CreateService` that needs nothing more.
    fn request(&self, desired: u32) -> Value {
        json!({
            "serviceName": "site",
            "taskDefinition": "web",
            "desiredCount": desired,
            "launchType": "FARGATE",
            "networkConfiguration": {"awsvpcConfiguration": {"subnets": [self.fixture.subnet]}},
        })
    }

    #[track_caller]
    fn ecs(&mut self, operation: &str, request: Value) -> Value {
        self.fixture.world.ecs(operation, request)
    }

    #[track_caller]
    fn refuses(&mut self, operation: &str, request: Value) -> String {
        self.fixture.world.ecs_refuses(operation, request)
    }

    #[track_caller]
    fn update(&mut self, what: Value) -> Value {
        let mut request = json!({"service": "site"});
        what.as_object().unwrap().iter().for_each(|(name, value)| request[name] = value.clone());
        self.ecs("UpdateService", request)["service"].clone()
    }

    fn describe(&mut self) -> Value {
        self.ecs("DescribeServices", json!({"services": ["site"]}))["services"][0].clone()
    }

    /// What was said since, oldest first, without the service's name.
    fn events(&mut self) -> Vec<String> {
        let service = self.describe();
        let events = service["events"].as_array().unwrap().iter().rev();
        events.map(|event| event["message"].as_str().unwrap().replace("(service site) ", "")).collect()
    }

    /// The tasks that should run, oldest first.
    fn tasks(&mut self) -> Vec<String> {
        let listed = self.ecs("ListTasks", json!({"serviceName": "site"}));
        let mut tasks: Vec<(String, String)> = Vec::new();
        for arn in listed["taskArns"].as_array().unwrap() {
            let id = id(&json!({"taskArn": arn}));
            let task = self.fixture.task(&id);
            tasks.push((format!("{:?}", task["createdAt"]), id));
        }
        tasks.sort();
        tasks.into_iter().map(|(_, id)| id).collect()
    }

    /// Time goes by.
    fn pass(&mut self, seconds: i64) {
        for _ in 0..seconds {
            self.fixture.world.now += 1_000;
            self.fixture.sync();
        }
    }

    /// The containers of every task that should run do.
    fn run(&mut self) {
        for task in self.tasks() {
            self.fixture.run(&task);
        }
    }

    /// The host ends what should end.
    fn end_stopped(&mut self) {
        let stopping: Vec<String> = self
            .fixture
            .world
            .state
            .tasks
            .iter()
            .filter(|task| task.status > crate::state::Status::Deactivating)
            .map(|task| task.id.to_string())
            .collect();
        for task in stopping {
            if self.fixture.tasks.contains_key(task.as_str()) {
                self.fixture.end(&task, 0);
            }
        }
    }

    /// Tasks run until they count as healthy, and what should end ends.
    fn settle(&mut self) {
        for _ in 0..3 {
            self.run();
            self.pass(41);
            self.end_stopped();
        }
    }

    /// A second revision of the task definition.
    fn register_another(&mut self) {
        self.ecs("RegisterTaskDefinition", definition());
    }

    /// Every task that should run fails before it does.
    fn fail(&mut self, reason: &str) {
        for task in self.tasks() {
            let failure = Some(spec::TaskFailure { reason: reason.to_owned() });
            self.fixture.tasks.insert(task.as_str().into(), TaskStatus { failure, ..TaskStatus::default() });
            self.fixture.sync();
            self.fixture.end(&task, 1);
        }
    }
}

/// A service that wants so many tasks, with one deployment under way and AWS's default bounds.
pub(crate) fn service(desired_count: u32) -> Service {
    let at = Timestamp { millis: 0 };
    Service {
        cluster: "default".to_owned(),
        name: "web".to_owned(),
        status: ServiceStatus::Active,
        created_at: at,
        created_by: String::new(),
        request: serde_json::from_str(r#"{"serviceName": "web"}"#).unwrap(),
        desired_count,
        configuration: DeploymentConfiguration::default(),
        grace_period: 0,
        rebalancing: false,
        managed_tags: false,
        propagate_tags: PropagateTags::None,
        tags: Vec::new(),
        deployments: vec![deployment("1")],
        last_completed: None,
        steady: false,
        moving: false,
    }
}

/// A deployment under way.
pub(crate) fn deployment(revision: &str) -> Deployment {
    let at = Timestamp { millis: 0 };
    Deployment {
        revision: revision.to_owned(),
        rollout: String::new(),
        created_at: at,
        updated_at: at,
        state: DeploymentRolloutState::InProgress,
        reason: String::new(),
        failed_tasks: 0,
        rollback: false,
        retry: Retry::default(),
        unwatched: false,
        baking_since: None,
    }
}
