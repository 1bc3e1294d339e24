//! What the agent answers inside real namespaces, over real sockets.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failed test panics")]

use agent::listen::Listeners;
use hickory_proto::{
    op::{Message, MessageType, OpCode, Query, ResponseCode},
    rr::{Name, RecordType},
};
use network::{Instance, NamespaceName};
use spec::HostSpec;
use std::{
    io::{self, BufRead, BufReader, Read, Write},
    net::{IpAddr, Shutdown, TcpStream, UdpSocket},
    os::unix::net::UnixListener,
    path::PathBuf,
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};
use vpc::{AwsService, Endpoint, INTERNET_RESOLVER, Interface, Mac, RESOLVER, Topology, Vpc};

const VPC: &str = "vpc-1";
const PATIENCE: Duration = Duration::from_secs(5);

/// Namespaces with addresses and nothing else in them, gone when it goes out of scope, and what listens there.
struct World {
    instance: Instance,
    made: Vec<NamespaceName>,
    spec: HostSpec,
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
        let spec = HostSpec { topology, ..HostSpec::default() };
        Self { instance, made: Vec::new(), spec, listeners, directory, _runtime: runtime }
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
        self.spec.topology.vpcs.get_mut(VPC).unwrap()
    }

    fn apply(&mut self) {
        assert_eq!(self.listeners.apply(&Arc::new(self.spec.clone())), []);
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
    let endpoint =
        Endpoint::Interface { service: "logs".to_owned(), interfaces: ["eni-logs".into()].into(), private_dns: true };
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

/// Asks a server for the addresses of a name: over UDP and again over TCP, which must be of one mind.
fn ask(namespace: &NamespaceName, server: IpAddr, name: &str) -> io::Result<(ResponseCode, Vec<String>)> {
    let mut question = Message::new(7, MessageType::Query, OpCode::Query);
    question.metadata.recursion_desired = true;
    question.add_query(Query::query(Name::from_ascii(format!("{name}.")).unwrap(), RecordType::A));
    let question = question.to_vec().unwrap();
    let path = namespace.path();
    let (udp, tcp) = network::inside(&path, || (over_udp(server, &question), over_tcp(server, &question))).unwrap();
    let (udp, tcp) = (udp?, tcp?);
    assert_eq!(udp, tcp);
    let reply = Message::from_vec(&udp).unwrap();
    Ok((reply.metadata.response_code, reply.answers.iter().map(|record| record.data.to_string()).collect()))
}

fn over_udp(server: IpAddr, question: &[u8]) -> io::Result<Vec<u8>> {
    let socket = UdpSocket::bind("0.0.0.0:0")?;
    socket.set_read_timeout(Some(PATIENCE))?;
    // Only what comes from the address that was asked is received.
    socket.connect((server, 53))?;
    socket.send(question)?;
    let mut reply = vec![0; 2048];
    let length = socket.recv(&mut reply)?;
    reply.truncate(length);
    Ok(reply)
}

fn over_tcp(server: IpAddr, question: &[u8]) -> io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect((server, 53))?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let length = u16::try_from(question.len()).unwrap().to_be_bytes();
    stream.write_all(&[&length, question].concat())?;
    let mut length = [0; 2];
    stream.read_exact(&mut length)?;
    let mut reply = vec![0; usize::from(u16::from_be_bytes(length))];
    stream.read_exact(&mut reply)?;
    Ok(reply)
}

fn address(text: &str) -> (ResponseCode, Vec<String>) {
    (ResponseCode::NoError, vec![text.to_owned()])
}

#[test]
fn each_view_answers_at_its_own_addresses() {
    let mut world = World::new();
    world.make_router();
    let internet = world.instance.internet();
    world.make(internet.clone(), &[INTERNET_RESOLVER]);
    // The services of the internet have no addresses in this one.
    let deaf = world.listeners.apply(&Arc::new(world.spec.clone()));
    assert!(deaf.iter().all(|deaf| !deaf.needed && deaf.why.starts_with("the service")), "{deaf:?}");
    let public = "ec2-198-18-0-5.compute-1.amazonaws.com";
    for server in ["10.0.0.2".parse().unwrap(), RESOLVER] {
        assert_eq!(ask(&world.router(), server, "ip-10-0-1-12.ec2.internal").unwrap(), address("10.0.1.12"));
        assert_eq!(ask(&world.router(), server, public).unwrap(), address("10.0.1.12"));
        assert_eq!(ask(&world.router(), server, "logs.us-east-1.amazonaws.com").unwrap(), address("10.0.1.200"));
        assert_eq!(ask(&world.router(), server, "example.com").unwrap(), (ResponseCode::NXDomain, vec![]));
    }
    assert_eq!(ask(&internet, INTERNET_RESOLVER, public).unwrap(), address("198.18.0.5"));
    let logs = AwsService::named("logs").unwrap().address().to_string();
    assert_eq!(ask(&internet, INTERNET_RESOLVER, "logs.us-east-1.amazonaws.com").unwrap(), address(&logs));
}

