//! `PutLogEvents`, of clients and of hosts, which number the lines of containers.

use super::{id_of, kept_since, storage};
use aws::api::logs::{InputLogEvent, PutLogEventsRequest, PutLogEventsResponse, RejectedLogEventsInfo};
use aws::fault::Fault;
use control::View;
use control::logs::{group, invalid, may_number, stream, unsupported};
use logevents::store::Store;
use spec::{DAY, Millis};
use std::ops::Range;

/// Limits of a batch ("PutLogEvents"). How many events it may have is in the API's model.
const BATCH_BYTES: usize = 1_048_576;
const OVERHEAD: usize = 26;
const TOO_NEW: Millis = 2 * 60 * 60 * 1000;
const TOO_OLD: Millis = 14 * DAY;

pub(super) fn put(
    view: &View<'_>,
    store: &Store,
    first_line: Option<u64>,
    request: PutLogEventsRequest,
) -> Result<PutLogEventsResponse, Fault> {
    if request.entity.is_some() {
        return Err(unsupported("entity"));
    }
    let stream = stream(view.state, &request.log_group_name, &request.log_stream_name)?;
    let group = group(view.state, &request.log_group_name)?;
    if first_line.is_some() {
        may_number(view, &request.log_group_name, &request.log_stream_name)?;
    }
    let id = id_of(stream)?;
    check(&request.log_events)?;
    let now = view.now.millis;
    let (accepted, rejected) = sort_out(&request.log_events, now, group.retention.map(|_| kept_since(group, now)));
    let events: Vec<_> = request.log_events.iter().map(|event| (event.timestamp, event.message.as_str())).collect();
    let in_time = events.get(accepted.clone()).unwrap_or_default();
    if let (Some(first), Some(last)) = (in_time.first(), in_time.last())
        && last.0 - first.0 > DAY
    {
        return Err(invalid(
            "The batch of log events in a single PutLogEvents request cannot span more than 24 hours.",
        ));
    }
    match first_line {
        _ if in_time.is_empty() => {}
        Some(first) => store.append_lines(id, now, first, &events, accepted).map_err(storage)?,
        None => store.append(id, now, in_time).map_err(storage)?,
    }
    let events = store.summary(id).map_err(storage)?.events;
    // Nobody needs it any more ("The sequence token is now ignored"), but it is still answered.
    let next_sequence_token = Some(format!("4{events:055}"));
    Ok(PutLogEventsResponse { next_sequence_token, rejected_log_events_info: rejected, rejected_entity_info: None })
}

fn check(events: &[InputLogEvent]) -> Result<(), Fault> {
    let size: usize = events.iter().map(|event| event.message.len() + OVERHEAD).sum();
    if size > BATCH_BYTES {
        return Err(invalid(format!("Upload too large: {size} bytes exceeds limit of {BATCH_BYTES}")));
    }
    if !events.is_sorted_by_key(|event| event.timestamp) {
        return Err(invalid("Log events in a single PutLogEvents request must be in chronological order."));
    }
    Ok(())
}

/// Which events are neither too old nor too new, and what is said of the others. `kept_since` is where retention ends.
fn sort_out(
    events: &[InputLogEvent],
    now: Millis,
    kept_since: Option<Millis>,
) -> (Range<usize>, Option<RejectedLogEventsInfo>) {
    let before = |moment: Millis| events.partition_point(|event| event.timestamp < moment);
    let (old, expired) = (before(now - TOO_OLD), kept_since.map_or(0, before));
    let new = before(now.saturating_add(TOO_NEW).saturating_add(1));
    let index = |index: usize| i32::try_from(index).ok();
    let rejected = RejectedLogEventsInfo {
        too_new_log_event_start_index: index(new).filter(|_| new < events.len()),
        too_old_log_event_end_index: index(old).filter(|_| old > 0),
        expired_log_event_end_index: index(expired).filter(|_| expired > 0),
    };
    let any = rejected != RejectedLogEventsInfo::default();
    (old.max(expired).min(new)..new, any.then_some(rejected))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn events(times: &[Millis]) -> Vec<InputLogEvent> {
        times.iter().map(|timestamp| InputLogEvent { timestamp: *timestamp, message: "m".to_owned() }).collect()
    }

    #[test]
    fn old_new_and_expired_events_are_named_by_their_places() {
        let now = 100 * DAY;
        let times = [now - 15 * DAY, now - 14 * DAY, now - 2 * DAY, now, now + TOO_NEW, now + TOO_NEW + 1];
        let batch = events(&times);
        let (accepted, rejected) = sort_out(&batch, now, Some(now - DAY));
        assert_eq!(accepted, 3..5);
        let expected = RejectedLogEventsInfo {
            too_new_log_event_start_index: Some(5),
            too_old_log_event_end_index: Some(1),
            expired_log_event_end_index: Some(3),
        };
        assert_eq!(rejected, Some(expected));
        let (all, none) = sort_out(batch.get(2..5).unwrap(), now, None);
        assert_eq!((all, none), (0..3, None));
        let (nothing, _) = sort_out(batch.get(..1).unwrap(), now, None);
        assert!(nothing.is_empty());
    }

    #[test]
    fn a_batch_has_an_order_and_a_size() {
        assert!(check(&events(&[2, 1])).unwrap_err().message.contains("chronological order"));
        let mut large = events(&[1]);
        large.iter_mut().for_each(|event| event.message = "x".repeat(BATCH_BYTES - OVERHEAD));
        check(&large).unwrap();
        large.extend(events(&[1]));
        assert_eq!(check(&large).unwrap_err().message, "Upload too large: 1048603 bytes exceeds limit of 1048576");
    }
}
