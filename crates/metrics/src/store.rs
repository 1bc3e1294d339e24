//! The values of all metrics.
//!
//! The newest are in memory and in a journal, which is not waited for: they survive the end of the process, however it comes, and may be
//! lost with the machine. After some minutes they are written to files of their own ([`Store::expire`]), and memory has room again.

use crate::{
    distribution::Distribution,
    journal::{Entry, Journal},
    recent::Recent,
    sealed::{Opened, Sealed, Tier},
    series::{self, AllSeries},
    upkeep,
};
use metricmath::Range;
use spec::{MINUTE, Millis};
use std::{
    collections::{BTreeMap, HashMap},
    io,
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
};

/// A second, the shortest time that is told apart ("StorageResolution").
const SECOND: Millis = 1000;
/// How long what somebody said last is remembered.
const SENDERS: Millis = 3 * spec::DAY;
/// Who was heard so long after now was heard before the clock was set back: its numbers begin anew.
const BACK: Millis = 10 * MINUTE;
/// How often files are looked for again that were replaced while others were read.
const AGAIN: usize = 4;
/// How many bytes are a unit of weight.
const WEIGHT: usize = 12;

/// What is measured.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Metric {
    /// Such as `AWS/ApplicationELB`.
    pub namespace: String,
    /// Such as `RequestCount`.
    pub name: String,
    /// Names and values; another combination is another metric. In the order of their names.
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
#[derive(Debug, Clone, PartialEq)]
pub struct Datum {
    /// Of what.
    pub metric: Metric,
    /// In which unit, as CloudWatch calls it: `Count`.
    pub unit: String,
    /// When. Only the minute counts, or the second where [`Store::put_seconds`] is told.
    pub at: Millis,
    /// The values.
    pub values: Distribution,
}

/// Who says something that may be said again, for want of an answer, and is to be taken once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sender {
    /// Unlike anybody else's.
    pub name: String,
    /// Grows with each report.
    pub number: u64,
}

/// All metrics.
#[derive(Debug)]
pub struct Store {
    pub(crate) dir: PathBuf,
    inner: Mutex<Inner>,
    /// Held by whoever makes one file of several.
    pub(crate) upkeep: Mutex<()>,
}

#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) contents: Contents,
    pub(crate) journal: Journal,
    /// The journal's number.
    pub(crate) number: u64,
    pub(crate) files: Vec<Sealed>,
    /// Series whose entry could not be written: they are written before the next.
    pub(crate) pending: Vec<(u32, Metric, String)>,
    /// How heavy recent values may get before they are written to files.
    pub(crate) heaviest: usize,
}

/// What is in memory.
#[derive(Debug, Default)]
pub(crate) struct Contents {
    pub(crate) series: AllSeries,
    /// The time that recent values' times are after, and that the first of them came in.
    pub(crate) since: Millis,
    /// By series: those whose times are told apart more exactly than by the minute, and the others.
    pub(crate) fine: HashMap<u32, Recent>,
    pub(crate) coarse: HashMap<u32, Recent>,
    /// About how much memory recent values take, in units of twelve bytes.
    pub(crate) weight: usize,
    pub(crate) senders: HashMap<String, (u64, Millis)>,
    /// How often something came in.
    changes: u64,
    /// What is told apart of what has no resolution of its own; nothing stands for a minute.
    resolution: Option<Millis>,
}

impl Store {
    /// Reads what a directory holds, which is made if it is not there.
    ///
    /// # Errors
    /// When it can't be read or made.
    pub fn open(dir: &Path, now: Millis) -> io::Result<Self> {
        let inner = upkeep::open(dir, now)?;
        Ok(Self { dir: dir.to_owned(), inner: Mutex::new(inner), upkeep: Mutex::new(()) })
    }

