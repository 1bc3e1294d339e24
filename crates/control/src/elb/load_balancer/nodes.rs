//! A load balancer's nodes: one in each of its subnets, of which each is in a zone of its own ("Availability Zones and load balancer
//! nodes", Elastic Load Balancing User Guide).

use super::super::{arn, configuration, invalid, unsupported};
use crate::{
    State, Tx,
    ec2::interface::{self, NewInterface},
    state::{LoadBalancer, LoadBalancerKind, Subnet, Tags},
};
use aws::{api::elbv2::SubnetMapping, fault::Fault};
use std::{collections::BTreeSet, net::IpAddr};
use vpc::{Holder, InterfaceId, SecurityGroupId, VpcId};

/// Zones that an Application Load Balancer is in at least.
const ZONES: usize = 2;
/// Addresses that a subnet must have free for a node ("Subnets for your load balancer", Application Load Balancers guide).
const FREE_ADDRESSES: u64 = 8;
/// The length of the prefix of the smallest subnet that can have a node.
const SMALLEST: u8 = 27;

/// Where a node is to be.
pub(super) struct Place {
    pub(super) subnet: Subnet,
    /// The Elastic IP address it is to have.
    allocation: Option<String>,
    /// The private address it is to have.
    address: Option<IpAddr>,
}

/// The subnets a call asks for in one of its two ways, each in a zone of its own and all in one VPC.
///
/// # Errors
/// `ValidationError`, `SubnetNotFound`, `InvalidConfigurationRequest`.
pub(super) fn places(
    state: &State,
    kind: LoadBalancerKind,
    internal: bool,
    subnets: Option<Vec<String>>,
    mappings: Option<Vec<SubnetMapping>>,
) -> Result<(VpcId, Vec<Place>), Fault> {
    let ids = subnets.unwrap_or_default();
    let mappings = mappings.unwrap_or_default();
    if !ids.is_empty() && !mappings.is_empty() {
        return Err(invalid("Only one of 'Subnets' and 'SubnetMappings' can be specified"));
    }
    let mapped = mappings.into_iter().map(|mapping| mapped(kind, internal, mapping));
    let asked = ids.into_iter().map(|id| Ok((id, None, None))).chain(mapped).collect::<Result<Vec<_>, Fault>>()?;
    let mut found: Vec<Place> = Vec::new();
    for (id, allocation, address) in asked {
        let missing = || Fault::new("SubnetNotFound", format!("The subnet ID '{id}' does not exist"));
        let subnet = state.subnets.get(&id).ok_or_else(missing)?;
        if found.iter().any(|other| other.subnet.vpc != subnet.vpc) {
            return Err(configuration("All subnets must belong to the same VPC."));
        }
        if found.iter().any(|other| other.subnet.zone == subnet.zone) {
            return Err(configuration(
                "A load balancer cannot be attached to multiple subnets in the same Availability Zone",
            ));
        }
        if let Some(address) = address.filter(|address| !subnet.cidr.contains(address)) {
            let message = format!("The IP address '{address}' is not in the range of the subnet '{id}'");
            return Err(configuration(message));
        }
        found.push(Place { subnet: subnet.clone(), allocation, address });
    }
    let least = if kind == LoadBalancerKind::Network { 1 } else { ZONES };
    match found.first().map(|place| place.subnet.vpc.clone()) {
        Some(vpc) if found.len() >= least => Ok((vpc, found)),
        _ if kind == LoadBalancerKind::Network => Err(invalid("At least one subnet must be specified")),
        _ => Err(invalid("At least two subnets in two different Availability Zones must be specified")),
    }
}

/// A subnet, with the Elastic IP address or the private address that the node in it is to have.
type Mapped = (String, Option<String>, Option<IpAddr>);

