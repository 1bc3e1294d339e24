//! Metric math ("Using math expressions with CloudWatch metrics", Amazon CloudWatch User Guide): from text to a tree, and from values of
//! metrics to those of expressions.
//!
//! | module | what |
//! |---|---|
//! | [`queries`] | metrics and expressions of one request, which may refer to each other |
//! | [`parse`] | the text of an expression as a tree |
//! | [`statistic`] | statistics of a metric, by their names |
//! | [`value`] | numbers, time series and arrays of them |
//! | `evaluate` | what a tree comes to; `functions`, `conditional` and `calendar` are what it may call |
//!
//! The type of what an expression comes to does not depend on the values of its metrics, so that an expression is checked by evaluating it
//! without any.
//!
//! Absent: metrics' values, CloudWatch's API, a clock.

#![forbid(unsafe_code)]

mod calendar;
mod conditional;
mod error;
mod evaluate;
mod functions;
pub mod parse;
pub mod queries;
pub mod statistic;
#[cfg(test)]
mod tests;
pub mod value;

pub use error::Error;
pub use queries::{Line, Queries, Query, What};
pub use statistic::{Bounds, Statistic, Trimmed};
pub use value::{Point, Range, Span};
