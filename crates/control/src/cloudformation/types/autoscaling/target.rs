//! AWS::ApplicationAutoScaling::ScalableTarget. Its physical id is `ResourceId|ScalableDimension|ServiceNamespace`.

use super::super::{ResourceType, Wanted, ask, at, call, changed_tags, is_missing, text, words};
use crate::{Tx, View, state};
use aws::{api::application_autoscaling::API, doc::Timestamp, fault::Fault};
use serde_json::{Map, Value, json};

/// AWS::ApplicationAutoScaling::ScalableTarget.
pub(super) struct ScalableTarget;

/// What says which one is meant.
pub(super) const PLACE: [&str; 3] = ["ResourceId", "ScalableDimension", "ServiceNamespace"];

impl ResourceType for ScalableTarget {
    fn create(&self, tx: &mut Tx<'_>, wanted: &Wanted<'_>) -> Result<String, Fault> {
        let part = |name: &str| text(wanted.properties, &format!("/{name}"));
        let [resource, dimension, namespace] = PLACE;
        let id = format!("{}|{}|{}", part(resource)?, part(dimension)?, part(namespace)?);
        // RegisterScalableTarget changes one that is there.
        if described(&tx.view(), wanted.properties)?.is_some() {
            return Err(words::exists("AWS::ApplicationAutoScaling::ScalableTarget", &id));
        }
        let mut input = registration(wanted);
        let tags = wanted.tags();
        if !tags.is_empty() {
            input.insert("Tags".to_owned(), json!(tags));
        }
        call(tx, &API, "RegisterScalableTarget", input.into())?;
        schedule(tx, &json!({}), wanted)?;
        Ok(id)
    }

    fn update(&self, tx: &mut Tx<'_>, _: &str, before: &Wanted<'_>, wanted: &Wanted<'_>) -> Result<(), Fault> {
        let answer = call(tx, &API, "RegisterScalableTarget", registration(wanted).into())?;
        let arn = text(&answer, "/ScalableTargetARN")?;
        schedule(tx, before.properties, wanted)?;
        let (set, removed) = changed_tags(before, wanted);
        if !set.is_empty() {
            call(tx, &API, "TagResource", json!({ "ResourceARN": arn, "Tags": set }))?;
        }
        if !removed.is_empty() {
            call(tx, &API, "UntagResource", json!({ "ResourceARN": arn, "TagKeys": removed }))?;
        }
        Ok(())
    }

    fn delete(&self, tx: &mut Tx<'_>, _: &str, properties: &Value) -> Result<(), Fault> {
        call(tx, &API, "DeregisterScalableTarget", words::picked(properties, &PLACE)).map(drop)
    }

    fn attribute(&self, _: &View<'_>, id: &str, _: &Value, name: &str) -> Result<Option<Value>, Fault> {
        Ok((name == "Id").then(|| json!(id)))
    }

    fn read(&self, view: &View<'_>, _: &str, properties: &Value) -> Result<Option<Value>, Fault> {
        let Some(target) = described(view, properties)? else { return Ok(None) };
        let mut live = words::picked(&target, &PLACE);
        if let Some(live) = live.as_object_mut() {
            for name in ["MaxCapacity", "MinCapacity", "SuspendedState"] {
                live.insert(name.to_owned(), at(&target, &format!("/{name}")));
            }
            let resource = text(properties, "/ResourceId")?;
            let actions = view.state.scheduled_actions.iter().filter(|action| action.resource == resource);
            live.insert("ScheduledActions".to_owned(), actions.map(action).collect());
        }
        Ok(Some(live))
    }
}

/// The input of RegisterScalableTarget. What is not suspended is said to be so: left out, it would stay as it is.
fn registration(wanted: &Wanted<'_>) -> Map<String, Value> {
    let mut input = wanted.pick(&PLACE);
    input.extend(wanted.pick(&["MinCapacity", "MaxCapacity", "RoleARN"]));
    let mut suspended = json!({
        "DynamicScalingInSuspended": false,
        "DynamicScalingOutSuspended": false,
        "ScheduledScalingSuspended": false,
    });
    if let (Some(all), Some(Value::Object(given))) = (suspended.as_object_mut(), wanted.get("SuspendedState")) {
        all.extend(given.clone());
    }
    input.insert("SuspendedState".to_owned(), suspended);
    input
}

fn described(view: &View<'_>, properties: &Value) -> Result<Option<Value>, Fault> {
    let input = json!({
        "ServiceNamespace": properties.get("ServiceNamespace"),
        "ScalableDimension": properties.get("ScalableDimension"),
        "ResourceIds": [properties.get("ResourceId")],
    });
    words::first(ask(view, &API, "DescribeScalableTargets", input), "/ScalableTargets")
}

fn actions(properties: &Value) -> Vec<Value> {
    properties.get("ScheduledActions").and_then(Value::as_array).cloned().unwrap_or_default()
}

/// Brings scheduled actions in line with what is wanted. One that differs is made anew, so that nothing of before stays.
fn schedule(tx: &mut Tx<'_>, before: &Value, wanted: &Wanted<'_>) -> Result<(), Fault> {
    let (old, new) = (actions(before), actions(wanted.properties));
    let place = |input: &mut Map<String, Value>| input.extend(wanted.pick(&PLACE));
    for action in old.iter().filter(|action| !new.contains(action)) {
        let mut input = Map::from_iter([("ScheduledActionName".to_owned(), at(action, "/ScheduledActionName"))]);
        place(&mut input);
        match call(tx, &API, "DeleteScheduledAction", input.into()) {
            Err(fault) if !is_missing(&fault) => return Err(fault),
            _ => {}
        }
    }
    for action in new.iter().filter(|action| !old.contains(action)) {
        let mut input = action.as_object().cloned().unwrap_or_default();
        for name in ["StartTime", "EndTime"] {
            if let Some(given) = input.get_mut(name) {
                *given = seconds(given)?;
            }
        }
        place(&mut input);
        call(tx, &API, "PutScheduledAction", input.into())?;
    }
    Ok(())
}

/// A moment as a template has it, in ISO 8601, as the service's protocol has it.
fn seconds(given: &Value) -> Result<Value, Fault> {
    let moment = given.as_str().and_then(Timestamp::from_iso8601);
    let invalid = || Fault::new("ValidationException", format!("{given} is no time in the format of ISO 8601."));
    moment.map(|moment| json!(moment.millis as f64 / 1000.0)).ok_or_else(invalid)
}

fn action(of: &state::ScheduledAction) -> Value {
    let mut action = json!({
        "ScheduledActionName": of.name,
        "Schedule": of.schedule,
        "ScalableTargetAction": {},
    });
    let more = [
        ("/Timezone", of.timezone.as_ref().map(|zone| json!(zone))),
        ("/StartTime", of.start.map(|start| json!(start.iso8601()))),
        ("/EndTime", of.end.map(|end| json!(end.iso8601()))),
        ("/ScalableTargetAction/MinCapacity", of.action.min_capacity.map(Value::from)),
        ("/ScalableTargetAction/MaxCapacity", of.action.max_capacity.map(Value::from)),
    ];
    for (pointer, value) in more {
        let Some((parent, name)) = pointer.rsplit_once('/') else { continue };
        if let (Some(Value::Object(members)), Some(value)) = (action.pointer_mut(parent), value) {
            members.insert(name.to_owned(), value);
        }
    }
    action
}
