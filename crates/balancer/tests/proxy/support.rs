//! A load balancer of one node on a loopback address of its own, and what speaks with it.

pub use crate::waiting::eventually;

#[path = "target.rs"]
mod target;

pub use target::{Asked, Target};

use crate::secured;
use balancer::{Engine, Mesh, Snapshot};
use spec::balancing::*;
use std::{
    collections::BTreeMap,
    net::{IpAddr, Ipv4Addr, Shutdown, SocketAddr, TcpStream},
    num::{NonZeroU16, NonZeroUsize},
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering::SeqCst},
    },
    time::Duration,
};
use vpc::InterfaceId;

/// What anything may take that is not meant to be waited for.
pub const PATIENCE: Duration = Duration::from_secs(10);
/// Where targets listen for requests, and where for health checks.
pub const PORTS: (u16, u16) = (9000, 9001);

/// A loopback address that nobody else has.
pub fn address() -> Ipv4Addr {
    static NEXT: AtomicU32 = AtomicU32::new(1);
    let next = NEXT.fetch_add(1, SeqCst);
    Ipv4Addr::new(127, 100 + (std::process::id() % 100) as u8, (next / 250) as u8, (next % 250 + 1) as u8)
}

/// A load balancer with one node, `eni-1`, and what it serves.
pub struct Site {
    pub engine: Engine,
    pub address: Ipv4Addr,
    pub balancer: LoadBalancer,
    pub groups: BTreeMap<TargetGroupId, TargetGroup>,
    pub namespaces: BTreeMap<InterfaceId, std::path::PathBuf>,
    pub certificates: BTreeMap<String, Arc<Certificate>>,
    /// Set where it is no load balancer, but a proxy of Service Connect.
    pub mesh: Option<Mesh>,
    revision: u64,
}

pub fn interface() -> InterfaceId {
    "eni-1".into()
}

impl Site {
    /// A listener on port 80 that forwards to the group `g`, which has these targets.
    pub fn new(targets: &[&Target]) -> Self {
        Self::with(targets, |_| {})
    }

    /// The same, changed before it is served; all targets are healthy when it is.
    pub fn with(targets: &[&Target], change: impl FnOnce(&mut Self)) -> Self {
        let mut site = Self::unserved(targets);
        change(&mut site);
        site.apply();
        for target in targets {
            site.until(|status| health(status, target) == Some(TargetHealth::Healthy));
        }
        site
    }

