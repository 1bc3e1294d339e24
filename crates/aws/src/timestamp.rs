//! A moment, and the ways the protocols write one.

use serde::{Deserialize, Serialize};

/// A moment: milliseconds since 1970-01-01T00:00:00Z. AWS's own resolution.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp {
    /// Milliseconds since the epoch; negative before it.
    pub millis: i64,
}

impl Timestamp {
    /// As the XML protocols write it: `2026-01-31T12:00:00Z`, with milliseconds only where there are some.
    /// A moment outside the years -9999 to 9999 reads as the epoch, for the format has no room for it.
    pub fn iso8601(self) -> String {
        let moment = jiff::Timestamp::from_millisecond(self.millis).unwrap_or_default();
        let format = if self.millis % 1000 == 0 { "%Y-%m-%dT%H:%M:%SZ" } else { "%Y-%m-%dT%H:%M:%S%.3fZ" };
        moment.strftime(format).to_string()
    }

    /// Reads what [`Timestamp::iso8601`] writes, and any offset in place of `Z`.
    pub fn from_iso8601(text: &str) -> Option<Self> {
        let moment: jiff::Timestamp = text.parse().ok()?;
        Some(Self { millis: moment.as_millisecond() })
    }

    /// From seconds since the epoch, as the JSON protocols write it. `None` when no `i64` of milliseconds holds it.
    pub fn from_seconds(seconds: f64) -> Option<Self> {
        let millis = (seconds * 1000.0).round();
        let fits = millis.is_finite() && millis.abs() < 9.2e18;
        fits.then_some(Self { millis: millis as i64 })
    }
}
