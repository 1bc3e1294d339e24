//! How far a stack is: its events, those of stacks in it, and its services, as lines. Pure.

use crate::cli::services::{Service, StoppedTask};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};

/// The type that a stack has among its own events and those of the stack above it.
const STACK: &str = "AWS::CloudFormation::Stack";
const SERVICE: &str = "AWS::ECS::Service";
/// What reasons say that explain nothing.
const SAYS_NOTHING: [&str; 3] = ["Resource creation Initiated", "User Initiated", "Resource creation cancelled"];

/// An event, in the words of DescribeStackEvents.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Event {
    pub stack_id: String,
    pub event_id: String,
    pub logical_resource_id: String,
    #[serde(default)]
    pub physical_resource_id: String,
    pub resource_type: String,
    /// Seconds since the epoch.
    pub timestamp: f64,
    pub resource_status: String,
    pub resource_status_reason: Option<String>,
}

impl Event {
    /// Whether it is of a stack rather than of something in it.
    fn is_of_stack(&self) -> bool {
        self.resource_type == STACK && self.physical_resource_id == self.stack_id
    }

    /// It in a line, with the time of day (UTC); `path` is where its stack is in the one above.
    fn line(&self, path: &str) -> String {
        let Self { logical_resource_id, physical_resource_id, resource_type, resource_status, .. } = self;
        let at = jiff::Timestamp::from_second(self.timestamp as i64).unwrap_or_default().strftime("%H:%M:%S");
        let id = Some(physical_resource_id.as_str()).filter(|id| !id.is_empty());
        let parts = id.into_iter().chain(self.resource_status_reason.as_deref());
        let start = format!("{at}  {resource_status:28}  {path}{logical_resource_id}  {resource_type}");
        parts.fold(start, |line, part| line + "  " + part)
    }
}

/// A line of the tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    pub text: String,
    /// Whether it is of something that is done: the first to be left out where there is no room.
    pub done: bool,
}

/// Something of a stack, as its last event tells.
#[derive(Debug)]
struct Row {
    stack: String,
    logical_id: String,
    kind: String,
    physical_id: String,
    status: String,
    reason: Option<String>,
    began: f64,
    changed: f64,
}

impl Row {
    fn is_busy(&self) -> bool {
        self.status.ends_with("_IN_PROGRESS")
    }

    fn failed(&self) -> bool {
        self.status.ends_with("_FAILED")
    }

    fn mark(&self) -> char {
        match (self.failed(), self.is_busy()) {
            (true, _) => '✗',
            (false, true) => '…',
            (false, false) => '✓',
        }
    }
}

/// What failed first, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failed {
    pub what: String,
    pub reason: String,
}

/// How far it is.
#[derive(Debug)]
pub struct Progress {
    root: String,
    name: String,
    status: String,
    began: Option<f64>,
    rows: Vec<Row>,
    /// What will be there and is not yet: logical ids and types.
    expected: Vec<(String, String)>,
    services: BTreeMap<String, Service>,
    stopped: BTreeMap<String, BTreeSet<StoppedTask>>,
    failures: Vec<Failed>,
    seen: BTreeSet<String>,
}

impl Progress {
    /// Of a stack of that id, of which nothing is known yet but what will be in it.
    pub fn new(root: &str, expected: Vec<(String, String)>) -> Self {
        Self {
            root: root.to_owned(),
            name: String::new(),
            status: String::new(),
            began: None,
            rows: Vec::new(),
            expected,
            services: BTreeMap::new(),
            stopped: BTreeMap::new(),
            failures: Vec::new(),
            seen: BTreeSet::new(),
        }
    }

    /// Takes in an event, and returns it as a line; none if it was there already.
    pub fn take(&mut self, event: Event) -> Option<String> {
        if !self.seen.insert(event.event_id.clone()) {
            return None;
        }
        let began = *self.began.get_or_insert(event.timestamp);
        let path = self.path(&event.stack_id);
        if event.stack_id != self.root && event.timestamp < began {
            return None;
        }
        let line = event.line(&path);
        if event.resource_status.ends_with("_FAILED")
            && let Some(reason) = event.resource_status_reason.as_deref().filter(|reason| explains(reason))
        {
            let what = format!("{path}{} ({})", event.logical_resource_id, event.resource_type);
            self.failures.push(Failed { what, reason: reason.to_owned() });
        }
        if event.is_of_stack() {
            if event.stack_id == self.root {
                self.name = event.logical_resource_id;
                self.status = event.resource_status;
            }
            return Some(line);
        }
        self.put(event);
        Some(line)
    }

    fn put(&mut self, event: Event) {
        let deletes = event.resource_status.starts_with("DELETE_");
        let row = self.rows.iter_mut().rev().find(|row| {
            // What is deleted after something took its place has a line of its own.
            let other = deletes
                && !row.status.starts_with("DELETE_")
                && !row.physical_id.is_empty()
                && row.physical_id != event.physical_resource_id;
            row.stack == event.stack_id && row.logical_id == event.logical_resource_id && !other
        });
        let Some(row) = row else {
            self.rows.push(Row {
                stack: event.stack_id,
                logical_id: event.logical_resource_id,
                kind: event.resource_type,
                physical_id: event.physical_resource_id,
                status: event.resource_status,
                reason: event.resource_status_reason,
                began: event.timestamp,
                changed: event.timestamp,
            });
            return;
        };
        if !row.is_busy() {
            row.began = event.timestamp;
        }
        row.physical_id = event.physical_resource_id;
        row.status = event.resource_status;
        row.reason = event.resource_status_reason;
        row.changed = event.timestamp;
    }

