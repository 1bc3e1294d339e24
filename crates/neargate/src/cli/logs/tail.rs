//! Reading log events to their end, and beyond it as more come.

use super::{source::Source, terminal::harmless};
use crate::cli::{Failure, Output, region::Region};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::{
    borrow::Cow,
    collections::BTreeMap,
    io::{self, Write},
    time::Duration,
};

/// How often more is looked for.
const PAUSE: Duration = Duration::from_millis(500);
/// Events come in within this time of having happened, or are printed only by a command that begins later. Milliseconds.
const LATE: i64 = 10_000;

/// What is read, and how it is printed.
pub struct Tail<'r> {
    pub region: &'r Region,
    pub source: Source,
    pub filter: Option<String>,
    pub output: Output,
    /// Whether it is printed on a terminal.
    pub terminal: bool,
}

/// Why it ended early.
pub enum Stopped {
    Read(Failure),
    Write(io::Error),
}

impl From<Failure> for Stopped {
    fn from(failure: Failure) -> Self {
        Self::Read(failure)
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Page {
    #[serde(default)]
    events: Vec<Event>,
    next_token: Option<String>,
}

#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
struct Event {
    log_stream_name: String,
    timestamp: i64,
    message: String,
    event_id: String,
}

/// Which events were printed already, of those that may be read again.
#[derive(Default)]
struct Printed(BTreeMap<(i64, String), ()>);

impl Tail<'_> {
    /// Prints what is there since a time; when following, what comes too, until the task has stopped.
    pub async fn print(&self, since: i64, follow: bool, out: &mut impl Write) -> Result<(), Stopped> {
        let (mut since, mut printed) = (since, Printed::default());
        loop {
            // Asked before reading: what a stopped task wrote is there by then.
            let ended = !follow || self.has_stopped().await?;
            let mut latest = since;
            for (group, streams) in &self.source.groups {
                match self.read(group, streams, since, &mut printed, out).await? {
                    Some(newest) => latest = latest.max(newest),
                    None if follow || self.source.task.is_some() => {}
                    None => return Err(Failure(format!("there is no log group {group}")).into()),
                }
            }
            out.flush().map_err(Stopped::Write)?;
            if ended {
                return Ok(self.started().await?);
            }
            since = since.max(latest - LATE);
            printed.forget_before(since);
            tokio::time::sleep(PAUSE).await;
        }
    }

    async fn has_stopped(&self) -> Result<bool, Failure> {
        let task = self.task().await?;
        Ok(self.source.task.is_some() && task["lastStatus"].as_str().is_none_or(|status| status == "STOPPED"))
    }

    /// Fails for a task that never started: why not is what its reader is after.
    async fn started(&self) -> Result<(), Failure> {
        let task = self.task().await?;
        match (task["stopCode"].as_str(), task["stoppedReason"].as_str()) {
            (Some("TaskFailedToStart"), Some(reason)) => Err(Failure(format!("the task failed to start: {reason}"))),
            _ => Ok(()),
        }
    }

    /// Amazon ECS's description of the task, if it is one's log that is read.
    async fn task(&self) -> Result<Value, Failure> {
        let Some((cluster, arn)) = &self.source.task else { return Ok(Value::Null) };
        let answer = self.region.ecs("DescribeTasks", &json!({ "cluster": cluster, "tasks": [arn] })).await?;
        Ok(answer["tasks"][0].clone())
    }

    /// Prints every page of some streams. Returns the newest event's time; `None` when there is no such log group.
    async fn read(
        &self,
        group: &str,
        streams: &BTreeMap<String, String>,
        since: i64,
        printed: &mut Printed,
        out: &mut impl Write,
    ) -> Result<Option<i64>, Stopped> {
        let mut request = json!({ "logGroupName": group, "startTime": since });
        if let Some(pattern) = &self.filter {
            request["filterPattern"] = json!(pattern);
        }
        if !streams.is_empty() {
            // FilterLogEvents wants all to be there, and a container that was not started yet has none.
            let there = self.there(group, streams).await?;
            if there.is_empty() {
                return Ok(Some(since));
            }
            request["logStreamNames"] = json!(there);
        }
        let mut latest = since;
        loop {
            let Some(answer) = self.region.logs("FilterLogEvents", &request).await? else { return Ok(None) };
            let page: Page = serde_json::from_value(answer).map_err(Failure::from)?;
            for event in page.events {
                latest = latest.max(event.timestamp);
                if printed.add(&event) {
                    self.line(&event, out).map_err(Stopped::Write)?;
                }
            }
            match page.next_token {
                Some(token) => request["nextToken"] = json!(token),
                None => return Ok(Some(latest)),
            }
        }
    }

    /// Those of the streams that have been made.
    async fn there<'a>(&self, group: &str, streams: &'a BTreeMap<String, String>) -> Result<Vec<&'a String>, Failure> {
        let mut there = Vec::new();
        for name in streams.keys() {
            let request = json!({ "logGroupName": group, "logStreamNamePrefix": name });
            let answer = self.region.logs("DescribeLogStreams", &request).await?.unwrap_or_default();
            let found = answer["logStreams"].as_array().into_iter().flatten();
            there.extend(found.filter(|stream| stream["logStreamName"] == **name).map(|_| name));
        }
        Ok(there)
    }

    /// Time, where from if that is not clear, and text.
    fn line(&self, event: &Event, out: &mut impl Write) -> io::Result<()> {
        if self.output == Output::Json {
            return writeln!(out, "{}", serde_json::to_string(event)?);
        }
        let streams: Vec<(&String, &String)> = self.source.groups.values().flatten().collect();
        let time = jiff::Timestamp::from_millisecond(event.timestamp).unwrap_or_default();
        let time = time.strftime("%Y-%m-%dT%H:%M:%S%.3fZ");
        let shown = |text| if self.terminal { harmless(text) } else { Cow::Borrowed(text) };
        let text = shown(event.message.trim_end_matches('\n'));
        match streams.as_slice() {
            [_] => writeln!(out, "{time} {text}"),
            several => {
                let name = several.iter().find(|(stream, _)| **stream == event.log_stream_name);
                writeln!(out, "{time} {} {text}", shown(name.map_or(&event.log_stream_name, |(_, name)| *name)))
            }
        }
    }
}

impl Printed {
    /// False if it was there.
    fn add(&mut self, event: &Event) -> bool {
        self.0.insert((event.timestamp, event.event_id.clone()), ()).is_none()
    }

    fn forget_before(&mut self, time: i64) {
        self.0 = self.0.split_off(&(time, String::new()));
    }
}
