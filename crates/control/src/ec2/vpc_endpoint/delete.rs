//! DeleteVpcEndpoints.

use super::{get, routes};
use crate::{
    Tx,
    ec2::parameter::{done, missing},
    state::{Lifecycle, VpcEndpoint, VpcEndpointKind},
};
use aws::{
    api::ec2::{DeleteVpcEndpointsRequest, DeleteVpcEndpointsResult, UnsuccessfulItem, UnsuccessfulItemError},
    fault::Fault,
};

/// DeleteVpcEndpoints. Those that can't be deleted are told of and don't keep the others. An endpoint is `deleting` until no host
/// has it any more.
pub(in crate::ec2) fn delete(
    tx: &mut Tx<'_>,
    input: DeleteVpcEndpointsRequest,
) -> Result<DeleteVpcEndpointsResult, Fault> {
    let DeleteVpcEndpointsRequest { dry_run, vpc_endpoint_ids } = input;
    if vpc_endpoint_ids.is_empty() {
        return Err(missing("VpcEndpointId"));
    }
    let mut unsuccessful = Vec::new();
    for id in vpc_endpoint_ids {
        match get(&tx.state, &id).cloned() {
            Ok(endpoint) => withdraw(tx, endpoint),
            Err(Fault { code, message, .. }) => {
                // In lists of what was not deleted, AWS names the error by another code.
                let code = code.replace("InvalidVpcEndpointId.NotFound", "InvalidVpcEndpoint.NotFound");
                let error = UnsuccessfulItemError { code: Some(code), message: Some(message) };
                unsuccessful.push(UnsuccessfulItem { error: Some(error), resource_id: Some(id) });
            }
        }
    }
    done(dry_run, DeleteVpcEndpointsResult { unsuccessful: Some(unsuccessful) })
}

fn withdraw(tx: &mut Tx<'_>, endpoint: VpcEndpoint) {
    if matches!(endpoint.state, Lifecycle::Deleting | Lifecycle::Deleted) {
        return;
    }
    // Interfaces are described until no host has them; then they go with the endpoint.
    if let VpcEndpointKind::Gateway { route_tables } = &endpoint.kind {
        route_tables.iter().for_each(|table| routes::remove(tx, &endpoint.id, table));
    }
    let revision = tx.state.revision + 1;
    tx.state.vpc_endpoints.update(&endpoint.id, |endpoint| {
        (endpoint.state, endpoint.since) = (Lifecycle::Deleting, revision);
    });
}
