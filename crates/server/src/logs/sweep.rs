//! Deleting events: of streams that are gone, and older than their group keeps them.

use super::{id_of, kept_since, storage};
use crate::app::App;
use aws::fault::Fault;
use std::collections::BTreeSet;

/// Deletes what should not be there. Running it again changes nothing.
///
/// # Errors
/// The store's failures.
pub(crate) fn sweep(app: &App) -> Result<(), Fault> {
    // The files first: events are written only of a stream that is in the published state already, so a stream that has files here and
    // is not in the state read after is gone.
    let stored = app.logs.ids().map_err(storage)?;
    let state = app.core.state();
    let known: BTreeSet<_> = state.log_streams.iter().filter_map(|stream| id_of(stream).ok()).collect();
    for id in stored.into_iter().filter(|id| !known.contains(id)) {
        app.logs.remove(id).map_err(storage)?;
    }
    let now = app.core.clock().now().millis;
    for stream in state.log_streams.iter() {
        let group = state.log_groups.get(&stream.group).filter(|group| group.retention.is_some());
        if let Some(group) = group {
            app.logs.expire(id_of(stream)?, kept_since(group, now)).map_err(storage)?;
        }
    }
    Ok(())
}
