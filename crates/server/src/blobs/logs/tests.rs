//! Events on disk: what is read back, in which order, and after which accidents.

use super::*;
use std::path::Path;

fn store(dir: &Path) -> Store {
    Store::open(dir.join("logs")).unwrap()
}
fn read(store: &Store, ids: &[StreamId], mut page: Page) -> (Vec<String>, Page) {
    store.search(ids, &(0..=Millis::MAX), &mut page, |_| true).unwrap();
    (page.events().map(|(key, found)| format!("{}:{}", key.at, found.message)).collect(), page)
}
fn all(store: &Store, id: StreamId) -> Vec<String> {
    read(store, &[id], Page::new(Direction::Forward, Gap::START, 10_000, 1 << 20)).0
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
    let text = "x".repeat(512 << 10);
    (0..30).for_each(|n| first.append_lines(1, n, n as u64, &[(n, &text)]).unwrap());
    assert_eq!(segments(dir.path(), 1).len(), 4);
    let again = store(dir.path());
    let summary = again.summary(1).unwrap();
    assert_eq!((summary.events, summary.first, summary.last, summary.next_line), (30, 0, 29, 30));
    let page = Page::new(Direction::Forward, Gap { at: 20, stream: 0, number: 0 }, 1, 1 << 20);
    let (_, page) = read(&again, &[1], page);
    assert_eq!(page.events().map(|(key, _)| (key.at, key.number)).collect::<Vec<_>>(), [(20, 20)]);

    again.expire(1, 17).unwrap();
    let left = store(dir.path());
    assert_eq!(left.summary(1).unwrap().first, 16, "whole segments go");
    left.expire(1, 1_000).unwrap();
    assert_eq!(segments(dir.path(), 1).len(), 1, "the last stays");
    assert_eq!(store(dir.path()).summary(1).unwrap().next_line, 30);
    left.remove(1).unwrap();
    assert_eq!(left.ids().unwrap(), Vec::<StreamId>::new());
}

#[test]
fn a_hosts_lines_are_kept_once_however_often_they_are_sent() {
    let dir = tempfile::tempdir().unwrap();
    let first = store(dir.path());
    first.append_lines(1, 1, 0, &[(1, "0"), (2, "1")]).unwrap();
    first.append_lines(1, 1, 0, &[(1, "0"), (2, "1")]).unwrap();
    first.append(1, 1, &[(9, "a client's own")]).unwrap();
    let again = store(dir.path());
    again.append_lines(1, 1, 1, &[(2, "1"), (3, "2")]).unwrap();
    again.append_lines(1, 1, 5, &[(4, "5, after lines that were dropped")]).unwrap();
    assert_eq!(all(&again, 1), ["1:0", "2:1", "3:2", "4:5, after lines that were dropped", "9:a client's own"]);
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
    let text = "x".repeat(1 << 20);
    for n in 0..40 {
        store
            .append(u128::from(n % 2 == 0), 0, &[(n, &text), (n, if n == 3 || n == 36 { "needle" } else { "hay" })])
            .unwrap();
    }
    for (direction, mut from, expected) in
        [(Direction::Forward, Gap::START, [3, 36]), (Direction::Backward, Gap::END, [36, 3])]
    {
        let (mut found, mut pages) = (Vec::new(), 0);
        loop {
            let mut page = Page::new(direction, from, 10, 1 << 20).with_scan(8 << 20);
            store.search(&[0, 1], &(0..=Millis::MAX), &mut page, |text| text == "needle").unwrap();
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
    let long = "x".repeat(200_000);
    (0..30).for_each(|n| first.append(1, n, &[(n, &long)]).unwrap());
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
