//! `PutMetricData`.

use super::unkept;
use aws::api::cloudwatch::{MetricDatum, PutMetricDataInput};
use aws::fault::Fault;
use aws::shape::Nothing;
use control::View;
use control::cloudwatch::{combination, dimensions, invalid, refuse};
use metrics::{Datum, Distribution, Metric, Store};
use spec::{DAY, Millis};

/// Values of one request, and different values of one metric in it ("PutMetricData").
const DATA: usize = 1_000;
const VALUES: usize = 150;
/// How far ahead of time a value may be, and how far back ("PutMetricData").
const TOO_NEW: Millis = 2 * 60 * 60 * 1000;
const TOO_OLD: Millis = 14 * DAY;
/// Larger numbers are refused ("MetricDatum").
const LARGEST: f64 = 2.3485425827738332e108;

pub(super) fn put(view: &View<'_>, store: &Store, request: PutMetricDataInput) -> Result<Nothing, Fault> {
    let PutMetricDataInput { namespace, metric_data, entity_metric_data, strict_entity_validation } = request;
    refuse(&[
        ("EntityMetricData", entity_metric_data.is_some_and(|data| !data.is_empty())),
        ("StrictEntityValidation", strict_entity_validation == Some(true)),
    ])?;
    if namespace.starts_with("AWS/") {
        return Err(invalid("The value AWS/ for parameter Namespace is invalid."));
    }
    let data = metric_data.unwrap_or_default();
    if data.is_empty() {
        return Err(Fault::new("MissingParameter", "The parameter MetricData is required."));
    }
    if data.len() > DATA {
        return Err(invalid(format!("The collection MetricData must not have a size greater than {DATA}.")));
    }
    let now = view.now.millis;
    let (mut seconds, mut minutes) = (Vec::new(), Vec::new());
    for given in data {
        let kept = match given.storage_resolution {
            None | Some(60) => &mut minutes,
            Some(1) => &mut seconds,
            Some(other) => {
                return Err(invalid(format!("The value {other} for parameter StorageResolution is invalid.")));
            }
        };
        kept.push(datum(&namespace, given, now)?);
    }
    // All or nothing, as whoever is told that it can't be kept says it again.
    store.put_seconds(seconds, minutes, now).map_err(unkept)?;
    Ok(Nothing)
}

fn datum(namespace: &str, given: MetricDatum, now: Millis) -> Result<Datum, Fault> {
    let MetricDatum {
        metric_name,
        dimensions: of,
        timestamp,
        value,
        statistic_values,
        values,
        counts,
        unit,
        storage_resolution: _,
    } = given;
    let at = timestamp.map_or(now, |timestamp| timestamp.millis);
    if at > now + TOO_NEW {
        return Err(invalid(
            "The parameter MetricData.member.Timestamp must specify a time no more than two hours in the future.",
        ));
    }
    if at < now - TOO_OLD {
        return Err(invalid(
            "The parameter MetricData.member.Timestamp must specify a time within the past two weeks.",
        ));
    }
    if counts.is_some() && values.is_none() {
        return Err(combination(
            "The parameter MetricData.member.Counts can be specified with the parameter MetricData.member.Values only.",
        ));
    }
    let mut all = Distribution::default();
    match (value, statistic_values, values) {
        (Some(value), None, None) => all.add(check(value)?, 1.0),
        (None, Some(set), None) => {
            let (count, sum, min, max) = (set.sample_count, set.sum, set.minimum, set.maximum);
            for number in [count, sum, min, max] {
                check(number)?;
            }
            if count <= 0.0 || min > max {
                return Err(invalid("The parameter MetricData.member.StatisticValues is no set of statistics."));
            }
            all = Distribution::summary(count, sum, min, max);
        }
        (None, None, Some(values)) => {
            let counts = counts.unwrap_or_else(|| vec![1.0; values.len()]);
            if values.is_empty() || values.len() > VALUES || values.len() != counts.len() {
                return Err(invalid(format!(
                    "The parameters MetricData.member.Values and MetricData.member.Counts must be of one size, from 1 to {VALUES}."
                )));
            }
            for (value, count) in values.into_iter().zip(counts) {
                if check(count)? < 0.0 {
                    return Err(invalid("The parameter MetricData.member.Counts must be greater than or equal to 0."));
                }
                all.add(check(value)?, count);
            }
        }
        (None, None, None) => {
            return Err(Fault::new(
                "MissingParameter",
                "At least one of the parameters MetricData.member.Value, MetricData.member.Values, or \
                 MetricData.member.StatisticValues must be specified.",
            ));
        }
        _ => {
            return Err(combination(
                "The parameters MetricData.member.Value, MetricData.member.Values and \
                 MetricData.member.StatisticValues are mutually exclusive and you have specified more than one.",
            ));
        }
    }
    let metric = Metric::new(namespace, metric_name, dimensions(of)?);
    let unit = unit.map_or("None", |unit| unit.as_str()).to_owned();
    Ok(Datum { metric, unit, at, values: all })
}

fn check(number: f64) -> Result<f64, Fault> {
    if number.is_finite() && number.abs() <= LARGEST {
        return Ok(number);
    }
    Err(invalid(format!("The value {number} for parameter MetricData.member.Value is invalid.")))
}
