//! Going through segments for a page, on every processor there is: nearest first, until the page is full.

use super::frame::{Event, Unpacker};
use super::page::{Direction, Page};
use super::segment::{self, Segment};
use super::{StreamId, summary::OVERHEAD};
use memchr::memmem::Finder;
use spec::Millis;
use std::io;
use std::ops::RangeInclusive;
use std::sync::{Mutex, PoisonError};
use std::thread;

/// Which events a search is for.
pub struct Wanted<'a> {
    /// Their time.
    pub time: RangeInclusive<Millis>,
    /// A text that every one of them contains, where that is known: frames without it are not looked at more closely.
    pub needle: Option<&'a str>,
    /// Whether a text is one of them.
    pub matches: &'a (dyn Fn(&str) -> bool + Sync),
}

/// A segment, and its stream's id and place among those searched.
pub(super) type Place = (usize, StreamId, Segment);

/// What the threads share.
struct Shared<'p, I> {
    segments: I,
    page: &'p mut Page,
    /// Bytes of events that were begun to be searched.
    read: u64,
}

/// Less than this is not worth a second thread.
const ALONE: u64 = 256 << 10;

pub(super) fn search(mut segments: Vec<Place>, wanted: &Wanted<'_>, page: &mut Page) -> io::Result<()> {
    // Nearest first, so that a full page ends the search.
    match page.direction() {
        Direction::Forward => segments.sort_by_key(|(.., segment)| segment.summary.first),
        Direction::Backward => segments.sort_by_key(|(.., segment)| std::cmp::Reverse(segment.summary.last)),
    }
    let bytes: u64 = segments.iter().map(|(.., segment)| segment.length).sum();
    let processors = thread::available_parallelism().map_or(1, usize::from);
    let helpers = if bytes < ALONE { 0 } else { processors.min(segments.len()).saturating_sub(1) };
    let shared = Mutex::new(Shared { segments: segments.into_iter(), page, read: 0 });
    thread::scope(|scope| {
        let helpers: Vec<_> = (0..helpers).map(|_| scope.spawn(|| work(&shared, wanted))).collect();
        let mine = work(&shared, wanted);
        let theirs = helpers
            .into_iter()
            .map(|helper| helper.join().unwrap_or_else(|_| Err(io::Error::other("a defect in searching log events"))));
        theirs.fold(mine, |all, one| all.and(one))
    })
}

/// Takes segment after segment until none is wanted any more.
fn work(shared: &Mutex<Shared<'_, impl Iterator<Item = Place>>>, wanted: &Wanted<'_>) -> io::Result<()> {
    let finder = wanted.needle.map(|needle| Finder::new(needle.as_bytes()));
    let (mut bytes, mut unpacker) = (Vec::new(), Unpacker::default());
    loop {
        let lock = || shared.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(((place, id, segment), mut found)) = next(&mut lock()) else { return Ok(()) };
        let named = |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", segment.path.display()));
        segment.load(&mut bytes).map_err(named)?;
        for (frame, _) in segment::frames(&bytes, segment.first_number) {
            if !frame.summary.touches(&wanted.time) || !found.wants(&frame.summary) {
                continue;
            }
            let events = unpacker.unpack(&frame).map_err(named)?;
            if finder.as_ref().is_some_and(|finder| finder.find(events.texts).is_none()) {
                continue;
            }
            let offer = |event: Event<'_>| {
                if wanted.time.contains(&event.at) {
                    found.offer(place, id, &event, wanted.matches);
                }
            };
            events.each(offer).map_err(named)?;
        }
        lock().page.take_in(found);
    }
}

/// The next segment, with an empty page for what is found in it.
fn next(shared: &mut Shared<'_, impl Iterator<Item = Place>>) -> Option<(Place, Page)> {
    loop {
        let next = shared.segments.next()?;
        let (.., segment) = &next;
        if !shared.page.wants(&segment.summary) {
            continue;
        }
        if shared.page.ends_before(&segment.summary, shared.read) {
            return None;
        }
        shared.read += segment.summary.bytes;
        return Some((next, shared.page.empty()));
    }
}

/// What an event counts for the size of a page.
pub(super) fn weight(text: &str) -> u64 {
    text.len() as u64 + OVERHEAD
}
