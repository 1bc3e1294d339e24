//! What is on this host already when an agent starts: the directories of tasks, with shims that live or have died, and the marks of
//! tasks that were begun before the machine was last started.

use super::task::Task;
use crate::{Config, Error, files};
use containers::{Adopted, Sandbox};
use images::store::Store;
use spec::{HostSpec, TaskId};
use std::{collections::BTreeMap, fs, io, path::Path, sync::Arc};

/// Every task there is a trace of here, and every other one that the ledger names: that one was never begun, and is listed so that it is
/// not taken for lost.
///
/// # Errors
/// When the directories of tasks can't be read, or a task's can't be understood.
pub(super) fn tasks(config: &Config, spec: &HostSpec, images: &Arc<Store>) -> Result<BTreeMap<TaskId, Task>, Error> {
    let mut tasks: BTreeMap<_, _> = spec.tasks.keys().map(|id| (id.clone(), Task::default())).collect();
    for id in named(&config.names_dir())? {
        // What was begun before the machine went down is gone, but it must not be begun again.
        if files::begun_before_this_boot(&config.files_dir(&id)) {
            tasks.insert(id, Task::orphaned(BTreeMap::new()));
        }
    }
    for id in named(&config.tasks_dir())? {
        let task = match Sandbox::adopt(&config.task_dir(&id)) {
            Ok(Adopted::Alive(sandbox)) => Task::adopted(&id, sandbox, config, images)?,
            Ok(Adopted::Gone { containers })
                if containers.is_empty() && !tasks.get(&id).is_some_and(Task::has_sandbox) =>
            {
                // Its shim was being made when the agent died. No container was, so the task is begun anew.
                let dir = config.task_dir(&id);
                containers::remove(&dir).map_err(|error| Error::new("removing", dir.display(), error))?;
                Task::default()
            }
            Ok(Adopted::Gone { containers }) => Task::orphaned(containers),
            Err(error) => return Err(Error::new("taking over task", id, error)),
        };
        tasks.insert(id, task);
    }
    Ok(tasks)
}

/// The tasks that have an entry in a directory, which is made if it is missing.
fn named(directory: &Path) -> Result<Vec<TaskId>, Error> {
    let failed = |error: io::Error| Error::new("looking for tasks in", directory.display(), error);
    fs::create_dir_all(directory).map_err(failed)?;
    let entries = fs::read_dir(directory).map_err(failed)?.collect::<Result<Vec<_>, _>>().map_err(failed)?;
    Ok(entries.iter().filter_map(|entry| entry.file_name().to_str().map(TaskId::from)).collect())
}
