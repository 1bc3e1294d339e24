//! Plans as text: spec in, namespaces, links, routes and nftables out. Needs no root. `GOLDEN=write` writes the files anew.

use crate::support::*;
use network::{Instance, Internet, plan};
use spec::{
    HostSpec,
    balancing::{FlowProtocol, TargetHealth, Unhealthy},
    connect::{Alias, AppProtocol, Offer, TaskConnect, Timeouts},
};
use std::{fs, path::Path, sync::Arc};
use vpc::{
    AclRule, AwsService, Destination, Endpoint, Holder, Interface, IpProtocol, Peering, Ports, PrefixListId, Route,
    Rule, SecurityGroup, Target,
};

fn spec() -> HostSpec {
    HostSpec { revision: 1, topology: topology().into(), ..HostSpec::default() }
}

fn add_group(spec: &mut HostSpec, id: &str, ingress: Vec<Rule>, egress: Vec<Rule>) {
    Arc::make_mut(&mut spec.topology)
        .vpcs
        .get_mut(VPC)
        .unwrap()
        .security_groups
        .insert(id.into(), SecurityGroup { ingress, egress });
}

fn assert_golden(name: &str, spec: &HostSpec) {
    assert_golden_with(name, spec, Internet::Sealed);
}

fn assert_golden_with(name: &str, spec: &HostSpec, internet: Internet) {
    let text = plan(&Instance::new("ng1a2b3c").unwrap(), spec, internet, &Default::default()).to_string();
    assert_text(name, &text);
}

fn assert_text(name: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name);
    if std::env::var_os("GOLDEN").is_some_and(|value| value == "write") {
        fs::write(&path, text).unwrap();
    }
    let golden = fs::read_to_string(&path).unwrap();
    let differs = golden.lines().zip(text.lines()).find(|(golden, text)| golden != text);
    assert!(golden == text, "{name} differs: {differs:?}; look at it with GOLDEN=write and git diff");
}

#[test]
fn two_tasks() {
    let mut spec = spec();
    add_group(&mut spec, "sg-web", vec![tcp(80, 80, everywhere())], vec![all(everywhere())]);
    add_task(&mut spec, VPC, 10, &["sg-web"]);
    add_task(&mut spec, VPC, 100, &["sg-web"]);
    assert_golden("two-tasks.txt", &spec);
}

#[test]
fn a_task_with_service_connect() {
    let mut spec = spec();
    add_group(&mut spec, "sg-web", vec![tcp(8080, 8080, everywhere())], vec![all(everywhere())]);
    add_task(&mut spec, VPC, 10, &["sg-web"]);
    let offer = |container_port: u16, ingress_port: Option<u16>| Offer {
        name: format!("port-{container_port}"),
        container_port: container_port.try_into().unwrap(),
        ingress_port: ingress_port.map(|port| port.try_into().unwrap()),
        protocol: AppProtocol::Http,
        timeouts: Timeouts::of(AppProtocol::Http),
    };
    let alias = |name: &str, last: u8, ports: &[(u16, &str)]| Alias {
        name: name.into(),
        address: [127, 255, 0, last].into(),
        ports: ports.iter().map(|(port, id)| ((*port).try_into().unwrap(), (*id).into())).collect(),
    };
    let connect = TaskConnect {
        container: "ecs-service-connect-1".into(),
        ports: [8080, 9090, 15001].into(),
        offers: vec![offer(8080, None), offer(9090, Some(9191))],
        uses: vec![alias("api", 1, &[(80, "srv-api")]), alias("db", 2, &[(80, "srv-api"), (5432, "srv-db")])],
        log: None,
    };
    spec.tasks.get_mut(&task_id(10)).unwrap().connect = Some(connect);
    assert_golden("service-connect.txt", &spec);
}

