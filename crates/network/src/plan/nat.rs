//! The namespace of a NAT gateway: what comes in by its interface goes out by it, from its own address.
//!
//! ```text
//! input      nothing is for the gateway itself: drop, counted
//! forward    established, related: accept, counted by direction → new TCP, UDP, ICMP: accept
//!            → other TCP: a reset, as for connections that were idle too long; else drop, counted
//! source     one of its addresses for the sender's, in turn, and one of 55,000 ports; TCP connections are counted
//! ```

use super::{
    Attachment, Namespace, leaf,
    table::{Datum, Field, Hook, Rule, Selector, Shape, Statement, Table, Value, ValueKind, Verdict, key},
};
use crate::name::LinkName;
use std::net::IpAddr;
use vpc::NatGateway;

/// Connections are forgotten when they have been idle for 350 seconds ("NAT gateway considerations"), and none is taken up in its
/// middle.
const SYSCTLS: &[(&str, &str)] = &[
    ("net/ipv6/conf/all/disable_ipv6", "1"),
    ("net/ipv4/ip_forward", "1"),
    ("net/ipv4/ip_early_demux", "0"),
    ("net/ipv4/conf/all/send_redirects", "0"),
    ("net/ipv4/conf/default/send_redirects", "0"),
    ("net/ipv4/conf/all/accept_redirects", "0"),
    ("net/ipv4/conf/all/rp_filter", "0"),
    ("net/ipv4/conf/default/rp_filter", "0"),
    ("net/ipv4/conf/all/arp_ignore", "8"),
    ("net/ipv4/conf/default/arp_ignore", "8"),
    ("net/netfilter/nf_conntrack_tcp_loose", "0"),
    ("net/netfilter/nf_conntrack_tcp_timeout_established", "350"),
    ("net/netfilter/nf_conntrack_udp_timeout", "350"),
    ("net/netfilter/nf_conntrack_udp_timeout_stream", "350"),
    ("net/netfilter/nf_conntrack_icmp_timeout", "350"),
];

pub(super) const PROTOCOLS: Shape = Shape { fields: &[Field::Protocol], ranges: false, value: None };
pub(super) const TURNS: Shape = Shape { fields: &[Field::Mark], ranges: false, value: Some(ValueKind::Ipv4) };

/// Its addresses and routes are any interface's.
pub(super) fn namespace(at: &Attachment, gateway: &NatGateway) -> Namespace {
    Namespace {
        sysctls: SYSCTLS,
        shapes: [(LinkName::eth0(), gateway.bandwidth)].into(),
        table: Some(table(at)),
        ..leaf::interface(at)
    }
}

/// Which rules count what, for those who read the counters.
pub(crate) mod counted {
    /// In `forward`: connections that the other side took.
    pub(crate) const ESTABLISHED: usize = 0;
    /// In `forward`: what goes on to the destination.
    pub(crate) const TO_DESTINATION: [usize; 2] = [1, 3];
    /// In `forward`: what goes on to the VPC.
    pub(crate) const TO_SOURCE: usize = 2;
    /// In `forward`: what comes from the VPC and goes nowhere.
    pub(crate) const REFUSED: [usize; 2] = [4, 5];
    /// In `input`: what comes from the destination and goes nowhere.
    pub(crate) const UNASKED: usize = 0;
    /// In `source`: the first packets of TCP connections.
    pub(crate) const ATTEMPTS: usize = 0;
}

fn table(at: &Attachment) -> Table {
    let mut table = Table::default();
    let accept = || Statement::Verdict(Verdict::Accept);
    let addresses: Vec<IpAddr> = at.interface.private_ips().collect();
    let turns = addresses.iter().zip(0..);
    table.set("addresses", TURNS, turns.map(|(ip, n)| (key([Datum::Mark(n)]), Some(Value::Address(*ip)))));
    // "NAT gateways support TCP, UDP and ICMP" ("NAT gateway basics").
    table.set("protocols", PROTOCOLS, [1, 6, 17].map(|number| (key([Datum::Protocol(number)]), None)).into_iter());
    let tcp = || Statement::Between(Selector::Protocol, Datum::Protocol(6), Datum::Protocol(6));
    table.chain("input", Some(Hook::Input), vec![Rule(vec![Statement::Count])]);
    let forward = vec![
        Rule(vec![tcp(), Statement::Takes, Statement::Known, Statement::Reply, Statement::Count]),
        Rule(vec![Statement::Known, Statement::Original, Statement::Count, accept()]),
        Rule(vec![Statement::Known, Statement::Count, accept()]),
        Rule(vec![
            Statement::New,
            Statement::In(vec![Selector::Protocol], "protocols".into()),
            Statement::Count,
            accept(),
        ]),
        Rule(vec![Statement::Invalid, tcp(), Statement::Count, Statement::Reset]),
        Rule(vec![Statement::Count]),
    ];
    table.chain("forward", Some(Hook::Forward), forward);
    let ports = (NatGateway::FIRST_PORT, NatGateway::FIRST_PORT + (NatGateway::CONNECTIONS - 1));
    let turn = Statement::TranslateSourceInTurn("addresses".into(), addresses.len() as u32, ports);
    table.chain("source", Some(Hook::NatPostrouting), vec![Rule(vec![tcp(), Statement::Count]), Rule(vec![turn])]);
    table
}
