//! AWS::ApplicationAutoScaling::ScalingPolicy. Its physical id is its ARN.

use super::{
    super::{ResourceType, Wanted, ask, at, call, text, words},
    target::PLACE,
};
use crate::{Tx, View};
use aws::{api::application_autoscaling::API, fault::Fault};
use serde_json::{Map, Value, json};

/// AWS::ApplicationAutoScaling::ScalingPolicy.
pub(super) struct ScalingPolicy;

/// The kind of policy and what it does.
const WHAT: [&str; 3] = ["PolicyType", "StepScalingPolicyConfiguration", "TargetTrackingScalingPolicyConfiguration"];

impl ResourceType for ScalingPolicy {
    fn unsupported(&self) -> &'static [&'static str] {
        &["PredictiveScalingPolicyConfiguration"]
    }

    fn create(&self, tx: &mut Tx<'_>, wanted: &Wanted<'_>) -> Result<String, Fault> {
        // PutScalingPolicy changes one that is there.
        if let Some(there) = described(&tx.view(), wanted.properties)? {
            return Err(words::exists("AWS::ApplicationAutoScaling::ScalingPolicy", &text(&there, "/PolicyARN")?));
        }
        put(tx, wanted)
    }

    fn update(&self, tx: &mut Tx<'_>, _: &str, _: &Wanted<'_>, wanted: &Wanted<'_>) -> Result<(), Fault> {
        put(tx, wanted).map(drop)
    }

    fn delete(&self, tx: &mut Tx<'_>, _: &str, properties: &Value) -> Result<(), Fault> {
        let mut input = place(properties);
        input.insert("PolicyName".to_owned(), at(properties, "/PolicyName"));
        call(tx, &API, "DeleteScalingPolicy", input.into()).map(drop)
    }

    fn attribute(&self, _: &View<'_>, id: &str, _: &Value, name: &str) -> Result<Option<Value>, Fault> {
        Ok((name == "Arn").then(|| json!(id)))
    }

    fn read(&self, view: &View<'_>, id: &str, properties: &Value) -> Result<Option<Value>, Fault> {
        let policy = described(view, properties)?.filter(|policy| at(policy, "/PolicyARN") == id);
        Ok(policy.map(|policy| {
            let mut names = vec!["PolicyName"];
            names.extend(PLACE.into_iter().chain(WHAT));
            words::picked(&policy, &names)
        }))
    }
}

fn put(tx: &mut Tx<'_>, wanted: &Wanted<'_>) -> Result<String, Fault> {
    let mut input = wanted.pick(&WHAT);
    input.insert("PolicyName".to_owned(), json!(wanted.get("PolicyName")));
    input.extend(place(wanted.properties));
    text(&call(tx, &API, "PutScalingPolicy", input.into())?, "/PolicyARN")
}

/// Which target's it is: by the target's own properties, or by `ScalingTargetId`, which has them all.
fn place(properties: &Value) -> Map<String, Value> {
    let id = at(properties, "/ScalingTargetId");
    let parts: Vec<&str> = id.as_str().map(|id| id.split('|').collect()).unwrap_or_default();
    let part = |(index, name): (usize, &str)| {
        let given = properties.get(name).cloned().or_else(|| parts.get(index).map(|part| json!(part)));
        Some((name.to_owned(), given?))
    };
    PLACE.into_iter().enumerate().filter_map(part).collect()
}

fn described(view: &View<'_>, properties: &Value) -> Result<Option<Value>, Fault> {
    let mut input = place(properties);
    input.insert("PolicyNames".to_owned(), json!([properties.get("PolicyName")]));
    words::first(ask(view, &API, "DescribeScalingPolicies", input.into()), "/ScalingPolicies")
}
