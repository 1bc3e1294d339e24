//! What is said of one zone.

use super::{own, shown_vpc};
use crate::{
    State, Tx, View,
    route53::{
        linked::{self, Found},
        name,
    },
    state::HostedZone,
};
use aws::{
    api::route53::{
        self as api, DNSSECStatus, DelegationSet, GetDNSSECRequest, GetDNSSECResponse, GetHostedZoneCountRequest,
        GetHostedZoneCountResponse, GetHostedZoneRequest, GetHostedZoneResponse, HostedZoneConfig,
        UpdateHostedZoneCommentRequest, UpdateHostedZoneCommentResponse,
    },
    fault::Fault,
};

/// A zone as AWS shows it.
pub(super) fn zone(state: &State, found: &Found<'_>) -> api::HostedZone {
    let HostedZone { id, name, caller_reference, comment, .. } = found.zone.as_ref();
    api::HostedZone {
        id: Some(format!("/hostedzone/{id}")),
        name: Some(name::shown(name)),
        caller_reference: Some(caller_reference.clone()),
        config: Some(HostedZoneConfig { comment: comment.clone(), private_zone: Some(found.zone.is_private()) }),
        resource_record_set_count: i64::try_from(found.count(state)).ok(),
        linked_service: found.service(state),
        features: None,
    }
}

/// The servers of a public zone.
pub(super) fn delegation_set(zone: &HostedZone) -> Option<DelegationSet> {
    let servers = Some(zone.servers.clone()).filter(|_| !zone.is_private())?;
    Some(DelegationSet { id: None, caller_reference: None, name_servers: Some(servers) })
}

/// `GetHostedZone`.
pub(in crate::route53) fn get(view: &View<'_>, request: GetHostedZoneRequest) -> Result<GetHostedZoneResponse, Fault> {
    let found = linked::find(view.state, &request.id)?;
    let vpcs: Vec<_> = found.zone.vpcs.iter().map(|vpc| shown_vpc(view.state, vpc)).collect();
    Ok(GetHostedZoneResponse {
        hosted_zone: Some(zone(view.state, &found)),
        delegation_set: delegation_set(&found.zone),
        vp_cs: Some(vpcs).filter(|vpcs| !vpcs.is_empty()),
    })
}

/// `GetHostedZoneCount`.
pub(in crate::route53) fn count(
    view: &View<'_>,
    GetHostedZoneCountRequest {}: GetHostedZoneCountRequest,
) -> Result<GetHostedZoneCountResponse, Fault> {
    Ok(GetHostedZoneCountResponse { hosted_zone_count: i64::try_from(linked::all(view.state).count()).ok() })
}

/// `GetDNSSEC`: no zone is signed.
pub(in crate::route53) fn dnssec(view: &View<'_>, request: GetDNSSECRequest) -> Result<GetDNSSECResponse, Fault> {
    if linked::find(view.state, &request.hosted_zone_id)?.zone.is_private() {
        return Err(Fault::new("InvalidArgument", "Operation is unsupported for private hosted zones."));
    }
    let status = DNSSECStatus { serve_signature: Some("NOT_SIGNING".to_owned()), status_message: None };
    Ok(GetDNSSECResponse { status: Some(status), key_signing_keys: Some(Vec::new()) })
}

/// `UpdateHostedZoneComment`.
pub(in crate::route53) fn update_comment(
    tx: &mut Tx<'_>,
    request: UpdateHostedZoneCommentRequest,
) -> Result<UpdateHostedZoneCommentResponse, Fault> {
    let UpdateHostedZoneCommentRequest { id, comment } = request;
    let id = own(&tx.state, &id)?.id.clone();
    tx.state.hosted_zones.update(&id, |zone| zone.comment = comment.filter(|comment| !comment.is_empty()));
    let found = linked::find(&tx.state, &id)?;
    Ok(UpdateHostedZoneCommentResponse { hosted_zone: Some(zone(&tx.state, &found)) })
}