#[test]
fn names_follow_the_spec_at_once() {
    let mut world = World::new();
    world.make_router();
    world.apply();
    let logs = "logs.us-east-1.amazonaws.com";
    assert_eq!(ask(&world.router(), RESOLVER, logs).unwrap(), address("10.0.1.200"));
    world.vpc().endpoints.clear();
    world.apply();
    let public = AwsService::named("logs").unwrap().address().to_string();
    assert_eq!(ask(&world.router(), RESOLVER, logs).unwrap(), address(&public));
}

#[test]
fn a_vpc_without_dns_support_has_no_resolver_until_it_has() {
    let mut world = World::new();
    world.make_router();
    world.vpc().dns_support = false;
    world.apply();
    let name = "ip-10-0-1-12.ec2.internal";
    let refused = ask(&world.router(), RESOLVER, name).unwrap_err();
    assert_eq!(refused.kind(), io::ErrorKind::ConnectionRefused);
    world.vpc().dns_support = true;
    world.apply();
    assert_eq!(ask(&world.router(), RESOLVER, name).unwrap(), address("10.0.1.12"));
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
    assert_eq!(ask(&world.router(), RESOLVER, "ip-10-0-1-12.ec2.internal").unwrap(), address("10.0.1.12"));
    // In place of the old one, with no time between them in which nothing was there.
    ip(&["netns", "delete", &world.router().to_string()]);
    world.made.clear();
    world.make_router();
    world.apply();
    assert_eq!(ask(&world.router(), RESOLVER, "ip-10-0-1-12.ec2.internal").unwrap(), address("10.0.1.12"));
}

#[test]
fn a_resolver_that_can_not_listen_is_said_to_be_needed() {
    let mut world = World::new();
    world.make(world.router(), &[RESOLVER]);
    let deaf = world.listeners.apply(&Arc::new(world.spec.clone()));
    let [deaf] = deaf.as_slice() else { panic!("{deaf:?}") };
    assert!(deaf.needed && deaf.why.contains("vpc-1 can't listen on 10.0.0.2"), "{deaf:?}");
    ip(&["-n", &world.router().to_string(), "address", "add", "10.0.0.2/32", "dev", "lo"]);
    world.apply();
    assert_eq!(
        ask(&world.router(), "10.0.0.2".parse().unwrap(), "ip-10-0-1-12.ec2.internal").unwrap(),
        address("10.0.1.12")
    );
}

/// A server that answers one connection with the line it began with and everything else it was sent.
fn echo(socket: PathBuf) -> std::thread::JoinHandle<()> {
    let listener = UnixListener::bind(socket).unwrap();
    std::thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        let mut reader = BufReader::new(stream.try_clone().unwrap());
        let (mut line, mut rest) = (String::new(), String::new());
        reader.read_line(&mut line).unwrap();
        reader.read_to_string(&mut rest).unwrap();
        (&stream).write_all(format!("{}: {rest}", line.trim_end()).as_bytes()).unwrap();
    })
}

#[test]
fn what_is_sent_to_an_endpoint_comes_to_the_server_with_the_services_name() {
    let mut world = World::new();
    let (namespace, own) = (world.instance.interface(&"eni-logs".into()), "10.0.1.200".parse::<IpAddr>().unwrap());
    world.make(namespace.clone(), &[own]);
    world.apply();
    let server = echo(world.directory.path().join("aws.sock"));
    let sent = network::inside(&namespace.path(), || {
        let mut stream = TcpStream::connect((own, 80)).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.write_all(b"GET / HTTP/1.1").unwrap();
        stream.shutdown(Shutdown::Write).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        (answer, TcpStream::connect((own, 443)).map_err(|error| error.kind()).err())
    });
    let (answer, tls) = sent.unwrap();
    assert_eq!(answer, "logs: GET / HTTP/1.1");
    assert_eq!(tls, Some(io::ErrorKind::ConnectionRefused));
    server.join().unwrap();
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
