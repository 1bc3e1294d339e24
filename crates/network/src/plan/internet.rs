//! The namespace of the internet: a host, a resolver, public registries and AWS's own services, and a way to every public address. Unless there is an
//! uplink it is sealed: of what is not here, the sender is told that it can't be reached.

use super::{
    Address, FAR, Internet, Namespace, Neighbour, Place, PolicyRule, ROUTER_MAC, Route, Target, leaf::anywhere,
    neighbours::Around, table::Table, uplink,
};
use crate::name::LinkName;
use std::net::IpAddr;
use vpc::{AWS_SERVICES, AwsService, INTERNET_HOST, INTERNET_RESOLVER, REGISTRIES, Vpc};

const SYSCTLS: &[(&str, &str)] = &[
    ("net/ipv6/conf/all/disable_ipv6", "1"),
    ("net/ipv4/ip_forward", "1"),
    ("net/ipv4/conf/all/accept_redirects", "0"),
    ("net/ipv4/conf/default/accept_redirects", "0"),
    ("net/ipv4/conf/all/send_redirects", "0"),
    ("net/ipv4/conf/default/send_redirects", "0"),
    ("net/ipv4/conf/all/rp_filter", "0"),
    ("net/ipv4/conf/default/rp_filter", "0"),
    // What the host here sends out by an uplink comes back by it before it is answered.
    ("net/ipv4/conf/all/accept_local", "1"),
    ("net/ipv4/conf/all/arp_ignore", "8"),
    ("net/ipv4/conf/default/arp_ignore", "8"),
    ("net/ipv4/ip_unprivileged_port_start", "0"),
    ("net/ipv4/ping_group_range", "0\t2147483647"),
];

/// The addresses that are here.
pub(super) fn own() -> impl Iterator<Item = IpAddr> {
    [INTERNET_HOST, INTERNET_RESOLVER, REGISTRIES].into_iter().chain(AWS_SERVICES.iter().map(AwsService::address))
}

/// Each link leads to the internet gateway of a VPC.
pub(super) fn namespace(links: &[(LinkName, &Vpc)], internet: Internet) -> Namespace {
    let here = sealed(links);
    match internet {
        Internet::Sealed => here,
        Internet::Host => uplink::opened(here),
    }
}

/// Its routing policy and its table are planned though they do nothing, so that those of an uplink go when it does.
fn sealed(links: &[(LinkName, &Vpc)]) -> Namespace {
    let public = links.iter().flat_map(|(link, vpc)| {
        let addresses = vpc.interfaces.values().flat_map(|interface| interface.public_ips.values());
        addresses
            .filter(|address| address.is_ipv4())
            .map(move |address| Route { source: Some(INTERNET_HOST), ..Route::main(*address, Around::beyond(link)) })
    });
    let neighbour = |(link, _): &(LinkName, &Vpc)| Neighbour { link: link.clone(), address: FAR, mac: ROUTER_MAC };
    Namespace {
        place: Place::Hub,
        sysctls: SYSCTLS,
        addresses: own().map(Address::on_loopback).chain([Address::loopback()]).collect(),
        neighbours: links.iter().map(neighbour).collect(),
        routes: public.chain([Route::main(anywhere(), Target::Unreachable)]).collect(),
        rules: Some(PolicyRule::KERNELS.into()),
        table: Some(Table::default()),
        ..Namespace::default()
    }
}
