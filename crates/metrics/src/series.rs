//! Which series there are: metrics and their units, by numbers that are never used again.
//!
//! They are written down whole whenever values are written to files. Those that came after that are in the journal.

use crate::{
    codec::{Reader, Torn, Writer},
    journal::{read_series, write_series},
    store::Metric,
};
use spec::Millis;
use std::{
    collections::{BTreeMap, HashMap},
    fs::{self, File},
    io::{self, Write},
    path::Path,
};

/// How many there are at most: beyond that, those go that had no values for longest.
pub(crate) const MOST: usize = 200_000;
/// And how many bytes their names have at most.
const TEXT: usize = 128 << 20;

/// All series.
#[derive(Debug, Default)]
pub(crate) struct AllSeries {
    /// Numbers by metric and unit.
    numbers: HashMap<Metric, Vec<(String, u32)>>,
    /// The newest value's time, by number, and whether times have been told apart more exactly than by the minute.
    newest: HashMap<u32, (Millis, bool)>,
    /// Bytes of all names.
    text: usize,
    next: u32,
}

impl AllSeries {
    /// The number of a series, and whether it is new.
    pub(crate) fn number(&mut self, metric: &Metric, unit: &str) -> (u32, bool) {
        let known = self.numbers.get(metric).and_then(|units| units.iter().find(|(of, _)| of == unit));
        if let Some((_, number)) = known {
            return (*number, false);
        }
        let number = self.next;
        self.put(number, metric.clone(), unit.to_owned(), (Millis::MIN, false));
        (number, true)
    }

    /// A series that has a number.
    pub(crate) fn put(&mut self, number: u32, metric: Metric, unit: String, newest: (Millis, bool)) {
        let size = size(&metric, &unit);
        let units = self.numbers.entry(metric).or_default();
        if !units.iter().any(|(of, _)| *of == unit) {
            units.push((unit, number));
            self.newest.insert(number, newest);
            self.text += size;
        }
        self.used(number);
    }

    /// A number that is not to be used again.
    pub(crate) fn used(&mut self, number: u32) {
        self.next = self.next.max(number.saturating_add(1));
    }

    /// Whether a number is that of a series.
    pub(crate) fn has(&self, number: u32) -> bool {
        self.newest.contains_key(&number)
    }

    /// Forgets a series that came to nothing.
    pub(crate) fn remove(&mut self, number: u32, metric: &Metric) {
        self.newest.remove(&number);
        if let Some(units) = self.numbers.get_mut(metric) {
            let text = units.iter().filter(|(_, of)| *of == number).map(|(unit, _)| size(metric, unit)).sum::<usize>();
            self.text -= text;
            units.retain(|(_, of)| *of != number);
            if units.is_empty() {
                self.numbers.remove(metric);
            }
        }
    }

    /// Whether there are more than there may be.
    pub(crate) fn is_full(&self) -> bool {
        self.newest.len() > MOST || self.text > TEXT
    }

    /// Takes note of a value's time.
    pub(crate) fn seen(&mut self, number: u32, at: Millis, is_fine: bool) {
        let (newest, fine) = self.newest.entry(number).or_insert((at, is_fine));
        *newest = (*newest).max(at);
        *fine |= is_fine;
    }

    /// Whether times of a series have been told apart more exactly than by the minute.
    pub(crate) fn is_fine(&self, number: u32) -> bool {
        self.newest.get(&number).is_some_and(|(_, is_fine)| *is_fine)
    }

    /// The numbers of a metric's series: of one unit, or of all.
    pub(crate) fn of(&self, metric: &Metric, unit: Option<&str>) -> Vec<u32> {
        let units = self.numbers.get(metric).into_iter().flatten();
        units.filter(|(of, _)| unit.is_none_or(|unit| unit == of)).map(|(_, number)| *number).collect()
    }

    /// The units of a metric's values.
    pub(crate) fn units(&self, metric: &Metric) -> Vec<&str> {
        self.numbers.get(metric).into_iter().flatten().map(|(unit, _)| unit.as_str()).collect()
    }

    /// Metrics that have values since, in their order.
    pub(crate) fn since(&self, since: Millis) -> Vec<Metric> {
        let is_recent =
            |(_, number): &(String, u32)| self.newest.get(number).is_some_and(|(newest, _)| *newest >= since);
        let mut all: Vec<Metric> = self
            .numbers
            .iter()
            .filter(|(_, units)| units.iter().any(is_recent))
            .map(|(metric, _)| metric.clone())
            .collect();
        all.sort();
        all
    }

