//! What the kernel counted of the flows that it forwards itself, at the nodes of Network Load Balancers.

use crate::config::Node;
use network::{FlowMetrics, flow_metrics};
use spec::measured::{FlowCounts, FlowKind, NetworkCounts, NodeCounts, is_network};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::Instant,
};
use vpc::InterfaceId;

/// What the kernel had counted when it was last asked, with the node.
type Readings = BTreeMap<InterfaceId, (Arc<Node>, Reading)>;

/// What was counted until then.
type Reading = (Instant, FlowMetrics);

/// The nodes, shared with the thread that asks the kernel.
#[derive(Debug, Clone, Default)]
pub(crate) struct Kernel(Arc<Mutex<Readings>>);

impl Kernel {
    /// Counts of these nodes from now on.
    pub(crate) fn follow(&self, nodes: &BTreeMap<InterfaceId, Arc<Node>>) {
        let mut readings = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        readings.retain(|interface, (known, _)| nodes.get(interface).is_some_and(|node| Arc::ptr_eq(node, known)));
        for (interface, node) in nodes.iter().filter(|(_, node)| is_network(&node.load_balancer)) {
            // What was counted for another process before is not counted again.
            let first = || {
                let now = (Instant::now(), flow_metrics(&node.namespace).unwrap_or_default());
                (Arc::clone(node), now)
            };
            readings.entry(interface.clone()).or_insert_with(first);
        }
    }

    /// What was counted since the last time. It may take a while where there are many flows.
    pub(crate) fn take(&self) -> BTreeMap<InterfaceId, NodeCounts> {
        let mut readings = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let counted = readings.iter_mut().filter_map(|(interface, (node, before))| {
            // A node whose namespace is gone counts no more.
            let now = (Instant::now(), flow_metrics(&node.namespace).ok()?);
            let network = Some(since(&std::mem::replace(before, now), &now));
            let (load_balancer, zone) = (node.load_balancer.clone(), node.zone.clone());
            Some((interface.clone(), NodeCounts { load_balancer, zone, network, ..NodeCounts::default() }))
        });
        counted.collect()
    }
}

/// The difference of two readings. Counters begin anew with the rules that they are in.
fn since((then, before): &Reading, (at, now): &Reading) -> NetworkCounts {
    let more = |before: u64, now: u64| now.checked_sub(before).unwrap_or(now);
    let kinds = [FlowKind::Tcp, FlowKind::Udp].into_iter().zip(before.flows.iter().zip(&now.flows));
    let flows = kinds.map(|(kind, (before, now))| {
        let (new, bytes) = (more(before.new, now.new), more(before.bytes, now.bytes));
        (kind, FlowCounts { new, active: Some(now.active), bytes })
    });
    NetworkCounts {
        flows: flows.collect(),
        client_resets: more(before.client_resets, now.client_resets),
        target_resets: more(before.target_resets, now.target_resets),
        own_resets: more(before.own_resets, now.own_resets),
        client_handshakes: 0,
        target_handshakes: 0,
        port_allocation_errors: more(before.error_port_allocation, now.error_port_allocation),
        packets: more(before.packets, now.packets),
        time: u64::try_from((*at - *then).as_millis()).unwrap_or(u64::MAX),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use network::Flows;
    use std::time::Duration;

    #[test]
    fn what_came_since() {
        let begun = Instant::now();
        let tcp = |new, active, bytes| {
            let flows = [Flows { new, active, bytes }, Flows::default()];
            let metrics = FlowMetrics { flows, client_resets: new, packets: bytes / 10, ..FlowMetrics::default() };
            (begun + Duration::from_secs(new), metrics)
        };
        let counted = since(&tcp(5, 2, 100), &tcp(8, 1, 300));
        assert_eq!((counted.packets, counted.time), (20, 3_000));
        assert_eq!(counted.flows[&FlowKind::Tcp], FlowCounts { new: 3, active: Some(1), bytes: 200 });
        assert_eq!(counted.client_resets, 3);
        let anew = since(&(begun, tcp(8, 1, 300).1), &tcp(2, 1, 40));
        assert_eq!(anew.flows[&FlowKind::Tcp], FlowCounts { new: 2, active: Some(1), bytes: 40 });
    }
}
