//! DescribeNetworkInterfaces.

use super::{
    describe::{Asked, Described, describe as describe_all},
    filter::{Field, each, never, one},
    interface::private_dns_name,
    kind::Kind,
    names, tags,
};
use crate::{
    State, View,
    state::{NetworkInterface, PublicIp},
};
use aws::{
    api::ec2::{
        AttachmentStatus, DescribeNetworkInterfacesRequest, DescribeNetworkInterfacesResult, GroupIdentifier,
        NetworkInterface as Shape, NetworkInterfaceAssociation, NetworkInterfaceAttachment,
        NetworkInterfacePrivateIpAddress, NetworkInterfaceStatus, NetworkInterfaceType, OperatorResponse, Tag,
    },
    fault::Fault,
};
use std::net::IpAddr;
use vpc::{Holder, SecurityGroupId};

/// DescribeNetworkInterfaces. `IncludeManagedResources` changes nothing: none is hidden.
pub(super) fn describe(
    view: &View<'_>,
    input: DescribeNetworkInterfacesRequest,
) -> Result<DescribeNetworkInterfacesResult, Fault> {
    let DescribeNetworkInterfacesRequest {
        next_token,
        max_results,
        include_managed_resources: _,
        dry_run,
        network_interface_ids,
        filters,
    } = input;
    let state = view.state;
    let asked = Asked { ids: network_interface_ids, filters, max_results, next_token, dry_run };
    let all = state.network_interfaces.iter().map(|interface| show(state, interface));
    let (network_interfaces, next_token) =
        describe_all(asked, |id| state.network_interfaces.get(id).map(|interface| show(state, interface)), all)?;
    Ok(DescribeNetworkInterfacesResult { network_interfaces, next_token })
}

/// The account AWS's services attach interfaces from; on AWS it differs by region. None for a user's own.
fn owner_of(holder: &Holder) -> Option<String> {
    match holder {
        Holder::Task => Some("amazon-ecs".to_owned()),
        Holder::NatGateway(_) | Holder::Endpoint(_) => Some("amazon-aws".to_owned()),
        Holder::LoadBalancer(_) => Some("amazon-elb".to_owned()),
        Holder::User => None,
    }
}

fn type_of(interface: &NetworkInterface) -> NetworkInterfaceType {
    match interface.holder {
        Holder::LoadBalancer(_) if !interface.source_dest_check => NetworkInterfaceType::NetworkLoadBalancer,
        Holder::Task | Holder::User | Holder::LoadBalancer(_) => NetworkInterfaceType::Interface,
        Holder::NatGateway(_) => NetworkInterfaceType::NatGateway_,
        Holder::Endpoint(_) => NetworkInterfaceType::VpcEndpoint,
    }
}

/// An interface as a reply shows it.
pub(super) fn show(state: &State, interface: &NetworkInterface) -> Shape {
    let NetworkInterface {
        id,
        vpc,
        subnet,
        private_ip,
        mac,
        secondary_ips: _,
        public_ips: _,
        security_groups: _,
        description,
        holder,
        attachment,
        source_dest_check,
        tags,
    } = interface;
    let zone = state.subnets.get(subnet).map(|subnet| subnet.zone.clone());
    let zone_id =
        state.region.zones.iter().find(|known| Some(&known.name) == zone.as_ref()).map(|zone| zone.id.clone());
    let addresses = interface.private_ips().map(|ip| NetworkInterfacePrivateIpAddress {
        association: show_association(state, interface, ip),
        primary: Some(ip == *private_ip),
        private_dns_name: state.vpcs.get(vpc).and_then(|vpc| names::private(vpc, &state.region.name, ip)),
        private_ip_address: Some(ip.to_string()),
    });
    Shape {
        association: show_association(state, interface, *private_ip),
        attachment: show_attachment(interface),
        availability_zone: zone,
        description: Some(description.clone()),
        groups: Some(show_groups(state, interface)),
        interface_type: Some(type_of(interface)),
        ipv6_addresses: Some(Vec::new()),
        mac_address: Some(mac.to_string()),
        network_interface_id: Some(id.to_string()),
        owner_id: Some(state.region.account.clone()),
        private_dns_name: private_dns_name(state, interface),
        private_ip_address: Some(private_ip.to_string()),
        private_ip_addresses: Some(addresses.collect()),
        requester_id: owner_of(holder),
        requester_managed: Some(*holder != Holder::User),
        source_dest_check: Some(*source_dest_check),
        status: Some(match attachment {
            Some(_) => NetworkInterfaceStatus::InUse,
            None => NetworkInterfaceStatus::Available,
        }),
        subnet_id: Some(subnet.to_string()),
        tag_set: Some(tags::list(tags)),
        vpc_id: Some(vpc.to_string()),
        deny_all_igw_traffic: None,
        operator: Some(OperatorResponse { managed: Some(false), ..OperatorResponse::default() }),
        availability_zone_id: zone_id,
        ..Shape::default()
    }
}

/// The groups of an interface as a reply shows them.
pub(super) fn show_groups(state: &State, interface: &NetworkInterface) -> Vec<GroupIdentifier> {
    let show = |id: &SecurityGroupId| GroupIdentifier {
        group_id: Some(id.to_string()),
        group_name: state.security_groups.get(id).map(|group| group.name.clone()),
    };
    interface.security_groups.iter().map(show).collect()
}

