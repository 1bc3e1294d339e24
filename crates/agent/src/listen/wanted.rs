//! What should listen where: a pure function of the networks there are.

use crate::dns::{self, View};
use network::{Instance, NamespaceName};
use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
};
use vpc::{AWS_SERVICES, AwsService, Endpoint, INTERNET_RESOLVER, REGISTRIES, TASK_METADATA, Topology, VpcId};

/// The ports of AWS's services and of registries.
const HTTP: [u16; 2] = [80, 443];
/// What the server knows public registries by.
const REGISTRY: &str = "registries";

/// Something that answers at an address in some namespace.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Listener {
    /// A DNS server, over UDP and TCP.
    Resolver(IpAddr, View),
    /// One of AWS's services, by its short name such as `logs`, or public registries; and the port.
    Service(IpAddr, &'static str, u16),
    /// Metadata and credentials of a VPC's tasks.
    Metadata(IpAddr, VpcId),
}

/// Every listener, by the namespace it is in.
pub(crate) fn wanted(instance: &Instance, topology: &Topology) -> BTreeMap<NamespaceName, BTreeSet<Listener>> {
    let mut wanted: BTreeMap<NamespaceName, BTreeSet<Listener>> = BTreeMap::new();
    let mut want = |namespace, listener| {
        wanted.entry(namespace).or_default().insert(listener);
    };
    want(instance.internet(), Listener::Resolver(INTERNET_RESOLVER, View::Internet));
    for service in AWS_SERVICES {
        at(service, service.address()).for_each(|listener| want(instance.internet(), listener));
    }
    for port in HTTP.into_iter().chain(topology.registries().map(|(_, port)| port)) {
        want(instance.internet(), Listener::Service(REGISTRIES, REGISTRY, port));
    }
    for (id, vpc) in &topology.vpcs {
        for dns in vpc.services().filter(|service| service.port == dns::PORT && service.address.is_ipv4()) {
            want(instance.router(id), Listener::Resolver(dns.address, View::Vpc(id.clone())));
        }
        want(instance.router(id), Listener::Metadata(TASK_METADATA, id.clone()));
        for (id, endpoint) in &vpc.endpoints {
            match endpoint {
                Endpoint::Interface { service, interfaces, .. } => {
                    let Some(service) = AwsService::named(service) else { continue };
                    for (id, interface) in interfaces.values().filter_map(|id| vpc.interfaces.get_key_value(id)) {
                        at(service, interface.private_ip).for_each(|listener| want(instance.interface(id), listener));
                    }
                }
                Endpoint::Gateway { service, .. } => {
                    let Some(service) = AwsService::named(service) else { continue };
                    at(service, service.address()).for_each(|listener| want(instance.endpoint(id), listener));
                }
            }
        }
    }
    wanted
}

fn at(service: &AwsService, address: IpAddr) -> impl Iterator<Item = Listener> {
    let name = service.name;
    HTTP.into_iter().map(move |port| Listener::Service(address, name, port))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dns::zone::tests::{OTHER, VPC, region};

    #[test]
    fn each_namespace_gets_what_answers_there() {
        let instance = Instance::new("t").unwrap();
        let mut topology = region();
        topology.vpcs.get_mut(OTHER).unwrap().dns_support = false;
        let wanted = wanted(&instance, &topology);
        let of = |name: NamespaceName| wanted.get(&name).cloned().unwrap_or_default().into_iter().collect::<Vec<_>>();
        let resolver = |ip: &str| Listener::Resolver(ip.parse().unwrap(), View::Vpc(VPC.into()));
        let metadata = |vpc: &str| Listener::Metadata(TASK_METADATA, vpc.into());
        assert_eq!(
            of(instance.router(&VPC.into())),
            [resolver("10.0.0.2"), resolver("169.254.169.253"), metadata(VPC)]
        );
        assert_eq!(of(instance.router(&OTHER.into())), [metadata(OTHER)], "a VPC without DNS support has no resolver");
        assert_eq!(
            of(instance.interface(&"eni-logs1".into())),
            [80, 443].map(|port| Listener::Service("10.0.1.200".parse().unwrap(), "logs", port))
        );
        let s3 = AwsService::named("s3").unwrap();
        assert_eq!(
            of(instance.endpoint(&"vpce-s3".into())),
            [80, 443].map(|port| Listener::Service(s3.address(), "s3", port))
        );
        assert_eq!(
            of(instance.internet()).len(),
            1 + 2 * AWS_SERVICES.len() + 3,
            "two ports each, and a third of a registry's"
        );
        assert_eq!(of(instance.interface(&"eni-web".into())), [], "nobody listens for a machine but itself");
    }
}
