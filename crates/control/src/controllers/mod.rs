//! What follows from the state, kept true: each controller looks at everything each time, takes nothing but the state, and a
//! second run of it changes nothing.
//!
//! | controller | keeps true |
//! |---|---|
//! | [`hosts`] | a host that was silent for two leases is lost |
//! | [`lifecycle`] | a task's status follows from what its host has said and what was asked of it |
//! | services | so many tasks run as each service wants, of the revision it wants (in `ecs::services`) |
//! | scaling | a scalable target has a service, and its activity ends (in `autoscaling`) |
//! | [`interfaces`] | a task has a network interface from its beginning until nothing of it can be left on any host |
//! | [`gateways`] | NAT gateways and endpoints are usable when every host has them; what they had is free when none has |
//! | [`load_balancers`] | load balancers are active when every host serves them; targets are gone when none sends to them |
//! | [`placement`] | a task with an interface has a host |
//! | operations of AWS Cloud Map | have succeeded when every host answers by them (in `servicediscovery`) |
//! | certificates | are issued when the records of their names are there, and renewed in time (in `acm`) |
//! | stacks | each becomes what its deployment says, one step at a time (in `cloudformation::engine`) |
//! | changes of hosted zones | are in sync when every host answers by them (in `route53`) |
//! | [`expiry`] | what is old is forgotten |
//! | deleted task definitions | are forgotten when no task needs them (in `ecs::task_definitions`) |

pub mod expiry;
pub mod gateways;
pub mod hosts;
pub mod interfaces;
pub mod lifecycle;
pub mod load_balancers;
pub mod placement;

#[cfg(test)]
mod tests;

use crate::{State, Tx};
use spec::{HostId, Millis, TaskId};
use std::collections::BTreeSet;

/// Brings one part of the state in line with the rest of it.
pub type Controller = fn(&mut Tx<'_>);

/// All of them, in the order in which work usually flows. The order changes how fast things settle, not to what.
pub const CONTROLLERS: [(&str, Controller); 14] = [
    ("hosts", hosts::run),
    ("interfaces", interfaces::run),
    ("lifecycle", lifecycle::run),
    ("services", crate::ecs::services::run),
    ("scaling", crate::autoscaling::run),
    ("placement", placement::run),
    ("gateways", gateways::run),
    ("load balancers", load_balancers::run),
    ("operations of AWS Cloud Map", crate::servicediscovery::run),
    ("certificates", crate::acm::run),
    ("stacks", crate::cloudformation::run),
    ("changes of hosted zones", crate::route53::run),
    ("expiry", expiry::run),
    ("deleted task definitions", crate::ecs::task_definitions::forget_deleted),
];

/// The next moment at which a host is given up or something forgotten if nothing else happens. For what services do in time there is a
/// transaction every second.
pub fn deadline(state: &State) -> Option<Millis> {
    hosts::deadline(state).into_iter().chain(expiry::deadline(state)).min()
}

/// The hosts that are lost: usually none.
fn lost(state: &State) -> BTreeSet<HostId> {
    state.hosts.iter().filter(|host| host.lost.is_some()).map(|host| host.id.clone()).collect()
}

/// The ids of live tasks that something is to be done for, so that they can be changed one by one.
fn tasks_that(state: &State, wanted: impl Fn(&crate::state::Task) -> bool) -> Vec<TaskId> {
    state.tasks.iter().filter(|task| wanted(task)).map(|task| task.id.clone()).collect()
}
