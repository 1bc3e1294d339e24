//! What a task's proxy of Service Connect serves, as a balancer understands it, and what it counted, as metrics do. Pure.
//!
//! Each endpoint that a task uses and each port that it offers is a load balancer to the process, with one listener, one node in the task's
//! namespace and one target group: the endpoint's instances, or the application. Their names say what they are, so that what an
//! older agent's process has counted is understood.

use balancer::{Mesh, Snapshot};
use spec::{
    Revision,
    balancing::{
        Action, Algorithm, AlpnPolicy, Balancing, DesyncMitigation, Listener, LoadBalancer, Node, ProtocolVersion,
        Rule, Stream, Target, TargetAddress, TargetGroup, TargetHealthCheck, XffProcessing,
    },
    connect::{AppProtocol, ConnectCounts, Endpoints, PortCounts, TaskConnect, Timeouts},
    measured::{FlowCounts, NodeCounts},
};
use std::{
    collections::BTreeMap,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    num::NonZeroU16,
    path::Path,
};
use vpc::{InterfaceId, LoadBalancerId, VpcId};

/// What stands for no timeout, in seconds: a year.
const NEVER: u32 = 365 * 24 * 60 * 60;

/// Where a task is.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// Its VPC.
    pub vpc: &'a VpcId,
    /// Its Availability Zone.
    pub zone: &'a str,
    /// Its interface's address.
    pub address: IpAddr,
    /// The file of its network namespace.
    pub namespace: &'a Path,
}

/// Which way connections go that a listener takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// To the task's application.
    In,
    /// To another task.
    Out,
}

impl Way {
    fn name(self) -> &'static str {
        match self {
            Self::In => "in",
            Self::Out => "out",
        }
    }
}

/// One listener of the proxy.
struct Served<'a> {
    way: Way,
    /// The discovery name.
    name: &'a str,
    address: IpAddr,
    port: NonZeroU16,
    protocol: AppProtocol,
    timeouts: Timeouts,
    targets: BTreeMap<TargetAddress, Target>,
}

/// Everything that the proxy of a task serves, as of a revision.
pub fn snapshot(revision: Revision, connect: &TaskConnect, endpoints: &Endpoints, place: Place<'_>) -> Snapshot {
    let listeners = connect.listeners();
    let target = |address: SocketAddr, zone: &str| {
        (TargetAddress(address), Target { zone: Some(zone.to_owned()), since: 0, draining_until: None })
    };
    let uses = listeners.uses.iter().map(|(id, port)| {
        let (address, way) = (Ipv4Addr::LOCALHOST.into(), Way::Out);
        match endpoints.get(id) {
            Some(endpoint) => Served {
                way,
                name: &endpoint.name,
                address,
                port: *port,
                protocol: endpoint.protocol,
                timeouts: endpoint.timeouts,
                targets: endpoint.instances.values().map(|one| target(one.address, &one.zone)).collect(),
            },
            // Nobody offers it any more, and what it was is not known: connections end as they begin.
            None => {
                let (protocol, timeouts) = (AppProtocol::Tcp, Timeouts::of(AppProtocol::Tcp));
                Served { way, name: id.as_str(), address, port: *port, protocol, timeouts, targets: BTreeMap::new() }
            }
        }
    });
    let offers = connect.offers.iter().zip(&listeners.offers).map(|(offer, port)| {
        let application = SocketAddr::new(Ipv4Addr::LOCALHOST.into(), offer.container_port.get());
        Served {
            way: Way::In,
            name: &offer.name,
            address: place.address,
            port: *port,
            protocol: offer.protocol,
            timeouts: offer.timeouts,
            targets: [target(application, place.zone)].into(),
        }
    });
    let mut snapshot = Snapshot { revision, ..Snapshot::default() };
    let mut balancing = Balancing::default();
    for served in uses.chain(offers) {
        let id = format!("{}-{}", served.way.name(), served.port);
        let request_timeout = served.timeouts.request;
        let inward = served.way == Way::In;
        snapshot.mesh.insert(id.as_str().into(), Mesh { request_timeout, inward });
        snapshot.namespaces.insert(id.as_str().into(), place.namespace.to_owned());
        balancing.load_balancers.insert(id.as_str().into(), load_balancer(&served, &id, place).into());
        balancing.target_groups.insert(id.as_str().into(), target_group(served, &id).into());
    }
    snapshot.balancing = balancing.into();
    snapshot
}

/// `app/WAY/PROTOCOL/NAME`, or `net/…` where bytes are passed on: what [`counts`] reads.
fn name(served: &Served<'_>) -> String {
    let (kind, protocol) = match served.protocol {
        AppProtocol::Tcp => ("net", "tcp"),
        AppProtocol::Http => ("app", "http"),
        AppProtocol::Http2 => ("app", "http2"),
        AppProtocol::Grpc => ("app", "grpc"),
    };
    format!("{kind}/{}/{protocol}/{}", served.way.name(), served.name)
}

