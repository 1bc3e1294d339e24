//! `PutMetricAlarm`.

use super::{combination, dimensions, history, invalid, queries, refuse, tags, unsupported};
use crate::{Tx, state::Alarm};
use aws::{
    api::cloudwatch::{ComparisonOperator, HistoryItemType, MetricDataQuery, PutMetricAlarmInput, StateValue},
    fault::Fault,
    shape::Nothing,
};
use metricmath::Statistic;
use serde_json::json;

/// Seconds that an alarm may look back: a day, or seven with periods of an hour or more ("PutMetricAlarm").
const DAY: i64 = 86_400;
const WEEK: i64 = 604_800;
const HOUR: i32 = 3_600;
/// Metrics of an alarm on metric math ("PutMetricAlarm").
const METRICS: usize = 10;
/// Metrics and expressions of an alarm ("AWS::CloudWatch::Alarm", Metrics).
const QUERIES: usize = 20;
/// What `TreatMissingData` may be.
const MISSING: [&str; 4] = ["breaching", "notBreaching", "ignore", "missing"];

/// Makes an alarm, or makes another one of it. An alarm that was there keeps its state.
pub(crate) fn put(tx: &mut Tx<'_>, request: PutMetricAlarmInput) -> Result<Nothing, Fault> {
    check(&request)?;
    let name = request.alarm_name.clone();
    let known = tx.state.alarms.get(&name).cloned();
    let given = tags::read(request.tags.clone().unwrap_or_default())?;
    let metrics = request.metrics.clone().filter(|metrics| !metrics.is_empty());
    let what = PutMetricAlarmInput { tags: None, metrics, ..request };
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
        unit,
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
    let period = match metrics.as_deref().filter(|metrics| !metrics.is_empty()) {
        Some(metrics) => {
            let plain = [
                ("MetricName", metric_name.is_some()),
                ("Namespace", namespace.is_some()),
                ("Dimensions", of.as_ref().is_some_and(|of| !of.is_empty())),
                ("Period", period.is_some()),
                ("Unit", unit.is_some()),
                ("Statistic", statistic.is_some()),
                ("ExtendedStatistic", extended_statistic.is_some()),
            ];
            if let Some((name, _)) = plain.iter().find(|(_, given)| *given) {
                return Err(combination(format!("{name} and Metrics can not both be specified.")));
            }
            check_metrics(metrics)?
        }
        None => {
            let (Some(_), Some(_)) = (metric_name, namespace) else {
                return Err(missing(if metric_name.is_none() { "MetricName" } else { "Namespace" }));
            };
            match (statistic, extended_statistic) {
                (None, None) => return Err(combination("One of Statistic and ExtendedStatistic is required.")),
                (Some(_), Some(_)) => {
                    return Err(combination("Statistic and ExtendedStatistic can not both be specified."));
                }
                (None, Some(extended)) => check_extended(extended)?,
                (Some(_), None) => {}
            }
            dimensions(of.clone())?;
            let period = period.ok_or_else(|| missing("Period"))?;
            check_period(period)?;
            period
        }
    };
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

/// A statistic that is not among the five that have a parameter of their own.
fn check_extended(name: &str) -> Result<(), Fault> {
    match Statistic::parse(name) {
        Some(Statistic::Percentile(_) | Statistic::Within(..)) => Ok(()),
        _ => Err(invalid(format!("The value {name} for parameter ExtendedStatistic is not valid."))),
    }
}

/// Alarms have periods of ten seconds at least.
fn check_period(period: i32) -> Result<(), Fault> {
    match period {
        10 | 20 | 30 => Ok(()),
        _ if period > 0 && period % 60 == 0 => Ok(()),
        _ => Err(Fault::new("ValidationError", "Period must be 10, 20, 30 or a multiple of 60.")),
    }
}

/// Metrics and expressions of an alarm, one of which it watches: its period.
///
/// # Errors
/// When they do not fit together, or do not come to one time series.
pub(crate) fn check_metrics(given: &[MetricDataQuery]) -> Result<i32, Fault> {
    let validation = |message: String| Fault::new("ValidationError", message);
    if given.len() > QUERIES {
        return Err(validation(format!("The collection Metrics must not have a size greater than {QUERIES}.")));
    }
    let asked = queries::read(given.to_vec(), |seconds| seconds.saturating_mul(1000))?;
    let [(place, id)] = asked.returned.as_slice() else {
        return Err(validation("Exactly one element of the metrics list should return data.".to_owned()));
    };
    if asked.metrics.iter().flatten().count() > METRICS {
        return Err(validation(format!("An alarm can have at most {METRICS} metrics.")));
    }
    if asked.queries.is_array(*place).map_err(queries::fault)? {
        return Err(validation(format!(
            "Error in expression '{id}': An alarm can watch one time series only, and the expression returns an array of them"
        )));
    }
    let period = asked.queries.period(*place).unwrap_or_default() / 1000;
    let period = i32::try_from(period).unwrap_or(i32::MAX);
    check_period(period)?;
    Ok(period)
}
