//! Clusters.
//!
//! Absent on purpose: container instances and capacity providers of one's own, which only EC2 capacity has.

pub(crate) mod capacity;
mod configuration;
mod create;
mod delete;
mod describe;
pub mod insights;
#[cfg(test)]
mod tests;
mod update;

pub(crate) use capacity::check as check_strategy;
pub(crate) use configuration::INSIGHTS;
pub(crate) use create::create;
pub(crate) use delete::delete;
pub(crate) use describe::{describe, list};
pub(crate) use update::{put_capacity_providers, update, update_settings};

use super::arn;
use crate::{
    State,
    state::{Cluster, ClusterStatus},
};
use aws::fault::Fault;

/// The cluster that is meant when a request names none.
pub(crate) const DEFAULT: &str = "default";

/// The active cluster of that name or ARN; the default one when none is named.
///
/// # Errors
/// `ClusterNotFoundException` when there is none or it was deleted; `InvalidParameterException` for an ARN of something else.
pub(crate) fn find(state: &State, reference: Option<&str>) -> Result<Cluster, Fault> {
    let name = name(state, reference.unwrap_or(DEFAULT))?;
    match state.clusters.get(name) {
        Some(cluster) if cluster.status == ClusterStatus::Active => Ok(cluster.clone()),
        _ => Err(not_found()),
    }
}

/// The refusal of a cluster that is not there.
fn not_found() -> Fault {
    Fault::new("ClusterNotFoundException", "Cluster not found.")
}

/// The name in a cluster's name or ARN.
fn name<'a>(state: &State, reference: &'a str) -> Result<&'a str, Fault> {
    if !reference.starts_with("arn:") {
        return Ok(reference);
    }
    match arn::parse(&state.region, reference)? {
        arn::Resource { kind: "cluster", id } => Ok(id),
        _ => Err(arn::invalid(reference)),
    }
}

/// A request that can't be right.
fn invalid(message: impl Into<String>) -> Fault {
    Fault::new("InvalidParameterException", message)
}
