//! Metrics and expressions of them, as `GetMetricData`, `PutMetricAlarm` and target tracking are given them.

use super::{dimensions, refuse, unsupported};
use aws::{
    api::cloudwatch::{MetricDataQuery, MetricStat},
    fault::Fault,
};
use metricmath::{Error, Queries, Query, What};
use spec::Millis;

/// Queries that fit together, and what those of metrics are about.
#[derive(Debug)]
pub struct Asked {
    /// The queries.
    pub queries: Queries,
    /// What each is about, in their order; none of an expression.
    pub metrics: Vec<Option<Measured>>,
    /// The places and ids of those whose values are wanted.
    pub returned: Vec<(usize, String)>,
}

/// Values of a metric.
#[derive(Debug, Clone, PartialEq)]
pub struct Measured {
    /// The metric's namespace, name and dimensions.
    pub metric: (String, String, Vec<(String, String)>),
    /// The unit, if only values of one unit count.
    pub unit: Option<String>,
    /// The statistic's name.
    pub statistic: String,
    /// The length of the periods that are asked for, in seconds.
    pub period: i32,
}

/// Reads queries. `lasting` says how many milliseconds so many seconds of a period last.
///
/// # Errors
/// `ValidationError` for what can't be, `InvalidParameterValue` for what is not supported.
pub fn read(given: Vec<MetricDataQuery>, lasting: impl Fn(i64) -> Millis) -> Result<Asked, Fault> {
    let (mut queries, mut metrics, mut returned) = (Vec::new(), Vec::new(), Vec::new());
    for (place, query) in given.into_iter().enumerate() {
        let MetricDataQuery { id, metric_stat, expression, label, return_data, period, account_id } = query;
        refuse(&[("AccountId", account_id.is_some())])?;
        let id = id.unwrap_or_default();
        if return_data != Some(false) {
            returned.push((place, id.clone()));
        }
        let lasting = |seconds: i32| lasting(i64::from(seconds));
        let (what, metric) = match (metric_stat, expression) {
            (Some(stat), None) => {
                let metric = measured(stat)?;
                (What::Metric(lasting(metric.period)), Some(metric))
            }
            (None, Some(expression)) => {
                period.map_or(Ok(()), super::check_period)?;
                (What::Expression(expression, period.map(lasting)), None)
            }
            (Some(_), Some(_)) => {
                return Err(validation(format!("The query {id} has both MetricStat and Expression: one is allowed.")));
            }
            (None, None) => return Err(validation(format!("The query {id} has neither MetricStat nor Expression."))),
        };
        // What has no name of its own is called after its metric or, if it has none, its id.
        let named = || metric.as_ref().map_or_else(|| id.clone(), |metric| metric.metric.1.clone());
        let label = match label {
            Some(label) => super::label::properties(&label, metric.as_ref(), &named())?,
            None => named(),
        };
        queries.push(Query { id, label, what });
        metrics.push(metric);
    }
    let queries = Queries::new(queries).map_err(fault)?;
    Ok(Asked { queries, metrics, returned })
}

fn measured(stat: MetricStat) -> Result<Measured, Fault> {
    let MetricStat { metric, period, stat, unit } = stat;
    let period = period.unwrap_or_default();
    super::check_period(period)?;
    let statistic = stat.unwrap_or_default();
    super::check_statistic(&statistic)?;
    let named = metric.unwrap_or_default();
    let metric =
        (named.namespace.unwrap_or_default(), named.metric_name.unwrap_or_default(), dimensions(named.dimensions)?);
    Ok(Measured { metric, unit: unit.map(|unit| unit.as_str().to_owned()), statistic, period })
}

fn validation(message: impl Into<String>) -> Fault {
    Fault::new("ValidationError", message)
}

/// What AWS says of expressions that can't be.
pub fn fault(error: Error) -> Fault {
    match error {
        Error::Invalid(message) => validation(message),
        Error::Unsupported(what) => unsupported(&what),
    }
}
