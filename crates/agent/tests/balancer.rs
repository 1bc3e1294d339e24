//! A load balancer on this machine: an agent that is told of it, the process it makes, and real packets through both. Needs root.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failed test panics")]

mod support;

use agent::{Agent, Config, Patience};
use balancer::process::Program;
use containers::{RuntimeKind, ShimCommand};
use hickory_proto::op::ResponseCode;
use network::Instance;
use spec::{
    Capacity, HostSpec, HostStatus,
    balancing::{
        Action, Algorithm, Balancing, DesyncMitigation, Listener, LoadBalancer, Node, Rule, Target, TargetAddress,
        TargetGroup, TargetHealth, TargetHealthCheck, XffProcessing,
    },
};
use std::{
    collections::BTreeSet,
    fs,
    io::{self, BufRead, BufReader, ErrorKind, Read, Write},
    net::{IpAddr, SocketAddr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    thread,
    time::{Duration, Instant},
};
use support::{
    PATIENCE, ask,
    server::Server,
    world::{VPC, interface, interface_id, topology},
};
use tokio::runtime::Runtime;
use vpc::{
    Holder, INTERNET_RESOLVER, Interface, IpProtocol, LoadBalancerNode, Peer, Ports, RESOLVER, SecurityGroup, Topology,
};

/// The load balancer's name.
const NAME: &str = "web-1234567890.us-east-1.elb.amazonaws.com";
const LOAD_BALANCER: &str = "50dc6c495c0c9188";
const GROUP: &str = "73e2d6bc24d8a067";
/// The targets' port.
const PORT: u16 = 8080;
/// Its nodes and its targets, one each in both zones: interface, zone, subnet, the private address's last two bytes.
const NODES: [(u8, &str, &str, [u8; 2]); 2] =
    [(20, "us-east-1a", "subnet-1", [1, 20]), (21, "us-east-1b", "subnet-2", [2, 21])];
const TARGETS: [(u8, &str, &str, [u8; 2]); 2] =
    [(30, "us-east-1a", "subnet-1", [1, 30]), (31, "us-east-1b", "subnet-2", [2, 31])];

/// An agent and its server, gone with everything of theirs when they go out of scope.
struct Region {
    instance: Instance,
    directory: tempfile::TempDir,
    runtime: Runtime,
    server: Server,
    agent: Option<Agent>,
}

impl Drop for Region {
    fn drop(&mut self) {
        self.stop();
        if let Err(errors) = agent::remove_all(self.directory.path(), &self.instance) {
            eprintln!("left behind: {errors:?}");
        }
    }
}

impl Region {
    fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let prefix = format!("b{:x}z{:x}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let directory = tempfile::tempdir().unwrap();
        let server = Server::listen(&directory.path().join("server.sock"));
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let instance = Instance::new(&prefix).unwrap();
        Self { instance, directory, runtime, server, agent: None }
    }

    /// An agent that has made everything but the load balancer, with targets that listen.
    fn started() -> Self {
        let mut region = Self::new();
        region.server.say(without(1));
        region.start();
        region.server.hear(|status| status.networked == 1);
        TARGETS.into_iter().for_each(|target| serve(&region, target));
        region
    }

    /// The same with the load balancer, as of revision 2, and healthy targets.
    fn serving() -> Self {
        let region = Self::started();
        region.server.say(spec(2));
        region.healthy(2);
        region
    }

    fn start(&mut self) {
        let dir = self.directory.path();
        let config = Config {
            host: "local".into(),
            capacity: Capacity { cpu: 1024, memory: 1 << 30, architecture: "amd64".into() },
            data_dir: dir.to_owned(),
            socket: dir.join("server.sock"),
            aws_socket: dir.join("aws.sock"),
            instance: self.instance.clone(),
            runtime: RuntimeKind::Native,
            shim: ShimCommand::new("/nonexistent", ["shim"]),
            balancer: Program { path: env!("CARGO_BIN_EXE_balancer-process").into(), args: Vec::new() },
            patience: Patience { dial: PATIENCE, silence: PATIENCE },
            outside: None,
            runtime_handle: self.runtime.handle().clone(),
        };
        self.agent = Some(agent::start(config).unwrap());
    }

    fn stop(&mut self) {
        if let Some(agent) = self.agent.take() {
            agent.stop();
        }
    }

    fn at(&self, n: u8) -> PathBuf {
        self.instance.interface(&interface_id(n)).path()
    }

    fn internet(&self) -> PathBuf {
        self.instance.internet().path()
    }

    /// The balancer's processes.
    fn balancer(&self) -> Vec<u32> {
        let group = format!("neargate-{}/balancer/cgroup.procs", self.instance.prefix());
        let found =
            ["/sys/fs/cgroup/pids", "/sys/fs/cgroup"].map(|root| fs::read_to_string(Path::new(root).join(&group)));
        let text = found.into_iter().find_map(Result::ok).unwrap_or_default();
        text.lines().map(|line| line.parse().unwrap()).collect()
    }

    /// Waits until both targets are known as healthy by both nodes.
    #[track_caller]
    fn healthy(&self, revision: u64) -> HostStatus {
        self.server.hear(|status| status.balancing.applied == revision && all_healthy(status))
    }
}

fn all_healthy(status: &HostStatus) -> bool {
    let nodes = status.balancing.health.get(GROUP).into_iter().flat_map(|nodes| nodes.values());
    let found: Vec<bool> =
        nodes.flat_map(|targets| targets.values()).map(|target| target.health == TargetHealth::Healthy).collect();
    found == [true; 4]
}

fn address([a, b]: [u8; 2]) -> IpAddr {
    [10, 0, a, b].into()
}

/// The networks of the other tests with both subnets open to the internet, nodes, and targets that take from the load balancer alone.
fn networks() -> Topology {
    let mut topology = topology();
    let vpc = topology.vpcs.get_mut(VPC).unwrap();
    vpc.route_tables.insert("rtb-2".into(), vpc.route_tables["rtb-1"].clone());
    let rule = |port, peer| vpc::Rule { protocol: IpProtocol::TCP, ports: Ports::Range(port, port), peer };
    let all = vpc::Rule { protocol: IpProtocol::All, ports: Ports::All, peer: Peer::Net("0.0.0.0/0".parse().unwrap()) };
    let balancer = SecurityGroup {
        ingress: vec![rule(80, all.peer.clone())],
        egress: vec![rule(PORT, Peer::Group("sg-web".into()))],
    };
    let web = SecurityGroup { ingress: vec![rule(PORT, Peer::Group("sg-lb".into()))], egress: vec![] };
    let any = SecurityGroup { ingress: vec![], egress: vec![all] };
    vpc.security_groups.extend([("sg-lb".into(), balancer), ("sg-web".into(), web), ("sg-any".into(), any)]);
    let mut add = |(n, _, subnet, ip): (u8, &str, &str, [u8; 2]), public: Option<IpAddr>, group: &str, holder| {
        let private = address(ip);
        vpc.interfaces.insert(
            interface_id(n),
            Interface {
                subnet: subnet.into(),
                private_ip: private,
                public_ips: public.map(|public| (private, public)).into_iter().collect(),
                security_groups: [group.into()].into(),
                ..interface(n, None, holder)
            },
        );
    };
    for node in NODES {
        add(node, Some(public(node.0)), "sg-lb", Holder::LoadBalancer(LOAD_BALANCER.into()));
    }
    for target in TARGETS {
        add(target, None, "sg-web", Holder::User);
    }
    add((40, "", "subnet-1", [1, 40]), None, "sg-any", Holder::User);
    let nodes =
        NODES.map(|(n, zone, ..)| (zone.to_owned(), LoadBalancerNode { interface: interface_id(n), healthy: true }));
    vpc.load_balancers.insert(
        LOAD_BALANCER.into(),
        vpc::LoadBalancer {
            name: "web".to_owned(),
            dns_name: NAME.to_owned(),
            internet_facing: true,
            listeners: [80.try_into().unwrap()].into(),
            nodes: nodes.into(),
        },
    );
    topology
}

fn public(n: u8) -> IpAddr {
    [198, 18, 0, n].into()
}

fn balancing() -> Balancing {
    let forward = Action::Forward { groups: vec![(GROUP.into(), 1)], stickiness: None };
    let rule = Rule { arn: "rule".to_owned(), priority: 0, conditions: vec![], transforms: vec![], action: forward };
    let node = |(n, zone, _, ip): (u8, &str, &str, [u8; 2])| {
        (interface_id(n), Node { vpc: VPC.into(), zone: zone.to_owned(), address: address(ip) })
    };
    let balancer = LoadBalancer {
        arn: "load balancer".to_owned(),
        nodes: NODES.map(node).into(),
        listeners: [(80.try_into().unwrap(), Listener { arn: "listener".to_owned(), tls: None, rules: vec![rule] })]
            .into(),
        idle_timeout: 60,
        client_keep_alive: 3600,
        desync_mitigation: DesyncMitigation::Defensive,
        drop_invalid_header_fields: false,
        preserve_host_header: false,
        xff_processing: XffProcessing::Append,
        xff_client_port: false,
        tls_headers: false,
        http2: true,
    };
    let health_check = TargetHealthCheck {
        tls: false,
        port: None,
        path: "/".to_owned(),
        interval: 5,
        timeout: 2,
        healthy_threshold: 2,
        unhealthy_threshold: 2,
        matcher: vec![(200, 200)],
    };
    let target = |(_, zone, _, ip): (u8, &str, &str, [u8; 2])| {
        let target = Target { zone: Some(zone.to_owned()), since: 1, draining_until: None };
        (TargetAddress(SocketAddr::new(address(ip), PORT)), target)
    };
    let group = TargetGroup {
        arn: "target group".to_owned(),
        tls: false,
        version: Default::default(),
        health_check,
        algorithm: Algorithm::RoundRobin,
        anomaly_mitigation: false,
        slow_start: 0,
        stickiness: None,
        cross_zone: true,
        minimum_healthy: 1,
        minimum_healthy_percent: None,
        targets: TARGETS.map(target).into(),
    };
    Balancing {
        load_balancers: [(LOAD_BALANCER.into(), balancer.into())].into(),
        target_groups: [(GROUP.into(), group.into())].into(),
    }
}

fn spec(revision: u64) -> HostSpec {
    HostSpec { revision, topology: networks().into(), balancing: balancing().into(), ..HostSpec::default() }
}

/// The networks without the load balancer, and nothing to balance.
fn without(revision: u64) -> HostSpec {
    let mut topology = networks();
    let vpc = topology.vpcs.get_mut(VPC).unwrap();
    vpc.load_balancers.clear();
    vpc.interfaces.retain(|_, interface| !matches!(interface.holder, Holder::LoadBalancer(_)));
    HostSpec { revision, topology: topology.into(), ..HostSpec::default() }
}

/// A target: answers every request with its interface's number and the address that the request came from.
fn serve(region: &Region, (n, _, _, ip): (u8, &str, &str, [u8; 2])) {
    let listener = network::inside(&region.at(n), || TcpListener::bind((address(ip), PORT)).unwrap()).unwrap();
    thread::spawn(move || {
        while let Ok((stream, from)) = listener.accept() {
            thread::spawn(move || respond(&stream, &format!("{n} asked by {}", from.ip())));
        }
    });
}

fn respond(mut stream: &TcpStream, body: &str) {
    let mut lines = BufReader::new(stream).lines();
    while lines.next().and_then(Result::ok).is_some_and(|line| !line.is_empty()) {}
    let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
    // Who asks about health may be satisfied already.
    let _ = stream.write_all(&[head, body.to_owned()].concat().into_bytes());
}

/// Asks for a page, as a client that takes one answer.
fn get(namespace: &Path, to: SocketAddr, patience: Duration) -> io::Result<String> {
    let asked = network::inside(namespace, || {
        let mut stream = TcpStream::connect_timeout(&to, patience)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.write_all(format!("GET / HTTP/1.1\r\nhost: {NAME}\r\nconnection: close\r\n\r\n").as_bytes())?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok::<_, io::Error>(answer)
    });
    let answer = asked.unwrap()?;
    let (head, body) = answer.split_once("\r\n\r\n").ok_or(ErrorKind::UnexpectedEof)?;
    assert!(head.starts_with("HTTP/1.1 200"), "{answer}");
    Ok(body.to_owned())
}

/// Asks each node once.
#[track_caller]
fn each_answers(region: &Region) {
    for (n, _, _, ip) in NODES {
        let body = get(&region.internet(), SocketAddr::new(public(n), 80), PATIENCE).unwrap();
        let expected = TARGETS.map(|(target, ..)| format!("{target} asked by {}", address(ip)));
        assert!(expected.contains(&body), "{body} by node {n}");
    }
}

#[test]
fn a_service_is_reached_by_its_load_balancers_name() {
    let mut region = Region::new();
    region.server.say(without(1));
    region.start();
    let status = region.server.hear(|status| status.networked == 1);
    assert_eq!(
        (status.balancing.applied, region.balancer()),
        (1, vec![]),
        "without a load balancer there is no process"
    );
    for target in TARGETS {
        serve(&region, target);
    }
    region.server.say(spec(2));
    let status = region.healthy(2);
    assert_eq!(status.balancing.failures, Default::default());
    let running = region.balancer();
    assert_eq!(running.len(), 1);
    let (code, found) = ask(&region.internet(), INTERNET_RESOLVER, NAME).unwrap();
    let found: BTreeSet<IpAddr> = found.iter().map(|text| text.parse().unwrap()).collect();
    assert_eq!((code, found), (ResponseCode::NoError, NODES.map(|(n, ..)| public(n)).into()));
    each_answers(&region);
    // Groups say who reaches whom: targets are the load balancer's alone, and it listens on what it has a listener for.
    let doubt = Duration::from_millis(700);
    let fate = |namespace: &Path, ip: IpAddr, port| {
        get(namespace, SocketAddr::new(ip, port), doubt).map_err(|error| error.kind())
    };
    assert_eq!(fate(&region.at(40), address(TARGETS[0].3), PORT), Err(ErrorKind::TimedOut));
    assert_eq!(fate(&region.internet(), public(20), 81), Err(ErrorKind::TimedOut), "its own group says so");
    // From inside, the name leads to the same addresses; this interface has no way there.
    assert_eq!(ask(&region.at(40), RESOLVER, NAME).unwrap().1.len(), 2);
    assert!(get(&region.at(40), SocketAddr::new(address(NODES[1].3), 80), PATIENCE).is_ok());

    // What concerns something else needs nothing done, and is applied at once.
    let mut other = spec(3);
    other.authority = "another".into();
    region.server.say(other);
    region.healthy(3);

    // A node without healthy targets is not in DNS.
    let mut sick = spec(4);
    let vpc = Arc::make_mut(&mut sick.topology).vpcs.get_mut(VPC).unwrap();
    vpc.load_balancers.get_mut(LOAD_BALANCER).unwrap().nodes.get_mut("us-east-1a").unwrap().healthy = false;
    region.server.say(sick);
    region.server.hear(|status| status.networked == 4);
    assert_eq!(ask(&region.internet(), INTERNET_RESOLVER, NAME).unwrap(), support::address("198.18.0.21"));

    region.server.say(without(5));
    region.server.hear(|status| status.balancing.applied == 5);
    assert!(region.balancer().is_empty());
    assert_eq!(ask(&region.internet(), INTERNET_RESOLVER, NAME).unwrap(), (ResponseCode::NXDomain, vec![]));
}

#[test]
fn a_service_goes_on_without_an_agent() {
    let mut region = Region::serving();
    let running = region.balancer();
    let mut held = network::inside(&region.internet(), || TcpStream::connect((public(20), 80)).unwrap()).unwrap();
    region.stop();
    each_answers(&region);
    region.server.say(spec(2));
    region.start();
    region.healthy(2);
    assert!(region.server.heard().iter().all(all_healthy), "what is known is never unknown to the next agent");
    assert_eq!(region.balancer(), running);
    // A connection from before is the same connection.
    held.write_all(b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").unwrap();
    held.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut answer = String::new();
    held.read_to_string(&mut answer).unwrap();
    assert!(answer.contains("asked by 10.0.1.20"), "{answer}");
}

#[test]
fn a_balancer_that_dies_is_there_again_within_a_second() {
    let region = Region::serving();
    let [first] = region.balancer()[..] else { panic!("{:?}", region.balancer()) };
    let died = Instant::now();
    let pid = rustix::process::Pid::from_raw(first.try_into().unwrap()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
    region.server.hear(|status| status.balancing.applied == 0);
    region.healthy(2);
    let down = died.elapsed();
    each_answers(&region);
    assert!(down < Duration::from_millis(1500), "{down:?}");
    let [second] = region.balancer()[..] else { panic!("{:?}", region.balancer()) };
    assert_ne!(first, second);
}

#[test]
fn nodes_that_were_made_again_are_listened_in_again() {
    let region = Region::serving();
    region.server.say(without(3));
    region.server.hear(|status| (status.networked, status.balancing.applied) == (3, 3));
    region.server.say(spec(4));
    region.healthy(4);
    each_answers(&region);
}

#[test]
fn nothing_is_left_behind() {
    let mut region = Region::serving();
    let [pid] = region.balancer()[..] else { panic!("{:?}", region.balancer()) };
    region.stop();
    let removed = agent::remove_all(region.directory.path(), &region.instance).unwrap();
    assert!(removed.namespaces > 0);
    assert!(!Path::new(&format!("/proc/{pid}")).exists());
    assert!(!region.directory.path().join("balancer").exists());
    for root in ["/sys/fs/cgroup/pids", "/sys/fs/cgroup"] {
        assert!(!Path::new(root).join(format!("neargate-{}", region.instance.prefix())).exists());
    }
}
