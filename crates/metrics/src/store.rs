//! The minutes of all metrics.
//!
//! They are in memory, and written to the file of their day as they come in, without waiting for the disk: they survive the end of the
//! process, however it comes, and not that of the machine. Each minute is kept for [`KEPT`]; CloudWatch keeps minutes for fifteen days and
//! sums of them for fifteen months.

use crate::{
    distribution::Distribution,
    file::{Entry, Files},
};
use serde::{Deserialize, Serialize};
use spec::{DAY, MINUTE, Millis};
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    io,
    path::Path,
    sync::{Mutex, MutexGuard, PoisonError},
};

/// How long a minute is kept.
pub const KEPT: Millis = 3 * DAY;
/// How many minutes of all metrics are kept at most: beyond that the oldest go.
pub const MOST: usize = 1_000_000;

/// What is measured.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Metric {
    /// Such as `AWS/ApplicationELB`.
    #[serde(rename = "ns")]
    pub namespace: String,
    /// Such as `RequestCount`.
    #[serde(rename = "m")]
    pub name: String,
    /// Names and values; another combination is another metric. In the order of their names.
    #[serde(rename = "dim")]
    pub dimensions: Vec<(String, String)>,
}

impl Metric {
    /// A metric, with its dimensions in whatever order.
    pub fn new(namespace: impl Into<String>, name: impl Into<String>, mut dimensions: Vec<(String, String)>) -> Self {
        dimensions.sort();
        Self { namespace: namespace.into(), name: name.into(), dimensions }
    }
}

/// Values of one metric at one time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Datum {
    /// Of what.
    #[serde(flatten)]
    pub metric: Metric,
    /// In which unit, as CloudWatch calls it: `Count`.
    #[serde(rename = "un")]
    pub unit: String,
    /// When. Only the minute counts.
    #[serde(rename = "t")]
    pub at: Millis,
    /// The values.
    #[serde(rename = "v")]
    pub values: Distribution,
}

/// Who says something that may be said again, for want of an answer, and is to be taken once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sender {
    /// Unlike anybody else's.
    pub name: String,
    /// Grows with each report.
    pub number: u64,
}

/// All metrics.
#[derive(Debug)]
pub struct Store {
    inner: Mutex<Inner>,
}

#[derive(Debug)]
struct Inner {
    files: Files,
    contents: Contents,
}

#[derive(Debug, Default)]
struct Contents {
    metrics: BTreeMap<Metric, BTreeMap<String, BTreeMap<Millis, Distribution>>>,
    /// How many minutes there are in all.
    minutes: usize,
    senders: HashMap<String, (u64, Millis)>,
    /// How often something came in.
    changes: u64,
    /// What is told apart; nothing stands for a minute.
    resolution: Option<Millis>,
}

impl Store {
    /// Reads what a directory holds, which is made if it is not there.
    ///
    /// # Errors
    /// When it can't be read or made.
    pub fn open(dir: &Path, now: Millis) -> io::Result<Self> {
        let mut files = Files::open(dir)?;
        files.forget(now - KEPT)?;
        let mut contents = Contents::default();
        files.read(|entry| _ = contents.take(&entry, now))?;
        contents.expire(now);
        Ok(Self { inner: Mutex::new(Inner { files, contents }) })
    }

