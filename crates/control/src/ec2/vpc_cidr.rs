//! AssociateVpcCidrBlock and DisassociateVpcCidrBlock: secondary IPv4 ranges. Absent: IPv6, IPAM.

use super::{
    cidr,
    parameter::{only_false, unsupported},
    peering, quota, vpc,
};
use crate::{
    State, Tx,
    state::{Route, RouteTarget, Vpc, VpcCidr},
};
use ::vpc::{Destination, IpNet, RouteTableId, VpcId};
use aws::{
    api::ec2::{
        AssociateVpcCidrBlockRequest, AssociateVpcCidrBlockResult, DisassociateVpcCidrBlockRequest,
        DisassociateVpcCidrBlockResult, VpcCidrBlockAssociation, VpcCidrBlockState, VpcCidrBlockStateCode,
    },
    fault::Fault,
};
use std::net::Ipv4Addr;

const fn net(a: u8, b: u8, prefix: u8) -> IpNet {
    IpNet::new_assert(std::net::IpAddr::V4(Ipv4Addr::new(a, b, 0, 0)), prefix)
}

/// Private ranges that don't go together ("IPv4 CIDR block association restrictions", Amazon VPC User Guide).
const APART: [IpNet; 4] = [net(10, 0, 8), net(172, 16, 12), net(192, 168, 16), net(198, 19, 16)];
/// Ranges that can't be added to what lies in the first, even though both are in the same private range.
const NOT_WITH: [(IpNet, IpNet); 2] = [(net(10, 0, 15), net(10, 0, 16)), (net(172, 16, 12), net(172, 31, 16))];

/// AssociateVpcCidrBlock. Every route table of the VPC gets a local route for the range.
pub(super) fn associate(
    tx: &mut Tx<'_>,
    input: AssociateVpcCidrBlockRequest,
) -> Result<AssociateVpcCidrBlockResult, Fault> {
    let AssociateVpcCidrBlockRequest {
        cidr_block,
        ipv6_cidr_block_network_border_group,
        ipv6_pool,
        ipv6_cidr_block,
        ipv4_ipam_pool_id,
        ipv4_netmask_length,
        ipv6_ipam_pool_id,
        ipv6_netmask_length,
        vpc_id,
        amazon_provided_ipv6_cidr_block,
    } = input;
    unsupported("Ipv6CidrBlockNetworkBorderGroup", ipv6_cidr_block_network_border_group)?;
    unsupported("Ipv6Pool", ipv6_pool)?;
    unsupported("Ipv6CidrBlock", ipv6_cidr_block)?;
    unsupported("Ipv4IpamPoolId", ipv4_ipam_pool_id)?;
    unsupported("Ipv4NetmaskLength", ipv4_netmask_length)?;
    unsupported("Ipv6IpamPoolId", ipv6_ipam_pool_id)?;
    unsupported("Ipv6NetmaskLength", ipv6_netmask_length)?;
    only_false("AmazonProvidedIpv6CidrBlock", amazon_provided_ipv6_cidr_block)?;
    let vpc = vpc::get(&tx.state, &vpc_id)?.clone();
    let Some(text) = cidr_block else {
        return Err(Fault::new("MissingParameter", "Either 'cidrBlock' or 'ipv4IpamPoolId' should be provided."));
    };
    let range = cidr::read_ipv4("cidrBlock", &text)?;
    check(&tx.state, &vpc, &range)?;
    let association = tx.ec2_id("vpc-cidr-assoc");
    let added = VpcCidr { association, cidr: range };
    tx.state.vpcs.update(&vpc.id, |vpc| vpc.cidrs.push(added.clone()));
    for table in tables(&tx.state, &vpc.id) {
        tx.state.route_tables.update(&table, |table| table.routes.push(Route::local(range)));
    }
    Ok(AssociateVpcCidrBlockResult {
        ipv6_cidr_block_association: None,
        cidr_block_association: Some(show(&added, VpcCidrBlockStateCode::Associated)),
        vpc_id: Some(vpc.id.to_string()),
    })
}

