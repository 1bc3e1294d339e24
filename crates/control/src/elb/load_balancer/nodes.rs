//! A load balancer's nodes: one in each of its subnets, of which each is in a zone of its own ("Availability Zones and load balancer
//! nodes", Elastic Load Balancing User Guide).

use super::super::{configuration, invalid, unsupported};
use crate::{
    State, Tx,
    ec2::interface::{self, NewInterface},
    state::{LoadBalancer, Subnet, Tags},
};
use aws::{api::elbv2::SubnetMapping, fault::Fault};
use std::collections::BTreeSet;
use vpc::{Holder, InterfaceId, SecurityGroupId, VpcId};

/// Zones that a load balancer is in at least.
const ZONES: usize = 2;
/// Addresses that a subnet must have free for a node ("Subnets for your load balancer", Application Load Balancers guide).
const FREE_ADDRESSES: u64 = 8;
/// The length of the prefix of the smallest subnet that can have a node.
const SMALLEST: u8 = 27;

/// The subnets a call asks for in one of its two ways, each in a zone of its own and all in one VPC.
///
/// # Errors
/// `ValidationError`, `SubnetNotFound`, `InvalidConfigurationRequest`.
pub(super) fn subnets(
    state: &State,
    subnets: Option<Vec<String>>,
    mappings: Option<Vec<SubnetMapping>>,
) -> Result<(VpcId, Vec<Subnet>), Fault> {
    let mut ids = subnets.unwrap_or_default();
    let mappings = mappings.unwrap_or_default();
    if !ids.is_empty() && !mappings.is_empty() {
        return Err(invalid("Only one of 'Subnets' and 'SubnetMappings' can be specified"));
    }
    for mapping in mappings {
        ids.push(mapped(mapping)?);
    }
    let mut found: Vec<Subnet> = Vec::new();
    for id in ids {
        let missing = || Fault::new("SubnetNotFound", format!("The subnet ID '{id}' does not exist"));
        let subnet = state.subnets.get(&id).ok_or_else(missing)?;
        if found.iter().any(|other| other.vpc != subnet.vpc) {
            return Err(configuration("All subnets must belong to the same VPC."));
        }
        if found.iter().any(|other| other.zone == subnet.zone) {
            return Err(configuration(
                "A load balancer cannot be attached to multiple subnets in the same Availability Zone",
            ));
        }
        found.push(subnet.clone());
    }
    match found.first().map(|subnet| subnet.vpc.clone()) {
        Some(vpc) if found.len() >= ZONES => Ok((vpc, found)),
        _ => Err(invalid("At least two subnets in two different Availability Zones must be specified")),
    }
}

fn mapped(mapping: SubnetMapping) -> Result<String, Fault> {
    let SubnetMapping { subnet_id, allocation_id, private_i_pv4_address, i_pv6_address, source_nat_ipv6_prefix } =
        mapping;
    if allocation_id.is_some() {
        return Err(configuration("Elastic IPs are not supported for load balancers with type 'application'"));
    }
    if private_i_pv4_address.is_some() {
        return Err(configuration(
            "You can only specify private IPv4 addresses for Network Load Balancers with scheme 'internal'.",
        ));
    }
    unsupported("IPv6Address", i_pv6_address)?;
    unsupported("SourceNatIpv6Prefix", source_nat_ipv6_prefix)?;
    subnet_id.ok_or_else(|| invalid("A subnet ID must be specified"))
}

/// The groups of a load balancer: those that are asked for, else the VPC's default one.
///
/// # Errors
/// `InvalidSecurityGroup`.
pub(super) fn groups(state: &State, vpc: &VpcId, asked: Vec<String>) -> Result<BTreeSet<SecurityGroupId>, Fault> {
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
pub(super) fn make(tx: &mut Tx<'_>, of: &LoadBalancer, subnet: &Subnet) -> Result<InterfaceId, Fault> {
    let refuse = |message: String| Err(Fault::new("InvalidSubnet", message));
    if !of.internal && !tx.state.internet_gateways.iter().any(|gateway| gateway.vpc.as_ref() == Some(&of.vpc)) {
        return refuse(format!("VPC {} has no internet gateway", of.vpc));
    }
    if subnet.cidr.prefix_len() > SMALLEST || interface::free_addresses(&tx.state, &subnet.id) < FREE_ADDRESSES {
        return refuse(format!(
            "Not enough IP space available in {}. ELB requires at least {FREE_ADDRESSES} free IP addresses in each subnet.",
            subnet.id
        ));
    }
    let new = NewInterface {
        subnet: subnet.id.clone(),
        groups: of.security_groups.iter().cloned().collect(),
        description: format!("ELB app/{}/{}", of.name, of.id),
        holder: Holder::LoadBalancer(of.id.clone()),
        public_ip: !of.internal,
        tags: Tags::new(),
    };
    let made = interface::create(tx, new).map_err(|fault| Fault::new("OperationNotPermitted", fault.message))?;
    Ok(made.id)
}
