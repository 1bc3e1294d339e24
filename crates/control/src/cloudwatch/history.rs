//! What happened to alarms: `DescribeAlarmHistory`. The newest hundred things of each alarm are kept, and go with it.

use super::bad_token;
use crate::{
    Tx, View,
    state::{AlarmEvent, Record},
};
use aws::{
    api::cloudwatch::{
        AlarmHistoryItem, AlarmType, DescribeAlarmHistoryInput, DescribeAlarmHistoryOutput, HistoryItemType, ScanBy,
    },
    fault::Fault,
    page::{Size, descending, paginate},
};

/// How many are kept of an alarm.
const KEPT: usize = 100;
/// How many a page holds ("DescribeAlarmHistory").
const PAGE: Size = Size { default: 100, max: 100 };

/// Takes note of something.
pub(super) fn note(tx: &mut Tx<'_>, alarm: &str, kind: HistoryItemType, summary: String, data: String) {
    let prefix = AlarmEvent::prefix(alarm);
    let known: Vec<(u64, String)> =
        tx.state.alarm_events.prefixed(&prefix).map(|event| (event.number, event.key())).collect();
    let number = known.last().map_or(0, |(number, _)| number + 1);
    for (_, key) in known.iter().take((known.len() + 1).saturating_sub(KEPT)) {
        tx.state.alarm_events.remove(key);
    }
    tx.state.alarm_events.put(AlarmEvent { alarm: alarm.to_owned(), number, at: tx.now, kind, summary, data });
}

pub(super) fn describe(
    view: &View<'_>,
    request: DescribeAlarmHistoryInput,
) -> Result<DescribeAlarmHistoryOutput, Fault> {
    let DescribeAlarmHistoryInput {
        alarm_name,
        alarm_contributor_id,
        alarm_types,
        history_item_type,
        start_date,
        end_date,
        max_records,
        next_token,
        scan_by,
    } = request;
    // There are no others than metric alarms, and none has contributors.
    let any = alarm_contributor_id.is_none()
        && alarm_types.is_none_or(|types| types.is_empty() || types.contains(&AlarmType::MetricAlarm));
    let wanted = |event: &&AlarmEvent| {
        any && alarm_name.as_ref().is_none_or(|name| *name == event.alarm)
            && history_item_type.is_none_or(|kind| kind == event.kind)
            && start_date.is_none_or(|start| event.at >= start)
            && end_date.is_none_or(|end| event.at <= end)
    };
    let key = |event: &&AlarmEvent| {
        let key = format!("{:020}{}", event.at.millis.max(0), event.key());
        if scan_by == Some(ScanBy::TimestampAscending) { key } else { descending(&key) }
    };
    let events = view.state.alarm_events.iter().filter(wanted);
    let (page, next_token) =
        paginate(events, key, max_records, next_token.as_deref(), PAGE).map_err(|_| bad_token())?;
    let item = |event: &AlarmEvent| AlarmHistoryItem {
        alarm_name: Some(event.alarm.clone()),
        alarm_type: Some(AlarmType::MetricAlarm),
        timestamp: Some(event.at),
        history_item_type: Some(event.kind),
        history_summary: Some(event.summary.clone()),
        history_data: Some(event.data.clone()),
        ..AlarmHistoryItem::default()
    };
    Ok(DescribeAlarmHistoryOutput { alarm_history_items: Some(page.into_iter().map(item).collect()), next_token })
}
