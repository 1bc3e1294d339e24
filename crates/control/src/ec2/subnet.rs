//! Subnets: CreateSubnet and DeleteSubnet. Absent: IPv6, IPAM, Outposts.

use super::{
    address::capacity,
    cidr, flow_log,
    kind::Kind,
    network_acl,
    parameter::{combination, done, invalid, missing, only_false, unsupported},
    quota, route_association, tags, vpc,
};
use crate::{
    State, Tx,
    state::{Subnet, Tags, Vpc},
};
use ::vpc::{IpNet, SubnetId, VpcId};
use aws::{
    api::ec2::{
        BlockPublicAccessMode, BlockPublicAccessStates, CreateSubnetRequest, CreateSubnetResult, DeleteSubnetRequest,
        HostnameType, PrivateDnsNameOptionsOnLaunch, ResourceType, Subnet as Shape, SubnetState,
    },
    fault::Fault,
    shape::Nothing,
};

/// A subnet by its id.
///
/// # Errors
/// `InvalidSubnetID.NotFound`, `InvalidSubnetID.Malformed`.
pub(super) fn get<'a>(state: &'a State, id: &str) -> Result<&'a Subnet, Fault> {
    state.subnets.get(id).ok_or_else(|| Kind::Subnet.missing(id))
}

/// CreateSubnet.
pub(super) fn create(tx: &mut Tx<'_>, input: CreateSubnetRequest) -> Result<CreateSubnetResult, Fault> {
    let CreateSubnetRequest {
        tag_specifications,
        availability_zone,
        availability_zone_id,
        cidr_block,
        ipv6_cidr_block,
        outpost_arn,
        vpc_id,
        ipv6_native,
        ipv4_ipam_pool_id,
        ipv4_netmask_length,
        ipv6_ipam_pool_id,
        ipv6_netmask_length,
        dry_run,
    } = input;
    unsupported("Ipv6CidrBlock", ipv6_cidr_block)?;
    unsupported("OutpostArn", outpost_arn)?;
    only_false("Ipv6Native", ipv6_native)?;
    unsupported("Ipv4IpamPoolId", ipv4_ipam_pool_id)?;
    unsupported("Ipv4NetmaskLength", ipv4_netmask_length)?;
    unsupported("Ipv6IpamPoolId", ipv6_ipam_pool_id)?;
    unsupported("Ipv6NetmaskLength", ipv6_netmask_length)?;
    let vpc = vpc::get(&tx.state, &vpc_id)?.clone();
    let text = cidr_block.ok_or_else(|| missing("cidrBlock"))?;
    let range = cidr::read_ipv4("cidrBlock", &text)?;
    check_range(&tx.state, &vpc, &range, &text)?;
    let zone = choose_zone(&tx.state, &vpc.id, availability_zone, availability_zone_id)?;
    let tags = tags::at_creation(tag_specifications, ResourceType::Subnet)?;
    let subnet = make(tx, &vpc.id, zone, range, tags)?;
    done(dry_run, CreateSubnetResult { subnet: Some(show(&tx.state, &subnet)) })
}

/// A subnet's range lies in one of the VPC's and meets no other subnet's.
fn check_range(state: &State, vpc: &Vpc, range: &IpNet, text: &str) -> Result<(), Fault> {
    if !cidr::is_allowed(range) || !vpc.cidrs.iter().any(|of| of.cidr.contains(range)) {
        return Err(Fault::new("InvalidSubnet.Range", format!("The CIDR '{text}' is invalid.")));
    }
    if state.subnets.iter().any(|other| other.vpc == vpc.id && cidr::overlap(&other.cidr, range)) {
        return Err(Fault::new("InvalidSubnet.Conflict", format!("The CIDR '{text}' conflicts with another subnet")));
    }
    Ok(())
}

