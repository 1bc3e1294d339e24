//! What AWS Cloud Map makes in Amazon Route 53 of namespaces, services and instances: what resolvers are told, and the record sets that are
//! listed.

use super::instances::{ALIAS, CNAME, IPV4, PORT};
use crate::{
    State, elb,
    route53::PRIVATE_SERVERS,
    state::{
        DiscoveryDns, DiscoveryInstance, DiscoveryService, Namespace, NamespaceKind, RecordData, RecordRouting,
        ResourceRecordSet,
    },
};
use aws::api::{
    route53::RRType,
    servicediscovery::{RecordType, RoutingPolicy},
};
use vpc::{HostedZone, RecordKind, RecordSet, RecordValue, Zones};

/// Values of an answer with the routing policy MULTIVALUE ("DnsConfig", AWS Cloud Map API Reference).
const MULTIVALUE: u16 = 8;
/// Seconds that the NS record of a zone may be kept.
const NS_TTL: u32 = 172_800;

/// The private hosted zones of namespaces, by their VPCs. They are for VPCs with both DNS attributes on ("Considerations when working with a private hosted
/// zone", Amazon Route 53 Developer Guide).
pub(crate) fn zones(state: &State) -> Zones {
    let mut zones = Zones::default();
    for namespace in state.namespaces.iter() {
        let NamespaceKind::PrivateDns { vpc, soa_ttl, .. } = &namespace.kind else { continue };
        if !state.vpcs.get(vpc).is_some_and(|vpc| vpc.dns_support && vpc.dns_hostnames) {
            continue;
        }
        let name = namespace.name.to_ascii_lowercase();
        let mut zone = HostedZone { soa_ttl: *soa_ttl, ..HostedZone::default() };
        let values = PRIVATE_SERVERS.map(|server| RecordValue::Name(server.to_owned())).into();
        let servers = RecordSet { kind: RecordKind::Ns, ttl: NS_TTL, most: 4, weight: 1, values };
        zone.add(&name, &name, Some(servers));
        let services = state.discovery_services.iter().filter(|service| service.namespace == namespace.id);
        for service in services {
            if let Some(dns) = &service.dns {
                records(state, &mut zone, &name, service, dns);
            }
        }
        zones.private.entry(vpc.clone()).or_default().insert(name, zone.into());
    }
    zones
}

/// The domain name of a service: a dot is the zone itself.
fn domain(zone: &str, service: &str) -> String {
    if service == "." { zone.to_owned() } else { format!("{}.{zone}", service.to_ascii_lowercase()) }
}

/// Adds the records of a service's instances.
fn records(state: &State, zone: &mut HostedZone, name: &str, service: &DiscoveryService, dns: &DiscoveryDns) {
    let prefix = DiscoveryInstance::prefix(&service.id);
    let instances = || state.discovery_instances.prefixed(&prefix);
    // Where none is healthy, any is as good as another.
    let all = !instances().any(|instance| instance.healthy);
    let domain = domain(name, &service.name);
    let most = if dns.policy == RoutingPolicy::Weighted { 1 } else { MULTIVALUE };
    let mut add = |kind, ttl, value: &dyn Fn(&DiscoveryInstance) -> Option<RecordValue>| {
        let usable = instances().filter(|instance| all || instance.healthy);
        let values: Vec<RecordValue> = usable.filter_map(value).collect();
        if !values.is_empty() {
            zone.add(name, &domain, Some(RecordSet { kind, ttl, most, weight: 1, values }));
        }
    };
    if let Some(ttl) = dns.ttl(RecordType::A) {
        add(RecordKind::A, ttl, &|instance| address(instance).or_else(|| alias(state, instance)));
    }
    if let Some(ttl) = dns.ttl(RecordType::Cname) {
        add(RecordKind::Cname, ttl, &|instance| {
            let name = instance.attribute(CNAME)?.trim_end_matches('.');
            Some(RecordValue::Name(name.to_ascii_lowercase()))
        });
    }
    let Some(ttl) = dns.ttl(RecordType::Srv) else { return };
    let host = |instance: &DiscoveryInstance| format!("{}.{domain}", instance.id.to_ascii_lowercase());
    add(RecordKind::Srv, ttl, &|instance| {
        let port = instance.attribute(PORT)?.parse().ok()?;
        Some(RecordValue::port(port, host(instance)))
    });
    // Each host that a record leads to has an address, whatever its health.
    for instance in instances() {
        let set = |value| RecordSet { kind: RecordKind::A, ttl, most: 1, weight: 1, values: vec![value] };
        zone.add(name, &host(instance), address(instance).map(set));
    }
}

