//! Connections that must not go on: pure. Connection tracking lets them through without asking anybody, so when an address comes to
//! be another's they would reach whoever has it now; and those that AWS would not have tracked would outlive their rules.

use crate::netlink::conntrack::{Connection, Tuple};
use std::{collections::HashMap, net::IpAddr};
use vpc::{
    InterfaceId, Topology, Vpc, VpcId,
    tracking::{Flow, Seen, interrupted, may_interrupt},
    verdict::Transport,
};

/// Who has which address in one VPC and its peers.
#[derive(PartialEq, Eq)]
struct Owners<'a> {
    private: HashMap<IpAddr, &'a InterfaceId>,
    public: HashMap<IpAddr, IpAddr>,
}

impl<'a> Owners<'a> {
    /// Those of the VPC, and those of its peers: no two of these ranges overlap.
    fn of(topology: &'a Topology, id: &'a VpcId, vpc: &'a Vpc) -> Self {
        let interfaces = || vpc.interfaces.iter();
        let peers = topology.peerings_of(id).flat_map(|(.., peer)| &peer.interfaces);
        let private = interfaces().chain(peers);
        let private = private.flat_map(|(id, interface)| interface.private_ips().map(move |ip| (ip, id)));
        let public = interfaces().flat_map(|(_, interface)| &interface.public_ips);
        Self { private: private.collect(), public: public.map(|(private, public)| (*private, *public)).collect() }
    }
}

/// What has changed in one VPC for its connections.
pub(crate) struct Changes<'a> {
    id: &'a VpcId,
    vpc: &'a Vpc,
    before: Option<Owners<'a>>,
    after: Owners<'a>,
    /// The topologies, where rules changed in a way that may cut flows.
    rules: Option<(&'a Topology, &'a Topology)>,
    /// The topologies, where routes changed.
    routes: Option<(&'a Topology, &'a Topology)>,
}

impl<'a> Changes<'a> {
    /// The changes of a VPC from one topology to another; without an earlier one, everything may have changed. `None` where no
    /// connection can be concerned, so that they need not be listed.
    pub(crate) fn between(before: Option<&'a Topology>, after: &'a Topology, id: &VpcId) -> Option<Self> {
        let (id, vpc) = after.vpcs.get_key_value(id)?;
        let owners = Owners::of(after, id, vpc);
        let Some(topology) = before else {
            return Some(Self { id, vpc, before: None, after: owners, rules: None, routes: None });
        };
        // A VPC that was not there had no connections.
        let (id, was) = topology.vpcs.get_key_value(id)?;
        let before = Owners::of(topology, id, was);
        let rerouted = was.route_tables != vpc.route_tables
            || was.subnets != vpc.subnets
            || topology.prefix_lists != after.prefix_lists;
        let routes = rerouted.then_some((topology, after));
        let rules = may_interrupt(topology, after).then_some((topology, after));
        let gone = |(ip, id): (&IpAddr, &&InterfaceId)| owners.private.get(ip) != Some(id);
        let moved = |(private, public): (&IpAddr, &IpAddr)| owners.public.get(private) != Some(public);
        let concerned =
            before.private.iter().any(gone) || before.public.iter().any(moved) || rules.is_some() || routes.is_some();
        concerned.then_some(Self { id, vpc, before: Some(before), after: owners, rules, routes })
    }

    /// Whether a connection must be forgotten: an end of it is nobody's now, or somebody else's, or is translated otherwise, or does
    /// not track it and its rule is gone.
    pub(crate) fn concern(&self, connection: &Connection) -> bool {
        let Connection { original, reply, .. } = connection;
        let known = |ip: IpAddr| self.before.as_ref().is_some_and(|before| before.private.contains_key(&ip));
        let foreign = |ip: IpAddr| (self.vpc.contains(ip) || known(ip)) && !self.is_own(ip) && !self.is_same(ip);
        let translated =
            |private: IpAddr, public: IpAddr| private == public || self.after.public.get(&private) == Some(&public);
        foreign(original.source)
            || foreign(reply.source)
            || !translated(original.source, reply.destination)
            || !translated(reply.source, original.destination)
            || self.rerouted(original.source, original.destination)
            || self.rerouted(reply.source, reply.destination)
            || self.rules.is_some_and(|(before, after)| interrupted(before, after, &self.flow(connection)))
    }

    /// Whether a NAT gateway must forget a connection: who began it is gone, or the gateway's address is.
    pub(crate) fn concern_nat(&self, gateway: &InterfaceId, connection: &Connection) -> bool {
        let sender = connection.original.source;
        let addresses = self.vpc.interfaces.get(gateway);
        self.vpc.contains(sender) && !self.is_same(sender)
            || !addresses.is_some_and(|gateway| gateway.has(connection.reply.destination))
    }

