//! The region's networks as hosts must enforce them.

use super::{interface, prefix_list, security_group};
use crate::{
    State,
    state::{NetworkInterface, PeeringStatus, RouteTarget, VpcEndpointKind},
};
use vpc::{
    AclRule, AwsService, Destination, Endpoint, Holder, Interface, NatGateway, NetworkAcl, Peer, Peering, PrefixListId,
    Route, RouteTable, SecurityGroup, Subnet, SubnetId, Topology, Vpc, VpcId,
};

/// Every VPC whole, whichever hosts its interfaces are on, and what is between VPCs.
pub fn topology(state: &State) -> Topology {
    let mut topology = Topology {
        region: state.region.name.clone(),
        registries: state.mirrored_registries.iter().map(|registry| registry.name.clone()).collect(),
        ..Topology::default()
    };
    for record in state.vpcs.iter() {
        let vpc = vpc(state, record);
        topology.vpcs.insert(record.id.clone(), vpc);
    }
    for peering in state.vpc_peerings.iter().filter(|peering| peering.status == PeeringStatus::Active) {
        let ends = Peering {
            requester: peering.requester.vpc.clone(),
            accepter: peering.accepter.vpc.clone(),
            requester_dns: peering.requester.dns_resolution,
            accepter_dns: peering.accepter.dns_resolution,
        };
        topology.peerings.insert(peering.id.clone(), ends);
    }
    let named: Vec<PrefixListId> = topology.vpcs.values().flat_map(named_prefix_lists).cloned().collect();
    for id in named {
        topology.prefix_lists.entry(id).or_insert_with_key(|id| prefix_list::ranges(state, id));
    }
    topology
}

/// The prefix lists that rules and routes of a VPC name.
fn named_prefix_lists(vpc: &Vpc) -> impl Iterator<Item = &PrefixListId> {
    let rules = vpc.security_groups.values().flat_map(|group| group.ingress.iter().chain(&group.egress));
    let by_rules = rules.filter_map(|rule| match &rule.peer {
        Peer::PrefixList(id) => Some(id),
        _ => None,
    });
    let routes = vpc.route_tables.values().flat_map(|table| &table.routes);
    let by_routes = routes.filter_map(|route| match &route.destination {
        Destination::PrefixList(id) => Some(id),
        Destination::Net(_) => None,
    });
    by_rules.chain(by_routes)
}

fn vpc(state: &State, record: &crate::state::Vpc) -> Vpc {
    let id = &record.id;
    let attached = state.internet_gateways.iter().find(|gateway| gateway.vpc.as_ref() == Some(id));
    let mut vpc = Vpc {
        cidrs: record.cidrs.iter().map(|range| range.cidr).collect(),
        dns_support: record.dns_support,
        dns_hostnames: record.dns_hostnames,
        internet_gateway: attached.map(|gateway| gateway.id.clone()),
        ..Vpc::default()
    };
    for group in state.security_groups.iter().filter(|group| group.vpc == *id) {
        let mut rules = SecurityGroup::default();
        for rule in security_group::rules_of(state, &group.id) {
            if rule.egress { rules.egress.push(rule.rule) } else { rules.ingress.push(rule.rule) }
        }
        vpc.security_groups.insert(group.id.clone(), rules);
    }
    routing(state, id, &mut vpc);
    for acl in state.network_acls.iter().filter(|acl| acl.vpc == *id) {
        vpc.network_acls.insert(acl.id.clone(), network_acl(acl));
    }
    for subnet in state.subnets.iter().filter(|subnet| subnet.vpc == *id) {
        let interfaces = format!("{}/", subnet.id);
        for interface in interface::of_subnet(state, &interfaces).filter(|interface| lives(state, interface)) {
            vpc.interfaces.insert(interface.id.clone(), enforced(interface));
        }
    }
    gateways(state, id, &mut vpc);
    vpc.load_balancers = crate::elb::named(state, id);
    vpc
}

