//! What NAT gateways have done. The kernel counts; it is asked six times a minute, because peaks are of ten seconds ("Monitor NAT gateways
//! with Amazon CloudWatch", Amazon VPC User Guide), and because a connection that was idle for too long is told from others only by looking
//! shortly before it is forgotten.

use super::{Reporter, minute, next};
use crate::{Config, clock};
use network::{NatConnections, NatMetrics, Traffic, nat_metrics};
use spec::{
    HostSpec,
    measured::{Carried, Measured, NatCounts},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Instant,
};
use tokio::{sync::watch, task::JoinSet};
use vpc::{InterfaceId, NatGatewayId};

/// Looks a minute.
const LOOKS: i64 = 6;

/// Looks at NAT gateways, and says at every full minute what they have done, for ever.
pub(crate) async fn gateways(config: Arc<Config>, told: watch::Receiver<Arc<HostSpec>>) {
    let reporter = Reporter::new(&config);
    let (by, mut number) = (format!("gateways {} {}", std::process::id(), clock::now()), 0);
    let minute = minute(&config);
    let mut all = Gateways::default();
    // Looking goes on while a server is waited for. One that is away for longer misses a minute.
    let mut reports = JoinSet::new();
    all = look(&config, &told, all).await;
    let mut reported = clock::now().div_euclid(minute);
    loop {
        let due = next((minute / LOOKS).max(1)).await;
        all = look(&config, &told, all).await;
        while reports.try_join_next().is_some() {}
        // The first look of a minute is the last of the one before, even if it comes late.
        let is_over = reported != due.div_euclid(minute);
        reported = due.div_euclid(minute);
        if !is_over || all.known.is_empty() {
            continue;
        }
        number += 1;
        let nat_gateways = all.known.iter_mut().map(|(id, gateway)| (id.clone(), std::mem::take(&mut gateway.counts)));
        let nat_gateways = nat_gateways.collect();
        let report = Measured { nat_gateways, ..reporter.nothing(by.clone(), number, due - due % minute - 1) };
        let (reporter, most) = (reporter.clone(), config.minute.mul_f64(0.8));
        reports.spawn(async move {
            let _ = tokio::time::timeout(most, reporter.report(&report)).await;
        });
    }
}

async fn look(config: &Config, told: &watch::Receiver<Arc<HostSpec>>, mut all: Gateways) -> Gateways {
    let vpcs = told.borrow().topology.clone();
    let instance = config.instance.clone();
    let looked = tokio::task::spawn_blocking(move || {
        let gateways = vpcs.vpcs.values().flat_map(|vpc| &vpc.nat_gateways);
        let wanted: BTreeMap<&NatGatewayId, &InterfaceId> =
            gateways.map(|(id, gateway)| (id, &gateway.interface)).collect();
        let begun = Instant::now();
        // One whose namespace is not there yet, or no longer, has nothing to tell.
        let reading = |interface: &InterfaceId| {
            let (metrics, connections) = nat_metrics(&instance, interface).ok()?;
            Some(Reading { at: Instant::now(), metrics, connections })
        };
        let readings = wanted.into_iter().map(|(id, interface)| (id.clone(), reading(interface))).collect();
        all.look(begun, readings);
        all
    });
    looked.await.unwrap_or_default()
}

/// What was counted until then.
#[derive(Debug, Clone)]
struct Reading {
    at: Instant,
    metrics: NatMetrics,
    connections: NatConnections,
}

/// All gateways of the host.
#[derive(Debug, Default)]
struct Gateways {
    known: BTreeMap<NatGatewayId, Gateway>,
    /// When was looked before: those that come later are new, and were not counted for another agent.
    looked: Option<Instant>,
    /// Those that were there at the first look and could not be read: they are not new.
    unread: BTreeSet<NatGatewayId>,
}

#[derive(Debug)]
struct Gateway {
    last: Reading,
    counts: NatCounts,
}

impl Gateways {
    /// Those that are not among the readings are gone; one that can't be read now goes on later.
    fn look(&mut self, begun: Instant, readings: BTreeMap<NatGatewayId, Option<Reading>>) {
        self.known.retain(|id, _| readings.contains_key(id));
        self.unread.retain(|id| readings.contains_key(id));
        if self.looked.is_none() {
            self.unread = readings.iter().filter(|(_, now)| now.is_none()).map(|(id, _)| id.clone()).collect();
        }
        for (id, now) in readings.into_iter().filter_map(|(id, now)| Some((id, now?))) {
            match self.known.get_mut(&id) {
                Some(gateway) => {
                    add(&mut gateway.counts, &gateway.last, &now);
                    gateway.last = now;
                }
                None => {
                    let mut counts = NatCounts::default();
                    let is_new = !self.unread.remove(&id);
                    if let Some(at) = self.looked.filter(|_| is_new) {
                        let nothing = Reading { at, metrics: NatMetrics::default(), ..now.clone() };
                        add(&mut counts, &nothing, &now);
                    }
                    self.known.insert(id, Gateway { last: now, counts });
                }
            }
        }
        self.looked = Some(begun);
    }
}

