//! `DeleteHostedZone`.

use super::own;
use crate::{
    Tx,
    route53::changes,
    state::{Record, ResourceRecordSet},
};
use aws::{
    api::route53::{DeleteHostedZoneRequest, DeleteHostedZoneResponse, RRType},
    fault::Fault,
};

/// `DeleteHostedZone`: of its record sets only those may be left that every zone has.
pub(in crate::route53) fn delete(
    tx: &mut Tx<'_>,
    request: DeleteHostedZoneRequest,
) -> Result<DeleteHostedZoneResponse, Fault> {
    let zone = own(&tx.state, &request.id)?.clone();
    let prefix = ResourceRecordSet::prefix(&zone.id);
    let required = |set: &ResourceRecordSet| set.name == zone.name && matches!(set.kind, RRType::Ns | RRType::Soa);
    if !tx.state.record_sets.prefixed(&prefix).all(required) {
        let why = "The specified hosted zone contains non-required resource record sets and so cannot be deleted.";
        return Err(Fault::new("HostedZoneNotEmpty", why));
    }
    let keys: Vec<String> = tx.state.record_sets.prefixed(&prefix).map(Record::key).collect();
    for key in keys {
        tx.state.record_sets.remove(&key);
    }
    tx.state.hosted_zones.remove(&zone.id);
    Ok(DeleteHostedZoneResponse { change_info: Some(changes::begin(tx, None)?) })
}
