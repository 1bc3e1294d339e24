//! Routes: one that is missing, leads nowhere, or leads the wrong way.

use super::{
    Fix, Scene,
    addresses::{self, NEW_ADDRESS, public_subnets},
    words,
};
use crate::cli::explain::replay::Moment;
use std::net::IpAddr;
use vpc::{
    AWS_SERVICES, AwsService, Destination, Endpoint, Holder, Interface, InternetGatewayId, IpNet, NatGatewayId,
    RouteTableId, SubnetId, Target, Vpc, VpcId,
    verdict::{End, Origin, Packet, Step, verdict},
};

type Found = (IpNet, Destination, Target);

/// The route that a packet needs.
pub fn route(scene: &Scene, moment: &Moment, table: &RouteTableId, found: Option<&Found>) -> Fix {
    let to = moment.destination;
    let what = if moment.answer { format!("the answer to {to}") } else { to.to_string() };
    let why = match found {
        None => format!("Route table {table} has no route for {what}."),
        Some((_, destination, _)) => {
            format!(
                "The route for {} in {table} leads to something that is not there (blackhole).",
                written(destination)
            )
        }
    };
    let sender = moment.sender.and_then(|id| scene.interface(id));
    let Some((vpc_id, vpc, interface)) = sender else { return words(why) };
    match found {
        Some((.., Target::Peering(id))) if !scene.topology.peerings.contains_key(id) => {
            let accept = format!("aws ec2 accept-vpc-peering-connection --vpc-peering-connection-id {id}");
            return Fix {
                why: format!("{why} {id} must be active: its accepter has to accept it."),
                commands: vec![accept],
            };
        }
        Some((.., Target::InternetGateway(id))) if vpc.internet_gateway.is_none() => {
            return Fix { why: format!("{why} {id} is not attached to {vpc_id}."), commands: vec![attach(id, vpc_id)] };
        }
        _ => {}
    }
    let mut commands = Vec::new();
    let Some((range, way)) = way(scene, (vpc_id, vpc, interface), moment, &mut commands) else {
        return words(format!("{why} Nobody on the internet or in a VPC that is here has that address."));
    };
    let option = match &way {
        Way::NewEndpoint(service) => return new_endpoint(scene, &why, vpc_id, table, service),
        Way::NewInterfaceEndpoint(service, groups) => {
            return new_interface_endpoint(scene, &why, (vpc_id, interface), service, groups);
        }
        Way::Endpoint(id) => {
            let add = format!("aws ec2 modify-vpc-endpoint --vpc-endpoint-id {id} --add-route-table-ids {table}");
            return Fix { why, commands: vec![add] };
        }
        Way::Internet(gateway) => format!("--gateway-id {gateway}"),
        Way::Target(option) => option.clone(),
    };
    commands.push(match found {
        Some((_, destination, _)) => replace(table, destination, &option),
        None => create(table, &range, &option),
    });
    // A way to an internet gateway is of no use without a public address.
    let public = interface.public_ips.contains_key(&moment.source);
    if let (Way::Internet(_), Holder::Task, false, Some(id)) = (way, &interface.holder, public, moment.sender) {
        commands.extend(addresses::give(scene, id, moment.source));
    }
    Fix { why, commands }
}

/// What to do in a VPC that reaches AWS's services by interface endpoints, where one is not there.
fn new_interface_endpoint(
    scene: &Scene,
    why: &str,
    (vpc, interface): (&VpcId, &Interface),
    service: &AwsService,
    groups: &[&str],
) -> Fix {
    let name = service.service_name(&scene.topology.region);
    Fix {
        why: format!("{why} {vpc} has no interface endpoint for {name}."),
        commands: vec![format!(
            "aws ec2 create-vpc-endpoint --vpc-endpoint-type Interface --vpc-id {vpc} --service-name {name} --subnet-ids {} \
             --security-group-ids {}",
            interface.subnet,
            groups.join(" ")
        )],
    }
}

/// What to do where a service would be reached by a gateway endpoint that is not there.
fn new_endpoint(scene: &Scene, why: &str, vpc: &VpcId, table: &RouteTableId, service: &AwsService) -> Fix {
    let name = service.service_name(&scene.topology.region);
    let layers = if service.name == "s3" { ", where the layers of images in Amazon ECR are" } else { "" };
    Fix {
        why: format!("{why} {vpc} has no gateway endpoint for {name}{layers}."),
        commands: vec![format!(
            "aws ec2 create-vpc-endpoint --vpc-id {vpc} --service-name {name} --route-table-ids {table}"
        )],
    }
}

