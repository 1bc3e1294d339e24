//! Events on disk: what is read back, in which order, and after which accidents.

use super::*;
use proptest::prelude::*;
use std::path::Path;

fn store(dir: &Path) -> Store {
    Store::open(dir.join("logs")).unwrap()
}
const EVERYTHING: Wanted<'static> = Wanted { time: 0..=Millis::MAX, needle: None, matches: &|_| true };

fn read(store: &Store, ids: &[StreamId], mut page: Page) -> (Vec<String>, Page) {
    store.search(ids, &EVERYTHING, &mut page).unwrap();
    (page.events().map(|(key, found)| format!("{}:{}", key.at, found.message)).collect(), page)
}
fn all(store: &Store, id: StreamId) -> Vec<String> {
    read(store, &[id], Page::new(Direction::Forward, Gap::START, 10_000, 1 << 20)).0
}
/// A text that compresses badly.
fn noise(length: usize, mut seed: u64) -> String {
    let letter = |_| {
        seed = seed.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        char::from(b'0' + (seed >> 58) as u8)
    };
    (0..length).map(letter).collect()
}
fn segments(dir: &Path, id: StreamId) -> Vec<PathBuf> {
    let mut files: Vec<_> =
        fs::read_dir(dir.join("logs").join(format!("{id:032x}"))).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

#[test]
fn events_come_back_by_time_and_survive_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let first = store(dir.path());
    first.append(7, 100, &[(10, "a"), (30, "c")]).unwrap();
    first.append(7, 200, &[(20, "b"), (30, "d"), (5, "ü")]).unwrap();
    let expected = ["5:ü", "10:a", "20:b", "30:c", "30:d"];
    assert_eq!(all(&first, 7), expected);
    let again = store(dir.path());
    assert_eq!(all(&again, 7), expected);
    let summary = again.summary(7).unwrap();
    assert_eq!(
        (summary.events, summary.bytes, summary.first, summary.last, summary.ingested),
        (5, 6 + 5 * 26, 5, 30, 200)
    );
    assert_eq!(again.summary(8).unwrap(), Summary::default());
    assert_eq!((again.ids().unwrap(), all(&again, 8)), (vec![7], vec![]), "asking makes no stream");
}

#[test]
fn a_torn_end_is_cut_wherever_it_was_torn_and_appending_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let whole = store(dir.path());
    whole.append(1, 1, &[(1, "kept")]).unwrap();
    let file = segments(dir.path(), 1).remove(0);
    let acknowledged = fs::read(&file).unwrap();
    whole.append(1, 2, &[(2, "torn"), (3, "torn too")]).unwrap();
    let torn = fs::read(&file).unwrap();
    for length in acknowledged.len()..torn.len() {
        fs::write(&file, &torn[..length]).unwrap();
        let again = store(dir.path());
        assert_eq!(all(&again, 1), ["1:kept"], "{length} bytes");
        again.append(1, 3, &[(4, "next")]).unwrap();
        assert_eq!(all(&store(dir.path()), 1), ["1:kept", "4:next"], "{length} bytes");
    }
    let mut zeroed = acknowledged.clone();
    zeroed.resize(torn.len(), 0);
    fs::write(&file, &zeroed).unwrap();
    assert_eq!(all(&store(dir.path()), 1), ["1:kept"], "a file system may leave zeroes");
}

#[test]
fn a_torn_first_append_leaves_an_empty_stream() {
    let dir = tempfile::tempdir().unwrap();
    store(dir.path()).append(1, 1, &[(1, "torn")]).unwrap();
    let file = segments(dir.path(), 1).remove(0);
    let whole = fs::read(&file).unwrap();
    for length in 0..whole.len() {
        fs::write(&file, &whole[..length]).unwrap();
        let again = store(dir.path());
        assert_eq!(all(&again, 1), Vec::<String>::new(), "{length} bytes");
        again.append(1, 2, &[(2, "next")]).unwrap();
        assert_eq!(all(&store(dir.path()), 1), ["2:next"], "{length} bytes");
        segments(dir.path(), 1).iter().for_each(|file| fs::remove_file(file).unwrap());
    }
}

