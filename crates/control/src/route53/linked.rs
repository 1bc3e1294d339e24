//! Every hosted zone there is: those made here, and those of AWS Cloud Map. A private DNS namespace is a private hosted zone that can only be
//! managed through AWS Cloud Map ("Creating namespaces", AWS Cloud Map Developer Guide).

use super::{bare, name};
use crate::{
    State, Tx,
    servicediscovery::{self, named_records},
    state::{HostedZone, Namespace, NamespaceKind, Record, RecordData, RecordRouting, ResourceRecordSet, Tags},
};
use aws::{
    api::route53::{LinkedService, RRType},
    fault::Fault,
};
use std::borrow::Cow;
use vpc::VpcId;

/// The servers of every private zone.
pub(crate) const PRIVATE_SERVERS: [&str; 4] =
    ["ns-1536.awsdns-00.co.uk", "ns-0.awsdns-00.com", "ns-1024.awsdns-00.org", "ns-512.awsdns-00.net"];
/// Seconds that the NS and SOA records of a zone may be kept ("SOA and NS records that Amazon Route 53 creates for a public hosted zone",
/// Amazon Route 53 Developer Guide).
const NS_TTL: u32 = 172_800;
const SOA_TTL: u32 = 900;

const DIGITS: &[u8] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";

/// Digits and capital letters for an id.
pub(super) fn random(tx: &mut Tx<'_>, length: usize) -> String {
    let digit = |number: u64| char::from(DIGITS.get((number % 36) as usize).copied().unwrap_or(b'0'));
    (0..length).map(|_| digit(tx.draw() >> 16)).collect()
}

/// The id of a new hosted zone, such as `Z06752353VBUDTC32S84S`.
pub(crate) fn zone_id(tx: &mut Tx<'_>) -> String {
    format!("Z{}", random(tx, 20))
}

/// A hosted zone, whoever manages it.
pub(super) struct Found<'a> {
    /// The zone.
    pub(super) zone: Cow<'a, HostedZone>,
    /// The namespace of AWS Cloud Map that it is of.
    pub(super) namespace: Option<&'a Namespace>,
}

impl<'a> Found<'a> {
    fn own(zone: &'a HostedZone) -> Self {
        Self { zone: Cow::Borrowed(zone), namespace: None }
    }

    fn linked(namespace: &'a Namespace) -> Option<Self> {
        let NamespaceKind::PrivateDns { vpc, hosted_zone, .. } = &namespace.kind else { return None };
        let zone = HostedZone {
            id: hosted_zone.clone(),
            name: namespace.name.to_ascii_lowercase(),
            caller_reference: namespace.creator_request_id.clone(),
            comment: namespace.description.clone(),
            vpcs: [vpc.clone()].into(),
            servers: PRIVATE_SERVERS.map(str::to_owned).into(),
            created_at: namespace.created_at,
            tags: Tags::new(),
        };
        Some(Self { zone: Cow::Owned(zone), namespace: Some(namespace) })
    }

    /// The service that manages it, if the user doesn't.
    pub(super) fn service(&self, state: &State) -> Option<LinkedService> {
        self.namespace.map(|namespace| LinkedService {
            service_principal: Some("servicediscovery.amazonaws.com".to_owned()),
            description: Some(servicediscovery::namespace_arn(&state.region, &namespace.id)),
        })
    }

    /// Its record sets in the order they are listed in.
    pub(super) fn sets(&self, state: &'a State) -> Vec<Cow<'a, ResourceRecordSet>> {
        let Some(namespace) = self.namespace else {
            let prefix = ResourceRecordSet::prefix(&self.zone.id);
            return state.record_sets.prefixed(&prefix).map(Cow::Borrowed).collect();
        };
        let mut sets = required(&self.zone);
        if let NamespaceKind::PrivateDns { soa_ttl, .. } = &namespace.kind {
            for set in sets.iter_mut().filter(|set| set.kind == RRType::Soa) {
                if let RecordData::Values { ttl, .. } = &mut set.data {
                    *ttl = *soa_ttl;
                }
            }
        }
        sets.extend(named_records(state, namespace, &self.zone.id));
        sets.sort_by_key(Record::key);
        sets.into_iter().map(Cow::Owned).collect()
    }

    /// How many record sets it has.
    pub(super) fn count(&self, state: &State) -> usize {
        match self.namespace {
            None => state.record_sets.prefixed(&ResourceRecordSet::prefix(&self.zone.id)).count(),
            Some(_) => self.sets(state).len(),
        }
    }
}

/// The record sets that every zone has: its name servers, and who it is of.
pub(super) fn required(zone: &HostedZone) -> Vec<ResourceRecordSet> {
    let set = |kind, ttl, values| ResourceRecordSet {
        zone: zone.id.clone(),
        name: zone.name.clone(),
        kind,
        identifier: None,
        routing: RecordRouting::Simple,
        data: RecordData::Values { ttl, values },
    };
    let first = zone.servers.first().map(String::as_str).unwrap_or_default();
    let soa = format!("{first}. awsdns-hostmaster.amazon.com. 1 7200 900 1209600 86400");
    let servers = zone.servers.iter().map(|server| format!("{server}.")).collect();
    vec![set(RRType::Ns, NS_TTL, servers), set(RRType::Soa, SOA_TTL, vec![soa])]
}

/// Every zone.
pub(super) fn all(state: &State) -> impl Iterator<Item = Found<'_>> {
    state.hosted_zones.iter().map(Found::own).chain(state.namespaces.iter().filter_map(Found::linked))
}

/// The zone of that id.
///
/// # Errors
/// `NoSuchHostedZone`.
pub(super) fn find<'a>(state: &'a State, id: &str) -> Result<Found<'a>, Fault> {
    let id = bare(id);
    let linked = || state.namespaces.iter().filter_map(Found::linked).find(|found| found.zone.id == id);
    let found = state.hosted_zones.get(id).map(Found::own).or_else(linked);
    found.ok_or_else(|| Fault::new("NoSuchHostedZone", format!("No hosted zone found with ID: {id}")))
}

/// Why a VPC can't be associated with one more zone of a name: it is with another one of the same name.
pub(crate) fn conflict(state: &State, vpc: &VpcId, of: &str) -> Option<String> {
    let taken = all(state).find(|found| found.zone.vpcs.contains(vpc) && found.zone.name.eq_ignore_ascii_case(of))?;
    let (region, id) = (&state.region.name, &taken.zone.id);
    Some(format!(
        "The VPC {vpc} in region {region} has already been associated with the hosted zone {id} with the same domain name."
    ))
}

/// What zones are listed by name in the order of.
pub(super) fn order(zone: &HostedZone) -> (String, String) {
    (name::reversed(&zone.name), zone.id.clone())
}
