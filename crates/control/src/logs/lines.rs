//! Numbered lines: a host says which line of a container a batch begins with, so that one it had no answer to and sends again is stored
//! once.

use crate::{View, iam};
use aws::fault::Fault;

/// Lets those number the lines they put into a stream whose lines they are: the execution role of the task whose container the stream
/// is of. Whoever else could say which lines are known could keep others from being stored.
///
/// # Errors
/// `AccessDeniedException` for anybody else. What only a host has use for is refused rather than ignored: a batch that its sender takes
/// for numbered would be stored twice.
pub fn may_number(view: &View<'_>, group: &str, stream: &str) -> Result<(), Fault> {
    let id = stream.rsplit('/').next().unwrap_or_default();
    let task = view.state.tasks.get(id).filter(|_| iam::executes(view, id));
    let launch = || task.iter().map(|task| &task.launch);
    let containers = launch().flat_map(|launch| &launch.containers).filter_map(|container| container.log.as_ref());
    let proxy = launch().filter_map(|launch| launch.connect.as_ref()?.log.as_ref());
    if containers.chain(proxy).any(|log| log.group == group && log.stream == stream) {
        return Ok(());
    }
    let why = format!(
        "Only the execution role of a task may number the lines of its containers, with the header {}.",
        spec::FIRST_LINE
    );
    Err(Fault::new("AccessDeniedException", why))
}
