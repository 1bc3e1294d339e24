//! `PutMetricAlarm`.

use super::{combination, dimensions, history, invalid, refuse, tags, unsupported};
use crate::{Tx, state::Alarm};
use aws::{
    api::cloudwatch::{ComparisonOperator, HistoryItemType, PutMetricAlarmInput, StateValue},
    fault::Fault,
    shape::Nothing,
};
use serde_json::json;

/// Seconds that an alarm may look back: a day, or seven with periods of an hour or more ("PutMetricAlarm").
const DAY: i64 = 86_400;
const WEEK: i64 = 604_800;
const HOUR: i32 = 3_600;
/// What `TreatMissingData` may be.
const MISSING: [&str; 4] = ["breaching", "notBreaching", "ignore", "missing"];

/// Makes an alarm, or makes another one of it. An alarm that was there keeps its state.
pub(crate) fn put(tx: &mut Tx<'_>, request: PutMetricAlarmInput) -> Result<Nothing, Fault> {
    check(&request)?;
    let name = request.alarm_name.clone();
    let known = tx.state.alarms.get(&name).cloned();
    let given = tags::read(request.tags.clone().unwrap_or_default())?;
    let what = PutMetricAlarmInput { tags: None, ..request };
    let actions_enabled = what.actions_enabled.unwrap_or(true);
    let updated_at = tx.now;
    let (kind, new) = match known {
        Some(known) => ("Update", Alarm { what, actions_enabled, updated_at, ..known }),
        None => {
            let new = Alarm {
                name: name.clone(),
                what,
                actions_enabled,
                updated_at,
                state: StateValue::InsufficientData,
                reason: "Unchecked: Initial alarm creation".to_owned(),
                reason_data: None,
                state_updated_at: updated_at,
                transitioned_at: updated_at,
                acted: None,
                tags: given,
            };
            ("Create", new)
        }
    };
    tx.state.alarms.put(new);
    let data = json!({"version": "1.0", "type": kind}).to_string();
    let done = if kind == "Create" { "created" } else { "updated" };
    history::note(tx, &name, HistoryItemType::ConfigurationUpdate, format!("Alarm \"{name}\" {done}"), data);
    Ok(Nothing)
}

fn check(request: &PutMetricAlarmInput) -> Result<(), Fault> {
    let PutMetricAlarmInput {
        alarm_name,
        alarm_description: _,
        actions_enabled: _,
        ok_actions,
        alarm_actions,
        insufficient_data_actions,
        metric_name,
        namespace,
        statistic,
        extended_statistic,
        dimensions: of,
        period,
        unit: _,
        evaluation_periods,
        datapoints_to_alarm,
        threshold,
        comparison_operator,
        treat_missing_data,
        evaluate_low_sample_count_percentile,
        metrics,
        tags: _,
        threshold_metric_id,
        evaluation_window,
        warm_up_configuration,
        evaluation_criteria,
        evaluation_interval,
        action_configuration,
    } = request;
    refuse(&[
        ("Metrics (alarms on metric math)", metrics.as_ref().is_some_and(|metrics| !metrics.is_empty())),
        ("ThresholdMetricId (anomaly detection)", threshold_metric_id.is_some()),
        ("EvaluationWindow", evaluation_window.is_some()),
        ("WarmUpConfiguration", warm_up_configuration.is_some()),
        ("EvaluationCriteria", evaluation_criteria.is_some()),
        ("EvaluationInterval", evaluation_interval.is_some()),
        ("ActionConfiguration", action_configuration.is_some()),
        ("EvaluateLowSampleCountPercentile=ignore", evaluate_low_sample_count_percentile.as_deref() == Some("ignore")),
    ])?;
    if alarm_name.chars().any(char::is_control) {
        return Err(invalid("The name of an alarm has no control characters."));
    }
    let missing = |name: &str| Fault::new("MissingParameter", format!("The parameter {name} is required."));
    let (Some(_), Some(_)) = (metric_name, namespace) else {
        return Err(missing(if metric_name.is_none() { "MetricName" } else { "Namespace" }));
    };
    let operator = comparison_operator.ok_or_else(|| missing("ComparisonOperator"))?;
    if let ComparisonOperator::LessThanLowerOrGreaterThanUpperThreshold
    | ComparisonOperator::LessThanLowerThreshold
    | ComparisonOperator::GreaterThanUpperThreshold = operator
    {
        return Err(unsupported(&format!("ComparisonOperator={operator} (anomaly detection)")));
    }
    let threshold = threshold.ok_or_else(|| missing("Threshold"))?;
    if !threshold.is_finite() {
        return Err(invalid("The value of the parameter Threshold must be a number."));
    }
    match (statistic, extended_statistic) {
        (None, None) => return Err(combination("One of Statistic and ExtendedStatistic is required.")),
        (Some(_), Some(_)) => {
            return Err(combination("Statistic and ExtendedStatistic can not both be specified."));
        }
        (None, Some(extended)) => check_percentile(extended)?,
        (Some(_), None) => {}
    }
    dimensions(of.clone())?;
    let period = period.ok_or_else(|| missing("Period"))?;
    check_period(period)?;
    let periods = evaluation_periods.ok_or_else(|| missing("EvaluationPeriods"))?;
    if datapoints_to_alarm.is_some_and(|wanted| wanted > periods) {
        return Err(invalid("DatapointsToAlarm must be less than or equal to EvaluationPeriods."));
    }
    let most = if period >= HOUR { WEEK } else { DAY };
    if i64::from(period) * i64::from(periods) > most {
        return Err(invalid(format!(
            "Metrics cannot be checked across more than {} (EvaluationPeriods * Period must be <= {most}).",
            if most == DAY { "a day" } else { "seven days" },
        )));
    }
    if let Some(other) = treat_missing_data.as_deref().filter(|given| !MISSING.contains(given)) {
        let known = MISSING.join(", ");
        return Err(invalid(format!(
            "The value {other} for parameter TreatMissingData is not supported; it is one of {known}."
        )));
    }
    if let Some(other) = evaluate_low_sample_count_percentile.as_deref().filter(|given| *given != "evaluate") {
        return Err(invalid(format!(
            "The value {other} for parameter EvaluateLowSampleCountPercentile is not supported."
        )));
    }
    let mut actions = [ok_actions, alarm_actions, insufficient_data_actions].into_iter().flatten().flatten();
    match actions.find(|action| !action.starts_with("arn:")) {
        Some(action) => Err(Fault::new("ValidationError", format!("Invalid arn syntax: {action}"))),
        None => Ok(()),
    }
}

/// The percentiles there are: from `p0.0` to `p100`.
fn check_percentile(name: &str) -> Result<(), Fault> {
    let is_plain = |digits: &&str| digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let percent = name.strip_prefix('p').filter(is_plain).and_then(|digits| digits.parse::<f64>().ok());
    match percent {
        Some(percent) if (0.0..=100.0).contains(&percent) => Ok(()),
        Some(_) => Err(invalid(format!("The value {name} for parameter ExtendedStatistic is not a percentile."))),
        None => Err(unsupported(&format!("the statistic {name}"))),
    }
}

/// Metrics of a resolution of a minute have periods of minutes.
pub fn check_period(period: i32) -> Result<(), Fault> {
    match period {
        10 | 20 | 30 => Err(unsupported(&format!("Period={period} (high-resolution metrics)"))),
        _ if period > 0 && period % 60 == 0 => Ok(()),
        _ => Err(Fault::new("ValidationError", "Period must be 10, 20, 30 or a multiple of 60.")),
    }
}
