//! Amazon CloudWatch, as far as it is records: alarms, when they change their state and what they do then, their history and tags.
//!
//! Absent: what was measured. That is no record; the server keeps it in memory and files of its own, answers the operations that need it
//! (`PutMetricData`, `GetMetricData`, `GetMetricStatistics`, `ListMetrics`), and shows alarms the values they are about ([`evaluate`]).

mod actions;
mod change;
mod describe;
mod evaluate;
mod history;
pub mod label;
mod put;
pub mod queries;
mod reason;
mod tags;
#[cfg(test)]
mod tests;

pub(crate) use actions::actions_of;
pub use actions::is_due;
pub(crate) use change::remove;
pub use change::{Shown, observe};
pub(crate) use evaluate::look_back;
pub use evaluate::{Period, Watched, evaluate, watched};
pub(crate) use put::{check_metrics, put as make};

use crate::{Region, Service};
use aws::{
    api::cloudwatch::{API, Dimension, op},
    fault::Fault,
};
use metricmath::Statistic;

/// The operations that need nothing measured.
pub fn service() -> Service {
    Service::new(&API)
        .write(op::PutMetricAlarm, put::put)
        .read(op::DescribeAlarms, describe::describe)
        .read(op::DescribeAlarmsForMetric, describe::for_metric)
        .read(op::DescribeAlarmHistory, history::describe)
        .write(op::DeleteAlarms, change::delete)
        .write(op::SetAlarmState, change::set_state)
        .write(op::EnableAlarmActions, change::enable_actions)
        .write(op::DisableAlarmActions, change::disable_actions)
        .read(op::ListTagsForResource, tags::list)
        .write(op::TagResource, tags::tag)
        .write(op::UntagResource, tags::untag)
}

/// A value that can't be right.
pub fn invalid(message: impl Into<String>) -> Fault {
    Fault::new("InvalidParameterValue", message)
}

/// Values that can't be right together.
pub fn combination(message: impl Into<String>) -> Fault {
    Fault::new("InvalidParameterCombination", message)
}

/// Something of CloudWatch's that neargate does not have.
pub fn unsupported(what: &str) -> Fault {
    invalid(format!("neargate does not support {what} yet."))
}

/// A token that is of no page.
pub fn bad_token() -> Fault {
    Fault::new("InvalidNextToken", "The next token specified is invalid.")
}

/// Refuses what is wanted of these, by name.
///
/// # Errors
/// For the first that is.
pub fn refuse(all: &[(&str, bool)]) -> Result<(), Fault> {
    all.iter().find(|(_, wanted)| *wanted).map_or(Ok(()), |(what, _)| Err(unsupported(what)))
}

/// Dimensions by name, in the order of the names.
///
/// # Errors
/// `InvalidParameterValue` for a name that is there twice.
pub fn dimensions(given: Option<Vec<Dimension>>) -> Result<Vec<(String, String)>, Fault> {
    let given = given.unwrap_or_default().into_iter();
    let mut all: Vec<(String, String)> =
        given.map(|of| (of.name.unwrap_or_default(), of.value.unwrap_or_default())).collect();
    all.sort();
    match all.windows(2).find(|pair| pair.first().map(|of| &of.0) == pair.last().map(|of| &of.0)) {
        Some(pair) => {
            Err(invalid(format!("No two dimensions can have the same name: {}.", pair.first().map_or("", |of| &of.0))))
        }
        None => Ok(all),
    }
}

/// What a period of values may be, in seconds: less than a minute for those of high resolution ("GetMetricData").
///
/// # Errors
/// `ValidationError` for another one.
pub fn check_period(period: i32) -> Result<(), Fault> {
    match period {
        1 | 5 | 10 | 20 | 30 => Ok(()),
        _ if period > 0 && period % 60 == 0 => Ok(()),
        _ => Err(Fault::new("ValidationError", "Period must be 1, 5, 10, 20, 30 or a multiple of 60.")),
    }
}

/// The statistics there are.
///
/// # Errors
/// `InvalidParameterValue` for another one.
pub fn check_statistic(name: &str) -> Result<Statistic, Fault> {
    Statistic::parse(name)
        .ok_or_else(|| invalid(format!("The value {name} for parameter Stat is not a valid statistic.")))
}

/// The ARN of an alarm.
pub(crate) fn arn(region: &Region, name: &str) -> String {
    region.arn("cloudwatch", format_args!("alarm:{name}"))
}
