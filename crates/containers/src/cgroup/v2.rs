//! The files of cgroup v2.

use super::group::write;
use super::{Limits, PERIOD_US};
use crate::error::{Error, Step};
use std::fs;
use std::io;
use std::path::Path;

/// Gives the controllers to the children of every group from the root down to `group`.
pub(super) fn delegate(root: &Path, group: &str) -> Result<(), Error> {
    let mut dir = root.to_path_buf();
    enable_at_root(&dir)?;
    for part in group.split('/').filter(|part| !part.is_empty()) {
        dir.push(part);
        enable(&dir)?;
    }
    Ok(())
}

/// The same for the root. In a container it is a group like any other, which gives controllers only while no process is in it
/// itself ("No Internal Process Constraint", the kernel's Control Group v2): they make room, as under systemd.
fn enable_at_root(root: &Path) -> Result<(), Error> {
    const ROUNDS: usize = 16;
    for _ in 0..ROUNDS {
        match enable(root) {
            Err(Error::Host { source, .. }) if source.kind() == io::ErrorKind::ResourceBusy => empty(root)?,
            done => return done,
        }
    }
    enable(root)
}

/// Moves the root's processes to the group `init` below it. One may fork or end meanwhile.
fn empty(root: &Path) -> Result<(), Error> {
    let (init, procs) = (root.join("init"), root.join("cgroup.procs"));
    fs::create_dir_all(&init).host(|| format!("making cgroup {}", init.display()))?;
    for pid in fs::read_to_string(&procs).host(|| format!("reading {}", procs.display()))?.lines() {
        // 0 is a process of another pid namespace, and would mean ourselves.
        if pid == "0" {
            let step = format!(
                "giving controllers below {} (the processes in it must be in groups below it, and some can't be seen from here)",
                root.display()
            );
            return Err(Error::host(step, io::ErrorKind::ResourceBusy));
        }
        match write(&init.join("cgroup.procs"), pid) {
            Err(Error::Host { source, .. }) if source.raw_os_error() == Some(libc::ESRCH) => {}
            moved => moved?,
        }
    }
    Ok(())
}

fn enable(dir: &Path) -> Result<(), Error> {
    let file = dir.join("cgroup.subtree_control");
    let have = fs::read_to_string(&file).unwrap_or_default();
    // Disks are only counted, and not everywhere.
    let counts = fs::read_to_string(dir.join("cgroup.controllers")).is_ok_and(|all| has(&all, "io"));
    let wanted = ["cpu", "memory", "pids"].into_iter().chain(counts.then_some("io"));
    let missing = wanted.filter(|name| !has(&have, name));
    let text = missing.map(|name| format!("+{name}")).collect::<Vec<_>>().join(" ");
    if text.is_empty() { Ok(()) } else { write(&file, &text) }
}

fn has(controllers: &str, name: &str) -> bool {
    controllers.split_whitespace().any(|word| word == name)
}

/// Changes the CPU limit alone.
pub(super) fn limit_cpu(group: &Path, limits: &Limits) -> Result<(), Error> {
    let quota = limits.quota_us().map_or("max".to_owned(), |quota| quota.to_string());
    write(&group.join("cpu.max"), &format!("{quota} {PERIOD_US}"))
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
