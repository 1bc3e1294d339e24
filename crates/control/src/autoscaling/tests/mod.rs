//! Application Auto Scaling as a client meets it, in a region whose one host runs whatever it is told.

mod acting;
mod days;
mod policies;
mod scheduled;
mod targets;

use crate::{
    cloudwatch::{Period, Shown, observe, watched},
    ecs::tasks::tests::{Fixture, ended, running},
    state::{Record, Service, Status},
};
use aws::api::{application_autoscaling, cloudwatch};
use serde_json::{Value, json};
use spec::{Desired, MINUTE, Millis, TaskId};
use std::collections::BTreeMap;

/// The scalable target of these tests.
const RESOURCE: &str = "service/default/site";

/// A region with a service, which is at rest.
struct Site {
    fixture: Fixture,
    /// The values of metrics, by the names of the alarms that watch them and the beginnings of minutes.
    values: BTreeMap<(String, Millis), f64>,
}

impl Site {
    fn new(desired: u32) -> Self {
        let mut fixture = Fixture::new();
        let vpc = fixture.world.state.subnets.get(&fixture.subnet).unwrap().vpc.clone();
        let subnet = json!({"VpcId": vpc, "CidrBlock": "10.0.0.64/26", "AvailabilityZone": "us-east-1a"});
        let made = fixture.world.call(&aws::api::ec2::API, "CreateSubnet", subnet).unwrap();
        let service = json!({
            "serviceName": "site", "taskDefinition": "web", "desiredCount": desired, "launchType": "FARGATE",
            "networkConfiguration": {"awsvpcConfiguration": {"subnets": [made["subnet"]["subnetId"]]}},
        });
        fixture.world.ecs("CreateService", service);
        // Minutes begin where the clock says so.
        fixture.world.now = MINUTE;
        let mut site = Self { fixture, values: BTreeMap::new() };
        (0..3).for_each(|_| site.pass_a_minute());
        assert_eq!(site.running(), desired);
        site
    }

    /// The same, registered.
    fn between(min: u32, max: u32, desired: u32) -> Self {
        let mut site = Self::new(desired);
        site.register(json!({"MinCapacity": min, "MaxCapacity": max}));
        site
    }

    fn now(&self) -> Millis {
        self.fixture.world.now
    }

    #[track_caller]
    fn call(&mut self, operation: &str, more: Value) -> Value {
        let request = request(more);
        let answer = self.fixture.world.call(&application_autoscaling::API, operation, request);
        answer.unwrap_or_else(|fault| panic!("{operation}: {fault}"))
    }

    #[track_caller]
    fn refuses(&mut self, operation: &str, more: Value) -> String {
        let answer = self.fixture.world.call(&application_autoscaling::API, operation, request(more));
        answer.map_or_else(|fault| fault.to_string(), |answer| panic!("{operation} answered {answer}"))
    }

    #[track_caller]
    fn cloudwatch(&mut self, operation: &str, request: Value) -> Value {
        let answer = self.fixture.world.call(&cloudwatch::API, operation, request);
        answer.unwrap_or_else(|fault| panic!("{operation}: {fault}"))
    }

    #[track_caller]
    fn register(&mut self, more: Value) -> Value {
        self.call("RegisterScalableTarget", more)
    }

    /// A policy that tracks the service's CPU, and more of its configuration.
    fn track(&mut self, target: f64, more: Value) -> Value {
        let metric = json!({"PredefinedMetricType": "ECSServiceAverageCPUUtilization"});
        let mut tracking = json!({"TargetValue": target, "PredefinedMetricSpecification": metric});
        more.as_object().unwrap().iter().for_each(|(name, value)| tracking[name] = value.clone());
        let policy = json!({
            "PolicyName": "cpu", "PolicyType": "TargetTrackingScaling", "TargetTrackingScalingPolicyConfiguration": tracking,
        });
        self.call("PutScalingPolicy", policy)
    }

    /// The names of the alarms of a policy that tracks a target value.
    fn alarms(&mut self, policy: &str) -> Vec<String> {
        let found =
            self.call("DescribeScalingPolicies", json!({"PolicyNames": [policy]}))["ScalingPolicies"][0].clone();
        found["Alarms"]
            .as_array()
            .unwrap()
            .iter()
            .map(|alarm| alarm["AlarmName"].as_str().unwrap().to_owned())
            .collect()
    }