    /// Takes in how a service is. Returns what is new of it, as lines.
    pub fn take_service(&mut self, arn: &str, service: Service, stopped: Vec<StoppedTask>) -> Vec<String> {
        let before = self.services.get(arn).map(Service::lines).unwrap_or_default();
        let mut lines: Vec<String> = service.lines().into_iter().filter(|line| !before.contains(line)).collect();
        let known = self.stopped.entry(arn.to_owned()).or_default();
        for task in stopped {
            if known.insert(task.clone()) {
                lines.push(stopped_line(&task));
            }
        }
        self.services.insert(arn.to_owned(), service);
        lines
    }

    /// The ids of the stack and of all in it whose events are of interest.
    pub fn stacks(&self) -> Vec<String> {
        let nested = self.rows.iter().filter(|row| row.kind == STACK && !row.physical_id.is_empty());
        std::iter::once(&self.root).chain(nested.map(|row| &row.physical_id)).cloned().collect()
    }

    /// Whether an event is known, or of a time before all this.
    pub fn knows(&self, event: &Event) -> bool {
        self.seen.contains(&event.event_id)
            || (event.stack_id != self.root && self.began.is_some_and(|began| event.timestamp < began))
    }

    /// When it began, in seconds since the epoch.
    pub fn began(&self) -> f64 {
        self.began.unwrap_or_default()
    }

    /// The ARNs of services that are on their way.
    pub fn services(&self) -> Vec<String> {
        let busy = self.rows.iter().filter(|row| row.kind == SERVICE && row.is_busy() && !row.physical_id.is_empty());
        busy.map(|row| row.physical_id.clone()).collect()
    }

    /// What failed, in the order in which it did.
    pub fn failures(&self) -> &[Failed] {
        &self.failures
    }

    /// What became of tasks that stopped by themselves.
    pub fn stopped(&self) -> Vec<String> {
        self.stopped.values().flatten().map(stopped_line).collect()
    }

    /// All of it as a tree, in the order in which it was begun, which is that of dependencies. `now` is in seconds since the epoch.
    pub fn tree(&self, now: f64) -> Vec<Line> {
        let head = format!("{}  {}  {}", self.name, self.status, took(now - self.began.unwrap_or(now)));
        let mut lines = vec![Line { text: head, done: false }];
        self.branch(&self.root, 1, now, &mut lines);
        let begun = |id: &str| self.rows.iter().any(|row| row.stack == self.root && row.logical_id == id);
        let waiting = self.expected.iter().filter(|(id, _)| self.status == "CREATE_IN_PROGRESS" && !begun(id));
        lines.extend(waiting.map(|(id, kind)| Line { text: format!("  · {id}  {kind}"), done: false }));
        lines
    }

    fn branch(&self, stack: &str, depth: usize, now: f64, lines: &mut Vec<Line>) {
        // As deep as CloudFormation itself would go, with room to spare.
        if depth > 32 {
            return;
        }
        let indent = "  ".repeat(depth);
        for row in self.rows.iter().filter(|row| row.stack == stack) {
            let Row { logical_id, kind, physical_id, status, .. } = row;
            let until = if row.is_busy() { now } else { row.changed };
            let text = format!(
                "{indent}{} {logical_id}  {kind}  {status}  {}  {physical_id}",
                row.mark(),
                took(until - row.began)
            );
            let done = !row.is_busy() && !row.failed();
            lines.push(Line { text: text.trim_end().to_owned(), done });
            if !done && let Some(reason) = row.reason.as_deref().filter(|reason| explains(reason)) {
                lines.push(Line { text: format!("{indent}    {reason}"), done });
            }
            if row.kind == STACK {
                self.branch(physical_id, depth + 1, now, lines);
            }
            if row.kind == SERVICE && !done {
                let said = self.services.get(physical_id).map(Service::tree).unwrap_or_default();
                let stopped = self.stopped.get(physical_id).into_iter().flatten().map(stopped_line);
                let said = said.into_iter().skip(1).chain(stopped);
                lines.extend(said.map(|line| Line { text: format!("{indent}    {}", line.trim_start()), done }));
            }
        }
    }

    /// Where a stack is in the one above all: `Network/` for the one that the resource `Network` is.
    fn path(&self, stack: &str) -> String {
        let mut names = Vec::new();
        let mut at = stack;
        while let Some(row) = self.rows.iter().find(|row| row.kind == STACK && row.physical_id == at) {
            names.push(format!("{}/", row.logical_id));
            if row.stack == at || names.len() > 32 {
                break;
            }
            at = &row.stack;
        }
        names.into_iter().rev().collect()
    }
}

fn explains(reason: &str) -> bool {
    !SAYS_NOTHING.contains(&reason)
}

fn stopped_line(task: &StoppedTask) -> String {
    format!("task {} stopped: {}", task.task, task.reason)
}

/// How long something took.
pub fn took(seconds: f64) -> String {
    format!("{:.1} s", seconds.max(0.0))
}

#[cfg(test)]
mod tests;