/// Commands that lead a packet another way than the route it takes, by one for a narrower range.
pub fn specific(scene: &Scene, moment: &Moment, table: &RouteTableId) -> Option<Vec<String>> {
    let sender = moment.sender.and_then(|id| scene.interface(id))?;
    let mut commands = Vec::new();
    let (range, option) = match way(scene, sender, moment, &mut commands)? {
        (range, Way::Target(option)) => (range, option),
        (range, Way::Internet(gateway)) => (range, format!("--gateway-id {gateway}")),
        _ => return None,
    };
    commands.push(create(table, &range, &option));
    Some(commands)
}

/// A NAT gateway that a packet does not get past.
pub fn nat(scene: &Scene, moments: &[Moment], at: usize, gateway: &NatGatewayId) -> Fix {
    let before = moments.get(..at).unwrap_or_default();
    let last = before.iter().rev().find(|moment| matches!(moment.step, Step::Route { .. } | Step::Delivery(..)));
    let Some((Step::Route { table, route: Some((_, destination, _)), .. }, moment)) = last.map(|m| (m.step, m)) else {
        return words(format!("NAT gateway {gateway} lets in nothing but answers to what went out by it."));
    };
    let why = if moment.answer {
        format!(
            "The answer would leave by NAT gateway {gateway}, so it would not come from the address that was asked."
        )
    } else {
        format!(
            "NAT gateway {gateway} leads back to itself: its subnet's route table {table} has to lead to the internet."
        )
    };
    let vpc = moment.sender.and_then(|id| scene.interface(id));
    let gateway = vpc.and_then(|(_, vpc, _)| vpc.internet_gateway.as_ref());
    let Some(gateway) = gateway else { return words(why) };
    Fix { why, commands: vec![replace(table, destination, &format!("--gateway-id {gateway}"))] }
}

fn attach(gateway: &str, vpc: &VpcId) -> String {
    format!("aws ec2 attach-internet-gateway --internet-gateway-id {gateway} --vpc-id {vpc}")
}

/// Commands that make and attach one, as `$IGW`.
pub fn new_gateway(vpc: &VpcId) -> [String; 2] {
    let make = "IGW=$(aws ec2 create-internet-gateway --query InternetGateway.InternetGatewayId --output text)";
    [make.to_owned(), attach("$IGW", vpc)]
}

/// Commands that make a NAT gateway in a subnet, as `$NAT`.
fn new_nat(subnet: &SubnetId) -> [String; 2] {
    let make = format!("aws ec2 create-nat-gateway --subnet-id {subnet} --allocation-id {NEW_ADDRESS}");
    [
        format!("NAT=$({make} --query NatGateway.NatGatewayId --output text)"),
        "aws ec2 wait nat-gateway-available --nat-gateway-ids $NAT".to_owned(),
    ]
}

enum Way<'a> {
    /// The target as an option of CreateRoute.
    Target(String),
    /// An internet gateway.
    Internet(String),
    /// A gateway endpoint, which makes its route itself.
    Endpoint(String),
    /// One that is to be made, for a service.
    NewEndpoint(&'static AwsService),
    /// An interface endpoint that is to be made, with the security groups of one that is there.
    NewInterfaceEndpoint(&'static AwsService, Vec<&'a str>),
}