    /// Forgets those without values since, and the oldest beyond the most there may be.
    pub(crate) fn forget(&mut self, since: Millis) {
        self.newest.retain(|_, (newest, _)| *newest >= since);
        if self.is_full() {
            self.cut(MOST / 10 * 9, TEXT / 10 * 9);
        }
        let (newest, mut text) = (&self.newest, 0);
        self.numbers.retain(|metric, units| {
            units.retain(|(_, number)| newest.contains_key(number));
            text += units.iter().map(|(unit, _)| size(metric, unit)).sum::<usize>();
            !units.is_empty()
        });
        self.text = text;
    }

    /// Leaves so many, with so many bytes of names, in `newest`: of those that had values at the same time, the later ones.
    fn cut(&mut self, most: usize, most_text: usize) {
        let newest = |number: u32| self.newest.get(&number).map(|(newest, _)| *newest);
        let all = self.numbers.iter().flat_map(|(metric, units)| units.iter().map(move |unit| (metric, unit)));
        let mut all: Vec<(Option<Millis>, u32, usize)> =
            all.map(|(metric, (unit, number))| (newest(*number), *number, size(metric, unit))).collect();
        all.sort_unstable_by(|one, other| other.cmp(one));
        let mut sum = 0;
        for (place, (_, number, size)) in all.into_iter().enumerate() {
            sum += size;
            if place >= most || sum > most_text {
                self.newest.remove(&number);
            }
        }
    }

    /// Writes all of them to a file, which is whole when it has its name.
    pub(crate) fn write(&self, path: &Path) -> io::Result<()> {
        let mut out = Writer::default();
        out.number(u64::from(self.next));
        out.number(self.newest.len() as u64);
        let all: BTreeMap<u32, (&Metric, &str)> = self
            .numbers
            .iter()
            .flat_map(|(metric, units)| units.iter().map(move |(unit, number)| (*number, (metric, unit.as_str()))))
            .collect();
        for (number, (metric, unit)) in all {
            out.number(u64::from(number));
            let (newest, is_fine) = self.newest.get(&number).copied().unwrap_or((Millis::MIN, false));
            out.signed(newest);
            out.number(u64::from(is_fine));
            write_series(&mut out, metric, unit);
        }
        let sum = crc32fast::hash(&out.0);
        out.0.extend(sum.to_le_bytes());
        replace(path, &out.0)
    }

    /// Reads what was written; none where that is not whole.
    pub(crate) fn read(path: &Path) -> io::Result<Option<Self>> {
        let bytes = fs::read(path)?;
        let Some((content, sum)) = bytes.split_last_chunk::<4>() else { return Ok(None) };
        if crc32fast::hash(content) != u32::from_le_bytes(*sum) {
            return Ok(None);
        }
        Ok(Self::parse(&mut Reader(content)).ok())
    }

    fn parse(bytes: &mut Reader<'_>) -> Result<Self, Torn> {
        let narrow = |number: u64| u32::try_from(number).map_err(|_| Torn);
        let mut all = Self { next: narrow(bytes.number()?)?, ..Self::default() };
        for _ in 0..bytes.count()? {
            let (number, newest) = (narrow(bytes.number()?)?, (bytes.signed()?, bytes.number()? != 0));
            let (metric, unit) = read_series(bytes)?;
            all.put(number, metric, unit, newest);
        }
        Ok(all)
    }
}

/// How many bytes the names of a series have.
pub(crate) fn size(metric: &Metric, unit: &str) -> usize {
    let dimensions = metric.dimensions.iter().map(|(name, value)| name.len() + value.len()).sum::<usize>();
    metric.namespace.len() + metric.name.len() + unit.len() + dimensions
}

/// Puts a whole file in the place of another. It is whole even if the machine loses its power after that.
pub(crate) fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    let new = path.with_extension("new");
    let mut file = File::create(&new)?;
    file.write_all(content)?;
    file.sync_data()?;
    fs::rename(&new, path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_go_and_of_those_of_one_time_so_many() {
        let mut all = AllSeries::default();
        for n in 0..10 {
            let (number, is_new) = all.number(&Metric::new("N", format!("m{n}"), Vec::new()), "Count");
            assert!(is_new);
            all.seen(number, if n == 0 { 9 } else { 5 }, false);
        }
        let (all_text, one) = (all.text, size(&Metric::new("N", "m0", Vec::new()), "Count"));
        assert_eq!((all_text, one), (80, 8));
        all.cut(6, 1000);
        all.forget(0);
        assert_eq!((all.newest.len(), all.text), (6, 48));
        assert!(all.has(0), "the newest");
        all.cut(6, 3 * one);
        all.forget(0);
        assert_eq!((all.newest.len(), all.text, all.since(0).len()), (3, 24, 3));
        assert_eq!(all.number(&Metric::new("N", "other", Vec::new()), "Count"), (10, true), "none is used again");
        all.remove(10, &Metric::new("N", "other", Vec::new()));
        assert_eq!((all.text, all.has(10)), (24, false));
    }
}
