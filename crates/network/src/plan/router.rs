//! The namespace of a VPC's router.

use super::Target;
use super::{
    Address, Attachment, FAR, FAR_MAC, MAIN, Namespace, Neighbour, Place, PolicyRule, ROUTER_MAC, Route,
    leaf::anywhere,
    neighbours::{Around, Peer},
    policy,
};
use std::{
    collections::BTreeSet,
    net::{IpAddr, Ipv4Addr},
};
use vpc::{IpNet, Vpc};

/// Set explicitly, as a new namespace takes some from the host. No redirect is sent or believed, and nothing but the table's
/// source check (which is stricter) looks at sources. Connections are tracked as long as on AWS ("Amazon EC2 security group
/// connection tracking", Amazon EC2 User Guide: TCP 432,000 s, UDP 30 s and 180 s, other protocols 600 s).
const SYSCTLS: &[(&str, &str)] = &[
    ("net/ipv6/conf/all/disable_ipv6", "1"),
    ("net/ipv4/ip_forward", "1"),
    // Almost every packet passes through: none needs to be looked up among the router's own sockets first.
    ("net/ipv4/ip_early_demux", "0"),
    ("net/ipv4/conf/all/accept_redirects", "0"),
    ("net/ipv4/conf/default/accept_redirects", "0"),
    ("net/ipv4/conf/all/send_redirects", "0"),
    ("net/ipv4/conf/default/send_redirects", "0"),
    ("net/ipv4/conf/all/accept_source_route", "0"),
    ("net/ipv4/conf/default/accept_source_route", "0"),
    ("net/ipv4/conf/all/rp_filter", "0"),
    ("net/ipv4/conf/default/rp_filter", "0"),
    ("net/ipv4/conf/all/route_localnet", "0"),
    ("net/ipv4/conf/default/route_localnet", "0"),
    // An error of the router's own comes back to it by a NAT gateway, for whom that hides.
    ("net/ipv4/conf/all/accept_local", "1"),
    // Every neighbour is known for good; who asks would only fill the kernel's one table for all namespaces.
    ("net/ipv4/conf/all/arp_ignore", "8"),
    ("net/ipv4/conf/default/arp_ignore", "8"),
    // A TCP connection begins with its first packet, and is not taken up in its middle by whoever's rules allow that.
    ("net/netfilter/nf_conntrack_tcp_loose", "0"),
    ("net/netfilter/nf_conntrack_tcp_timeout_established", "432000"),
    ("net/netfilter/nf_conntrack_udp_timeout", "30"),
    ("net/netfilter/nf_conntrack_udp_timeout_stream", "180"),
    ("net/netfilter/nf_conntrack_generic_timeout", "600"),
];

/// Where the main table is looked into, before any of the VPC's own: nothing is more specific than the local routes.
const LOCAL_PRIORITY: u32 = 100;
/// Where the way back to a Network Load Balancer's node is looked for: before any other, as the client may be in the VPC too.
const FRONTS_PRIORITY: u32 = 50;
/// Where the VPC's route tables are looked into.
const TABLES_PRIORITY: u32 = 1000;
/// Where what has no route is lost.
const LAST_PRIORITY: u32 = 32000;

/// The addresses of the VPC's services and its subnets' gateways are on the loopback. The main table is the local route: each
/// interface, and nothing for what else is in the VPC's ranges. Each route table in use is a table of its own, chosen by the mark
/// that the source check gave the packet.
pub(super) fn namespace(vpc: &Vpc, attachments: &[Attachment], around: &Around) -> Namespace {
    let gateways = vpc.subnets.values().map(|subnet| subnet.gateway());
    let own = gateways.chain(vpc.services().map(|service| service.address)).filter(IpAddr::is_ipv4);
    let neighbours = attachments.iter().map(|at| Neighbour {
        link: at.link.clone(),
        address: at.interface.private_ip,
        mac: at.interface.mac,
    });
    Namespace {
        place: Place::Hub,
        sysctls: SYSCTLS,
        addresses: own.map(Address::on_loopback).chain([Address::loopback()]).collect(),
        neighbours: neighbours.chain(far_neighbours(around)).collect(),
        routes: local_routes(vpc, attachments)
            .chain(table_routes(vpc, attachments, around))
            .chain(front_routes(attachments, around))
            .collect(),
        rules: Some(rules(attachments, around)),
        tun: None,
        shapes: attachments.iter().filter_map(|at| Some((at.link.clone(), at.nat?.bandwidth))).collect(),
        table: Some(policy::table(vpc, attachments, around)),
    }
}

