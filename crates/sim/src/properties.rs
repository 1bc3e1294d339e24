//! What must be so.
//!
//! Never: two tasks with one address anywhere; an address given again while a kernel still has it; a container started twice or
//! without its task's network; a task that goes back in its life; a task stopped for a fault of the infrastructure that did not
//! happen. In the end: what should run runs, what should not is gone without a trace, and the interfaces in use are the live tasks'.

use crate::machine::{Link, Machine};
use aws::api::ecs::TaskStopCode;
use control::{State, state::Status};
use spec::{Desired, Phase, TaskId};
use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
};
use vpc::VpcId;

/// What is remembered from step to step.
#[derive(Debug, Default)]
pub(crate) struct Properties {
    revision: u64,
    last: BTreeMap<TaskId, (Status, i64)>,
}

impl Properties {
    /// Looks at everything after a step.
    pub(crate) fn at_every_step(&mut self, state: &State, machines: &[Machine]) -> Result<(), String> {
        addresses(state, machines)?;
        containers(machines)?;
        if state.revision == self.revision {
            return Ok(());
        }
        self.revision = state.revision;
        self.lives(state)?;
        causes(state, machines)
    }

    /// A task's status only moves on, and its version grows whenever it does.
    fn lives(&mut self, state: &State) -> Result<(), String> {
        let stopped = state.stopped_tasks.iter().map(|stopped| &stopped.0);
        let mut now = BTreeMap::new();
        for task in state.tasks.iter().chain(stopped) {
            if let Some((status, version)) = self.last.get(&task.id) {
                let moved = task.status != *status;
                if task.status < *status || task.version < *version || (moved && task.version == *version) {
                    return Err(format!(
                        "{} went from {status:?} (version {version}) to {:?} ({})",
                        task.id, task.status, task.version
                    ));
                }
            }
            now.insert(task.id.clone(), (task.status, task.version));
        }
        if let Some(gone) = self.last.iter().find(|(id, _)| !now.contains_key(*id)) {
            return Err(format!("{} is gone although it stopped less than an hour ago", gone.0));
        }
        self.last = now;
        Ok(())
    }

    /// Looks at everything after the faults have ended and time has passed.
    pub(crate) fn in_the_end(&self, state: &State, machines: &[Machine]) -> Result<(), String> {
        let live: BTreeSet<&TaskId> = state.tasks.iter().map(|task| &task.id).collect();
        for task in state.tasks.iter() {
            if task.desired != Desired::Running || task.status != Status::Running {
                return Err(format!(
                    "{} is {:?} and should be {:?}: {:?}",
                    task.id, task.status, task.desired, task.word
                ));
            }
            let host = machines.iter().find(|machine| task.is_on(&machine.id));
            let Some(host) = host.filter(|host| host.links.contains_key(&task.id)) else {
                return Err(format!("{} should run and has no network on {:?}", task.id, task.host));
            };
            for (of, is) in task.each_container() {
                let runs = host.running.contains(&(task.id.clone(), of.name.clone()));
                if runs != (is.phase == Phase::Running) {
                    return Err(format!("container {} of {} is {:?}, but runs: {runs}", of.name, task.id, is.phase));
                }
            }
        }
        for machine in machines {
            let there: BTreeSet<&TaskId> = machine.links.keys().chain(machine.tasks.keys()).collect();
            if let Some(left) = there.iter().find(|id| !live.contains(*id)) {
                return Err(format!("{left} is stopped and something of it is left on {}", machine.id));
            }
            if let Some(lost) = state.hosts.get(&machine.id).and_then(|host| host.lost) {
                return Err(format!("{} is back and still counts as lost at {lost}", machine.id));
            }
        }
        if state.network_interfaces.len() != live.len() {
            return Err(format!(
                "{} tasks live and {} interfaces are in use",
                live.len(),
                state.network_interfaces.len()
            ));
        }
        Ok(())
    }
}

/// No address is twice in the kernels, and none that a kernel has is another interface's by now.
fn addresses(state: &State, machines: &[Machine]) -> Result<(), String> {
    let mut owners: BTreeMap<(&VpcId, IpAddr), (&TaskId, &Link)> = BTreeMap::new();
    for (task, link) in machines.iter().flat_map(|machine| &machine.links) {
        if let Some((other, _)) = owners.insert((&link.vpc, link.address), (task, link)) {
            return Err(format!("{} is held by {task} and by {other}", link.address));
        }
    }
    for interface in state.network_interfaces.iter() {
        if let Some((task, link)) = owners.get(&(&interface.vpc, interface.private_ip))
            && link.interface != interface.id
        {
            return Err(format!("{} was given to {} while {task} still has it", interface.private_ip, interface.id));
        }
    }
    Ok(())
}

fn containers(machines: &[Machine]) -> Result<(), String> {
    for machine in machines {
        if let Some((task, name)) = &machine.started_twice {
            return Err(format!("container {name} of {task} was started twice"));
        }
        if let Some((task, name)) = machine.running.iter().find(|(task, _)| !machine.links.contains_key(task)) {
            return Err(format!("container {name} of {task} runs without a network"));
        }
    }
    Ok(())
}

/// A task that stopped for its infrastructure was really lost by its machine, or its machine was given up.
fn causes(state: &State, machines: &[Machine]) -> Result<(), String> {
    let lost = |id: &TaskId| machines.iter().any(|machine| machine.robbed.contains(id));
    for task in state.tasks.iter() {
        let stop = task.stop.as_ref().filter(|stop| stop.code == TaskStopCode::InfrastructureHealth);
        let restarted = stop.filter(|stop| stop.reason.contains("restarted"));
        if restarted.is_some() && !lost(&task.id) {
            return Err(format!("{} was stopped for a restart of its host that did not happen", task.id));
        }
    }
    Ok(())
}
