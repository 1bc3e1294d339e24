//! How slow a body may come. A registry that sends a byte now and then would otherwise keep a pull for ever.

use std::time::Duration;

/// Bytes that must come in the time that a registry may be silent.
const LEAST: usize = 64 << 10;

/// Watches over one body. Only the time spent waiting counts: a slow disk is nobody's fault.
pub(super) struct Pace {
    patience: Duration,
    waited: Duration,
    came: usize,
}

impl Pace {
    pub(super) fn new(patience: Duration) -> Self {
        Self { patience, waited: Duration::ZERO, came: 0 }
    }

    /// How long the next piece may take.
    pub(super) fn left(&self) -> Duration {
        self.patience.saturating_sub(self.waited)
    }

    /// Takes note of a piece and how long it was waited for.
    pub(super) fn came(&mut self, bytes: usize, waited: Duration) {
        self.came += bytes;
        self.waited += waited;
        if self.came >= LEAST {
            (self.came, self.waited) = (0, Duration::ZERO);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trickle_uses_up_the_patience_and_a_stream_does_not() {
        let second = Duration::from_secs(1);
        let mut pace = Pace::new(3 * second);
        for _ in 0..100 {
            pace.came(LEAST, 2 * second);
        }
        assert_eq!(pace.left(), 3 * second);
        pace.came(1, 2 * second);
        assert_eq!(pace.left(), second);
        pace.came(1, 2 * second);
        assert_eq!(pace.left(), Duration::ZERO);
    }
}
