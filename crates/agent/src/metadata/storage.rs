//! How much of their disk tasks have used. Finding out means to look at every file, so it is not done for every request.

use spec::TaskId;
use std::{
    collections::HashMap,
    path::PathBuf,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// How long a figure is good enough.
const FRESH: Duration = Duration::from_secs(10);

/// Figures, by task, with when they were found.
#[derive(Debug, Default)]
pub(super) struct Storage(Mutex<HashMap<TaskId, (Instant, Option<u64>)>>);

impl Storage {
    /// Bytes that a task has on disk. While one request finds out, the others get the figure before.
    pub(super) async fn used(&self, task: &TaskId, directory: PathBuf) -> Option<u64> {
        let now = Instant::now();
        let before = self.figures().get(task).copied();
        if let Some((at, figure)) = before
            && now.saturating_duration_since(at) < FRESH
        {
            return figure;
        }
        self.figures().insert(task.clone(), (now, before.and_then(|(_, figure)| figure)));
        let found = tokio::task::spawn_blocking(move || containers::usage::usage(&directory).ok()).await.ok().flatten();
        self.figures().insert(task.clone(), (now, found));
        found
    }

    /// Forgets those of all tasks but some.
    pub(super) fn retain(&self, is_wanted: impl Fn(&TaskId) -> bool) {
        self.figures().retain(|task, _| is_wanted(task));
    }

    fn figures(&self) -> MutexGuard<'_, HashMap<TaskId, (Instant, Option<u64>)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
