//! The commands of fixes, done to a topology as AWS would do them.

use std::collections::{BTreeMap, BTreeSet};
use vpc::*;

/// Does a command; whether it is one that a running task can profit from.
pub fn apply(topology: &mut Topology, command: &str) -> bool {
    if command.starts_with('#') || command.starts_with("aws ecs run-task") {
        return false;
    }
    let command = command.trim_start_matches("IGW=$(").trim_start_matches("PCX=$(").trim_start_matches("NAT=$(");
    let mut words = command.split_whitespace().skip_while(|word| *word != "ec2").skip(1);
    let operation = words.next().unwrap();
    let mut options: BTreeMap<&str, &str> = BTreeMap::new();
    let mut last = "";
    for word in words {
        match word.strip_prefix("--") {
            Some(option) => {
                last = option;
                options.insert(option, "");
            }
            None => {
                options.entry(last).and_modify(|value| {
                    if value.is_empty() {
                        *value = word;
                    }
                });
            }
        }
    }
    perform(topology, operation, &options);
    true
}

fn perform(topology: &mut Topology, operation: &str, options: &BTreeMap<&str, &str>) {
    let get = |name: &str| *options.get(name).unwrap_or_else(|| panic!("{operation} without --{name}: {options:?}"));
    let id = |name: &str| get(name).to_owned();
    match operation {
        "authorize-security-group-ingress" => group(topology, get("group-id")).ingress.push(rule(options)),
        "authorize-security-group-egress" => group(topology, get("group-id")).egress.push(rule(options)),
        "create-network-acl-entry" | "replace-network-acl-entry" => {
            let acls = topology.vpcs.values_mut().find_map(|vpc| vpc.network_acls.get_mut(get("network-acl-id")));
            let acl = acls.unwrap();
            let rules = if options.contains_key("egress") { &mut acl.egress } else { &mut acl.ingress };
            let ports = match options.get("port-range") {
                Some(range) => {
                    let mut ends = range.split(',').map(|end| end.split_once('=').unwrap().1.parse().unwrap());
                    Ports::Range(ends.next().unwrap(), ends.next().unwrap())
                }
                None => {
                    let kind = get("icmp-type-code").trim_start_matches("Type=").split(',').next().unwrap();
                    Ports::Icmp(kind.parse().unwrap(), None)
                }
            };
            let protocol = IpProtocol::Number(get("protocol").parse().unwrap());
            let net = get("cidr-block").parse().unwrap();
            let was = rules.insert(
                get("rule-number").parse().unwrap(),
                AclRule { protocol, ports, net, allow: get("rule-action") == "allow" },
            );
            assert_eq!(was.is_some(), operation.starts_with("replace"), "the number is free, or is to be replaced");
        }
        "create-route" | "replace-route" => {
            let target = [
                options.get("gateway-id").map(|id| Target::InternetGateway((*id).into())),
                options.get("nat-gateway-id").map(|id| Target::NatGateway((*id).into())),
                options.get("vpc-peering-connection-id").map(|id| Target::Peering((*id).into())),
            ];
            let destination = Destination::Net(get("destination-cidr-block").parse().unwrap());
            let route = Route { destination, target: target.into_iter().flatten().next().unwrap() };
            let tables = topology.vpcs.values_mut().find_map(|vpc| vpc.route_tables.get_mut(get("route-table-id")));
            let routes = &mut tables.unwrap().routes;
            let before = routes.len();
            routes.retain(|other| other.destination != route.destination);
            assert_eq!(routes.len() < before, operation.starts_with("replace"), "{route:?}");
            routes.push(route);
        }
        "create-internet-gateway" => {}
        "attach-internet-gateway" => {
            let vpc = topology.vpcs.get_mut(get("vpc-id")).unwrap();
            assert_eq!(vpc.internet_gateway, None, "a VPC has one at most");
            vpc.internet_gateway = Some(id("internet-gateway-id").into());
        }
        "create-vpc-peering-connection" => {
            let (requester, accepter) = (id("vpc-id").into(), id("peer-vpc-id").into());
            let ends = Peering { requester, accepter, requester_dns: false, accepter_dns: false };
            topology.peerings.insert("$PCX".into(), ends);
        }
        "accept-vpc-peering-connection" => {
            let ends = Peering {
                requester: "vpc-1".into(),
                accepter: "vpc-2".into(),
                requester_dns: false,
                accepter_dns: false,
            };
            topology.peerings.insert(id("vpc-peering-connection-id").into(), ends);
        }
        "create-nat-gateway" => {
            let (vpc, id) = (vpc_of(topology, get("subnet-id")), InterfaceId::from("eni-nat-new"));
            assert!(get("allocation-id").starts_with("$(aws"));
            let mut interface = new_interface(get("subnet-id"), "10.0.0.200", Holder::NatGateway("$NAT".into()));
            interface.public_ips.insert(interface.private_ip, "198.18.0.201".parse().unwrap());
            vpc.interfaces.insert(id.clone(), interface);
            vpc.nat_gateways.insert("$NAT".into(), NatGateway { interface: id, bandwidth: NatGateway::BANDWIDTH });
        }
        "wait" => {}
        "create-vpc-endpoint" if options.get("vpc-endpoint-type") == Some(&"Interface") => {
            let vpc = topology.vpcs.get_mut(get("vpc-id")).unwrap();
            let service = get("service-name").strip_prefix("com.amazonaws.us-east-1.").unwrap().to_owned();
            let mut interface = new_interface(get("subnet-ids"), "10.0.1.201", Holder::Endpoint("vpce-new".into()));
            interface.security_groups = BTreeSet::from([get("security-group-ids").into()]);
            vpc.interfaces.insert("eni-new".into(), interface);
            let interfaces = BTreeMap::from([("us-east-1a".to_owned(), "eni-new".into())]);
            let endpoint =
                Endpoint::Interface { service, interfaces, dns_label: "vpce-new".to_owned(), private_dns: true };
            vpc.endpoints.insert("vpce-new".into(), endpoint);
        }
        "create-vpc-endpoint" => {
            let vpc = topology.vpcs.get_mut(get("vpc-id")).unwrap();
            let service = get("service-name").rsplit('.').next().unwrap().to_owned();
            let list: PrefixListId = AwsService::named(&service).unwrap().prefix_list.unwrap().into();
            let (destination, target) = (Destination::PrefixList(list.clone()), Target::Endpoint("vpce-new".into()));
            vpc.endpoints
                .insert("vpce-new".into(), Endpoint::Gateway { service: service.clone(), prefix_list: list.clone() });
            vpc.route_tables.get_mut(get("route-table-ids")).unwrap().routes.push(Route { destination, target });
            let range = AwsService::named(&service).unwrap().range();
            topology.prefix_lists.entry(list).or_default().insert(range);
        }
        "modify-vpc-endpoint" => {
            let vpc = topology.vpcs.get_mut("vpc-1").unwrap();
            let Some(Endpoint::Gateway { prefix_list, .. }) = vpc.endpoints.get(get("vpc-endpoint-id")) else {
                panic!()
            };
            let destination = Destination::PrefixList(prefix_list.clone());
            let route = Route { destination, target: Target::Endpoint(id("vpc-endpoint-id").into()) };
            vpc.route_tables.get_mut(get("add-route-table-ids")).unwrap().routes.push(route);
        }
        "associate-address" => {
            let interface = interface(topology, get("network-interface-id"));
            let private = get("private-ip-address").parse().unwrap();
            interface.public_ips.insert(private, "198.18.0.200".parse().unwrap());
        }
        "modify-network-interface-attribute" => {
            assert!(options.contains_key("no-source-dest-check"));
            interface(topology, get("network-interface-id")).source_dest_check = false;
        }
        other => panic!("{other} is not known here"),
    }
}

