//! Names and services as tasks and the internet find them: through the network as the kernel has it. Needs root.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failed test panics")]

mod support;

use agent::listen::Listeners;
use hickory_proto::op::ResponseCode;
use network::{Instance, Network, plan};
use spec::{Desired, HostSpec, TaskId, TaskSpec};
use std::{
    io,
    net::{IpAddr, Ipv4Addr, TcpStream, UdpSocket},
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    time::Duration,
};
use support::{address, ask, echo, send};
use vpc::{
    AclRule, AwsService, Destination, Endpoint, Holder, INTERNET_RESOLVER, Interface, InterfaceId, IpProtocol, Mac,
    NetworkAcl, Peer, Ports, RESOLVER, Route, RouteTable, Rule, SecurityGroup, Subnet, Target, Topology, Vpc,
};

const VPC: &str = "vpc-1";
const PUBLIC: IpAddr = IpAddr::V4(Ipv4Addr::new(198, 18, 0, 5));

/// A region on this machine, gone when it goes out of scope.
struct World {
    instance: Instance,
    topology: Arc<Topology>,
    listeners: Listeners,
    _directory: tempfile::TempDir,
    runtime: tokio::runtime::Runtime,
}

impl Drop for World {
    fn drop(&mut self) {
        if let Err(errors) = Network::remove_all(&self.instance) {
            eprintln!("left behind: {errors:?}");
        }
    }
}

impl World {
    /// Task 10 in a public subnet, with a public address and a gateway endpoint for s3; task 11 in a private one. Interface
    /// endpoint 60, for sts, is in the first. No security group allows anything but HTTP.
    fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let prefix = format!("p{:x}z{:x}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let instance = Instance::new(&prefix).unwrap();
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let directory = tempfile::tempdir().unwrap();
        let socket = directory.path().join("aws.sock");
        echo(&socket);
        let topology = Arc::new(topology());
        let tasks = [10, 11].map(|n| (task_id(n), task(n))).into();
        let spec = HostSpec { revision: 1, topology: topology.clone(), tasks, ..HostSpec::default() };
        Network::check_host().unwrap();
        let mut listeners = Listeners::new(instance.clone(), runtime.handle().clone(), socket);
        let made = Network::new(instance.clone()).apply(&plan(&instance, &spec));
        let deaf = listeners.apply(&topology);
        let world = Self { instance, topology, listeners, _directory: directory, runtime };
        made.unwrap_or_else(|errors| panic!("{errors:?}"));
        assert_eq!(deaf, []);
        world
    }

    /// Changes what the agent answers from, with the network as it is.
    fn change(&mut self, change: impl FnOnce(&mut Vpc)) {
        change(Arc::make_mut(&mut self.topology).vpcs.get_mut(VPC).unwrap());
        assert_eq!(self.listeners.apply(&self.topology), []);
        // What is closed is closed by the runtime's one thread, which does one thing after the other. (No test here runs a
        // program: between fork and exec it would hold the sockets too.)
        self.runtime.block_on(self.runtime.spawn(async {})).unwrap();
    }

    fn at(&self, n: u8) -> PathBuf {
        self.instance.task(&task_id(n)).path()
    }

    fn internet(&self) -> PathBuf {
        self.instance.internet().path()
    }
}

fn task_id(n: u8) -> TaskId {
    format!("{n:032x}").into()
}

fn interface_id(n: u8) -> InterfaceId {
    format!("eni-{n:03x}00000000000000").into()
}

/// In subnet 1 but for task 11.
fn private(n: u8) -> IpAddr {
    [10, 0, if n == 11 { 2 } else { 1 }, n].into()
}

fn interface(n: u8, public: Option<IpAddr>, holder: Holder) -> Interface {
    Interface {
        subnet: if n == 11 { "subnet-2".into() } else { "subnet-1".into() },
        private_ip: private(n),
        mac: Mac([0x0a, 0, 0, 0, 1, n]),
        secondary_ips: Default::default(),
        public_ips: public.map(|public| (private(n), public)).into_iter().collect(),
        security_groups: ["sg-http".into()].into(),
        source_dest_check: true,
        holder,
    }
}