    fn service(&self) -> &Service {
        self.fixture.world.state.services.get("default/site").unwrap()
    }

    fn desired(&self) -> u32 {
        self.service().desired_count
    }

    /// How many tasks run.
    fn running(&self) -> u32 {
        let running = |task: &&crate::state::Task| task.status == Status::Running && task.desired == Desired::Running;
        u32::try_from(self.fixture.world.state.tasks.iter().filter(running).count()).unwrap()
    }

    /// Activities, the newest first.
    fn activities(&mut self) -> Vec<Value> {
        self.call("DescribeScalingActivities", json!({}))["ScalingActivities"].as_array().unwrap().clone()
    }

    /// Codes of the reasons why nothing was done, the newest first.
    fn not_scaled(&mut self) -> Vec<String> {
        let all = self.call("DescribeScalingActivities", json!({"IncludeNotScaledActivities": true}));
        let codes = all["ScalingActivities"].as_array().unwrap().iter();
        codes.filter_map(|activity| activity["NotScaledReasons"][0]["Code"].as_str().map(str::to_owned)).collect()
    }

    /// A minute goes by, in which the host starts and ends whatever it should.
    fn pass_a_minute(&mut self) {
        for _ in 0..3 {
            self.fixture.world.now += MINUTE / 3;
            self.work();
        }
    }

    /// The host does what there is to do.
    fn work(&mut self) {
        self.fixture.sync();
        let tasks = self.fixture.world.state.tasks.iter();
        let tasks: Vec<(TaskId, Desired, Status)> =
            tasks.map(|task| (task.id.clone(), task.desired, task.status)).collect();
        let mut ending = Vec::new();
        for (id, desired, status) in tasks {
            let ends = desired == Desired::Stopped && status > Status::Deactivating;
            if ends && !self.fixture.tasks.contains_key(&id) {
                continue;
            }
            for name in ["web", "api"] {
                *self.fixture.container(&id.to_string(), name) = if ends { ended(0) } else { running() };
            }
            if ends {
                ending.push(id);
            }
        }
        self.fixture.sync();
        ending.iter().for_each(|id| drop(self.fixture.tasks.remove(id)));
        self.fixture.sync();
    }

    /// A metric has a value in the minute that ends now.
    fn measure(&mut self, alarm: &str, value: f64) {
        self.values.insert((alarm.to_owned(), self.now() - MINUTE), value);
    }

    /// A minute goes by, after which these alarms' metrics have these values, and every alarm is evaluated.
    fn minute(&mut self, values: &[(&str, f64)]) {
        self.pass_a_minute();
        values.iter().for_each(|(alarm, value)| self.measure(alarm, *value));
        self.evaluate();
    }

    /// The same, with a value for both alarms of the policy that tracks the CPU.
    fn cpu(&mut self, value: f64) {
        let alarms = self.alarms("cpu");
        let values: Vec<(&str, f64)> = alarms.iter().map(|alarm| (alarm.as_str(), value)).collect();
        self.minute(&values);
    }

    fn evaluate(&mut self) {
        let state = &self.fixture.world.state;
        let shown = state.alarms.iter().map(|alarm| {
            let periods = watched(alarm, &state.region, self.fixture.world.now).periods;
            let value = |start: Millis| self.values.get(&(alarm.name.clone(), start)).map(|value| (*value, 1.0));
            let periods = periods.into_iter().map(|(start, _)| Period { start, value: value(start) }).collect();
            Shown { name: alarm.key(), periods, minute: self.fixture.world.now / MINUTE }
        });
        let shown: Vec<Shown> = shown.collect();
        self.fixture
            .world
            .transact(|tx| {
                observe(tx, &shown);
                Ok(())
            })
            .unwrap();
    }
}

/// A request about the scalable target, but for what is said.
fn request(more: Value) -> Value {
    let mut request =
        json!({"ServiceNamespace": "ecs", "ResourceId": RESOURCE, "ScalableDimension": "ecs:service:DesiredCount"});
    more.as_object().unwrap().iter().for_each(|(name, value)| request[name] = value.clone());
    let members = request.as_object_mut().unwrap();
    members.retain(|_, value| !value.is_null());
    request
}