fn address(instance: &DiscoveryInstance) -> Option<RecordValue> {
    instance.attribute(IPV4)?.parse().ok().map(RecordValue::Address)
}

fn alias(state: &State, instance: &DiscoveryInstance) -> Option<RecordValue> {
    elb::known_name(state, instance.attribute(ALIAS)?).map(RecordValue::Alias)
}

/// The record sets of a namespace's services, as Amazon Route 53 lists them in its zone: one for each instance, whatever its health ("DnsConfig",
/// AWS Cloud Map API Reference: all have the same weight).
pub(crate) fn named_records(state: &State, namespace: &Namespace, zone: &str) -> Vec<ResourceRecordSet> {
    let mut sets = Vec::new();
    let apex = namespace.name.to_ascii_lowercase();
    for service in state.discovery_services.iter().filter(|service| service.namespace == namespace.id) {
        let Some(dns) = &service.dns else { continue };
        let routing = match dns.policy {
            RoutingPolicy::Weighted => RecordRouting::Weighted(1),
            RoutingPolicy::Multivalue => RecordRouting::MultiValue,
        };
        let name = domain(&apex, &service.name);
        for instance in state.discovery_instances.prefixed(&DiscoveryInstance::prefix(&service.id)) {
            for (kind, ttl) in &dns.records {
                let set = |name: &str, kind, identifier: Option<&String>, routing, data| ResourceRecordSet {
                    zone: zone.to_owned(),
                    name: name.to_owned(),
                    kind,
                    identifier: identifier.cloned(),
                    routing,
                    data,
                };
                let values = |value: String| RecordData::Values { ttl: *ttl, values: vec![value] };
                let own = |kind, data| set(&name, kind, Some(&instance.id), routing, data);
                let host = format!("{}.{name}", instance.id.to_ascii_lowercase());
                match kind {
                    RecordType::A => sets.extend(listed(state, instance, &values).map(|data| own(RRType::A, data))),
                    RecordType::Cname => {
                        let target = instance.attribute(CNAME).map(|name| values(name.to_owned()));
                        sets.extend(target.map(|data| own(RRType::Cname, data)));
                    }
                    RecordType::Srv => {
                        let port = instance.attribute(PORT).map(|port| values(format!("1 1 {port} {host}")));
                        sets.extend(port.map(|data| own(RRType::Srv, data)));
                        let address = instance.attribute(IPV4).map(|address| values(address.to_owned()));
                        sets.extend(address.map(|data| set(&host, RRType::A, None, RecordRouting::Simple, data)));
                    }
                    RecordType::Aaaa => {}
                }
            }
        }
    }
    sets
}

/// The address of an instance, or the load balancer that it is.
fn listed(state: &State, instance: &DiscoveryInstance, values: &dyn Fn(String) -> RecordData) -> Option<RecordData> {
    let alias = || {
        let name = elb::known_name(state, instance.attribute(ALIAS)?)?;
        Some(RecordData::Alias { zone: elb::hosted_zone_of(state, &name)?, name, evaluate_health: true })
    };
    instance.attribute(IPV4).map(|address| values(address.to_owned())).or_else(alias)
}
