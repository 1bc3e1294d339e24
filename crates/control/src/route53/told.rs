//! What resolvers are told: every hosted zone, with what may be answered now.

use super::records::value;
use crate::{
    State, elb, servicediscovery,
    state::{HostedZone, RecordData, RecordRouting, ResourceRecordSet},
};
use std::{collections::BTreeMap, sync::Arc};
use vpc::{RecordKind, RecordSet, RecordValue, Zones};

/// Values of an answer with the multivalue answer routing policy ("Multivalue answer routing", Amazon Route 53 Developer Guide).
const MULTIVALUE: u16 = 8;
/// How many aliases are followed to find out whether one is healthy.
const CHAIN: usize = 8;

/// The hosted zones of the region, those of AWS Cloud Map among them. Private ones are for VPCs with both DNS attributes on ("Considerations
/// when working with a private hosted zone", Amazon Route 53 Developer Guide). Of public ones of the same name the oldest is the one that was
/// delegated to.
pub fn zones(state: &State) -> Zones {
    let mut zones = servicediscovery::zones(state);
    let mut all: Vec<&HostedZone> = state.hosted_zones.iter().collect();
    all.sort_by_key(|zone| zone.created_at);
    for zone in all {
        let told = Arc::new(told(state, zone));
        if !zone.is_private() {
            zones.public.entry(zone.name.clone()).or_insert(told);
            continue;
        }
        let named = |id: &&vpc::VpcId| state.vpcs.get(id).is_some_and(|vpc| vpc.dns_support && vpc.dns_hostnames);
        for vpc in zone.vpcs.iter().filter(named) {
            zones.private.entry(vpc.clone()).or_default().insert(zone.name.clone(), told.clone());
        }
    }
    zones
}

fn told(state: &State, zone: &HostedZone) -> vpc::HostedZone {
    let mut told = vpc::HostedZone::default();
    told.add(&zone.name, &zone.name, None);
    let mut health = Health::of(state);
    let sets: Vec<&ResourceRecordSet> = state.record_sets.prefixed(&ResourceRecordSet::prefix(&zone.id)).collect();
    for group in sets.chunk_by(|one, other| one.name == other.name && one.kind == other.kind) {
        let Some(first) = group.first() else { continue };
        match value::kind(first.kind) {
            Some(kind) => {
                for set in alternatives(&mut health, kind, group) {
                    told.add(&zone.name, &first.name, Some(set));
                }
            }
            None => soa(&mut told, first),
        }
    }
    told
}

fn soa(told: &mut vpc::HostedZone, set: &ResourceRecordSet) {
    let RecordData::Values { ttl, values } = &set.data else { return };
    if let Some(soa) = values.first().and_then(|text| value::soa(text).ok()) {
        (told.soa, told.soa_ttl) = (soa, *ttl);
    }
}

/// The sets of one name and type that may be answered with now: the healthy ones, or all if none is.
fn alternatives(health: &mut Health<'_>, kind: RecordKind, group: &[&ResourceRecordSet]) -> Vec<RecordSet> {
    let healthy: Vec<&ResourceRecordSet> = group.iter().copied().filter(|set| health.is_healthy(set, CHAIN)).collect();
    let usable = if healthy.is_empty() { group } else { healthy.as_slice() };
    let set = |set: &ResourceRecordSet, weight| {
        let values = values(kind, set);
        let (ttl, most) = (ttl(set), u16::try_from(values.len()).unwrap_or(u16::MAX));
        RecordSet { kind, ttl, most, weight, values }
    };
    let with = |routing| usable.iter().find(|set| set.routing == routing);
    let Some(first) = usable.first() else { return Vec::new() };
    match first.routing {
        RecordRouting::Simple => vec![set(first, 1)],
        RecordRouting::Primary | RecordRouting::Secondary => {
            let best = with(RecordRouting::Primary).or_else(|| with(RecordRouting::Secondary));
            best.map(|best| set(best, 1)).into_iter().collect()
        }
        RecordRouting::MultiValue => {
            let all: Vec<RecordValue> = usable.iter().flat_map(|set| values(kind, set)).collect();
            let ttl = usable.iter().map(|set| ttl(set)).min().unwrap_or(0);
            vec![RecordSet { kind, ttl, most: MULTIVALUE, weight: 1, values: all }]
        }
        RecordRouting::Weighted(_) => {
            let weight = |set: &ResourceRecordSet| match set.routing {
                RecordRouting::Weighted(weight) => u32::from(weight),
                _ => 0,
            };
            // Where all weigh nothing, one is as good as another.
            let none = usable.iter().all(|set| weight(set) == 0);
            let weighed = usable.iter().map(|one| set(one, if none { 1 } else { weight(one) }));
            weighed.filter(|set| set.weight > 0).collect()
        }
    }
}

fn ttl(set: &ResourceRecordSet) -> u32 {
    match &set.data {
        RecordData::Values { ttl, .. } => *ttl,
        // Those of the other name hold.
        RecordData::Alias { .. } => 0,
    }
}

fn values(kind: RecordKind, set: &ResourceRecordSet) -> Vec<RecordValue> {
    match &set.data {
        // All were read when they were given.
        RecordData::Values { values, .. } => values.iter().filter_map(|text| value::read(kind, text).ok()).collect(),
        // The console puts something before a load balancer's name, which leads to the same.
        RecordData::Alias { zone, name, .. } => {
            let plain = name.strip_prefix("dualstack.").filter(|_| *zone != set.zone);
            vec![RecordValue::Alias(plain.unwrap_or(name).to_owned())]
        }
    }
}

/// Which record sets are healthy. What an alias leads to is looked at once, however many lead there.
struct Health<'a> {
    state: &'a State,
    known: BTreeMap<String, bool>,
}

impl<'a> Health<'a> {
    fn of(state: &'a State) -> Self {
        Self { state, known: BTreeMap::new() }
    }

    /// Only an alias may be unhealthy, if it is to be judged by what it leads to ("Values specific for simple alias records", Amazon Route 53
    /// Developer Guide, "Evaluate target health").
    fn is_healthy(&mut self, set: &ResourceRecordSet, chain: usize) -> bool {
        let RecordData::Alias { zone, name, evaluate_health: true } = &set.data else { return true };
        let key = ResourceRecordSet::key_of(zone, name, set.kind, None);
        if let Some(known) = self.known.get(&key) {
            return *known;
        }
        // Names that lead to each other lead nowhere.
        self.known.insert(key.clone(), false);
        let healthy = if *zone != set.zone {
            elb::serves(self.state, name)
        } else {
            let prefix = ResourceRecordSet::prefix_at(zone, name);
            let mut sets = self.state.record_sets.prefixed(&prefix).filter(|other| other.kind == set.kind);
            chain == 0 || sets.any(|other| self.is_healthy(other, chain - 1))
        };
        self.known.insert(key, healthy);
        healthy
    }
}