/// The zone that was asked for by name or id; else the one in which the VPC has the fewest subnets.
pub(super) fn choose_zone(
    state: &State,
    vpc: &VpcId,
    name: Option<String>,
    id: Option<String>,
) -> Result<String, Fault> {
    let zones = &state.region.zones;
    let unknown = |parameter: &str, value: &str, valid: Vec<&str>| {
        let valid = valid.join(", ");
        invalid(format!(
            "Value ({value}) for parameter {parameter} is invalid. Subnets can currently only be created in the following availability zones: {valid}."
        ))
    };
    match (name, id) {
        (Some(_), Some(_)) => {
            Err(combination("The parameter availabilityZone cannot be used with the parameter availabilityZoneId"))
        }
        (Some(name), None) => match zones.iter().find(|zone| zone.name == name) {
            Some(zone) => Ok(zone.name.clone()),
            None => Err(unknown("availabilityZone", &name, zones.iter().map(|zone| zone.name.as_str()).collect())),
        },
        (None, Some(id)) => match zones.iter().find(|zone| zone.id == id) {
            Some(zone) => Ok(zone.name.clone()),
            None => Err(unknown("availabilityZoneId", &id, zones.iter().map(|zone| zone.id.as_str()).collect())),
        },
        (None, None) => {
            let subnets =
                |zone: &str| state.subnets.iter().filter(|subnet| subnet.vpc == *vpc && subnet.zone == zone).count();
            let emptiest = zones.iter().min_by_key(|zone| subnets(&zone.name));
            emptiest.map(|zone| zone.name.clone()).ok_or_else(|| missing("availabilityZone"))
        }
    }
}

/// Makes a subnet, with its VPC's default network ACL.
///
/// # Errors
/// `SubnetLimitExceeded`.
pub(super) fn make(tx: &mut Tx<'_>, vpc: &VpcId, zone: String, cidr: IpNet, tags: Tags) -> Result<Subnet, Fault> {
    if tx.state.subnets.iter().filter(|subnet| subnet.vpc == *vpc).count() >= quota::SUBNETS_PER_VPC {
        return Err(Fault::new("SubnetLimitExceeded", "The maximum number of subnets has been reached."));
    }
    let subnet = Subnet {
        id: SubnetId::from(tx.ec2_id("subnet")),
        vpc: vpc.clone(),
        zone,
        cidr,
        default_for_zone: false,
        map_public_ip: false,
        network_acl: network_acl::associate_default(tx, vpc),
        tags,
        last_given: None,
        in_use: 0,
    };
    tx.state.subnets.put(subnet.clone());
    Ok(subnet)
}

/// DeleteSubnet.
pub(super) fn delete(tx: &mut Tx<'_>, input: DeleteSubnetRequest) -> Result<Nothing, Fault> {
    let DeleteSubnetRequest { subnet_id, dry_run } = input;
    let subnet = get(&tx.state, &subnet_id)?;
    let (id, in_use) = (subnet.id.clone(), subnet.in_use);
    if in_use > 0 {
        return Err(Fault::new(
            "DependencyViolation",
            format!("The subnet '{subnet_id}' has dependencies and cannot be deleted."),
        ));
    }
    route_association::forget_subnet(&mut tx.state, &id);
    flow_log::forget(&mut tx.state, &id);
    tx.state.subnets.remove(&subnet_id);
    done(dry_run, Nothing)
}

/// A subnet as a reply shows it.
pub(super) fn show(state: &State, subnet: &Subnet) -> Shape {
    let Subnet { id, vpc, zone, cidr, default_for_zone, map_public_ip, network_acl: _, tags, last_given: _, in_use } =
        subnet;
    let zone_id = state.region.zones.iter().find(|known| known.name == *zone).map(|zone| zone.id.clone());
    let free = capacity(cidr).saturating_sub(*in_use);
    Shape {
        availability_zone_id: zone_id,
        enable_lni_at_device_index: None,
        map_customer_owned_ip_on_launch: Some(false),
        customer_owned_ipv4_pool: None,
        owner_id: Some(state.region.account.clone()),
        assign_ipv6_address_on_creation: Some(false),
        ipv6_cidr_block_association_set: Some(Vec::new()),
        tags: tags::show(tags),
        subnet_arn: Some(state.region.arn("ec2", format_args!("subnet/{id}"))),
        outpost_arn: None,
        enable_dns64: Some(false),
        ipv6_native: Some(false),
        private_dns_name_options_on_launch: Some(PrivateDnsNameOptionsOnLaunch {
            hostname_type: Some(HostnameType::IpName),
            enable_resource_name_dns_a_record: Some(false),
            enable_resource_name_dns_aaaa_record: Some(false),
        }),
        block_public_access_states: Some(BlockPublicAccessStates {
            internet_gateway_block_mode: Some(BlockPublicAccessMode::Off),
        }),
        r#type: None,
        subnet_id: Some(id.to_string()),
        state: Some(SubnetState::Available),
        vpc_id: Some(vpc.to_string()),
        cidr_block: Some(cidr.to_string()),
        available_ip_address_count: Some(i32::try_from(free).unwrap_or(i32::MAX)),
        availability_zone: Some(zone.clone()),
        default_for_az: Some(*default_for_zone),
        map_public_ip_on_launch: Some(*map_public_ip),
    }
}
