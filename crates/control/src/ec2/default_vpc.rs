//! The default VPC, as AWS makes it ("Default VPC components", Amazon VPC User Guide): 172.31.0.0/16, DNS hostnames on,
//! a /20 subnet in every zone whose instances get public addresses, and a main route table that leads to an internet gateway.

use super::{
    cidr::{address, everywhere, number},
    default_subnet, internet_gateway, subnet, vpc,
};
use crate::{
    Tx,
    state::{Route, RouteTarget, Tags, Vpc},
};
use ::vpc::{Destination, IpNet, Target};
use aws::fault::Fault;
use std::net::{IpAddr, Ipv4Addr};

/// Where its range starts.
const BASE: Ipv4Addr = Ipv4Addr::new(172, 31, 0, 0);
const VPC_PREFIX: u8 = 16;
const SUBNET_PREFIX: u8 = default_subnet::PREFIX;

/// Makes it. There must not be one yet.
pub(super) fn make(tx: &mut Tx<'_>) -> Result<Vpc, Fault> {
    let range = net(IpAddr::V4(BASE), VPC_PREFIX)?;
    let mut made = vpc::make(tx, range, Tags::new())?;
    (made.is_default, made.dns_hostnames) = (true, true);
    tx.state.vpcs.put(made.clone());
    let gateway = internet_gateway::create_attached(tx, &made.id);
    let main = tx
        .state
        .route_tables
        .iter()
        .find(|table| table.vpc == made.id && table.main.is_some())
        .map(|table| table.id.clone());
    let route = Route {
        destination: Destination::Net(everywhere()),
        target: RouteTarget::Out(Target::InternetGateway(gateway)),
        built_in: false,
    };
    if let Some(main) = main {
        tx.state.route_tables.update(&main, |table| table.routes.push(route));
    }
    let zones: Vec<String> = tx.state.region.zones.iter().map(|zone| zone.name.clone()).collect();
    for (zone, n) in zones.into_iter().zip(0u128..) {
        let base = address(&range, number(range.network()) + (n << (32 - SUBNET_PREFIX)));
        let mut made = subnet::make(tx, &made.id, zone, net(base, SUBNET_PREFIX)?, Tags::new())?;
        (made.default_for_zone, made.map_public_ip) = (true, true);
        tx.state.subnets.put(made);
    }
    Ok(made)
}

fn net(base: IpAddr, prefix: u8) -> Result<IpNet, Fault> {
    IpNet::new(base, prefix)
        .map_err(|error| Fault::new("InternalError", format!("the default VPC's range {base}/{prefix}: {error}")))
}
