//! Scheduled actions.

use super::*;

/// Whole seconds of a moment, as the wire has them.
fn seconds(at: Millis) -> Value {
    json!(at as f64 / 1000.0)
}

#[test]
fn an_action_sets_the_bounds_when_its_time_comes() {
    let mut site = Site::between(1, 10, 2);
    let at = site.now() + 10 * MINUTE;
    let action = json!({
        "ScheduledActionName": "morning", "Schedule": "rate(10 minutes)", "EndTime": seconds(at + 15 * MINUTE),
        "ScalableTargetAction": {"MinCapacity": 4, "MaxCapacity": 6},
    });
    site.call("PutScheduledAction", action);
    let described = site.call("DescribeScheduledActions", json!({}))["ScheduledActions"][0].clone();
    let arn = described["ScheduledActionARN"].as_str().unwrap();
    assert!(arn.contains(":resource/ecs/service/default/site:scheduledActionName/morning"), "{arn}");
    assert_eq!(described["ScalableTargetAction"], json!({"MinCapacity": 4, "MaxCapacity": 6}));
    (0..9).for_each(|_| site.pass_a_minute());
    assert_eq!(site.desired(), 2);
    (0..3).for_each(|_| site.pass_a_minute());
    assert_eq!((site.desired(), site.running()), (4, 4));
    let activities = site.activities();
    let told = |number: usize| {
        ["Cause", "Description", "StatusMessage"].map(|name| activities[number][name].as_str().unwrap().to_owned())
    };
    assert_eq!(
        told(0),
        [
            "minimum capacity was set to 4",
            "Setting desired count to 4.",
            "Successfully set desired count to 4. Change successfully fulfilled by ecs."
        ]
    );
    assert_eq!(
        told(1),
        [
            "scheduled action name morning was triggered",
            "Setting min capacity to 4 and max capacity to 6",
            "Successfully set min capacity to 4 and max capacity to 6",
        ]
    );
    // Ten minutes later it does so again, and then it has ended.
    site.register(json!({"MinCapacity": 1}));
    (0..8).for_each(|_| site.pass_a_minute());
    let min = |site: &Site| site.fixture.world.state.scalable_targets.get(RESOURCE).unwrap().min;
    assert_eq!(min(&site), 4);
    site.register(json!({"MinCapacity": 1}));
    (0..12).for_each(|_| site.pass_a_minute());
    assert_eq!(min(&site), 1);
    site.call("DeleteScheduledAction", json!({"ScheduledActionName": "morning"}));
    assert_eq!(
        site.refuses("DeleteScheduledAction", json!({"ScheduledActionName": "morning"})),
        "ObjectNotFoundException: No scheduled action found for service namespace: ecs, resource ID: service/default/site, \
         scalable dimension: ecs:service:DesiredCount, scheduled action name: morning"
    );
}

#[test]
fn what_was_missed_is_done_once_and_what_is_suspended_not_at_all() {
    let mut site = Site::between(1, 10, 2);
    let action = json!({"ScheduledActionName": "a", "Schedule": "cron(0/5 * * * ? *)", "ScalableTargetAction": {"MaxCapacity": 1}});
    site.call("PutScheduledAction", action);
    // Nobody is here for an hour.
    site.fixture.world.now += 60 * MINUTE;
    site.work();
    assert_eq!((site.desired(), site.activities().len()), (1, 2));
    assert_eq!(site.activities()[1]["Description"], "Setting max capacity to 1");
    site.register(json!({"MaxCapacity": 5, "SuspendedState": {"ScheduledScalingSuspended": true}}));
    (0..6).for_each(|_| site.pass_a_minute());
    assert_eq!(site.fixture.world.state.scalable_targets.get(RESOURCE).unwrap().max, 5);
    let queued =
        site.fixture.world.state.expiries.iter().filter(|expiry| expiry.key().contains("scheduled-action")).count();
    assert_eq!(queued, 1, "it waits for its next time");
    site.call("DeregisterScalableTarget", json!({}));
    let queued =
        site.fixture.world.state.expiries.iter().filter(|expiry| expiry.key().contains("scheduled-action")).count();
    assert_eq!(queued, 0);
}