    /// Tells apart what comes in from now on at times that are so long apart; a minute otherwise. It must be a part of a minute.
    pub fn with_resolution(self, resolution: Millis) -> Self {
        self.lock().contents.resolution = Some(resolution.clamp(1, MINUTE));
        self
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, Inner> {
        // Nothing is half done where a panic could be.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes in what was measured; what its sender has said before is not taken twice.
    ///
    /// # Errors
    /// When it can't be written down. What has a sender is taken in all the same, as it won't be when it is said again; what has none is
    /// not.
    pub fn put(&self, sender: Option<Sender>, data: Vec<Datum>, now: Millis) -> io::Result<()> {
        self.take(sender, data, Vec::new(), now)
    }

    /// Takes in at once what was measured at high resolution and what was not: times of the former are told apart by the second for as
    /// long as CloudWatch does, and by the minute after that.
    ///
    /// # Errors
    /// As [`Store::put`], without a sender.
    pub fn put_seconds(&self, seconds: Vec<Datum>, others: Vec<Datum>, now: Millis) -> io::Result<()> {
        self.take(None, others, seconds, now)
    }

    fn take(&self, sender: Option<Sender>, data: Vec<Datum>, seconds: Vec<Datum>, now: Millis) -> io::Result<()> {
        let mut inner = self.lock();
        let is_far = now.saturating_sub(inner.contents.since).saturating_abs() >= spec::DAY;
        if inner.contents.weight > 0 && is_far {
            // Times are kept by how long after `since` they are, and that is not so long. Upkeep tells why it fails.
            let _ = upkeep::flush(&self.dir, &mut inner, now);
        }
        let Inner { contents, journal, pending, .. } = &mut *inner;
        if !contents.is_new(sender.as_ref(), now) {
            return Ok(());
        }
        let can_wait = sender.is_some();
        let mut entry = Entry { now, sender, series: std::mem::take(pending), ..Entry::default() };
        let waited = entry.series.len();
        let resolution = contents.resolution.unwrap_or(MINUTE);
        let data = data.into_iter().map(|datum| (resolution, datum));
        for (resolution, Datum { metric, unit, at, values }) in
            data.chain(seconds.into_iter().map(|datum| (SECOND, datum)))
        {
            // What is too old to be told apart by the second is of its minute.
            let period = if at <= now - Tier::Fine.kept() { MINUTE } else { resolution };
            let at = at - at.rem_euclid(period);
            if at <= now - Tier::Minutes.kept() || values.count <= 0.0 {
                continue;
            }
            let (number, is_new) = contents.series.number(&metric, &unit);
            if is_new {
                entry.series.push((number, metric, unit));
            }
            entry.points.push((number, period, at, values));
        }
        let written = journal.append(&self.dir, &entry);
        if written.is_err() && !can_wait {
            for (number, metric, _) in entry.series.drain(waited..) {
                contents.series.remove(number, &metric);
            }
            *pending = entry.series;
            return written;
        }
        contents.add(&entry, now);
        if written.is_err() {
            *pending = entry.series;
        }
        if inner.contents.weight > inner.heaviest || inner.contents.series.is_full() {
            // Where that fails nothing is lost: it is tried again when there is a good deal more, and by upkeep, which tells why.
            let _ = upkeep::flush(&self.dir, &mut inner, now);
        }
        written
    }

    /// How often something came in: as long as that is the same, so is everything.
    pub fn changes(&self) -> u64 {
        self.lock().contents.changes
    }

    /// The values of a metric in a range of time, by the beginnings of the periods they are in. Without a unit, those of all units. What is
    /// so old that times are told apart by five minutes or an hour only is of periods of which those are parts ("GetMetricData").
    pub fn periods(&self, metric: &Metric, unit: Option<&str>, range: Range) -> BTreeMap<Millis, Distribution> {
        let is_fine = range.period % MINUTE != 0 || range.phase % MINUTE != 0;
        let mut periods: BTreeMap<Millis, Distribution> = BTreeMap::new();
        let wanted = |tier: Tier| tier <= Tier::Minutes || range.period % tier.period() == 0;
        self.each(metric, unit, (range.start, range.end), is_fine, wanted, |at, values| {
            periods.entry(range.begin(at)).or_default().merge(values);
        });
        periods
    }

    /// The values of a metric in one period.
    pub fn values(&self, metric: &Metric, unit: Option<&str>, start: Millis, end: Millis) -> Distribution {
        let is_fine = start % MINUTE != 0 || end % MINUTE != 0;
        let mut all = Distribution::default();
        self.each(metric, unit, (start, end), is_fine, |_| true, |_, values| all.merge(values));
        all
    }

    /// Shows values from one time on and before another, of files of such tiers as are wanted. Where times are to be told apart more
    /// exactly than by the minute, only those that are, if the metric has such; otherwise all. A file that can't be read has none.
    fn each(
        &self,
        metric: &Metric,
        unit: Option<&str>,
        range: (Millis, Millis),
        is_fine: bool,
        wanted: impl Fn(Tier) -> bool,
        mut then: impl FnMut(Millis, &Distribution),
    ) {
        if range.0 >= range.1 {
            return;
        }
        let mut found = Vec::new();
        for _ in 0..AGAIN {
            let (series, files) = self.recent(metric, unit, range, is_fine, &mut found);
            // Nobody waits for what is read now.
            let mut whole = true;
            for file in files.iter().filter(|file| wanted(file.name.tier)) {
                whole &= self.sealed(file, &series, range, &mut found);
            }
            if whole {
                break;
            }
        }
        found.iter().for_each(|(at, values)| then(*at, values));
    }

    /// Finds recent values: nothing else is among what is found then. Returns the numbers of the series, with whether only files of
    /// times by the second are of interest, and the files of the time.
    fn recent(
        &self,
        metric: &Metric,
        unit: Option<&str>,
        (start, end): (Millis, Millis),
        is_fine: bool,
        found: &mut Vec<(Millis, Distribution)>,
    ) -> (Vec<(u32, bool)>, Vec<Sealed>) {
        found.clear();
        let inner = self.lock();
        let Inner { contents, files, .. } = &*inner;
        let offset = |at: Millis| {
            let offset = at.saturating_sub(contents.since);
            i32::try_from(offset).unwrap_or(if offset < 0 { i32::MIN } else { i32::MAX })
        };
        let numbers = contents.series.of(metric, unit).into_iter();
        let series: Vec<(u32, bool)> =
            numbers.map(|number| (number, is_fine && contents.series.is_fine(number))).collect();
        for (number, only_fine) in &series {
            let places = [Some(&contents.fine), (!only_fine).then_some(&contents.coarse)];
            let recent = places.into_iter().flatten().filter_map(|place| place.get(number));
            let points = recent.flat_map(|recent| recent.range(offset(start), offset(end)));
            let points = points.map(|(at, values)| (contents.since + Millis::from(at), values.into_owned()));
            found.extend(points.filter(|(at, _)| (start..end).contains(at)));
        }
        let is_of = |file: &&Sealed| file.from < end && file.to.saturating_add(file.name.tier.period()) > start;
        (series, files.iter().filter(is_of).copied().collect())
    }

    /// Finds values of series in a file. It is not whole if the file is not there any more.
    fn sealed(
        &self,
        file: &Sealed,
        series: &[(u32, bool)],
        (start, end): (Millis, Millis),
        found: &mut Vec<(Millis, Distribution)>,
    ) -> bool {
        let tier = file.name.tier;
        let mut wanted = series.iter().filter(|(_, only_fine)| *only_fine == (tier == Tier::Fine)).peekable();
        if wanted.peek().is_none() {
            return true;
        }
        // The first is the period under way, where periods are longer than what times are rounded down to otherwise.
        let start = if tier > Tier::Minutes { start.saturating_sub(start.rem_euclid(tier.period())) } else { start };
        let opened: Opened = match file.open(&self.dir) {
            Ok(opened) => opened,
            Err(error) => return error.kind() != io::ErrorKind::NotFound,
        };
        for (number, _) in wanted {
            let _ = opened.series(*number, |at, values| {
                if (start..end).contains(&at) {
                    found.push((at, values));
                }
            });
        }
        true
    }

    /// The unit of a metric's values, if they have one unit only.
    pub fn unit(&self, metric: &Metric) -> Option<String> {
        match self.lock().contents.series.units(metric).as_slice() {
            [unit] => Some((*unit).to_owned()),
            _ => None,
        }
    }

    /// Every metric that has values since.
    pub fn metrics(&self, since: Millis) -> Vec<Metric> {
        self.lock().contents.series.since(since)
    }

    /// Writes recent values to files when it is time, makes few files of many and hours of minutes, and forgets what is too old.
    ///
    /// # Errors
    /// When a file can't be written or removed.
    pub fn expire(&self, now: Millis) -> io::Result<()> {
        upkeep::run(self, now)
    }
}

impl Contents {
    /// Whether a sender has not said this before.
    pub(crate) fn is_new(&mut self, sender: Option<&Sender>, now: Millis) -> bool {
        let Some(Sender { name, number }) = sender else { return true };
        let said = self.senders.entry(name.clone()).or_insert((0, now));
        if *number <= said.0 && said.1.saturating_sub(now) <= BACK {
            return false;
        }
        *said = (*number, now);
        true
    }

    /// Adds what came in.
    pub(crate) fn add(&mut self, entry: &Entry, now: Millis) {
        self.changes += 1;
        if self.weight == 0 {
            self.since = now;
        }
        let text: usize = entry.series.iter().map(|(_, metric, unit)| series::size(metric, unit)).sum();
        self.weight += text / WEIGHT;
        for (number, period, at, values) in &entry.points {
            let Ok(offset) = i32::try_from(at - self.since) else { continue };
            let place = if *period < MINUTE { &mut self.fine } else { &mut self.coarse };
            self.weight += place.entry(*number).or_default().add(offset, values);
            self.series.seen(*number, *at, *period < MINUTE);
        }
    }

    pub(crate) fn forget_senders(&mut self, now: Millis) {
        self.senders.retain(|_, (_, heard)| *heard > now - SENDERS);
    }
}
