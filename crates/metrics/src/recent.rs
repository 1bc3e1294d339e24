//! The newest values of one metric: single ones as plain numbers in two columns, others apart.

use crate::distribution::Distribution;
use spec::Millis;
use std::{borrow::Cow, collections::BTreeMap};

/// What a class of a distribution weighs, where a single value weighs one.
const CLASS: usize = 2;
/// What a distribution weighs beside its classes.
const MANY: usize = 12;

/// Values of one metric in the order of time.
#[derive(Debug, Default)]
pub(crate) struct Recent {
    /// Milliseconds since what whoever has it says.
    times: Vec<i32>,
    singles: Vec<f64>,
    /// Where there are several at one time.
    many: BTreeMap<i32, Distribution>,
}

impl Recent {
    /// Adds values, whose time is so long after what all times are after. Returns by how much it weighs more.
    pub(crate) fn add(&mut self, at: i32, values: &Distribution) -> usize {
        if let Some(there) = self.many.get_mut(&at) {
            let before = there.classes.len();
            there.merge(values);
            return (there.classes.len() - before) * CLASS;
        }
        // Most come in their order.
        let place = match self.times.last() {
            Some(last) if *last < at => Err(self.times.len()),
            None => Err(0),
            Some(_) => self.times.binary_search(&at),
        };
        match (place, values.single()) {
            (Err(place), Some(value)) => {
                self.times.insert(place, at);
                self.singles.insert(place, value);
                1
            }
            (Err(_), None) => {
                self.many.insert(at, values.clone());
                MANY + values.classes.len() * CLASS
            }
            (Ok(place), _) => {
                self.times.remove(place);
                let mut all = Distribution::of(self.singles.remove(place), 1.0);
                all.merge(values);
                let weight = MANY + all.classes.len() * CLASS;
                self.many.insert(at, all);
                weight
            }
        }
    }

    /// The values from one time on and before another, those of one kind after those of the other.
    pub(crate) fn range(&self, start: i32, end: i32) -> impl Iterator<Item = (i32, Cow<'_, Distribution>)> {
        let from = self.times.partition_point(|at| *at < start);
        let singles = self.times.iter().zip(&self.singles).skip(from).take_while(move |(at, _)| **at < end);
        let singles = singles.map(|(at, value)| (*at, Cow::Owned(Distribution::of(*value, 1.0))));
        let many = (start < end).then(|| self.many.range(start..end)).into_iter().flatten();
        singles.chain(many.map(|(at, values)| (*at, Cow::Borrowed(values))))
    }

    /// All values in periods of a length, in the order of time.
    pub(crate) fn rolled(&self, since: Millis, period: Millis) -> BTreeMap<Millis, Distribution> {
        let mut all: BTreeMap<Millis, Distribution> = BTreeMap::new();
        for (at, values) in self.range(i32::MIN, i32::MAX) {
            let at = since + Millis::from(at);
            all.entry(at - at.rem_euclid(period)).or_default().merge(&values);
        }
        all
    }

    /// All values in the order of time.
    pub(crate) fn ordered(&self, since: Millis) -> Vec<(Millis, Cow<'_, Distribution>)> {
        let all = self.range(i32::MIN, i32::MAX).map(|(at, values)| (since + Millis::from(at), values));
        let mut all: Vec<_> = all.collect();
        if !self.many.is_empty() {
            all.sort_by_key(|(at, _)| *at);
        }
        all
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.times.is_empty() && self.many.is_empty()
    }

    /// Forgets the values, and keeps their room for the next.
    pub(crate) fn clear(&mut self) {
        self.times.clear();
        self.singles.clear();
        self.many.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_in_their_order_however_they_come() {
        let mut recent = Recent::default();
        let mut several = Distribution::of(1.0, 1.0);
        several.add(9.0, 1.0);
        let one = |value| Distribution::of(value, 1.0);
        for (at, values) in
            [(5, one(5.0)), (9, one(9.0)), (7, one(7.0)), (7, one(8.0)), (-3, one(3.0)), (8, several), (9, one(9.0))]
        {
            recent.add(at, &values);
        }
        let rolled = recent.rolled(1000, 1);
        let shown: Vec<(Millis, f64, f64)> =
            rolled.into_iter().map(|(at, values)| (at, values.count, values.sum)).collect();
        assert_eq!(shown, [(997, 1.0, 3.0), (1005, 1.0, 5.0), (1007, 2.0, 15.0), (1008, 2.0, 10.0), (1009, 2.0, 18.0)]);
        assert_eq!(recent.range(6, 8).count(), 1);
        assert_eq!(recent.range(5, 9).map(|(_, values)| values.sum).sum::<f64>(), 30.0);
    }
}
