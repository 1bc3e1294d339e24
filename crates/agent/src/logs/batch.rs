//! Which events one call of `PutLogEvents` may carry ("PutLogEvents", Amazon CloudWatch Logs API Reference).

use spec::{DAY, Millis};

/// Bytes of a batch, in which each event counts for so many more than its text.
pub const BYTES: usize = 1 << 20;
/// What an event counts for besides its text.
pub const OVERHEAD: usize = 26;
/// Events of a batch.
const EVENTS: usize = 10_000;
/// How far a batch's first event and its last may lie apart.
const SPAN: Millis = DAY;

/// How many of some events, given by time and bytes of text, one batch can begin with. A batch goes by time, and events keep their order:
/// where the clock was set back, another batch begins. Any event alone makes one, as none is longer than a batch.
pub fn fits(events: impl IntoIterator<Item = (Millis, usize)>) -> usize {
    let (mut count, mut bytes) = (0, 0);
    let mut span: Option<(Millis, Millis)> = None;
    for (at, text) in events {
        let (first, last) = span.unwrap_or((at, at));
        bytes += text + OVERHEAD;
        let too_much = count == EVENTS || bytes > BYTES || at < last || at.saturating_sub(first) > SPAN;
        if too_much && count > 0 {
            break;
        }
        span = Some((first, at));
        count += 1;
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(times: &[Millis]) -> usize {
        fits(times.iter().map(|at| (*at, 1)))
    }

    #[test]
    fn a_batch_has_so_many_events_and_bytes() {
        assert_eq!(of(&[]), 0);
        assert_eq!(fits(std::iter::repeat_n((1, 1), 20_000)), 10_000);
        assert_eq!(fits([(1, BYTES - 2 * OVERHEAD - 1), (1, 1), (1, 0)]), 2);
        assert_eq!(fits([(1, BYTES - OVERHEAD), (1, 0)]), 1);
    }

    #[test]
    fn a_batch_goes_by_time_and_spans_a_day() {
        assert_eq!(of(&[1, 1, 2, 1, 3]), 3, "the clock was set back");
        assert_eq!(of(&[5, 5 + SPAN, 6 + SPAN]), 2);
        assert_eq!(of(&[Millis::MIN, Millis::MAX]), 1);
    }

    proptest! {
        /// Taking one batch after the other takes every event, and each batch is one that is taken.
        #[test]
        fn batches_are_within_limits(events in prop::collection::vec((0_i64..3 * SPAN, 0_usize..BYTES / 2), 1..60)) {
            let mut rest = events.as_slice();
            while !rest.is_empty() {
                let (batch, others) = rest.split_at(fits(rest.iter().copied()));
                prop_assert!(!batch.is_empty() && batch.is_sorted_by_key(|event| event.0));
                prop_assert!(batch.iter().map(|event| event.1 + OVERHEAD).sum::<usize>() <= BYTES);
                prop_assert!(batch[batch.len() - 1].0 - batch[0].0 <= SPAN);
                rest = others;
            }
        }
    }
}
