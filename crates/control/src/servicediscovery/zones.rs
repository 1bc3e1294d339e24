//! What resolvers are told: the records that AWS Cloud Map would make in Route 53.

use super::instances::{ALIAS, CNAME, IPV4, PORT};
use crate::{
    State, elb,
    state::{DiscoveryDns, DiscoveryInstance, DiscoveryService, NamespaceKind},
};
use aws::api::servicediscovery::{RecordType, RoutingPolicy};
use vpc::{PrivateZone, RecordKind, RecordSet, RecordValue, Zones};

/// Values of an answer with the routing policy MULTIVALUE ("DnsConfig", AWS Cloud Map API Reference).
const MULTIVALUE: u8 = 8;

/// The private hosted zones of every VPC. They are for VPCs with both DNS attributes on ("Considerations when working with a private hosted
/// zone", Amazon Route 53 Developer Guide).
pub fn zones(state: &State) -> Zones {
    let mut zones = Zones::new();
    for namespace in state.namespaces.iter() {
        let NamespaceKind::PrivateDns { vpc, soa_ttl, .. } = &namespace.kind else { continue };
        if !state.vpcs.get(vpc).is_some_and(|vpc| vpc.dns_support && vpc.dns_hostnames) {
            continue;
        }
        let name = namespace.name.to_ascii_lowercase();
        let mut zone = PrivateZone { soa_ttl: *soa_ttl, ..PrivateZone::default() };
        zone.add(&name, &name, None);
        let services = state.discovery_services.iter().filter(|service| service.namespace == namespace.id);
        for service in services {
            if let Some(dns) = &service.dns {
                records(state, &mut zone, &name, service, dns);
            }
        }
        zones.entry(vpc.clone()).or_default().insert(name, zone);
    }
    zones
}

/// The domain name of a service: a dot is the zone itself.
fn domain(zone: &str, service: &str) -> String {
    if service == "." { zone.to_owned() } else { format!("{}.{zone}", service.to_ascii_lowercase()) }
}

/// Adds the records of a service's instances.
fn records(state: &State, zone: &mut PrivateZone, name: &str, service: &DiscoveryService, dns: &DiscoveryDns) {
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
            zone.add(name, &domain, Some(RecordSet { kind, ttl, most, values }));
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
        Some(RecordValue::Port(port, host(instance)))
    });
    // Each host that a record leads to has an address, whatever its health.
    for instance in instances() {
        let set = |value| RecordSet { kind: RecordKind::A, ttl, most: 1, values: vec![value] };
        zone.add(name, &host(instance), address(instance).map(set));
    }
}

fn address(instance: &DiscoveryInstance) -> Option<RecordValue> {
    instance.attribute(IPV4)?.parse().ok().map(RecordValue::Address)
}

fn alias(state: &State, instance: &DiscoveryInstance) -> Option<RecordValue> {
    elb::known_name(state, instance.attribute(ALIAS)?).map(RecordValue::Alias)
}
