//! Shows alarms the values they go by, once a minute and whenever there are new ones. What follows is `control`'s to decide. Once a minute,
//! too, healthy targets are counted.

use super::measured;
use crate::app::App;
use aws::doc::Timestamp;
use control::Caller;
use control::cloudwatch::{Period, Watched, evaluate, observe, watched};
use control::state::Alarm;
use metrics::{Metric, Statistic, Store};
use spec::{MINUTE, Millis};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::MissedTickBehavior;

const LOOK: Duration = Duration::from_secs(1);

/// Looks after alarms until it is aborted.
pub(crate) async fn watch(app: Arc<App>) {
    let mut ticks = tokio::time::interval(LOOK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let (mut before, mut configured) = (None, HashMap::new());
    loop {
        ticks.tick().await;
        let now = app.core.clock().now();
        let state = app.core.state();
        let at = Some((now.millis.div_euclid(MINUTE), app.metrics.changes()));
        let everything = before != at;
        if before.map(|(minute, _)| minute) != at.map(|(minute, _)| minute) {
            let sampled = app.clone();
            if let Err(fault) = crate::app::blocking(move || measured::sample(&sampled, now.millis)).await {
                crate::complain(format_args!("counting healthy targets: {fault}"));
            }
        }
        before = at;
        // One that was made or changed is evaluated at once.
        let due = |alarm: &&Alarm| everything || configured.get(&alarm.name) != Some(&alarm.updated_at);
        let due: Vec<&Alarm> = state.alarms.iter().filter(due).collect();
        if due.is_empty() {
            continue;
        }
        for alarm in due {
            let periods = periods(&app.metrics, alarm, now);
            if evaluate(alarm, &periods, now).is_none() {
                continue;
            }
            let name = alarm.name.clone();
            let show = move |tx: &mut control::Tx<'_>| {
                observe(tx, &name, &periods);
                Ok(())
            };
            if let Err(fault) = app.core.run(Caller::default(), show).await {
                crate::complain(format_args!("evaluating the alarm {}: {fault}", alarm.name));
                before = None;
            }
        }
        configured = state.alarms.iter().map(|alarm| (alarm.name.clone(), alarm.updated_at)).collect();
    }
}

/// The values of the periods that an alarm looks at.
fn periods(store: &Store, alarm: &Alarm, now: Timestamp) -> Vec<Period> {
    let Watched { metric: (namespace, name, dimensions), unit, statistic, periods } = watched(alarm, now.millis);
    let metric = Metric::new(namespace, name, dimensions);
    let statistic = Statistic::parse(&statistic);
    let period = |(start, end): (Millis, Millis)| {
        let values = store.values(&metric, unit.as_deref(), start, end);
        let value = statistic.and_then(|statistic| values.statistic(statistic));
        Period { start, value: value.map(|value| (value, values.count)) }
    };
    periods.into_iter().map(period).collect()
}