    /// Tells apart what comes in from now on at times that are so long apart; a minute otherwise. It must be a part of a minute.
    pub fn with_resolution(self, resolution: Millis) -> Self {
        self.lock().contents.resolution = Some(resolution.clamp(1, MINUTE));
        self
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // Nothing is half done where a panic could be.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes in what was measured; what its sender has said before is not taken twice.
    ///
    /// # Errors
    /// When it can't be written down. It is taken in all the same.
    pub fn put(&self, sender: Option<Sender>, data: Vec<Datum>, now: Millis) -> io::Result<()> {
        let mut inner = self.lock();
        let entry = Entry { now, sender, data };
        if !inner.contents.take(&entry, now) {
            return Ok(());
        }
        inner.files.append(&entry)
    }

    /// How often something came in: as long as that is the same, so is everything.
    pub fn changes(&self) -> u64 {
        self.lock().contents.changes
    }

    /// The values of a metric from `start` on and before `end`, by the periods they are in, each as long as `period` and a multiple of it
    /// after 1970. Without a unit, those of all units.
    pub fn periods(
        &self,
        metric: &Metric,
        unit: Option<&str>,
        start: Millis,
        end: Millis,
        period: Millis,
    ) -> BTreeMap<Millis, Distribution> {
        let mut periods: BTreeMap<Millis, Distribution> = BTreeMap::new();
        self.each(metric, unit, start, end, |at, values| {
            periods.entry(at - at.rem_euclid(period.max(MINUTE))).or_default().merge(values);
        });
        periods
    }

    /// The values of a metric in one period.
    pub fn values(&self, metric: &Metric, unit: Option<&str>, start: Millis, end: Millis) -> Distribution {
        let mut all = Distribution::default();
        self.each(metric, unit, start, end, |_, values| all.merge(values));
        all
    }

    fn each(
        &self,
        metric: &Metric,
        unit: Option<&str>,
        start: Millis,
        end: Millis,
        mut then: impl FnMut(Millis, &Distribution),
    ) {
        let inner = self.lock();
        let units = inner.contents.metrics.get(metric).into_iter().flatten();
        if start >= end {
            return;
        }
        for (_, minutes) in units.filter(|(of, _)| unit.is_none_or(|unit| unit == *of)) {
            minutes.range(start..end).for_each(|(at, values)| then(*at, values));
        }
    }

    /// The unit of a metric's values, if they have one unit only.
    pub fn unit(&self, metric: &Metric) -> Option<String> {
        let inner = self.lock();
        let units: BTreeSet<&String> = inner.contents.metrics.get(metric)?.keys().collect();
        let mut units = units.into_iter();
        units.next().filter(|_| units.next().is_none()).cloned()
    }

    /// Every metric that has values since.
    pub fn metrics(&self, since: Millis) -> Vec<Metric> {
        let inner = self.lock();
        let recent = |minutes: &BTreeMap<Millis, Distribution>| {
            minutes.last_key_value().is_some_and(|(newest, _)| *newest >= since)
        };
        inner
            .contents
            .metrics
            .iter()
            .filter(|(_, units)| units.values().any(recent))
            .map(|(metric, _)| metric.clone())
            .collect()
    }

    /// Forgets what is too old.
    ///
    /// # Errors
    /// When a file can't be removed.
    pub fn expire(&self, now: Millis) -> io::Result<()> {
        let mut inner = self.lock();
        inner.contents.expire(now);
        inner.files.forget(now - KEPT)
    }
}

impl Contents {
    /// Whether it was new.
    fn take(&mut self, entry: &Entry, now: Millis) -> bool {
        if let Some(Sender { name, number }) = &entry.sender {
            let said = self.senders.entry(name.clone()).or_insert((0, now));
            if *number <= said.0 {
                return false;
            }
            *said = (*number, now);
        }
        self.changes += 1;
        let resolution = self.resolution.unwrap_or(MINUTE);
        for Datum { metric, unit, at, values } in &entry.data {
            let at = at - at.rem_euclid(resolution);
            if at <= now - KEPT || values.count <= 0.0 {
                continue;
            }
            let minutes = self.metrics.entry(metric.clone()).or_default().entry(unit.clone()).or_default();
            let before = minutes.len();
            minutes.entry(at).or_default().merge(values);
            self.minutes += minutes.len() - before;
        }
        if self.minutes > MOST {
            self.shrink();
        }
        true
    }

    fn expire(&mut self, now: Millis) {
        self.keep_since(now - KEPT);
        self.senders.retain(|_, (_, heard)| *heard > now - KEPT);
    }

    fn keep_since(&mut self, since: Millis) {
        self.metrics.retain(|_, units| {
            units.retain(|_, minutes| {
                *minutes = minutes.split_off(&since);
                !minutes.is_empty()
            });
            !units.is_empty()
        });
        self.minutes = self.metrics.values().flat_map(BTreeMap::values).map(BTreeMap::len).sum();
    }

