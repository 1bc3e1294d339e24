//! From a load balancer's spec to what connections act on, as far as it does not depend on a node.

use crate::{
    config::Settings,
    rules::Rules,
    tls::{Front, Tickets, certificates::Certificates},
};
use spec::balancing::{LoadBalancer, TargetGroup, TargetGroupId, Tls};
use std::{
    collections::{BTreeMap, BTreeSet},
    num::NonZeroU16,
    sync::Arc,
};

/// A load balancer, compiled.
#[derive(Debug)]
pub(crate) struct Compiled {
    spec: Arc<LoadBalancer>,
    pub settings: Arc<Settings>,
    /// Rules by the port of their listener, or why there are none.
    pub listeners: BTreeMap<NonZeroU16, Result<Arc<Rules>, String>>,
    /// What HTTPS listeners greet their clients with.
    pub fronts: BTreeMap<NonZeroU16, Secured>,
}

/// An HTTPS listener's TLS.
#[derive(Debug)]
pub(crate) struct Secured {
    /// What was made last, of certificates of these versions; or why nothing could be.
    pub front: Result<Front, String>,
    made_of: (Tls, bool, Vec<u64>),
    /// What of its certificates is not there yet.
    pub missing: Option<String>,
    tickets: Tickets,
}

impl Secured {
    /// Makes it, or takes what was made before if that was the same. Tickets of before stay good.
    fn new(spec: &Tls, http2: bool, certificates: &Certificates, before: Option<Self>) -> Result<Self, String> {
        let (held, missing) = certificates.find(&spec.certificates);
        let made_of = (spec.clone(), http2, held.iter().map(|held| held.version).collect());
        match before {
            Some(before) if before.made_of == made_of => Ok(Self { missing, ..before }),
            // What was there is better than half of what is to be.
            Some(before) if missing.is_some() && before.front.is_ok() => Ok(Self { missing, ..before }),
            before => {
                let tickets = before.map_or_else(Tickets::new, |before| Ok(before.tickets))?;
                Ok(Self { front: Front::new(&spec.policy, &held, &tickets, http2), made_of, missing, tickets })
            }
        }
    }
}

impl Compiled {
    /// Compiles it, or takes what was compiled before if that was the same.
    pub(crate) fn new(spec: &Arc<LoadBalancer>, before: Option<Self>) -> Self {
        let before = match before {
            Some(before) if before.spec == *spec => return before,
            before => before,
        };
        let listeners = spec.listeners.iter().map(|(port, listener)| (*port, Rules::compile(listener).map(Arc::new)));
        Self {
            settings: Arc::new(Settings::from(&**spec)),
            listeners: listeners.collect(),
            fronts: before.map(|before| before.fronts).unwrap_or_default(),
            spec: Arc::clone(spec),
        }
    }

    /// Has HTTPS listeners greet their clients with the certificates that there are now.
    pub(crate) fn secure(&mut self, certificates: &Certificates) {
        let mut before = std::mem::take(&mut self.fronts);
        for (port, listener) in &self.spec.listeners {
            let Some(tls) = &listener.tls else { continue };
            match Secured::new(tls, self.spec.http2, certificates, before.remove(port)) {
                Ok(secured) => drop(self.fronts.insert(*port, secured)),
                Err(why) => drop(self.listeners.insert(*port, Err(why))),
            }
        }
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

/// What of a target group can't be done, by its name in AWS's API.
pub(crate) fn unsupported(group: &TargetGroup) -> Option<String> {
    let what = if group.anomaly_mitigation {
        "load_balancing.algorithm.anomaly_mitigation"
    } else {
        return None;
    };
    Some(format!("{}: {what} is not supported", group.arn))
}