fn task(n: u8) -> TaskSpec {
    TaskSpec {
        arn: String::new(),
        desired: Desired::Running,
        vpc: VPC.into(),
        interface: interface_id(n),
        hostname: String::new(),
        cpu: 256,
        memory: 512 << 20,
        ephemeral_storage: 0,
        volumes: Vec::new(),
        shared_pid_namespace: false,
        architecture: "amd64".into(),
        containers: Vec::new(),
        metadata: Default::default(),
    }
}

fn topology() -> Topology {
    let s3 = AwsService::named("s3").unwrap();
    let everywhere: vpc::IpNet = "0.0.0.0/0".parse().unwrap();
    let http = Rule { protocol: IpProtocol::TCP, ports: Ports::Range(80, 80), peer: Peer::Net(everywhere) };
    let all = AclRule { protocol: IpProtocol::All, ports: Ports::All, net: everywhere, allow: true };
    let acl = NetworkAcl { ingress: [(100, all.clone())].into(), egress: [(100, all)].into() };
    let subnet = |n: u8| Subnet {
        cidr: format!("10.0.{n}.0/24").parse().unwrap(),
        route_table: format!("rtb-{n}").into(),
        network_acl: "acl-1".into(),
    };
    let out = Route { destination: Destination::Net(everywhere), target: Target::InternetGateway("igw-1".into()) };
    let to_s3 =
        Route { destination: Destination::PrefixList("pl-s3".into()), target: Target::Endpoint("vpce-s3".into()) };
    let sts = Endpoint::Interface {
        service: "sts".to_owned(),
        interfaces: [("us-east-1a".to_owned(), interface_id(60))].into(),
        private_dns: true,
        dns_label: "vpce-0-abc".to_owned(),
    };
    let vpc = Vpc {
        cidrs: vec!["10.0.0.0/16".parse().unwrap()],
        dns_support: true,
        dns_hostnames: true,
        internet_gateway: Some("igw-1".into()),
        subnets: [("subnet-1".into(), subnet(1)), ("subnet-2".into(), subnet(2))].into(),
        route_tables: [
            ("rtb-1".into(), RouteTable { routes: vec![out, to_s3] }),
            ("rtb-2".into(), RouteTable::default()),
        ]
        .into(),
        network_acls: [("acl-1".into(), acl)].into(),
        endpoints: [
            ("vpce-sts".into(), sts),
            ("vpce-s3".into(), Endpoint::Gateway { service: "s3".to_owned(), prefix_list: "pl-s3".into() }),
        ]
        .into(),
        security_groups: [("sg-http".into(), SecurityGroup { ingress: vec![http.clone()], egress: vec![http] })].into(),
        interfaces: [
            (interface_id(10), interface(10, Some(PUBLIC), Holder::Task)),
            (interface_id(11), interface(11, None, Holder::Task)),
            (interface_id(60), interface(60, None, Holder::Endpoint("vpce-sts".into()))),
        ]
        .into(),
        ..Vpc::default()
    };
    Topology {
        region: "us-east-1".to_owned(),
        vpcs: [(VPC.into(), vpc)].into(),
        prefix_lists: [("pl-s3".into(), [s3.range()].into())].into(),
        ..Topology::default()
    }
}

#[test]
fn names_are_known_where_packets_come_from() {
    let world = World::new();
    let name = "ec2-198-18-0-5.compute-1.amazonaws.com";
    for n in [10, 11] {
        for server in ["10.0.0.2".parse().unwrap(), RESOLVER] {
            assert_eq!(ask(&world.at(n), server, "ip-10-0-2-11.ec2.internal").unwrap(), address("10.0.2.11"));
            assert_eq!(ask(&world.at(n), server, name).unwrap(), address("10.0.1.10"));
            assert_eq!(ask(&world.at(n), server, "example.com").unwrap(), (ResponseCode::NXDomain, vec![]));
        }
    }
    assert_eq!(ask(&world.internet(), INTERNET_RESOLVER, name).unwrap(), address("198.18.0.5"));
    let private = ask(&world.internet(), INTERNET_RESOLVER, "ip-10-0-2-11.ec2.internal");
    assert_eq!(private.unwrap(), (ResponseCode::NXDomain, vec![]));
}

