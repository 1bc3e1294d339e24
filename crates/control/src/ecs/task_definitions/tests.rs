//! Task definitions as a client meets them.

mod life;
mod refused;
mod secrets;
mod shown;

use serde_json::{Value, json};

/// A task definition of two containers that talk over the task's loopback.
fn myapp() -> Value {
    json!({
        "family": "myapp",
        "requiresCompatibilities": ["FARGATE"],
        "networkMode": "awsvpc",
        "cpu": "256",
        "memory": "512",
        "containerDefinitions": [
            {"name": "web", "image": "web:1", "cpu": 10, "memory": 200, "essential": true, "portMappings": [{"containerPort": 80}]},
            {"name": "api", "image": "api:1", "cpu": 10, "memory": 200, "essential": true, "portMappings": [{"containerPort": 8080}]},
        ],
    })
}

/// It with members changed or, where null, taken out; `/a/0/b` is the member `b` of the first item of `a`.
fn with(changes: &[(&str, Value)]) -> Value {
    let mut request = myapp();
    for (path, value) in changes {
        let (parent, member) = path.rsplit_once('/').unwrap();
        let parent = request.pointer_mut(parent).unwrap_or_else(|| panic!("{path}"));
        match parent {
            Value::Array(items) => items[member.parse::<usize>().unwrap()] = value.clone(),
            Value::Object(members) if value.is_null() => drop(members.remove(member)),
            parent => parent[member] = value.clone(),
        }
    }
    request
}
