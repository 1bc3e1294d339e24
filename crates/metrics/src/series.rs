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
    fs, io,
    path::Path,
};

/// How many there are at most: beyond that, those go that had no values for longest.
pub(crate) const MOST: usize = 200_000;

/// All series.
#[derive(Debug, Default)]
pub(crate) struct AllSeries {
    /// Numbers by metric and unit.
    numbers: HashMap<Metric, Vec<(String, u32)>>,
    /// The newest value's time, by number, and whether times have been told apart more exactly than by the minute.
    newest: HashMap<u32, (Millis, bool)>,
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
        let units = self.numbers.entry(metric).or_default();
        if !units.iter().any(|(of, _)| *of == unit) {
            units.push((unit, number));
            self.newest.insert(number, newest);
        }
        self.next = self.next.max(number.saturating_add(1));
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
        let mut since = since;
        if self.newest.len() > MOST {
            let mut times: Vec<Millis> = self.newest.values().map(|(newest, _)| *newest).collect();
            times.sort_unstable_by(|one, other| other.cmp(one));
            since = since.max(times.get(MOST * 9 / 10).copied().unwrap_or(since));
        }
        self.newest.retain(|_, (newest, _)| *newest >= since);
        let newest = &self.newest;
        self.numbers.retain(|_, units| {
            units.retain(|(_, number)| newest.contains_key(number));
            !units.is_empty()
        });
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

/// Puts a whole file in the place of another.
pub(crate) fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    let new = path.with_extension("new");
    fs::write(&new, content)?;
    fs::rename(&new, path)
}