#[test]
fn segments_roll_over_and_are_known_without_being_read() {
    let dir = tempfile::tempdir().unwrap();
    let first = store(dir.path());
    for n in 0..30 {
        first.append_lines(1, n, n as u64, &[(n, &noise(512 << 10, n as u64))], 0..1).unwrap();
    }
    let files = segments(dir.path(), 1).len();
    assert!(files > 2, "{files} segments");
    let again = store(dir.path());
    let summary = again.summary(1).unwrap();
    assert_eq!((summary.events, summary.first, summary.last, summary.next_line), (30, 0, 29, 30));
    let page = Page::new(Direction::Forward, Gap { at: 20, stream: 0, number: 0 }, 1, 1 << 20);
    let (_, page) = read(&again, &[1], page);
    assert_eq!(page.events().map(|(key, _)| (key.at, key.number)).collect::<Vec<_>>(), [(20, 20)]);

    again.expire(1, 17).unwrap();
    let left = store(dir.path());
    assert!((1..=17).contains(&left.summary(1).unwrap().first), "whole segments go");
    assert!(segments(dir.path(), 1).len() < files);
}

#[test]
fn what_has_expired_takes_no_room_and_is_not_taken_in_again() {
    let dir = tempfile::tempdir().unwrap();
    let first = store(dir.path());
    first.append_lines(1, 1, 0, &[(1, "0"), (2, &noise(1 << 20, 1))], 0..2).unwrap();
    first.expire(1, 2).unwrap();
    assert_eq!(first.summary(1).unwrap().events, 2, "part of it is still wanted");
    first.expire(1, 3).unwrap();
    first.expire(1, 3).unwrap();
    let files = segments(dir.path(), 1);
    assert_eq!(files.iter().map(|file| fs::metadata(file).unwrap().len()).sum::<u64>(), 68, "{files:?}");
    for store in [first, store(dir.path())] {
        assert_eq!(store.summary(1).unwrap(), Summary { next_line: 2, ..Summary::default() });
        store.append_lines(1, 2, 0, &[(1, "0"), (2, "1")], 0..2).unwrap();
        assert_eq!(store.summary(1).unwrap().events, 0);
    }
    let again = store(dir.path());
    again.append_lines(1, 2, 2, &[(9, "2")], 0..1).unwrap();
    let (_, page) = read(&again, &[1], Page::new(Direction::Forward, Gap::START, 9, 1 << 20));
    assert_eq!(page.events().map(|(key, _)| key.number).collect::<Vec<_>>(), [2], "numbers go on");
    again.remove(1).unwrap();
    assert_eq!(again.ids().unwrap(), Vec::<StreamId>::new());
}

#[test]
fn a_hosts_lines_are_kept_once_however_often_they_are_sent() {
    let dir = tempfile::tempdir().unwrap();
    let first = store(dir.path());
    first.append_lines(1, 1, 0, &[(1, "0"), (2, "1")], 0..2).unwrap();
    first.append_lines(1, 1, 0, &[(1, "0"), (2, "1")], 0..2).unwrap();
    first.append(1, 1, &[(9, "a client's own")]).unwrap();
    let again = store(dir.path());
    again.append_lines(1, 1, 1, &[(2, "1"), (3, "2")], 0..2).unwrap();
    again.append_lines(1, 1, 5, &[(4, "5, after lines that were dropped")], 0..1).unwrap();
    let last = [(4, "too old"), (5, "7"), (6, "8"), (7, "too new")];
    again.append_lines(1, 1, 6, &last[..2], 1..2).unwrap();
    again.append_lines(1, 1, 6, &last, 1..3).unwrap();
    again.append_lines(1, 1, 6, &last, std::ops::Range { start: 4, end: 3 }).unwrap();
    assert_eq!(
        all(&again, 1),
        ["1:0", "2:1", "3:2", "4:5, after lines that were dropped", "5:7", "6:8", "9:a client's own"]
    );
}

