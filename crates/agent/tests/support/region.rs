//! A region with a load balancer, its agent, and targets.
#![allow(clippy::missing_panics_doc, reason = "a failed test panics")]

use super::{
    PATIENCE,
    server::Server,
    world::{VPC, interface, interface_id, topology},
};
use agent::{Agent, Config, Patience};
use balancer::process::Program;
use containers::{RuntimeKind, ShimCommand};
use network::Instance;
use spec::{
    Capacity, HostSpec, HostStatus,
    balancing::{
        Action, Algorithm, Balancing, DesyncMitigation, Listener, LoadBalancer, Node, Rule, Target, TargetAddress,
        TargetGroup, TargetHealth, TargetHealthCheck, XffProcessing,
    },
};
use std::{
    fs,
    io::{self, BufRead, BufReader, ErrorKind, Read, Write},
    net::{IpAddr, SocketAddr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    sync::{
        atomic::{AtomicU32, Ordering},
        mpsc::{Receiver, Sender, channel},
    },
    thread,
    time::Duration,
};
use tokio::runtime::Runtime;
use vpc::{Holder, Interface, IpProtocol, LoadBalancerNode, Peer, Ports, SecurityGroup, Topology};

/// The load balancer's name.
pub const NAME: &str = "web-1234567890.us-east-1.elb.amazonaws.com";
pub const LOAD_BALANCER: &str = "50dc6c495c0c9188";
pub const GROUP: &str = "73e2d6bc24d8a067";
/// The targets' port.
pub const PORT: u16 = 8080;
/// Its nodes and its targets, one each in both zones: interface, zone, subnet, the private address's last two bytes.
pub const NODES: [(u8, &str, &str, [u8; 2]); 2] =
    [(20, "us-east-1a", "subnet-1", [1, 20]), (21, "us-east-1b", "subnet-2", [2, 21])];
pub const TARGETS: [(u8, &str, &str, [u8; 2]); 2] =
    [(30, "us-east-1a", "subnet-1", [1, 30]), (31, "us-east-1b", "subnet-2", [2, 31])];

/// An agent and its server, gone with everything of theirs when they go out of scope.
pub struct Region {
    pub instance: Instance,
    pub directory: tempfile::TempDir,
    runtime: Runtime,
    pub server: Server,
    agent: Option<Agent>,
    /// What the agent runs as balancer.
    pub program: PathBuf,
    /// Requests for `/held`, as the targets got them.
    pub held: Receiver<TcpStream>,
    holder: Sender<TcpStream>,
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
    pub fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let prefix = format!("b{:x}z{:x}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let directory = tempfile::tempdir().unwrap();
        let server = Server::listen(&directory.path().join("server.sock"));
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let instance = Instance::new(&prefix).unwrap();
        let program = env!("CARGO_BIN_EXE_balancer-process").into();
        let (holder, held) = channel();
        Self { instance, directory, runtime, server, agent: None, program, held, holder }
    }

    /// An agent that has made everything but the load balancer, with targets that listen.
    pub fn started() -> Self {
        let mut region = Self::new();
        region.server.say(without(1));
        region.start();
        region.server.hear(|status| status.networked == 1);
        TARGETS.into_iter().for_each(|target| serve(&region, target));
        region
    }

    /// The same with the load balancer, as of revision 2, and healthy targets.
    pub fn serving() -> Self {
        let region = Self::started();
        region.server.say(spec(2));
        region.healthy(2);
        region
    }

    pub fn start(&mut self) {
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
            balancer: Program { path: self.program.clone(), args: Vec::new() },
            minute: Duration::from_secs(60),
            patience: Patience { dial: PATIENCE, silence: PATIENCE },
            outside: None,
            runtime_handle: self.runtime.handle().clone(),
        };
        self.agent = Some(agent::start(config).unwrap());
    }

    pub fn stop(&mut self) {
        if let Some(agent) = self.agent.take() {
            agent.stop();
        }
    }

    pub fn at(&self, n: u8) -> PathBuf {
        self.instance.interface(&interface_id(n)).path()
    }

    pub fn internet(&self) -> PathBuf {
        self.instance.internet().path()
    }

    /// The balancer's processes.
    pub fn balancer(&self) -> Vec<u32> {
        let group = format!("neargate-{}/balancer/cgroup.procs", self.instance.prefix());
        let found =
            ["/sys/fs/cgroup/pids", "/sys/fs/cgroup"].map(|root| fs::read_to_string(Path::new(root).join(&group)));
        let text = found.into_iter().find_map(Result::ok).unwrap_or_default();
        text.lines().map(|line| line.parse().unwrap()).collect()
    }

    /// Waits until both targets are known as healthy by both nodes.
    #[track_caller]
    pub fn healthy(&self, revision: u64) -> HostStatus {
        self.server.hear(|status| status.balancing.applied == revision && all_healthy(status))
    }
}

