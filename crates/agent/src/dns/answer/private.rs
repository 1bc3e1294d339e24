//! Questions about names of private hosted zones.

use super::{Data, Names, TTL, View, absolute, data, elsewhere, is_asked_for, zone};
use hickory_proto::{
    op::{Message, Query, ResponseCode},
    rr::{
        Name, RData, Record, RecordType,
        rdata::{CNAME, NS, SOA, SRV},
    },
};
use std::collections::BTreeMap;
use vpc::{PrivateZone, RecordKind, RecordSet, RecordValue, zone_of};

/// How many names a question is followed through.
const CHAIN: usize = 8;
/// The servers of a zone, as Amazon Route 53 names those of a private one.
const SERVERS: [&str; 4] =
    ["ns-1536.awsdns-00.co.uk", "ns-0.awsdns-00.com", "ns-512.awsdns-00.net", "ns-1024.awsdns-00.org"];

/// The zones of a view.
fn zones<'a>(names: Names<'a>, view: &View) -> Option<&'a BTreeMap<String, PrivateZone>> {
    match view {
        View::Vpc(id) => names.zones.get(id),
        View::Internet => None,
    }
}

/// Whether a name is in one of the zones of a view, be there anything or not.
pub(super) fn has(names: Names<'_>, view: &View, name: &str) -> bool {
    zones(names, view).is_some_and(|zones| zone_of(zones, name).is_some())
}

/// Answers a question about a name in a zone, and follows where it leads; says what is left to be asked of others.
pub(super) fn resolve(names: Names<'_>, view: &View, query: &Query, name: &str, reply: &mut Message) -> Option<Name> {
    let zones = zones(names, view)?;
    let turn = usize::from(reply.metadata.id);
    let (mut owner, mut name) = (query.name.clone(), name.to_owned());
    for _ in 0..CHAIN {
        let Some((apex, zone)) = zone_of(zones, &name) else {
            return amazon(names, view, query, owner, &name, reply);
        };
        let Some(sets) = zone.names.get(&name) else {
            reply.metadata.response_code = ResponseCode::NXDomain;
            reply.add_authorities(soa(apex, zone));
            return None;
        };
        match follow(query, sets, turn) {
            Some((ttl, target)) => {
                let to = absolute(target)?;
                reply.add_answer(Record::from_rdata(owner, ttl, RData::CNAME(CNAME(to.clone()))));
                (owner, name) = (to, target.to_owned());
            }
            None => {
                let before = reply.answers.len();
                sets.iter().for_each(|set| add(names, view, query, &owner, set, turn, reply));
                if name == apex {
                    reply.add_answers(at_apex(&owner, apex, zone).filter(|record| is_asked_for(query, &record.data)));
                }
                if reply.answers.len() == before {
                    reply.add_authorities(soa(apex, zone));
                }
                hosts(zone, reply);
                return None;
            }
        }
    }
    // Names that lead to each other lead nowhere.
    reply.metadata.response_code = ResponseCode::ServFail;
    None
}

/// Where another name stands at a name, whatever was asked for but that (RFC 1034, section 3.6.2).
fn follow<'a>(query: &Query, sets: &'a [RecordSet], turn: usize) -> Option<(u32, &'a str)> {
    let set = sets.iter().find(|set| set.kind == RecordKind::Cname)?;
    let wanted = matches!(query.query_type, RecordType::CNAME | RecordType::ANY);
    match picked(set, turn).next() {
        Some(RecordValue::Name(target)) if !wanted => Some((set.ttl, target.as_str())),
        _ => None,
    }
}

/// A name outside of the zones that one in them leads to.
fn amazon(names: Names<'_>, view: &View, query: &Query, owner: Name, name: &str, reply: &mut Message) -> Option<Name> {
    if elsewhere(names, view, name) {
        // Unless others say otherwise.
        reply.metadata.response_code = ResponseCode::NXDomain;
        return Some(owner);
    }
    match zone::find(names.topology, view, name) {
        Some(found) => {
            let records = data(found).into_iter().filter(|data| is_asked_for(query, data));
            reply.add_answers(records.map(|data| Record::from_rdata(owner.clone(), TTL, data)));
        }
        None => reply.metadata.response_code = ResponseCode::NXDomain,
    }
    None
}

/// The values of a set that are answered this time: as many as there may be, from another one on each time.
fn picked(set: &RecordSet, turn: usize) -> impl Iterator<Item = &RecordValue> {
    let most = usize::from(set.most).min(set.values.len());
    let first = turn.checked_rem(set.values.len()).unwrap_or(0);
    set.values.iter().cycle().skip(first).take(most)
}

fn add(names: Names<'_>, view: &View, query: &Query, owner: &Name, set: &RecordSet, turn: usize, reply: &mut Message) {
    for value in picked(set, turn) {
        let (ttl, all) = match value {
            RecordValue::Address(address) => (set.ttl, vec![RData::A((*address).into())]),
            RecordValue::Port(port, host) => {
                (set.ttl, absolute(host).map(|host| RData::SRV(SRV::new(1, 1, *port, host))).into_iter().collect())
            }
            RecordValue::Name(target) => {
                (set.ttl, absolute(target).map(|target| RData::CNAME(CNAME(target))).into_iter().collect())
            }
            // Its own name's seconds hold.
            RecordValue::Alias(target) => match zone::find(names.topology, view, target) {
                Some(found @ Data::Addresses(_)) => (TTL, data(found)),
                _ => (TTL, Vec::new()),
            },
        };
        let asked = all.into_iter().filter(|data| is_asked_for(query, data));
        reply.add_answers(asked.map(|data| Record::from_rdata(owner.clone(), ttl, data)));
    }
}

/// Adds the addresses of hosts that the answer names (RFC 2782), which a server of the zone knows.
fn hosts(zone: &PrivateZone, reply: &mut Message) {
    let mut found = Vec::new();
    for record in &reply.answers {
        let RData::SRV(srv) = &record.data else { continue };
        let Some(name) = super::plain(&srv.target) else { continue };
        let sets = zone.names.get(&name).into_iter().flatten().filter(|set| set.kind == RecordKind::A);
        for set in sets {
            let values = set.values.iter().filter_map(|value| match value {
                RecordValue::Address(address) => Some(RData::A((*address).into())),
                _ => None,
            });
            found.extend(values.map(|data| Record::from_rdata(srv.target.clone(), set.ttl, data)));
        }
    }
    reply.add_additionals(found);
}

/// What is at the name of every zone.
fn at_apex(owner: &Name, apex: &str, zone: &PrivateZone) -> impl Iterator<Item = Record> {
    let servers = SERVERS.iter().filter_map(|server| absolute(server));
    // Two days, as Amazon Route 53 has it.
    let servers = servers.map(|server| Record::from_rdata(owner.clone(), 172_800, RData::NS(NS(server))));
    servers.chain(soa(apex, zone))
}

/// Who says that there is nothing, and for how long that may be believed (RFC 2308): the least of the record's own seconds and its last
/// number.
fn soa(apex: &str, zone: &PrivateZone) -> Option<Record> {
    let [first, ..] = SERVERS;
    let data = SOA::new(absolute(first)?, absolute("awsdns-hostmaster.amazon.com")?, 1, 7200, 900, 1_209_600, 86_400);
    Some(Record::from_rdata(absolute(apex)?, zone.soa_ttl, RData::SOA(data)))
}
