//! The store as whoever asks it sees it.

use crate::{Datum, Distribution, Metric, Sender, Statistic, Store};
use metricmath::Span;
use proptest::prelude::*;
use spec::{DAY, MINUTE, Millis};
use std::{collections::BTreeMap, fs, path::Path};

const SECOND: Millis = 1000;
const HOUR: Millis = 60 * MINUTE;
/// The beginning of a day.
const NOW: Millis = 20_000 * DAY;

fn metric(name: &str) -> Metric {
    Metric::new("Test", name, vec![("B".into(), "2".into()), ("A".into(), "1".into())])
}

fn datum(name: &str, at: Millis, value: f64) -> Datum {
    Datum { metric: metric(name), unit: "Count".into(), at, values: Distribution::of(value, 1.0) }
}

fn sums(store: &Store, period: Millis) -> Vec<(Millis, f64)> {
    sums_of(store, "m", period)
}

fn sums_of(store: &Store, name: &str, period: Millis) -> Vec<(Millis, f64)> {
    let periods = store.periods(&metric(name), None, Span::new(0, i64::MAX).by(period));
    periods.into_iter().map(|(at, values)| (at - NOW, values.statistic(Statistic::Sum).unwrap())).collect()
}

fn count(dir: &Path, prefix: &str) -> usize {
    let names = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter(|name| name.starts_with(prefix)).count()
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
    // The same from files.
    store.expire(NOW + HOUR).unwrap();
    store.put(told(1), vec![datum("m", NOW + MINUTE, 8.0)], NOW + HOUR).unwrap();
    drop(store);
    let store = Store::open(dir.path(), NOW + HOUR).unwrap();
    store.put(told(1), vec![datum("m", NOW + MINUTE, 8.0)], NOW + HOUR).unwrap();
    assert_eq!((sums(&store, MINUTE), store.metrics(NOW)), (vec![(0, 3.0), (MINUTE, 12.0)], vec![metric("m")]));
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
fn seconds_are_told_apart_for_three_hours_and_minutes_after_that() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path(), NOW).unwrap();
    for n in 0..120 {
        store.put_seconds(vec![datum("m", NOW + n * SECOND + 5, 1.0)], Vec::new(), NOW + n * SECOND).unwrap();
    }
    store.put(None, vec![datum("plain", NOW + 5, 1.0)], NOW).unwrap();
    let check = |store: &Store| {
        assert_eq!(sums(store, 10 * SECOND).len(), 12);
        assert!(sums(store, 10 * SECOND).iter().all(|(_, sum)| *sum == 10.0));
        assert_eq!(sums(store, SECOND).len(), 120);
        assert_eq!(sums(store, MINUTE), [(0, 60.0), (MINUTE, 60.0)]);
        assert_eq!(
            sums_of(store, "plain", 10 * SECOND),
            [(0, 1.0)],
            "what is of a minute is so in shorter periods, too"
        );
    };
    check(&store);
    store.expire(NOW + 20 * MINUTE).unwrap();
    check(&store);
    drop(store);
    let store = Store::open(dir.path(), NOW + 20 * MINUTE).unwrap();
    check(&store);
    // Some more of the same time, later: it is in memory, and the rest in files.
    store.put_seconds(vec![datum("m", NOW + 5 * SECOND, 2.0)], Vec::new(), NOW + 20 * MINUTE).unwrap();
    assert_eq!((sums(&store, MINUTE)[0], sums(&store, SECOND)[5]), ((0, 62.0), (5 * SECOND, 3.0)));
    store.expire(NOW + 3 * HOUR + 21 * MINUTE).unwrap();
    assert_eq!((sums(&store, SECOND), sums(&store, MINUTE)), (vec![], vec![(0, 62.0), (MINUTE, 60.0)]));
    // What comes so late is of its minute at once.
    store.put_seconds(vec![datum("m", NOW + 5 * SECOND, 2.0)], Vec::new(), NOW + 4 * HOUR).unwrap();
    assert_eq!(sums(&store, MINUTE), [(0, 64.0), (MINUTE, 60.0)]);
}

