//! Serves one load balancer in this namespace, for benchmarks: `serve THREADS LISTEN TARGET…`, addresses with ports.

use balancer::{Engine, Snapshot};
use spec::balancing::*;
use std::{
    collections::BTreeMap,
    error::Error,
    net::SocketAddr,
    num::{NonZeroU16, NonZeroUsize},
    sync::Arc,
};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let mut next = || arguments.next().ok_or("usage: serve THREADS LISTEN TARGET…");
    let threads: NonZeroUsize = next()?.parse()?;
    let listen: SocketAddr = next()?.parse()?;
    let targets = arguments.map(|target| target.parse().map(TargetAddress)).collect::<Result<Vec<_>, _>>()?;
    let forward = Action::Forward { groups: vec![("g".into(), 1)], stickiness: None };
    let rule =
        Rule { arn: "rule".into(), priority: 0, conditions: Vec::new(), transforms: Vec::new(), action: forward };
    let balancer = LoadBalancer {
        arn: "lb".into(),
        nodes: BTreeMap::from([("eni-1".into(), Node { vpc: "vpc-1".into(), zone: "a".into(), address: listen.ip() })]),
        listeners: BTreeMap::from([(
            NonZeroU16::new(listen.port()).ok_or("port 0 is none")?,
            Listener { arn: "listener".into(), tls: None, rules: vec![rule] },
        )]),
        flows: Default::default(),
        idle_timeout: 60,
        client_keep_alive: 3600,
        desync_mitigation: DesyncMitigation::Defensive,
        drop_invalid_header_fields: false,
        preserve_host_header: false,
        xff_processing: XffProcessing::Append,
        xff_client_port: false,
        tls_headers: false,
        http2: false,
    };
    let group = TargetGroup {
        arn: "g".into(),
        tls: false,
        version: ProtocolVersion::Http1,
        health_check: TargetHealthCheck {
            tcp: false,
            tls: false,
            port: None,
            path: "/".into(),
            interval: 30,
            timeout: 5,
            healthy_threshold: 5,
            unhealthy_threshold: 2,
            matcher: vec![(200, 499)],
        },
        flows: None,
        algorithm: Algorithm::RoundRobin,
        anomaly_mitigation: false,
        slow_start: 0,
        stickiness: None,
        cross_zone: true,
        minimum_healthy: 1,
        minimum_healthy_percent: None,
        targets: targets
            .into_iter()
            .map(|target| (target, Target { zone: Some("a".into()), since: 1, draining_until: None }))
            .collect(),
    };
    let balancing = Balancing {
        load_balancers: BTreeMap::from([("app/lb/1".into(), Arc::new(balancer))]),
        target_groups: BTreeMap::from([("g".into(), Arc::new(group))]),
    };
    let namespaces = BTreeMap::from([("eni-1".into(), "/proc/self/ns/net".into())]);
    let engine = Engine::start(threads)?;
    engine.apply(Snapshot { revision: 1, balancing: Arc::new(balancing), namespaces });
    let mut status = engine.status();
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    runtime.block_on(async {
        while status.changed().await.is_ok() {
            println!("{:?}", *status.borrow_and_update());
        }
    });
    Ok(())
}
