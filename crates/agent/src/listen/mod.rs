//! What the agent itself answers inside namespaces: DNS, AWS's services and tasks' metadata. A socket stays in the namespace it was made in, wherever
//! it is used, so all of them are served by the agent's runtime, and those of resolvers by a thread of their own.

mod wanted;

use crate::{
    dns::{self, Upstream, View},
    metadata, services,
};
use network::{Instance, NamespaceName};
use spec::HostSpec;
use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    net::{IpAddr, TcpListener, UdpSocket},
    os::unix::fs::MetadataExt,
    path::PathBuf,
    sync::Arc,
};
use tokio::{
    runtime::Handle,
    sync::watch,
    task::{AbortHandle, JoinHandle},
};
use vpc::Topology;
use wanted::{Listener, wanted};

/// Everything that listens. Dropping it closes all of it.
pub struct Listeners {
    instance: Instance,
    runtime: Handle,
    aws_socket: PathBuf,
    topology: watch::Sender<Arc<Topology>>,
    spec: watch::Receiver<Arc<HostSpec>>,
    upstream: Option<Arc<Upstream>>,
    servers: BTreeMap<View, Arc<dns::Server>>,
    /// Where they answer, once there is one.
    answering: Option<dns::Answering>,
    metadata: Option<Arc<metadata::Server>>,
    open: BTreeMap<NamespaceName, Namespace>,
}

/// What listens in one namespace.
struct Namespace {
    /// Which one it is: a name may have come to stand for another.
    number: u64,
    listeners: BTreeMap<Listener, Vec<Running>>,
}

/// Something that can't listen.
#[derive(Debug, PartialEq, Eq)]
pub struct Deaf {
    /// What, where and why.
    pub why: String,
    /// Whether tasks must not begin without it: it is a VPC's resolver or task metadata endpoint.
    pub needed: bool,
}

/// A task of the runtime that ends with this.
struct Running(AbortHandle);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Listeners {
    /// Those of an instance, served by a runtime; `aws_socket` is the server's socket for what is sent to AWS's services. Nothing
    /// listens yet.
    pub fn new(instance: Instance, runtime: Handle, aws_socket: PathBuf) -> Self {
        Self {
            instance,
            runtime,
            aws_socket,
            topology: watch::Sender::new(Arc::default()),
            spec: watch::Sender::new(Arc::default()).subscribe(),
            upstream: None,
            servers: BTreeMap::new(),
            answering: None,
            metadata: None,
            open: BTreeMap::new(),
        }
    }

    /// The same, answering from the zones of what the host is told as soon as it is told.
    pub fn with_spec(mut self, spec: watch::Receiver<Arc<HostSpec>>) -> Self {
        self.spec = spec;
        self
    }

    /// The same, asking others for names that are theirs.
    pub fn with_upstream(mut self, upstream: Upstream) -> Self {
        self.upstream = Some(Arc::new(upstream));
        self
    }

    /// The same, answering for tasks' metadata too.
    pub(crate) fn with_metadata(mut self, server: metadata::Server) -> Self {
        self.metadata = Some(Arc::new(server));
        self
    }

    /// Answers for these networks from now on, and listens in their namespaces as far as those are there. What could not be done is
    /// tried again by calling it again.
    pub fn apply(&mut self, topology: &Arc<Topology>) -> Vec<Deaf> {
        self.topology.send_replace(topology.clone());
        let mut wanted = wanted(&self.instance, topology);
        if self.metadata.is_none() {
            let of_tasks = |listener: &Listener| matches!(listener, Listener::Metadata(..));
            wanted.values_mut().for_each(|listeners| listeners.retain(|listener| !of_tasks(listener)));
        }
        self.servers.retain(|view, _| match view {
            View::Vpc(id) => topology.vpcs.contains_key(id),
            View::Internet => true,
        });
        self.open.retain(|name, is| wanted.contains_key(name) && number(name) == Some(is.number));
        let mut deaf = Vec::new();
        for (name, wanted) in wanted {
            // Whether it should be there is the network's concern; where it isn't, nobody can ask.
            let Some(number) = number(&name) else { continue };
            self.listen(&name, number, &wanted, &mut deaf);
        }
        deaf
    }

