//! Values and statistics of them.

use metricmath::{Bounds, Statistic, Trimmed};
use std::borrow::Cow;

/// Values that are closer together than this, as a factor, may be told as one by a percentile.
const STEP: f64 = 1.01;
/// What adding up and dividing may add to a number, or take away.
const SLIGHT: f64 = 1e-9;
/// Larger than the exponent of any number to the base [`STEP`].
const BIAS: i32 = 100_000;

/// Any number of values.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Distribution {
    /// How many.
    pub count: f64,
    /// Their sum.
    pub sum: f64,
    /// The least.
    pub min: f64,
    /// The greatest.
    pub max: f64,
    /// Those there are, in the order of their values. Empty if all are the same.
    pub(crate) classes: Vec<Class>,
    /// Some came as a set of statistics, and nobody knows how they are distributed.
    pub(crate) unknown: bool,
}

/// Values that are nearly the same.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Class {
    pub number: i32,
    /// How many values are in it.
    pub count: f64,
    /// Their sum.
    pub sum: f64,
}

impl Distribution {
    /// The same value so many times.
    pub fn of(value: f64, count: f64) -> Self {
        Self { count, sum: value * count, min: value, max: value, ..Self::default() }
    }

    /// Values of which only this is known.
    pub fn summary(count: f64, sum: f64, min: f64, max: f64) -> Self {
        Self { count, sum, min, max, classes: Vec::new(), unknown: min < max }
    }

    /// The one value it has, if it has one only.
    pub(crate) fn single(&self) -> Option<f64> {
        (self.count == 1.0 && self.min == self.max).then_some(self.min)
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
            if self.min == self.max {
                self.classes = vec![self.only()];
            }
            if other.min == other.max {
                self.insert(other.only());
            } else {
                other.classes.iter().for_each(|class| self.insert(*class));
            }
        }
        self.unknown |= other.unknown;
        self.count += other.count;
        self.sum += other.sum;
        self.min = self.min.min(other.min);
        self.max = self.max.max(other.max);
    }

    /// The class of all values, which are the same.
    fn only(&self) -> Class {
        Class { number: class(self.min), count: self.count, sum: self.sum }
    }

    fn insert(&mut self, new: Class) {
        match self.classes.binary_search_by_key(&new.number, |class| class.number) {
            Ok(place) => {
                if let Some(class) = self.classes.get_mut(place) {
                    class.count += new.count;
                    class.sum += new.sum;
                }
            }
            Err(place) => self.classes.insert(place, new),
        }
    }

    fn distributed(&self) -> Cow<'_, [Class]> {
        if self.min == self.max { Cow::Owned(vec![self.only()]) } else { Cow::Borrowed(&self.classes) }
    }

    /// A statistic; none of no values, and none that needs to know them all of what came as statistics.
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
            Statistic::Percentile(_) | Statistic::Within(..) if self.unknown => return None,
            Statistic::Percentile(percent) => self.percentile(percent),
            // "Not available for metrics when any of the metric values are negative numbers."
            Statistic::Within(..) if self.min < 0.0 => return None,
            Statistic::Within(what, bounds) => return self.within(what, bounds),
        })
    }

    fn percentile(&self, percent: f64) -> f64 {
        let wanted = self.count * percent / 100.0;
        let mut seen = 0.0;
        for Class { count, sum, .. } in self.distributed().iter() {
            seen += count;
            // What was added up from fractions may be a little less than it should be.
            if seen >= wanted - SLIGHT {
                return (sum / count).clamp(self.min, self.max);
            }
        }
        self.max
    }
}

impl Distribution {
    /// What is asked of the values between bounds, each of which is told as its class is.
    fn within(&self, what: Trimmed, bounds: Bounds) -> Option<f64> {
        let classes = self.distributed();
        let values = classes.iter().map(|class| (class.count, (class.sum / class.count).clamp(self.min, self.max)));
        // How many are below and above, as many as that are, and the sum and the ends of the others.
        let (mut below, mut above, mut inside, mut sum) = (0.0, 0.0, 0.0, 0.0);
        let (mut least, mut greatest) = (None, None);
        let mut seen = 0.0;
        for (count, value) in values {
            let (low, high) = match bounds {
                Bounds::Percents(low, high) => {
                    let rank = |percent: f64| self.count * percent / 100.0;
                    let low = (rank(low.unwrap_or(0.0)) + SLIGHT).floor() - seen;
                    let high = (rank(high.unwrap_or(100.0)) - SLIGHT).ceil() - seen;
                    (low.clamp(0.0, count), high.clamp(0.0, count))
                }
                // What was added up and divided may be a little more or less than it was.
                Bounds::Values(low, _) if low.is_some_and(|low| value <= low * (1.0 + SLIGHT)) => (count, count),
                Bounds::Values(_, high) if high.is_some_and(|high| value > high * (1.0 + SLIGHT)) => (0.0, 0.0),
                Bounds::Values(..) => (0.0, count),
            };
            seen += count;
            (below, above) = (below + low, above + count - high);
            if high > low {
                (inside, sum) = (inside + high - low, sum + (high - low) * value);
                (least, greatest) = (least.or(Some(value)), Some(value));
            }
        }
        match what {
            Trimmed::Count => Some(inside),
            Trimmed::Sum => Some(sum),
            Trimmed::Rank => Some(inside / self.count * 100.0),
            Trimmed::Mean => (inside > 0.0).then(|| sum / inside),
            Trimmed::Winsorized => {
                let (low, high) = match bounds {
                    Bounds::Percents(..) => (least?, greatest?),
                    Bounds::Values(low, high) => (low.unwrap_or(self.min), high.unwrap_or(self.max)),
                };
                Some((below * low + sum + above * high) / self.count)
            }
        }
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

    /// The examples of "CloudWatch statistics definitions", and what they come to.
    #[test]
    fn statistics_between_bounds() {
        let all = distribution(&[10.0, 20.0, 30.0, 40.0, 50.0, 60.0, 70.0, 80.0, 90.0, 1000.0]);
        for (name, expected) in [
            ("tm90", 50.0),
            ("TM(10%:90%)", 55.0),
            ("TM(20:70)", 50.0),
            ("tc90", 9.0),
            ("TC(20:70)", 5.0),
            ("TC(:20)", 2.0),
            ("ts90", 450.0),
            ("TS(90%:)", 1000.0),
            ("wm90", 54.0),
            ("WM(10%:90%)", 55.0),
            ("WM(:100)", 55.0),
            ("PR(:30)", 30.0),
            ("PR(30:90)", 60.0),
            ("PR(90:)", 10.0),
            ("IQM", 55.0),
        ] {
            let told = all.statistic(Statistic::parse(name).unwrap()).unwrap();
            assert!((told - expected).abs() < 1e-6 * expected, "{name}: {told}");
        }
        let of = |all: &Distribution, name: &str| all.statistic(Statistic::parse(name).unwrap());
        assert_eq!(of(&distribution(&[0.1, 0.1, 0.1, 0.2]), "TC(:0.1)"), Some(3.0));
        assert_eq!(of(&distribution(&[5.0]), "TM(:1)"), None, "the mean of none");
        assert_eq!(of(&distribution(&[5.0]), "tm50"), Some(5.0));
        assert_eq!(of(&distribution(&[-1.0, 5.0]), "tm50"), None);
        assert_eq!(of(&Distribution::summary(4.0, 10.0, 1.0, 4.0), "IQM"), None);
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
