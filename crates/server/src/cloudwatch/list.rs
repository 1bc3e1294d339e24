//! `ListMetrics`.

use aws::api::cloudwatch::{Dimension, DimensionFilter, ListMetricsInput, ListMetricsOutput, Metric as Shape};
use aws::fault::Fault;
use aws::page::{Size, paginate};
use control::View;
use control::cloudwatch::{bad_token, refuse};
use metrics::{Metric, Store};
use spec::{DAY, Millis};

/// How many metrics a page has ("ListMetrics").
const PAGE: Size = Size { default: 500, max: 500 };
/// `PT3H`, and what is listed otherwise: metrics that had values in the last two weeks ("ListMetrics").
const RECENT: Millis = 3 * 60 * 60 * 1000;
const LISTED: Millis = 14 * DAY;

pub(super) fn list(view: &View<'_>, store: &Store, request: ListMetricsInput) -> Result<ListMetricsOutput, Fault> {
    let ListMetricsInput {
        namespace,
        metric_name,
        dimensions,
        next_token,
        recently_active,
        include_linked_accounts,
        owning_account,
    } = request;
    refuse(&[
        ("IncludeLinkedAccounts", include_linked_accounts == Some(true)),
        ("OwningAccount", owning_account.is_some()),
    ])?;
    let since = view.now.millis - recently_active.map_or(LISTED, |_| RECENT);
    let dimensions = dimensions.unwrap_or_default();
    let has = |metric: &Metric, filter: &DimensionFilter| {
        let is_meant = |value: &String| filter.value.as_ref().is_none_or(|wanted| wanted == value);
        metric.dimensions.iter().any(|(name, value)| *name == filter.name && is_meant(value))
    };
    let wanted = |metric: &Metric| {
        namespace.as_ref().is_none_or(|wanted| *wanted == metric.namespace)
            && metric_name.as_ref().is_none_or(|wanted| *wanted == metric.name)
            && dimensions.iter().all(|filter| has(metric, filter))
    };
    let key = |metric: &Metric| format!("{metric:?}");
    let all = store.metrics(since).into_iter().filter(wanted);
    let (page, next_token) = paginate(all, key, None, next_token.as_deref(), PAGE).map_err(|_| bad_token())?;
    let dimension = |(name, value): (String, String)| Dimension { name: Some(name), value: Some(value) };
    let shape = |metric: Metric| Shape {
        namespace: Some(metric.namespace),
        metric_name: Some(metric.name),
        dimensions: Some(metric.dimensions.into_iter().map(dimension).collect()),
    };
    Ok(ListMetricsOutput { metrics: Some(page.into_iter().map(shape).collect()), next_token, owning_accounts: None })
}