/// Adds what came between two readings to the counts of a minute.
fn add(counts: &mut NatCounts, before: &Reading, now: &Reading) {
    let (then, is) = (&before.metrics, &now.metrics);
    let source = since(then.in_from_source, is.in_from_source);
    let destination = since(then.in_from_destination, is.in_from_destination);
    let seconds = (now.at - before.at).as_secs_f64();
    // All of it, as it came in.
    if seconds > 0.0 {
        let rate = |of: fn(&Carried) -> u64| (of(&source) + of(&destination)) as f64 / seconds;
        counts.peak_bytes = counts.peak_bytes.max(rate(|of| of.bytes));
        counts.peak_packets = counts.peak_packets.max(rate(|of| of.packets));
    }
    carry(&mut counts.in_from_source, source);
    carry(&mut counts.in_from_destination, destination);
    carry(&mut counts.out_to_destination, since(then.out_to_destination, is.out_to_destination));
    carry(&mut counts.out_to_source, since(then.out_to_source, is.out_to_source));
    counts.active_connections = counts.active_connections.max(is.active_connections);
    counts.connection_attempts += more(then.connection_attempts, is.connection_attempts);
    counts.connections_established += more(then.connections_established, is.connections_established);
    counts.idle_timeouts += now.connections.idle_timeouts(&before.connections, now.at - before.at);
    counts.port_allocation_errors += more(then.error_port_allocation, is.error_port_allocation);
    counts.packets_dropped += more(then.packets_dropped, is.packets_dropped);
}

fn carry(sum: &mut Carried, more: Carried) {
    sum.packets += more.packets;
    sum.bytes += more.bytes;
}

fn since(before: Traffic, now: Traffic) -> Carried {
    Carried { packets: more(before.packets, now.packets), bytes: more(before.bytes, now.bytes) }
}

/// The difference of two readings. Counters begin anew with the rules that they are in.
fn more(before: u64, now: u64) -> u64 {
    now.checked_sub(before).unwrap_or(now)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failure ends the test")]

    use super::*;
    use std::time::Duration;

    fn reading(at: Instant, bytes: u64, active: u64) -> BTreeMap<NatGatewayId, Option<Reading>> {
        let in_from_source = Traffic { packets: bytes / 100, bytes };
        let metrics = NatMetrics { in_from_source, active_connections: active, ..NatMetrics::default() };
        [("nat-1".into(), Some(Reading { at, metrics, connections: NatConnections::default() }))].into()
    }

    #[test]
    fn a_minute_is_the_sum_of_its_looks_and_a_peak_the_most_of_one() {
        let begun = Instant::now();
        let after = |seconds| begun + Duration::from_secs(seconds);
        let mut all = Gateways::default();
        all.look(begun, reading(begun, 50_000, 3));
        all.look(after(10), reading(after(10), 60_000, 9));
        all.look(after(20), reading(after(20), 90_000, 2));
        all.look(after(25), [("nat-1".into(), None)].into());
        // The rules were made anew.
        all.look(after(30), reading(after(30), 1_000, 2));
        let counts = all.known.get("nat-1").unwrap().counts;
        assert_eq!(counts.in_from_source, Carried { packets: 410, bytes: 41_000 }, "nothing of what was before");
        assert_eq!((counts.peak_bytes, counts.peak_packets, counts.active_connections), (3_000.0, 30.0, 9));
    }

    #[test]
    fn what_a_new_gateway_has_carried_before_it_is_looked_at_counts() {
        let mut all = Gateways::default();
        let begun = Instant::now();
        all.look(begun, BTreeMap::new());
        all.look(begun, reading(begun + Duration::from_secs(7), 700, 0));
        let counts = all.known.get("nat-1").unwrap().counts;
        assert_eq!((counts.in_from_source.bytes, counts.peak_bytes), (700, 100.0), "since it was not there yet");
        all.look(begun, BTreeMap::new());
        assert!(all.known.is_empty());
        // One that was there before the agent may have been counted for another.
        let mut all = Gateways::default();
        all.look(begun, [("nat-1".into(), None)].into());
        all.look(begun, reading(begun + Duration::from_secs(7), 700, 0));
        all.look(begun, reading(begun + Duration::from_secs(8), 900, 0));
        assert_eq!(all.known.get("nat-1").unwrap().counts.in_from_source.bytes, 200);
    }
}