/// Its route tables, and its subnets with the one that is for each.
fn routing(state: &State, id: &VpcId, vpc: &mut Vpc) {
    for table in state.route_tables.iter().filter(|table| table.vpc == *id) {
        let routes = table.routes.iter().filter_map(|route| match &route.target {
            RouteTarget::Local => None,
            RouteTarget::Out(target) => Some(Route { destination: route.destination.clone(), target: target.clone() }),
        });
        vpc.route_tables.insert(table.id.clone(), RouteTable { routes: routes.collect() });
    }
    for subnet in state.subnets.iter().filter(|subnet| subnet.vpc == *id) {
        let own = |table: &&crate::state::RouteTable| table.subnets.values().any(|found| *found == subnet.id);
        let main = |table: &&crate::state::RouteTable| table.vpc == *id && table.main.is_some();
        let table = state.route_tables.iter().find(own).or_else(|| state.route_tables.iter().find(main));
        let Some(table) = table else { continue };
        let enforced =
            Subnet { cidr: subnet.cidr, route_table: table.id.clone(), network_acl: subnet.network_acl.acl.clone() };
        vpc.subnets.insert(subnet.id.clone(), enforced);
    }
}

fn network_acl(acl: &crate::state::NetworkAcl) -> NetworkAcl {
    let mut rules = NetworkAcl::default();
    for entry in &acl.entries {
        let rule = AclRule { protocol: entry.protocol, ports: entry.ports, net: entry.cidr, allow: entry.allow };
        let side = if entry.egress { &mut rules.egress } else { &mut rules.ingress };
        side.insert(entry.number, rule);
    }
    rules
}

/// Its NAT gateways and endpoints: what is there or being made, so that hosts make it; not what goes.
fn gateways(state: &State, id: &VpcId, vpc: &mut Vpc) {
    for gateway in state.nat_gateways.iter().filter(|gateway| gateway.vpc == *id && gateway.state.lives()) {
        if let Some(interface) = gateway.interface.clone() {
            let bandwidth = super::nat_gateway::bandwidth(&gateway.tags);
            vpc.nat_gateways.insert(gateway.id.clone(), NatGateway { interface, bandwidth });
        }
    }
    let zone_of = |subnet: &SubnetId| state.subnets.get(subnet).map(|subnet| subnet.zone.clone());
    for endpoint in state.vpc_endpoints.iter().filter(|endpoint| endpoint.vpc == *id && endpoint.state.lives()) {
        let service = endpoint.service.clone();
        let enforced = match &endpoint.kind {
            VpcEndpointKind::Interface { interfaces, private_dns, dns_label, .. } => Endpoint::Interface {
                service,
                interfaces: interfaces.iter().filter_map(|(subnet, id)| Some((zone_of(subnet)?, id.clone()))).collect(),
                dns_label: dns_label.clone(),
                private_dns: *private_dns,
            },
            VpcEndpointKind::Gateway { .. } => {
                let Some(list) = AwsService::named(&service).and_then(|service| service.prefix_list) else { continue };
                Endpoint::Gateway { service, prefix_list: list.into() }
            }
        };
        vpc.endpoints.insert(endpoint.id.clone(), enforced);
    }
}

/// Whether what is behind an interface is there. That of a gateway that goes is described until it is gone, but hosts have it no more.
fn lives(state: &State, interface: &NetworkInterface) -> bool {
    match &interface.holder {
        Holder::Task | Holder::User | Holder::LoadBalancer(_) => true,
        Holder::NatGateway(id) => state.nat_gateways.get(id).is_some_and(|gateway| gateway.state.lives()),
        Holder::Endpoint(id) => state.vpc_endpoints.get(id).is_some_and(|endpoint| endpoint.state.lives()),
    }
}

fn enforced(interface: &NetworkInterface) -> Interface {
    Interface {
        subnet: interface.subnet.clone(),
        private_ip: interface.private_ip,
        mac: interface.mac,
        secondary_ips: interface.secondary_ips.clone(),
        public_ips: interface.public_ips.iter().map(|(private, public)| (*private, public.ip)).collect(),
        security_groups: interface.security_groups.clone(),
        source_dest_check: interface.source_dest_check,
        holder: interface.holder.clone(),
    }
}