#[test]
fn minutes_become_fives_and_hours_and_go() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path(), NOW).unwrap();
    let data = (0..180).map(|n| datum("m", NOW + n * MINUTE, (n % 60) as f64)).collect();
    store.put(None, data, NOW + 3 * HOUR).unwrap();
    let percentile = |store: &Store| {
        let hour = store.values(&metric("m"), None, NOW, NOW + HOUR);
        hour.statistic(Statistic::Percentile(50.0)).unwrap()
    };
    assert_eq!((sums(&store, HOUR), percentile(&store)), (vec![(0, 1770.0), (HOUR, 1770.0), (2 * HOUR, 1770.0)], 29.0));
    // So many points by the minute, by five minutes and by the hour.
    for (days, points) in
        [(1, [180, 36, 3]), (15, [180, 36, 3]), (17, [0, 36, 3]), (60, [0, 36, 3]), (65, [0, 0, 3]), (454, [0, 0, 3])]
    {
        store.expire(NOW + days * DAY).unwrap();
        let told = [MINUTE, 5 * MINUTE, HOUR].map(|period| sums(&store, period).len());
        assert_eq!(told, points, "after {days} days");
        let from = Span::new(NOW + HOUR + 7 * MINUTE, NOW + 2 * HOUR).by(HOUR);
        let first = store.periods(&metric("m"), None, from).into_values().next().unwrap().count;
        let expected = if days < 17 {
            53.0
        } else if days < 65 {
            55.0
        } else {
            60.0
        };
        assert_eq!(first, expected, "from the beginning of what is told apart on, after {days} days");
        assert_eq!((sums(&store, HOUR).len(), percentile(&store)), (3, 29.0), "after {days} days");
    }
    drop(store);
    let store = Store::open(dir.path(), NOW + 454 * DAY).unwrap();
    assert_eq!((sums(&store, HOUR)[2], store.metrics(0)), ((2 * HOUR, 1770.0), vec![metric("m")]));
    store.put(None, vec![datum("other", NOW + 457 * DAY, 1.0)], NOW + 457 * DAY).unwrap();
    store.expire(NOW + 457 * DAY + HOUR).unwrap();
    assert_eq!((sums(&store, HOUR), store.metrics(0)), (vec![], vec![metric("other")]));
}

#[test]
fn many_files_of_an_hour_become_one() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path(), NOW).unwrap();
    for n in 0..6 {
        let now = NOW + n * 10 * MINUTE;
        store.put(None, vec![datum("m", now, 1.0), datum(&format!("m{n}"), now, 1.0)], now).unwrap();
        store.expire(now + 10 * MINUTE).unwrap();
    }
    assert!(count(dir.path(), "values-60-") > 1);
    store.expire(NOW + 2 * HOUR).unwrap();
    assert_eq!(count(dir.path(), "values-60-"), 1);
    assert_eq!((sums(&store, HOUR), sums_of(&store, "m3", HOUR)), (vec![(0, 6.0)], vec![(0, 1.0)]));
}

#[test]
fn what_was_being_written_when_the_process_ended_is_left_out() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path(), NOW).unwrap();
    store.put(None, vec![datum("m", NOW, 1.0)], NOW).unwrap();
    store.put(None, vec![datum("m", NOW, 2.0)], NOW).unwrap();
    drop(store);
    let file = dir.path().join("journal-0");
    let bytes = fs::read(&file).unwrap();
    fs::write(&file, &bytes[..bytes.len() - 3]).unwrap();
    let store = Store::open(dir.path(), NOW).unwrap();
    assert_eq!(sums(&store, MINUTE), [(0, 1.0)]);
    store.put(None, vec![datum("m", NOW, 4.0)], NOW).unwrap();
    drop(store);
    assert_eq!(sums(&Store::open(dir.path(), NOW).unwrap(), MINUTE), [(0, 5.0)]);
}

