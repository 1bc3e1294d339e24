//! `POST /_neargate/logs`: lines of a container's output, from its host.
//!
//! The stream is made when it is missing, and the group if the task definition says so, as the `awslogs` driver does. A batch without
//! lines does just that, so a host can find out before a container starts whether its output has somewhere to go.

use super::{id_of, storage};
use crate::app::{App, blocking};
use aws::fault::Fault;
use control::Caller;
use control::logs::{stream, streams};
use spec::{LogBatch, Millis};
use std::sync::Arc;

/// Keeps a batch of lines.
///
/// # Errors
/// `ResourceNotFoundException` when there is no such group and it is not to be made; the store's failures.
pub(crate) async fn ingest(app: Arc<App>, batch: LogBatch) -> Result<(), Fault> {
    let there = stream(&app.core.state(), &batch.group, &batch.stream).ok().cloned();
    let stream = match there {
        Some(stream) => stream,
        None => {
            let (group, name, create) = (batch.group.clone(), batch.stream.clone(), batch.create_group);
            app.core.run(Caller::default(), move |tx| streams::ensure(tx, &group, &name, create)).await?
        }
    };
    if batch.lines.is_empty() {
        return Ok(());
    }
    let id = id_of(&stream)?;
    blocking(move || {
        let now = app.core.clock().now().millis;
        let lines: Vec<(Millis, &str)> = batch.lines.iter().map(|line| (line.at, line.message.as_str())).collect();
        app.logs.append_lines(id, now, batch.first, &lines).map_err(storage)
    })
    .await
}