/// What an interface is attached to; nothing for one that a user made.
pub(super) fn show_attachment(interface: &NetworkInterface) -> Option<NetworkInterfaceAttachment> {
    let attachment = interface.attachment.as_ref()?;
    Some(NetworkInterfaceAttachment {
        attach_time: Some(attachment.at),
        attachment_id: Some(attachment.id.clone()),
        delete_on_termination: Some(false),
        device_index: Some(1),
        network_card_index: Some(0),
        instance_owner_id: owner_of(&interface.holder),
        status: Some(AttachmentStatus::Attached),
        ..NetworkInterfaceAttachment::default()
    })
}

/// A public address that came with the interface is Amazon's; an Elastic IP address is the account's.
fn show_association(
    state: &State,
    interface: &NetworkInterface,
    private_ip: IpAddr,
) -> Option<NetworkInterfaceAssociation> {
    let PublicIp { ip, allocation } = interface.public_ips.get(&private_ip)?;
    let elastic = allocation.as_ref().and_then(|id| state.elastic_ips.get(id));
    let association = elastic.and_then(|address| address.association.as_ref());
    let owner = if elastic.is_some() { &state.region.account } else { "amazon" };
    Some(NetworkInterfaceAssociation {
        allocation_id: allocation.clone(),
        association_id: association.map(|association| association.id.clone()),
        ip_owner_id: Some(owner.to_owned()),
        public_dns_name: state.vpcs.get(&interface.vpc).and_then(|vpc| names::public(vpc, &state.region.name, *ip)),
        public_ip: Some(ip.to_string()),
        ..NetworkInterfaceAssociation::default()
    })
}

fn of_association<V: ToString>(shape: &Shape, of: impl Fn(&NetworkInterfaceAssociation) -> &Option<V>) -> Vec<String> {
    shape.association.iter().flat_map(|association| one(of(association))).collect()
}

fn of_attachment<V: ToString>(shape: &Shape, of: impl Fn(&NetworkInterfaceAttachment) -> &Option<V>) -> Vec<String> {
    shape.attachment.iter().flat_map(|attachment| one(of(attachment))).collect()
}

fn of_addresses(shape: &Shape, of: impl Fn(&NetworkInterfaceAssociation) -> &Option<String>) -> Vec<String> {
    shape
        .private_ip_addresses
        .iter()
        .flatten()
        .flat_map(|address| &address.association)
        .flat_map(|association| one(of(association)))
        .collect()
}

impl Described for Shape {
    const KIND: Kind = Kind::NetworkInterface;
    const IDS: &'static str = "NetworkInterfaceIds";
    const FILTERS: &'static [Field<Self>] = &[
        ("addresses.association.owner-id", |i| of_addresses(i, |a| &a.ip_owner_id)),
        ("addresses.association.public-ip", |i| of_addresses(i, |a| &a.public_ip)),
        ("addresses.primary", |i| each(&i.private_ip_addresses, |a| &a.primary)),
        ("addresses.private-ip-address", |i| each(&i.private_ip_addresses, |a| &a.private_ip_address)),
        ("association.allocation-id", |i| of_association(i, |a| &a.allocation_id)),
        ("association.association-id", |i| of_association(i, |a| &a.association_id)),
        ("association.ip-owner-id", |i| of_association(i, |a| &a.ip_owner_id)),
        ("association.public-dns-name", |i| of_association(i, |a| &a.public_dns_name)),
        ("association.public-ip", |i| of_association(i, |a| &a.public_ip)),
        ("attachment.attach-time", |i| {
            i.attachment.iter().flat_map(|a| a.attach_time).map(|at| at.iso8601()).collect()
        }),
        ("attachment.attachment-id", |i| of_attachment(i, |a| &a.attachment_id)),
        ("attachment.delete-on-termination", |i| of_attachment(i, |a| &a.delete_on_termination)),
        ("attachment.device-index", |i| of_attachment(i, |a| &a.device_index)),
        ("attachment.instance-id", never),
        ("attachment.instance-owner-id", |i| of_attachment(i, |a| &a.instance_owner_id)),
        ("attachment.status", |i| of_attachment(i, |a| &a.status)),
        ("availability-zone", |i| one(&i.availability_zone)),
        ("availability-zone-id", |i| one(&i.availability_zone_id)),
        ("description", |i| one(&i.description)),
        ("group-id", |i| each(&i.groups, |g| &g.group_id)),
        ("group-name", |i| each(&i.groups, |g| &g.group_name)),
        ("interface-type", |i| one(&i.interface_type)),
        ("ipv6-addresses.ipv6-address", never),
        ("mac-address", |i| one(&i.mac_address)),
        ("network-interface-id", |i| one(&i.network_interface_id)),
        ("operator.managed", |i| i.operator.iter().flat_map(|o| one(&o.managed)).collect()),
        ("operator.principal", never),
        ("owner-id", |i| one(&i.owner_id)),
        ("private-dns-name", |i| one(&i.private_dns_name)),
        ("private-ip-address", |i| each(&i.private_ip_addresses, |a| &a.private_ip_address)),
        ("requester-id", |i| one(&i.requester_id)),
        ("requester-managed", |i| one(&i.requester_managed)),
        ("source-dest-check", |i| one(&i.source_dest_check)),
        ("status", |i| one(&i.status)),
        ("subnet-id", |i| one(&i.subnet_id)),
        ("vpc-id", |i| one(&i.vpc_id)),
    ];
    fn id(&self) -> &str {
        self.network_interface_id.as_deref().unwrap_or_default()
    }
    fn tags(&self) -> &Option<Vec<Tag>> {
        &self.tag_set
    }
}