    pub fn unserved(targets: &[&Target]) -> Self {
        let address = address();
        let node = Node { vpc: "vpc-1".into(), zone: "a".into(), address: IpAddr::V4(address), public: None };
        let balancer = LoadBalancer {
            arn: "arn:lb".into(),
            nodes: BTreeMap::from([(interface(), node)]),
            listeners: BTreeMap::from([(port(80), listener(vec![forward(&[("g", 1)])]))]),
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
        Self {
            engine: Engine::start(NonZeroUsize::new(2).unwrap()).unwrap(),
            address,
            balancer,
            groups: BTreeMap::from([("g".into(), group(targets))]),
            namespaces: BTreeMap::from([(interface(), "/proc/self/ns/net".into())]),
            certificates: BTreeMap::new(),
            mesh: None,
            revision: 0,
        }
    }

    pub fn group(&mut self) -> &mut TargetGroup {
        self.groups.get_mut(&TargetGroupId::from("g")).unwrap()
    }

    /// Serves what is configured, and waits until it is.
    pub fn apply(&mut self) {
        self.revision += 1;
        let groups = self.groups.iter().map(|(id, group)| (id.clone(), Arc::new(group.clone())));
        let balancing = Balancing {
            load_balancers: BTreeMap::from([("app/lb/1".into(), Arc::new(self.balancer.clone()))]),
            target_groups: groups.collect(),
        };
        let (namespaces, certificates) = (self.namespaces.clone(), self.certificates.clone());
        let (revision, balancing) = (self.revision, Arc::new(balancing));
        let mesh = self.mesh.iter().map(|mesh| ("app/lb/1".into(), *mesh)).collect();
        self.engine.apply(Snapshot { revision, balancing, namespaces, certificates, mesh });
        self.until(|status| status.applied == revision);
    }

    /// Serves nothing.
    pub fn clear(&mut self) {
        self.revision += 1;
        self.engine.apply(Snapshot { revision: self.revision, ..Default::default() });
        let revision = self.revision;
        self.until(|status| status.applied == revision);
    }

    /// Waits for a status.
    pub fn until(&self, wanted: impl Fn(&BalancingStatus) -> bool) -> BalancingStatus {
        let mut status = self.engine.status();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let waiting =
            async { tokio::time::timeout(PATIENCE, status.wait_for(wanted)).await.map(|found| found.unwrap().clone()) };
        let found = runtime.block_on(waiting);
        found.unwrap_or_else(|_| panic!("it stays at {:#?}", self.engine.status().borrow()))
    }

    pub fn client(&self) -> Client {
        self.client_at(80)
    }

    pub fn client_at(&self, port: u16) -> Client {
        Client::connect(SocketAddr::from((self.address, port)))
    }

    /// The answer to a GET over a connection of its own.
    pub fn get(&self, path: &str) -> Answer {
        self.client().ask(&format!("GET {path} HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n"))
    }
}

pub fn port(port: u16) -> NonZeroU16 {
    NonZeroU16::new(port).unwrap()
}

pub fn listener(rules: Vec<Rule>) -> Listener {
    Listener { arn: "arn:listener".into(), tls: None, stream: None, rules }
}

pub fn rule(conditions: Vec<Condition>, action: Action) -> Rule {
    Rule { arn: "arn:rule".into(), priority: 0, conditions, transforms: Vec::new(), action }
}

pub fn forward(groups: &[(&str, u16)]) -> Rule {
    let groups = groups.iter().map(|(id, weight)| (TargetGroupId::from(*id), *weight)).collect();
    rule(Vec::new(), Action::Forward { groups, stickiness: None })
}

pub fn fixed(status: u16, body: &str) -> Rule {
    rule(Vec::new(), Action::Fixed { status, content_type: "text/plain".into(), body: body.into() })
}

pub fn group(targets: &[&Target]) -> TargetGroup {
    TargetGroup {
        arn: "arn:group".into(),
        tls: false,
        version: ProtocolVersion::Http1,
        health_check: TargetHealthCheck {
            tcp: false,
            tls: false,
            port: Some(port(PORTS.1)),
            path: "/health".into(),
            interval: 1,
            timeout: 1,
            healthy_threshold: 2,
            unhealthy_threshold: 2,
            matcher: vec![(200, 200)],
        },
        flows: None,
        algorithm: Algorithm::RoundRobin,
        anomaly_mitigation: false,
        slow_start: 0,
        stickiness: None,
        cross_zone: true,
        minimum_healthy: 1,
        minimum_healthy_percent: None,
        targets: targets.iter().map(|target| (target.address(), registered())).collect(),
    }
}

pub fn registered() -> spec::balancing::Target {
    spec::balancing::Target { zone: Some("a".into()), since: 1, draining_until: None }
}

/// What the node tells of a target in group `g`.
pub fn told(status: &BalancingStatus, target: &Target) -> Option<TargetStatus> {
    status.health.get(&TargetGroupId::from("g"))?.get(&interface())?.get(&target.address()).cloned()
}

pub fn health(status: &BalancingStatus, target: &Target) -> Option<TargetHealth> {
    told(status, target).map(|told| told.health)
}

/// An answer.
#[derive(Debug, Clone)]
pub struct Answer {
    pub head: String,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn status(&self) -> u16 {
        self.head.split(' ').nth(1).unwrap().parse().unwrap()
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub fn values(&self, name: &str) -> Vec<String> {
        values(&self.head, name)
    }

    pub fn value(&self, name: &str) -> Option<String> {
        self.values(name).first().cloned()
    }
}

pub fn values(head: &str, name: &str) -> Vec<String> {
    let fields = head.lines().skip(1).filter_map(|line| line.split_once(": "));
    fields.filter(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.to_owned()).collect()
}

/// One end of a connection, byte by byte.
pub struct Client {
    pub stream: TcpStream,
    /// TLS over it, if it is.
    pub tls: Option<Box<rustls::Connection>>,
    came: Vec<u8>,
}

impl Client {
    pub fn connect(to: SocketAddr) -> Self {
        Self::new(TcpStream::connect(to).unwrap())
    }

