//! Amazon CloudWatch: alarms.

use super::{ResourceType, Types, Wanted, ask, at, call, changed_tags, words};
use crate::{Tx, View};
use aws::{api::cloudwatch::API, fault::Fault};
use serde_json::{Value, json};

/// This service's types.
pub(super) const TYPES: Types = &[("AWS::CloudWatch::Alarm", &Alarm)];

/// AWS::CloudWatch::Alarm.
struct Alarm;

/// What PutMetricAlarm and DescribeAlarms call as the schema does, beside the name.
const WHAT: [&str; 19] = [
    "ActionsEnabled",
    "AlarmActions",
    "AlarmDescription",
    "ComparisonOperator",
    "DatapointsToAlarm",
    "Dimensions",
    "EvaluateLowSampleCountPercentile",
    "EvaluationPeriods",
    "ExtendedStatistic",
    "InsufficientDataActions",
    "MetricName",
    "Metrics",
    "Namespace",
    "OKActions",
    "Period",
    "Statistic",
    "Threshold",
    "TreatMissingData",
    "Unit",
];

impl ResourceType for Alarm {
    fn unsupported(&self) -> &'static [&'static str] {
        &[
            "ActionConfiguration",
            "EvaluationCriteria",
            "EvaluationInterval",
            "EvaluationWindow",
            "Metrics/*/AccountId",
            "ThresholdMetricId",
            "WarmUpConfiguration",
        ]
    }

    fn create(&self, tx: &mut Tx<'_>, wanted: &Wanted<'_>) -> Result<String, Fault> {
        let name = wanted.name("AlarmName", 255);
        // PutMetricAlarm changes one that is there.
        if described(&tx.view(), &name)?.is_some() {
            return Err(words::exists("AWS::CloudWatch::Alarm", &name));
        }
        put(tx, &name, wanted)?;
        Ok(name)
    }

    fn update(&self, tx: &mut Tx<'_>, id: &str, before: &Wanted<'_>, wanted: &Wanted<'_>) -> Result<(), Fault> {
        put(tx, id, wanted)?;
        let (set, removed) = changed_tags(before, wanted);
        let arn = arn(&tx.view(), id);
        if !set.is_empty() {
            let tags: Value = set.into_iter().map(|(key, value)| json!({ "Key": key, "Value": value })).collect();
            call(tx, &API, "TagResource", json!({ "ResourceARN": arn, "Tags": tags }))?;
        }
        if !removed.is_empty() {
            call(tx, &API, "UntagResource", json!({ "ResourceARN": arn, "TagKeys": removed }))?;
        }
        Ok(())
    }

    fn delete(&self, tx: &mut Tx<'_>, id: &str, _: &Value) -> Result<(), Fault> {
        call(tx, &API, "DeleteAlarms", json!({ "AlarmNames": [id] })).map(drop)
    }

    fn attribute(&self, view: &View<'_>, id: &str, _: &Value, name: &str) -> Result<Option<Value>, Fault> {
        Ok((name == "Arn").then(|| json!(arn(view, id))))
    }

    fn read(&self, view: &View<'_>, id: &str, _: &Value) -> Result<Option<Value>, Fault> {
        let Some(alarm) = described(view, id)? else { return Ok(None) };
        let mut live = words::picked(&alarm, &WHAT);
        if let Some(live) = live.as_object_mut() {
            live.insert("AlarmName".to_owned(), at(&alarm, "/AlarmName"));
        }
        Ok(Some(live))
    }
}

fn put(tx: &mut Tx<'_>, name: &str, wanted: &Wanted<'_>) -> Result<(), Fault> {
    let mut input = wanted.pick(&WHAT);
    input.insert("AlarmName".to_owned(), json!(name));
    input.insert("Tags".to_owned(), wanted.tag_list("Key", "Value"));
    call(tx, &API, "PutMetricAlarm", input.into()).map(drop)
}

fn arn(view: &View<'_>, name: &str) -> String {
    view.state.region.arn("cloudwatch", format_args!("alarm:{name}"))
}

fn described(view: &View<'_>, name: &str) -> Result<Option<Value>, Fault> {
    words::first(ask(view, &API, "DescribeAlarms", json!({ "AlarmNames": [name] })), "/MetricAlarms")
}

#[cfg(test)]
mod tests {
    use super::super::testing::{attribute, change, make, read, remove, try_make};
    use crate::testing::World;
    use serde_json::json;

    const KIND: &str = "AWS::CloudWatch::Alarm";

    #[test]
    fn an_alarm_is_made_changed_and_deleted() {
        let mut world = World::new();
        let first = json!({
            "AlarmDescription": "busy", "Namespace": "AWS/ECS", "MetricName": "CPUUtilization", "Statistic": "Average",
            "Dimensions": [{ "Name": "ClusterName", "Value": "main" }], "Period": 60, "EvaluationPeriods": 2,
            "Threshold": 80.0, "ComparisonOperator": "GreaterThanThreshold", "TreatMissingData": "notBreaching",
            "Tags": [{ "Key": "a", "Value": "b" }],
        });
        let second = json!({
            "ComparisonOperator": "LessThanThreshold", "EvaluationPeriods": 1, "Threshold": 1.0,
            "Metrics": [{ "Id": "m", "MetricStat": { "Period": 60, "Stat": "Sum",
                "Metric": { "Namespace": "AWS/ECS", "MetricName": "CPUUtilization" } } }],
        });
        let id = make(&mut world, KIND, &first);
        assert_eq!(id, "shop-Thing-1A2B3C4D5E6F");
        assert_eq!(
            attribute(&world, KIND, &id, &first, "Arn"),
            "arn:aws:cloudwatch:us-east-1:123456789012:alarm:shop-Thing-1A2B3C4D5E6F"
        );
        let live = read(&world, KIND, &id, &first).expect("there");
        for name in ["AlarmDescription", "Dimensions", "Threshold", "TreatMissingData", "Period"] {
            assert_eq!(live[name], first[name], "{name}");
        }
        let mut again = first.clone();
        again["AlarmName"] = json!(id);
        assert_eq!(&*try_make(&mut world, KIND, &again).expect_err("it is there").code, "AlreadyExists");

        change(&mut world, KIND, &id, &first, &second);
        let live = read(&world, KIND, &id, &second).expect("there");
        assert!(live["MetricName"].is_null() && live["AlarmDescription"].is_null(), "{live}");
        assert_eq!(live["Metrics"][0]["MetricStat"]["Stat"], "Sum");
        let arn = attribute(&world, KIND, &id, &second, "Arn");
        let tags = world.call(&super::API, "ListTagsForResource", json!({ "ResourceARN": arn })).expect("tags");
        assert_eq!(tags["Tags"], json!([{ "Key": "of", "Value": "stack" }]));
        remove(&mut world, KIND, &id, &second);
        assert_eq!(read(&world, KIND, &id, &second), None);
    }
}