#[test]
fn every_kind_of_rule() {
    let mut spec = spec();
    let gre = Rule { protocol: IpProtocol::Number(47), ports: Ports::All, peer: everywhere() };
    let senseless = Rule { protocol: IpProtocol::TCP, ports: Ports::Icmp(8, None), peer: everywhere() };
    let web = vec![
        tcp(80, 80, everywhere()),
        tcp(443, 443, everywhere()),
        tcp(80, 90, net("10.0.0.0/8")),
        tcp(85, 85, net("10.1.0.0/16")),
    ];
    let rest = vec![
        icmp(3, Some(4), everywhere()),
        icmp(8, None, everywhere()),
        gre,
        senseless,
        all(net("::/0")),
        all(net("192.168.0.0/16")),
    ];
    add_group(&mut spec, "sg-web", [web, rest].concat(), vec![tcp(5432, 5432, group("sg-db"))]);
    add_group(
        &mut spec,
        "sg-db",
        vec![tcp(5432, 5432, group("sg-web")), tcp(5430, 5440, group("sg-web")), all(group("sg-db"))],
        vec![],
    );
    add_task(&mut spec, VPC, 10, &["sg-web"]);
    add_task(&mut spec, VPC, 11, &["sg-web", "sg-db"]);
    // On another host: known by its address, without links or chains here.
    add_task(&mut spec, VPC, 12, &["sg-db"]);
    spec.tasks.remove(&task_id(12));
    assert_golden("rules.txt", &spec);
}

#[test]
fn every_way_out() {
    let mut world = World::new();
    world.group("sg-web", vec![tcp(80, 80, everywhere()), tcp(81, 81, group("sg-far"))], vec![all(everywhere())]);
    world.task(10, &["sg-web"]);
    world.task(100, &["sg-web"]);
    world.internet_gateway();
    world.public(10, [198, 18, 0, 10].into());
    world.nat_gateway(50, Some([198, 18, 0, 50].into()));
    let list = PrefixListId::from("pl-s3");
    let s3 = AwsService::named("s3").unwrap();
    world.topology().prefix_lists.insert(list.clone(), [s3.range()].into());
    let endpoint = Endpoint::Gateway { service: "s3".to_owned(), prefix_list: list.clone() };
    world.vpc().endpoints.insert("vpce-1".into(), endpoint);
    world.route(1, "0.0.0.0/0", Target::InternetGateway("igw-1".into()));
    world.route(1, "10.9.0.0/16", Target::NatGateway("nat-gone".into()));
    world.route(2, "0.0.0.0/0", Target::NatGateway("nat-50".into()));
    let to_s3 = Route { destination: Destination::PrefixList(list), target: Target::Endpoint("vpce-1".into()) };
    world.vpc().route_tables.get_mut("rtb-2").unwrap().routes.push(to_s3);
    let denied = AclRule {
        protocol: IpProtocol::TCP,
        ports: Ports::Range(22, 22),
        net: "10.0.1.0/24".parse().unwrap(),
        allow: false,
    };
    world.vpc().network_acls.insert("acl-2".into(), acl(&[denied], &[]));
    world.vpc().subnets.get_mut("subnet-2").unwrap().network_acl = "acl-2".into();
    let mut peer = vpc();
    peer.cidrs = vec!["10.3.0.0/16".parse().unwrap()];
    peer.subnets.retain(|id, _| id.as_str() == "subnet-1");
    peer.subnets.values_mut().for_each(|subnet| subnet.cidr = "10.3.1.0/24".parse().unwrap());
    let far = Interface { private_ip: [10, 3, 1, 10].into(), holder: Holder::User, ..interface(10, &["sg-far"]) };
    peer.interfaces.insert(interface_id(200), far);
    world.topology().vpcs.insert("vpc-2".into(), peer);
    let ends = Peering { requester: VPC.into(), accepter: "vpc-2".into(), requester_dns: false, accepter_dns: false };
    world.topology().peerings.insert("pcx-1".into(), ends);
    world.route(1, "10.3.0.0/16", Target::Peering("pcx-1".into()));
    assert_golden("ways-out.txt", &world.spec);
}

#[test]
fn an_uplink() {
    let mut world = World::new();
    world.task(10, &[]);
    world.internet_gateway();
    world.public(10, [198, 18, 0, 10].into());
    world.route(1, "0.0.0.0/0", Target::InternetGateway("igw-1".into()));
    assert_golden_with("uplink.txt", &world.spec, Internet::Host);
}

