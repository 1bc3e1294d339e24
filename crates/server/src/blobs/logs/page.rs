//! The events of one answer: in order of time, then of stream, then of coming in; as many as the limits allow, nearest to where the page
//! begins.

use super::StreamId;
use super::segment::{Event, OVERHEAD, Summary};
use spec::Millis;
use std::collections::BTreeMap;

/// Which way a page goes from its gap.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Towards newer events.
    Forward,
    /// Towards older events.
    Backward,
}

/// A place between two events: before the one with this key, and after all with a lesser one. It stays where it is whatever is appended,
/// which makes it a token that means the same for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Gap {
    /// The event's time.
    pub at: Millis,
    /// The event's stream.
    pub stream: StreamId,
    /// The event's number in its stream.
    pub number: u64,
}

impl Gap {
    /// Before everything.
    pub const START: Self = Self { at: Millis::MIN, stream: 0, number: 0 };
    /// After everything.
    pub const END: Self = Self { at: Millis::MAX, stream: StreamId::MAX, number: u64::MAX };

    /// After the event it is before.
    fn next(self) -> Self {
        Self { number: self.number.saturating_add(1), ..self }
    }
}

/// An event in a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The place of its stream among those searched.
    pub place: usize,
    /// When it came in.
    pub ingested: Millis,
    /// Its text.
    pub message: String,
}

/// A page being filled.
#[derive(Debug)]
pub struct Page {
    direction: Direction,
    from: Gap,
    limit: usize,
    max_bytes: u64,
    bytes: u64,
    events: BTreeMap<Gap, Found>,
    /// Whether there was more than it had room for.
    more: bool,
    /// How many bytes of segments are read for it before it ends early, and where it then ended.
    scan: u64,
    cut: Option<Gap>,
}

/// The bytes of segments read for one page: more than most streams have, less than a client would wait for.
const SCAN: u64 = 64 << 20;

impl Page {
    /// An empty page that begins at a gap. `limit` bounds the events, `max_bytes` their text with 26 bytes each; one event always fits.
    pub fn new(direction: Direction, from: Gap, limit: usize, max_bytes: u64) -> Self {
        Self {
            direction,
            from,
            limit: limit.max(1),
            max_bytes,
            bytes: 0,
            events: BTreeMap::new(),
            more: false,
            scan: SCAN,
            cut: None,
        }
    }

    /// The same with another bound on the bytes of segments read for it.
    pub fn with_scan(self, scan: u64) -> Self {
        Self { scan, ..self }
    }

    /// Which way it goes.
    pub fn direction(&self) -> Direction {
        self.direction
    }

    /// The events in order of time.
    pub fn events(&self) -> impl Iterator<Item = (&Gap, &Found)> {
        self.events.iter()
    }

    /// Whether there was more than it had room for.
    pub fn has_more(&self) -> bool {
        self.more
    }

    /// Where it begins and ends, oldest first; for an empty one, twice where it was to begin, unless it was ended early.
    pub fn gaps(&self) -> (Gap, Gap) {
        let (oldest, newest) = match (self.events.first_key_value(), self.events.last_key_value()) {
            (Some((first, _)), Some((last, _))) => (*first, last.next()),
            _ => (self.from, self.from),
        };
        match self.direction {
            Direction::Forward => (oldest, self.cut.unwrap_or(newest)),
            Direction::Backward => (self.cut.unwrap_or(oldest), newest),
        }
    }

    /// Ends the page before a segment, and all that are farther, when enough was read for it. An empty page may be the result; the
    /// next one goes on behind it. Where segments overlap so that nothing was gained, the search goes on.
    pub(super) fn ends_before(&mut self, next: &Summary, read: u64) -> bool {
        let cut = match self.direction {
            Direction::Forward => Gap { at: next.first, stream: 0, number: 0 },
            Direction::Backward => Gap { at: next.last.saturating_add(1), stream: 0, number: 0 },
        };
        let gained = match self.direction {
            Direction::Forward => cut > self.from,
            Direction::Backward => cut < self.from,
        };
        if read < self.scan || !gained {
            return false;
        }
        let newer = self.events.split_off(&cut);
        if self.direction == Direction::Backward {
            self.events = newer;
        }
        (self.more, self.cut) = (true, Some(cut));
        true
    }

    /// Whether any of these events may be in it.
    pub(super) fn wants(&mut self, summary: &Summary) -> bool {
        let beyond = match self.direction {
            Direction::Forward => summary.last < self.from.at,
            Direction::Backward => summary.first > self.from.at,
        };
        let full = !beyond
            && self.more
            && match self.direction {
                Direction::Forward => self.events.last_key_value().is_some_and(|(last, _)| summary.first > last.at),
                Direction::Backward => self.events.first_key_value().is_some_and(|(first, _)| summary.last < first.at),
            };
        !beyond && !full
    }

    /// Takes an event in if it is on this side of the gap, matches, and is nearer to it than those that fill the page.
    pub(super) fn offer(&mut self, place: usize, stream: StreamId, event: &Event<'_>, matches: impl Fn(&str) -> bool) {
        let key = Gap { at: event.at, stream, number: event.number };
        let (outside, too_far) = match self.direction {
            Direction::Forward => (key < self.from, self.events.last_key_value().is_some_and(|(last, _)| key > *last)),
            Direction::Backward => {
                (key >= self.from, self.events.first_key_value().is_some_and(|(first, _)| key < *first))
            }
        };
        // Once something was left out, nothing that lies beyond the rest can come in.
        if outside || (self.more && too_far) || !matches(event.message) {
            return;
        }
        self.bytes += event.message.len() as u64 + OVERHEAD;
        self.events.insert(key, Found { place, ingested: event.ingested, message: event.message.to_owned() });
        while self.events.len() > self.limit || (self.bytes > self.max_bytes && self.events.len() > 1) {
            let farthest = match self.direction {
                Direction::Forward => self.events.pop_last(),
                Direction::Backward => self.events.pop_first(),
            };
            let length = farthest.map_or(0, |(_, found)| found.message.len() as u64 + OVERHEAD);
            self.bytes = self.bytes.saturating_sub(length);
            self.more = true;
        }
    }
}
