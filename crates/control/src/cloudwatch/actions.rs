//! What alarms do ("Alarm actions", Amazon CloudWatch User Guide): they invoke scaling policies, in each minute of a state that has them as
//! actions. What else is an action is done when the state changes: there is nobody here to be told, so the message is kept in the alarm's
//! history, as AWS keeps what it has sent.

use super::{evaluate, history};
use crate::{
    State, Tx,
    autoscaling::{self, Invocation},
    state::Alarm,
};
use aws::api::cloudwatch::{
    ComparisonOperator, Dimension, HistoryItemType, MetricDataQuery, MetricStat, PutMetricAlarmInput, StateValue,
};
use serde_json::{Value, json};
use spec::Millis;

/// The ARNs of everything an alarm does, in whatever state.
pub(crate) fn actions_of(alarm: &Alarm) -> impl Iterator<Item = &str> {
    let what = &alarm.what;
    let lists = [&what.alarm_actions, &what.ok_actions, &what.insufficient_data_actions];
    lists.into_iter().flatten().flatten().map(String::as_str)
}

/// What an alarm does in the state it has. Nothing, if its actions are disabled.
fn now(alarm: &Alarm) -> &[String] {
    let what = &alarm.what;
    let actions = match alarm.state {
        StateValue::Alarm => &what.alarm_actions,
        StateValue::Ok => &what.ok_actions,
        StateValue::InsufficientData => &what.insufficient_data_actions,
    };
    actions.as_deref().filter(|_| alarm.actions_enabled).unwrap_or_default()
}

/// Whether an ARN is a scaling policy's, here or anywhere.
fn is_scaling(arn: &str) -> bool {
    arn.split(':').nth(2) == Some("autoscaling")
}

/// Whether an alarm has something to do in this minute, and has not done it: what it does in each minute of the state it has.
pub fn is_due(alarm: &Alarm, minute: i64) -> bool {
    alarm.acted.is_none_or(|acted| acted < minute) && now(alarm).iter().any(|action| is_scaling(action))
}

/// The scaling policies that an alarm invokes in the state it has, by the values it goes by, the newest of which is of a time from `newest` on.
pub(super) fn invocations(
    state: &State,
    name: &str,
    values: impl Fn(&Alarm) -> Vec<f64>,
    newest: Millis,
) -> Vec<Invocation> {
    let Some(alarm) = state.alarms.get(name) else { return Vec::new() };
    let scaling = now(alarm).iter().filter(|action| is_scaling(action));
    let operator = alarm.what.comparison_operator.unwrap_or(ComparisonOperator::GreaterThanThreshold);
    let invocation = |policy: &String| Invocation {
        policy: policy.clone(),
        alarm: name.to_owned(),
        state: alarm.state,
        threshold: alarm.what.threshold.unwrap_or_default(),
        above: matches!(
            operator,
            ComparisonOperator::GreaterThanOrEqualToThreshold | ComparisonOperator::GreaterThanThreshold
        ),
        values: values(alarm),
        newest,
    };
    scaling.map(invocation).collect()
}

/// The values that whoever set an alarm's state says it goes by.
pub(super) fn told(alarm: &Alarm) -> Vec<f64> {
    let data = alarm.reason_data.as_deref().and_then(|data| serde_json::from_str::<Value>(data).ok());
    let points = data.as_ref().and_then(|data| data.get("recentDatapoints")).and_then(Value::as_array);
    points.into_iter().flatten().filter_map(Value::as_f64).collect()
}

