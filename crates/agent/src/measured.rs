//! What was measured on this host, on its way to the server: what the balancer has counted, and once a minute what tasks use.

use crate::{
    Config,
    client::{self, Client},
    clock,
};
use containers::Meter;
use http::Method;
use spec::{
    HostId, HostSpec, Millis, TaskId,
    connect::ConnectCounts,
    measured::{Measured, NodeCounts, TaskUsage},
};
use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::sync::watch;
use vpc::InterfaceId;

/// How long to wait before what was not taken in is said again.
const AGAIN: Duration = Duration::from_secs(1);

/// Says to the server what was measured.
#[derive(Debug, Clone)]
pub(crate) struct Reporter {
    server: Client,
    host: HostId,
}

impl Reporter {
    /// Of this host.
    pub(crate) fn new(config: &Config) -> Self {
        Self { server: Client::new(&config.socket), host: config.host.clone() }
    }

    /// What the balancer's nodes have counted. Returns when it is taken in.
    pub(crate) async fn nodes(&self, by: String, number: u64, at: Millis, nodes: BTreeMap<InterfaceId, NodeCounts>) {
        let tasks = BTreeMap::new();
        self.report(&Measured { host: self.host.clone(), by, number, at, nodes, tasks, connect: BTreeMap::new() })
            .await;
    }

    /// What a task's proxy has counted. Returns when it is taken in.
    pub(crate) async fn proxy(&self, by: String, number: u64, at: Millis, task: &TaskId, counts: ConnectCounts) {
        let (nodes, tasks) = (BTreeMap::new(), BTreeMap::new());
        let connect = [(task.clone(), counts)].into();
        self.report(&Measured { host: self.host.clone(), by, number, at, nodes, tasks, connect }).await;
    }

    async fn report(&self, measured: &Measured) {
        let Ok(body) = serde_json::to_vec(measured) else { return };
        while let Err(error) = self.say(body.clone()).await {
            // A server that is there and does not want it never will.
            if matches!(error, client::CallError::Refused { status, .. } if status.is_client_error()) {
                crate::complain(format_args!("reporting what was measured: {error}"));
                return;
            }
            tokio::time::sleep(AGAIN).await;
        }
    }

    async fn say(&self, body: Vec<u8>) -> Result<(), client::CallError> {
        self.server.call(Method::POST, "/_neargate/measured", &[], client::bytes(body)).await.map(drop)
    }
}

/// Measures at every full minute what tasks use, for ever.
pub(crate) async fn tasks(config: Arc<Config>, told: watch::Receiver<Arc<HostSpec>>) {
    let reporter = Reporter::new(&config);
    let (by, mut number) = (format!("agent {} {}", std::process::id(), clock::now()), 0);
    let mut before = HashMap::new();
    // Once a minute, as Amazon ECS does ("Amazon ECS CloudWatch metrics"). It is shorter where alarms' minutes are.
    let every = Millis::try_from(config.minute.as_millis()).unwrap_or(Millis::MAX).max(1);
    loop {
        let due = (clock::now().div_euclid(every) + 1) * every;
        tokio::time::sleep(Duration::from_millis((due - clock::now()).max(1).unsigned_abs())).await;
        let containers = |(id, task): (&TaskId, &spec::TaskSpec)| {
            let proxy = task.connect.iter().map(|connect| &connect.container);
            let names = task.containers.iter().map(|container| &container.name).chain(proxy);
            (id.clone(), names.cloned().collect::<Vec<_>>())
        };
        let wanted: Vec<_> = told.borrow().tasks.iter().map(containers).collect();
        let of = config.clone();
        let measured = tokio::task::spawn_blocking(move || {
            let tasks = wanted.iter().filter_map(|(id, names)| measure(&of, id, names, &mut before)).collect();
            before.retain(|(id, _), _| wanted.iter().any(|(wanted, _)| wanted == id));
            (tasks, before)
        });
        let tasks: BTreeMap<TaskId, TaskUsage>;
        (tasks, before) = measured.await.unwrap_or_default();
        if tasks.is_empty() {
            continue;
        }
        number += 1;
        let (host, nodes) = (reporter.host.clone(), BTreeMap::new());
        let report = Measured { host, by: by.clone(), number, at: due - 1, nodes, tasks, connect: BTreeMap::new() };
        // A server that is away for longer misses a minute.
        let most = config.minute.mul_f64(0.8);
        let _ = tokio::time::timeout(most, reporter.report(&report)).await;
    }
}

/// When a container was last looked at, and how much processor time it had used.
type Readings = HashMap<(TaskId, String), (Instant, u64)>;

/// What a task has used since the last time, if it was looked at before.
fn measure(config: &Config, id: &TaskId, names: &[String], before: &mut Readings) -> Option<(TaskId, TaskUsage)> {
    let meter = Meter::of(&config.task_dir(id))?;
    let (mut usage, mut any) = (TaskUsage::default(), false);
    for name in names {
        let Some(counters) = meter.container(name) else { continue };
        let (now, total) = (Instant::now(), counters.cpu.total);
        let cache =
            counters.memory.stat.get("total_inactive_file").or_else(|| counters.memory.stat.get("inactive_file"));
        usage.memory += counters.memory.usage.saturating_sub(cache.copied().unwrap_or(0));
        if let Some((then, used)) = before.insert((id.clone(), name.clone()), (now, total)) {
            any = true;
            usage.cpu += total.saturating_sub(used);
            let time = u64::try_from((now - then).as_nanos()).unwrap_or(u64::MAX);
            usage.time = usage.time.max(time);
        }
    }
    any.then(|| (id.clone(), usage))
}