fn vpc_of<'a>(topology: &'a mut Topology, subnet: &str) -> &'a mut Vpc {
    topology.vpcs.values_mut().find(|vpc| vpc.subnets.contains_key(subnet)).unwrap()
}

fn new_interface(subnet: &str, address: &str, holder: Holder) -> Interface {
    Interface {
        subnet: subnet.into(),
        private_ip: address.parse().unwrap(),
        mac: "02:00:00:00:00:c8".parse().unwrap(),
        secondary_ips: BTreeSet::new(),
        public_ips: BTreeMap::new(),
        security_groups: BTreeSet::new(),
        source_dest_check: false,
        holder,
    }
}

fn group<'a>(topology: &'a mut Topology, id: &str) -> &'a mut SecurityGroup {
    topology.vpcs.values_mut().find_map(|vpc| vpc.security_groups.get_mut(id)).unwrap()
}

fn interface<'a>(topology: &'a mut Topology, id: &str) -> &'a mut Interface {
    topology.vpcs.values_mut().find_map(|vpc| vpc.interfaces.get_mut(id)).unwrap()
}

/// The AWS CLI's short form of one permission, or its long one for a prefix list.
fn rule(options: &BTreeMap<&str, &str>) -> Rule {
    let (protocol, port, peer) = match options.get("ip-permissions") {
        Some(permission) => {
            let parts: Vec<&str> = permission.trim_matches('\'').split(',').collect();
            let value = |name: &str| parts.iter().find_map(|part| part.strip_prefix(name)).unwrap().to_owned();
            let (protocol, from, to) = (value("IpProtocol="), value("FromPort="), value("ToPort="));
            let port = if protocol == "icmp" { format!("{from}-{to}") } else { from.clone() };
            assert!(protocol == "icmp" || from == to, "{permission}");
            let list = value("PrefixListIds=[{PrefixListId=").trim_end_matches("}]").to_owned();
            (protocol, port, Peer::PrefixList(list.into()))
        }
        None => {
            let peer = match (options.get("cidr"), options.get("source-group")) {
                (Some(net), None) => Peer::Net(net.parse().unwrap()),
                (None, Some(group)) => Peer::Group((*group).into()),
                both => panic!("{both:?}"),
            };
            (options["protocol"].to_owned(), options["port"].to_owned(), peer)
        }
    };
    let (protocol, ports) = match (protocol.as_str(), port.split_once('-')) {
        ("icmp", Some((kind, code))) => (1, Ports::Icmp(kind.parse().unwrap(), Some(code.parse().unwrap()))),
        ("tcp", None) => (6, Ports::Range(port.parse().unwrap(), port.parse().unwrap())),
        ("udp", None) => (17, Ports::Range(port.parse().unwrap(), port.parse().unwrap())),
        other => panic!("{other:?}"),
    };
    Rule { protocol: IpProtocol::Number(protocol), ports, peer }
}
