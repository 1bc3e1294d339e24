//! Metrics: what was measured in each minute, by namespace, name and dimensions.
//!
//! A minute of a metric is a [`Distribution`]: how many values there were, their sum, the least and the greatest, and, if they differ, how
//! they are distributed. Any number of minutes make one distribution again, of which any statistic can be told.
//!
//! | module | what |
//! |---|---|
//! | [`distribution`] | values, merged, and statistics of them |
//! | [`store`] | the minutes of all metrics, in memory and in a file for each day |
//!
//! Absent: CloudWatch's API and alarms, what is measured, a clock.

#![forbid(unsafe_code)]

pub mod distribution;
mod file;
pub mod store;

pub use distribution::{Distribution, Statistic};
pub use store::{Datum, Metric, Sender, Store};
