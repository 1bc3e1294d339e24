//! Why an alarm changed its state, in CloudWatch's words.

use super::evaluate::{self, Period, Rule};
use crate::state::Alarm;
use aws::{
    api::cloudwatch::{ComparisonOperator, StateValue},
    doc::Timestamp,
};
use serde_json::{Value, json};
use spec::Millis;

/// `StateReason`.
pub(super) fn words(rule: &Rule, treatment: &str, state: StateValue, periods: &[Period]) -> String {
    let known = periods.iter().rev().filter_map(|period| Some((period.start, period.value?.0)));
    let values: Vec<(Millis, f64)> = known.take(rule.periods).collect();
    let missing = rule.periods - values.len();
    if state == StateValue::InsufficientData {
        return format!("Insufficient Data: {missing} {} unknown.", were(missing));
    }
    if values.is_empty() {
        let periods = if missing == 1 { "1 period".to_owned() } else { format!("{missing} periods") };
        let mut treated = treatment.to_owned();
        if let Some(first) = treated.get_mut(..1) {
            first.make_ascii_uppercase();
        }
        return format!(
            "Threshold Crossed: no datapoints were received for {periods} and {missing} missing {} treated as [{treated}].",
            were(missing),
        );
    }
    let alarm = state == StateValue::Alarm;
    let shown: Vec<String> = values
        .iter()
        .filter(|(_, value)| rule.is_breaching(*value) == alarm)
        .map(|(at, value)| format!("{} ({})", number(*value), short(*at)))
        .collect();
    let than = match rule.operator {
        ComparisonOperator::GreaterThanOrEqualToThreshold => "greater than or equal to",
        ComparisonOperator::LessThanOrEqualToThreshold => "less than or equal to",
        ComparisonOperator::LessThanThreshold => "less than",
        _ => "greater than",
    };
    let (not, least, which) = match alarm {
        true => ("", rule.datapoints, "OK -> ALARM"),
        false => ("not ", rule.periods + 1 - rule.datapoints, "ALARM -> OK"),
    };
    let verb = if shown.len() == 1 { "was" } else { "were" };
    let noun = if least == 1 { "datapoint" } else { "datapoints" };
    format!(
        "Threshold Crossed: {} out of the last {} datapoints [{}] {verb} {not}{than} the threshold ({}) (minimum {least} {noun} for {which} transition).",
        shown.len(),
        rule.periods,
        shown.join(", "),
        number(rule.threshold),
    )
}

fn were(count: usize) -> &'static str {
    if count == 1 { "datapoint was" } else { "datapoints were" }
}

/// `StateReasonData`.
pub(super) fn data(alarm: &Alarm, rule: &Rule, periods: &[Period], now: Timestamp) -> String {
    let what = &alarm.what;
    let is_math = what.metrics.is_some();
    let newest: Vec<&Period> = periods.iter().rev().take(rule.periods).collect();
    let recent = periods.iter().rev().filter_map(|period| period.value).take(rule.periods).map(|(value, _)| value);
    let mut recent: Vec<f64> = recent.collect();
    recent.reverse();
    let evaluated = newest.iter().map(|period| match period.value {
        Some((value, _)) if is_math => json!({"timestamp": long(period.start), "value": value}),
        Some((value, count)) => json!({"timestamp": long(period.start), "sampleCount": count, "value": value}),
        None => json!({"timestamp": long(period.start)}),
    });
    let statistic = what.statistic.map(|statistic| statistic.as_str().to_owned());
    let mut data = json!({
        "version": "1.0",
        "queryDate": long(now.millis),
        "startDate": newest.last().map(|period| long(period.start)),
        "period": evaluate::period(what),
        "recentDatapoints": recent,
        "threshold": rule.threshold,
        "evaluatedDatapoints": evaluated.collect::<Vec<_>>(),
    });
    if let Value::Object(data) = &mut data {
        let statistic = statistic.or_else(|| what.extended_statistic.clone());
        data.extend(statistic.map(|statistic| ("statistic".to_owned(), statistic.into())));
        data.extend(what.unit.map(|unit| ("unit".to_owned(), unit.as_str().into())));
    }
    data.to_string()
}

/// A number as Java writes it.
fn number(value: f64) -> String {
    format!("{value:?}")
}

/// Such as `28/11/26 04:05:00`.
fn short(at: Millis) -> String {
    let text = Timestamp { millis: at }.iso8601();
    let part = |range: std::ops::Range<usize>| text.get(range).unwrap_or_default().to_owned();
    format!("{}/{}/{} {}", part(8..10), part(5..7), part(2..4), part(11..19))
}

/// Such as `2026-11-28T04:05:00.000+0000`.
fn long(at: Millis) -> String {
    let text = Timestamp { millis: at }.iso8601();
    format!("{}.{:03}+0000", text.get(..19).unwrap_or_default(), at.rem_euclid(1000))
}
