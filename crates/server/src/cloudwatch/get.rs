//! `GetMetricData` and `GetMetricStatistics`.

use super::statistic;
use aws::api::cloudwatch::{
    Datapoint, GetMetricDataInput, GetMetricDataOutput, GetMetricStatisticsInput, GetMetricStatisticsOutput,
    MetricDataQuery, MetricDataResult, ScanBy, StandardUnit, StatusCode,
};
use aws::doc::Timestamp;
use aws::fault::Fault;
use control::View;
use control::cloudwatch::{check_period, combination, dimensions, invalid, refuse};
use metrics::{Metric, Statistic, Store};
use spec::{MINUTE, Millis};
use std::collections::BTreeSet;

/// Queries of one call, and values in its answer ("GetMetricData").
const QUERIES: usize = 500;
const DATAPOINTS: usize = 100_800;
/// Datapoints of one call ("GetMetricStatistics").
const STATISTICS: i64 = 1_440;

pub(super) fn data(_: &View<'_>, store: &Store, request: GetMetricDataInput) -> Result<GetMetricDataOutput, Fault> {
    let GetMetricDataInput {
        metric_data_queries: queries,
        start_time,
        end_time,
        next_token,
        scan_by,
        max_datapoints,
        label_options,
    } = request;
    refuse(&[("LabelOptions", label_options.is_some())])?;
    if next_token.is_some() {
        return Err(control::cloudwatch::bad_token());
    }
    if start_time >= end_time {
        return Err(Fault::new("ValidationError", "The parameter StartTime must be less than the parameter EndTime."));
    }
    if queries.is_empty() || queries.len() > QUERIES {
        return Err(Fault::new(
            "ValidationError",
            format!("The collection MetricDataQueries must have a size from 1 to {QUERIES}."),
        ));
    }
    let ids: BTreeSet<&str> = queries.iter().filter_map(|query| query.id.as_deref()).collect();
    if ids.len() < queries.len() {
        return Err(Fault::new("ValidationError", "The values for parameter id in MetricDataQueries are not unique."));
    }
    let start = start_time.millis - start_time.millis.rem_euclid(MINUTE);
    let mut results = Vec::new();
    for query in queries {
        if let Some(result) = answer(store, query, start, end_time.millis, scan_by)? {
            results.push(result);
        }
    }
    let most = max_datapoints.and_then(|most| usize::try_from(most).ok()).unwrap_or(DATAPOINTS).min(DATAPOINTS);
    let total: usize = results.iter().filter_map(|result| result.values.as_ref()).map(Vec::len).sum();
    refuse(&[("answers of more values than MaxDatapoints, 100,800 at most: ask for less time at once", total > most)])?;
    Ok(GetMetricDataOutput { metric_data_results: Some(results), next_token: None, messages: Some(Vec::new()) })
}

fn answer(
    store: &Store,
    query: MetricDataQuery,
    start: Millis,
    end: Millis,
    scan_by: Option<ScanBy>,
) -> Result<Option<MetricDataResult>, Fault> {
    let MetricDataQuery { id, metric_stat, expression, label, return_data, period: _, account_id } = query;
    refuse(&[("Expression (metric math)", expression.is_some()), ("AccountId", account_id.is_some())])?;
    let id = id.unwrap_or_default();
    if !id.starts_with(|first: char| first.is_ascii_lowercase())
        || !id.chars().all(|char| char.is_ascii_alphanumeric() || char == '_')
    {
        return Err(Fault::new(
            "ValidationError",
            format!(
                "The value {id} for parameter MetricDataQueries.member.Id is not matching the expected pattern ^[a-z][a-zA-Z0-9_]*$."
            ),
        ));
    }
    let Some(stat) = metric_stat else {
        return Err(Fault::new("ValidationError", format!("The query {id} has neither MetricStat nor Expression.")));
    };
    let wanted = statistic(stat.stat.as_deref().unwrap_or_default())?;
    let period = stat.period.unwrap_or_default();
    check_period(period)?;
    let named = stat.metric.unwrap_or_default();
    let name = named.metric_name.unwrap_or_default();
    let metric = Metric::new(named.namespace.unwrap_or_default(), name.clone(), dimensions(named.dimensions)?);
    if return_data == Some(false) {
        return Ok(None);
    }
    let unit = stat.unit.map(StandardUnit::as_str);
    let periods = store.periods(&metric, unit, start, end, Millis::from(period) * 1000);
    let found = periods.iter().filter_map(|(at, values)| Some((Timestamp { millis: *at }, values.statistic(wanted)?)));
    let mut found: Vec<(Timestamp, f64)> = found.collect();
    if scan_by != Some(ScanBy::TimestampAscending) {
        found.reverse();
    }
    let (timestamps, values) = found.into_iter().unzip();
    Ok(Some(MetricDataResult {
        id: Some(id),
        label: Some(label.unwrap_or(name)),
        timestamps: Some(timestamps),
        values: Some(values),
        status_code: Some(StatusCode::Complete),
        messages: None,
    }))
}