#[test]
fn a_load_balancer() {
    let mut world = World::new();
    world.group("sg-lb", vec![tcp(80, 80, everywhere())], vec![all(everywhere())]);
    world.group("sg-web", vec![tcp(8080, 8080, group("sg-lb"))], vec![all(everywhere())]);
    world.task(10, &["sg-web"]);
    world.internet_gateway();
    world.route(1, "0.0.0.0/0", Target::InternetGateway("igw-1".into()));
    for (n, public) in [(20, 20), (120, 21)] {
        let node = Interface { holder: Holder::LoadBalancer("lb-1".into()), ..interface(n, &["sg-lb"]) };
        world.vpc().interfaces.insert(interface_id(n), node);
        world.public(n, [198, 18, 0, public].into());
    }
    assert_golden("load-balancer.txt", &world.spec);
}

#[test]
fn a_network_load_balancer() {
    let kept = flows::world(FlowProtocol::TcpUdp, flows::KEPT, &["sg-lb"], &["sg-web"]);
    let mut world = kept;
    flows::stream(&mut world, 443);
    flows::idle(&mut world, 60);
    world.group("sg-lb", vec![tcp(80, 80, everywhere())], vec![all(everywhere())]);
    world.group("sg-web", vec![tcp(8080, 8080, group("sg-lb"))], vec![]);
    flows::found(&mut world, 130, TargetHealth::Unhealthy(Unhealthy::Timeout));
    let text = plan(&Instance::new("ng1a2b3c").unwrap(), &world.spec, world.internet, &world.seen).to_string();
    assert_text("network-load-balancer.txt", &text);
}

#[test]
fn what_can_not_be_planned_is_named() {
    let mut spec = spec();
    add_task(&mut spec, VPC, 10, &["sg-gone"]);
    add_task(&mut spec, VPC, 11, &[]);
    add_task(&mut spec, VPC, 12, &[]);
    let interfaces = &mut Arc::make_mut(&mut spec.topology).vpcs.get_mut(VPC).unwrap().interfaces;
    interfaces.get_mut(&interface_id(11)).unwrap().private_ip = "fd00::1".parse().unwrap();
    interfaces.get_mut(&interface_id(12)).unwrap().subnet = "subnet-gone".into();
    for (id, vpc, interface) in [("a", "vpc-gone", "eni-1"), ("b", VPC, "eni-gone")] {
        spec.tasks.insert(id.into(), task(vpc, interface.into()));
    }
    spec.tasks.insert("c".into(), task(VPC, interface_id(10)));
    assert_golden("impossible.txt", &spec);
}

#[test]
fn a_plan_depends_on_nothing_but_the_spec() {
    let mut spec = spec();
    for n in 10..40 {
        add_task(&mut spec, VPC, n, &["sg-a", "sg-b"]);
    }
    let instance = Instance::new("ng1").unwrap();
    let plan = |spec| plan(&instance, spec, Internet::Sealed, &Default::default());
    assert_eq!(plan(&spec), plan(&spec));
    assert_eq!(plan(&HostSpec::default()).namespaces.len(), 0);
}

#[test]
fn interfaces_whose_names_would_clash_get_different_ones() {
    let mut spec = spec();
    add_task(&mut spec, VPC, 10, &[]);
    let twin: vpc::InterfaceId = format!("{}f", interface_id(10).strip_suffix('0').unwrap()).into();
    let vpc = Arc::make_mut(&mut spec.topology).vpcs.get_mut(VPC).unwrap();
    let interface = vpc::Interface { private_ip: ip(11).into(), ..vpc.interfaces[&interface_id(10)].clone() };
    vpc.interfaces.insert(twin.clone(), interface);
    spec.tasks.insert("twin".into(), task(VPC, twin));
    assert_eq!(plan(&Instance::new("ng1").unwrap(), &spec, Internet::Sealed, &Default::default()).veths.len(), 2);
}
