//! What an expression comes to.

use crate::Error;
use spec::Millis;
use std::rc::Rc;

/// A time and the value there.
pub type Point = (Millis, f64);

/// How many values all expressions of a request may touch, metrics that no expression uses aside. CloudWatch answers with 100,800 at most
/// ("GetMetricData").
pub(crate) const MOST: usize = 5_000_000;

/// The time that is asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// From when on.
    pub start: Millis,
    /// Before when.
    pub end: Millis,
    /// A time at which a period begins, of whatever length it is.
    pub phase: Millis,
}

impl Span {
    /// A span whose periods begin at multiples of their length after 1970.
    pub fn new(start: Millis, end: Millis) -> Self {
        Self { start, end, phase: 0 }
    }

    /// The same in periods of a length.
    pub fn by(self, period: Millis) -> Range {
        let Self { start, end, phase } = self;
        Range { start, end, phase, period: period.max(1) }
    }
}

/// The periods that are asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Range {
    /// The first is the one that has this in it.
    pub start: Millis,
    /// The last is the one before this.
    pub end: Millis,
    /// How long they are.
    pub period: Millis,
    /// A time at which one begins.
    pub phase: Millis,
}

impl Range {
    /// How many periods begin in it or are under way at its start.
    pub(crate) fn len(&self) -> usize {
        usize::try_from(self.end.saturating_sub(self.first()).max(0).div_euclid(self.period))
            .unwrap_or(usize::MAX)
            .saturating_add(1)
    }

    fn first(&self) -> Millis {
        self.begin(self.start)
    }

    /// When the period begins that has a time in it.
    pub fn begin(&self, at: Millis) -> Millis {
        at.saturating_sub(at.saturating_sub(self.phase).rem_euclid(self.period))
    }

    /// When they begin.
    pub(crate) fn times(&self) -> impl Iterator<Item = Millis> + use<> {
        let (end, period) = (self.end, self.period);
        std::iter::successors(Some(self.first()), move |at| at.checked_add(period)).take_while(move |at| *at < end)
    }
}

/// Values over time.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Series {
    /// What it is called where it is one of several.
    pub label: Rc<str>,
    /// In the order of their times. Shared by all that is the same.
    pub points: Rc<Vec<Point>>,
}

/// A number, values over time, or several of those.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    /// Not a number where there was nothing to make one of.
    Scalar(f64),
    Series(Series),
    Array(Vec<Series>),
}

impl Series {
    /// The same name and other values, those among them that are numbers.
    pub(crate) fn with(&self, points: impl IntoIterator<Item = Point>) -> Self {
        Self::new(&self.label, points)
    }

    pub(crate) fn new(label: &Rc<str>, points: impl IntoIterator<Item = Point>) -> Self {
        let finite = points.into_iter().filter(|(_, value)| value.is_finite());
        Self { label: label.clone(), points: Rc::new(finite.collect()) }
    }

    pub(crate) fn values(&self) -> impl Iterator<Item = f64> + '_ {
        self.points.iter().map(|(_, value)| *value)
    }

    pub(crate) fn at(&self, time: Millis) -> Option<f64> {
        let place = self.points.binary_search_by_key(&time, |(at, _)| *at).ok()?;
        self.points.get(place).map(|(_, value)| *value)
    }
}

impl Value {
    /// What its type is called in messages.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Scalar(_) => "Scalar",
            Self::Series(_) => "TimeSeries",
            Self::Array(_) => "TimeSeries[]",
        }
    }
}

/// How much may still be done.
#[derive(Debug)]
pub(crate) struct Budget(usize);

impl Budget {
    pub(crate) fn new() -> Self {
        Self(MOST)
    }

    /// Takes what working on so many values costs.
    pub(crate) fn spend(&mut self, values: usize) -> Result<(), Error> {
        let left = self.0.checked_sub(values.saturating_add(1));
        self.0 = left.ok_or_else(|| {
            let advice = "ask for less time, fewer metrics or a longer period";
            Error::invalid(format!("The expressions of a request can work on at most {MOST} datapoints: {advice}"))
        })?;
        Ok(())
    }

    /// The same for all that a value is made of.
    pub(crate) fn spend_on(&mut self, value: &Value) -> Result<(), Error> {
        match value {
            Value::Scalar(_) => self.spend(0),
            Value::Series(series) => self.spend(series.points.len()),
            Value::Array(all) => all.iter().try_for_each(|series| self.spend(series.points.len())),
        }
    }

    /// The same for an operator between two values: for all points of each pair of time series.
    pub(crate) fn spend_on_both(&mut self, left: &Value, right: &Value) -> Result<(), Error> {
        match (left, right) {
            (one @ Value::Array(all), other) | (other, one @ Value::Array(all)) => {
                self.spend_on(one)?;
                all.iter().try_for_each(|_| self.spend_on(other))
            }
            _ => self.spend_on(left).and_then(|()| self.spend_on(right)),
        }
    }
}
