//! What the CLI shows: whether the region is there, what its hosts do, and where each task is. Read from what hosts are told, so that
//! it is true of the packets too.

use crate::app::App;
use aws::api::ecs::TaskStopCode;
use control::host::host_spec;
use control::state::Task;
use serde::Serialize;
use serde_json::{Value, json};
use spec::{HostSpec, TaskSpec};
use std::cmp::Reverse;
use std::sync::atomic::Ordering;

/// Tasks that failed to start are told of so many, the latest first.
const FAILED: usize = 20;

/// `GET /_neargate/health`.
pub(crate) fn health(app: &App) -> Value {
    json!({
        "status": "ready",
        "region": app.config.region,
        "account": app.config.account,
        "revision": app.core.state().revision,
    })
}

/// `GET /_neargate/status`.
pub(crate) fn status(app: &App) -> Value {
    let state = app.core.state();
    let now = app.core.clock().now().millis;
    let hosts: Vec<Value> = state
        .hosts
        .iter()
        .map(|host| {
            let seen = state.seen.get(&host.id);
            json!({
                "host": host.id,
                "lost": host.lost.is_some(),
                "seenMillisecondsAgo": seen.map(|seen| now - seen.at),
                "observedRevision": seen.map(|seen| seen.observed),
                "capacity": host.capacity,
                "tasks": host_spec(&state, &host.id).tasks.len(),
            })
        })
        .collect();
    json!({
        "status": "ready",
        "version": env!("CARGO_PKG_VERSION"),
        "region": app.config.region,
        "account": app.config.account,
        "dataDirectory": app.config.data_dir,
        "processId": std::process::id(),
        "uptimeSeconds": app.started.elapsed().as_secs(),
        "revision": state.revision,
        "syncs": app.seats.syncs.load(Ordering::Relaxed),
        "hosts": hosts,
    })
}

/// `GET /_neargate/topology`: the region's networks whole, as every host is told them.
pub(crate) fn topology(app: &App) -> impl Serialize + use<> {
    control::ec2::topology(&app.core.state())
}

/// `GET /_neargate/zones`: the hosted zones, as resolvers answer from them.
pub(crate) fn zones(app: &App) -> impl Serialize + use<> {
    control::route53::zones(&app.core.state())
}

/// One task on its host.
#[derive(Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Placed {
    task: String,
    arn: String,
    host: String,
    desired: spec::Desired,
    vpc: String,
    network_interface: String,
    private_address: Option<String>,
    public_address: Option<String>,
    hostname: String,
    containers: Vec<String>,
    essential_containers: Vec<String>,
}

/// `GET /_neargate/tasks`: every task that is placed on a host.
pub(crate) fn tasks(app: &App) -> Value {
    let state = app.core.state();
    let of_host = |host: &control::state::Host| {
        let told = host_spec(&state, &host.id);
        told.tasks.iter().map(|(id, task)| placed(&host.id.to_string(), id.as_ref(), task, &told)).collect::<Vec<_>>()
    };
    let placed: Vec<Placed> = state.hosts.iter().flat_map(of_host).collect();
    json!({ "tasks": placed })
}

fn placed(host: &str, id: &str, task: &TaskSpec, told: &HostSpec) -> Placed {
    let interface = told.topology.vpcs.get(&task.vpc).and_then(|vpc| vpc.interfaces.get(&task.interface));
    Placed {
        task: id.to_owned(),
        arn: task.arn.clone(),
        host: host.to_owned(),
        desired: task.desired,
        vpc: task.vpc.to_string(),
        network_interface: task.interface.to_string(),
        private_address: interface.map(|interface| interface.private_ip.to_string()),
        public_address: interface
            .and_then(|interface| interface.public_ips.get(&interface.private_ip))
            .map(|address| address.to_string()),
        hostname: task.hostname.clone(),
        containers: task.containers.iter().map(|container| container.name.clone()).collect(),
        essential_containers: task.containers.iter().filter(|c| c.essential).map(|c| c.name.clone()).collect(),
    }
}

/// `GET /_neargate/stopped`: tasks that failed to start within the last hour, with the interfaces they had: what they could not reach can
/// still be explained.
pub(crate) fn failed_to_start(app: &App) -> Value {
    let state = app.core.state();
    let tasks = state.stopped_tasks.iter().map(|stopped| &stopped.0);
    let mut failed: Vec<&Task> = tasks
        .filter(|task| task.stop.as_ref().is_some_and(|stop| stop.code == TaskStopCode::TaskFailedToStart))
        .collect();
    failed.sort_by_key(|task| Reverse(task.times.stopped_at));
    let shown = failed.into_iter().take(FAILED).filter_map(|task| {
        let (interface, stop) = (task.attachment.interface.as_ref()?, task.stop.as_ref()?);
        let had = control::ecs::former_interface(&state, task)?;
        Some(json!({
            "task": task.id,
            "arn": control::ecs::task_arn(&state.region, task),
            "stoppedReason": stop.reason,
            "vpc": interface.vpc,
            "networkInterface": interface.id,
            "interface": had,
        }))
    });
    json!({ "tasks": shown.collect::<Vec<_>>() })
}