fn load_balancer(served: &Served<'_>, id: &str, place: Place<'_>) -> LoadBalancer {
    let idle_timeout = if served.timeouts.idle == 0 { NEVER } else { served.timeouts.idle };
    let node = Node { vpc: place.vpc.clone(), zone: place.zone.to_owned(), address: served.address, public: None };
    let forward = Rule {
        arn: id.to_owned(),
        priority: 0,
        conditions: Vec::new(),
        transforms: Vec::new(),
        action: Action::Forward { groups: vec![(id.into(), 1)], stickiness: None },
    };
    let is_stream = served.protocol == AppProtocol::Tcp;
    let listener = Listener {
        arn: id.to_owned(),
        tls: None,
        stream: is_stream.then_some(Stream { idle_timeout, alpn: AlpnPolicy::None }),
        rules: vec![forward],
    };
    LoadBalancer {
        nodes: [(InterfaceId::from(id), node)].into(),
        listeners: [(served.port, listener)].into(),
        idle_timeout,
        client_keep_alive: NEVER,
        desync_mitigation: DesyncMitigation::Defensive,
        preserve_host_header: true,
        xff_processing: XffProcessing::Preserve,
        http2: matches!(served.protocol, AppProtocol::Http2 | AppProtocol::Grpc),
        ..LoadBalancer::of_network(name(served))
    }
}

fn target_group(served: Served<'_>, id: &str) -> TargetGroup {
    TargetGroup {
        arn: id.to_owned(),
        tls: false,
        version: match served.protocol {
            AppProtocol::Tcp | AppProtocol::Http => ProtocolVersion::Http1,
            AppProtocol::Http2 | AppProtocol::Grpc => ProtocolVersion::Http2,
        },
        // Nobody is checked by a proxy.
        health_check: TargetHealthCheck {
            tcp: true,
            tls: false,
            port: None,
            path: "/".to_owned(),
            interval: NEVER,
            timeout: NEVER,
            healthy_threshold: 1,
            unhealthy_threshold: 1,
            matcher: Vec::new(),
        },
        flows: None,
        algorithm: Algorithm::RoundRobin,
        anomaly_mitigation: false,
        slow_start: 0,
        stickiness: None,
        cross_zone: true,
        minimum_healthy: 1,
        minimum_healthy_percent: None,
        targets: served.targets,
    }
}

/// What it serves, a line for each listener: which way, what, and who is behind it.
pub fn described(snapshot: &Snapshot) -> Vec<String> {
    let line = |(id, one): (&LoadBalancerId, &std::sync::Arc<LoadBalancer>)| {
        let mut parts = one.arn.splitn(4, '/').skip(1);
        let (way, protocol, name) = (parts.next()?, parts.next()?, parts.next()?);
        let targets = snapshot.balancing.target_groups.get(id.as_str())?.targets.keys();
        let targets = targets.map(|target| target.0.to_string()).collect::<Vec<_>>().join(", ");
        let targets = if targets.is_empty() { "nobody" } else { &targets };
        let side = if way == Way::In.name() { "offers" } else { "uses" };
        Some(format!("{side} {name} ({protocol}), behind which is {targets}"))
    };
    snapshot.balancing.load_balancers.iter().filter_map(line).collect()
}

