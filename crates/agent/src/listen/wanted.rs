//! What should listen where: a pure function of the networks there are.

use crate::dns::View;
use network::{Instance, NamespaceName};
use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
};
use vpc::{AWS_SERVICES, AwsService, Endpoint, INTERNET_RESOLVER, Topology};

/// The port of DNS.
pub(crate) const DNS: u16 = 53;

/// Something that answers at an address in some namespace.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Listener {
    /// A DNS server, over UDP and TCP.
    Resolver(IpAddr, View),
    /// One of AWS's services, by its short name such as `logs`.
    Service(IpAddr, &'static str),
}

/// Every listener, by the namespace it is in.
pub(crate) fn wanted(instance: &Instance, topology: &Topology) -> BTreeMap<NamespaceName, BTreeSet<Listener>> {
    let mut wanted: BTreeMap<NamespaceName, BTreeSet<Listener>> = BTreeMap::new();
    let mut want = |namespace, listener| {
        wanted.entry(namespace).or_default().insert(listener);
    };
    want(instance.internet(), Listener::Resolver(INTERNET_RESOLVER, View::Internet));
    for service in AWS_SERVICES {
        want(instance.internet(), at(service, service.address()));
    }
    for (id, vpc) in &topology.vpcs {
        for dns in vpc.services().filter(|service| service.port == DNS && service.address.is_ipv4()) {
            want(instance.router(id), Listener::Resolver(dns.address, View::Vpc(id.clone())));
        }
        for (id, endpoint) in &vpc.endpoints {
            match endpoint {
                Endpoint::Interface { service, interfaces, .. } => {
                    let Some(service) = AwsService::named(service) else { continue };
                    for (id, interface) in interfaces.values().filter_map(|id| vpc.interfaces.get_key_value(id)) {
                        want(instance.interface(id), at(service, interface.private_ip));
                    }
                }
                Endpoint::Gateway { service, .. } => {
                    let Some(service) = AwsService::named(service) else { continue };
                    want(instance.endpoint(id), at(service, service.address()));
                }
            }
        }
    }
    wanted
}

fn at(service: &AwsService, address: IpAddr) -> Listener {
    Listener::Service(address, service.name)
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
        assert_eq!(of(instance.router(&VPC.into())), [resolver("10.0.0.2"), resolver("169.254.169.253")]);
        assert_eq!(of(instance.router(&OTHER.into())), [], "a VPC without DNS support has no resolver");
        assert_eq!(
            of(instance.interface(&"eni-logs1".into())),
            [Listener::Service("10.0.1.200".parse().unwrap(), "logs")]
        );
        let s3 = AwsService::named("s3").unwrap();
        assert_eq!(of(instance.endpoint(&"vpce-s3".into())), [Listener::Service(s3.address(), "s3")]);
        assert_eq!(of(instance.internet()).len(), 1 + AWS_SERVICES.len());
        assert_eq!(of(instance.interface(&"eni-web".into())), [], "nobody listens for a machine but itself");
    }
}
