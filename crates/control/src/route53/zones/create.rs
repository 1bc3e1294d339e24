//! `CreateHostedZone`.

use super::{describe, shown_vpc, vpc_of};
use crate::{
    State, Tx,
    route53::{
        changes, invalid,
        linked::{self, PRIVATE_SERVERS},
        name, unsupported,
    },
    state::{HostedZone, Tags},
};
use aws::{
    api::route53::{CreateHostedZoneRequest, CreateHostedZoneResponse, HostedZoneConfig},
    fault::Fault,
};
use vpc::names::private_domain;

/// Zones of an account ("Quotas", Amazon Route 53 Developer Guide).
const MOST: usize = 500;

/// `CreateHostedZone`.
pub(in crate::route53) fn create(
    tx: &mut Tx<'_>,
    request: CreateHostedZoneRequest,
) -> Result<CreateHostedZoneResponse, Fault> {
    let CreateHostedZoneRequest { name, vpc, caller_reference, hosted_zone_config, delegation_set_id } = request;
    let HostedZoneConfig { comment, private_zone } =
        hosted_zone_config.unwrap_or(HostedZoneConfig { comment: None, private_zone: None });
    let name = name::read(&name).map_err(|why| Fault::new("InvalidDomainName", why))?;
    if name.contains('*') {
        return Err(Fault::new("InvalidDomainName", format!("{name} is not a valid domain name")));
    }
    if let Some(id) = delegation_set_id {
        let message = format!("No reusable delegation set found with ID: {id}. neargate does not support any.");
        return Err(Fault::new("NoSuchDelegationSet", message));
    }
    let vpc = vpc.map(|vpc| vpc_of(&tx.state, &vpc)).transpose()?;
    match (&vpc, private_zone) {
        (None, Some(true)) => {
            let why = "When you're creating a private hosted zone, you must specify values for VPCId and VPCRegion.";
            return Err(invalid(why));
        }
        (None, _) => check_public(&tx.state, &name)?,
        (Some(vpc), _) => {
            if let Some(why) = linked::conflict(&tx.state, vpc, &name) {
                return Err(Fault::new("ConflictingDomainExists", why));
            }
        }
    }
    if tx.state.hosted_zones.iter().any(|zone| zone.caller_reference == caller_reference) {
        let why = "A hosted zone has already been created with the specified caller reference.";
        return Err(Fault::new("HostedZoneAlreadyExists", why));
    }
    if tx.state.hosted_zones.len() >= MOST {
        let why = "Limits Exceeded: MAX_HOSTED_ZONES_BY_OWNER - Cannot create more hosted zones.";
        return Err(Fault::new("TooManyHostedZones", why));
    }
    let servers = match &vpc {
        Some(_) => PRIVATE_SERVERS.map(str::to_owned).into(),
        None => delegation_set(tx),
    };
    let zone = HostedZone {
        id: linked::zone_id(tx),
        name,
        caller_reference,
        comment: comment.filter(|comment| !comment.is_empty()),
        vpcs: vpc.iter().cloned().collect(),
        servers,
        created_at: tx.now,
        tags: Tags::new(),
    };
    for set in linked::required(&zone) {
        tx.state.record_sets.put(set);
    }
    tx.state.hosted_zones.put(zone.clone());
    let found = linked::find(&tx.state, &zone.id)?;
    let shown = describe::zone(&tx.state, &found);
    Ok(CreateHostedZoneResponse {
        hosted_zone: Some(shown),
        change_info: Some(changes::begin(tx, None)?),
        delegation_set: describe::delegation_set(&zone),
        vpc: vpc.map(|vpc| shown_vpc(&tx.state, &vpc)),
        location: Some(format!("https://route53.amazonaws.com/2013-04-01/hostedzone/{}", zone.id)),
    })
}

/// Refuses a public zone of a name that nobody could have registered, or that resolvers answer AWS's own names in.
fn check_public(state: &State, name: &str) -> Result<(), Fault> {
    if name::is_in(name, "in-addr.arpa") {
        return Err(unsupported("public hosted zones for reverse DNS"));
    }
    let private = private_domain(&state.region.name);
    let reserved = !name.contains('.') || name::is_in(name, "amazonaws.com") || name::is_in(name, &private);
    match reserved {
        true => Err(Fault::new("InvalidDomainName", format!("{name} is reserved by AWS!"))),
        false => Ok(()),
    }
}

/// Four name servers, one of each top-level domain: numbers of 512 each, in 64 domains.
fn delegation_set(tx: &mut Tx<'_>) -> Vec<String> {
    let domains = [("co.uk", 1536), ("com", 0), ("org", 1024), ("net", 512)];
    let server = |(domain, first): (&str, u64)| {
        let place = (tx.draw() >> 16) % 512;
        format!("ns-{}.awsdns-{:02}.{domain}", first + place, place / 8)
    };
    domains.map(server).into()
}
