//! `CreateLogStream`, `DeleteLogStream`, `DescribeLogStreams`.

use super::{bad_token, find, groups, invalid};
use crate::{
    State, Tx, View,
    state::{LogStream, Record},
};
use aws::{
    api::logs::{
        CreateLogStreamRequest, DeleteLogStreamRequest, DescribeLogStreamsRequest, DescribeLogStreamsResponse,
        LogStream as Shape, OrderBy,
    },
    fault::Fault,
    page::{descending, paginate},
    shape::Nothing,
};
use spec::Millis;

/// What the events of a stream say of it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Statistics {
    /// The oldest event's time; `None` when there are no events.
    pub first_event: Option<Millis>,
    /// The newest event's time.
    pub last_event: Option<Millis>,
    /// When events last came in.
    pub last_ingestion: Option<Millis>,
    /// The bytes of all events: their UTF-8 text and 26 for each, as AWS counts.
    pub stored_bytes: i64,
}

pub(super) fn create(tx: &mut Tx<'_>, request: CreateLogStreamRequest) -> Result<Nothing, Fault> {
    find::group(&tx.state, &request.log_group_name)?;
    if tx.state.log_streams.contains(&LogStream::key_of(&request.log_group_name, &request.log_stream_name)) {
        return Err(Fault::new("ResourceAlreadyExistsException", "The specified log stream already exists"));
    }
    let CreateLogStreamRequest { log_group_name: group, log_stream_name: name } = request;
    let stream = LogStream { group, name, id: tx.hex(32), created: tx.now.millis };
    tx.state.log_streams.put(stream);
    Ok(Nothing)
}

/// The events go with the record: the server drops what no record names.
pub(super) fn delete(tx: &mut Tx<'_>, request: DeleteLogStreamRequest) -> Result<Nothing, Fault> {
    let key = find::stream(&tx.state, &request.log_group_name, &request.log_stream_name)?.key();
    tx.state.log_streams.remove(&key);
    Ok(Nothing)
}

/// `DescribeLogStreams`. `statistics` tells what a stream's events say of it.
///
/// # Errors
/// `InvalidParameterException` for parameters that exclude each other, `ResourceNotFoundException` for an unknown group.
pub fn describe(
    view: &View<'_>,
    request: DescribeLogStreamsRequest,
    statistics: impl Fn(&LogStream) -> Statistics,
) -> Result<DescribeLogStreamsResponse, Fault> {
    let group =
        find::group_of_request(view.state, request.log_group_name.as_deref(), request.log_group_identifier.as_deref())?;
    let by_time = request.order_by == Some(OrderBy::LastEventTime);
    if by_time && request.log_stream_name_prefix.is_some() {
        return Err(invalid("Cannot order by LastEventTime with a logStreamNamePrefix."));
    }
    let prefix = LogStream::key_of(&group.name, request.log_stream_name_prefix.as_deref().unwrap_or(""));
    let chosen = view.state.log_streams.prefixed(&prefix).map(|stream| (stream, by_time.then(|| statistics(stream))));
    let down = request.descending == Some(true);
    let key = |(stream, known): &(&LogStream, Option<Statistics>)| {
        let time = known.and_then(|known| known.last_event).unwrap_or(0);
        let key = if by_time { format!("{time:020}{}", stream.name) } else { stream.name.clone() };
        if down { descending(&key) } else { key }
    };
    let (page, next_token) =
        paginate(chosen, key, request.limit, request.next_token.as_deref(), groups::PAGE).map_err(|_| bad_token())?;
    let shapes =
        page.into_iter().map(|(stream, known)| shape(view.state, stream, known.unwrap_or_else(|| statistics(stream))));
    Ok(DescribeLogStreamsResponse { log_streams: Some(shapes.collect()), next_token })
}

fn shape(state: &State, stream: &LogStream, known: Statistics) -> Shape {
    Shape {
        log_stream_name: Some(stream.name.clone()),
        creation_time: Some(stream.created),
        first_event_timestamp: known.first_event,
        last_event_timestamp: known.last_event,
        last_ingestion_time: known.last_ingestion,
        upload_sequence_token: None,
        arn: Some(format!("{}:log-stream:{}", groups::arn(state, &stream.group), stream.name)),
        // Zero since 2019, whatever is in it ("LogStream", Amazon CloudWatch Logs API Reference).
        stored_bytes: Some(0),
    }
}