/// What a range must be to be added to a VPC.
fn check(state: &State, vpc: &Vpc, range: &IpNet) -> Result<(), Fault> {
    let refuse = |why: String| Err(Fault::new("InvalidVpc.Range", format!("The CIDR '{range}' {why}")));
    if !cidr::is_allowed(range) {
        return refuse("is invalid.".to_owned());
    }
    if vpc.cidrs.len() >= quota::CIDRS_PER_VPC {
        let most = quota::CIDRS_PER_VPC;
        let message = format!("This network '{}' has met its maximum number of allowed CIDRs: {most}", vpc.id);
        return Err(Fault::new("CidrLimitExceeded", message));
    }
    if vpc.cidrs.iter().any(|other| cidr::overlap(&other.cidr, range)) {
        return refuse("conflicts with another CIDR block associated with the VPC.".to_owned());
    }
    if is_restricted(vpc, range) {
        return refuse(
            "is restricted. Use a CIDR from the same private address range as the current VPC CIDR, or use a publicly-routable CIDR. For additional restrictions, see https://docs.aws.amazon.com/vpc/latest/userguide/vpc-cidr-blocks.html".to_owned(),
        );
    }
    let covered = |route: &Route| matches!(&route.destination, Destination::Net(to) if range.contains(to));
    let tables = state.route_tables.iter().filter(|table| table.vpc == vpc.id);
    if let Some(table) = tables.into_iter().find(|table| table.routes.iter().any(covered)) {
        return refuse(format!("is the same as or larger than the destination of a route in {}.", table.id));
    }
    if peering::peered_ranges(state, &vpc.id).iter().any(|other| cidr::overlap(other, range)) {
        return refuse("overlaps with a CIDR block of a peered VPC.".to_owned());
    }
    peering::refuse_twin_range(state, &vpc.id, range)
}

/// Ranges of the public address space and 100.64.0.0/10 go with any other; a private range only with itself.
fn is_restricted(vpc: &Vpc, range: &IpNet) -> bool {
    let home = |range: &IpNet| APART.iter().find(|home| cidr::overlap(home, range));
    let primary = vpc.cidrs.first().and_then(|primary| home(&primary.cidr));
    let apart = home(range).is_some_and(|home| primary != Some(home));
    let beside = |there: &IpNet| vpc.cidrs.iter().any(|other| cidr::overlap(&other.cidr, there));
    apart || NOT_WITH.iter().any(|(there, not)| beside(there) && cidr::overlap(not, range))
}

/// DisassociateVpcCidrBlock. The primary range stays, and one that subnets are in.
pub(super) fn disassociate(
    tx: &mut Tx<'_>,
    input: DisassociateVpcCidrBlockRequest,
) -> Result<DisassociateVpcCidrBlockResult, Fault> {
    let DisassociateVpcCidrBlockRequest { association_id } = input;
    let found = tx.state.vpcs.iter().find_map(|vpc| {
        let at = vpc.cidrs.iter().position(|range| range.association == association_id)?;
        Some((vpc.id.clone(), at, vpc.cidrs.get(at)?.clone()))
    });
    let Some((vpc, at, gone)) = found else {
        let message = format!("The vpc CIDR block association ID '{association_id}' does not exist");
        return Err(Fault::new("InvalidVpcCidrBlockAssociationID.NotFound", message));
    };
    let stays = format!("The vpc CIDR block with association ID {association_id} may not be disassociated.");
    if at == 0 {
        let message = format!("{stays} It is the primary IPv4 CIDR block of the VPC");
        return Err(Fault::new("OperationNotPermitted", message));
    }
    if tx.state.subnets.iter().any(|subnet| subnet.vpc == vpc && gone.cidr.contains(&subnet.cidr)) {
        return Err(Fault::new("InvalidCidr.InUse", format!("{stays} It is in use by subnets of the VPC")));
    }
    tx.state.vpcs.update(&vpc, |vpc| vpc.cidrs.retain(|range| range.association != association_id));
    let local = |route: &Route| route.target == RouteTarget::Local && route.destination == Destination::Net(gone.cidr);
    for table in tables(&tx.state, &vpc) {
        tx.state.route_tables.update(&table, |table| table.routes.retain(|route| !local(route)));
    }
    Ok(DisassociateVpcCidrBlockResult {
        ipv6_cidr_block_association: None,
        cidr_block_association: Some(show(&gone, VpcCidrBlockStateCode::Disassociated)),
        vpc_id: Some(vpc.to_string()),
    })
}

fn tables(state: &State, vpc: &VpcId) -> Vec<RouteTableId> {
    state.route_tables.iter().filter(|table| table.vpc == *vpc).map(|table| table.id.clone()).collect()
}

fn show(range: &VpcCidr, code: VpcCidrBlockStateCode) -> VpcCidrBlockAssociation {
    VpcCidrBlockAssociation {
        association_id: Some(range.association.clone()),
        cidr_block: Some(range.cidr.to_string()),
        cidr_block_state: Some(VpcCidrBlockState { state: Some(code), status_message: None }),
    }
}
