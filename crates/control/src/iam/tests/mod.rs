//! IAM as a client meets it: JSON in, JSON out.

mod documents;
mod policies;
mod profiles;
mod roles;
mod tasks;
mod users;

use crate::testing::World;
use aws::api::iam::API;
use serde_json::{Value, json};

/// A trust policy for a service.
pub(crate) fn trust(service: &str) -> String {
    json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}]})
    .to_string()
}

/// A policy that allows something.
pub(crate) fn allow(action: &str) -> String {
    json!({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": action, "Resource": "*"}}).to_string()
}

impl World {
    /// Calls an operation of IAM that must succeed.
    #[track_caller]
    pub(crate) fn iam(&mut self, operation: &str, request: Value) -> Value {
        self.call(&API, operation, request).unwrap_or_else(|fault| panic!("{operation}: {fault}"))
    }

    /// Calls an operation of IAM that must be refused, and returns code and message.
    #[track_caller]
    pub(crate) fn iam_refuses(&mut self, operation: &str, request: Value) -> String {
        let answer = self.call(&API, operation, request);
        answer.map_or_else(|fault| fault.to_string(), |answer| panic!("{operation} answered {answer}"))
    }

    /// Makes a role that Amazon ECS's tasks can have, and returns its ARN.
    #[track_caller]
    pub(crate) fn task_role(&mut self, name: &str) -> String {
        let request = json!({"RoleName": name, "AssumeRolePolicyDocument": trust("ecs-tasks.amazonaws.com")});
        self.iam("CreateRole", request)["Role"]["Arn"].as_str().unwrap().to_owned()
    }
}
