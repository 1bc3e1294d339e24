//! Places in a log.

use serde::{Deserialize, Serialize};

/// A place in a log: its start, or after one line and before the next.
///
/// Lines of standard output and error overlap, and a long line comes in pieces. So where to begin reading is one thing, and which of
/// the lines that are met there are known is another.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// Where reading begins: no line that had not ended begins before it, so what is before it can be acknowledged.
    pub from: u64,
    /// The end of the record that the line before it ended with.
    pub to: u64,
    /// Which piece of a long line that was of those that the record brought, from 1 on; [`Self::LAST`] if the line ended with it.
    pub line: u32,
}

impl Mark {
    /// Read again from where its beginning is missing, a line that ended before comes in other pieces; none of them is to be returned.
    pub(super) const LAST: u32 = u32::MAX;

    /// Whether another place is not after this one.
    pub(super) fn is_past(self, other: Self) -> bool {
        (other.to, other.line) <= (self.to, self.line)
    }
}
