//! What the service scheduler says of a service ("Viewing Amazon ECS service event messages", Amazon ECS Developer Guide).

use crate::{
    Tx,
    state::{Record, Service, ServiceEvent, TaskTarget},
};
use spec::TaskId;

/// The newest are kept.
const KEPT: usize = 100;
/// For how long, in milliseconds, a warning is not said again.
const QUIET: i64 = 6 * 60 * 60 * 1000;
/// How many tasks one message names.
const TASKS: usize = 10;

/// Says something of a service: `(service NAME) …`.
pub(super) fn say(tx: &mut Tx<'_>, service: &Service, what: &str) {
    put(tx, service, format!("(service {}) {what}", service.name));
}

/// Says something that is wrong, unless it was said within the last six hours.
pub(super) fn warn(tx: &mut Tx<'_>, service: &Service, what: &str) {
    let message = format!("(service {}) {what}", service.name);
    let since = tx.now.millis - QUIET;
    let prefix = ServiceEvent::prefix(&service.cluster, &service.name);
    let said = |event: &ServiceEvent| event.created_at.millis > since && event.message == message;
    if !tx.state.service_events.prefixed(&prefix).any(said) {
        put(tx, service, message);
    }
}

/// Says that tasks were started or stopped, ten a message.
pub(super) fn say_tasks(
    tx: &mut Tx<'_>,
    service: &Service,
    tasks: &[TaskId],
    what: impl Fn(usize) -> (String, String),
) {
    for some in tasks.chunks(TASKS) {
        let (begin, end) = what(some.len());
        let names: Vec<String> = some.iter().map(|task| format!("(task {task})")).collect();
        say(tx, service, &format!("{begin}: {}.{end}", names.join(" ")));
    }
}

/// Says that so many targets were registered with a group, or taken out of it.
pub(super) fn say_targets(tx: &mut Tx<'_>, service: &Service, what: &str, count: usize, target: &TaskTarget) {
    say(tx, service, &format!("{what} {count} targets in (target-group {})", target.arn));
}

/// Says that connections of tasks of one deployment are being drained.
pub(super) fn say_draining(tx: &mut Tx<'_>, service: &Service, deployment: &str, count: usize) {
    let message =
        format!("(service {}, taskSet {deployment}) has begun draining connections on {count} tasks.", service.name);
    put(tx, service, message);
}

fn put(tx: &mut Tx<'_>, service: &Service, message: String) {
    let prefix = ServiceEvent::prefix(&service.cluster, &service.name);
    let known: Vec<(u64, String)> =
        tx.state.service_events.prefixed(&prefix).map(|event| (event.number, event.key())).collect();
    let number = known.last().map_or(0, |(number, _)| number + 1);
    for (_, key) in known.iter().take((known.len() + 1).saturating_sub(KEPT)) {
        tx.state.service_events.remove(key);
    }
    let event = ServiceEvent {
        cluster: service.cluster.clone(),
        service: service.name.clone(),
        number,
        id: tx.uuid(),
        created_at: tx.now,
        message,
    };
    tx.state.service_events.put(event);
}
