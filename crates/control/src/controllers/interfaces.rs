//! The network interfaces of tasks.
//!
//! One is made when its task is, before there is a host for it. It is released, and its address free for another, when nothing
//! of the task can be left anywhere: the task never had a host; or its host has *observed* the revision that withdrew it and
//! does not list it; or its host's lease has run out. And no target group has its address any more.

use super::{lost, tasks_that};
use crate::{
    State, Tx,
    ec2::interface::{self, NewInterface},
    ecs::{services::unused, tasks::retire},
    state::{AttachmentStatus, Interface, Status, Tags, Task},
};
use aws::api::ecs::TaskStopCode;
use spec::{HostId, Phase, TaskId};
use std::collections::BTreeSet;
use vpc::Holder;

/// Makes, follows and releases interfaces.
pub fn run(tx: &mut Tx<'_>) {
    let lost = lost(&tx.state);
    for id in tasks_that(&tx.state, |task| step(&tx.state, task, &lost).is_some()) {
        let Some(task) = tx.state.tasks.get(&id).cloned() else { continue };
        match step(&tx.state, &task, &lost) {
            Some(Step::Make) => make(tx, &task),
            Some(Step::Status(status)) => set(tx, &id, status),
            Some(Step::Release) => release(tx, &task),
            None => {}
        }
    }
}

enum Step {
    Make,
    Status(AttachmentStatus),
    Release,
}

/// What is to be done for a task's interface now.
fn step(state: &State, task: &Task, lost: &BTreeSet<HostId>) -> Option<Step> {
    match (task.status, task.attachment.status) {
        (Status::Provisioning, AttachmentStatus::Precreated) if task.stopping.is_none() => Some(Step::Make),
        (Status::Pending | Status::Activating | Status::Running, AttachmentStatus::Attaching) if in_use(task) => {
            Some(Step::Status(AttachmentStatus::Attached))
        }
        (Status::Deprovisioning, AttachmentStatus::Deleted) => None,
        (Status::Deprovisioning, _) if released(task, lost) && unused(state, task) => Some(Step::Release),
        (Status::Deprovisioning, AttachmentStatus::Attaching | AttachmentStatus::Attached) => {
            Some(Step::Status(AttachmentStatus::Detaching))
        }
        _ => None,
    }
}

/// Whether the task's host has its interface: images are pulled through it, and containers start after it is complete.
fn in_use(task: &Task) -> bool {
    task.times.pull_started_at.is_some() || task.containers.iter().any(|container| container.phase == Phase::Running)
}

/// Whether nothing of a task that was withdrawn can be left anywhere.
fn released(task: &Task, lost: &BTreeSet<HostId>) -> bool {
    let Some(host) = &task.host else { return true };
    let observed = matches!((task.word.absent, task.withdrawn), (Some(absent), Some(withdrawn)) if absent >= withdrawn);
    observed || lost.contains(host)
}

fn make(tx: &mut Tx<'_>, task: &Task) {
    let launch = &task.launch;
    let new = NewInterface {
        subnet: launch.subnet.clone(),
        groups: launch.security_groups.clone(),
        description: tx.state.region.arn("ecs", format_args!("attachment/{}", task.attachment.id)),
        holder: Holder::Task,
        public_ip: launch.assign_public_ip,
        tags: Tags::default(),
    };
    let made = interface::create(tx, new).map(|made| Interface {
        private_dns_name: interface::private_dns_name(&tx.state, &made),
        id: made.id,
        vpc: made.vpc,
        mac: made.mac,
        private_ip: made.private_ip,
    });
    match made {
        Ok(made) => tx.state.tasks.update(&task.id, |task| {
            task.attachment.status = AttachmentStatus::Attaching;
            task.attachment.interface = Some(made);
            task.version += 1;
        }),
        Err(fault) => {
            let what = if launch.assign_public_ip { " with public IP assignment enabled" } else { "" };
            let reason = format!(
                "Unexpected EC2 error while attempting to Create Network Interface{what} in subnet '{}': {}",
                launch.subnet, fault.code
            );
            retire(tx, &task.id, TaskStopCode::TaskFailedToStart, &reason);
        }
    }
}

fn set(tx: &mut Tx<'_>, id: &TaskId, status: AttachmentStatus) {
    tx.state.tasks.update(id, |task| {
        task.attachment.status = status;
        task.version += 1;
    });
}

fn release(tx: &mut Tx<'_>, task: &Task) {
    if let Some(Interface { id, .. }) = &task.attachment.interface {
        interface::delete(tx, id);
    }
    set(tx, &task.id, AttachmentStatus::Deleted);
}
