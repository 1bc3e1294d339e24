//! Waiting for what no status tells.

use crate::support::PATIENCE;
use std::{
    thread,
    time::{Duration, Instant},
};

/// Waits for something that no status tells.
pub fn eventually(what: &str, is_so: impl Fn() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < PATIENCE, "{what}");
        thread::sleep(Duration::from_millis(5));
    }
}
