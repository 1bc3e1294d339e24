//! Amazon EC2, the part VPC networking needs: regions and zones, VPCs and their ranges, subnets, security groups, network ACLs, prefix
//! lists, endpoints, peering connections, network interfaces, tags; routing: route tables, internet gateways, NAT gateways, Elastic IP
//! addresses; DHCP options; flow logs.
//!
//! This file is the routing table. One file a resource, or a directory where it has many calls; what the calls have in common is
//! in `describe`, `filter`, `parameter`, `client_token` and `kind`. How an interface is made and goes, whoever it is for, is in
//! `interface`; what an address goes through when it is given up, in `withdrawal`. Absent: instances; IPv6.

mod address;
mod address_association;
mod awsvpc;
mod cidr;
mod client_token;
mod create_nat_gateway;
mod default_subnet;
mod default_vpc;
mod describe;
mod describe_addresses;
mod describe_interfaces;
mod describe_nat_gateways;
mod describe_network_acls;
mod describe_route_tables;
mod describe_subnets;
mod describe_tags;
mod describe_vpcs;
mod dhcp_options;
mod elastic_ip;
mod filter;
mod flow_log;
pub(crate) mod interface;
mod interface_address;
mod interface_attribute;
mod internet_gateway;
mod kind;
mod names;
mod nat_gateway;
mod nat_gateway_address;
mod network_acl;
mod network_acl_entry;
mod network_interface;
mod parameter;
pub(crate) mod peering;
mod prefix_list;
mod private_address;
mod protocol;
mod public_address;
mod quota;
mod refused;
mod region;
mod route;
mod route_association;
mod route_table;
mod route_target;
mod security_group;
mod subnet;
mod subnet_attribute;
mod tags;
mod topology;
mod vpc;
mod vpc_attribute;
mod vpc_cidr;
mod vpc_endpoint;
pub(crate) mod withdrawal;

#[cfg(test)]
mod tests;

pub(crate) use awsvpc::validate_awsvpc;
pub use topology::topology;

use crate::{Service, Tx};
use aws::{
    api::ec2::{API, op},
    fault::Fault,
};
use security_group::{authorize, describe_rules, for_vpc, modify_rules, references, revoke, rule_descriptions, stale};

/// The routing table.
pub fn service() -> Service {
    routing(Service::new(&API))
        .read(op::DescribeRegions, region::describe_regions)
        .read(op::DescribeAvailabilityZones, region::describe_zones)
        .read(op::DescribeAccountAttributes, region::describe_account)
        .write(op::CreateVpc, vpc::create)
        .write(op::CreateDefaultVpc, vpc::create_default)
        .write(op::DeleteVpc, vpc::delete)
        .read(op::DescribeVpcs, describe_vpcs::describe)
        .write(op::ModifyVpcAttribute, vpc_attribute::modify)
        .read(op::DescribeVpcAttribute, vpc_attribute::describe)
        .write(op::CreateSubnet, subnet::create)
        .write(op::DeleteSubnet, subnet::delete)
        .read(op::DescribeSubnets, describe_subnets::describe)
        .write(op::ModifySubnetAttribute, subnet_attribute::modify)
        .write(op::CreateSecurityGroup, security_group::create)
        .write(op::DeleteSecurityGroup, security_group::delete)
        .read(op::DescribeSecurityGroups, security_group::describe::describe)
        .write(op::AuthorizeSecurityGroupIngress, authorize::ingress)
        .write(op::AuthorizeSecurityGroupEgress, authorize::egress)
        .write(op::RevokeSecurityGroupIngress, revoke::ingress)
        .write(op::RevokeSecurityGroupEgress, revoke::egress)
        .read(op::DescribeSecurityGroupRules, describe_rules::describe)
        .write(op::ModifySecurityGroupRules, modify_rules::modify)
        .write(op::UpdateSecurityGroupRuleDescriptionsIngress, rule_descriptions::ingress)
        .write(op::UpdateSecurityGroupRuleDescriptionsEgress, rule_descriptions::egress)
        .read(op::DescribeDhcpOptions, dhcp_options::describe)
        .write(op::CreateTags, tags::create)
        .write(op::DeleteTags, tags::delete)
        .read(op::DescribeTags, describe_tags::describe)
        // Network ACLs.
        .write(op::CreateNetworkAcl, network_acl::create)
        .write(op::DeleteNetworkAcl, network_acl::delete)
        .write(op::ReplaceNetworkAclAssociation, network_acl::replace_association)
        .write(op::CreateNetworkAclEntry, network_acl_entry::create)
        .write(op::ReplaceNetworkAclEntry, network_acl_entry::replace)
        .write(op::DeleteNetworkAclEntry, network_acl_entry::delete)
        .read(op::DescribeNetworkAcls, describe_network_acls::describe)
        // Prefix lists.
        .write(op::CreateManagedPrefixList, prefix_list::create)
        .write(op::ModifyManagedPrefixList, prefix_list::modify::modify)
        .write(op::RestoreManagedPrefixListVersion, prefix_list::modify::restore)
        .write(op::DeleteManagedPrefixList, prefix_list::modify::delete)
        .read(op::DescribeManagedPrefixLists, prefix_list::describe::describe)
        .read(op::DescribePrefixLists, prefix_list::describe::describe_aws)
        .read(op::GetManagedPrefixListEntries, prefix_list::entries::get)
        .read(op::GetManagedPrefixListAssociations, prefix_list::entries::associations)
        // Peering connections.
        .write(op::CreateVpcPeeringConnection, peering::create::create)
        .write(op::AcceptVpcPeeringConnection, peering::decide::accept)
        .write(op::RejectVpcPeeringConnection, peering::decide::reject)
        .write(op::DeleteVpcPeeringConnection, peering::decide::delete)
        .write(op::ModifyVpcPeeringConnectionOptions, peering::options::modify)
        .read(op::DescribeVpcPeeringConnections, peering::describe::describe)
        // VPCs' further ranges, and default subnets.
        .write(op::AssociateVpcCidrBlock, vpc_cidr::associate)
        .write(op::DisassociateVpcCidrBlock, vpc_cidr::disassociate)
        .write(op::CreateDefaultSubnet, default_subnet::create)
        // Endpoints.
        .write(op::CreateVpcEndpoint, vpc_endpoint::create::create)
        .write(op::ModifyVpcEndpoint, vpc_endpoint::modify::modify)
        .write(op::DeleteVpcEndpoints, vpc_endpoint::delete::delete)
        .read(op::DescribeVpcEndpoints, vpc_endpoint::describe::describe)
        .read(op::DescribeVpcEndpointServices, vpc_endpoint::services::describe)
        // What is refused by name.
        .write(op::AssociateSubnetCidrBlock, refused::whole::<op::AssociateSubnetCidrBlock>)
        .write(op::DisassociateSubnetCidrBlock, refused::whole::<op::DisassociateSubnetCidrBlock>)
        .write(op::CreateEgressOnlyInternetGateway, refused::whole::<op::CreateEgressOnlyInternetGateway>)
        .write(op::DeleteEgressOnlyInternetGateway, refused::delete_egress_only)
        .read(op::DescribeEgressOnlyInternetGateways, refused::describe_egress_only)
        // Flow logs.
        .write(op::CreateFlowLogs, flow_log::create)
        .write(op::DeleteFlowLogs, flow_log::delete)
        .read(op::DescribeFlowLogs, flow_log::describe)
        // DHCP options.
        .write(op::CreateDhcpOptions, dhcp_options::create)
        .write(op::AssociateDhcpOptions, dhcp_options::associate)
        .write(op::DeleteDhcpOptions, dhcp_options::delete)
        // Security groups between VPCs.
        .read(op::DescribeSecurityGroupReferences, references::describe)
        .read(op::DescribeStaleSecurityGroups, stale::describe)
        .read(op::GetSecurityGroupsForVpc, for_vpc::get)
}

