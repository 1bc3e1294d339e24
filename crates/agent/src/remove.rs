//! Taking everything an agent made off this host, also when it is not running, from what is found there.

use crate::config::{BALANCER, LEDGER, NAMES, TASKS, balancer_cgroup, cgroup_parent};
use network::Instance;
use std::{fs, path::Path};

/// What was removed.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct Removed {
    /// Tasks with their processes, mounts, cgroups and files.
    pub tasks: usize,
    /// Network namespaces.
    pub namespaces: usize,
}

/// Removes every process, namespace, mount and cgroup of the agent that kept its things in `data_dir`. Images stay. It goes on
/// after an error and reports all of them.
///
/// # Errors
/// One line for each thing that could not be removed.
pub fn remove_all(data_dir: &Path, instance: &Instance) -> Result<Removed, Vec<String>> {
    let (mut removed, mut errors) = (Removed::default(), Vec::new());
    // First what would only see the rest go.
    errors.extend(containers::remove_cgroups(&balancer_cgroup(instance)).err().map(|error| error.to_string()));
    for entry in fs::read_dir(data_dir.join(TASKS)).into_iter().flatten().flatten() {
        match containers::remove(&entry.path()) {
            Ok(()) => removed.tasks += 1,
            Err(error) => errors.push(format!("removing task {}: {error}", entry.file_name().display())),
        }
    }
    match network::Network::remove_all(instance) {
        Ok(count) => removed.namespaces = count,
        Err(all) => errors.extend(all.iter().map(ToString::to_string)),
    }
    for left in [NAMES, TASKS, BALANCER, LEDGER] {
        let path = data_dir.join(left);
        let gone = if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
        if let Err(error) = gone
            && error.kind() != std::io::ErrorKind::NotFound
        {
            errors.push(format!("removing {}: {error}", path.display()));
        }
    }
    errors.extend(containers::remove_cgroups(&cgroup_parent(instance)).err().map(|error| error.to_string()));
    if errors.is_empty() { Ok(removed) } else { Err(errors) }
}