#[test]
fn a_change_keeps_what_it_does_not_speak_of_but_for_start_and_end() {
    let mut site = Site::between(1, 10, 2);
    let start = site.now() + MINUTE;
    let action = json!({
        "ScheduledActionName": "a", "Schedule": "cron(0 9 * * ? *)", "Timezone": "Asia/Tokyo", "StartTime": seconds(start),
        "ScalableTargetAction": {"MinCapacity": 3},
    });
    site.call("PutScheduledAction", action);
    site.call("PutScheduledAction", json!({"ScheduledActionName": "a", "ScalableTargetAction": {"MinCapacity": 2}}));
    let described = site.call("DescribeScheduledActions", json!({}))["ScheduledActions"][0].clone();
    let shown = ["Schedule", "Timezone", "StartTime"].map(|name| described[name].clone());
    assert_eq!(shown, [json!("cron(0 9 * * ? *)"), json!("Asia/Tokyo"), Value::Null]);
    assert_eq!(described["ScalableTargetAction"]["MinCapacity"], 2);
    (0..3).for_each(|_| site.pass_a_minute());
    assert!(site.activities().is_empty(), "it does not start then any more");
}

#[test]
fn an_action_at_a_time_before_its_start_does_not_run() {
    let mut site = Site::between(1, 10, 2);
    // The clock of these tests begins with 1970.
    let start = site.now() + 20 * MINUTE;
    for (name, at, min) in [("early", "1970-01-01T00:10:00", 5), ("right", "1970-01-01T00:30:00", 3)] {
        let action = json!({
            "ScheduledActionName": name, "Schedule": format!("at({at})"), "StartTime": seconds(start),
            "ScalableTargetAction": {"MinCapacity": min},
        });
        site.call("PutScheduledAction", action);
    }
    (0..30).for_each(|_| site.pass_a_minute());
    assert_eq!(site.desired(), 3);
    let causes: Vec<Value> = site.activities().iter().map(|activity| activity["Cause"].clone()).collect();
    assert_eq!(causes, ["minimum capacity was set to 3", "scheduled action name right was triggered"]);
}

#[test]
fn bounds_that_can_not_be_are_told_as_a_failure() {
    let mut site = Site::between(1, 3, 2);
    let action =
        json!({"ScheduledActionName": "a", "Schedule": "rate(1 minute)", "ScalableTargetAction": {"MinCapacity": 5}});
    site.call("PutScheduledAction", action);
    site.pass_a_minute();
    let failed = site.activities()[0].clone();
    assert_eq!((&failed["StatusCode"], site.desired()), (&json!("Failed"), 2));
    assert_eq!(
        failed["StatusMessage"],
        "Failed to set min capacity to 5. Reason: Maximum capacity cannot be less than minimum capacity"
    );
}

#[test]
fn what_can_not_be_scheduled_is_refused() {
    let mut site = Site::between(1, 10, 2);
    for (more, part) in [
        (
            json!({"Schedule": "cron(* * *)"}),
            "Invalid schedule expression. Details: Invalid CRON expression: six fields",
        ),
        (json!({"Schedule": "cron(0 0 9 * * ? *)"}), "Invalid CRON expression: six fields"),
        (
            json!({"Schedule": "every day"}),
            "Invalid schedule expression. Details: Schedule expressions must have the following",
        ),
        (json!({"Schedule": null}), "Schedule must be specified"),
        (json!({"Timezone": "Mars/Olympus"}), "Mars/Olympus is no time zone."),
        (json!({"ScalableTargetAction": {}}), "MinCapacity, MaxCapacity or both"),
        (json!({"ScalableTargetAction": null}), "ScalableTargetAction must be specified"),
        (
            json!({"ScalableTargetAction": {"MinCapacity": 3, "MaxCapacity": 2}}),
            "Maximum capacity cannot be less than minimum capacity",
        ),
        (json!({"StartTime": 2_000_000_000, "EndTime": 1_900_000_000}), "can't be before its start time"),
        (json!({"ScheduledActionName": "a/b"}), "no colons, slashes, bars"),
    ] {
        let mut request =
            json!({"ScheduledActionName": "a", "Schedule": "rate(1 day)", "ScalableTargetAction": {"MinCapacity": 1}});
        more.as_object().unwrap().iter().for_each(|(name, value)| request[name] = value.clone());
        let refusal = site.refuses("PutScheduledAction", request);
        assert!(refusal.starts_with("ValidationException: ") && refusal.contains(part), "{more}: {refusal}");
    }
}
