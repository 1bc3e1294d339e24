//! Parameters as a client meets them.

mod describing;
mod getting;
mod labels;
mod putting;

use crate::testing::World;
use aws::api::ssm::API;
use serde_json::{Value, json};

impl World {
    #[track_caller]
    fn ssm(&mut self, operation: &str, request: Value) -> Value {
        self.call(&API, operation, request).unwrap_or_else(|fault| panic!("{operation}: {fault}"))
    }
    #[track_caller]
    fn ssm_refuses(&mut self, operation: &str, request: Value) -> String {
        let answer = self.call(&API, operation, request);
        answer.map_or_else(|fault| fault.to_string(), |answer| panic!("{operation} answered {answer}"))
    }
    /// Puts a parameter of the type String, or its next version.
    #[track_caller]
    fn put_parameter(&mut self, name: &str, value: &str) -> Value {
        let there = self.state.parameters.contains(crate::state::Parameter::key_of(name));
        self.ssm("PutParameter", json!({"Name": name, "Value": value, "Type": "String", "Overwrite": there}))
    }
}

/// What a list of parameters holds, by name.
fn names(answer: &Value) -> Vec<&str> {
    answer["Parameters"].as_array().unwrap().iter().map(|parameter| parameter["Name"].as_str().unwrap()).collect()
}
