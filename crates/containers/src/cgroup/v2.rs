//! The files of cgroup v2.

use super::group::write;
use super::{Limits, PERIOD_US};
use crate::error::Error;
use std::path::Path;

/// Gives the controllers to the children of every group from the root down to `group`.
pub(super) fn delegate(root: &Path, group: &str) -> Result<(), Error> {
    let mut dir = root.to_path_buf();
    enable(&dir)?;
    for part in group.split('/').filter(|part| !part.is_empty()) {
        dir.push(part);
        enable(&dir)?;
    }
    Ok(())
}

fn enable(dir: &Path) -> Result<(), Error> {
    let file = dir.join("cgroup.subtree_control");
    let have = std::fs::read_to_string(&file).unwrap_or_default();
    let missing =
        ["cpu", "memory", "pids"].into_iter().filter(|name| !have.split_whitespace().any(|word| word == *name));
    let text = missing.map(|name| format!("+{name}")).collect::<Vec<_>>().join(" ");
    if text.is_empty() { Ok(()) } else { write(&file, &text) }
}

/// Writes the limits of a group that exists.
pub(super) fn set(group: &Path, limits: &Limits) -> Result<(), Error> {
    let put = |name: &str, value: String| write(&group.join(name), &value);
    if let Some(quota) = limits.quota_us() {
        put("cpu.max", format!("{quota} {PERIOD_US}"))?;
    }
    if let Some(shares) = limits.shares() {
        put("cpu.weight", weight(shares).to_string())?;
    }
    if let Some(memory) = limits.memory {
        put("memory.max", memory.to_string())?;
        if group.join("memory.swap.max").exists() {
            put("memory.swap.max", "0".into())?;
        }
    }
    if let Some(reservation) = limits.memory_reservation {
        put("memory.low", reservation.to_string())?;
    }
    match limits.pids {
        Some(pids) => put("pids.max", pids.to_string()),
        None => Ok(()),
    }
}

/// v1's shares (2 to 262144) as v2's weight (1 to 10000), the way OCI runtimes convert.
fn weight(shares: u64) -> u64 {
    1 + (shares.clamp(2, 262_144) - 2) * 9999 / 262_142
}

#[cfg(test)]
mod tests {
    use super::weight;

    #[test]
    fn shares_become_weights() {
        assert_eq!((weight(2), weight(1024), weight(262_144)), (1, 39, 10_000));
    }
}
