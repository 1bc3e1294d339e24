//! What tasks use.

use super::{Reporter, minute, next};
use crate::{Config, clock};
use containers::{Counters, Meter, counters::Io};
use spec::{
    HostSpec, TaskId,
    measured::{ContainerUsage, Measured, TaskUsage},
};
use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
    time::Instant,
};
use tokio::sync::watch;

/// Measures at every full minute what tasks use, as Amazon ECS does ("Amazon ECS CloudWatch metrics"), for ever.
pub(crate) async fn tasks(config: Arc<Config>, told: watch::Receiver<Arc<HostSpec>>) {
    let reporter = Reporter::new(&config);
    let (by, mut number) = (format!("agent {} {}", std::process::id(), clock::now()), 0);
    let mut before = Readings::new();
    loop {
        let due = next(minute(&config)).await;
        let wanted: Vec<Wanted> = told.borrow().tasks.iter().map(Wanted::of).collect();
        let of = config.clone();
        let measured = tokio::task::spawn_blocking(move || {
            let tasks = wanted.iter().filter_map(|task| Some((task.id.clone(), measure(&of, task, &mut before)?)));
            let tasks: BTreeMap<TaskId, TaskUsage> = tasks.collect();
            before.retain(|(id, _), _| wanted.iter().any(|wanted| wanted.id == *id));
            (tasks, before)
        });
        let tasks;
        (tasks, before) = measured.await.unwrap_or_default();
        if tasks.is_empty() {
            continue;
        }
        number += 1;
        let report = Measured { tasks, ..reporter.nothing(by.clone(), number, due - 1) };
        // A server that is away for longer misses a minute.
        let most = config.minute.mul_f64(0.8);
        let _ = tokio::time::timeout(most, reporter.report(&report)).await;
    }
}

/// A task that is measured.
struct Wanted {
    id: TaskId,
    containers: Vec<String>,
    /// Whether what it has on disk is, too.
    storage: bool,
}

impl Wanted {
    fn of((id, task): (&TaskId, &spec::TaskSpec)) -> Self {
        let proxy = task.connect.iter().map(|connect| &connect.container);
        let containers = task.containers.iter().map(|container| &container.name).chain(proxy);
        Self { id: id.clone(), containers: containers.cloned().collect(), storage: task.insights }
    }
}

/// What was counted of a container until then: nanoseconds of processor time, and bytes that its task's interface took in and gave out.
#[derive(Debug, Clone, Copy)]
struct Reading {
    at: Instant,
    cpu: u64,
    received: u64,
    sent: u64,
}

/// By task and container.
type Readings = HashMap<(TaskId, String), Reading>;

/// What a task has used since the last time, if it was looked at before.
fn measure(config: &Config, task: &Wanted, before: &mut Readings) -> Option<TaskUsage> {
    let directory = config.task_dir(&task.id);
    let meter = Meter::of(&directory)?;
    let mut usage = TaskUsage::default();
    for name in &task.containers {
        let Some(counters) = meter.container(name) else { continue };
        let networks = || counters.networks.values();
        let now = Reading {
            at: Instant::now(),
            cpu: counters.cpu.total,
            received: networks().map(|of| of.rx_bytes).sum(),
            sent: networks().map(|of| of.tx_bytes).sum(),
        };
        let Some(then) = before.insert((task.id.clone(), name.clone()), now) else {
            usage.memory += memory(&counters);
            continue;
        };
        let one = ContainerUsage {
            cpu: now.cpu.saturating_sub(then.cpu),
            memory: memory(&counters),
            read: bytes(&counters.io_bytes, "Read"),
            written: bytes(&counters.io_bytes, "Write"),
        };
        usage.cpu += one.cpu;
        usage.memory += one.memory;
        usage.time = usage.time.max(u64::try_from((now.at - then.at).as_nanos()).unwrap_or(u64::MAX));
        // The interface is the task's, whichever of its containers is asked.
        usage.received = usage.received.max(now.received.saturating_sub(then.received));
        usage.sent = usage.sent.max(now.sent.saturating_sub(then.sent));
        usage.containers.insert(name.clone(), one);
    }
    if usage.containers.is_empty() {
        return None;
    }
    usage.storage = if task.storage { containers::usage::usage(&directory).ok() } else { None };
    Some(usage)
}

/// Bytes of memory without what can be dropped.
fn memory(counters: &Counters) -> u64 {
    let stat = |name: &str| counters.memory.stat.get(name);
    let cache = stat("total_inactive_file").or_else(|| stat("inactive_file"));
    counters.memory.usage.saturating_sub(cache.copied().unwrap_or(0))
}

/// Bytes of one operation, on all disks.
fn bytes(disks: &[Io], operation: &str) -> u64 {
    disks.iter().filter(|disk| disk.operation == operation).map(|disk| disk.value).sum()
}