pub(super) fn statistics(
    _: &View<'_>,
    store: &Store,
    request: GetMetricStatisticsInput,
) -> Result<GetMetricStatisticsOutput, Fault> {
    let GetMetricStatisticsInput {
        namespace,
        metric_name,
        dimensions: of,
        start_time,
        end_time,
        period,
        statistics,
        extended_statistics,
        unit,
    } = request;
    if start_time >= end_time {
        return Err(combination("The parameter StartTime must be less than the parameter EndTime."));
    }
    check_period(period)?;
    let statistics = statistics.unwrap_or_default();
    let extended = extended_statistics.unwrap_or_default();
    if statistics.is_empty() && extended.is_empty() {
        return Err(Fault::new("MissingParameter", "At least one of Statistics and ExtendedStatistics is required."));
    }
    let percentiles: Vec<(String, Statistic)> =
        extended.into_iter().map(|name| statistic(&name).map(|which| (name, which))).collect::<Result<_, _>>()?;
    if let Some((name, _)) = percentiles.iter().find(|(_, which)| !matches!(which, Statistic::Percentile(_))) {
        return Err(invalid(format!("The value {name} for parameter ExtendedStatistics is not a percentile.")));
    }
    let length = Millis::from(period) * 1000;
    let start = start_time.millis - start_time.millis.rem_euclid(MINUTE);
    let asked = (end_time.millis - start).div_euclid(length);
    if asked > STATISTICS {
        return Err(combination(format!(
            "You have requested up to {asked} datapoints, which exceeds the limit of 1,440. You may reduce the datapoints requested by \
             increasing Period, or decreasing the time range."
        )));
    }
    let metric = Metric::new(namespace, metric_name.clone(), dimensions(of)?);
    let in_unit = unit.or_else(|| store.unit(&metric).and_then(|unit| StandardUnit::parse(&unit)));
    let asks = |name: &str| statistics.iter().any(|statistic| statistic.as_str() == name);
    let periods = store.periods(&metric, unit.map(StandardUnit::as_str), start, end_time.millis, length);
    let datapoints = periods.into_iter().map(|(at, values)| {
        let plain = |name: &str, which| if asks(name) { values.statistic(which) } else { None };
        let of = percentiles.iter().filter_map(|(name, which)| Some((name.clone(), values.statistic(*which)?)));
        Datapoint {
            timestamp: Some(Timestamp { millis: at }),
            sample_count: plain("SampleCount", Statistic::SampleCount),
            average: plain("Average", Statistic::Average),
            sum: plain("Sum", Statistic::Sum),
            minimum: plain("Minimum", Statistic::Minimum),
            maximum: plain("Maximum", Statistic::Maximum),
            unit: in_unit,
            extended_statistics: (!percentiles.is_empty()).then(|| of.collect()),
        }
    });
    Ok(GetMetricStatisticsOutput { label: Some(metric_name), datapoints: Some(datapoints.collect()) })
}