/// Does something while nothing can be written to the journal.
fn full(store: &Store, then: impl FnOnce()) {
    let journal = std::mem::replace(&mut store.lock().journal, crate::journal::Journal::full());
    then();
    store.lock().journal = journal;
}

#[test]
fn what_could_not_be_written_does_not_become_another_metrics() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path(), NOW).unwrap();
    let told = |number| Some(Sender { name: "host".into(), number });
    full(&store, || {
        assert!(store.put(None, vec![datum("m", NOW, 1.0)], NOW).is_err());
        assert_eq!(store.metrics(0), [], "it will be said again");
        assert!(store.put(told(1), vec![datum("m", NOW, 1.0)], NOW).is_err());
        store.put(told(1), vec![datum("m", NOW, 1.0)], NOW).unwrap();
        assert_eq!(sums(&store, MINUTE), [(0, 1.0)], "it won't be taken in again");
    });
    store.put(None, vec![datum("m", NOW, 2.0), datum("other", NOW, 4.0)], NOW).unwrap();
    drop(store);
    let store = Store::open(dir.path(), NOW).unwrap();
    assert_eq!((sums(&store, MINUTE), sums_of(&store, "other", MINUTE)), (vec![(0, 2.0)], vec![(0, 4.0)]));
    store.expire(NOW + HOUR).unwrap();
    assert_eq!((sums(&store, MINUTE), sums_of(&store, "other", MINUTE)), (vec![(0, 2.0)], vec![(0, 4.0)]));
    drop(store);
    // Names that are lost take their values with them, and leave them to nobody.
    fs::write(dir.path().join("series-0"), "not whole").unwrap();
    let store = Store::open(dir.path(), NOW + HOUR).unwrap();
    store.put(None, vec![datum("new", NOW, 8.0), datum("newer", NOW, 16.0)], NOW + HOUR).unwrap();
    assert_eq!((sums_of(&store, "new", MINUTE), sums_of(&store, "newer", MINUTE)), (vec![(0, 8.0)], vec![(0, 16.0)]));
}

#[test]
fn a_clock_may_be_set_back() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path(), NOW).unwrap();
    let (later, told) = (NOW + 40 * DAY, |number| Some(Sender { name: "host".into(), number }));
    store.put(told(7), vec![datum("m", later, 1.0)], later).unwrap();
    store.put(told(1), vec![datum("m", NOW, 2.0)], NOW).unwrap();
    store.put(told(1), vec![datum("m", NOW, 2.0)], NOW).unwrap();
    assert_eq!(sums(&store, MINUTE), [(0, 2.0), (40 * DAY, 1.0)]);
    store.expire(NOW - 1).unwrap();
    assert_eq!(count(dir.path(), "values-60-"), 2);
    drop(store);
    assert_eq!(sums(&Store::open(dir.path(), NOW).unwrap(), MINUTE), [(0, 2.0), (40 * DAY, 1.0)]);
}

#[test]
fn a_file_that_can_not_be_read_keeps_no_other_from_going() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path(), NOW).unwrap();
    for n in 0..2 {
        let now = NOW + n * 20 * MINUTE;
        store.put_seconds(vec![datum("m", now, 1.0)], Vec::new(), now).unwrap();
        store.expire(now + 15 * MINUTE).unwrap();
    }
    let broken = dir.path().join(format!("values-60-{}-0-0", NOW / HOUR));
    fs::write(&broken, "not whole").unwrap();
    assert_eq!(count(dir.path(), "values-1-"), 2);
    assert!(store.expire(NOW + 4 * HOUR).is_err());
    assert_eq!(count(dir.path(), "values-1-"), 0);
}

/// Copies a directory, as the process may leave it when it is killed.
fn copy(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}

