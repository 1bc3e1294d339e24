//! The events of one answer: in order of time, then of stream, then of coming in; as many as the limits allow, nearest to where the page
//! begins.

use super::StreamId;
use super::frame::Event;
use super::search::weight;
use super::summary::Summary;
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
    /// Where it ends, once something was left out: nothing beyond is taken in any more.
    edge: Option<Gap>,
    limit: usize,
    max_bytes: u64,
    bytes: u64,
    events: BTreeMap<Gap, Found>,
    /// How many bytes of events are searched for it before it ends early.
    scan: u64,
}

/// The bytes of events searched for one page, counted with 26 for each: more than ten million lines. More than most groups have, less than a
/// client would wait for. Compressed they may be anything: a thousandth, where somebody wants others to wait.
const SCAN: u64 = 2 << 30;

impl Page {
    /// An empty page that begins at a gap. `limit` bounds the events, `max_bytes` their text with 26 bytes each; one event always fits.
    pub fn new(direction: Direction, from: Gap, limit: usize, max_bytes: u64) -> Self {
        let (edge, events, limit) = (None, BTreeMap::new(), limit.max(1));
        Self { direction, from, edge, limit, max_bytes, bytes: 0, events, scan: SCAN }
    }

    /// The same with another bound on the bytes of events searched for it.
    pub fn with_scan(self, scan: u64) -> Self {
        Self { scan, ..self }
    }

    /// An empty one with the same bounds.
    pub(super) fn empty(&self) -> Self {
        Self { edge: self.edge, ..Self::new(self.direction, self.from, self.limit, self.max_bytes) }
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
        self.edge.is_some()
    }

    /// Where it begins and ends, oldest first; for an empty one, twice where it was to begin, unless it was ended early.
    pub fn gaps(&self) -> (Gap, Gap) {
        let (oldest, newest) = match (self.events.first_key_value(), self.events.last_key_value()) {
            (Some((first, _)), Some((last, _))) => (*first, last.next()),
            _ => (self.from, self.from),
        };
        match self.direction {
            Direction::Forward => (oldest, self.edge.unwrap_or(newest)),
            Direction::Backward => (self.edge.unwrap_or(oldest), newest),
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
        self.end(cut);
        true
    }

    /// Whether any of these events may be in it.
    pub(super) fn wants(&self, summary: &Summary) -> bool {
        match self.direction {
            Direction::Forward => summary.last >= self.from.at && self.edge.is_none_or(|edge| summary.first <= edge.at),
            Direction::Backward => {
                summary.first <= self.from.at && self.edge.is_none_or(|edge| summary.last >= edge.at)
            }
        }
    }

    /// Takes an event in if it is on this side of the gap, matches, and is nearer to it than those that fill the page.
    pub(super) fn offer(&mut self, place: usize, stream: StreamId, event: &Event<'_>, matches: impl Fn(&str) -> bool) {
        let key = Gap { at: event.at, stream, number: event.number };
        if self.covers(key) && matches(event.message) {
            self.insert(key, Found { place, ingested: event.ingested, message: event.message.to_owned() });
        }
    }

    /// Takes in what another page of the same bounds has. What that one left out is left out here too.
    pub(super) fn take_in(&mut self, other: Self) {
        if let Some(edge) = other.edge {
            self.end(edge);
        }
        for (key, found) in other.events {
            if self.covers(key) {
                self.insert(key, found);
            }
        }
    }

    fn covers(&self, key: Gap) -> bool {
        match self.direction {
            Direction::Forward => key >= self.from && self.edge.is_none_or(|edge| key < edge),
            Direction::Backward => key < self.from && self.edge.is_none_or(|edge| key >= edge),
        }
    }

    fn insert(&mut self, key: Gap, found: Found) {
        self.bytes += weight(&found.message);
        self.events.insert(key, found);
        while self.events.len() > self.limit || (self.bytes > self.max_bytes && self.events.len() > 1) {
            let farthest = match self.direction {
                Direction::Forward => self.events.last_key_value().map(|(key, _)| *key),
                Direction::Backward => self.events.first_key_value().map(|(key, _)| key.next()),
            };
            match farthest {
                Some(edge) => self.end(edge),
                None => break,
            }
        }
    }

    /// Leaves out everything beyond a gap, unless it ends nearer already.
    fn end(&mut self, edge: Gap) {
        let nearer = match self.direction {
            Direction::Forward => self.edge.is_none_or(|known| edge < known),
            Direction::Backward => self.edge.is_none_or(|known| edge > known),
        };
        if !nearer {
            return;
        }
        let later = self.events.split_off(&edge);
        let left_out = match self.direction {
            Direction::Forward => later,
            Direction::Backward => std::mem::replace(&mut self.events, later),
        };
        self.bytes -= left_out.values().map(|found| weight(&found.message)).sum::<u64>();
        self.edge = Some(edge);
    }
}