#[test]
fn a_service_is_reached_by_its_name_over_whatever_way_there_is() {
    let world = World::new();
    let resolved = |namespace: &PathBuf, server: IpAddr, host: &str| -> IpAddr {
        let (_, addresses) = ask(namespace, server, &format!("{host}.us-east-1.amazonaws.com")).unwrap();
        addresses.first().unwrap().parse().unwrap()
    };
    let heard = |n: u8, host: &str| send(&world.at(n), resolved(&world.at(n), RESOLVER, host)).ok();
    let sent = |service: &str| Some(format!("{service} 80: GET / HTTP/1.1"));
    assert_eq!(heard(10, "logs"), sent("logs"), "through the internet gateway");
    assert_eq!(heard(10, "bucket.s3"), sent("s3"), "through the gateway endpoint");
    assert_eq!(heard(10, "sts"), sent("sts"), "through the interface endpoint");
    assert_eq!(heard(11, "sts"), sent("sts"), "from a private subnet too");
    assert_eq!(heard(11, "logs"), None, "which has no other way out");
    assert_eq!(heard(11, "bucket.s3"), None);
    let internet = world.internet();
    assert_eq!(send(&internet, resolved(&internet, INTERNET_RESOLVER, "logs")).ok(), sent("logs"));
}

#[test]
fn a_vpc_has_a_resolver_while_it_has_dns_support() {
    let mut world = World::new();
    let (router, name) = (world.instance.router(&VPC.into()).path(), "ip-10-0-1-10.ec2.internal");
    for _ in 0..3 {
        assert_eq!(ask(&router, RESOLVER, name).unwrap(), address("10.0.1.10"));
        world.change(|vpc| vpc.dns_support = false);
        assert_eq!(ask(&router, RESOLVER, name).unwrap_err().kind(), io::ErrorKind::ConnectionRefused);
        world.change(|vpc| vpc.dns_support = true);
    }
}

#[test]
fn a_second_time_nothing_is_opened_again() {
    let mut world = World::new();
    assert_eq!(world.listeners.apply(&world.topology), [], "an address in use would be said");
}

#[test]
fn who_holds_every_connection_to_a_resolver_leaves_others_theirs() {
    let world = World::new();
    let connect = || (0..300).filter_map(|_| TcpStream::connect((RESOLVER, 53)).ok()).collect::<Vec<_>>();
    let held = network::inside(&world.at(10), connect).unwrap();
    assert!(held.len() > 256, "the kernel takes them all");
    assert_eq!(ask(&world.at(11), RESOLVER, "ip-10-0-2-11.ec2.internal").unwrap(), address("10.0.2.11"));
}

#[test]
fn who_holds_every_connection_to_a_service_leaves_others_theirs() {
    let world = World::new();
    let (_, addresses) = ask(&world.at(10), RESOLVER, "sts.us-east-1.amazonaws.com").unwrap();
    let sts: IpAddr = addresses.first().unwrap().parse().unwrap();
    let connect = || (0..300).filter_map(|_| TcpStream::connect((sts, 80)).ok()).collect::<Vec<_>>();
    let held = network::inside(&world.at(10), connect).unwrap();
    assert!(held.len() > 256, "the kernel takes them all");
    assert_eq!(send(&world.at(11), sts).unwrap(), "sts 80: GET / HTTP/1.1");
}

#[test]
fn who_floods_a_resolver_leaves_others_their_answers() {
    let world = World::new();
    let flooder = network::inside(&world.at(10), || UdpSocket::bind("0.0.0.0:0").unwrap()).unwrap();
    flooder.connect((RESOLVER, 53)).unwrap();
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            // Twenty times what one may.
            while !over.load(Ordering::Relaxed) {
                (0..200).for_each(|_| drop(flooder.send(&[0; 12])));
                std::thread::sleep(Duration::from_millis(10));
            }
        });
        let answers = (0..50).filter(|_| ask(&world.at(11), RESOLVER, "ip-10-0-2-11.ec2.internal").is_ok()).count();
        over.store(true, Ordering::Relaxed);
        assert_eq!(answers, 50);
    });
}
