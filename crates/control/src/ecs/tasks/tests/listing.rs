//! `ListTasks`: filters, how they go together, pages.

use super::*;

fn listed(fixture: &mut Fixture, filter: Value) -> Vec<String> {
    let answer = fixture.world.ecs("ListTasks", filter);
    answer["taskArns"]
        .as_array()
        .unwrap()
        .iter()
        .map(|arn| arn.as_str().unwrap().rsplit('/').next().unwrap().to_owned())
        .collect()
}

#[test]
fn by_family_starter_desired_status_and_launch_type() {
    let mut fixture = Fixture::new();
    let mut other = definition();
    other["family"] = json!("other");
    fixture.world.ecs("RegisterTaskDefinition", other);
    let web = fixture.start();
    let more = fixture.request_with(json!({"taskDefinition": "other", "startedBy": "me"}));
    let other = id(&fixture.world.ecs("RunTask", more)["tasks"][0]);
    let mut both = vec![web.clone(), other.clone()];
    both.sort();
    assert_eq!(listed(&mut fixture, json!({})), both);
    assert_eq!(listed(&mut fixture, json!({"family": "web"})), std::slice::from_ref(&web));
    assert_eq!(listed(&mut fixture, json!({"startedBy": "me", "desiredStatus": "RUNNING"})), [other]);
    assert_eq!(listed(&mut fixture, json!({"launchType": "FARGATE", "family": "web"})), std::slice::from_ref(&web));
    assert!(listed(&mut fixture, json!({"launchType": "EC2"})).is_empty());
    assert!(listed(&mut fixture, json!({"desiredStatus": "PENDING"})).is_empty());

    // Also what is only just to stop is no longer desired to run.
    fixture.run(&web);
    fixture.world.ecs("StopTask", json!({"task": web}));
    assert!(listed(&mut fixture, json!({"family": "web"})).is_empty());
    assert_eq!(listed(&mut fixture, json!({"desiredStatus": "STOPPED"})), std::slice::from_ref(&web));
    fixture.end(&web, 0);
    assert_eq!(listed(&mut fixture, json!({"desiredStatus": "STOPPED"})), [web]);
}

#[test]
fn pages_hold_as_many_as_asked_for() {
    let mut fixture = Fixture::new();
    fixture.world.ecs("RunTask", fixture.request_with(json!({"count": 7})));
    let (mut seen, mut token) = (Vec::new(), Value::Null);
    loop {
        let page = fixture.world.ecs("ListTasks", json!({"maxResults": 3, "nextToken": token}));
        seen.extend(page["taskArns"].as_array().unwrap().iter().cloned());
        token = page["nextToken"].clone();
        if token.is_null() {
            break;
        }
        assert_eq!(page["taskArns"].as_array().unwrap().len(), 3);
    }
    seen.dedup();
    assert_eq!(seen.len(), 7);
}

#[test]
fn filters_that_do_not_go_together() {
    let mut fixture = Fixture::new();
    let refusal = |fixture: &mut Fixture, filter: Value| fixture.world.ecs_refuses("ListTasks", filter);
    let only = "InvalidParameterException: startedBy must be the only filter when it is specified.";
    assert_eq!(refusal(&mut fixture, json!({"startedBy": "me", "family": "web"})), only);
    assert_eq!(refusal(&mut fixture, json!({"serviceName": "s"})), "ServiceNotFoundException: Service not found.");
    assert_eq!(refusal(&mut fixture, json!({"cluster": "none"})), "ClusterNotFoundException: Cluster not found.");
    assert!(refusal(&mut fixture, json!({"maxResults": 101})).starts_with("InvalidParameterException"));
    assert!(refusal(&mut fixture, json!({"nextToken": "%"})).starts_with("InvalidParameterException"));
    assert!(refusal(&mut fixture, json!({"daemonName": "d"})).contains("neargate does not support daemonName"));
}