    /// Whether what an interface sends to somewhere outside leaves by another way than before. A connection is translated as its
    /// first packet was, which is wrong for another way.
    fn rerouted(&self, own: IpAddr, other: IpAddr) -> bool {
        let Some((before, after)) = self.routes else { return false };
        let way = |topology: &'a Topology| {
            let vpc = topology.vpcs.get(self.id)?;
            let (_, interface) = vpc.interface_at(own)?;
            let table = vpc.route_tables.get(&vpc.subnets.get(&interface.subnet)?.route_table)?;
            table.lookup(topology, other).map(|(_, route)| &route.target)
        };
        !self.vpc.contains(other) && way(before) != way(after)
    }

    /// A connection as its ends in this VPC see it. The answer's tuple is what the receiver sends, so what reaches it is that, turned
    /// round.
    fn flow(&self, connection: &Connection) -> Flow {
        let Connection { original, reply, .. } = connection;
        let received = Tuple {
            source: reply.destination,
            destination: reply.source,
            source_port: reply.destination_port,
            destination_port: reply.source_port,
            ..*original
        };
        Flow { initiator: self.seen(original.source, original), receiver: self.seen(received.destination, &received) }
    }

    fn seen(&self, own: IpAddr, tuple: &Tuple) -> Option<Seen> {
        let interface = *self.after.private.get(&own)?;
        let (from, to) = (tuple.source_port, tuple.destination_port);
        let transport = match tuple.protocol {
            6 => Transport::Tcp { from, to },
            17 => Transport::Udp { from, to },
            other => Transport::Other(other),
        };
        let (source, destination) = (tuple.source, tuple.destination);
        Some(Seen { vpc: self.id.clone(), interface: interface.clone(), source, destination, transport })
    }

    /// Whether an address is the router's.
    fn is_own(&self, ip: IpAddr) -> bool {
        self.vpc.services().any(|service| service.address == ip)
            || self.vpc.subnets.values().any(|subnet| subnet.gateway() == ip)
    }

    fn is_same(&self, ip: IpAddr) -> bool {
        let after = self.after.private.get(&ip);
        after.is_some() && self.before.as_ref().is_none_or(|before| before.private.get(&ip) == after)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::netlink::conntrack::Tuple;
    use std::collections::{BTreeMap, BTreeSet};
    use vpc::{Holder, Interface, Mac};

    fn ip(n: u8) -> IpAddr {
        [10, 0, 1, n].into()
    }

    fn topology(interfaces: &[(&str, u8, Option<u8>)]) -> Topology {
        let mut vpc = Vpc { cidrs: vec!["10.0.0.0/16".parse().unwrap()], dns_support: true, ..Vpc::default() };
        for (id, n, public) in interfaces {
            let interface = Interface {
                subnet: "subnet-1".into(),
                private_ip: ip(*n),
                mac: Mac([2, 0, 0, 0, 0, *n]),
                secondary_ips: BTreeSet::new(),
                public_ips: public.iter().map(|p| (ip(*n), IpAddr::from([198, 18, 0, *p]))).collect::<BTreeMap<_, _>>(),
                security_groups: BTreeSet::new(),
                source_dest_check: true,
                holder: Holder::Task,
            };
            vpc.interfaces.insert((*id).into(), interface);
        }
        Topology { vpcs: [("vpc-1".into(), vpc)].into(), ..Topology::default() }
    }

    fn connection(from: IpAddr, to: IpAddr, answer_from: IpAddr, answer_to: IpAddr) -> Connection {
        let tuple =
            |source, destination| Tuple { source, destination, protocol: 6, source_port: 1, destination_port: 2 };
        Connection::imagined(tuple(from, to), tuple(answer_from, answer_to))
    }

    fn concerned(before: &Topology, after: &Topology, connection: &Connection) -> bool {
        Changes::between(Some(before), after, &"vpc-1".into()).is_some_and(|changes| changes.concern(connection))
    }

    #[test]
    fn an_address_that_is_anothers_now_has_no_old_connections() {
        let before = topology(&[("eni-a", 10, None), ("eni-b", 11, None), ("eni-c", 12, None)]);
        let after = topology(&[("eni-a", 10, None), ("eni-x", 11, None), ("eni-c", 12, None)]);
        let between = |a, b| connection(ip(a), ip(b), ip(b), ip(a));
        assert!(concerned(&before, &after, &between(10, 11)) && concerned(&before, &after, &between(11, 10)));
        assert!(!concerned(&before, &after, &between(10, 12)));
        assert!(!concerned(&before, &before, &between(10, 11)));
        let resolver = IpAddr::from([10, 0, 0, 2]);
        assert!(!concerned(&before, &after, &connection(ip(10), resolver, resolver, ip(10))));
    }

    #[test]
    fn a_public_address_that_moved_takes_its_connections_away() {
        let (outside, public) = (IpAddr::from([203, 0, 113, 10]), IpAddr::from([198, 18, 0, 9]));
        let (before, after) = (topology(&[("eni-a", 10, Some(9))]), topology(&[("eni-a", 10, Some(8))]));
        let out = connection(ip(10), outside, outside, public);
        let inward = connection(outside, public, ip(10), outside);
        for connection in [&out, &inward] {
            assert!(concerned(&before, &after, connection));
            assert!(!concerned(&before, &before, connection));
        }
    }

    #[test]
    fn without_a_memory_what_is_nobodys_goes() {
        let after = topology(&[("eni-a", 10, None)]);
        let changes = Changes::between(None, &after, &"vpc-1".into()).unwrap();
        assert!(changes.concern(&connection(ip(10), ip(11), ip(11), ip(10))));
        assert!(!changes.concern(&connection(ip(10), [203, 0, 113, 10].into(), [203, 0, 113, 10].into(), ip(10))));
    }
}
