//! The namespace of a VPC's router.

use super::{Address, Attachment, Namespace, Neighbour, Route, Target, policy};
use crate::name::LinkName;
use std::net::IpAddr;
use vpc::{IpNet, Vpc};

/// Set explicitly, as a new namespace takes some from the host. No redirect is sent or believed, and nothing but the table's
/// source check (which is stricter) looks at sources. Connections are tracked as long as on AWS ("Amazon EC2 security group
/// connection tracking", Amazon EC2 User Guide: TCP 432,000 s, UDP 30 s and 180 s, other protocols 600 s).
const SYSCTLS: &[(&str, &str)] = &[
    ("net/ipv6/conf/all/disable_ipv6", "1"),
    ("net/ipv4/ip_forward", "1"),
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
    ("net/ipv4/conf/all/arp_ignore", "0"),
    ("net/ipv4/conf/default/arp_ignore", "0"),
    ("net/netfilter/nf_conntrack_tcp_timeout_established", "432000"),
    ("net/netfilter/nf_conntrack_udp_timeout", "30"),
    ("net/netfilter/nf_conntrack_udp_timeout_stream", "180"),
    ("net/netfilter/nf_conntrack_generic_timeout", "600"),
];

/// The addresses of the VPC's services and its subnets' gateways are on the loopback; each interface is a route of its own.
/// What is in the VPC's ranges but has no interface goes nowhere, and so does everything else: there is no way out.
pub(super) fn namespace(vpc: &Vpc, attachments: &[Attachment]) -> Namespace {
    let gateways = vpc.subnets.values().map(|subnet| subnet.gateway());
    let own = gateways.chain(vpc.services().map(|service| service.address)).filter(IpAddr::is_ipv4);
    let blackholes = vpc.cidrs.iter().filter(|cidr| cidr.network().is_ipv4()).map(IpNet::trunc);
    let mut routes: Vec<Route> =
        blackholes.chain([anywhere()]).map(|to| Route { to, target: Target::Blackhole }).collect();
    routes.extend(
        attachments
            .iter()
            .map(|at| Route { to: IpNet::from(at.interface.private_ip), target: Target::Link(at.link.clone()) }),
    );
    let neighbour =
        |at: &Attachment| Neighbour { link: at.link.clone(), address: at.interface.private_ip, mac: at.interface.mac };
    let links = attachments.iter().map(|at| (at.id.clone(), at.link.clone())).collect();
    Namespace {
        sysctls: SYSCTLS,
        addresses: own
            .map(|address| Address { link: LinkName::lo(), net: IpNet::from(address) })
            .chain([Address::loopback()])
            .collect(),
        neighbours: attachments.iter().map(neighbour).collect(),
        routes: routes.into_iter().collect(),
        table: Some(policy::table(vpc, &links)),
    }
}

/// 0.0.0.0/0.
pub(super) fn anywhere() -> IpNet {
    IpNet::V4(Default::default())
}