/// Takes note of what an alarm does when its state has changed.
pub(super) fn note(tx: &mut Tx<'_>, before: &Alarm, after: &Alarm) {
    for action in now(after) {
        let failure = match is_scaling(action) {
            true if autoscaling::policy_of(&tx.state, action).is_none() => Some("The scaling policy does not exist."),
            _ => None,
        };
        let mut data = json!({
            "actionState": if failure.is_none() { "Succeeded" } else { "Failed" },
            "stateUpdateTimestamp": after.state_updated_at.millis,
            "notificationResource": action,
        });
        let summary = match failure {
            None => format!("Successfully executed action {action}"),
            Some(why) => format!("Failed to execute action {action}. Received error: \"{why}\""),
        };
        if let Value::Object(data) = &mut data {
            let text = match failure {
                None if is_scaling(action) => None,
                None => Some(("publishedMessage", message(&tx.state, before, after))),
                Some(why) => Some(("error", why.to_owned())),
            };
            data.extend(text.map(|(name, text)| (name.to_owned(), text.into())));
        }
        history::note(tx, &after.name, HistoryItemType::Action, summary, data.to_string());
    }
}

/// What subscribers of a topic would read.
fn message(state: &State, before: &Alarm, after: &Alarm) -> String {
    let what = &after.what;
    let message = json!({
        "AlarmName": after.name,
        "AlarmDescription": what.alarm_description,
        "AWSAccountId": state.region.account,
        "AlarmConfigurationUpdatedTimestamp": after.updated_at.iso8601(),
        "NewStateValue": after.state.as_str(),
        "NewStateReason": after.reason,
        "StateChangeTime": after.state_updated_at.iso8601(),
        "Region": state.region.name,
        "AlarmArn": super::arn(&state.region, &after.name),
        "OldStateValue": before.state.as_str(),
        "OKActions": what.ok_actions.as_deref().unwrap_or_default(),
        "AlarmActions": what.alarm_actions.as_deref().unwrap_or_default(),
        "InsufficientDataActions": what.insufficient_data_actions.as_deref().unwrap_or_default(),
        "Trigger": trigger(what),
    });
    json!({"default": message.to_string()}).to_string()
}

/// What an alarm watches, and what it goes by.
fn trigger(what: &PutMetricAlarmInput) -> Value {
    let dimensions = |of: &Option<Vec<Dimension>>| {
        let each = of.iter().flatten().map(|of| json!({"name": of.name, "value": of.value}));
        Value::from(each.collect::<Vec<_>>())
    };
    let mut trigger = json!({
        "Period": evaluate::period(what),
        "EvaluationPeriods": what.evaluation_periods,
        "DatapointsToAlarm": what.datapoints_to_alarm,
        "ComparisonOperator": what.comparison_operator.map(|operator| operator.as_str()),
        "Threshold": what.threshold,
        "TreatMissingData": what.treat_missing_data.as_deref().unwrap_or("missing"),
    });
    let more = match &what.metrics {
        None => {
            let statistic = what.statistic.map(|statistic| statistic.as_str().to_uppercase());
            json!({
                "MetricName": what.metric_name,
                "Namespace": what.namespace,
                "StatisticType": if statistic.is_some() { "Statistic" } else { "ExtendedStatistic" },
                "Statistic": statistic.or_else(|| what.extended_statistic.clone()),
                "Unit": what.unit.map(|unit| unit.as_str()),
                "Dimensions": dimensions(&what.dimensions),
            })
        }
        Some(metrics) => {
            let stat = |stat: &MetricStat| {
                let metric = stat.metric.clone().unwrap_or_default();
                let metric = json!({
                    "Namespace": metric.namespace,
                    "MetricName": metric.metric_name,
                    "Dimensions": dimensions(&metric.dimensions),
                });
                json!({"Metric": metric, "Period": stat.period, "Stat": stat.stat, "Unit": stat.unit.map(|unit| unit.as_str())})
            };
            let query = |query: &MetricDataQuery| {
                json!({
                    "Id": query.id,
                    "Label": query.label,
                    "Expression": query.expression,
                    "MetricStat": query.metric_stat.as_ref().map(stat),
                    "ReturnData": query.return_data.unwrap_or(true),
                })
            };
            json!({"Metrics": metrics.iter().map(query).collect::<Vec<_>>()})
        }
    };
    if let (Value::Object(trigger), Value::Object(more)) = (&mut trigger, more) {
        trigger.extend(more);
    }
    trigger
}
