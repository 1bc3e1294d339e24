//! Who a domain belongs to is shown by a record in its zone ("DNS validation", AWS Certificate Manager User Guide). Every public hosted zone
//! of the region counts as delegated, so that is where the records are looked for.

use super::users;
use crate::{
    State, Tx,
    state::{Certificate, CertificateRequest, HostedZone, RecordData, Renewal, RequestEnd, ResourceRecordSet},
};
use aws::{
    api::{
        acm::{DomainStatus, DomainValidation, RecordType, RenewalStatus, ResourceRecord, ValidationMethod},
        route53::RRType,
    },
    doc::Timestamp,
};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// How long a certificate waits for its records: 72 hours ("DNS validation").
pub(super) const PATIENCE_MILLIS: i64 = 72 * 3_600_000;
/// How long before its end a certificate is renewed: 45 days ("Renewal for domains validated by DNS").
const RENEWAL_MILLIS: i64 = 45 * 24 * 3_600_000;
/// Digits of each half of a record.
const DIGITS: usize = 16;

/// A record: names without dots at their ends.
struct Cname {
    name: String,
    value: String,
}

/// The record of a name: the same for each certificate of the account, and for a wildcard and the domain it is under.
fn record(state: &State, name: &str) -> Cname {
    let domain = name.strip_prefix("*.").unwrap_or(name);
    let digest = Sha256::digest(format!("{} {domain}", state.region.account));
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let (one, other) = digest.split_at(DIGITS);
    Cname { name: format!("_{}.{domain}", hex(one)), value: format!("_{}.acm-validations.aws", hex(other)) }
}

/// What is known of each of a certificate's names.
pub(super) fn domains(state: &State, of: &CertificateRequest) -> Vec<DomainValidation> {
    let is_over = of.ended.is_some();
    let shown = |Cname { name, value }: Cname| ResourceRecord {
        name: Some(format!("{name}.")),
        r#type: Some(RecordType::Cname),
        value: Some(format!("{value}.")),
    };
    let domain = |name: &String| DomainValidation {
        domain_name: Some(name.clone()),
        validation_domain: Some(of.validation_domains.get(name).unwrap_or(name).clone()),
        validation_status: Some(match of.validated.contains(name) {
            true => DomainStatus::Success,
            false if is_over => DomainStatus::Failed,
            false => DomainStatus::PendingValidation,
        }),
        resource_record: Some(shown(record(state, name))),
        validation_method: Some(ValidationMethod::Dns),
        ..DomainValidation::default()
    };
    of.names.iter().map(domain).collect()
}

/// Keeps true: a certificate is due to be issued when all its records are there, and in time before its end if it is used.
pub fn run(tx: &mut Tx<'_>) {
    let state = tx.state.clone();
    let waits = |of: &&Certificate| of.requested.as_ref().is_some_and(|of| is_waiting(of, tx.now));
    let waiting: Vec<&Certificate> = state.certificates.iter().filter(waits).collect();
    if waiting.is_empty() {
        return;
    }
    let zones = delegated(&state);
    for of in waiting {
        let Some(mut requested) = of.requested.clone() else { continue };
        let found = requested.names.iter().filter(|name| is_there(&state, &zones, name)).cloned();
        match requested.not_after {
            None => {
                requested.validated.extend(found);
                requested.due = requested.names.iter().all(|name| requested.validated.contains(name));
            }
            Some(end) => {
                requested.validated = found.collect();
                renew(&state, of, &mut requested, end, tx.now);
            }
        }
        tx.state.certificates.update(&of.id, |certificate| certificate.requested = Some(requested));
    }
}

/// Whether something may become of a certificate by itself now: it waits for its records, or is near its end.
fn is_waiting(of: &CertificateRequest, now: Timestamp) -> bool {
    let is_near = |end: Timestamp| end.millis - now.millis <= RENEWAL_MILLIS;
    of.ended.is_none() && !of.due && of.not_after.is_none_or(is_near)
}

/// Decides whether one that is near its end is issued anew.
fn renew(state: &State, of: &Certificate, requested: &mut CertificateRequest, end: Timestamp, now: Timestamp) {
    let is_used = users(state, &super::arn(state, of)).next().is_some();
    let began = requested.renewal.is_some_and(|renewal| renewal.updated.millis > end.millis - RENEWAL_MILLIS);
    let status = if end < now {
        // What was never to be renewed has just expired.
        began.then_some(RenewalStatus::Failed)
    } else if !is_used {
        None
    } else if requested.validated.len() == requested.names.len() {
        Some(RenewalStatus::PendingAutoRenewal)
    } else {
        Some(RenewalStatus::PendingValidation)
    };
    let Some(status) = status else { return };
    requested.due = status == RenewalStatus::PendingAutoRenewal;
    if !began || requested.renewal.is_none_or(|before| before.status != status) {
        requested.renewal = Some(Renewal { status, updated: now });
    }
}

/// Gives up waiting for the records of a certificate.
pub(crate) fn time_out(tx: &mut Tx<'_>, id: &str) {
    tx.state.certificates.update(id, |certificate| {
        let open = certificate.requested.as_mut().filter(|of| of.not_after.is_none() && of.ended.is_none() && !of.due);
        if let Some(requested) = open {
            requested.ended = Some(RequestEnd::TimedOut);
        }
    });
}

/// The zones that names of the world are looked up in. Of several with one name the oldest is the one that was delegated to.
fn delegated(state: &State) -> BTreeMap<&str, &HostedZone> {
    let mut all: Vec<&HostedZone> = state.hosted_zones.iter().filter(|zone| !zone.is_private()).collect();
    all.sort_by_key(|zone| zone.created_at);
    // Later entries win, so that the oldest comes last.
    all.into_iter().rev().map(|zone| (zone.name.as_str(), zone)).collect()
}

/// Whether the record of a name is in the zone that its own name is in.
fn is_there(state: &State, zones: &BTreeMap<&str, &HostedZone>, name: &str) -> bool {
    let Cname { name, value: wanted } = record(state, name);
    let above = std::iter::successors(Some(name.as_str()), |name| name.split_once('.').map(|(_, rest)| rest));
    let Some(zone) = above.into_iter().find_map(|name| zones.get(name)) else { return false };
    let prefix = ResourceRecordSet::prefix_at(&zone.id, &name);
    let is_wanted = |value: &String| value.strip_suffix('.').unwrap_or(value).eq_ignore_ascii_case(&wanted);
    state.record_sets.prefixed(&prefix).any(|set| {
        let values = match &set.data {
            RecordData::Values { values, .. } => values.as_slice(),
            RecordData::Alias { .. } => &[],
        };
        set.kind == RRType::Cname && values.iter().any(is_wanted)
    })
}
