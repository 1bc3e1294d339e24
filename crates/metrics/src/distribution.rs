//! Values and statistics of them.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Values that are closer together than this, as a factor, may be told as one by a percentile.
const STEP: f64 = 1.01;
/// Larger than the exponent of any number to the base [`STEP`].
const BIAS: i32 = 100_000;

/// Any number of values.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Distribution {
    /// How many.
    #[serde(rename = "n")]
    pub count: f64,
    /// Their sum.
    #[serde(rename = "s")]
    pub sum: f64,
    /// The least.
    #[serde(rename = "l")]
    pub min: f64,
    /// The greatest.
    #[serde(rename = "g")]
    pub max: f64,
    /// How many values are in each class, and their sum. Empty if all are the same.
    #[serde(rename = "d", default, skip_serializing_if = "BTreeMap::is_empty")]
    classes: BTreeMap<i32, (f64, f64)>,
    /// Some came as a set of statistics, and nobody knows how they are distributed.
    #[serde(rename = "u", default, skip_serializing_if = "std::ops::Not::not")]
    unknown: bool,
}

/// What may be asked of a distribution.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Statistic {
    /// How many values.
    SampleCount,
    /// Their sum divided by how many they are.
    Average,
    /// Their sum.
    Sum,
    /// The least.
    Minimum,
    /// The greatest.
    Maximum,
    /// The value that so many per cent of all are not above.
    Percentile(f64),
}

impl Statistic {
    /// Reads a statistic's name: `Average`, `p99.9`; none where there is no such statistic here.
    pub fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "SampleCount" => Self::SampleCount,
            "Average" => Self::Average,
            "Sum" => Self::Sum,
            "Minimum" => Self::Minimum,
            "Maximum" => Self::Maximum,
            other => {
                let digits = other.strip_prefix('p')?;
                let plain = digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
                Self::Percentile(digits.parse().ok().filter(|percent| plain && (0.0..=100.0).contains(percent))?)
            }
        })
    }
}

impl Distribution {
    /// The same value so many times.
    pub fn of(value: f64, count: f64) -> Self {
        Self { count, sum: value * count, min: value, max: value, ..Self::default() }
    }

    /// Values of which only this is known.
    pub fn summary(count: f64, sum: f64, min: f64, max: f64) -> Self {
        Self { count, sum, min, max, classes: BTreeMap::new(), unknown: min < max }
    }

    /// Adds a value so many times.
    pub fn add(&mut self, value: f64, count: f64) {
        self.merge(&Self::of(value, count));
    }

    /// Adds other values.
    pub fn merge(&mut self, other: &Self) {
        if other.count <= 0.0 {
            return;
        }
        if self.count <= 0.0 {
            self.clone_from(other);
            return;
        }
        if self.min != self.max || other.min != other.max || self.min != other.min {
            let mut classes = self.distributed();
            for (class, (count, sum)) in other.distributed() {
                let of = classes.entry(class).or_default();
                *of = (of.0 + count, of.1 + sum);
            }
            self.classes = classes;
        }
        self.unknown |= other.unknown;
        self.count += other.count;
        self.sum += other.sum;
        self.min = self.min.min(other.min);
        self.max = self.max.max(other.max);
    }

    fn distributed(&self) -> BTreeMap<i32, (f64, f64)> {
        if self.min == self.max { [(class(self.min), (self.count, self.sum))].into() } else { self.classes.clone() }
    }

    /// A statistic; none of no values, and no percentile of what came as statistics.
    pub fn statistic(&self, which: Statistic) -> Option<f64> {
        if self.count <= 0.0 {
            return None;
        }
        Some(match which {
            Statistic::SampleCount => self.count,
            Statistic::Average => self.sum / self.count,
            Statistic::Sum => self.sum,
            Statistic::Minimum => self.min,
            Statistic::Maximum => self.max,
            Statistic::Percentile(_) if self.unknown => return None,
            Statistic::Percentile(percent) => self.percentile(percent),
        })
    }