pub fn all_healthy(status: &HostStatus) -> bool {
    let nodes = status.balancing.health.get(GROUP).into_iter().flat_map(|nodes| nodes.values());
    let found: Vec<bool> =
        nodes.flat_map(|targets| targets.values()).map(|target| target.health == TargetHealth::Healthy).collect();
    found == [true; 4]
}

pub fn address([a, b]: [u8; 2]) -> IpAddr {
    [10, 0, a, b].into()
}

/// The networks of the other tests with both subnets open to the internet, nodes, and targets that take from the load balancer alone.
pub fn networks() -> Topology {
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
            flows: None,
            nodes: nodes.into(),
        },
    );
    topology
}

pub fn public(n: u8) -> IpAddr {
    [198, 18, 0, n].into()
}

pub fn balancing() -> Balancing {
    let forward = Action::Forward { groups: vec![(GROUP.into(), 1)], stickiness: None };
    let rule = Rule { arn: "rule".to_owned(), priority: 0, conditions: vec![], transforms: vec![], action: forward };
    let node = |(n, zone, _, ip): (u8, &str, &str, [u8; 2])| {
        (interface_id(n), Node { vpc: VPC.into(), zone: zone.to_owned(), address: address(ip), public: None })
    };
    let balancer = LoadBalancer {
        arn: "load balancer".to_owned(),
        nodes: NODES.map(node).into(),
        listeners: [(
            80.try_into().unwrap(),
            Listener { arn: "listener".to_owned(), tls: None, stream: None, rules: vec![rule] },
        )]
        .into(),
        flows: Default::default(),
        idle_timeout: 60,
        client_keep_alive: 3600,
        desync_mitigation: DesyncMitigation::Defensive,
        drop_invalid_header_fields: false,
        preserve_host_header: false,
        xff_processing: XffProcessing::Append,
        xff_client_port: false,
        tls_headers: false,
        http2: true,
        access_log: None,
    };
    let health_check = TargetHealthCheck {
        tcp: false,
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
        flows: None,
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

pub fn spec(revision: u64) -> HostSpec {
    HostSpec { revision, topology: networks().into(), balancing: balancing().into(), ..HostSpec::default() }
}

/// The networks without the load balancer, and nothing to balance.
pub fn without(revision: u64) -> HostSpec {
    let mut topology = networks();
    let vpc = topology.vpcs.get_mut(VPC).unwrap();
    vpc.load_balancers.clear();
    vpc.interfaces.retain(|_, interface| !matches!(interface.holder, Holder::LoadBalancer(_)));
    HostSpec { revision, topology: topology.into(), ..HostSpec::default() }
}

/// A target: answers every request with its interface's number and the address that the request came from.
pub fn serve(region: &Region, (n, _, _, ip): (u8, &str, &str, [u8; 2])) {
    let listener = network::inside(&region.at(n), || TcpListener::bind((address(ip), PORT)).unwrap()).unwrap();
    let holder = region.holder.clone();
    thread::spawn(move || {
        while let Ok((stream, from)) = listener.accept() {
            let holder = holder.clone();
            thread::spawn(move || {
                let held = is_held(&stream);
                if held {
                    holder.send(stream).unwrap()
                } else {
                    respond(&stream, &format!("{n} asked by {}", from.ip()))
                }
            });
        }
    });
}

/// Reads a request, and says whether it is for `/held`.
pub fn is_held(stream: &TcpStream) -> bool {
    let mut lines = BufReader::new(stream).lines().map_while(Result::ok);
    let held = lines.next().is_some_and(|line| line.contains("/held"));
    lines.find(String::is_empty);
    held
}

pub fn respond(mut stream: &TcpStream, body: &str) {
    let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
    // Who asks about health may be satisfied already.
    let _ = stream.write_all(&[head, body.to_owned()].concat().into_bytes());
}

/// Asks for a page, as a client that takes one answer.
pub fn get(namespace: &Path, to: SocketAddr, patience: Duration) -> io::Result<String> {
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