    /// Too much was measured: of each tenth of the time, the oldest goes.
    fn shrink(&mut self) {
        let minutes = || self.metrics.values().flat_map(BTreeMap::values).flat_map(BTreeMap::keys);
        let (Some(oldest), Some(newest)) = (minutes().min(), minutes().max()) else { return };
        let since = oldest + ((newest - oldest) / 10).max(MINUTE);
        self.keep_since(since);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::distribution::Statistic;

    const NOW: Millis = 100 * DAY;

    fn metric(name: &str) -> Metric {
        Metric::new("Test", name, vec![("B".into(), "2".into()), ("A".into(), "1".into())])
    }

    fn datum(name: &str, at: Millis, value: f64) -> Datum {
        Datum { metric: metric(name), unit: "Count".into(), at, values: Distribution::of(value, 1.0) }
    }

    fn sums(store: &Store, period: Millis) -> Vec<(Millis, f64)> {
        let periods = store.periods(&metric("m"), None, 0, i64::MAX, period);
        periods.into_iter().map(|(at, values)| (at - NOW, values.statistic(Statistic::Sum).unwrap())).collect()
    }

    #[test]
    fn minutes_are_added_up_and_there_again_after_a_restart() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path(), NOW).unwrap();
        let data = vec![datum("m", NOW + 1, 1.0), datum("m", NOW + 59_999, 2.0), datum("m", NOW + MINUTE, 4.0)];
        store.put(None, data, NOW).unwrap();
        let told = |number| Some(Sender { name: "host".into(), number });
        store.put(told(1), vec![datum("m", NOW + MINUTE, 8.0)], NOW).unwrap();
        store.put(told(1), vec![datum("m", NOW + MINUTE, 8.0)], NOW).unwrap();
        assert_eq!(sums(&store, MINUTE), [(0, 3.0), (MINUTE, 12.0)]);
        drop(store);
        let store = Store::open(dir.path(), NOW).unwrap();
        store.put(told(1), vec![datum("m", NOW + MINUTE, 8.0)], NOW).unwrap();
        assert_eq!(sums(&store, MINUTE), [(0, 3.0), (MINUTE, 12.0)]);
        assert_eq!(sums(&store, 5 * MINUTE), [(0, 15.0)]);
        assert_eq!(store.metrics(NOW), [metric("m")]);
        assert_eq!(store.metrics(NOW + 2 * MINUTE), []);
        assert_eq!(store.unit(&metric("m")).as_deref(), Some("Count"));
    }

    #[test]
    fn parts_of_a_minute_are_told_apart_where_that_is_wanted() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path(), NOW).unwrap().with_resolution(10_000);
        store.put(None, vec![datum("m", NOW + 9_999, 1.0), datum("m", NOW + 10_000, 2.0)], NOW).unwrap();
        let sum = |start, end| store.values(&metric("m"), None, start, end).statistic(Statistic::Sum);
        assert_eq!([sum(NOW, NOW + 10_000), sum(NOW + 10_000, NOW + 20_000)], [Some(1.0), Some(2.0)]);
        assert_eq!(sums(&store, MINUTE), [(0, 3.0)]);
    }

    #[test]
    fn what_was_being_written_when_the_process_ended_is_left_out() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path(), NOW).unwrap();
        store.put(None, vec![datum("m", NOW, 1.0)], NOW).unwrap();
        store.put(None, vec![datum("m", NOW, 2.0)], NOW).unwrap();
        drop(store);
        let file = std::fs::read_dir(dir.path()).unwrap().next().unwrap().unwrap().path();
        let bytes = std::fs::read(&file).unwrap();
        std::fs::write(&file, &bytes[..bytes.len() - 3]).unwrap();
        let store = Store::open(dir.path(), NOW).unwrap();
        assert_eq!(sums(&store, MINUTE), [(0, 1.0)]);
        store.put(None, vec![datum("m", NOW, 4.0)], NOW).unwrap();
        drop(store);
        assert_eq!(sums(&Store::open(dir.path(), NOW).unwrap(), MINUTE), [(0, 5.0)]);
    }

    #[test]
    fn what_is_old_goes() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path(), NOW).unwrap();
        store.put(None, vec![datum("m", NOW, 1.0)], NOW).unwrap();
        store.put(None, vec![datum("m", NOW + DAY, 2.0)], NOW + DAY).unwrap();
        store.expire(NOW + KEPT + MINUTE).unwrap();
        assert_eq!(sums(&store, MINUTE), [(DAY, 2.0)]);
        store.expire(NOW + DAY + KEPT + MINUTE).unwrap();
        assert_eq!(store.metrics(0), []);
        store.expire(NOW + 2 * DAY + KEPT).unwrap();
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0, "and so do the files");
    }
}