#[test]
fn values_are_there_once_wherever_writing_them_was_ended() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path(), NOW).unwrap();
    store.put_seconds(vec![datum("m", NOW, 1.0)], Vec::new(), NOW).unwrap();
    store.put(None, vec![datum("m", NOW, 2.0)], NOW).unwrap();
    let before = tempfile::tempdir().unwrap();
    copy(dir.path(), before.path());
    store.expire(NOW + HOUR).unwrap();
    assert_eq!(sums(&store, MINUTE), [(0, 3.0)]);
    // The values are in files, and the journal is still there; there may be another one.
    let torn = tempfile::tempdir().unwrap();
    copy(dir.path(), torn.path());
    fs::copy(before.path().join("journal-0"), torn.path().join("journal-0")).unwrap();
    fs::write(torn.path().join("values-60-1-0-0.new"), "half").unwrap();
    fs::write(torn.path().join("values-60-1-7-7"), "not whole").unwrap();
    let again = Store::open(torn.path(), NOW).unwrap();
    assert_eq!((sums(&again, MINUTE), sums(&again, SECOND)), (vec![(0, 3.0)], vec![(0, 1.0)]));
    assert_eq!(count(torn.path(), "values-"), 0);
    // One file was made of two, which are still there.
    store.put(None, vec![datum("m", NOW, 4.0)], NOW + HOUR).unwrap();
    let two = tempfile::tempdir().unwrap();
    {
        let mut inner = store.lock();
        crate::upkeep::flush(dir.path(), &mut inner, NOW + HOUR).unwrap();
    }
    copy(dir.path(), two.path());
    store.expire(NOW + 2 * HOUR).unwrap();
    assert_eq!((count(two.path(), "values-60-"), count(dir.path(), "values-60-")), (2, 1));
    copy(dir.path(), two.path());
    assert_eq!(sums(&Store::open(two.path(), NOW).unwrap(), MINUTE), [(0, 7.0)]);
    assert_eq!(count(two.path(), "values-60-"), 1);
}

#[test]
fn files_of_an_older_version_are_left_until_they_are_old() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("19999"), "0badc0de {}\n").unwrap();
    let store = Store::open(dir.path(), NOW).unwrap();
    assert_eq!((store.metrics(0), count(dir.path(), "19999")), (vec![], 1));
    drop(store);
    Store::open(dir.path(), NOW + 4 * DAY).unwrap();
    assert_eq!(count(dir.path(), "19999"), 0);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever comes in whatever order, and whenever it is written to files or the process ends, what is told is what came.
    #[test]
    fn nothing_is_lost_or_told_twice(
        steps in prop::collection::vec((0i64..300, 0i64..7200, -5i32..5, any::<bool>(), 0u8..12), 1..60),
    ) {
        let dir = tempfile::tempdir().unwrap();
        let mut store = Store::open(dir.path(), NOW).unwrap();
        let (mut now, mut minutes, mut seconds) = (NOW, BTreeMap::new(), BTreeMap::new());
        for (passes, ago, value, is_fine, event) in steps {
            now += passes * SECOND;
            let at = now - ago * SECOND;
            let data = vec![datum("m", at, f64::from(value))];
            *minutes.entry((at - at.rem_euclid(MINUTE)) - NOW).or_insert(0.0) += f64::from(value);
            if is_fine {
                *seconds.entry(at - NOW).or_insert(0.0) += f64::from(value);
                store.put_seconds(data, Vec::new(), now).unwrap();
            } else {
                store.put(None, data, now).unwrap();
            }
            match event {
                0 => store.expire(now).unwrap(),
                1 => {
                    drop(store);
                    store = Store::open(dir.path(), now).unwrap();
                }
                2 => {
                    let mut inner = store.lock();
                    crate::upkeep::flush(dir.path(), &mut inner, now).unwrap();
                }
                _ => {}
            }
        }
        prop_assert_eq!(sums(&store, MINUTE), minutes.into_iter().collect::<Vec<_>>());
        if !seconds.is_empty() && now < NOW + 30 * MINUTE {
            prop_assert_eq!(sums(&store, SECOND), seconds.into_iter().collect::<Vec<_>>());
        }
    }
}
