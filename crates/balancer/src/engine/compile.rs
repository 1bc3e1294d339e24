//! From a load balancer's spec to what connections act on, as far as it does not depend on a node.

use super::Mesh;
use crate::{
    config::Settings,
    rules::Rules,
    tls::{Front, Tickets, certificates::Certificates},
};
use spec::balancing::{LoadBalancer, TargetGroupId, Tls};
use std::{
    collections::{BTreeMap, BTreeSet},
    net::{IpAddr, SocketAddr},
    num::NonZeroU16,
    sync::Arc,
    time::Duration,
};

/// A load balancer, compiled.
#[derive(Debug)]
pub(crate) struct Compiled {
    spec: Arc<LoadBalancer>,
    mesh: Option<Mesh>,
    pub settings: Arc<Settings>,
    /// Rules by the port of their listener, or why there are none.
    pub listeners: BTreeMap<NonZeroU16, Result<Arc<Rules>, String>>,
    /// What HTTPS and TLS listeners greet their clients with.
    pub fronts: BTreeMap<NonZeroU16, Secured>,
}

/// TLS of a listener.
#[derive(Debug)]
pub(crate) struct Secured {
    /// What was made last, of certificates of these versions; or why nothing could be.
    pub front: Result<Front, String>,
    made_of: (Tls, &'static [&'static str], Vec<u64>),
    /// What of its certificates is not there yet.
    pub missing: Option<String>,
    tickets: Tickets,
}

impl Secured {
    /// Makes it, or takes what was made before if that was the same. Tickets of before stay good.
    fn new(
        spec: &Tls,
        alpn: &'static [&'static str],
        certificates: &Certificates,
        before: Option<Self>,
    ) -> Result<Self, String> {
        let (held, missing) = certificates.find(&spec.certificates);
        let made_of = (spec.clone(), alpn, held.iter().map(|held| held.version).collect());
        match before {
            Some(before) if before.made_of == made_of => Ok(Self { missing, ..before }),
            // What was there is better than half of what is to be.
            Some(before) if missing.is_some() && before.front.is_ok() => Ok(Self { missing, ..before }),
            before => {
                let tickets = before.map_or_else(Tickets::new, |before| Ok(before.tickets))?;
                Ok(Self { front: Front::new(&spec.policy, &held, &tickets, alpn), made_of, missing, tickets })
            }
        }
    }
}

impl Compiled {
    /// Compiles it, or takes what was compiled before if that was the same.
    pub(crate) fn new(spec: &Arc<LoadBalancer>, mesh: Option<Mesh>, before: Option<Self>) -> Self {
        let before = match before {
            Some(before) if (&before.spec, before.mesh) == (spec, mesh) => return before,
            before => before,
        };
        let listeners = spec.listeners.iter().map(|(port, listener)| (*port, Rules::compile(listener).map(Arc::new)));
        let settings = Settings::from(&**spec);
        let settings = if let Some(mesh) = &mesh { settings.of_mesh(mesh) } else { settings };
        Self {
            settings: Arc::new(settings),
            mesh,
            listeners: listeners.collect(),
            fronts: before.map(|before| before.fronts).unwrap_or_default(),
            spec: Arc::clone(spec),
        }
    }

    /// Has listeners with TLS greet their clients with the certificates that there are now.
    pub(crate) fn secure(&mut self, certificates: &Certificates) {
        let mut before = std::mem::take(&mut self.fronts);
        for (port, listener) in &self.spec.listeners {
            let Some(tls) = &listener.tls else { continue };
            let alpn: &[_] = match listener.stream {
                Some(stream) => stream.alpn.protocols(),
                None if self.spec.http2 => &["h2", "http/1.1"],
                None => &["http/1.1"],
            };
            match Secured::new(tls, alpn, certificates, before.remove(port)) {
                Ok(secured) => drop(self.fronts.insert(*port, secured)),
                Err(why) => drop(self.listeners.insert(*port, Err(why))),
            }
        }
    }

    /// For how long connections to targets are kept that have no request.
    pub(crate) fn kept(&self) -> Duration {
        /// Shorter than the idle timeout that the proxy at the other end has.
        const OF_MESH: Duration = Duration::from_secs(60);
        let idle = self.settings.idle_timeout;
        if self.settings.mesh { (idle / 2).min(OF_MESH) } else { idle }
    }

    /// For how long a connection to a port may be silent whose bytes are passed on as they are.
    pub(crate) fn stream(&self, port: NonZeroU16) -> Option<Duration> {
        let stream = self.spec.listeners.get(&port)?.stream?;
        Some(Duration::from_secs(stream.idle_timeout.into()))
    }

    /// Where clients of a node meet the first listener that forwards to a group, if it is one of a Network Load Balancer: health checks over
    /// HTTP name that as their host ("Health checks for Network Load Balancer target groups").
    pub(crate) fn front_of(&self, node: IpAddr, group: &TargetGroupId) -> Option<SocketAddr> {
        let flows = self.spec.flows.iter().filter(|(_, listener)| listener.group == *group).map(|(port, _)| *port);
        let forwards = |rules: &Arc<Rules>| rules.groups.contains(group);
        let streams = self.spec.listeners.iter().filter(|(port, listener)| {
            listener.stream.is_some() && self.listeners.get(port).is_some_and(|of| of.as_ref().is_ok_and(forwards))
        });
        let port = flows.chain(streams.map(|(port, _)| *port)).min()?;
        Some(SocketAddr::new(node, port.get()))
    }

    /// What is behind a port's TLS, if it has any.
    pub(crate) fn front(&self, port: NonZeroU16) -> Result<Option<Front>, String> {
        self.fronts.get(&port).map(|secured| secured.front.clone()).transpose()
    }

    /// The target groups that rules name, and those that the kernel forwards to, of which the checks are what is done here.
    pub(crate) fn groups(&self) -> BTreeSet<&TargetGroupId> {
        let flows = self.spec.flows.values().map(|listener| &listener.group);
        self.listeners.values().flatten().flat_map(|rules| &rules.groups).chain(flows).collect()
    }
}