/// Its part for what routes lead to and from: route tables, gateways, addresses, interfaces.
fn routing(service: Service) -> Service {
    service
        .write(op::CreateRouteTable, route_table::create)
        .write(op::DeleteRouteTable, route_table::delete)
        .read(op::DescribeRouteTables, describe_route_tables::describe)
        .write(op::AssociateRouteTable, route_association::associate)
        .write(op::DisassociateRouteTable, route_association::disassociate)
        .write(op::ReplaceRouteTableAssociation, route_association::replace)
        .write(op::CreateRoute, route::create)
        .write(op::ReplaceRoute, route::replace)
        .write(op::DeleteRoute, route::delete)
        .write(op::CreateInternetGateway, internet_gateway::create)
        .write(op::AttachInternetGateway, internet_gateway::attach)
        .write(op::DetachInternetGateway, internet_gateway::detach)
        .write(op::DeleteInternetGateway, internet_gateway::delete)
        .read(op::DescribeInternetGateways, internet_gateway::describe)
        .write(op::AllocateAddress, elastic_ip::allocate)
        .write(op::ReleaseAddress, elastic_ip::release)
        .write(op::AssociateAddress, address_association::associate)
        .write(op::DisassociateAddress, address_association::disassociate)
        .read(op::DescribeAddresses, describe_addresses::describe)
        .read(op::DescribeAddressesAttribute, describe_addresses::describe_attribute)
        .write(op::CreateNetworkInterface, network_interface::create)
        .write(op::DeleteNetworkInterface, network_interface::delete)
        .write(op::AttachNetworkInterface, network_interface::attach)
        .write(op::DetachNetworkInterface, network_interface::detach)
        .read(op::DescribeNetworkInterfaces, describe_interfaces::describe)
        .write(op::ModifyNetworkInterfaceAttribute, interface_attribute::modify)
        .write(op::ResetNetworkInterfaceAttribute, interface_attribute::reset)
        .read(op::DescribeNetworkInterfaceAttribute, interface_attribute::describe)
        .write(op::AssignPrivateIpAddresses, interface_address::assign)
        .write(op::UnassignPrivateIpAddresses, interface_address::unassign)
        .write(op::CreateNatGateway, create_nat_gateway::create)
        .write(op::DeleteNatGateway, create_nat_gateway::delete)
        .read(op::DescribeNatGateways, describe_nat_gateways::describe)
        .write(op::AssociateNatGatewayAddress, nat_gateway_address::associate)
        .write(op::DisassociateNatGatewayAddress, nat_gateway_address::disassociate)
        .write(op::AssignPrivateNatGatewayAddress, nat_gateway_address::assign)
        .write(op::UnassignPrivateNatGatewayAddress, nat_gateway_address::unassign)
}

/// What a region has from the start: the default DHCP options and the default VPC. On a region that has them, nothing.
///
/// # Errors
/// None on an empty state; `VpcLimitExceeded` on one with VPCs but without a default one.
pub fn found(tx: &mut Tx<'_>) -> Result<(), Fault> {
    if tx.state.dhcp_options.is_empty() && tx.state.vpcs.is_empty() {
        default_vpc::make(tx)?;
    }
    Ok(())
}
