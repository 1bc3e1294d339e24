//! A small world to test in: one instance of its own with VPCs, groups and tasks, gone when it goes out of scope.
#![allow(dead_code, clippy::unwrap_used, clippy::panic, reason = "each test uses a part of it, and a failure ends it")]

pub mod flows;
pub mod probe;

use network::{Instance, Internet, Network, Plan, plan};
use spec::{Desired, HostSpec, TaskId, TaskSpec, balancing::BalancingStatus};
use std::{
    collections::{BTreeMap, BTreeSet},
    net::Ipv4Addr,
    path::PathBuf,
    sync::{
        Arc, Once,
        atomic::{AtomicU32, Ordering},
    },
};
use vpc::{
    AclRule, Destination, Holder, Interface, InterfaceId, IpProtocol, Mac, NatGateway, NatGatewayId, NetworkAcl, Peer,
    Ports, Route, RouteTable, Rule, SecurityGroup, Subnet, Target, Topology, Vpc, VpcId,
};

pub const VPC: &str = "vpc-1";

/// An instance with its spec and its network.
pub struct World {
    pub instance: Instance,
    pub spec: HostSpec,
    pub network: Network,
    pub internet: Internet,
    pub seen: BalancingStatus,
}

impl Drop for World {
    fn drop(&mut self) {
        if let Err(errors) = Network::remove_all(&self.instance) {
            eprintln!("left behind: {errors:?}");
        }
    }
}

