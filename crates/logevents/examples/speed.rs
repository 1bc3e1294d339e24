//! How many lines a second are taken in to the disk, and how long a search for a rare term takes, without HTTP and JSON:
//! `speed DIRECTORY [LINES]`. The same lines go into the file `lines` there, for `grep` beside it.
#![allow(clippy::unwrap_used, reason = "a failed benchmark panics")]

use logevents::pattern::Pattern;
use logevents::store::{Direction, Gap, Page, Store, Wanted};
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::PathBuf;
use std::time::Instant;

/// Lines of one append: what a host sends at once.
const BATCH: usize = 4_000;
const STREAMS: u128 = 8;
const REPEATS: usize = 5;

fn main() {
    let mut arguments = std::env::args().skip(1);
    let dir = PathBuf::from(arguments.next().unwrap());
    let lines: usize = arguments.next().map_or(10_000_000, |count| count.parse().unwrap());
    let store = Store::open(dir.join("logs")).unwrap();
    let mut plain = BufWriter::with_capacity(1 << 20, File::create(dir.join("lines")).unwrap());
    let (mut seed, mut taken, mut bytes) = (1, 0.0, 0);
    for batch in 0..lines / BATCH {
        let texts: Vec<String> = (0..BATCH).map(|n| line(batch * BATCH + n, lines, &mut seed)).collect();
        let events: Vec<(i64, &str)> = texts.iter().map(|text| ((batch * 100) as i64, text.as_str())).collect();
        let begin = Instant::now();
        store.append(batch as u128 % STREAMS, 0, &events).unwrap();
        taken += begin.elapsed().as_secs_f64();
        for text in &texts {
            writeln!(plain, "{text}").unwrap();
            bytes += text.len() + 1;
        }
    }
    plain.flush().unwrap();
    let ids: Vec<u128> = (0..STREAMS).collect();
    println!(
        "appending, each {BATCH} lines synced: {:.0} lines/s on one core ({} MB of lines)",
        lines as f64 / taken,
        bytes >> 20
    );
    for (name, pattern) in [
        ("a rare term", "needle0123456789"),
        ("a rare phrase", "\"needle0123456789 in\""),
        ("a rare regular expression", "%needle[0-9]{10}%"),
        ("a rare field", "[..., id=needle0123456789*, in, haystack]"),
        ("a number in any field", "[..., took > 5000]"),
    ] {
        let pattern = Pattern::parse(pattern).unwrap();
        let matches = |text: &str| pattern.matches(text);
        let wanted = Wanted { time: 0..=i64::MAX, needle: pattern.needle(), matches: &matches };
        let (mut times, mut found, used) = (Vec::new(), 0, processor());
        for _ in 0..REPEATS {
            let begin = Instant::now();
            let mut page = Page::new(Direction::Forward, Gap::START, 10_000, 1 << 20).with_scan(u64::MAX);
            store.search(&ids, &wanted, &mut page).unwrap();
            times.push(begin.elapsed().as_secs_f64());
            found = page.events().count();
        }
        times.sort_by(f64::total_cmp);
        let used = (processor() - used) / REPEATS as f64;
        println!(
            "searching {lines} lines for {name:28} {:6.3} s, {used:6.3} s of processors, {found} found",
            times[REPEATS / 2]
        );
    }
}

/// Seconds of processor time this process has taken.
fn processor() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    (fields[11].parse::<f64>().unwrap() + fields[12].parse::<f64>().unwrap()) / 100.0
}

/// A line of a service's log: some words, some numbers, an id.
fn line(n: usize, of: usize, seed: &mut u64) -> String {
    *seed = seed.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
    let noise = *seed >> 16;
    if n == of / 2 {
        return "2026-01-31T12:00:00.000Z ERROR needle0123456789 in haystack".into();
    }
    let (method, status) = (["GET", "POST", "PUT"][n % 3], [200, 200, 201, 404, 500][(noise % 5) as usize]);
    format!(
        "2026-01-31T12:{:02}:{:02}.{:03}Z INFO request id={noise:012x} {method} /api/v1/items/{} status={status} took={}ms",
        n / 60_000 % 60,
        n / 1000 % 60,
        n % 1000,
        noise % 100_000,
        noise % 977
    )
}
