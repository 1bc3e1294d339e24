//! The namespace of a task whose service uses Service Connect: its proxy gets what its containers send to an alias, and what others send to a
//! port that it offers.
//!
//! ```text
//! aliases   address . protocol . port of an alias → 127.0.0.1 and the proxy's port of the endpoint
//! offers    address of the task . protocol . port → the same address and the proxy's port of the offer
//! ```
//! Nobody listens at an alias or needs to: a container that listens at a port of every address is in no one's way. Who is offered a port from
//! inside its own task meets the proxy, too. Security groups judge what comes by the link, where ports are those of the offers.

use super::{
    Attachment, Namespace, leaf,
    policy::SERVICES,
    table::{Datum, Hook, Key, Rule, Selector, Shape, Statement, Table, Value, ValueKind, key},
};
use spec::connect::TaskConnect;
use std::net::{IpAddr, Ipv4Addr};

/// What becomes of a destination.
pub(super) const PROXIED: Shape = Shape { value: Some(ValueKind::Socket), ..SERVICES };
const TCP: u8 = 6;

/// That of an interface, with what its task's proxy needs if it has one.
pub(super) fn namespace(at: &Attachment) -> Namespace {
    Namespace { table: at.connect.map(|connect| table(at.interface.private_ip, connect)), ..leaf::interface(at) }
}

fn table(own: IpAddr, connect: &TaskConnect) -> Table {
    let mut table = Table::default();
    let listeners = connect.listeners();
    let element = |(address, port, to, proxy): (IpAddr, u16, Ipv4Addr, u16)| -> (Key, Option<Value>) {
        (key([Datum::Address(address), Datum::Protocol(TCP), Datum::Word(port)]), Some(Value::Socket(to, proxy)))
    };
    let aliases = connect.uses.iter().flat_map(|alias| {
        let ports = alias.ports.iter().filter_map(|(port, endpoint)| Some((port, listeners.uses.get(endpoint)?)));
        ports.map(|(port, proxy)| (IpAddr::V4(alias.address), port.get(), Ipv4Addr::LOCALHOST, proxy.get()))
    });
    table.set("aliases", PROXIED, aliases.map(element));
    let offers = connect.offers.iter().zip(&listeners.offers).filter_map(|(offer, proxy)| match own {
        IpAddr::V4(address) => Some((own, offer.port().get(), address, proxy.get())),
        IpAddr::V6(_) => None,
    });
    table.set("offers", PROXIED, offers.map(element));
    let to = |map: &str| {
        let by = vec![Selector::Destination, Selector::Protocol, Selector::SecondWord];
        Rule(vec![Statement::TranslateDestinationAndPort(by, map.into())])
    };
    table.chain("inward", Some(Hook::NatPrerouting), vec![to("offers")]);
    table.chain("outward", Some(Hook::NatOutput), vec![to("aliases"), to("offers")]);
    table
}
