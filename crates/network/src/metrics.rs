//! What the kernel counted of a NAT gateway, and of a Network Load Balancer's node.

use crate::{
    Error,
    name::{Instance, NamespaceName},
    namespace,
    netlink::{
        Socket,
        conntrack::{self, Connection},
        nftables, shape,
    },
    plan::{flows::counted, nat::counted as nat},
};
use rustix::io::Errno;
use std::{collections::HashMap, fs, path::Path, time::Duration};
use vpc::InterfaceId;

/// A NAT gateway's counts since its namespace was made ("Monitor NAT gateways with Amazon CloudWatch", Amazon VPC User Guide).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct NatMetrics {
    /// From the VPC.
    pub in_from_source: Traffic,
    /// From the destination.
    pub in_from_destination: Traffic,
    /// On to the destination.
    pub out_to_destination: Traffic,
    /// On to the VPC.
    pub out_to_source: Traffic,
    /// TCP connections now: those that are being made, and those that are there.
    pub active_connections: u64,
    /// TCP connections that were begun.
    pub connection_attempts: u64,
    /// TCP connections that the destination took.
    pub connections_established: u64,
    /// Connections that got no port.
    pub error_port_allocation: u64,
    /// Packets that went on and were lost: those for which there was no bandwidth, and those that begin connections that got no port.
    pub packets_dropped: u64,
}

/// What was carried. A packet is what the kernel takes for one: where senders leave it to their links to cut what they send into
/// segments, many of these.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Packets.
    pub packets: u64,
    /// Bytes, with IP's headers.
    pub bytes: u64,
}

/// The TCP connections that a NAT gateway knows, each with how many seconds it may still be idle if it is established.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NatConnections(HashMap<u32, Option<u32>>);

impl NatConnections {
    /// How many of those that were established before are forgotten now because they were idle too long. Whatever else ends a connection
    /// leaves it known for ten seconds at least, so more should not have gone by.
    pub fn idle_timeouts(&self, before: &Self, gone_by: Duration) -> u64 {
        let due = |remaining: u32| u64::from(remaining) <= gone_by.as_secs() + 1;
        let forgotten = before.0.iter().filter(|(id, _)| !self.0.contains_key(*id));
        forgotten.filter(|(_, remaining)| remaining.is_some_and(due)).count() as u64
    }
}

/// Reads the counts of the NAT gateway behind an interface.
///
/// # Errors
/// When there is none on this machine, or its kernel can't be asked.
pub fn nat_metrics(instance: &Instance, interface: &InterfaceId) -> Result<(NatMetrics, NatConnections), Error> {
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
    /// Packets from clients and from targets, those of health checks and of connections that the node itself has included.
    pub packets: u64,
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
        packets: received(&text("/proc/thread-self/net/dev").map_err(failed)?),
    })
}

fn text(path: &str) -> Result<String, Errno> {
    fs::read_to_string(path).map_err(|error| Errno::from_io_error(&error).unwrap_or(Errno::IO))
}

fn read(name: &NamespaceName) -> Result<(NatMetrics, NatConnections), Error> {
    let failed = |errno| Error::new("read the counters of", name, errno);
    let mut socket = Socket::netfilter().map_err(failed)?;
    let [input, forward, source] = ["input", "forward", "source"].map(|chain| nftables::counters(&mut socket, chain));
    let (input, forward, source) = (input.map_err(failed)?, forward.map_err(failed)?, source.map_err(failed)?);
    let connections = conntrack::list(&mut socket).map_err(failed)?;
    let lost = shape::lost(&mut Socket::route().map_err(failed)?).map_err(failed)?;
    let error_port_allocation = failures(&text("/proc/thread-self/net/stat/nf_conntrack").map_err(failed)?);
    let out_to_destination = sum(&forward, &nat::TO_DESTINATION);
    let out_to_source = sum(&forward, &[nat::TO_SOURCE]);
    let tcp = || connections.iter().filter(|of| of.original.protocol == 6);
    let metrics = NatMetrics {
        in_from_source: out_to_destination.and(sum(&forward, &nat::REFUSED)),
        in_from_destination: out_to_source.and(sum(&input, &[nat::UNASKED])),
        out_to_destination,
        out_to_source,
        active_connections: tcp().filter(|of| of.is_open).count() as u64,
        connection_attempts: sum(&source, &[nat::ATTEMPTS]).packets,
        connections_established: sum(&forward, &[nat::ESTABLISHED]).packets,
        error_port_allocation,
        packets_dropped: lost + error_port_allocation,
    };
    Ok((metrics, NatConnections(tcp().map(|of| (of.id(), of.is_established.then_some(of.remaining))).collect())))
}

/// What rules of a chain have counted together.
fn sum(counted: &[(u64, u64)], rules: &[usize]) -> Traffic {
    let all = rules.iter().filter_map(|rule| counted.get(*rule));
    all.map(|(packets, bytes)| Traffic { packets: *packets, bytes: *bytes }).fold(Traffic::default(), Traffic::and)
}

impl Traffic {
    fn and(self, other: Self) -> Self {
        Self { packets: self.packets + other.packets, bytes: self.bytes + other.bytes }
    }
}

/// Packets that came in by the namespace's link (proc_pid_net(5)).
fn received(links: &str) -> u64 {
    let eth0 = links.lines().find_map(|line| line.trim_start().strip_prefix("eth0:"));
    eth0.and_then(|figures| figures.split_whitespace().nth(1)?.parse().ok()).unwrap_or(0)
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
    use super::*;

    #[test]
    fn connections_that_were_idle_too_long_are_told_from_others_that_ended() {
        let of = |connections: &[(u32, Option<u32>)]| NatConnections(connections.iter().copied().collect());
        let before = of(&[(1, Some(4)), (2, Some(300)), (3, None), (4, Some(4)), (5, Some(4))]);
        // 4 was used again, and 5 is being closed.
        let now = of(&[(4, Some(349)), (5, None), (6, Some(1))]);
        assert_eq!(now.idle_timeouts(&before, Duration::from_secs(10)), 1);
        assert_eq!(now.idle_timeouts(&before, Duration::from_secs(1)), 0);
    }

    #[test]
    fn failures_of_all_processors_are_added() {
        let text = "entries  found insert insert_failed drop\n0000000a 0 0 00000010 0\n0000000a 0 0 00000001 0\n";
        assert_eq!(failures(text), 17);
        assert_eq!(failures(""), 0);
    }
}
