//! The operations of CloudWatch Logs that need events: the records say which groups and streams there are, the store has what is in
//! them. They are looked up before control's own operations.

mod describe;
mod filter;
mod get;
mod ingest;
mod put;
mod sweep;
mod test_metric_filter;
mod token;

pub(crate) use ingest::ingest;
pub(crate) use sweep::sweep;

use crate::app::internal;
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
use logevents::pattern::Pattern;
use logevents::store::{Store, StreamId};
use spec::Millis;

/// Bytes of events in an answer, counted with 26 for each; and how many ("GetLogEvents").
const PAGE_BYTES: u64 = 1 << 20;
const PAGE_EVENTS: i32 = 10_000;
/// Milliseconds of a day.
const DAY: Millis = 24 * 60 * 60 * 1000;

/// The function behind an operation. It waits for the disk.
pub(crate) type Answer = fn(&View<'_>, &Store, Doc) -> Result<Doc, Fault>;

/// The function behind an operation, if it is one that needs events.
pub(crate) fn operation(api: &Api, name: &str) -> Option<Answer> {
    if api.service != API.service {
        return None;
    }
    match name {
        "PutLogEvents" => Some(|view, store, input| typed::<op::PutLogEvents>(view, store, input, put::put)),
        "GetLogEvents" => Some(|view, store, input| typed::<op::GetLogEvents>(view, store, input, get::get)),
        "FilterLogEvents" => {
            Some(|view, store, input| typed::<op::FilterLogEvents>(view, store, input, filter::filter))
        }
        "DescribeLogGroups" => {
            Some(|view, store, input| typed::<op::DescribeLogGroups>(view, store, input, describe::groups))
        }
        "DescribeLogStreams" => {
            Some(|view, store, input| typed::<op::DescribeLogStreams>(view, store, input, describe::streams))
        }
        "TestMetricFilter" => {
            Some(|view, store, input| typed::<op::TestMetricFilter>(view, store, input, test_metric_filter::test))
        }
        _ => None,
    }
}

/// The same with types.
type Typed<I, O> = fn(&View<'_>, &Store, I) -> Result<O, Fault>;

fn typed<O: Operation>(
    view: &View<'_>,
    store: &Store,
    input: Doc,
    answer: Typed<O::Input, O::Output>,
) -> Result<Doc, Fault> {
    answer(view, store, API.read::<O>(input)?).map(Shape::write)
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
    match error.kind() {
        std::io::ErrorKind::StorageFull => crate::core::unavailable(format!("Log events can't be kept: {error}.")),
        _ => internal(format!("reading or writing log events: {error}")),
    }
}
