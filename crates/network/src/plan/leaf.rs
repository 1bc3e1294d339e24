//! The namespaces behind interfaces, and behind gateway endpoints.

use super::{Address, Attachment, FAR, Namespace, Neighbour, ROUTER_MAC, Route, Target, neighbours::GatewayEndpoint};
use crate::name::LinkName;
use vpc::{Holder, IpNet};

/// No IPv6 on any link, those to come included. Any user may bind any port and send echo requests, as Docker arranges for its
/// containers. There are few because each costs more the more namespaces there are: the kernel looks all of them up in one chain.
/// What else a namespace may take over from the host (redirects, forwarding, ARP) means nothing where there is one link, one
/// permanent neighbour, and a router that lets no forged source through.
const SYSCTLS: &[(&str, &str)] = &[
    ("net/ipv6/conf/all/disable_ipv6", "1"),
    ("net/ipv4/ip_unprivileged_port_start", "0"),
    ("net/ipv4/ping_group_range", "0\t2147483647"),
];

/// A task's with a proxy of Service Connect, whose connections are translated: what comes too late to be one's any more is, too, as the
/// kernel would otherwise answer it with a reset that ends the connection.
const PROXIED_SYSCTLS: &[(&str, &str)] = &[
    ("net/ipv6/conf/all/disable_ipv6", "1"),
    ("net/ipv4/ip_unprivileged_port_start", "0"),
    ("net/ipv4/ping_group_range", "0\t2147483647"),
    ("net/netfilter/nf_conntrack_tcp_be_liberal", "1"),
];

/// A load balancer node's, in which a proxy has many connections: it takes as many new ones at once as it is told to, and makes new ones
/// from the ports that AWS's nodes do ("Network ACLs for your VPC", Application Load Balancers guide: 1024-65535), without a wait for
/// those that have ended. One that was idle for a moment is as fast as before.
const NODE_SYSCTLS: &[(&str, &str)] = &[
    ("net/ipv6/conf/all/disable_ipv6", "1"),
    ("net/core/somaxconn", "65535"),
    ("net/ipv4/tcp_max_syn_backlog", "65535"),
    ("net/ipv4/ip_local_port_range", "1024\t65535"),
    ("net/ipv4/tcp_tw_reuse", "1"),
    ("net/ipv4/tcp_slow_start_after_idle", "0"),
];

/// A task's, an interface endpoint's, a load balancer node's or a user's: its interface's addresses as /32s, so that nothing is a neighbour but the gateway,
/// and a default route to that.
pub(super) fn interface(at: &Attachment) -> Namespace {
    let eth0 = LinkName::eth0();
    let gateway = at.subnet.gateway();
    let addresses = at.interface.private_ips().map(|ip| Address { link: eth0.clone(), net: IpNet::from(ip) });
    let default = Target::Gateway(gateway, eth0.clone());
    Namespace {
        sysctls: match at.interface.holder {
            Holder::LoadBalancer(_) => NODE_SYSCTLS,
            _ if at.connect.is_some() => PROXIED_SYSCTLS,
            _ => SYSCTLS,
        },
        addresses: addresses.chain([Address::loopback()]).collect(),
        neighbours: [Neighbour { link: eth0, address: gateway, mac: ROUTER_MAC }].into(),
        // With several addresses, what is sent comes from the primary one.
        routes: [Route { source: Some(at.interface.private_ip), ..Route::main(anywhere(), default) }].into(),
        ..Namespace::default()
    }
}

/// A gateway endpoint's: the service's address itself.
pub(super) fn endpoint(endpoint: &GatewayEndpoint) -> Namespace {
    let eth0 = LinkName::eth0();
    let default = Target::Gateway(FAR, eth0.clone());
    Namespace {
        sysctls: SYSCTLS,
        addresses: [Address::loopback(), Address::on_loopback(endpoint.address)].into(),
        neighbours: [Neighbour { link: eth0, address: FAR, mac: ROUTER_MAC }].into(),
        routes: [Route { source: Some(endpoint.address), ..Route::main(anywhere(), default) }].into(),
        ..Namespace::default()
    }
}

/// 0.0.0.0/0.
pub(super) fn anywhere() -> IpNet {
    IpNet::V4(Default::default())
}