/// Where a packet should be led, and for which range: to a peer that has the address, an endpoint for it, or the internet, by a NAT
/// gateway if its sender has no public address. What has to be made first is added to the commands.
fn way<'a>(
    scene: &Scene,
    (vpc_id, vpc, interface): (&VpcId, &'a Vpc, &'a Interface),
    moment: &Moment,
    commands: &mut Vec<String>,
) -> Option<(String, Way<'a>)> {
    let to = moment.destination;
    let range = |vpc: &Vpc| vpc.cidrs.iter().find(|cidr| cidr.contains(&to)).map(IpNet::to_string);
    if let Some((id, cidr)) = scene.topology.peerings_of(vpc_id).find_map(|(id, _, peer)| Some((id, range(peer)?))) {
        return Some((cidr, Way::Target(format!("--vpc-peering-connection-id {id}"))));
    }
    let others = scene.topology.vpcs.iter().filter(|(id, _)| *id != vpc_id);
    let mut having = others.filter(|(_, other)| other.interface_at(to).is_some());
    if let Some((other_id, cidr)) = having.find_map(|(id, other)| Some((id, range(other)?))) {
        commands.push(format!(
            "PCX=$(aws ec2 create-vpc-peering-connection --vpc-id {vpc_id} --peer-vpc-id {other_id} \
             --query VpcPeeringConnection.VpcPeeringConnectionId --output text)"
        ));
        commands.push("aws ec2 accept-vpc-peering-connection --vpc-peering-connection-id $PCX".to_owned());
        return Some((cidr, Way::Target("--vpc-peering-connection-id $PCX".to_owned())));
    }
    if let Some(id) = endpoint(vpc, to) {
        return Some((String::new(), Way::Endpoint(id)));
    }
    let public = interface.public_ips.contains_key(&moment.source);
    // It costs nothing, and leads nowhere else.
    if let Some(service) = service(to).filter(|service| service.prefix_list.is_some() && !public) {
        return Some((String::new(), Way::NewEndpoint(service)));
    }
    if !on_internet(scene, to) {
        return None;
    }
    let default = "0.0.0.0/0".to_owned();
    if !public && !matches!(interface.holder, Holder::NatGateway(_)) {
        if let Some(nat) = working_nat(vpc, interface) {
            return Some((default, Way::Target(format!("--nat-gateway-id {nat}"))));
        }
        if let (Some(service), Some(groups)) = (service(to), groups_of_endpoints(vpc)) {
            return Some((String::new(), Way::NewInterfaceEndpoint(service, groups)));
        }
        if let Some(subnet) = public_subnets(vpc).find(|subnet| **subnet != interface.subnet) {
            commands.extend(new_nat(subnet));
            return Some((default, Way::Target("--nat-gateway-id $NAT".to_owned())));
        }
    }
    let gateway = vpc.internet_gateway.as_ref().map(InternetGatewayId::to_string).unwrap_or_else(|| {
        commands.extend(new_gateway(vpc_id));
        "$IGW".to_owned()
    });
    Some((default, Way::Internet(gateway)))
}

/// A gateway endpoint of the VPC for the service that has an address.
fn endpoint(vpc: &Vpc, to: IpAddr) -> Option<String> {
    let service = service(to)?;
    let mut endpoints = vpc.endpoints.iter();
    let found = endpoints.find(|(_, e)| matches!(e, Endpoint::Gateway { service: name, .. } if name == service.name));
    found.map(|(id, _)| id.to_string())
}

/// The service that has an address.
fn service(to: IpAddr) -> Option<&'static AwsService> {
    AWS_SERVICES.iter().find(|service| service.range().contains(&to))
}

/// A NAT gateway with a public address that an interface may use: one of another subnet.
fn working_nat<'a>(vpc: &'a Vpc, interface: &Interface) -> Option<&'a NatGatewayId> {
    let works = |nat: &&'a NatGatewayId| {
        let own = vpc.nat_gateways.get(*nat).and_then(|nat| vpc.interfaces.get(&nat.interface));
        own.is_some_and(|own| !own.public_ips.is_empty() && own.subnet != interface.subnet)
    };
    vpc.nat_gateways.keys().find(works)
}

/// The security groups of an interface endpoint, if the VPC reaches some service by one at the service's own name.
fn groups_of_endpoints(vpc: &Vpc) -> Option<Vec<&str>> {
    let mut own = vpc.endpoints.values().filter_map(|endpoint| match endpoint {
        Endpoint::Interface { interfaces, private_dns: true, .. } => interfaces.values().next(),
        _ => None,
    });
    let interface = own.find_map(|id| vpc.interfaces.get(id)).filter(|_| vpc.has_hostnames())?;
    Some(interface.security_groups.iter().map(|group| group.as_str()).collect())
}

/// Whether an address is somebody's on the internet.
pub fn on_internet(scene: &Scene, address: IpAddr) -> bool {
    let packet = Packet {
        origin: Origin::Internet,
        source: vpc::INTERNET_HOST,
        destination: address,
        transport: scene.packet.transport,
    };
    verdict(scene.topology, &packet).there.end != End::Nowhere
}

fn create(table: &RouteTableId, range: &str, target: &str) -> String {
    format!("aws ec2 create-route --route-table-id {table} --destination-cidr-block {range} {target}")
}

fn replace(table: &RouteTableId, destination: &Destination, target: &str) -> String {
    let destination = match destination {
        Destination::Net(net) => format!("--destination-cidr-block {net}"),
        Destination::PrefixList(list) => format!("--destination-prefix-list-id {list}"),
    };
    format!("aws ec2 replace-route --route-table-id {table} {destination} {target}")
}

fn written(destination: &Destination) -> String {
    match destination {
        Destination::Net(net) => net.to_string(),
        Destination::PrefixList(list) => list.to_string(),
    }
}
