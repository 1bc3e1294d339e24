//! Where the host's cgroup hierarchies are mounted.

use crate::error::{Error, Step};
use serde::{Deserialize, Serialize};
use std::fs;
use std::io;
use std::path::PathBuf;

/// The controllers a task needs.
const NEEDED: [&str; 3] = ["cpu", "memory", "pids"];
/// Those that only count, and that a host may lack.
const COUNTING: [&str; 2] = ["cpuacct", "blkio"];

/// The host's cgroup hierarchies.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Layout {
    /// One hierarchy a controller.
    V1 {
        /// Those with cpu, cpuacct, blkio, memory or pids.
        hierarchies: Vec<Hierarchy>,
        /// Hierarchies that only track processes (systemd's): shims leave the caller's group there too.
        trackers: Vec<PathBuf>,
    },
    /// The unified hierarchy, by its mount point.
    V2(PathBuf),
}

/// One v1 hierarchy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hierarchy {
    /// Its mount point.
    pub mount: PathBuf,
    /// Those of cpu, cpuacct, blkio, memory and pids that it has.
    pub controllers: Vec<String>,
}

impl Hierarchy {
    pub(super) fn has(&self, controller: &str) -> bool {
        self.controllers.iter().any(|have| have == controller)
    }

    /// Whether containers have their own group in it. They share their task's limit on processes.
    pub(super) fn per_container(&self) -> bool {
        self.controllers.iter().any(|have| have != "pids")
    }
}

impl Layout {
    /// Reads the host's mounts.
    pub fn detect() -> Result<Self, Error> {
        let mounts = fs::read_to_string("/proc/self/mountinfo").host(|| "reading /proc/self/mountinfo".into())?;
        let missing = |fix: String| {
            let missing = io::Error::new(io::ErrorKind::NotFound, fix);
            Error::host("looking for the cgroup controllers cpu, memory and pids", missing)
        };
        let layout = parse(&mounts)
            .ok_or_else(|| missing("mount cgroup2 at /sys/fs/cgroup, or the v1 controllers below it".into()))?;
        match layout.lacks() {
            None => Ok(layout),
            Some((controller, file)) => Err(missing(format!(
                "{} has no {controller}: boot with cgroup_enable={controller}; in a container, let the host pass it on",
                file.display()
            ))),
        }
    }

    /// A needed controller that v2 does not offer, and where it should be named.
    fn lacks(&self) -> Option<(&'static str, PathBuf)> {
        let Self::V2(mount) = self else { return None };
        let file = mount.join("cgroup.controllers");
        let have = fs::read_to_string(&file).unwrap_or_default();
        let missing = NEEDED.into_iter().find(|name| !have.split_whitespace().any(|word| word == *name))?;
        Some((missing, file))
    }
}

/// Finds the hierarchies in the text of a mountinfo file (proc_pid_mountinfo(5)).
fn parse(mounts: &str) -> Option<Layout> {
    let (mut hierarchies, mut trackers, mut unified) = (Vec::<Hierarchy>::new(), Vec::new(), None);
    for line in mounts.lines() {
        let Some((left, right)) = line.split_once(" - ") else { continue };
        let (Some(mount), Some(kind)) = (left.split(' ').nth(4).map(PathBuf::from), right.split(' ').next()) else {
            continue;
        };
        let options: Vec<&str> = right.rsplit(' ').next().unwrap_or_default().split(',').collect();
        match kind {
            // The first: others are what some program mounted again for itself.
            "cgroup2" => {
                unified.get_or_insert(mount);
            }
            "cgroup" if options.contains(&"name=systemd") => trackers.push(mount),
            "cgroup" => {
                let known = |option: &&&str| NEEDED.contains(option) || COUNTING.contains(option);
                let controllers: Vec<String> = options.iter().filter(known).map(ToString::to_string).collect();
                let again = hierarchies.iter().any(|have| controllers.iter().any(|name| have.has(name)));
                if !controllers.is_empty() && !again {
                    hierarchies.push(Hierarchy { mount, controllers });
                }
            }
            _ => {}
        }
    }
    if NEEDED.iter().all(|name| hierarchies.iter().any(|hierarchy| hierarchy.has(name))) {
        trackers.extend(unified);
        return Some(Layout::V1 { hierarchies, trackers });
    }
    unified.map(Layout::V2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hybrid_host_is_v1_with_trackers() {
        let mounts = "30 24 0:26 / /sys/fs/cgroup/cpu,cpuacct rw,relatime shared:1 - cgroup cgroup rw,cpu,cpuacct\n\
                      31 24 0:27 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n\
                      32 24 0:28 / /sys/fs/cgroup/pids rw - cgroup cgroup rw,pids\n\
                      33 24 0:29 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,name=systemd\n\
                      34 24 0:30 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n";
        let Some(Layout::V1 { hierarchies, trackers }) = parse(mounts) else { panic!("v1 expected") };
        assert_eq!(hierarchies.len(), 3);
        assert_eq!(hierarchies[0].controllers, ["cpu", "cpuacct"]);
        assert_eq!(trackers, [PathBuf::from("/sys/fs/cgroup/systemd"), PathBuf::from("/sys/fs/cgroup/unified")]);
    }

    #[test]
    fn a_unified_host_is_v2() {
        let mounts = "30 24 0:26 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate\n";
        assert_eq!(parse(mounts), Some(Layout::V2("/sys/fs/cgroup".into())));
        let again = format!("{mounts}90 24 0:26 /a /run/a rw - cgroup2 cgroup2 rw\n");
        assert_eq!(parse(&again), parse(mounts));
    }

    #[test]
    fn a_host_without_controllers_is_refused() {
        assert_eq!(parse("25 1 0:22 / /proc rw - proc proc rw\nnonsense\n"), None);
    }
}