    pub fn new(stream: TcpStream) -> Self {
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_nodelay(true).unwrap();
        Self { stream, tls: None, came: Vec::new() }
    }

    pub fn send(&mut self, bytes: impl AsRef<[u8]>) {
        secured::write(self, bytes.as_ref()).unwrap();
    }

    pub fn ask(&mut self, request: &str) -> Answer {
        self.send(request);
        self.answer(request.starts_with("HEAD"))
    }

    pub fn get(&mut self, path: &str) -> Answer {
        self.ask(&format!("GET {path} HTTP/1.1\r\nHost: a.test\r\n\r\n"))
    }

    /// The next answer, whole.
    pub fn answer(&mut self, to_head: bool) -> Answer {
        let head = self.head().expect("an answer");
        let body =
            self.body(&head, to_head || head.contains(" 204 ") || head.contains(" 304 ")).expect("all of the body");
        Answer { head, body }
    }

    /// The next head; none at the end of the connection.
    pub fn head(&mut self) -> Option<String> {
        loop {
            if let Some(at) = self.came.windows(4).position(|four| four == b"\r\n\r\n") {
                let head = self.came.drain(..at + 4).collect::<Vec<_>>();
                return Some(String::from_utf8_lossy(&head).into_owned());
            }
            if !self.more() {
                return None;
            }
        }
    }

    fn more(&mut self) -> bool {
        let mut some = [0; 65536];
        match secured::read(self, &mut some) {
            Ok(count @ 1..) => {
                self.came.extend_from_slice(&some[..count]);
                true
            }
            Ok(_) => false,
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => panic!("nothing came for {PATIENCE:?}"),
            Err(_) => false,
        }
    }

    fn take(&mut self, length: usize) -> Option<Vec<u8>> {
        while self.came.len() < length {
            if !self.more() {
                return None;
            }
        }
        Some(self.came.drain(..length).collect())
    }

    /// The next line, without its end.
    pub fn head_line(&mut self) -> Option<String> {
        loop {
            if let Some(at) = self.came.windows(2).position(|two| two == b"\r\n") {
                let line = self.came.drain(..at + 2).collect::<Vec<_>>();
                return Some(String::from_utf8_lossy(&line[..at]).into_owned());
            }
            if !self.more() {
                return None;
            }
        }
    }

    /// The body that belongs to a head; none if the connection ended within it.
    pub fn body(&mut self, head: &str, is_empty: bool) -> Option<Vec<u8>> {
        if is_empty {
            return Some(Vec::new());
        }
        if values(head, "Transfer-Encoding") == ["chunked"] {
            assert!(values(head, "Content-Length").is_empty(), "two framings: {head}");
            let mut body = Vec::new();
            loop {
                let size = usize::from_str_radix(&self.head_line()?, 16).unwrap();
                let chunk = self.take(size + 2)?;
                body.extend_from_slice(&chunk[..size]);
                if size == 0 {
                    return Some(body);
                }
            }
        }
        match values(head, "Content-Length").first() {
            Some(length) => self.take(length.parse().unwrap()),
            None if head.starts_with("HTTP/") => {
                while self.more() {}
                Some(std::mem::take(&mut self.came))
            }
            None => Some(Vec::new()),
        }
    }

    /// A number of bytes.
    pub fn bytes(&mut self, count: usize) -> Vec<u8> {
        self.take(count).expect("more bytes")
    }

    /// Whether the other end has closed the connection, and nothing came before.
    pub fn is_closed(&mut self) -> bool {
        self.came.is_empty() && !self.more()
    }

    pub fn finish(&self) {
        self.stream.shutdown(Shutdown::Write).unwrap();
    }
}
