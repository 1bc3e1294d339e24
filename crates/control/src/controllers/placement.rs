//! Which host a task runs on.
//!
//! A task's CPU and memory are ceilings, not reservations: Fargate has no host whose room a user could see run out, so a
//! region of one laptop takes whatever it is given and the kernel shares it out. Tasks go where the least is promised.

use super::tasks_that;
use crate::{Tx, state::Status};
use spec::HostId;
use std::collections::BTreeMap;

/// What a host has promised so far: MiB of memory, CPU units, tasks.
#[derive(Debug, Clone, Copy, Default)]
struct Promised {
    memory: u64,
    cpu: u64,
    tasks: u64,
}

/// Places every task that waits for a host. One for which there is no host goes on waiting.
pub fn run(tx: &mut Tx<'_>) {
    let waiting =
        tasks_that(&tx.state, |task| task.status == Status::Pending && task.host.is_none() && task.stopping.is_none());
    if waiting.is_empty() {
        return;
    }
    let mut promised: BTreeMap<HostId, Promised> = BTreeMap::new();
    for task in tx.state.tasks.iter() {
        if let Some(host) = &task.host {
            add(promised.entry(host.clone()).or_default(), task.launch.memory, task.launch.cpu);
        }
    }
    for id in waiting {
        let Some(task) = tx.state.tasks.get(&id) else { continue };
        let (memory, cpu, architecture) = (task.launch.memory, task.launch.cpu, &task.launch.architecture);
        let usable =
            tx.state.hosts.iter().filter(|host| host.lost.is_none() && host.capacity.architecture == *architecture);
        let load = |host: &HostId, capacity: &spec::Capacity| {
            let promised = promised.get(host).copied().unwrap_or_default();
            // Thousandths of what the host has, so that a big host gets more.
            let memory = (promised.memory << 20).saturating_mul(1000) / capacity.memory.max(1);
            let cpu = promised.cpu.saturating_mul(1000) / u64::from(capacity.cpu.max(1));
            (memory.max(cpu), promised.tasks)
        };
        let Some(best) = usable.min_by_key(|host| load(&host.id, &host.capacity)).map(|host| host.id.clone()) else {
            continue;
        };
        add(promised.entry(best.clone()).or_default(), memory, cpu);
        tx.state.tasks.update(&id, |task| task.host = Some(best));
    }
}

fn add(promised: &mut Promised, memory: u32, cpu: u32) {
    promised.memory += u64::from(memory);
    promised.cpu += u64::from(cpu);
    promised.tasks += 1;
}
