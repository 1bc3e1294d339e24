//! Shows alarms the values they go by, once a minute and whenever there are new ones. What follows is `control`'s to decide. Once a minute,
//! too, healthy targets are counted.
//!
//! A minute may be shorter than others' (`Region::minute`), for those who test what alarms do.

use super::measured;
use crate::app::App;
use aws::doc::Timestamp;
use control::cloudwatch::{Period, Shown, Watched, evaluate, is_due, observe, watched};
use control::state::Alarm;
use control::{Caller, Region};
use metrics::{Metric, Statistic, Store};
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
    let (mut sampled, mut before, mut configured) = (None, None, HashMap::new());
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
        let at = (minute, app.metrics.changes());
        let everything = before != Some(at);
        before = Some(at);
        // One that was made or changed is evaluated at once.
        let due = |alarm: &&Alarm| everything || configured.get(&alarm.name) != Some(&alarm.updated_at);
        let shown = state.alarms.iter().filter(due).filter_map(|alarm| {
            let periods = periods(&app.metrics, alarm, &state.region, now);
            let shown = is_due(alarm, minute) || evaluate(alarm, &periods, now).is_some();
            shown.then(|| Shown { name: alarm.name.clone(), periods, minute })
        });
        let shown: Vec<Shown> = shown.collect();
        configured = state.alarms.iter().map(|alarm| (alarm.name.clone(), alarm.updated_at)).collect();
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
    let Watched { metric: (namespace, name, dimensions), unit, statistic, periods } =
        watched(alarm, region, now.millis);
    let metric = Metric::new(namespace, name, dimensions);
    let statistic = Statistic::parse(&statistic);
    let period = |(start, end): (Millis, Millis)| {
        let values = store.values(&metric, unit.as_deref(), start, end);
        let value = statistic.and_then(|statistic| values.statistic(statistic));
        Period { start, value: value.map(|value| (value, values.count)) }
    };
    periods.into_iter().map(period).collect()
}
