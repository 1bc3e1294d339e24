//! The files of cgroup v1.

use super::detect::Hierarchy;
use super::group::write;
use super::{Limits, PERIOD_US};
use crate::error::Error;
use std::path::PathBuf;

/// The file of a controller in a group; none where no hierarchy has the controller.
pub(super) fn file(hierarchies: &[Hierarchy], controller: &str, group: &str, name: &str) -> Option<PathBuf> {
    let hierarchy = hierarchies.iter().find(|hierarchy| hierarchy.has(controller))?;
    Some(hierarchy.mount.join(group).join(name))
}

/// Changes the CPU limit alone.
pub(super) fn limit_cpu(hierarchies: &[Hierarchy], group: &str, limits: &Limits) -> Result<(), Error> {
    let quota = limits.quota_us().map_or("-1".to_owned(), |quota| quota.to_string());
    match file(hierarchies, "cpu", group, "cpu.cfs_quota_us") {
        Some(path) => write(&path, &quota),
        None => Ok(()),
    }
}

/// Writes the limits of a group that exists.
pub(super) fn set(hierarchies: &[Hierarchy], group: &str, limits: &Limits) -> Result<(), Error> {
    let put = |controller: &str, name: &str, value: u64| match file(hierarchies, controller, group, name) {
        Some(path) => write(&path, &value.to_string()),
        None => Ok(()),
    };
    if let Some(quota) = limits.quota_us() {
        put("cpu", "cpu.cfs_period_us", PERIOD_US)?;
        put("cpu", "cpu.cfs_quota_us", quota)?;
    }
    if let Some(shares) = limits.shares() {
        put("cpu", "cpu.shares", shares)?;
    }
    if let Some(memory) = limits.memory {
        put("memory", "memory.limit_in_bytes", memory)?;
        // Memory and swap together, so that there is no swap on top. Absent where the kernel does not count swap.
        if let Some(path) =
            file(hierarchies, "memory", group, "memory.memsw.limit_in_bytes").filter(|path| path.exists())
        {
            write(&path, &memory.to_string())?;
        }
    }
    if let Some(reservation) = limits.memory_reservation {
        put("memory", "memory.soft_limit_in_bytes", reservation)?;
    }
    match limits.pids {
        Some(pids) => put("pids", "pids.max", pids.into()),
        None => Ok(()),
    }
}
