//! Serves one load balancer in this namespace, for tests and benchmarks: `serve THREADS LISTEN RULES TARGET…`, addresses with ports. No request
//! meets one of the rules but the default. In the environment: `HTTPS`, a port for TLS, with `PEM`, a file with a certificate and its key;
//! `VERSION`, what targets speak (`http1`, `http2`, `grpc`). Without TLS clients may begin with HTTP/2, too. A line of standard input is a port
//! whose listener goes.

mod served;

use balancer::Engine;
use spec::balancing::{Certificate, CertificateName, ProtocolVersion, Tls};
use std::{
    collections::BTreeMap,
    env,
    error::Error,
    net::SocketAddr,
    num::{NonZeroU16, NonZeroUsize},
    sync::Arc,
    thread,
};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args().skip(1);
    let mut next = || arguments.next().ok_or("usage: serve THREADS LISTEN RULES TARGET…");
    let threads: NonZeroUsize = next()?.parse()?;
    let listen: SocketAddr = next()?.parse()?;
    let rules = next()?.parse()?;
    let targets = arguments.map(|target| target.parse()).collect::<Result<Vec<_>, _>>()?;
    let mut group = served::group(targets);
    group.version = match env::var("VERSION").as_deref() {
        Ok("http2") => ProtocolVersion::Http2,
        Ok("grpc") => ProtocolVersion::Grpc,
        _ => ProtocolVersion::Http1,
    };
    if group.version == ProtocolVersion::Grpc {
        group.health_check.matcher = vec![(0, 99)];
    }
    let mut balancer = served::balancer("lb", listen, served::unmet("lb", rules));
    let mut certificates = BTreeMap::new();
    if let Ok(port) = env::var("HTTPS") {
        let pem = std::fs::read_to_string(env::var("PEM")?)?;
        let tls = Tls {
            policy: "ELBSecurityPolicy-TLS13-1-2-2021-06".into(),
            certificates: vec![CertificateName { arn: "certificate".into(), version: 1 }],
        };
        let plain = balancer.listeners.values().next().ok_or("port 0 is none")?;
        let listener = spec::balancing::Listener { tls: Some(tls), ..plain.clone() };
        balancer.listeners.insert(port.parse()?, listener);
        let certificate = Certificate { version: 1, names: Vec::new(), chain: pem.clone(), key: pem };
        certificates.insert("certificate".into(), Arc::new(certificate));
    }
    let engine = Engine::with_prior_knowledge(threads)?;
    let mut status = engine.status();
    let apply = move |revision, balancer| {
        let snapshot = served::snapshot(revision, vec![balancer], BTreeMap::from([("lb".into(), group.clone())]));
        engine.apply(balancer::Snapshot { certificates: certificates.clone(), ..snapshot });
    };
    apply(1, balancer.clone());
    thread::spawn(move || {
        for (revision, line) in (2..).zip(std::io::stdin().lines()) {
            if let Some(port) = line.ok().and_then(|line| line.parse::<NonZeroU16>().ok()) {
                balancer.listeners.remove(&port);
                apply(revision, balancer.clone());
            }
        }
        // Its end is not that of the load balancer.
        loop {
            thread::park();
        }
    });
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    runtime.block_on(async {
        while status.changed().await.is_ok() {
            println!("{:?}", *status.borrow_and_update());
        }
    });
    Ok(())
}
