//! The namespace of a task.

use super::{Address, Attachment, Namespace, Neighbour, ROUTER_MAC, Route, Target, router::anywhere};
use crate::name::LinkName;
use vpc::IpNet;

/// No IPv6 on any link, those to come included. Any user may bind any port and send echo requests, as Docker arranges for its
/// containers. There are few because each costs more the more namespaces there are: the kernel looks all of them up in one chain.
/// What else a namespace may take over from the host (redirects, forwarding, ARP) means nothing where there is one link, one
/// permanent neighbour, and a router that lets no forged source through.
const SYSCTLS: &[(&str, &str)] = &[
    ("net/ipv6/conf/all/disable_ipv6", "1"),
    ("net/ipv4/ip_unprivileged_port_start", "0"),
    ("net/ipv4/ping_group_range", "0\t2147483647"),
];

/// Its interface's address as a /32, so that nothing is a neighbour but the gateway, and a default route to that.
pub(super) fn namespace(at: &Attachment) -> Namespace {
    let eth0 = LinkName::eth0();
    let gateway = at.subnet.gateway();
    Namespace {
        sysctls: SYSCTLS,
        addresses: [Address::loopback(), Address { link: eth0.clone(), net: IpNet::from(at.interface.private_ip) }]
            .into(),
        neighbours: [Neighbour { link: eth0.clone(), address: gateway, mac: ROUTER_MAC }].into(),
        routes: [Route { to: anywhere(), target: Target::Gateway(gateway, eth0) }].into(),
        table: None,
    }
}
