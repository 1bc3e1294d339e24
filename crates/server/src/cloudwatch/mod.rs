//! What of CloudWatch needs what was measured: the operations that take it in and tell it, the alarms that go by it, and what hosts report.

mod alarms;
mod connect;
mod get;
mod list;
mod measured;
mod put;

pub(crate) use alarms::watch;
pub(crate) use measured::take;

use crate::app::{App, internal};
use aws::api::{
    Api,
    cloudwatch::{API, op},
};
use aws::doc::Doc;
use aws::fault::Fault;
use aws::shape::{Operation, Shape};
use control::View;
use control::cloudwatch::unsupported;
use metrics::{Statistic, Store};

/// The function behind an operation. It may write to a file.
pub(crate) type Answer = fn(&'static Api, &View<'_>, &Store, Doc) -> Result<Doc, Fault>;

/// The function behind an operation, if it is one that needs what was measured.
pub(crate) fn operation(api: &Api, name: &str) -> Option<Answer> {
    if api.service != API.service {
        return None;
    }
    match name {
        op::PutMetricData::NAME => {
            Some(|api, view, store, input| typed::<op::PutMetricData>(api, view, store, input, put::put))
        }
        op::GetMetricData::NAME => {
            Some(|api, view, store, input| typed::<op::GetMetricData>(api, view, store, input, get::data))
        }
        op::GetMetricStatistics::NAME => {
            Some(|api, view, store, input| typed::<op::GetMetricStatistics>(api, view, store, input, get::statistics))
        }
        op::ListMetrics::NAME => {
            Some(|api, view, store, input| typed::<op::ListMetrics>(api, view, store, input, list::list))
        }
        _ => None,
    }
}

/// How an operation that asks the store is answered.
type Answering<O> = fn(&View<'_>, &Store, <O as Operation>::Input) -> Result<<O as Operation>::Output, Fault>;

fn typed<O: Operation>(
    api: &Api,
    view: &View<'_>,
    store: &Store,
    input: Doc,
    answer: Answering<O>,
) -> Result<Doc, Fault> {
    answer(view, store, api.read::<O>(input)?).map(Shape::write)
}

/// A statistic by its name.
fn statistic(name: &str) -> Result<Statistic, Fault> {
    Statistic::parse(name).ok_or_else(|| unsupported(&format!("the statistic {name}")))
}

/// Why values were not taken in.
fn unkept(error: std::io::Error) -> Fault {
    if disk::is_full(&error) {
        crate::core::unavailable(format!("Metrics can't be kept: {error}."))
    } else {
        internal(format!("writing metrics: {error}"))
    }
}

/// Forgets what was measured too long ago.
pub(crate) fn sweep(app: &App) -> Result<(), Fault> {
    app.metrics
        .expire(app.core.clock().now().millis)
        .map_err(|error| internal(format!("removing old metrics: {error}")))
}
