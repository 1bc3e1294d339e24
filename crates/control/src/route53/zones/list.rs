//! Lists of zones.

use super::describe::zone;
use crate::{
    View,
    route53::{
        bare, invalid,
        linked::{self, Found},
        name,
        page::{of_zones, split},
    },
};
use aws::{
    api::route53::{
        HostedZoneOwner, HostedZoneSummary, ListHostedZonesByNameRequest, ListHostedZonesByNameResponse,
        ListHostedZonesByVPCRequest, ListHostedZonesByVPCResponse, ListHostedZonesRequest, ListHostedZonesResponse,
    },
    fault::Fault,
};
use vpc::VpcId;

/// `ListHostedZones`, in the order of ids.
pub(in crate::route53) fn list(
    view: &View<'_>,
    request: ListHostedZonesRequest,
) -> Result<ListHostedZonesResponse, Fault> {
    let ListHostedZonesRequest { marker, max_items, delegation_set_id, hosted_zone_type } = request;
    if let Some(id) = delegation_set_id {
        return Err(Fault::new("NoSuchDelegationSet", format!("No reusable delegation set found with ID: {id}")));
    }
    let size = of_zones(max_items.as_deref())?;
    let from = marker.as_deref().map(bare).unwrap_or_default();
    let private_only = hosted_zone_type.is_some();
    let wanted = |found: &Found<'_>| found.zone.id.as_str() >= from && (found.zone.is_private() || !private_only);
    let mut all: Vec<Found<'_>> = linked::all(view.state).filter(wanted).collect();
    all.sort_by(|a, b| a.zone.id.cmp(&b.zone.id));
    let (page, next) = split(all.into_iter(), size);
    Ok(ListHostedZonesResponse {
        hosted_zones: Some(page.iter().map(|found| zone(view.state, found)).collect()),
        marker,
        is_truncated: Some(next.is_some()),
        next_marker: next.map(|found| found.zone.id.clone()),
        max_items: Some(size.to_string()),
    })
}

/// `ListHostedZonesByName`, in the order of names from their ends.
pub(in crate::route53) fn by_name(
    view: &View<'_>,
    request: ListHostedZonesByNameRequest,
) -> Result<ListHostedZonesByNameResponse, Fault> {
    let ListHostedZonesByNameRequest { dns_name, hosted_zone_id, max_items } = request;
    let size = of_zones(max_items.as_deref())?;
    let first = dns_name.as_deref().map(name::read).transpose();
    let first = first.map_err(|why| Fault::new("InvalidDomainName", why))?;
    if first.is_none() && hosted_zone_id.is_some() {
        return Err(invalid("The DNSName must be specified when HostedZoneId is specified."));
    }
    let id = hosted_zone_id.as_deref().map(bare).unwrap_or_default().to_owned();
    let from = (first.map(|first| name::reversed(&first)).unwrap_or_default(), id);
    let wanted = |found: &Found<'_>| linked::order(&found.zone) >= from;
    let mut all: Vec<Found<'_>> = linked::all(view.state).filter(wanted).collect();
    all.sort_by_key(|found| linked::order(&found.zone));
    let (page, next) = split(all.into_iter(), size);
    Ok(ListHostedZonesByNameResponse {
        hosted_zones: Some(page.iter().map(|found| zone(view.state, found)).collect()),
        dns_name,
        hosted_zone_id,
        is_truncated: Some(next.is_some()),
        next_dns_name: next.as_ref().map(|found| name::shown(&found.zone.name)),
        next_hosted_zone_id: next.map(|found| found.zone.id.clone()),
        max_items: Some(size.to_string()),
    })
}

/// `ListHostedZonesByVPC`, in the order of ids, which are the tokens.
pub(in crate::route53) fn by_vpc(
    view: &View<'_>,
    request: ListHostedZonesByVPCRequest,
) -> Result<ListHostedZonesByVPCResponse, Fault> {
    let ListHostedZonesByVPCRequest { vpc_id, vpc_region, max_items, next_token } = request;
    let size = of_zones(max_items.as_deref())?;
    let (vpc, here) = (VpcId::from(vpc_id), vpc_region.as_str() == view.state.region.name);
    let from = next_token.unwrap_or_default();
    let wanted = |found: &Found<'_>| here && found.zone.vpcs.contains(&vpc) && found.zone.id >= from;
    let mut all: Vec<Found<'_>> = linked::all(view.state).filter(wanted).collect();
    all.sort_by(|a, b| a.zone.id.cmp(&b.zone.id));
    let (page, next) = split(all.into_iter(), size);
    // A zone is its account's or that of the service that manages it.
    let summary = |found: &Found<'_>| {
        let service = found.service(view.state).and_then(|service| service.service_principal);
        let account = Some(view.state.region.account.clone()).filter(|_| service.is_none());
        HostedZoneSummary {
            hosted_zone_id: Some(found.zone.id.clone()),
            name: Some(name::shown(&found.zone.name)),
            owner: Some(HostedZoneOwner { owning_account: account, owning_service: service }),
        }
    };
    Ok(ListHostedZonesByVPCResponse {
        hosted_zone_summaries: Some(page.iter().map(summary).collect()),
        max_items: Some(size.to_string()),
        next_token: next.map(|found| found.zone.id.clone()),
    })
}
