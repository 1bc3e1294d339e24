//! What becomes of values with time: from memory to files, from many files to one, from minutes to five and to hours, and away.
//!
//! What is done is done when a file has its name or is gone. A journal is removed when its values are in files; as long as it is there,
//! files from it alone are not. A file that has all that another has takes its place.

use crate::{
    distribution::Distribution,
    journal::{Entry, Journal},
    sealed::{Making, Name, Opened, Sealed, Tier},
    series::AllSeries,
    store::{Contents, Inner, Sender, Store},
};
use spec::{DAY, MINUTE, Millis};
use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
    fs, io,
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
    sync::PoisonError,
};

/// How heavy recent values may be before they are written to files: about 12 MB.
pub(crate) const HEAVIEST: usize = 1_000_000;
/// How long they are in memory at most.
const FLUSH: Millis = 10 * MINUTE;
/// Files of an hour's minutes before one is made of them, while the hour lasts.
const FILES: usize = 12;
/// Bytes of files with times by the second, and of all others: beyond that the oldest go.
const FINE_BYTES: u64 = 1 << 30;
const BYTES: u64 = 4 << 30;
/// How long files of an older version are kept, which had a number for a name and are not read.
const OLDER: Millis = 3 * DAY;

fn journal(dir: &Path, number: u64) -> PathBuf {
    dir.join(format!("journal-{number}"))
}

fn series(dir: &Path, number: u64) -> PathBuf {
    dir.join(format!("series-{number}"))
}

/// What a directory has.
#[derive(Debug, Default)]
struct Found {
    names: Vec<Name>,
    journals: BTreeSet<u64>,
    series: BTreeSet<u64>,
}

fn find(dir: &Path, now: Millis) -> io::Result<Found> {
    let mut found = Found::default();
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        let name = entry.file_name();
        let Some(name) = name.to_str() else { continue };
        let number = |prefix: &str| name.strip_prefix(prefix).and_then(|number| number.parse::<u64>().ok());
        if let Some(name) = Name::parse(name) {
            found.names.push(name);
        } else if let Some(number) = number("journal-") {
            found.journals.insert(number);
        } else if let Some(number) = number("series-") {
            found.series.insert(number);
        } else if name.ends_with(".new") || name.parse().is_ok_and(|day: Millis| (day + 1) * DAY <= now - OLDER) {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(found)
}

/// Opens a directory.
pub(crate) fn open(dir: &Path, now: Millis) -> io::Result<Inner> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
    let Found { names, journals, series: known } = find(dir, now)?;
    let number = journals.first().copied().unwrap_or_else(|| known.last().map_or(0, |last| last + 1));
    // A later journal was begun when the values of the first had been written, and had nothing come in.
    for later in journals.iter().filter(|later| **later != number) {
        fs::remove_file(journal(dir, *later))?;
    }
    let mut files = Vec::new();
    for name in &names {
        let unfinished = name.last == number || names.iter().any(|other| other.covers(name));
        match if unfinished { None } else { Sealed::find(dir, *name)? } {
            Some(sealed) => files.push(sealed),
            None => fs::remove_file(name.path(dir))?,
        }
    }
    let mut contents = Contents::default();
    let mut read = None;
    for written in known.iter().rev() {
        if let Some(all) = AllSeries::read(&series(dir, *written))? {
            contents.series = all;
            read = Some(written);
            break;
        }
    }
    if read.is_none() || read != known.last() {
        // Numbers that files have must not become others' whose names are not known.
        for file in &files {
            file.open(dir)?.index()?.iter().for_each(|(number, ..)| contents.series.used(*number));
        }
    }
    let path = journal(dir, number);
    let journal = match journals.is_empty() {
        true => Journal::begin(&path)?,
        false => Journal::open(&path, |entry| again(&mut contents, entry, now))?,
    };
    Ok(Inner { contents, journal, number, files, pending: Vec::new(), heaviest: HEAVIEST })
}

/// Takes in what a journal has.
fn again(contents: &mut Contents, mut entry: Entry, now: Millis) {
    contents.is_new(entry.sender.as_ref(), entry.now);
    for (number, metric, unit) in &entry.series {
        contents.series.put(*number, metric.clone(), unit.clone(), (Millis::MIN, false));
    }
    entry.points.retain(|(number, _, at, _)| contents.series.has(*number) && *at > now - Tier::Minutes.kept());
    contents.add(&entry, now);
}

