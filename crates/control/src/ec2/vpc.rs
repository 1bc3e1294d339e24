//! VPCs: CreateVpc, DeleteVpc, DescribeVpcs. Absent: IPv6 ranges, IPAM, encryption controls.

use super::{
    cidr, default_vpc, dhcp_options, flow_log,
    kind::Kind,
    network_acl,
    parameter::{done, invalid, not_supported, only_false, unsupported},
    peering, quota, route_table, security_group, tags,
};
use crate::{
    State, Tx,
    state::{Lifecycle, Tags, Vpc, VpcCidr},
};
use aws::{
    api::ec2::{
        BlockPublicAccessMode, BlockPublicAccessStates, CreateDefaultVpcRequest, CreateDefaultVpcResult,
        CreateVpcRequest, CreateVpcResult, DeleteVpcRequest, ResourceType, Tenancy, Vpc as Shape,
        VpcCidrBlockAssociation, VpcCidrBlockState, VpcCidrBlockStateCode, VpcState,
    },
    fault::Fault,
    shape::Nothing,
};
use vpc::{IpNet, VpcId};

/// The region's default VPC, if it has one.
pub(super) fn default_vpc(state: &State) -> Option<&Vpc> {
    state.vpcs.iter().find(|vpc| vpc.is_default)
}

/// A VPC by its id.
///
/// # Errors
/// `InvalidVpcID.NotFound`, `InvalidVpcID.Malformed`.
pub(super) fn get<'a>(state: &'a State, id: &str) -> Result<&'a Vpc, Fault> {
    state.vpcs.get(id).ok_or_else(|| Kind::Vpc.missing(id))
}

/// CreateVpc.
pub(super) fn create(tx: &mut Tx<'_>, input: CreateVpcRequest) -> Result<CreateVpcResult, Fault> {
    let CreateVpcRequest {
        cidr_block,
        ipv6_pool,
        ipv6_cidr_block,
        ipv4_ipam_pool_id,
        ipv4_netmask_length,
        ipv6_ipam_pool_id,
        ipv6_netmask_length,
        ipv6_cidr_block_network_border_group,
        vpc_encryption_control,
        tag_specifications,
        dry_run,
        instance_tenancy,
        amazon_provided_ipv6_cidr_block,
    } = input;
    unsupported("Ipv6Pool", ipv6_pool)?;
    unsupported("Ipv6CidrBlock", ipv6_cidr_block)?;
    unsupported("Ipv4IpamPoolId", ipv4_ipam_pool_id)?;
    unsupported("Ipv4NetmaskLength", ipv4_netmask_length)?;
    unsupported("Ipv6IpamPoolId", ipv6_ipam_pool_id)?;
    unsupported("Ipv6NetmaskLength", ipv6_netmask_length)?;
    unsupported("Ipv6CidrBlockNetworkBorderGroup", ipv6_cidr_block_network_border_group)?;
    unsupported("VpcEncryptionControl", vpc_encryption_control)?;
    only_false("AmazonProvidedIpv6CidrBlock", amazon_provided_ipv6_cidr_block)?;
    match instance_tenancy {
        None | Some(Tenancy::Default) => {}
        Some(Tenancy::Dedicated) => return Err(not_supported("InstanceTenancy=dedicated")),
        Some(Tenancy::Host) => return Err(invalid("Value (host) for parameter instanceTenancy is invalid.")),
    }
    let Some(text) = cidr_block else {
        return Err(Fault::new("MissingParameter", "Either 'cidrBlock' or 'ipv4IpamPoolId' should be provided."));
    };
    let range = cidr::read_ipv4("cidrBlock", &text)?;
    if !cidr::is_allowed(&range) {
        return Err(Fault::new("InvalidVpc.Range", format!("The CIDR '{text}' is invalid.")));
    }
    let tags = tags::at_creation(tag_specifications, ResourceType::Vpc)?;
    let vpc = make(tx, range, tags)?;
    done(dry_run, CreateVpcResult { vpc: Some(show(&tx.state, &vpc)) })
}

/// Makes a VPC with what every VPC has: a main route table, a default network ACL, a default security group.
///
/// # Errors
/// `VpcLimitExceeded`.
pub(super) fn make(tx: &mut Tx<'_>, cidr: IpNet, tags: Tags) -> Result<Vpc, Fault> {
    if tx.state.vpcs.len() >= quota::VPCS {
        return Err(Fault::new("VpcLimitExceeded", "The maximum number of VPCs has been reached."));
    }
    let vpc = Vpc {
        id: VpcId::from(tx.ec2_id("vpc")),
        cidrs: vec![VpcCidr { association: tx.ec2_id("vpc-cidr-assoc"), cidr }],
        is_default: false,
        dhcp_options: dhcp_options::default_set(tx),
        dns_support: true,
        dns_hostnames: false,
        tags,
    };
    tx.state.vpcs.put(vpc.clone());
    route_table::create_main(tx, &vpc.id, cidr);
    network_acl::create_default(tx, &vpc.id);
    security_group::create_default(tx, &vpc.id);
    Ok(vpc)
}

