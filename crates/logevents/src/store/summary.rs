//! What is known of events without reading them.

use spec::Millis;
use std::ops::RangeInclusive;

/// What CloudWatch Logs counts for an event besides its text ("PutLogEvents").
pub const OVERHEAD: u64 = 26;

/// What is known of some events without reading them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Summary {
    /// How many.
    pub events: u64,
    /// Their UTF-8 text and 26 bytes for each, as CloudWatch Logs counts.
    pub bytes: u64,
    /// The oldest one's time. Greater than `last` when there are none.
    pub first: Millis,
    /// The newest one's time.
    pub last: Millis,
    /// When the latest to come in came in.
    pub ingested: Millis,
    /// The number of the next line a host has to send.
    pub next_line: u64,
}

impl Default for Summary {
    fn default() -> Self {
        Self { events: 0, bytes: 0, first: Millis::MAX, last: Millis::MIN, ingested: 0, next_line: 0 }
    }
}

impl Summary {
    /// Of both. The other is the later one.
    pub(super) fn and(self, other: Self) -> Self {
        Self {
            events: self.events + other.events,
            bytes: self.bytes + other.bytes,
            first: self.first.min(other.first),
            last: self.last.max(other.last),
            ingested: self.ingested.max(other.ingested),
            next_line: self.next_line.max(other.next_line),
        }
    }

    /// Whether any of the events may be of that time.
    pub(super) fn touches(&self, time: &RangeInclusive<Millis>) -> bool {
        self.first <= *time.end() && self.last >= *time.start()
    }

    pub(super) fn add(&mut self, at: Millis, text: &str) {
        let one = Self { events: 1, bytes: text.len() as u64 + OVERHEAD, first: at, last: at, ..Self::default() };
        *self = self.and(one);
    }
}
