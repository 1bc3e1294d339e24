//! Deployments that alarms fail.

use super::*;
use aws::api::cloudwatch::API;

/// A service of one task that alarms watch, at rest. The longer of the two takes three minutes to notice something.
fn watched(rollback: bool) -> Region {
    let mut region = Region::new();
    for (name, periods) in [("errors", 3), ("latency", 1)] {
        let alarm = json!({
            "AlarmName": name, "Namespace": "Test", "MetricName": name, "Statistic": "Sum", "Period": 60,
            "EvaluationPeriods": periods, "Threshold": 1, "ComparisonOperator": "GreaterThanThreshold",
        });
        region.fixture.world.call(&API, "PutMetricAlarm", alarm).unwrap();
    }
    let names = ["errors", "latency", "not made yet"];
    let mut request = region.request(1);
    request["deploymentConfiguration"] = json!({"alarms": {"alarmNames": names, "enable": true, "rollback": rollback}});
    region.ecs("CreateService", request);
    region.settle();
    region.pass(180);
    assert_eq!(rollout(&mut region)["rolloutState"], "COMPLETED");
    region
}

fn rollout(region: &mut Region) -> Value {
    region.describe()["deployments"][0].clone()
}

fn set(region: &mut Region, alarm: &str, state: &str) {
    let request = json!({"AlarmName": alarm, "StateValue": state, "StateReason": "the test"});
    region.fixture.world.call(&API, "SetAlarmState", request).unwrap();
}

fn last_deployment(region: &mut Region) -> Value {
    let listed = region.ecs("ListServiceDeployments", json!({"service": "site"}))["serviceDeployments"].clone();
    let arn = &listed[0]["serviceDeploymentArn"];
    region.ecs("DescribeServiceDeployments", json!({"serviceDeploymentArns": [arn]}))["serviceDeployments"][0].clone()
}

#[test]
fn an_alarm_while_a_deployment_is_under_way_rolls_it_back() {
    let mut region = watched(true);
    let (good, before) = (region.tasks(), rollout(&mut region)["id"].clone());
    region.register_another();
    let failing = region.update(json!({"taskDefinition": "web"}))["deployments"][0]["id"].clone();
    region.pass(2);
    set(&mut region, "latency", "ALARM");
    region.pass(2);
    assert_eq!(rollout(&mut region)["rolloutState"], "IN_PROGRESS", "nothing of it runs yet");
    assert_eq!(last_deployment(&mut region)["alarms"]["status"], "MONITORING");
    let seen = region.events().len();
    region.run();
    region.pass(1);
    region.end_stopped();
    region.pass(2);
    assert_eq!(region.tasks(), good, "the good task was never touched");
    let deployment = rollout(&mut region);
    assert_eq!((&deployment["id"], &deployment["rolloutState"]), (&before, &json!("COMPLETED")));
    let text = |id: &Value| id.as_str().unwrap().to_owned();
    let said: Vec<String> =
        region.events()[seen..].iter().filter(|event| !event.starts_with("has stopped")).cloned().collect();
    assert_eq!(
        said,
        [
            format!("(deployment {}) deployment failed: alarm detected.", text(&failing)),
            format!("rolling back to deployment {}.", text(&before)),
            format!("(deployment {}) deployment completed.", text(&before)),
            "has reached a steady state.".to_owned(),
        ]
    );
    let of = last_deployment(&mut region);
    assert_eq!(of["status"], "ROLLBACK_SUCCESSFUL");
    assert_eq!(
        of["alarms"],
        json!({
            "status": "TRIGGERED", "alarmNames": ["errors", "latency", "not made yet"], "triggeredAlarmNames": ["latency"],
        })
    );
    assert_eq!(of["rollback"]["reason"], "ECS deployment alarms: alarm detected.");
    assert_eq!(of["deploymentCircuitBreaker"]["status"], "DISABLED");
}

#[test]
fn a_deployment_that_has_everything_bakes_as_long_as_its_alarms_look_back() {
    let mut region = watched(true);
    let old = region.tasks();
    region.update(json!({"forceNewDeployment": true}));
    region.settle();
    region.pass(30);
    let deployment = rollout(&mut region);
    assert_eq!((&deployment["rolloutState"], &deployment["runningCount"]), (&json!("IN_PROGRESS"), &json!(1)));
    assert_eq!(region.events().last().unwrap(), "has reached a steady state.");
    assert!(!region.tasks().contains(&old[0]));
    set(&mut region, "errors", "ALARM");
    region.pass(1);
    assert_eq!(
        rollout(&mut region)["rolloutStateReason"].as_str().unwrap().split(": ").next(),
        Some("ECS deployment alarms")
    );
    region.settle();
    // The rollback itself is not failed by the alarm, and does not bake.
    assert_eq!(last_deployment(&mut region)["status"], "ROLLBACK_SUCCESSFUL");
    // Undisturbed, it completes.
    set(&mut region, "errors", "OK");
    region.update(json!({"forceNewDeployment": true}));
    region.settle();
    region.pass(180);
    let of = last_deployment(&mut region);
    assert_eq!((&of["status"], &of["alarms"]["status"]), (&json!("SUCCESSFUL"), &json!("MONITORING_COMPLETE")));
}

#[test]
fn one_that_begins_in_an_alarm_is_not_watched() {
    let mut region = watched(true);
    set(&mut region, "errors", "ALARM");
    region.update(json!({"forceNewDeployment": true}));
    region.settle();
    let of = last_deployment(&mut region);
    assert_eq!((&of["status"], &of["alarms"]["status"]), (&json!("SUCCESSFUL"), &json!("DISABLED")));
}

#[test]
fn without_a_rollback_it_fails_and_starts_nothing_more() {
    let mut region = watched(false);
    region.update(json!({"forceNewDeployment": true, "desiredCount": 2}));
    region.run();
    set(&mut region, "errors", "ALARM");
    region.pass(2);
    let deployment = rollout(&mut region);
    assert_eq!(deployment["rolloutState"], "FAILED");
    assert_eq!(deployment["rolloutStateReason"], "ECS deployment alarms: alarm detected.");
    assert_eq!(last_deployment(&mut region)["status"], "STOPPED");
    let refused = json!({"service": "site", "deploymentConfiguration": {"alarms": {"alarmNames": [], "enable": true, "rollback": true}}});
    assert!(region.refuses("UpdateService", refused).contains("alarmNames cannot be empty"));
}
