//! Shows alarms the values they go by, every ten seconds and whenever there are new ones. What follows is `control`'s to decide. Once a
//! minute, healthy targets are counted.
//!
//! A minute may be shorter than others' (`Region::minute`), for those who test what alarms do.

use super::get::metric;
use super::measured;
use crate::app::App;
use aws::doc::Timestamp;
use control::cloudwatch::queries::{Asked, Measured};
use control::cloudwatch::{Period, Shown, Watched, evaluate, is_due, observe, watched};
use control::state::Alarm;
use control::{Caller, Region};
use metricmath::{Range, Span};
use metrics::{Statistic, Store};
use spec::Millis;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::MissedTickBehavior;

const LOOK: Duration = Duration::from_secs(1);
/// How long hosts are given to say what they have measured in a minute, in milliseconds. Half of a minute's requests would look like few.
const LATE: Millis = 2_000;

/// Looks after alarms until it is aborted.
pub(crate) async fn watch(app: Arc<App>) {
    let mut ticks = tokio::time::interval(LOOK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let (mut sampled, mut before, mut configured) = (None, None, HashMap::<String, Timestamp>::new());
    loop {
        ticks.tick().await;
        let now = app.core.clock().now();
        let state = app.core.state();
        let minute = |at: Millis| at.div_euclid(state.region.minute.max(1));
        if sampled != Some(minute(now.millis)) {
            sampled = Some(minute(now.millis));
            let counted = app.clone();
            if let Err(fault) = crate::app::blocking(move || measured::sample(&counted, now.millis)).await {
                crate::complain(format_args!("counting healthy targets: {fault}"));
            }
        }
        let now = Timestamp { millis: now.millis - LATE };
        let minute = minute(now.millis);
        // Alarms of high resolution look at parts of a minute.
        let part = now.millis.div_euclid(state.region.lasting(10).max(1));
        let at = (part, app.metrics.changes());
        let everything = before != Some(at);
        before = Some(at);
        // One that was made or changed is evaluated at once.
        let known = std::mem::take(&mut configured);
        configured = state.alarms.iter().map(|alarm| (alarm.name.clone(), alarm.updated_at)).collect();
        if !everything && known == configured {
            continue;
        }
        let looking = app.clone();
        // Values that are not of the last minutes are in files.
        let look = move || {
            let due = |alarm: &&Alarm| everything || known.get(&alarm.name) != Some(&alarm.updated_at);
            let shown = state.alarms.iter().filter(due).filter_map(|alarm| {
                let periods = periods(&looking.metrics, alarm, &state.region, now);
                let shown = is_due(alarm, minute) || evaluate(alarm, &periods, now).is_some();
                shown.then(|| Shown { name: alarm.name.clone(), periods, minute })
            });
            Ok(shown.collect::<Vec<_>>())
        };
        let shown = match crate::app::blocking(look).await {
            Ok(shown) => shown,
            Err(fault) => {
                crate::complain(format_args!("looking at alarms' values: {fault}"));
                before = None;
                continue;
            }
        };
        if shown.is_empty() {
            continue;
        }
        let show = move |tx: &mut control::Tx<'_>| {
            observe(tx, &shown);
            Ok(())
        };
        if let Err(fault) = app.core.run(Caller::default(), show).await {
            crate::complain(format_args!("evaluating alarms: {fault}"));
            before = None;
        }
    }
}

/// The values of the periods that an alarm looks at.
fn periods(store: &Store, alarm: &Alarm, region: &Region, now: Timestamp) -> Vec<Period> {
    let Watched { asked, periods } = watched(alarm, region, now.millis);
    let Some((asked, place)) = asked else { return Vec::new() };
    match asked.metrics.get(place) {
        Some(Some(measured)) => of_metric(store, measured, &periods),
        _ => of_expression(store, &asked, place, &periods),
    }
}

fn of_metric(store: &Store, measured: &Measured, periods: &[(Millis, Millis)]) -> Vec<Period> {
    let Some(range) = range(periods) else { return Vec::new() };
    let statistic = Statistic::parse(&measured.statistic);
    let values = store.periods(&metric(measured), measured.unit.as_deref(), range);
    let period = |(start, _): &(Millis, Millis)| {
        let values = values.get(start);
        let value = values.and_then(|values| Some((values.statistic(statistic?)?, values.count)));
        Period { start: *start, value }
    };
    periods.iter().map(period).collect()
}

/// All the periods, which follow each other.
fn range(periods: &[(Millis, Millis)]) -> Option<Range> {
    let (first, last) = (periods.first()?, periods.last()?);
    Some(Span { start: first.0, end: last.1, phase: last.1 }.by(last.1 - last.0))
}

/// An expression that comes to nothing has no values: its alarm was checked when it was made.
fn of_expression(store: &Store, asked: &Asked, place: usize, periods: &[(Millis, Millis)]) -> Vec<Period> {
    let Some(Range { start, end, phase, .. }) = range(periods) else { return Vec::new() };
    let span = Span { start, end, phase };
    let mut source = |place: usize, range: Range| super::get::measured(store, asked, place, range);
    let lines = asked.queries.evaluate(&[place], span, &mut source).unwrap_or_default();
    let points: HashMap<Millis, f64> = lines.into_iter().flatten().flat_map(|line| line.points).collect();
    let period =
        |(start, _): &(Millis, Millis)| Period { start: *start, value: points.get(start).map(|value| (*value, 1.0)) };
    periods.iter().map(period).collect()
}