    fn listen(&mut self, name: &NamespaceName, number: u64, wanted: &BTreeSet<Listener>, deaf: &mut Vec<Deaf>) {
        let mut is = self.open.remove(name).unwrap_or_else(|| Namespace { number, listeners: BTreeMap::new() });
        is.listeners.retain(|listener, _| wanted.contains(listener));
        let missing: Vec<&Listener> = wanted.iter().filter(|listener| !is.listeners.contains_key(listener)).collect();
        let mut bound = Vec::new();
        if !missing.is_empty() {
            let all = || missing.iter().map(|listener| bind(listener)).collect::<Vec<_>>();
            match network::inside(&name.path(), all) {
                Ok(sockets) => bound = missing.iter().zip(sockets).collect(),
                Err(error) => deaf.extend(missing.iter().map(|listener| Deaf::new(listener, name, &error))),
            }
        }
        for (listener, sockets) in bound {
            match sockets.and_then(|sockets| self.start(listener, sockets, number)) {
                Ok(running) => drop(is.listeners.insert((*listener).clone(), running)),
                Err(error) => deaf.push(Deaf::new(listener, name, &error)),
            }
        }
        self.open.insert(name.clone(), is);
    }

    fn start(&mut self, listener: &Listener, sockets: Sockets, namespace: u64) -> io::Result<Vec<Running>> {
        // Sockets are registered with the runtime that is entered.
        let runtime = match listener {
            Listener::Resolver(..) => self.answering()?,
            Listener::Service(..) | Listener::Metadata(..) => self.runtime.clone(),
        };
        let _inside = runtime.enter();
        let tcp = tokio::net::TcpListener::from_std(sockets.tcp)?;
        let mut running = Vec::new();
        let mut run = |task: JoinHandle<()>| running.push(Running(task.abort_handle()));
        match listener {
            Listener::Resolver(_, view) => {
                let (topology, spec, upstream) = (&self.topology, &self.spec, &self.upstream);
                let new = || dns::Server::new(view.clone(), topology.subscribe(), spec.clone(), upstream.clone());
                let server = self.servers.entry(view.clone()).or_insert_with(|| Arc::new(new()));
                if let Some(udp) = sockets.udp {
                    run(runtime.spawn(dns::udp(server.clone(), namespace, tokio::net::UdpSocket::from_std(udp)?)));
                }
                run(runtime.spawn(dns::tcp(server.clone(), namespace, tcp)));
            }
            Listener::Service(_, service, port) => {
                let api = self.aws_socket.clone();
                run(runtime.spawn(services::serve((service, *port), api, namespace, tcp)));
            }
            Listener::Metadata(_, vpc) => {
                if let Some(server) = self.metadata.clone() {
                    run(runtime.spawn(metadata::serve(server, vpc.clone(), namespace, tcp)));
                }
            }
        }
        Ok(running)
    }

    /// Where resolvers answer.
    fn answering(&mut self) -> io::Result<Handle> {
        let answering = match self.answering.take() {
            Some(answering) => answering,
            None => dns::Answering::start(&self.runtime)?,
        };
        Ok(self.answering.insert(answering).runtime())
    }
}

impl Deaf {
    fn new(listener: &Listener, namespace: &NamespaceName, error: &dyn std::fmt::Display) -> Self {
        let (what, address, needed) = match listener {
            Listener::Resolver(address, view) => {
                (format!("the DNS server of {view}"), address, *view != View::Internet)
            }
            Listener::Service(address, service, port) => (format!("{service}, port {port},"), address, false),
            Listener::Metadata(address, vpc) => (format!("the task metadata endpoint of {vpc}"), address, true),
        };
        Self { why: format!("{what} can't listen on {address} in {namespace}: {error}"), needed }
    }
}

/// The sockets of one listener.
struct Sockets {
    tcp: TcpListener,
    udp: Option<UdpSocket>,
}

/// Bytes of questions that wait at a resolver: what one sends too many of is taken in and thrown away, instead of leaving no room for
/// those of others.
const QUEUE: usize = 8 << 20;

fn bind(listener: &Listener) -> io::Result<Sockets> {
    let tcp = |address: &IpAddr, port| {
        let socket = TcpListener::bind((*address, port))?;
        socket.set_nonblocking(true).map(|()| socket)
    };
    match listener {
        Listener::Resolver(address, _) => {
            let udp = UdpSocket::bind((*address, dns::PORT))?;
            udp.set_nonblocking(true)?;
            rustix::net::sockopt::set_socket_recv_buffer_size_force(&udp, QUEUE)?;
            Ok(Sockets { tcp: tcp(address, dns::PORT)?, udp: Some(udp) })
        }
        Listener::Service(address, _, port) => Ok(Sockets { tcp: tcp(address, *port)?, udp: None }),
        Listener::Metadata(address, _) => Ok(Sockets { tcp: tcp(address, metadata::HTTP)?, udp: None }),
    }
}

/// What tells a namespace from another: its inode number, which no other has while a socket is in it.
fn number(name: &NamespaceName) -> Option<u64> {
    std::fs::metadata(name.path()).ok().map(|metadata| metadata.ino())
}