    fn percentile(&self, percent: f64) -> f64 {
        let wanted = self.count * percent / 100.0;
        let mut seen = 0.0;
        for (count, sum) in self.distributed().values() {
            seen += count;
            // What was added up from fractions may be a little less than it should be.
            if seen >= wanted - 1e-9 {
                return (sum / count).clamp(self.min, self.max);
            }
        }
        self.max
    }
}

/// The class of a value: classes are in the order of their values.
fn class(value: f64) -> i32 {
    if value == 0.0 || !value.is_finite() {
        return 0;
    }
    let exponent = (value.abs().ln() / STEP.ln()).round() as i32 + BIAS;
    if value > 0.0 { exponent } else { -exponent }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn distribution(values: &[f64]) -> Distribution {
        let mut all = Distribution::default();
        values.iter().for_each(|value| all.add(*value, 1.0));
        all
    }

    #[test]
    fn statistics_are_those_of_the_values() {
        let all = distribution(&[3.0, -1.0, 0.0, 5.0, 5.0]);
        let of = |which| all.statistic(which).unwrap();
        assert_eq!([of(Statistic::SampleCount), of(Statistic::Sum), of(Statistic::Average)], [5.0, 12.0, 2.4]);
        assert_eq!([of(Statistic::Minimum), of(Statistic::Maximum)], [-1.0, 5.0]);
        let percentiles = [0.0, 20.0, 40.0, 60.0, 61.0, 100.0].map(|percent| of(Statistic::Percentile(percent)));
        assert_eq!(percentiles, [-1.0, -1.0, 0.0, 3.0, 5.0, 5.0]);
        assert_eq!(Distribution::default().statistic(Statistic::Sum), None);
    }

    #[test]
    fn what_came_as_statistics_has_no_percentiles() {
        let mut set = Distribution::summary(4.0, 10.0, 1.0, 4.0);
        assert_eq!(set.statistic(Statistic::Average), Some(2.5));
        assert_eq!(set.statistic(Statistic::Percentile(50.0)), None);
        set.add(2.0, 1.0);
        assert_eq!(set.statistic(Statistic::Percentile(50.0)), None);
        assert_eq!(Distribution::summary(4.0, 8.0, 2.0, 2.0).statistic(Statistic::Percentile(50.0)), Some(2.0));
    }

    #[test]
    fn names_of_statistics() {
        assert_eq!(Statistic::parse("p99.9"), Some(Statistic::Percentile(99.9)));
        assert_eq!(Statistic::parse("Sum"), Some(Statistic::Sum));
        for unknown in ["p101", "p-1", "p", "tm99", "sum", "pinf", ""] {
            assert_eq!(Statistic::parse(unknown), None, "{unknown}");
        }
    }

    proptest! {
        /// However values are grouped, they are the same distribution, and a percentile is within a hundredth of the true one.
        #[test]
        fn merging(values in prop::collection::vec(-1e6f64..1e6, 1..50), cut in 0usize..50, percent in 1u32..=100) {
            let (left, right) = values.split_at(cut.min(values.len()));
            let mut merged = distribution(left);
            merged.merge(&distribution(right));
            let mut sorted = values.clone();
            sorted.sort_by(f64::total_cmp);
            let rank = (values.len() as f64 * f64::from(percent) / 100.0 - 1e-9).ceil() as usize;
            let truth = sorted[rank.max(1) - 1];
            let told = merged.statistic(Statistic::Percentile(f64::from(percent))).unwrap();
            prop_assert!((told - truth).abs() <= truth.abs() * 0.0101, "{told} for {truth}");
            prop_assert_eq!(merged.count, values.len() as f64);
            prop_assert_eq!((merged.min, merged.max), (sorted[0], sorted[sorted.len() - 1]));
        }
    }
}
