//! CloudWatch alarms, and what became of them.

use super::{Record, Tags};
use aws::{
    api::cloudwatch::{HistoryItemType, PutMetricAlarmInput, StateValue},
    doc::Timestamp,
};
use serde::{Deserialize, Serialize};

/// An alarm on one metric.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Alarm {
    /// Unique in the region.
    pub name: String,
    /// The call that made it what it is; its tags apart.
    pub what: PutMetricAlarmInput,
    /// Whether its actions are enabled.
    pub actions_enabled: bool,
    /// When it was last made or changed.
    pub updated_at: Timestamp,
    /// Its state.
    pub state: StateValue,
    /// Why, in words.
    pub reason: String,
    /// Why, as JSON.
    pub reason_data: Option<String>,
    /// When state or reason last changed.
    pub state_updated_at: Timestamp,
    /// When the state last became another one.
    pub transitioned_at: Timestamp,
    /// The minute in which it last invoked scaling policies, by its number.
    pub acted: Option<i64>,
    /// Its tags.
    pub tags: Tags,
}

impl Record for Alarm {
    const TABLE: &'static str = "alarm";
    fn key(&self) -> String {
        self.name.clone()
    }
}

/// Something that happened to an alarm.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AlarmEvent {
    /// The alarm.
    pub alarm: String,
    /// Its place among those of the alarm.
    pub number: u64,
    /// When.
    pub at: Timestamp,
    /// What kind of thing.
    pub kind: HistoryItemType,
    /// What, in words.
    pub summary: String,
    /// What, as JSON.
    pub data: String,
}

impl AlarmEvent {
    /// What the keys of an alarm's events start with; no name of an alarm has that character.
    pub fn prefix(alarm: &str) -> String {
        format!("{alarm}\u{1}")
    }
}

impl Record for AlarmEvent {
    const TABLE: &'static str = "alarm_event";
    fn key(&self) -> String {
        format!("{}{:020}", Self::prefix(&self.alarm), self.number)
    }
}