#[test]
fn pages_walk_both_ways_over_streams_without_a_gap_or_a_double() {
    let dir = tempfile::tempdir().unwrap();
    let store = store(dir.path());
    for n in 0..50 {
        store.append(1, 0, &[(n / 3, &format!("one {n}"))]).unwrap();
        store.append(2, 0, &[((50 - n) / 3, &format!("two {n}"))]).unwrap();
    }
    let (expected, _) = read(&store, &[1, 2], Page::new(Direction::Forward, Gap::START, 10_000, 1 << 20));
    assert_eq!(expected.len(), 100);
    let mut forward = Vec::new();
    let mut from = Gap::START;
    loop {
        let (events, page) = read(&store, &[1, 2], Page::new(Direction::Forward, from, 7, 1 << 20));
        forward.extend(events);
        from = page.gaps().1;
        if !page.has_more() {
            break;
        }
    }
    assert_eq!(forward, expected);
    let mut backward = Vec::new();
    let mut until = Gap::END;
    loop {
        let (events, page) = read(&store, &[1, 2], Page::new(Direction::Backward, until, 1000, 300));
        backward.splice(0..0, events);
        until = page.gaps().0;
        if !page.has_more() {
            break;
        }
    }
    assert_eq!(backward, expected);
    let (none, page) = read(&store, &[1, 2], Page::new(Direction::Forward, from, 7, 1 << 20));
    assert_eq!((none.len(), page.gaps()), (0, (from, from)), "the end stays where it is");
}

#[test]
fn a_search_that_reads_much_and_finds_little_ends_early_and_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let store = store(dir.path());
    for n in 0..40 {
        let sought = if n == 3 || n == 36 { "needle" } else { "hay" };
        store.append(u128::from(n % 2 == 0), 0, &[(n, &noise(1 << 20, n as u64)), (n, sought)]).unwrap();
    }
    for (direction, mut from, expected) in
        [(Direction::Forward, Gap::START, [3, 36]), (Direction::Backward, Gap::END, [36, 3])]
    {
        let (mut found, mut pages) = (Vec::new(), 0);
        loop {
            let mut page = Page::new(direction, from, 10, 1 << 20).with_scan(8 << 20);
            let wanted = Wanted { needle: Some("needle"), matches: &|text| text == "needle", ..EVERYTHING };
            store.search(&[0, 1], &wanted, &mut page).unwrap();
            found.extend(page.events().map(|(key, _)| key.at));
            pages += 1;
            let (oldest, newest) = page.gaps();
            from = if direction == Direction::Forward { newest } else { oldest };
            if !page.has_more() {
                break;
            }
        }
        assert_eq!(found, expected);
        assert!((3..=12).contains(&pages), "{pages} pages");
    }
}

#[test]
fn what_is_almost_nothing_when_compressed_is_searched_in_pages_too() {
    let dir = tempfile::tempdir().unwrap();
    let store = store(dir.path());
    let line = "x".repeat(32 << 20);
    (0..20).for_each(|n| store.append(1, 0, &[(n, &line)]).unwrap());
    let bytes: u64 = segments(dir.path(), 1).iter().map(|path| fs::metadata(path).unwrap().len()).sum();
    assert!(bytes < 1 << 20, "{bytes}");
    let mut page = Page::new(Direction::Forward, Gap::START, 10, 1 << 20).with_scan(300 << 20);
    let wanted = Wanted { needle: Some("needle"), matches: &|text| text == "needle", ..EVERYTHING };
    store.search(&[1], &wanted, &mut page).unwrap();
    assert!(page.has_more(), "640 MiB were searched for one page");
}

#[test]
fn a_damaged_byte_anywhere_loses_no_more_than_what_follows_it() {
    let dir = tempfile::tempdir().unwrap();
    let first = store(dir.path());
    let texts: Vec<String> = (0..6).map(|n| format!("line {n}")).collect();
    texts.iter().zip(0..).for_each(|(text, n)| first.append(1, n, &[(n, text)]).unwrap());
    let expected = all(&first, 1);
    let file = segments(dir.path(), 1).remove(0);
    let whole = fs::read(&file).unwrap();
    for place in 0..whole.len() {
        let mut damaged = whole.clone();
        damaged[place] ^= 0xff;
        fs::write(&file, &damaged).unwrap();
        let read = all(&store(dir.path()), 1);
        assert!(expected.starts_with(&read), "byte {place}: {read:?}");
    }
}

