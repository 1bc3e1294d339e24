//! Metrics' values in few bytes: numbers of varying length (as in Protocol Buffers), and values of which most take one to nine bytes.

use crate::distribution::{Class, Distribution};
use spec::Millis;

/// What was read is none of it: it was being written when the process or the machine ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Torn;

/// What a value is, in the three low bits of its first byte.
const SAME: u8 = 0;
const WHOLE: u8 = 1;
const SINGLE: u8 = 2;
const REPEATED: u8 = 3;
const MANY: u8 = 4;
const UNKNOWN: u8 = 5;
const KIND: u8 = 7;
/// It is as long after the one before as that was after the one before it.
const STEADY: u8 = 8;
/// Whole numbers below this are exact.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// Bytes that are written.
#[derive(Debug, Default)]
pub(crate) struct Writer(pub Vec<u8>);

/// Bytes that are read.
#[derive(Debug)]
pub(crate) struct Reader<'a>(pub &'a [u8]);

impl Writer {
    pub(crate) fn number(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.0.push(number as u8 | 0x80);
            number >>= 7;
        }
        self.0.push(number as u8);
    }

    pub(crate) fn signed(&mut self, number: i64) {
        self.number(((number << 1) ^ (number >> 63)) as u64);
    }

    pub(crate) fn float(&mut self, value: f64) {
        self.0.extend(value.to_le_bytes());
    }

    pub(crate) fn text(&mut self, text: &str) {
        self.number(text.len() as u64);
        self.0.extend(text.as_bytes());
    }

    /// A whole number in few bytes, any other in nine.
    fn short(&mut self, value: f64) {
        match whole(value) {
            Some(number) => {
                self.0.push(WHOLE);
                self.signed(number);
            }
            None => {
                self.0.push(SINGLE);
                self.float(value);
            }
        }
    }

    pub(crate) fn values(&mut self, flags: u8, before: Option<f64>, values: &Distribution) {
        match values.single() {
            Some(value) if before.map(f64::to_bits) == Some(value.to_bits()) => self.0.push(flags | SAME),
            Some(value) => match whole(value) {
                Some(number) => {
                    self.0.push(flags | WHOLE);
                    self.signed(number);
                }
                None => {
                    self.0.push(flags | SINGLE);
                    self.float(value);
                }
            },
            None if values.min == values.max => {
                self.0.push(flags | REPEATED);
                self.short(values.count);
                self.short(values.min);
                self.short(values.sum);
            }
            None => {
                self.0.push(flags | if values.unknown { UNKNOWN } else { MANY });
                [values.count, values.sum, values.min, values.max].into_iter().for_each(|number| self.short(number));
                self.number(values.classes.len() as u64);
                let mut before = 0;
                for Class { number, count, sum } in &values.classes {
                    self.signed(i64::from(*number) - before);
                    before = i64::from(*number);
                    self.short(*count);
                    self.short(*sum);
                }
            }
        }
    }

    /// Values at times, which are in their order.
    pub(crate) fn points<'a>(
        &mut self,
        points: impl ExactSizeIterator<Item = (Millis, std::borrow::Cow<'a, Distribution>)>,
    ) {
        self.number(points.len() as u64);
        let mut run = Run::default();
        for (at, values) in points {
            let (steady, change) = run.step(at);
            self.values(if steady { STEADY } else { 0 }, run.value, &values);
            if !steady {
                self.signed(change);
            }
            run.value = values.single();
        }
    }
}

