//! The operations of CloudWatch Logs that need events: the records say which groups and streams there are, the store has what is in
//! them. They are looked up before control's own operations.

mod describe;
mod filter;
mod get;
mod put;
mod sweep;
mod test_metric_filter;
mod token;

pub(crate) use sweep::sweep;

use crate::app::internal;
use crate::http::Door;
use aws::api::{
    Api,
    logs::{API, op},
};
use aws::doc::Doc;
use aws::fault::Fault;
use aws::shape::{Operation, Shape};
use control::View;
use control::logs::invalid;
use control::state::{LogGroup, LogStream};
use http::HeaderMap;
use logevents::pattern::Pattern;
use logevents::store::{Store, StreamId};
use shares::{Share, Shares};
use spec::{DAY, Millis};
use std::sync::LazyLock;

/// Searches at once: each uses every processor there is, and memory for each of them. Those of the user and those of tasks are apart, and
/// of tasks each client has one at a time.
static OF_USERS: LazyLock<Shares> = LazyLock::new(|| Shares::new(4, 4));
static OF_TASKS: LazyLock<Shares> = LazyLock::new(|| Shares::new(2, 1));

/// Bytes of events in an answer, counted with 26 for each; and how many ("GetLogEvents").
const PAGE_BYTES: u64 = 1 << 20;
const PAGE_EVENTS: i32 = 10_000;

/// The function behind an operation. It waits for the disk. A host says the number of the first of a container's lines.
pub(crate) type Answer = fn(&View<'_>, &Store, Option<u64>, Doc) -> Result<Doc, Fault>;

/// The function behind an operation, if it is one that needs events.
pub(crate) fn operation(api: &Api, name: &str) -> Option<Answer> {
    if api.service != API.service {
        return None;
    }
    match name {
        op::PutLogEvents::NAME => Some(|view, store, first_line, input| {
            typed::<op::PutLogEvents>(view, store, input, |view, store, input| put::put(view, store, first_line, input))
        }),
        op::GetLogEvents::NAME => Some(|view, store, _, input| typed::<op::GetLogEvents>(view, store, input, get::get)),
        op::FilterLogEvents::NAME => {
            Some(|view, store, _, input| typed::<op::FilterLogEvents>(view, store, input, filter::filter))
        }
        op::DescribeLogGroups::NAME => {
            Some(|view, store, _, input| typed::<op::DescribeLogGroups>(view, store, input, describe::groups))
        }
        op::DescribeLogStreams::NAME => {
            Some(|view, store, _, input| typed::<op::DescribeLogStreams>(view, store, input, describe::streams))
        }
        op::TestMetricFilter::NAME => {
            Some(|view, store, _, input| typed::<op::TestMetricFilter>(view, store, input, test_metric_filter::test))
        }
        _ => None,
    }
}

/// Waits until an operation may begin, if it is a search.
pub(crate) async fn turn(door: Door, operation: &str) -> Option<Share> {
    if operation != op::FilterLogEvents::NAME && operation != op::GetLogEvents::NAME {
        return None;
    }
    let shares = if door.client().is_some() { &OF_TASKS } else { &OF_USERS };
    Some(shares.take(door.client(), 1).await)
}

fn typed<O: Operation>(
    view: &View<'_>,
    store: &Store,
    input: Doc,
    answer: impl FnOnce(&View<'_>, &Store, O::Input) -> Result<O::Output, Fault>,
) -> Result<Doc, Fault> {
    answer(view, store, API.read::<O>(input)?).map(Shape::write)
}

/// The number that a host gives the first line of a batch, where it does.
///
/// # Errors
/// `InvalidParameterException` for what is no number.
pub(crate) fn first_line(headers: &HeaderMap) -> Result<Option<u64>, Fault> {
    let Some(value) = headers.get(spec::FIRST_LINE) else { return Ok(None) };
    let number = value.to_str().ok().and_then(|text| text.parse().ok());
    number.map(Some).ok_or_else(|| invalid(format!("{}: {value:?} is no number.", spec::FIRST_LINE)))
}

/// The number under which a stream's events are kept.
fn id_of(stream: &LogStream) -> Result<StreamId, Fault> {
    StreamId::from_str_radix(&stream.id, 16)
        .map_err(|error| internal(format!("log stream {:?} has the id {:?}: {error}", stream.name, stream.id)))
}

/// Reads a filter pattern.
fn pattern(text: &str) -> Result<Pattern, Fault> {
    Pattern::parse(text).map_err(|error| invalid(error.to_string()))
}

/// What is older than this has expired.
fn kept_since(group: &LogGroup, now: Millis) -> Millis {
    group.retention.map_or(0, |days| now.saturating_sub(Millis::from(days) * DAY))
}

/// A failure of the store's, as a client sees it.
fn storage(error: std::io::Error) -> Fault {
    match disk::is_full(&error) {
        true => crate::core::unavailable(format!("Log events can't be kept: {error}.")),
        false => internal(format!("reading or writing log events: {error}")),
    }
}