fn far_neighbours<'a>(around: &'a Around) -> impl Iterator<Item = Neighbour> + 'a {
    around.links().map(|link| {
        let accepted = |peer: &Peer| peer.link == *link && !peer.asked;
        let mac = if around.peers.iter().any(accepted) { ROUTER_MAC } else { FAR_MAC };
        Neighbour { link: link.clone(), address: FAR, mac }
    })
}

/// Every interface by its addresses, behind its link. What the router says of packets comes from the subnet's gateway.
fn local_routes<'a>(vpc: &'a Vpc, attachments: &'a [Attachment]) -> impl Iterator<Item = Route> + 'a {
    let interfaces = attachments.iter().flat_map(|at| {
        let target = |address| {
            if address == at.interface.private_ip {
                Target::Link(at.link.clone())
            } else {
                // Only the primary address has a neighbour entry.
                Target::Gateway(at.interface.private_ip, at.link.clone())
            }
        };
        at.interface
            .private_ips()
            .map(move |address| Route { source: Some(at.subnet.gateway()), ..Route::main(address, target(address)) })
    });
    let ranges = vpc.cidrs.iter().filter(|cidr| cidr.network().is_ipv4()).map(IpNet::trunc).chain([link_local()]);
    interfaces.chain(ranges.map(|range| Route::main(range, Target::Blackhole)))
}

/// The routes of every table that is in use. One whose target is not there is a black hole, and so is one to an interface that
/// takes nothing but its own.
fn table_routes<'a>(
    vpc: &'a Vpc,
    attachments: &'a [Attachment],
    around: &'a Around,
) -> impl Iterator<Item = Route> + 'a {
    around.tables.iter().flat_map(move |(id, number)| {
        let routes = vpc.route_tables.get(*id).map(|table| table.effective(around.topology)).unwrap_or_default();
        routes.into_iter().filter(|(net, _)| net.addr().is_ipv4()).map(move |(net, route)| Route {
            table: *number,
            to: net,
            target: target(vpc, attachments, around, &route.target).unwrap_or(Target::Blackhole),
            source: None,
        })
    })
}

fn target(vpc: &Vpc, attachments: &[Attachment], around: &Around, target: &vpc::Target) -> Option<Target> {
    let interface = |id: &vpc::InterfaceId| {
        let at = attachments.iter().find(|at| at.id == id)?;
        let takes_all = !at.interface.source_dest_check;
        takes_all.then(|| Target::Gateway(at.interface.private_ip, at.link.clone()))
    };
    match target {
        vpc::Target::InternetGateway(id) => {
            around.internet.as_ref().filter(|_| vpc.internet_gateway.as_ref() == Some(id)).map(Around::beyond)
        }
        vpc::Target::NatGateway(id) => interface(&vpc.nat_gateways.get(id)?.interface),
        vpc::Target::Interface(id) => interface(id),
        vpc::Target::Peering(id) => {
            around.peers.iter().find(|peer| peer.id == id).map(|peer| Around::beyond(&peer.link))
        }
        vpc::Target::Endpoint(id) => {
            around.endpoints.iter().find(|endpoint| endpoint.id == id).map(|endpoint| Around::beyond(&endpoint.link))
        }
    }
}

/// The way back to each Network Load Balancer's node that is here.
fn front_routes<'a>(attachments: &'a [Attachment], around: &'a Around) -> impl Iterator<Item = Route> + 'a {
    attachments.iter().filter_map(|at| {
        let table = *around.fronts.get(at.id)?;
        let target = Target::Gateway(at.interface.private_ip, at.link.clone());
        Some(Route { table, ..Route::main(anywhere(), target) })
    })
}

fn rules(attachments: &[Attachment], around: &Around) -> BTreeSet<PolicyRule> {
    let fronts = attachments.iter().filter_map(|at| around.fronts.get(at.id));
    let fronts =
        fronts.map(|number| PolicyRule { priority: FRONTS_PRIORITY, mark: Some(*number), table: Some(*number) });
    let tables = around.tables.values().zip(TABLES_PRIORITY..);
    let tables = tables.map(|(number, priority)| PolicyRule { priority, mark: Some(*number), table: Some(*number) });
    tables
        .chain(fronts)
        .chain([
            PolicyRule { priority: LOCAL_PRIORITY, mark: None, table: Some(MAIN) },
            PolicyRule { priority: LAST_PRIORITY, mark: None, table: None },
        ])
        .collect()
}

/// 169.254.0.0/16, which is never routed (RFC 3927 section 2.7).
fn link_local() -> IpNet {
    IpNet::new(Ipv4Addr::new(169, 254, 0, 0).into(), 16).unwrap_or_default()
}