impl<'a> Reader<'a> {
    pub(crate) fn bytes(&mut self, count: usize) -> Result<&'a [u8], Torn> {
        let (taken, rest) = self.0.split_at_checked(count).ok_or(Torn)?;
        self.0 = rest;
        Ok(taken)
    }

    pub(crate) fn byte(&mut self) -> Result<u8, Torn> {
        let (first, rest) = self.0.split_first().ok_or(Torn)?;
        self.0 = rest;
        Ok(*first)
    }

    pub(crate) fn number(&mut self) -> Result<u64, Torn> {
        let (mut number, mut shift) = (0u64, 0);
        loop {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f).checked_shl(shift).ok_or(Torn)?;
            if byte & 0x80 == 0 {
                return Ok(number);
            }
            shift += 7;
        }
    }

    /// A number of things that take a byte each at least.
    pub(crate) fn count(&mut self) -> Result<usize, Torn> {
        let count = usize::try_from(self.number()?).map_err(|_| Torn)?;
        if count <= self.0.len() { Ok(count) } else { Err(Torn) }
    }

    pub(crate) fn signed(&mut self) -> Result<i64, Torn> {
        let number = self.number()?;
        Ok((number >> 1) as i64 ^ -((number & 1) as i64))
    }

    pub(crate) fn float(&mut self) -> Result<f64, Torn> {
        let bytes = self.bytes(8)?.try_into().map_err(|_| Torn)?;
        Ok(f64::from_le_bytes(bytes))
    }

    pub(crate) fn text(&mut self) -> Result<String, Torn> {
        let count = self.count()?;
        String::from_utf8(self.bytes(count)?.to_vec()).map_err(|_| Torn)
    }

    fn short(&mut self) -> Result<f64, Torn> {
        match self.byte()? {
            WHOLE => Ok(self.signed()? as f64),
            SINGLE => self.float(),
            _ => Err(Torn),
        }
    }

    /// Values, and whether they are as long after those before as these were.
    pub(crate) fn values(&mut self, before: Option<f64>) -> Result<(bool, Distribution), Torn> {
        let first = self.byte()?;
        let steady = first & STEADY != 0;
        let kind = first & KIND;
        let values = match kind {
            SAME => Distribution::of(before.ok_or(Torn)?, 1.0),
            WHOLE => Distribution::of(self.signed()? as f64, 1.0),
            SINGLE => Distribution::of(self.float()?, 1.0),
            REPEATED => {
                let (count, value) = (self.short()?, self.short()?);
                Distribution { sum: self.short()?, ..Distribution::of(value, count) }
            }
            MANY | UNKNOWN => {
                let (count, sum, min, max) = (self.short()?, self.short()?, self.short()?, self.short()?);
                let mut classes = Vec::with_capacity(self.count()?);
                let mut before = 0;
                for _ in 0..classes.capacity() {
                    before = self.signed()?.checked_add(before).ok_or(Torn)?;
                    let number = i32::try_from(before).map_err(|_| Torn)?;
                    classes.push(Class { number, count: self.short()?, sum: self.short()? });
                }
                Distribution { count, sum, min, max, classes, unknown: kind == UNKNOWN }
            }
            _ => return Err(Torn),
        };
        Ok((steady, values))
    }

    /// Shows values and their times.
    pub(crate) fn points(&mut self, mut then: impl FnMut(Millis, Distribution)) -> Result<(), Torn> {
        let mut run = Run::default();
        for _ in 0..self.count()? {
            let (steady, values) = self.values(run.value)?;
            let change = if steady { 0 } else { self.signed()? };
            let at = run.next(change).ok_or(Torn)?;
            run.value = values.single();
            then(at, values);
        }
        Ok(())
    }
}

/// What is known of the points so far.
#[derive(Debug, Default)]
struct Run {
    at: Millis,
    /// How long the last was after the one before.
    length: Millis,
    value: Option<f64>,
}

impl Run {
    /// Whether a time is as far from the last as that was from the one before, and by how much it is more.
    fn step(&mut self, at: Millis) -> (bool, Millis) {
        let change = (at - self.at) - self.length;
        (self.at, self.length) = (at, at - self.at);
        (change == 0, change)
    }

    fn next(&mut self, change: Millis) -> Option<Millis> {
        self.length = self.length.checked_add(change)?;
        self.at = self.at.checked_add(self.length)?;
        Some(self.at)
    }
}

fn whole(value: f64) -> Option<i64> {
    let is_whole = value.fract() == 0.0 && value.abs() < EXACT && !(value == 0.0 && value.is_sign_negative());
    is_whole.then_some(value as i64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::borrow::Cow;

    fn distribution() -> impl Strategy<Value = Distribution> {
        let value = prop_oneof![-1e9f64..1e9, (-1000i32..1000).prop_map(f64::from), Just(0.0), Just(-0.0)];
        let some = prop::collection::vec((value, prop_oneof![Just(1.0), 0.5f64..9.0]), 1..6).prop_map(|values| {
            let mut all = Distribution::default();
            values.iter().for_each(|(value, count)| all.add(*value, *count));
            all
        });
        prop_oneof![4 => some, 1 => Just(Distribution::summary(4.0, 10.0, 1.0, 4.0))]
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(points in prop::collection::btree_map(-1_000_000_000_000i64..2_000_000_000_000, distribution(), 0..20)) {
            let mut writer = Writer::default();
            writer.points(points.iter().map(|(at, values)| (*at, Cow::Borrowed(values))));
            let mut read = Vec::new();
            Reader(&writer.0).points(|at, values| read.push((at, values))).unwrap();
            prop_assert_eq!(&read, &points.into_iter().collect::<Vec<_>>());
            for cut in 0..writer.0.len() {
                prop_assert_eq!(Reader(&writer.0[..cut]).points(|_, _| ()), Err(Torn));
            }
        }

        #[test]
        fn reading_anything_ends_well(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = Reader(&bytes).points(|_, _| ());
        }
    }

    #[test]
    fn steady_values_take_few_bytes() {
        let size = |value: fn(i64) -> f64| {
            let mut writer = Writer::default();
            let points = (0..600i32)
                .map(i64::from)
                .map(|n| (1_795_838_400_000 + n * 1000, Cow::Owned(Distribution::of(value(n), 1.0))));
            writer.points(points);
            writer.0.len()
        };
        assert!(size(|_| 0.25) < 640, "a byte a second for the same");
        assert!(size(|n| (n * 37 % 100) as f64) < 1_900, "two or three for counts");
        assert!(size(|n| 1.0 / (n + 1) as f64) < 5_500, "nine for anything");
    }
}
