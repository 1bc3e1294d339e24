//! What changes alarms: their state, which they are shown to have or are given; whether they act; their end.

use super::{
    evaluate::{self, Period},
    history,
};
use crate::{
    Tx,
    state::{Alarm, AlarmEvent, Record},
};
use aws::{
    api::cloudwatch::{
        DeleteAlarmsInput, DisableAlarmActionsInput, EnableAlarmActionsInput, HistoryItemType, SetAlarmStateInput,
        StateValue,
    },
    fault::Fault,
    shape::Nothing,
};
use serde_json::json;

/// Shows an alarm the values of its periods, the newest last ([`evaluate::watched`] says which those are).
pub fn observe(tx: &mut Tx<'_>, name: &str, periods: &[Period]) {
    let Some(alarm) = tx.state.alarms.get(name) else { return };
    if let Some(verdict) = evaluate::evaluate(alarm, periods, tx.now) {
        set(tx, name, verdict.state, verdict.reason, Some(verdict.data));
    }
}

/// Gives an alarm a state, until it is evaluated again.
pub(super) fn set_state(tx: &mut Tx<'_>, request: SetAlarmStateInput) -> Result<Nothing, Fault> {
    let SetAlarmStateInput { alarm_name, state_value, state_reason, state_reason_data } = request;
    if !tx.state.alarms.contains(&alarm_name) {
        return Err(Fault::new("ResourceNotFound", "").with_status(404));
    }
    if let Some(data) = &state_reason_data
        && serde_json::from_str::<serde_json::Value>(data).is_err()
    {
        return Err(Fault::new("InvalidFormat", "StateReasonData is not valid JSON."));
    }
    set(tx, &alarm_name, state_value, state_reason, state_reason_data);
    Ok(Nothing)
}

fn set(tx: &mut Tx<'_>, name: &str, state: StateValue, reason: String, data: Option<String>) {
    let now = tx.now;
    let Some(before) = tx.state.alarms.get(name).cloned() else { return };
    let changed = before.state != state;
    tx.state.alarms.update(name, |alarm| {
        alarm.state = state;
        alarm.reason = reason;
        alarm.reason_data = data;
        alarm.state_updated_at = now;
        if changed {
            alarm.transitioned_at = now;
        }
    });
    if !changed {
        return;
    }
    let Some(after) = tx.state.alarms.get(name).cloned() else { return };
    let side = |alarm: &Alarm| {
        let data = alarm.reason_data.as_deref().and_then(|data| serde_json::from_str(data).ok());
        let data: serde_json::Value = data.unwrap_or_default();
        json!({"stateValue": alarm.state.as_str(), "stateReason": alarm.reason, "stateReasonData": data})
    };
    let data = json!({"version": "1.0", "oldState": side(&before), "newState": side(&after)}).to_string();
    let summary = format!("Alarm updated from {} to {}", before.state, after.state);
    history::note(tx, name, HistoryItemType::StateUpdate, summary, data);
}

pub(super) fn enable_actions(tx: &mut Tx<'_>, request: EnableAlarmActionsInput) -> Result<Nothing, Fault> {
    let EnableAlarmActionsInput { alarm_names } = request;
    alarm_names.iter().for_each(|name| tx.state.alarms.update(name, |alarm| alarm.actions_enabled = true));
    Ok(Nothing)
}

pub(super) fn disable_actions(tx: &mut Tx<'_>, request: DisableAlarmActionsInput) -> Result<Nothing, Fault> {
    let DisableAlarmActionsInput { alarm_names } = request;
    alarm_names.iter().for_each(|name| tx.state.alarms.update(name, |alarm| alarm.actions_enabled = false));
    Ok(Nothing)
}

/// Deletes those of the alarms that there are ("DeleteAlarms"), with their history.
pub(super) fn delete(tx: &mut Tx<'_>, request: DeleteAlarmsInput) -> Result<Nothing, Fault> {
    let DeleteAlarmsInput { alarm_names } = request;
    for name in alarm_names {
        tx.state.alarms.remove(&name);
        let events: Vec<String> = tx.state.alarm_events.prefixed(&AlarmEvent::prefix(&name)).map(Record::key).collect();
        events.iter().for_each(|key| drop(tx.state.alarm_events.remove(key)));
    }
    Ok(Nothing)
}