/// A prefix that no other test on this machine has now.
pub fn instance() -> Instance {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    Instance::new(&format!("t{:x}z{:x}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed))).unwrap()
}

impl World {
    /// One VPC, 10.0.0.0/16, with the subnets 10.0.1.0/24 and 10.0.2.0/24, and nothing in it.
    pub fn new() -> Self {
        Self::of(instance())
    }

    /// The same for an instance that may be there already.
    pub fn of(instance: Instance) -> Self {
        let spec = HostSpec { revision: 1, topology: topology().into(), ..HostSpec::default() };
        Self {
            network: Network::new(instance.clone()),
            instance,
            spec,
            internet: Internet::Sealed,
            seen: BalancingStatus::default(),
        }
    }

    pub fn topology(&mut self) -> &mut Topology {
        Arc::make_mut(&mut self.spec.topology)
    }

    pub fn vpc(&mut self) -> &mut Vpc {
        self.topology().vpcs.get_mut(VPC).unwrap()
    }

    pub fn group(&mut self, id: &str, ingress: Vec<Rule>, egress: Vec<Rule>) {
        self.vpc().security_groups.insert(id.into(), SecurityGroup { ingress, egress });
    }

    /// A task `t<n>` with an interface at `ip(n)`.
    pub fn task(&mut self, n: u8, groups: &[&str]) {
        add_task(&mut self.spec, VPC, n, groups);
    }

    pub fn plan(&self) -> Plan {
        plan(&self.instance, &self.spec, self.internet, &self.seen)
    }

    pub fn apply(&mut self) -> usize {
        // Loads the kernel's modules, as starting neargate does.
        static CHECKED: Once = Once::new();
        CHECKED.call_once(|| Network::check_host().unwrap());
        let plan = self.plan();
        self.network
            .apply(&plan)
            .unwrap_or_else(|errors| panic!("{}", errors.iter().map(|e| e.to_string()).collect::<Vec<_>>().join("\n")))
    }

    pub fn verify(&mut self) -> usize {
        let plan = self.plan();
        self.network
            .verify(&plan)
            .unwrap_or_else(|errors| panic!("{}", errors.iter().map(|e| e.to_string()).collect::<Vec<_>>().join("\n")))
    }

    /// A NAT gateway `nat-<n>` with an interface at `ip(n)` and, if it has one, a public address.
    pub fn nat_gateway(&mut self, n: u8, public: Option<Ipv4Addr>) {
        let id = NatGatewayId::from(format!("nat-{n}"));
        let mut nat = interface(n, &[]);
        nat.source_dest_check = false;
        nat.holder = Holder::NatGateway(id.clone());
        nat.public_ips = public.map(|public| (ip(n).into(), public.into())).into_iter().collect();
        self.vpc().interfaces.insert(interface_id(n), nat);
        let gateway = NatGateway { interface: interface_id(n), bandwidth: NatGateway::BANDWIDTH };
        self.vpc().nat_gateways.insert(id, gateway);
    }

    /// Attaches an internet gateway, `igw-1`.
    pub fn internet_gateway(&mut self) {
        self.vpc().internet_gateway = Some("igw-1".into());
    }

    /// Gives the interface of task `t<n>` a public address.
    pub fn public(&mut self, n: u8, public: Ipv4Addr) {
        let interface = self.vpc().interfaces.get_mut(&interface_id(n)).unwrap();
        interface.public_ips.insert(ip(n).into(), public.into());
    }

    /// Adds a route to the table of subnet 1 or 2.
    pub fn route(&mut self, table: u8, to: &str, target: Target) {
        let route = Route { destination: Destination::Net(to.parse().unwrap()), target };
        self.vpc().route_tables.get_mut(format!("rtb-{table}").as_str()).unwrap().routes.push(route);
    }

    /// The namespace of the internet.
    pub fn internet(&self) -> PathBuf {
        self.instance.internet().path()
    }

    /// The namespace of an interface that is no task's.
    pub fn at_interface(&self, n: u8) -> PathBuf {
        self.instance.interface(&interface_id(n)).path()
    }

    /// The namespace of task `t<n>`.
    pub fn at(&self, n: u8) -> PathBuf {
        self.instance.task(&task_id(n)).path()
    }

    pub fn router(&self) -> PathBuf {
        self.instance.router(&VPC.into()).path()
    }
}

/// A region with one VPC.
pub fn topology() -> Topology {
    Topology { region: "us-east-1".to_owned(), vpcs: [(VPC.into(), vpc())].into(), ..Topology::default() }
}

/// Two subnets with a route table each and an ACL that allows everything.
pub fn vpc() -> Vpc {
    let mut vpc = Vpc { cidrs: vec!["10.0.0.0/16".parse().unwrap()], dns_support: true, ..Vpc::default() };
    vpc.network_acls.insert("acl-1".into(), acl(&[], &[]));
    for n in [1, 2] {
        let subnet = Subnet {
            cidr: format!("10.0.{n}.0/24").parse().unwrap(),
            route_table: format!("rtb-{n}").into(),
            network_acl: "acl-1".into(),
        };
        vpc.subnets.insert(format!("subnet-{n}").into(), subnet);
        vpc.route_tables.insert(format!("rtb-{n}").into(), RouteTable::default());
    }
    vpc
}

/// An ACL with some rules before the one that allows everything.
pub fn acl(ingress: &[AclRule], egress: &[AclRule]) -> NetworkAcl {
    let all = AclRule { protocol: IpProtocol::All, ports: Ports::All, net: "0.0.0.0/0".parse().unwrap(), allow: true };
    let numbered = |rules: &[AclRule]| (1..).zip(rules.iter().chain([&all]).cloned()).collect();
    NetworkAcl { ingress: numbered(ingress), egress: numbered(egress) }
}

/// An interface of nothing, in `subnet-1` or, from 100, `subnet-2`.
pub fn interface(n: u8, groups: &[&str]) -> Interface {
    Interface {
        subnet: if n < 100 { "subnet-1".into() } else { "subnet-2".into() },
        private_ip: ip(n).into(),
        mac: Mac([0x0a, 0, 0, 0, 1, n]),
        secondary_ips: BTreeSet::new(),
        public_ips: BTreeMap::new(),
        security_groups: groups.iter().map(|id| (*id).into()).collect(),
        source_dest_check: true,
        holder: Holder::Task,
    }
}

pub fn add_task(spec: &mut HostSpec, vpc: &str, n: u8, groups: &[&str]) {
    let vpcs = &mut Arc::make_mut(&mut spec.topology).vpcs;
    vpcs.get_mut(vpc).unwrap().interfaces.insert(interface_id(n), interface(n, groups));
    spec.tasks.insert(task_id(n), task(vpc, interface_id(n)));
}

pub fn task(vpc: &str, interface: InterfaceId) -> TaskSpec {
    TaskSpec {
        arn: String::new(),
        desired: Desired::Running,
        vpc: VpcId::from(vpc),
        interface,
        hostname: String::new(),
        cpu: 256,
        memory: 512 << 20,
        ephemeral_storage: 0,
        volumes: Vec::new(),
        shared_pid_namespace: false,
        architecture: "amd64".into(),
        containers: Vec::new(),
        metadata: Default::default(),
        insights: false,
        connect: None,
    }
}

/// Below 100 in the first subnet, from 100 in the second.
pub fn ip(n: u8) -> Ipv4Addr {
    Ipv4Addr::new(10, 0, if n < 100 { 1 } else { 2 }, n)
}

pub fn task_id(n: u8) -> TaskId {
    format!("{n:032x}").into()
}

pub fn interface_id(n: u8) -> InterfaceId {
    format!("eni-{n:03x}00000000000000").into()
}

pub fn tcp(first: u16, last: u16, peer: Peer) -> Rule {
    Rule { protocol: IpProtocol::TCP, ports: Ports::Range(first, last), peer }
}

pub fn udp(first: u16, last: u16, peer: Peer) -> Rule {
    Rule { protocol: IpProtocol::UDP, ports: Ports::Range(first, last), peer }
}

pub fn icmp(kind: u8, code: Option<u8>, peer: Peer) -> Rule {
    Rule { protocol: IpProtocol::ICMP, ports: Ports::Icmp(kind, code), peer }
}

pub fn all(peer: Peer) -> Rule {
    Rule { protocol: IpProtocol::All, ports: Ports::All, peer }
}

pub fn net(text: &str) -> Peer {
    Peer::Net(text.parse().unwrap())
}

pub fn everywhere() -> Peer {
    net("0.0.0.0/0")
}

pub fn group(id: &str) -> Peer {
    Peer::Group(id.into())
}