#[test]
fn a_damaged_older_segment_is_an_error_and_not_removed() {
    let dir = tempfile::tempdir().unwrap();
    let first = store(dir.path());
    (0..50).for_each(|n| first.append(1, n, &[(n, &noise(200_000, n as u64))]).unwrap());
    drop(first);
    let files = segments(dir.path(), 1);
    assert!(files.len() > 1);
    let mut damaged = fs::read(&files[0]).unwrap();
    damaged[0] ^= 0xff;
    fs::write(&files[0], &damaged).unwrap();
    let error = store(dir.path()).append(1, 31, &[(31, "more")]).unwrap_err();
    assert!(error.to_string().contains("is damaged"), "{error}");
    assert!(files[0].exists());
}

#[test]
fn a_byte_that_rots_in_an_older_segment_is_said_with_its_file() {
    let dir = tempfile::tempdir().unwrap();
    let first = store(dir.path());
    (0..50).for_each(|n| first.append(1, n, &[(n, &noise(200_000, n as u64))]).unwrap());
    let files = segments(dir.path(), 1);
    let mut damaged = fs::read(&files[0]).unwrap();
    damaged[100_000] ^= 1;
    fs::write(&files[0], &damaged).unwrap();
    let mut page = Page::new(Direction::Forward, Gap::START, 10_000, 1 << 30);
    let error = store(dir.path()).search(&[1], &EVERYTHING, &mut page).unwrap_err();
    assert!(error.to_string().contains("00000001.seg"), "{error}");
}

#[test]
fn streams_that_are_not_remembered_are_read_again() {
    let dir = tempfile::tempdir().unwrap();
    let store = store(dir.path());
    store.append(0, 1, &[(1, "kept")]).unwrap();
    for id in 1..=REMEMBERED as StreamId {
        store.with(id, |_| Ok(())).unwrap();
    }
    assert!(store.lock().len() <= REMEMBERED);
    assert_eq!(all(&store, 0), ["1:kept"]);
    store.append(0, 1, &[(2, "more")]).unwrap();
    assert_eq!(all(&store, 0), ["1:kept", "2:more"]);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    /// Whatever was appended where and however small the pages are: they hold what is wanted, once, in order.
    #[test]
    fn pages_together_hold_what_is_wanted(
        appends in prop::collection::vec((0_u128..4, prop::collection::vec((0_i64..30, 0_usize..40), 1..8)), 1..30),
        (from, to) in (0_i64..30, 0_i64..30), limit in 1_usize..9, max_bytes in 20_u64..300, scan in 0_u64..4_000,
    ) {
        let dir = tempfile::tempdir().unwrap();
        let store = store(dir.path());
        let mut expected = Vec::new();
        let mut numbers = [0_u64; 4];
        for (count, (id, events)) in appends.iter().enumerate() {
            let texts: Vec<String> = events.iter().map(|(_, length)| noise(*length, count as u64)).collect();
            let batch: Vec<(Millis, &str)> = events.iter().zip(&texts).map(|((at, _), text)| (*at, text.as_str())).collect();
            store.append(*id, 0, &batch).unwrap();
            for (at, text) in batch {
                let number = &mut numbers[*id as usize];
                if (from..=to).contains(&at) && text.contains('7') {
                    expected.push((Gap { at, stream: *id, number: *number }, text.to_owned()));
                }
                *number += 1;
            }
        }
        expected.sort();
        let wanted = Wanted { time: from..=to, needle: Some("7"), matches: &|text| text.contains('7') };
        for direction in [Direction::Forward, Direction::Backward] {
            let forward = direction == Direction::Forward;
            let (mut found, mut at) = (Vec::new(), if forward { Gap::START } else { Gap::END });
            loop {
                let mut page = Page::new(direction, at, limit, max_bytes).with_scan(scan);
                store.search(&[0, 1, 2, 3], &wanted, &mut page).unwrap();
                let events: Vec<_> = page.events().map(|(key, found)| (*key, found.message.clone())).collect();
                prop_assert!(events.len() <= limit);
                found.splice(if forward { found.len()..found.len() } else { 0..0 }, events);
                if !page.has_more() {
                    break;
                }
                let (oldest, newest) = page.gaps();
                at = if forward { newest } else { oldest };
            }
            prop_assert_eq!(&found, &expected);
        }
    }
}
