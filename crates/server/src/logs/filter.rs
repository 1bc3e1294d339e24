//! `FilterLogEvents`.

use super::{PAGE_BYTES, PAGE_EVENTS, id_of, kept_since, pattern, storage, token};
use aws::api::logs::{FilterLogEventsRequest, FilterLogEventsResponse, FilteredLogEvent};
use aws::fault::Fault;
use control::View;
use control::logs::{group_of_request, invalid, stream};
use control::state::{LogGroup, LogStream};
use logevents::store::{Direction, Found, Gap, Page, Store, StreamId, Wanted};

pub(super) fn filter(
    view: &View<'_>,
    store: &Store,
    request: FilterLogEventsRequest,
) -> Result<FilterLogEventsResponse, Fault> {
    // `interleaved` is always so, as on AWS since 2019; nothing is masked, so `unmask` is always fulfilled.
    let group =
        group_of_request(view.state, request.log_group_name.as_deref(), request.log_group_identifier.as_deref())?;
    let (ids, names) = streams(view, group, &request)?;
    let pattern = pattern(request.filter_pattern.as_deref().unwrap_or(""))?;
    let start = request.start_time.unwrap_or(0).max(kept_since(group, view.now.millis));
    let end = request.end_time.unwrap_or(i64::MAX);
    if request.end_time.is_some_and(|end| request.start_time.is_some_and(|start| start > end)) {
        return Err(invalid("End time should not be before Start time."));
    }
    let (direction, from) = match &request.next_token {
        Some(token) => token::read(token)?,
        None if request.start_from_head == Some(false) => (Direction::Backward, Gap::END),
        None => (Direction::Forward, Gap::START),
    };
    let limit = usize::try_from(request.limit.unwrap_or(PAGE_EVENTS)).unwrap_or(1);
    let mut page = Page::new(direction, from, limit, PAGE_BYTES);
    let wanted = Wanted { time: start..=end, needle: pattern.needle(), matches: &|text| pattern.matches(text) };
    store.search(&ids, &wanted, &mut page).map_err(storage)?;
    let (oldest, newest) = page.gaps();
    let events = page.events().map(|(key, found)| shape(key, found, &names));
    let (events, ahead): (Vec<_>, _) = match direction {
        Direction::Forward => (events.collect(), newest),
        Direction::Backward => (events.collect::<Vec<_>>().into_iter().rev().collect(), oldest),
    };
    let next_token = page.has_more().then(|| token::write(direction, ahead));
    Ok(FilterLogEventsResponse { events: Some(events), searched_log_streams: Some(Vec::new()), next_token })
}

/// The ids and names of the streams that are searched.
fn streams(
    view: &View<'_>,
    group: &LogGroup,
    request: &FilterLogEventsRequest,
) -> Result<(Vec<StreamId>, Vec<String>), Fault> {
    let chosen: Vec<&LogStream> = match (&request.log_stream_names, &request.log_stream_name_prefix) {
        (Some(_), Some(_)) => {
            return Err(invalid("logStreamNames and logStreamNamePrefix are mutually exclusive parameters."));
        }
        (Some(names), None) => {
            names.iter().map(|name| stream(view.state, &group.name, name)).collect::<Result<_, _>>()?
        }
        (None, prefix) => {
            let prefix = LogStream::key_of(&group.name, prefix.as_deref().unwrap_or(""));
            let found: Vec<_> = view
                .state
                .log_streams
                .prefixed(&prefix)
                .map(|stream| Ok((id_of(stream)?, stream.name.clone())))
                .collect::<Result<_, Fault>>()?;
            return Ok(found.into_iter().unzip());
        }
    };
    let ids = chosen.iter().map(|stream| id_of(stream)).collect::<Result<_, _>>()?;
    Ok((ids, chosen.iter().map(|stream| stream.name.clone()).collect()))
}

fn shape(key: &Gap, found: &Found, names: &[String]) -> FilteredLogEvent {
    FilteredLogEvent {
        log_stream_name: names.get(found.place).cloned(),
        timestamp: Some(key.at),
        message: Some(found.message.clone()),
        ingestion_time: Some(found.ingested),
        // 56 digits as on AWS: the time, the stream, the number in it.
        event_id: Some(format!("3{:014}{:021}{:020}", key.at, key.stream % 10_u128.pow(21), key.number)),
    }
}
