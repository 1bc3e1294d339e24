//! `TestMetricFilter`.

use super::pattern;
use aws::api::logs::{MetricFilterMatchRecord, TestMetricFilterRequest, TestMetricFilterResponse};
use aws::fault::Fault;
use control::View;
use logevents::store::Store;

/// Says which messages a pattern matches, and their fields if it is one for space-delimited events. Events are counted from 1.
pub(super) fn test(
    _: &View<'_>,
    _: &Store,
    request: TestMetricFilterRequest,
) -> Result<TestMetricFilterResponse, Fault> {
    let TestMetricFilterRequest { filter_pattern, log_event_messages } = request;
    let pattern = pattern(&filter_pattern)?;
    let matching = log_event_messages.into_iter().zip(1..).filter(|(message, _)| pattern.matches(message));
    let record = |(message, number): (String, i64)| MetricFilterMatchRecord {
        event_number: Some(number),
        extracted_values: Some(pattern.extracted(&message)),
        event_message: Some(message),
    };
    Ok(TestMetricFilterResponse { matches: Some(matching.map(record).collect()) })
}
