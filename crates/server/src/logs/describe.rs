//! `DescribeLogGroups` and `DescribeLogStreams`: control's answer with the store's statistics.

use super::id_of;
use aws::api::logs::{
    DescribeLogGroupsRequest, DescribeLogGroupsResponse, DescribeLogStreamsRequest, DescribeLogStreamsResponse,
};
use aws::fault::Fault;
use control::View;
use control::logs::streams::Statistics;
use control::state::LogStream;
use logevents::store::{Store, Summary};

pub(super) fn groups(
    view: &View<'_>,
    store: &Store,
    request: DescribeLogGroupsRequest,
) -> Result<DescribeLogGroupsResponse, Fault> {
    control::logs::groups::describe(view, request, |group| {
        let prefix = LogStream::key_of(&group.name, "");
        view.state.log_streams.prefixed(&prefix).map(|stream| statistics(store, stream).stored_bytes).sum()
    })
}

pub(super) fn streams(
    view: &View<'_>,
    store: &Store,
    request: DescribeLogStreamsRequest,
) -> Result<DescribeLogStreamsResponse, Fault> {
    control::logs::streams::describe(view, request, |stream| statistics(store, stream))
}

/// A stream whose files can't be read is described without statistics; reading its events says why.
fn statistics(store: &Store, stream: &LogStream) -> Statistics {
    let summary = id_of(stream).ok().and_then(|id| store.summary(id).ok()).unwrap_or_default();
    let Summary { events, bytes, first, last, ingested, .. } = summary;
    let known = |time| (events > 0).then_some(time);
    Statistics {
        first_event: known(first),
        last_event: known(last),
        last_ingestion: known(ingested),
        stored_bytes: i64::try_from(bytes).unwrap_or(i64::MAX),
    }
}
