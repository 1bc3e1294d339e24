//! Questions about names of hosted zones.

use super::{Data, Names, TTL, View, absolute, data, elsewhere, is_asked_for, zone};
use hickory_proto::{
    op::{Message, Query, ResponseCode},
    rr::{
        Name, RData, Record, RecordType,
        rdata::{CNAME, MX, NS, NULL, PTR, SOA, SRV, TXT},
    },
};
use vpc::{HostedZone, RecordKind, RecordSet, RecordValue, chosen};

/// How many names a question is followed through.
const CHAIN: usize = 8;

/// The zone that a name is in, for a view.
fn zone_of<'a>(names: Names<'a>, view: &View, name: &str) -> Option<(&'a str, &'a HostedZone)> {
    let vpc = match view {
        View::Vpc(id) => Some(id),
        View::Internet => None,
    };
    names.zones.of(vpc, name)
}

/// Whether a name is in one of the zones of a view, be there anything or not.
pub(super) fn has(names: Names<'_>, view: &View, name: &str) -> bool {
    zone_of(names, view, name).is_some()
}

/// Answers a question about a name in a zone, and follows where it leads; says what is left to be asked of others.
pub(super) fn resolve(names: Names<'_>, view: &View, query: &Query, name: &str, reply: &mut Message) -> Option<Name> {
    let mut turn = u32::from(reply.metadata.id);
    let (mut owner, mut name) = (query.name.clone(), name.to_owned());
    for _ in 0..CHAIN {
        let Some((apex, zone)) = zone_of(names, view, &name) else {
            return amazon(names, view, query, owner, &name, reply);
        };
        let Some(sets) = zone.find(&name) else {
            reply.metadata.response_code = ResponseCode::NXDomain;
            reply.add_authorities(nothing(apex, zone));
            return None;
        };
        match follow(query, sets, turn) {
            Some((ttl, target)) => {
                let to = absolute(target)?;
                reply.add_answer(Record::from_rdata(owner, ttl, RData::CNAME(CNAME(to.clone()))));
                (owner, name, turn) = (to, target.to_owned(), next(turn));
            }
            None => {
                let here = Here { names, view, zone };
                let mut found = here.records(sets, turn);
                if name == apex {
                    found.extend(soa(zone).map(|data| (zone.soa_ttl, data)));
                }
                found.retain(|(_, data)| is_asked_for(query, data));
                if found.is_empty() {
                    reply.add_authorities(nothing(apex, zone));
                }
                reply.add_answers(found.into_iter().map(|(ttl, data)| Record::from_rdata(owner.clone(), ttl, data)));
                here.hosts(turn, reply);
                return None;
            }
        }
    }
    // Names that lead to each other lead nowhere.
    reply.metadata.response_code = ResponseCode::ServFail;
    None
}

/// Where another name stands at a name, whatever was asked for but that (RFC 1034, section 3.6.2).
fn follow<'a>(query: &Query, sets: &'a [RecordSet], turn: u32) -> Option<(u32, &'a str)> {
    let set = chosen(sets, RecordKind::Cname, turn)?;
    let wanted = matches!(query.query_type, RecordType::CNAME | RecordType::ANY);
    match picked(set, turn).next() {
        Some(RecordValue::Name(target)) if !wanted => Some((set.ttl, target.as_str())),
        _ => None,
    }
}

/// Another number for the next choice: what is chosen at one name says nothing of what is at the name it leads to.
fn next(turn: u32) -> u32 {
    turn.wrapping_mul(0x9e37_79b1) >> 16
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
fn picked(set: &RecordSet, turn: u32) -> impl Iterator<Item = &RecordValue> {
    let most = usize::from(set.most).min(set.values.len());
    let first = usize::try_from(turn).ok().and_then(|turn| turn.checked_rem(set.values.len())).unwrap_or(0);
    set.values.iter().cycle().skip(first).take(most)
}

/// A zone, and from where it is asked.
struct Here<'a> {
    names: Names<'a>,
    view: &'a View,
    zone: &'a HostedZone,
}

