//! The time, in the form that goes over the wire.

use spec::Millis;
use std::time::{SystemTime, UNIX_EPOCH};

/// Now, in milliseconds since the epoch.
pub fn now() -> Millis {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| Millis::try_from(d.as_millis()).unwrap_or(Millis::MAX))
}

/// Milliseconds of a clock that is never set, for leases. It stands still while the machine sleeps, as the server's patience does.
pub(crate) fn steady() -> Millis {
    static START: std::sync::OnceLock<std::time::Instant> = std::sync::OnceLock::new();
    let start = START.get_or_init(std::time::Instant::now);
    Millis::try_from(start.elapsed().as_millis()).unwrap_or(Millis::MAX)
}
