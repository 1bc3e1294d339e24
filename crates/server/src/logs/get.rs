//! `GetLogEvents`.

use super::{PAGE_BYTES, PAGE_EVENTS, id_of, kept_since, storage, token};
use aws::api::logs::{GetLogEventsRequest, GetLogEventsResponse, OutputLogEvent};
use aws::fault::Fault;
use control::View;
use control::logs::{group_of_request, stream};
use logevents::store::{Direction, Gap, Page, Store, Wanted};

pub(super) fn get(view: &View<'_>, store: &Store, request: GetLogEventsRequest) -> Result<GetLogEventsResponse, Fault> {
    // Nothing is masked here, so `unmask` is always fulfilled.
    let group =
        group_of_request(view.state, request.log_group_name.as_deref(), request.log_group_identifier.as_deref())?;
    let id = id_of(stream(view.state, &group.name, &request.log_stream_name)?)?;
    let start = request.start_time.unwrap_or(0).max(kept_since(group, view.now.millis));
    // The end itself is not included.
    let end = request.end_time.map_or(i64::MAX, |end| end.saturating_sub(1));
    let (direction, from) = match &request.next_token {
        Some(token) => token::read(token)?,
        None if request.start_from_head == Some(true) => (Direction::Forward, Gap { at: start, ..Gap::START }),
        None => (Direction::Backward, Gap { at: end, ..Gap::END }),
    };
    let limit = usize::try_from(request.limit.unwrap_or(PAGE_EVENTS)).unwrap_or(1);
    let mut page = Page::new(direction, from, limit, PAGE_BYTES);
    store.search(&[id], &Wanted { time: start..=end, needle: None, matches: &|_| true }, &mut page).map_err(storage)?;
    let (mut oldest, mut newest) = page.gaps();
    if request.next_token.is_none() && page.events().next().is_none() && !page.has_more() {
        // An empty stream's tokens wait where its first event will be.
        (oldest, newest) = (Gap { at: start, ..Gap::START }, Gap { at: start, ..Gap::START });
    }
    let events = page.events().map(|(key, found)| OutputLogEvent {
        timestamp: Some(key.at),
        message: Some(found.message.clone()),
        ingestion_time: Some(found.ingested),
    });
    Ok(GetLogEventsResponse {
        events: Some(events.collect()),
        next_forward_token: Some(token::write(Direction::Forward, newest)),
        next_backward_token: Some(token::write(Direction::Backward, oldest)),
    })
}