/// Writes recent values to files and begins another journal. Where that can't be done, they stay; where there are far too many, they go.
pub(crate) fn flush(dir: &Path, inner: &mut Inner, now: Millis) -> io::Result<()> {
    let done = seal(dir, inner, now);
    let series = &inner.contents.series;
    inner.pending.retain(|(number, ..)| done.is_err() && series.has(*number));
    inner.heaviest = inner.contents.weight + HEAVIEST / 2;
    if done.is_ok() || inner.contents.weight > 4 * HEAVIEST {
        inner.heaviest = HEAVIEST;
        let Contents { fine, coarse, weight, .. } = &mut inner.contents;
        for recent in [fine, coarse] {
            recent.retain(|_, recent| !recent.is_empty());
            recent.values_mut().for_each(crate::recent::Recent::clear);
        }
        *weight = 0;
        inner.contents.since = now;
    }
    done
}

fn seal(dir: &Path, inner: &mut Inner, now: Millis) -> io::Result<()> {
    let Inner { contents, number, files, journal: current, .. } = inner;
    contents.forget_senders(now);
    contents.series.forget(now - Tier::Hours.kept());
    let made = write(dir, contents, *number)?;
    let begin = || {
        contents.series.write(&series(dir, *number))?;
        let mut next = Journal::begin(&journal(dir, *number + 1))?;
        for (name, (number, heard)) in &contents.senders {
            let sender = Some(Sender { name: name.clone(), number: *number });
            next.append(dir, &Entry { now: *heard, sender, ..Entry::default() })?;
        }
        // From here on it is done.
        fs::remove_file(journal(dir, *number)).map(|()| next)
    };
    match begin() {
        Ok(next) => {
            files.extend(made);
            *current = next;
            if let Some(before) = number.checked_sub(1) {
                // One that stays is not read where there is a later one.
                let _ = remove(&series(dir, before));
            }
            *number += 1;
            Ok(())
        }
        Err(error) => {
            made.iter().for_each(|file| _ = fs::remove_file(file.name.path(dir)));
            Err(error)
        }
    }
}

