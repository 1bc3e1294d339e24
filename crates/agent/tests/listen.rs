//! What the agent answers inside real namespaces, over real sockets. Needs root.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failed test panics")]

mod support;

use agent::listen::Listeners;
use hickory_proto::op::ResponseCode;
use network::{Instance, NamespaceName};
use std::{
    io::{self, Read},
    net::{IpAddr, TcpStream},
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
};
use support::{PATIENCE, address, ask, echo, send};
use vpc::{AwsService, Endpoint, INTERNET_RESOLVER, Interface, Mac, RESOLVER, Topology, Vpc};

const VPC: &str = "vpc-1";

/// Namespaces with addresses and nothing else in them, gone when it goes out of scope, and what listens there.
struct World {
    instance: Instance,
    made: Vec<NamespaceName>,
    topology: Arc<Topology>,
    listeners: Listeners,
    directory: tempfile::TempDir,
    _runtime: tokio::runtime::Runtime,
}

impl Drop for World {
    fn drop(&mut self) {
        self.made.iter().for_each(|name| ip(&["netns", "delete", &name.to_string()]));
    }
}

fn ip(arguments: &[&str]) {
    let done = Command::new("ip").args(arguments).status().unwrap();
    assert!(done.success(), "ip {arguments:?}");
}

impl World {
    /// One VPC, 10.0.0.0/16, with an interface at 10.0.1.12 known as 198.18.0.5, and an endpoint for logs at 10.0.1.200.
    fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let prefix = format!("d{:x}z{:x}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let instance = Instance::new(&prefix).unwrap();
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let directory = tempfile::tempdir().unwrap();
        let listeners = Listeners::new(instance.clone(), runtime.handle().clone(), directory.path().join("aws.sock"));
        let topology =
            Topology { region: "us-east-1".to_owned(), vpcs: [(VPC.into(), vpc())].into(), ..Topology::default() };
        Self { instance, made: Vec::new(), topology: topology.into(), listeners, directory, _runtime: runtime }
    }

    fn make(&mut self, name: NamespaceName, addresses: &[IpAddr]) {
        let namespace = name.to_string();
        ip(&["netns", "add", &namespace]);
        self.made.push(name);
        ip(&["-n", &namespace, "link", "set", "lo", "up"]);
        for address in addresses {
            ip(&["-n", &namespace, "address", "add", &format!("{address}/32"), "dev", "lo"]);
        }
    }

    fn router(&self) -> NamespaceName {
        self.instance.router(&VPC.into())
    }

    fn make_router(&mut self) {
        self.make(self.router(), &["10.0.0.2".parse().unwrap(), RESOLVER]);
    }

    fn vpc(&mut self) -> &mut Vpc {
        Arc::make_mut(&mut self.topology).vpcs.get_mut(VPC).unwrap()
    }

    fn apply(&mut self) {
        assert_eq!(self.listeners.apply(&self.topology), []);
    }
}

fn vpc() -> Vpc {
    let interface = |ip: &str, public: Option<&str>| Interface {
        subnet: "subnet-1".into(),
        private_ip: ip.parse().unwrap(),
        mac: Mac([2, 0, 0, 0, 0, 1]),
        secondary_ips: Default::default(),
        public_ips: public.map(|public| (ip.parse().unwrap(), public.parse().unwrap())).into_iter().collect(),
        security_groups: Default::default(),
        source_dest_check: true,
        holder: Default::default(),
    };
    let endpoint = Endpoint::Interface {
        service: "logs".to_owned(),
        interfaces: [("us-east-1a".to_owned(), "eni-logs".into())].into(),
        private_dns: true,
        dns_label: "vpce-0-abc".to_owned(),
    };
    Vpc {
        cidrs: vec!["10.0.0.0/16".parse().unwrap()],
        dns_support: true,
        dns_hostnames: true,
        endpoints: [("vpce-logs".into(), endpoint)].into(),
        interfaces: [
            ("eni-web".into(), interface("10.0.1.12", Some("198.18.0.5"))),
            ("eni-logs".into(), interface("10.0.1.200", None)),
        ]
        .into(),
        ..Vpc::default()
    }
}

