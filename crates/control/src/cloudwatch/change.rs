//! What changes alarms: their state, which they are shown to have or are given; whether they act; their end.

use super::{
    actions,
    evaluate::{self, Period},
    history,
};
use crate::{
    Tx, autoscaling,
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

/// What an alarm is shown.
#[derive(Debug, Clone, PartialEq)]
pub struct Shown {
    /// The alarm's name.
    pub name: String,
    /// The values of its periods, the newest last ([`evaluate::watched`] says which those are).
    pub periods: Vec<Period>,
    /// Which minute it is, by its number: scaling policies are invoked once in each minute of a state that they are actions for.
    pub minute: i64,
}

/// Shows alarms the values of their periods. Scaling policies that several of them invoke are decided about together.
pub fn observe(tx: &mut Tx<'_>, all: &[Shown]) {
    let mut invocations = Vec::new();
    for Shown { name, periods, minute } in all {
        let Some(alarm) = tx.state.alarms.get(name) else { continue };
        let verdict = evaluate::evaluate(alarm, periods, tx.now);
        let changes = verdict.is_some();
        if let Some(verdict) = verdict {
            set(tx, name, verdict.state, verdict.reason, Some(verdict.data));
        }
        if changes || tx.state.alarms.get(name).is_some_and(|alarm| actions::is_due(alarm, *minute)) {
            tx.state.alarms.update(name, |alarm| alarm.acted = Some(*minute));
            let newest = periods.iter().rfind(|period| period.value.is_some());
            let newest = newest.map_or(tx.now.millis, |period| period.start);
            let values = |alarm: &Alarm| evaluate::values(alarm, periods);
            invocations.extend(actions::invocations(&tx.state, name, values, newest));
        }
    }
    autoscaling::invoke(tx, &invocations);
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
    let before = tx.state.alarms.get(&alarm_name).map(|alarm| alarm.state);
    set(tx, &alarm_name, state_value, state_reason, state_reason_data);
    if before != Some(state_value) {
        // "If an alarm triggers … Auto Scaling policies, you must include information in the StateReasonData parameter".
        let minute = tx.now.millis.div_euclid(tx.state.region.minute.max(1));
        tx.state.alarms.update(&alarm_name, |alarm| alarm.acted = Some(minute));
        let invocations = actions::invocations(&tx.state, &alarm_name, actions::told, tx.now.millis);
        autoscaling::invoke(tx, &invocations);
    }
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
    actions::note(tx, &before, &after);
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
    alarm_names.iter().for_each(|name| remove(tx, name));
    Ok(Nothing)
}

/// Forgets an alarm, and its history.
pub(crate) fn remove(tx: &mut Tx<'_>, name: &str) {
    tx.state.alarms.remove(name);
    let events: Vec<String> = tx.state.alarm_events.prefixed(&AlarmEvent::prefix(name)).map(Record::key).collect();
    events.iter().for_each(|key| drop(tx.state.alarm_events.remove(key)));
}