fn mapped(kind: LoadBalancerKind, internal: bool, mapping: SubnetMapping) -> Result<Mapped, Fault> {
    let network = kind == LoadBalancerKind::Network;
    let SubnetMapping { subnet_id, allocation_id, private_i_pv4_address, i_pv6_address, source_nat_ipv6_prefix } =
        mapping;
    if allocation_id.is_some() && !network {
        return Err(configuration("Elastic IPs are not supported for load balancers with type 'application'"));
    }
    if allocation_id.is_some() && internal {
        return Err(configuration("Elastic IPs are not supported for load balancers with scheme 'internal'"));
    }
    if private_i_pv4_address.is_some() && !(network && internal) {
        return Err(configuration(
            "You can only specify private IPv4 addresses for Network Load Balancers with scheme 'internal'.",
        ));
    }
    unsupported("IPv6Address", i_pv6_address)?;
    unsupported("SourceNatIpv6Prefix", source_nat_ipv6_prefix)?;
    let address = private_i_pv4_address.map(|text| {
        let read = text.parse().ok().filter(IpAddr::is_ipv4);
        read.ok_or_else(|| invalid(format!("The IP address '{text}' is not a valid IPv4 address")))
    });
    let subnet = subnet_id.ok_or_else(|| invalid("A subnet ID must be specified"))?;
    Ok((subnet, allocation_id, address.transpose()?))
}

/// The groups of a load balancer: those that are asked for, else an Application Load Balancer's is the VPC's default one, and a Network
/// Load Balancer has none.
///
/// # Errors
/// `InvalidSecurityGroup`.
pub(super) fn groups(
    state: &State,
    kind: LoadBalancerKind,
    vpc: &VpcId,
    asked: Vec<String>,
) -> Result<BTreeSet<SecurityGroupId>, Fault> {
    if kind == LoadBalancerKind::Network && asked.is_empty() {
        return Ok(BTreeSet::new());
    }
    let asked = asked.into_iter().map(SecurityGroupId::from).collect();
    interface::choose_groups(state, vpc, asked).map_err(|fault| match fault.code.as_ref() {
        "SecurityGroupsPerInterfaceLimitExceeded" => Fault::new("InvalidSecurityGroup", fault.message),
        _ => Fault::new("InvalidSecurityGroup", "One or more security groups are invalid"),
    })
}

/// Makes a load balancer's node in a subnet.
///
/// # Errors
/// `InvalidSubnet`; `OperationNotPermitted` where an interface can't be made.
pub(super) fn make(tx: &mut Tx<'_>, of: &LoadBalancer, place: &Place) -> Result<InterfaceId, Fault> {
    let Place { subnet, allocation, address } = place;
    let network = of.kind == LoadBalancerKind::Network;
    let refuse = |message: String| Err(Fault::new("InvalidSubnet", message));
    if !of.internal && !tx.state.internet_gateways.iter().any(|gateway| gateway.vpc.as_ref() == Some(&of.vpc)) {
        return refuse(format!("VPC {} has no internet gateway", of.vpc));
    }
    let small = subnet.cidr.prefix_len() > SMALLEST && !network;
    if small || interface::free_addresses(&tx.state, &subnet.id) < FREE_ADDRESSES {
        return refuse(format!(
            "Not enough IP space available in {}. ELB requires at least {FREE_ADDRESSES} free IP addresses in each subnet.",
            subnet.id
        ));
    }
    let new = NewInterface {
        subnet: subnet.id.clone(),
        groups: of.security_groups.iter().cloned().collect(),
        description: format!("ELB {}", arn::short_name(of)),
        holder: Holder::LoadBalancer(of.id.clone()),
        public_ip: !of.internal && allocation.is_none(),
        tags: Tags::new(),
    };
    let refused = |fault: Fault| Fault::new("OperationNotPermitted", fault.message);
    if !network {
        return Ok(interface::create(tx, new).map_err(refused)?.id);
    }
    let made = interface::create_forwarding(tx, new, *address).map_err(|fault| match address {
        Some(_) => configuration(fault.message),
        None => refused(fault),
    })?;
    if let Some(allocation) = allocation {
        interface::give_elastic(tx, allocation, &made)?;
    }
    Ok(made.id)
}