#[test]
fn each_view_answers_at_its_own_addresses() {
    let mut world = World::new();
    world.make_router();
    let internet = world.instance.internet();
    world.make(internet.clone(), &[INTERNET_RESOLVER]);
    // The services of the internet have no addresses in this one.
    let deaf = world.listeners.apply(&world.topology);
    assert!(deaf.iter().all(|deaf| !deaf.needed && deaf.why.contains(", port ")), "{deaf:?}");
    let public = "ec2-198-18-0-5.compute-1.amazonaws.com";
    for server in ["10.0.0.2".parse().unwrap(), RESOLVER] {
        assert_eq!(ask(&world.router().path(), server, "ip-10-0-1-12.ec2.internal").unwrap(), address("10.0.1.12"));
        assert_eq!(ask(&world.router().path(), server, public).unwrap(), address("10.0.1.12"));
        assert_eq!(ask(&world.router().path(), server, "logs.us-east-1.amazonaws.com").unwrap(), address("10.0.1.200"));
        assert_eq!(ask(&world.router().path(), server, "example.com").unwrap(), (ResponseCode::NXDomain, vec![]));
    }
    assert_eq!(ask(&internet.path(), INTERNET_RESOLVER, public).unwrap(), address("198.18.0.5"));
    let logs = AwsService::named("logs").unwrap().address().to_string();
    assert_eq!(ask(&internet.path(), INTERNET_RESOLVER, "logs.us-east-1.amazonaws.com").unwrap(), address(&logs));
}

#[test]
fn names_follow_the_spec_at_once() {
    let mut world = World::new();
    world.make_router();
    world.apply();
    let logs = "logs.us-east-1.amazonaws.com";
    assert_eq!(ask(&world.router().path(), RESOLVER, logs).unwrap(), address("10.0.1.200"));
    world.vpc().endpoints.clear();
    world.apply();
    let public = AwsService::named("logs").unwrap().address().to_string();
    assert_eq!(ask(&world.router().path(), RESOLVER, logs).unwrap(), address(&public));
}

#[test]
fn a_router_that_was_made_again_has_its_resolver_again() {
    let mut world = World::new();
    world.make_router();
    world.apply();
    ip(&["netns", "delete", &world.router().to_string()]);
    world.made.clear();
    world.apply();
    world.make_router();
    world.apply();
    assert_eq!(ask(&world.router().path(), RESOLVER, "ip-10-0-1-12.ec2.internal").unwrap(), address("10.0.1.12"));
    // In place of the old one, with no time between them in which nothing was there.
    ip(&["netns", "delete", &world.router().to_string()]);
    world.made.clear();
    world.make_router();
    world.apply();
    assert_eq!(ask(&world.router().path(), RESOLVER, "ip-10-0-1-12.ec2.internal").unwrap(), address("10.0.1.12"));
}

#[test]
fn a_resolver_that_can_not_listen_is_said_to_be_needed() {
    let mut world = World::new();
    world.make(world.router(), &[RESOLVER]);
    let deaf = world.listeners.apply(&world.topology);
    let [deaf] = deaf.as_slice() else { panic!("{deaf:?}") };
    assert!(deaf.needed && deaf.why.contains("vpc-1 can't listen on 10.0.0.2"), "{deaf:?}");
    ip(&["-n", &world.router().to_string(), "address", "add", "10.0.0.2/32", "dev", "lo"]);
    world.apply();
    assert_eq!(
        ask(&world.router().path(), "10.0.0.2".parse().unwrap(), "ip-10-0-1-12.ec2.internal").unwrap(),
        address("10.0.1.12")
    );
}

#[test]
fn what_is_sent_to_an_endpoint_comes_to_the_server_with_the_services_name() {
    let mut world = World::new();
    let (namespace, own) = (world.instance.interface(&"eni-logs".into()), "10.0.1.200".parse::<IpAddr>().unwrap());
    world.make(namespace.clone(), &[own]);
    world.apply();
    echo(&world.directory.path().join("aws.sock"));
    let path = namespace.path();
    assert_eq!(send(&path, own).unwrap(), "logs 80 for 10.0.1.200: GET / HTTP/1.1");
    let other = network::inside(&path, || TcpStream::connect((own, 8080)).unwrap_err().kind()).unwrap();
    assert_eq!(other, io::ErrorKind::ConnectionRefused);
}

#[test]
fn without_a_server_a_connection_ends_rather_than_wait() {
    let mut world = World::new();
    let (namespace, own) = (world.instance.interface(&"eni-logs".into()), "10.0.1.200".parse::<IpAddr>().unwrap());
    world.make(namespace.clone(), &[own]);
    world.apply();
    let ended = network::inside(&namespace.path(), || {
        let mut stream = TcpStream::connect((own, 80)).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.read(&mut [0; 1]).map_err(|error| error.kind())
    });
    assert!(matches!(ended.unwrap(), Ok(0) | Err(io::ErrorKind::ConnectionReset)));
}
