//! The time, which never goes back while the process runs, whatever the system's clock does.

use aws::doc::Timestamp;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

/// A clock for the whole server.
#[derive(Debug, Default)]
pub struct Clock(AtomicI64);

impl Clock {
    /// Now, and never earlier than any time it gave before.
    pub fn now(&self) -> Timestamp {
        let system = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis());
        let system = i64::try_from(system).unwrap_or(i64::MAX);
        let latest = self.0.fetch_max(system, Ordering::Relaxed);
        Timestamp { millis: latest.max(system) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_does_not_go_back_with_the_systems_clock() {
        let clock = Clock(AtomicI64::new(4_000_000_000_000));
        assert_eq!(clock.now().millis, 4_000_000_000_000);
    }
}
