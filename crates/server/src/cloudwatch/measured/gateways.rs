//! NAT gateways' ("Monitor NAT gateways with Amazon CloudWatch", Amazon VPC User Guide).

use super::{Data, NAT};
use metrics::Distribution;
use spec::measured::{Carried, NatCounts};

impl Data {
    /// The metrics of one gateway. There are always all of them.
    pub(super) fn nat_gateway(&mut self, id: &str, counts: &NatCounts) {
        let NatCounts {
            in_from_source,
            in_from_destination,
            out_to_destination,
            out_to_source,
            active_connections,
            connection_attempts,
            connections_established,
            idle_timeouts,
            port_allocation_errors,
            packets_dropped,
            peak_bytes,
            peak_packets,
        } = *counts;
        self.namespace = NAT;
        let of = [("NatGatewayId", id)];
        for (way, Carried { packets, bytes }) in [
            ("InFromSource", in_from_source),
            ("InFromDestination", in_from_destination),
            ("OutToDestination", out_to_destination),
            ("OutToSource", out_to_source),
        ] {
            self.add(&format!("Bytes{way}"), "Bytes", Distribution::of(bytes as f64, 1.0), &of);
            self.add(&format!("Packets{way}"), "Count", Distribution::of(packets as f64, 1.0), &of);
        }
        for (name, value) in [
            ("ActiveConnectionCount", active_connections as f64),
            ("ConnectionAttemptCount", connection_attempts as f64),
            ("ConnectionEstablishedCount", connections_established as f64),
            ("ErrorPortAllocation", port_allocation_errors as f64),
            ("IdleTimeoutCount", idle_timeouts as f64),
            ("PacketsDropCount", packets_dropped as f64),
            ("PeakBytesPerSecond", peak_bytes),
            ("PeakPacketsPerSecond", peak_packets),
        ] {
            self.add(name, "Count", Distribution::of(value, 1.0), &of);
        }
    }
}