/// What a proxy has counted, as metrics have it.
pub fn counts(nodes: BTreeMap<InterfaceId, NodeCounts>) -> ConnectCounts {
    let mut counts = ConnectCounts::default();
    for node in nodes.into_values() {
        let mut parts = node.load_balancer.splitn(4, '/').skip(1);
        let (Some(way), Some(protocol), Some(name)) = (parts.next(), parts.next(), parts.next()) else { continue };
        let all = if way == Way::In.name() { &mut counts.inbound } else { &mut counts.outbound };
        let of: &mut PortCounts = all.entry(name.to_owned()).or_default();
        let active = |of: &mut PortCounts, more: Option<u64>| {
            of.active_connections = of.active_connections.into_iter().chain(more).reduce(|one, other| one + other);
        };
        if let Some(network) = node.network {
            for FlowCounts { new, active: more, bytes } in network.flows.into_values() {
                of.new_connections += new;
                of.processed_bytes += bytes;
                active(of, more);
            }
            continue;
        }
        active(of, node.active_connections);
        of.new_connections += node.new_connections;
        of.processed_bytes += node.processed_bytes;
        of.requests += node.requests;
        if protocol == "grpc" {
            of.grpc_requests += node.requests;
        }
        for group in node.groups.into_values() {
            group.answers.into_iter().for_each(|(digit, count)| *of.answers.entry(digit).or_default() += count);
            of.times.extend(group.times);
        }
    }
    counts
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failure ends the test")]
mod tests {
    use super::*;
    use spec::{
        connect::{Alias, Endpoint, EndpointId, Instance, Offer},
        measured::{FlowKind, GroupCounts, NetworkCounts},
    };
    use std::sync::Arc;

    fn port(number: u16) -> NonZeroU16 {
        NonZeroU16::new(number).unwrap()
    }

    fn task() -> TaskConnect {
        TaskConnect {
            container: "ecs-service-connect-1".into(),
            ports: [8080].into(),
            offers: vec![Offer {
                name: "web".into(),
                container_port: port(8080),
                ingress_port: None,
                protocol: AppProtocol::Grpc,
                timeouts: Timeouts { idle: 0, request: 0 },
            }],
            uses: vec![Alias {
                name: "db".into(),
                address: [127, 255, 0, 1].into(),
                ports: [(port(5432), "srv-db".into()), (port(80), "srv-gone".into())].into(),
            }],
            log: None,
        }
    }

    #[test]
    fn endpoints_lead_to_their_instances_and_offers_to_the_application() {
        let instance = |address: &str| Instance { address: address.parse().unwrap(), zone: "us-east-1a".into() };
        let db = Endpoint {
            name: "db".into(),
            protocol: AppProtocol::Tcp,
            timeouts: Timeouts::of(AppProtocol::Tcp),
            instances: [("1".into(), instance("10.0.1.8:5432")), ("2".into(), instance("10.0.1.9:5432"))].into(),
        };
        let endpoints: Endpoints = [(EndpointId::from("srv-db"), Arc::new(db))].into();
        let (vpc, address) = (VpcId::from("vpc-1"), IpAddr::from([10, 0, 1, 7]));
        let place = Place { vpc: &vpc, zone: "us-east-1b", address, namespace: Path::new("/run/netns/t") };
        let snapshot = snapshot(3, &task(), &endpoints, place);
        let told: Vec<_> = snapshot
            .balancing
            .load_balancers
            .iter()
            .map(|(id, one)| {
                let node = one.nodes.values().next().unwrap();
                let group = &snapshot.balancing.target_groups[id.as_str()];
                let to: Vec<_> = group.targets.keys().map(|target| target.0.to_string()).collect();
                (
                    one.arn.as_str(),
                    node.address.to_string(),
                    one.listeners.keys().next().unwrap().get(),
                    to,
                    one.idle_timeout,
                )
            })
            .collect();
        assert_eq!(
            told,
            [
                ("app/in/grpc/web", "10.0.1.7".to_owned(), 15_002, vec!["127.0.0.1:8080".to_owned()], NEVER),
                (
                    "net/out/tcp/db",
                    "127.0.0.1".into(),
                    15_000,
                    vec!["10.0.1.8:5432".into(), "10.0.1.9:5432".into()],
                    3600
                ),
                ("net/out/tcp/srv-gone", "127.0.0.1".into(), 15_001, Vec::new(), 3600),
            ]
        );
        assert_eq!(snapshot.mesh.len(), 3);
        assert_eq!(described(&snapshot)[1], "uses db (tcp), behind which is 10.0.1.8:5432, 10.0.1.9:5432");
    }

    #[test]
    fn what_was_counted_is_told_by_names() {
        let group = GroupCounts { answers: [(2, 6), (5, 1)].into(), times: vec![(0.5, 7)], ..GroupCounts::default() };
        let calls = NodeCounts {
            load_balancer: "app/in/grpc/web".into(),
            requests: 7,
            new_connections: 2,
            active_connections: Some(1),
            processed_bytes: 100,
            groups: [("in-15000".into(), group)].into(),
            ..NodeCounts::default()
        };
        let flows = [(FlowKind::Tcp, FlowCounts { new: 3, active: None, bytes: 50 })].into();
        let stream = NodeCounts {
            load_balancer: "net/out/tcp/db".into(),
            network: Some(NetworkCounts { flows, ..NetworkCounts::default() }),
            ..NodeCounts::default()
        };
        let ConnectCounts { inbound, outbound } = counts([("a".into(), calls), ("b".into(), stream)].into());
        let web = PortCounts {
            active_connections: Some(1),
            new_connections: 2,
            processed_bytes: 100,
            requests: 7,
            grpc_requests: 7,
            answers: [(2, 6), (5, 1)].into(),
            times: vec![(0.5, 7)],
        };
        assert_eq!(inbound, [("web".to_owned(), web)].into());
        assert_eq!(
            (outbound["db"].new_connections, outbound["db"].processed_bytes, outbound["db"].requests),
            (3, 50, 0)
        );
    }
}