/// DeleteVpc. What came with the VPC goes with it; everything else has to be gone before.
pub(super) fn delete(tx: &mut Tx<'_>, input: DeleteVpcRequest) -> Result<Nothing, Fault> {
    let DeleteVpcRequest { vpc_id, dry_run } = input;
    let id = get(&tx.state, &vpc_id)?.id.clone();
    if has_dependencies(&tx.state, &id) {
        return Err(Fault::new(
            "DependencyViolation",
            format!("The vpc '{id}' has dependencies and cannot be deleted."),
        ));
    }
    peering::delete_of(tx, &id);
    flow_log::forget(&mut tx.state, &id);
    let state = &mut tx.state;
    let groups: Vec<_> =
        state.security_groups.iter().filter(|group| group.vpc == id).map(|group| group.id.clone()).collect();
    groups.iter().for_each(|group| security_group::remove(state, group));
    let tables: Vec<_> =
        state.route_tables.iter().filter(|table| table.vpc == id).map(|table| table.id.clone()).collect();
    tables.iter().for_each(|table| drop(state.route_tables.remove(table)));
    let acls: Vec<_> = state.network_acls.iter().filter(|acl| acl.vpc == id).map(|acl| acl.id.clone()).collect();
    acls.iter().for_each(|acl| drop(state.network_acls.remove(acl)));
    state.vpcs.remove(&id);
    done(dry_run, Nothing)
}

/// Interfaces count by their subnets.
fn has_dependencies(state: &State, id: &VpcId) -> bool {
    state.subnets.iter().any(|subnet| subnet.vpc == *id)
        || state.internet_gateways.iter().any(|gateway| gateway.vpc.as_ref() == Some(id))
        || state.security_groups.iter().any(|group| group.vpc == *id && !group.is_default())
        || state.route_tables.iter().any(|table| table.vpc == *id && table.main.is_none())
        || state.network_acls.iter().any(|acl| acl.vpc == *id && !acl.is_default)
        || state.vpc_endpoints.iter().any(|endpoint| endpoint.vpc == *id && endpoint.state != Lifecycle::Deleted)
}

/// CreateDefaultVpc.
pub(super) fn create_default(tx: &mut Tx<'_>, input: CreateDefaultVpcRequest) -> Result<CreateDefaultVpcResult, Fault> {
    let CreateDefaultVpcRequest { dry_run } = input;
    if default_vpc(&tx.state).is_some() {
        return Err(Fault::new(
            "DefaultVpcAlreadyExists",
            "A Default VPC already exists for this account in this region.",
        ));
    }
    let vpc = default_vpc::make(tx)?;
    done(dry_run, CreateDefaultVpcResult { vpc: Some(show(&tx.state, &vpc)) })
}

/// A VPC as a reply shows it.
pub(super) fn show(state: &State, vpc: &Vpc) -> Shape {
    let Vpc { id, cidrs, is_default, dhcp_options, dns_support: _, dns_hostnames: _, tags } = vpc;
    let ranges = cidrs.iter().map(|VpcCidr { association, cidr }| VpcCidrBlockAssociation {
        association_id: Some(association.clone()),
        cidr_block: Some(cidr.to_string()),
        cidr_block_state: Some(VpcCidrBlockState {
            state: Some(VpcCidrBlockStateCode::Associated),
            status_message: None,
        }),
    });
    Shape {
        owner_id: Some(state.region.account.clone()),
        instance_tenancy: Some(Tenancy::Default),
        ipv6_cidr_block_association_set: Some(Vec::new()),
        cidr_block_association_set: Some(ranges.collect()),
        is_default: Some(*is_default),
        encryption_control: None,
        tags: tags::show(tags),
        block_public_access_states: Some(BlockPublicAccessStates {
            internet_gateway_block_mode: Some(BlockPublicAccessMode::Off),
        }),
        vpc_id: Some(id.to_string()),
        state: Some(VpcState::Available),
        cidr_block: cidrs.first().map(|range| range.cidr.to_string()),
        dhcp_options_id: Some(dhcp_options.clone()),
    }
}