impl Here<'_> {
    /// What is answered of the sets at a name, with the seconds that it may be kept.
    fn records(&self, sets: &[RecordSet], turn: u32) -> Vec<(u32, RData)> {
        let mut kinds: Vec<RecordKind> = sets.iter().map(|set| set.kind).collect();
        kinds.sort();
        kinds.dedup();
        kinds.into_iter().flat_map(|kind| self.records_of(sets, kind, turn, CHAIN)).collect()
    }

    fn records_of(&self, sets: &[RecordSet], kind: RecordKind, turn: u32, chain: usize) -> Vec<(u32, RData)> {
        let Some(set) = chosen(sets, kind, turn) else { return Vec::new() };
        let of = |value: &RecordValue| match value {
            RecordValue::Alias(target) => self.alias(target, kind, turn, chain),
            value => rdata(kind, value).map(|data| (set.ttl, data)).into_iter().collect(),
        };
        picked(set, turn).flat_map(of).collect()
    }

    /// What an alias leads to; the seconds are those of the other name.
    fn alias(&self, target: &str, kind: RecordKind, turn: u32, chain: usize) -> Vec<(u32, RData)> {
        if let Some(sets) = self.zone.find(target).filter(|_| chain > 0) {
            return self.records_of(sets, kind, next(turn), chain - 1);
        }
        match zone::find(self.names.topology, self.view, target) {
            Some(found @ Data::Addresses(_)) => {
                let wanted = |data: &RData| match kind {
                    RecordKind::A => data.record_type() == RecordType::A,
                    RecordKind::Aaaa => data.record_type() == RecordType::AAAA,
                    _ => false,
                };
                data(found).into_iter().filter(wanted).map(|data| (TTL, data)).collect()
            }
            _ => Vec::new(),
        }
    }

    /// Adds the addresses of hosts that the answer names (RFC 2782), which a server of the zone knows.
    fn hosts(&self, turn: u32, reply: &mut Message) {
        let mut found = Vec::new();
        for record in &reply.answers {
            let RData::SRV(srv) = &record.data else { continue };
            let sets = super::plain(&srv.target).and_then(|name| self.zone.names.get(&name));
            let Some(set) = sets.and_then(|sets| chosen(sets, RecordKind::A, turn)) else { continue };
            let values = set.values.iter().filter_map(|value| match value {
                RecordValue::Address(address) => Some(RData::A((*address).into())),
                _ => None,
            });
            found.extend(values.map(|data| Record::from_rdata(srv.target.clone(), set.ttl, data)));
        }
        reply.add_additionals(found);
    }
}

/// A value as it goes over the wire; none of an alias, which has no records of its own.
fn rdata(kind: RecordKind, value: &RecordValue) -> Option<RData> {
    Some(match value {
        RecordValue::Address(address) => RData::A((*address).into()),
        RecordValue::AddressV6(address) => RData::AAAA((*address).into()),
        RecordValue::Service { priority, weight, port, host } => {
            RData::SRV(SRV::new(*priority, *weight, *port, absolute(host)?))
        }
        RecordValue::Mail(preference, host) => RData::MX(MX::new(*preference, absolute(host)?)),
        RecordValue::Name(name) => match kind {
            RecordKind::Ns => RData::NS(NS(absolute(name)?)),
            RecordKind::Ptr => RData::PTR(PTR(absolute(name)?)),
            _ => RData::CNAME(CNAME(absolute(name)?)),
        },
        RecordValue::Text(strings) => RData::TXT(TXT::from_bytes(strings.iter().map(Vec::as_slice).collect())),
        RecordValue::Authority { flags, tag, value } => {
            // RFC 8659, section 4.1.
            let length = u8::try_from(tag.len()).ok()?;
            let bytes = [&[*flags, length], tag.as_bytes(), value].concat();
            RData::Unknown { code: RecordType::CAA, rdata: NULL::with(bytes) }
        }
        RecordValue::Alias(_) => return None,
    })
}

fn soa(zone: &HostedZone) -> Option<RData> {
    let vpc::Soa { server, mailbox, serial, refresh, retry, expire, minimum } = &zone.soa;
    let (server, mailbox) = (absolute(server)?, absolute(mailbox)?);
    Some(RData::SOA(SOA::new(server, mailbox, *serial, *refresh, *retry, *expire, *minimum)))
}

/// Who says that there is nothing, and for how long that may be believed (RFC 2308): the least of the record's own seconds and its last
/// number.
fn nothing(apex: &str, zone: &HostedZone) -> Option<Record> {
    Some(Record::from_rdata(absolute(apex)?, zone.soa_ttl.min(zone.soa.minimum), soa(zone)?))
}
