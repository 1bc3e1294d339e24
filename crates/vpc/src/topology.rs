//! A region's networks whole: what a host enforces and what a verdict is given over.

use crate::registry::{PUBLIC_REGISTRIES, host_and_port};
use crate::{
    Endpoint, EndpointId, Interface, InterfaceId, InternetGatewayId, LoadBalancer, LoadBalancerId, NatGateway,
    NatGatewayId, NetworkAcl, NetworkAclId, Peering, PeeringId, PrefixListId, RouteTable, RouteTableId, SecurityGroup,
    SecurityGroupId, SubnetId, VpcId,
};
use ipnet::IpNet;
use serde::{Deserialize, Serialize};
use std::{
    collections::{BTreeMap, BTreeSet},
    net::{IpAddr, Ipv4Addr},
};

/// Everything networks are made of. What is being made or has been deleted is not in it, only what packets may use now.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Topology {
    /// The region's name, which DNS names are made with, such as `us-east-1`.
    pub region: String,
    /// The VPCs.
    pub vpcs: BTreeMap<VpcId, Vpc>,
    /// Active peering connections between them.
    pub peerings: BTreeMap<PeeringId, Peering>,
    /// The ranges of every prefix list that a rule or route names, AWS's own included.
    pub prefix_lists: BTreeMap<PrefixListId, BTreeSet<IpNet>>,
    /// Registries on the internet beside [`crate::PUBLIC_REGISTRIES`], as names of images have them: with a port where they have one.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub registries: BTreeSet<String>,
}

/// One VPC with everything in it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vpc {
    /// Its address ranges, the primary one first.
    pub cidrs: Vec<IpNet>,
    /// `enableDnsSupport`: whether the Amazon DNS server answers.
    pub dns_support: bool,
    /// `enableDnsHostnames`: whether interfaces with public addresses get public DNS names.
    pub dns_hostnames: bool,
    /// The internet gateway attached to it.
    pub internet_gateway: Option<InternetGatewayId>,
    /// Its subnets.
    pub subnets: BTreeMap<SubnetId, Subnet>,
    /// Its route tables.
    pub route_tables: BTreeMap<RouteTableId, RouteTable>,
    /// Its network ACLs.
    pub network_acls: BTreeMap<NetworkAclId, NetworkAcl>,
    /// Its NAT gateways.
    pub nat_gateways: BTreeMap<NatGatewayId, NatGateway>,
    /// Its endpoints.
    pub endpoints: BTreeMap<EndpointId, Endpoint>,
    /// Its load balancers.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub load_balancers: BTreeMap<LoadBalancerId, LoadBalancer>,
    /// Its security groups.
    pub security_groups: BTreeMap<SecurityGroupId, SecurityGroup>,
    /// Every interface in it, on whichever host.
    pub interfaces: BTreeMap<InterfaceId, Interface>,
}

/// One subnet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subnet {
    /// Its address range, inside one of the VPC's.
    pub cidr: IpNet,
    /// The route table that is for it, its own or the VPC's main one.
    pub route_table: RouteTableId,
    /// The network ACL that is for it.
    pub network_acl: NetworkAclId,
}

impl Subnet {
    /// The router's address in the subnet: the first after the network's own ("Subnet CIDR blocks", Amazon VPC User Guide).
    pub fn gateway(&self) -> IpAddr {
        offset(self.cidr.network(), 1)
    }
}

impl Vpc {
    /// The Amazon DNS server's address: the base of the primary range plus two ("DNS attributes for your VPC", Amazon VPC User Guide).
    pub fn resolver(&self) -> Option<IpAddr> {
        self.cidrs.first().map(|cidr| offset(cidr.network(), 2))
    }

    /// Whether an address is in one of its ranges.
    pub fn contains(&self, address: IpAddr) -> bool {
        self.cidrs.iter().any(|cidr| cidr.contains(&address))
    }

    /// The interface that has a private address.
    pub fn interface_at(&self, address: IpAddr) -> Option<(&InterfaceId, &Interface)> {
        self.interfaces.iter().find(|(_, interface)| interface.has(address))
    }

    /// The interface that has a public address, and the private one it stands for.
    pub fn interface_at_public(&self, public: IpAddr) -> Option<(&InterfaceId, &Interface, IpAddr)> {
        self.interfaces.iter().find_map(|(id, interface)| {
            interface.public_ips.iter().find(|(_, ip)| **ip == public).map(|(private, _)| (id, interface, *private))
        })
    }
}

impl Topology {
    /// Every registry on the internet, by host and port.
    pub fn registries(&self) -> impl Iterator<Item = (&str, u16)> {
        let own = self.registries.iter().map(String::as_str);
        PUBLIC_REGISTRIES.into_iter().chain(own).map(host_and_port)
    }

    /// The active peering connections of a VPC, each with the VPC at its other end.
    pub fn peerings_of<'a>(&'a self, id: &'a VpcId) -> impl Iterator<Item = (&'a PeeringId, &'a VpcId, &'a Vpc)> {
        self.peerings.iter().filter_map(move |(peering, ends)| {
            let (other, vpc) = self.vpcs.get_key_value(ends.other(id)?)?;
            Some((peering, other, vpc))
        })
    }

    /// The ranges of a prefix list; none of one that is not there.
    pub fn prefixes(&self, id: &PrefixListId) -> impl Iterator<Item = &IpNet> {
        self.prefix_lists.get(id).into_iter().flatten()
    }
}

fn offset(base: IpAddr, by: u8) -> IpAddr {
    match base {
        IpAddr::V4(a) => Ipv4Addr::from(u32::from(a).wrapping_add(u32::from(by))).into(),
        IpAddr::V6(a) => std::net::Ipv6Addr::from(u128::from(a).wrapping_add(u128::from(by))).into(),
    }
}
