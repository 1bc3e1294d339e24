//! Metrics: what was measured at each time, by namespace, name and dimensions.
//!
//! What was measured in a period is a [`Distribution`]: how many values there were, their sum, the least and the greatest, and, if they
//! differ, how they are distributed. Any number of periods make one distribution again, of which any statistic can be told.
//!
//! | module | what |
//! |---|---|
//! | [`distribution`] | values, merged, and statistics of them |
//! | [`store`] | taking in and telling the values of all metrics |
//! | `series` | which metrics there are, by numbers |
//! | `recent` | the newest values of a metric, in columns in memory |
//! | `journal` | the same as it came in, on disk |
//! | `sealed` | files of older values, in which one metric is found without the others |
//! | `upkeep` | from memory to files, from many files to one, from minutes to hours, and away |
//! | `codec` | values in few bytes |
//!
//! Absent: CloudWatch's API and alarms, what is measured, a clock.

#![forbid(unsafe_code)]

mod codec;
pub mod distribution;
mod journal;
mod recent;
mod sealed;
mod series;
pub mod store;
#[cfg(test)]
mod tests;
mod upkeep;

pub use distribution::Distribution;
pub use metricmath::Statistic;
pub use store::{Datum, Metric, Sender, Store};
