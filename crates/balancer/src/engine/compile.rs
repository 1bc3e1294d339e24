//! From a load balancer's spec to what connections act on, as far as it does not depend on a node.

use crate::{config::Settings, rules::Rules};
use spec::balancing::{LoadBalancer, ProtocolVersion, TargetGroup, TargetGroupId};
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
}

impl Compiled {
    /// Compiles it, or takes what was compiled before if that was the same.
    pub(crate) fn new(spec: &Arc<LoadBalancer>, before: Option<Self>) -> Self {
        if let Some(before) = before
            && before.spec == *spec
        {
            return before;
        }
        let listeners = spec.listeners.iter().map(|(port, listener)| {
            let rules = match &listener.tls {
                Some(_) => Err("HTTPS listeners are not supported".to_owned()),
                None => Rules::compile(listener).map(Arc::new),
            };
            (*port, rules)
        });
        Self { settings: Arc::new(Settings::from(&**spec)), listeners: listeners.collect(), spec: Arc::clone(spec) }
    }

    /// The target groups that rules name, and those that the kernel forwards to, of which the checks are what is done here.
    pub(crate) fn groups(&self) -> BTreeSet<&TargetGroupId> {
        let flows = self.spec.flows.values().map(|listener| &listener.group);
        self.listeners.values().flatten().flat_map(|rules| &rules.groups).chain(flows).collect()
    }
}

/// What of a target group can't be done, by its name in AWS's API.
pub(crate) fn unsupported(group: &TargetGroup) -> Option<String> {
    let what = if group.tls {
        "Protocol HTTPS"
    } else if group.version != ProtocolVersion::Http1 {
        "ProtocolVersion HTTP2 and GRPC"
    } else if group.health_check.tls {
        "HealthCheckProtocol HTTPS"
    } else if group.anomaly_mitigation {
        "load_balancing.algorithm.anomaly_mitigation"
    } else {
        return None;
    };
    Some(format!("{}: {what} is not supported", group.arn))
}