/// The files of recent values: one of those by the second, and one for each hour of those by the minute.
fn write(dir: &Path, contents: &Contents, number: u64) -> io::Result<Vec<Sealed>> {
    disk::admit(dir, contents.weight as u64 * 12)?;
    let since = contents.since;
    let name = |tier, window| Name { tier, window, first: number, last: number };
    let mut fine = Making::begin(dir, name(Tier::Fine, 0))?;
    let mut hours: BTreeMap<i64, Making> = BTreeMap::new();
    let all: BTreeSet<u32> = contents.fine.keys().chain(contents.coarse.keys()).copied().collect();
    for series in all {
        let mut minutes: BTreeMap<Millis, Distribution> = BTreeMap::new();
        if let Some(recent) = contents.fine.get(&series) {
            fine.add(series, recent.ordered(since).into_iter())?;
            minutes = recent.rolled(since, MINUTE);
        }
        if let Some(recent) = contents.coarse.get(&series) {
            for (at, values) in recent.rolled(since, MINUTE) {
                minutes.entry(at).or_default().merge(&values);
            }
        }
        let mut windows: BTreeMap<i64, Vec<(Millis, Cow<'_, Distribution>)>> = BTreeMap::new();
        for (at, values) in minutes {
            windows.entry(at.div_euclid(Tier::Minutes.window())).or_default().push((at, Cow::Owned(values)));
        }
        for (window, points) in windows {
            let making = match hours.remove(&window) {
                Some(making) => making,
                None => Making::begin(dir, name(Tier::Minutes, window))?,
            };
            hours.entry(window).or_insert(making).add(series, points.into_iter())?;
        }
    }
    let mut made = Vec::new();
    for making in std::iter::once(fine).chain(hours.into_values()) {
        made.extend(making.finish()?);
    }
    Ok(made)
}

/// What is done from time to time.
///
/// # Errors
/// The first of those that there were.
pub(crate) fn run(store: &Store, now: Millis) -> io::Result<()> {
    let _only = store.upkeep.lock().unwrap_or_else(PoisonError::into_inner);
    // What can't be done keeps nothing else from being done: the first error is told.
    let mut done = Ok(());
    let files = {
        let mut inner = store.lock();
        let Contents { weight, since, series, .. } = &inner.contents;
        // A clock may be set back.
        let is_old = now < *since || now - since >= FLUSH;
        if *weight > HEAVIEST || *weight > 0 && is_old || series.is_full() {
            done = flush(&store.dir, &mut inner, now);
        }
        inner.contents.forget_senders(now);
        inner.files.clone()
    };
    for (name, inputs) in due(&files, now) {
        done = done.and(merge(&store.dir, name, &inputs).and_then(|made| replace(store, &inputs, made)));
    }
    // Only then: minutes that have become fives are kept for longer.
    let files = store.lock().files.clone();
    done.and(replace(store, &excess(files, now), None))
}

/// Which files are to become one: those of an hour that is over or has many, and those of a day whose minutes are told long enough.
fn due(files: &[Sealed], now: Millis) -> Vec<(Name, Vec<Sealed>)> {
    let mut groups: BTreeMap<(Tier, i64), Vec<Sealed>> = BTreeMap::new();
    for file in files.iter().filter(|file| file.name.tier != Tier::Fine) {
        let Name { tier, window, .. } = file.name;
        let start = window.saturating_mul(tier.window());
        let into = match tier.next() {
            Some(next) if (start.div_euclid(DAY) + 1) * DAY <= now - tier.kept() => next,
            _ => tier,
        };
        groups.entry((into, start.div_euclid(into.window()))).or_default().push(*file);
    }
    let is_due = |(tier, window): &(Tier, i64), inputs: &[Sealed]| {
        let is_over = (window + 1).saturating_mul(tier.window()) + FLUSH + MINUTE <= now;
        inputs.iter().any(|file| file.name.tier != *tier) || inputs.len() > if is_over { 1 } else { FILES }
    };
    let groups = groups.into_iter().filter(|(into, inputs)| is_due(into, inputs));
    let named = groups.map(|((tier, window), inputs)| {
        let first = inputs.iter().map(|file| file.name.first).min().unwrap_or(0);
        let last = inputs.iter().map(|file| file.name.last).max().unwrap_or(0);
        (Name { tier, window, first, last }, inputs)
    });
    named.collect()
}

/// Makes one file of several.
fn merge(dir: &Path, name: Name, inputs: &[Sealed]) -> io::Result<Option<Sealed>> {
    disk::admit(dir, inputs.iter().map(|file| file.bytes).sum())?;
    let opened: Vec<Opened> = inputs.iter().map(|file| file.open(dir)).collect::<Result<_, _>>()?;
    let mut blocks: BTreeMap<u32, Vec<(&Opened, u64, u32)>> = BTreeMap::new();
    for file in &opened {
        for (series, place, length) in file.index()? {
            blocks.entry(series).or_default().push((file, place, length));
        }
    }
    let mut making = Making::begin(dir, name)?;
    let period = name.tier.period();
    for (series, blocks) in blocks {
        let mut points: BTreeMap<Millis, Distribution> = BTreeMap::new();
        for (file, place, length) in blocks {
            file.block(place, length, |at, values| {
                points.entry(at - at.rem_euclid(period)).or_default().merge(&values);
            })?;
        }
        let points: Vec<(Millis, Cow<'_, Distribution>)> =
            points.into_iter().map(|(at, values)| (at, Cow::Owned(values))).collect();
        making.add(series, points.into_iter())?;
    }
    making.finish()
}

/// Removes files, which another one has taken the place of, or nothing.
fn replace(store: &Store, gone: &[Sealed], made: Option<Sealed>) -> io::Result<()> {
    let mut inner = store.lock();
    inner.files.retain(|file| gone.iter().all(|gone| gone.name != file.name));
    inner.files.extend(made);
    gone.iter().map(|file| remove(&file.name.path(&store.dir))).fold(Ok(()), Result::and)
}

/// The files that are too old, or too many.
fn excess(mut files: Vec<Sealed>, now: Millis) -> Vec<Sealed> {
    files.sort_by_key(|file| std::cmp::Reverse(file.to));
    let (mut fine, mut others) = (0, 0);
    files.retain(|file| {
        let (sum, most) = match file.name.tier {
            Tier::Fine => (&mut fine, FINE_BYTES),
            _ => (&mut others, BYTES),
        };
        *sum += file.bytes;
        // Minutes of a day become fives together, when the day's last are old enough.
        let together = if file.name.tier.next().is_some_and(|next| next > Tier::Minutes) { 2 * DAY } else { 0 };
        *sum > most || file.to <= now - file.name.tier.kept() - together
    });
    files
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
