//! What the kernel counted of a NAT gateway, and of a Network Load Balancer's node.

use crate::{
    Error,
    name::{Instance, NamespaceName},
    namespace,
    netlink::{
        Socket,
        conntrack::{self, Connection},
        nftables,
    },
    plan::flows::counted,
};
use rustix::io::Errno;
use std::{fs, path::Path};
use vpc::InterfaceId;

/// A NAT gateway's counts since its namespace was made ("Monitor NAT gateways with Amazon CloudWatch", Amazon VPC User Guide).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct NatMetrics {
    /// Bytes from the VPC, which are as many to the destination.
    pub bytes_in_from_source: u64,
    /// Packets from the VPC.
    pub packets_in_from_source: u64,
    /// Bytes from the destination, which are as many to the VPC.
    pub bytes_in_from_destination: u64,
    /// Packets from the destination.
    pub packets_in_from_destination: u64,
    /// Connections now.
    pub active_connections: u64,
    /// Connections that got no port.
    pub error_port_allocation: u64,
}

/// Reads the counts of the NAT gateway behind an interface.
///
/// # Errors
/// When there is none on this machine, or its kernel can't be asked.
pub fn nat_metrics(instance: &Instance, interface: &InterfaceId) -> Result<NatMetrics, Error> {
    let name = instance.interface(interface);
    namespace::inside(&name.path(), || read(&name))?
}

/// What the kernel forwarded for the listeners of a Network Load Balancer's node, since its namespace was made.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct FlowMetrics {
    /// TCP and UDP.
    pub flows: [Flows; 2],
    /// Resets that clients sent.
    pub client_resets: u64,
    /// Resets that targets sent.
    pub target_resets: u64,
    /// Resets of the node's own.
    pub own_resets: u64,
    /// Flows that got no port.
    pub error_port_allocation: u64,
}

/// The flows of one protocol.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Flows {
    /// Those that have begun.
    pub new: u64,
    /// Those that are there now.
    pub active: u64,
    /// Bytes either way, with headers.
    pub bytes: u64,
}

/// Reads the counts of a Network Load Balancer's node in its network namespace.
///
/// # Errors
/// When it is no such namespace, or its kernel can't be asked.
pub fn flow_metrics(namespace: &Path) -> Result<FlowMetrics, Error> {
    namespace::inside(namespace, || read_flows(namespace))?
}

fn read_flows(namespace: &Path) -> Result<FlowMetrics, Error> {
    let failed = |errno| Error::new("read the counters of", namespace.display(), errno);
    let mut socket = Socket::netfilter().map_err(failed)?;
    let forward = nftables::counters(&mut socket, "forward").map_err(failed)?;
    let input = nftables::counters(&mut socket, "input").map_err(failed)?;
    let connections = conntrack::list(&mut socket).map_err(failed)?;
    let of = |rule: usize| forward.get(rule).copied().unwrap_or_default();
    // What the node itself began, and what is for itself, is not translated.
    let is_flow = |of: &&Connection| of.reply.source != of.original.destination;
    let active = |protocol: u8, is_active: fn(&Connection) -> bool| {
        let flows = connections.iter().filter(is_flow).filter(|of| of.original.protocol == protocol);
        flows.filter(|of| is_active(of)).count() as u64
    };
    let active = [active(6, |of| of.is_open), active(17, |_| true)];
    let flows =
        [0, 1].map(|n: usize| Flows { new: of(counted::NEW[n]).0, active: active[n], bytes: of(counted::ALL[n]).1 });
    let [client_resets, target_resets] = counted::RESETS.map(|rule| of(rule).0);
    Ok(FlowMetrics {
        flows,
        client_resets,
        target_resets,
        own_resets: of(counted::REFUSED).0 + input.get(counted::REFUSED_INPUT).map_or(0, |(packets, _)| *packets),
        error_port_allocation: failures(&text("/proc/thread-self/net/stat/nf_conntrack").map_err(failed)?),
    })
}

fn text(path: &str) -> Result<String, Errno> {
    fs::read_to_string(path).map_err(|error| Errno::from_io_error(&error).unwrap_or(Errno::IO))
}

fn read(name: &NamespaceName) -> Result<NatMetrics, Error> {
    let failed = |errno| Error::new("read the counters of", name, errno);
    let count = text("/proc/sys/net/netfilter/nf_conntrack_count").map_err(failed)?;
    let statistics = text("/proc/thread-self/net/stat/nf_conntrack").map_err(failed)?;
    let counted = nftables::counters(&mut Socket::netfilter().map_err(failed)?, "forward").map_err(failed)?;
    let sum = |rules: &[usize]| {
        let all = rules.iter().filter_map(|rule| counted.get(*rule));
        all.fold((0, 0), |sum: (u64, u64), (packets, bytes)| (sum.0 + packets, sum.1 + bytes))
    };
    // The forward chain of `plan::nat`: what the sender of a known connection sends, what is sent back, what begins one.
    let (source, destination) = (sum(&[0, 2]), sum(&[1]));
    Ok(NatMetrics {
        packets_in_from_source: source.0,
        bytes_in_from_source: source.1,
        packets_in_from_destination: destination.0,
        bytes_in_from_destination: destination.1,
        active_connections: count.trim().parse().unwrap_or(0),
        error_port_allocation: failures(&statistics),
    })
}

/// The sum of a column over the processors: connections that could not be entered, because every port was another's.
fn failures(statistics: &str) -> u64 {
    let mut lines = statistics.lines();
    let column = lines.next().and_then(|names| names.split_whitespace().position(|name| name == "insert_failed"));
    let value = |line: &str| u64::from_str_radix(line.split_whitespace().nth(column?)?, 16).ok();
    lines.filter_map(value).sum()
}

#[cfg(test)]
mod tests {
    #[test]
    fn failures_of_all_processors_are_added() {
        let text = "entries  found insert insert_failed drop\n0000000a 0 0 00000010 0\n0000000a 0 0 00000001 0\n";
        assert_eq!(super::failures(text), 17);
        assert_eq!(super::failures(""), 0);
    }
}
