//! A region on this machine, and an agent that answers in it.
#![allow(clippy::missing_panics_doc, reason = "a failed test panics")]

use super::echo;
use agent::{
    dns::Upstream,
    listen::Listeners,
    uplink::{Outside, Uplink},
};
use network::{Instance, Internet, Network, plan};
use rustix::thread::LinkNameSpaceType;
use spec::{Desired, HostSpec, TaskId, TaskSpec};
use std::{
    net::{IpAddr, Ipv4Addr},
    os::fd::AsFd,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
};
use tokio::runtime::Runtime;
use vpc::{
    AclRule, AwsService, Destination, Endpoint, Holder, Interface, InterfaceId, IpProtocol, Mac, NetworkAcl, Peer,
    Ports, Route, RouteTable, Rule, SecurityGroup, Subnet, Target, Topology, Vpc,
};

pub const VPC: &str = "vpc-1";
pub const PUBLIC: IpAddr = IpAddr::V4(Ipv4Addr::new(198, 18, 0, 5));

/// A region on this machine, gone when it goes out of scope.
pub struct World {
    pub instance: Instance,
    pub topology: Arc<Topology>,
    pub network: Network,
    pub listeners: Listeners,
    uplink: Option<Uplink>,
    directory: tempfile::TempDir,
    runtime: Runtime,
}

impl Drop for World {
    fn drop(&mut self) {
        if let Err(errors) = Network::remove_all(&self.instance) {
            eprintln!("left behind: {errors:?}");
        }
    }
}

/// What is beyond a region, and the namespace that plays the host's own.
pub type Beyond = Option<(Outside, PathBuf)>;

impl World {
    /// Task 10 in a public subnet, with a public address and a gateway endpoint for s3; task 11 in a private one. Interface
    /// endpoint 60, for sts, is in the first. No security group allows anything but HTTP.
    pub fn new() -> Self {
        Self::of(topology(), None)
    }

    /// Another one, with what is beyond it.
    pub fn of(topology: Topology, beyond: Beyond) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let prefix = format!("p{:x}z{:x}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let instance = Instance::new(&prefix).unwrap();
        let directory = tempfile::tempdir().unwrap();
        echo(&directory.path().join("aws.sock"));
        Network::check_host().unwrap();
        let network = Network::new(instance.clone());
        let (runtime, listeners, uplink) = agent(&instance, directory.path(), beyond);
        let mut world = Self { instance, topology: Arc::new(topology), network, listeners, uplink, directory, runtime };
        world.apply();
        world
    }

    /// Another agent takes over from the one there was, with something else beyond the region.
    pub fn restart(&mut self, beyond: Beyond) {
        self.network = Network::new(self.instance.clone());
        // What the one before listened at is free once its runtime is gone.
        let closed = agent(&self.instance, self.directory.path(), None);
        (self.runtime, self.listeners, self.uplink) = closed;
        (self.runtime, self.listeners, self.uplink) = agent(&self.instance, self.directory.path(), beyond);
        self.apply();
    }

    /// Makes the network as it should be, and answers in it.
    pub fn apply(&mut self) {
        let vpc = &self.topology.vpcs[VPC];
        let is_task = |n: &u8| vpc.interfaces.get(&interface_id(*n)).is_some_and(|is| is.holder == Holder::Task);
        let tasks = (1..=250).filter(is_task).map(|n| (task_id(n), task(n))).collect();
        let spec = HostSpec { revision: 1, topology: self.topology.clone(), tasks, ..HostSpec::default() };
        let internet = if self.uplink.is_some() { Internet::Host } else { Internet::Sealed };
        let made = self.network.verify(&plan(&self.instance, &spec, internet, &Default::default()));
        made.unwrap_or_else(|errors| panic!("{errors:?}"));
        assert_eq!(self.listeners.apply(&self.topology), []);
        if let Some(uplink) = &mut self.uplink {
            uplink.apply(self.network.uplink()).unwrap();
        }
    }

    /// Changes what the agent answers from, with the network as it is.
    pub fn change(&mut self, change: impl FnOnce(&mut Vpc)) {
        change(Arc::make_mut(&mut self.topology).vpcs.get_mut(VPC).unwrap());
        assert_eq!(self.listeners.apply(&self.topology), []);
        // What is closed is closed by the runtime's one thread, which does one thing after the other. (No test here runs a
        // program: between fork and exec it would hold the sockets too.)
        self.runtime.block_on(self.runtime.spawn(async {})).unwrap();
    }

    pub fn at(&self, n: u8) -> PathBuf {
        self.instance.task(&task_id(n)).path()
    }

    pub fn internet(&self) -> PathBuf {
        self.instance.internet().path()
    }
}

/// What an agent has of its own: a runtime, with its threads in whichever namespace is the host's, and what it serves.
fn agent(instance: &Instance, directory: &Path, beyond: Beyond) -> (Runtime, Listeners, Option<Uplink>) {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    if let Some((_, host)) = &beyond {
        let host = std::fs::File::open(host).unwrap();
        builder.on_thread_start(move || {
            rustix::thread::move_into_link_name_space(host.as_fd(), Some(LinkNameSpaceType::Network)).unwrap();
        });
    }
    let runtime = builder.worker_threads(1).enable_all().build().unwrap();
    let mut listeners = Listeners::new(instance.clone(), runtime.handle().clone(), directory.join("aws.sock"));
    let mut uplink = None;
    if let Some((outside, _)) = beyond {
        listeners = listeners.with_upstream(Upstream::new(outside.resolv_conf.clone()));
        uplink = Some(Uplink::new(instance.clone(), runtime.handle().clone()));
    }
    (runtime, listeners, uplink)
}

pub fn task_id(n: u8) -> TaskId {
    format!("{n:032x}").into()
}

pub fn interface_id(n: u8) -> InterfaceId {
    format!("eni-{n:03x}00000000000000").into()
}

/// In subnet 1 but for task 11.
pub fn private(n: u8) -> IpAddr {
    [10, 0, if n == 11 { 2 } else { 1 }, n].into()
}

pub fn interface(n: u8, public: Option<IpAddr>, holder: Holder) -> Interface {
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

pub fn task(n: u8) -> TaskSpec {
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
        insights: false,
        connect: None,
    }
}

pub fn topology() -> Topology {
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
