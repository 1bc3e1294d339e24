//! What neargate does not have and clients ask about all the same: IPv6 and egress-only internet gateways. Making one is refused by name;
//! of what can't be there, there is none.

use super::{describe::page, filter::Filters, parameter::done};
use crate::{Tx, View};
use aws::{
    api::ec2::{
        DeleteEgressOnlyInternetGatewayRequest, DeleteEgressOnlyInternetGatewayResult,
        DescribeEgressOnlyInternetGatewaysRequest, DescribeEgressOnlyInternetGatewaysResult, EgressOnlyInternetGateway,
    },
    fault::Fault,
    shape::Operation,
};

/// Refuses an operation by its name, whatever it is asked for.
pub(super) fn whole<O: Operation>(_: &mut Tx<'_>, _: O::Input) -> Result<O::Output, Fault> {
    let message = format!("The operation {} is not supported by neargate.", O::NAME);
    Err(Fault::new("UnsupportedOperation", message))
}

/// DescribeEgressOnlyInternetGateways: there are none. Only tags can be filtered by.
pub(super) fn describe_egress_only(
    _: &View<'_>,
    input: DescribeEgressOnlyInternetGatewaysRequest,
) -> Result<DescribeEgressOnlyInternetGatewaysResult, Fault> {
    let DescribeEgressOnlyInternetGatewaysRequest {
        dry_run,
        egress_only_internet_gateway_ids,
        max_results,
        next_token,
        filters,
    } = input;
    Filters::<EgressOnlyInternetGateway>::read(filters, &[])?;
    if let Some(id) = egress_only_internet_gateway_ids.iter().flatten().next() {
        return Err(no_egress_only(id));
    }
    let (egress_only_internet_gateways, next_token) = page(Vec::new(), |_| String::new(), max_results, next_token)?;
    done(dry_run, DescribeEgressOnlyInternetGatewaysResult { egress_only_internet_gateways, next_token })
}

/// DeleteEgressOnlyInternetGateway: there are none.
pub(super) fn delete_egress_only(
    _: &mut Tx<'_>,
    input: DeleteEgressOnlyInternetGatewayRequest,
) -> Result<DeleteEgressOnlyInternetGatewayResult, Fault> {
    // Whether it is only to be tried makes no difference to the refusal.
    let DeleteEgressOnlyInternetGatewayRequest { dry_run: _, egress_only_internet_gateway_id } = input;
    Err(no_egress_only(&egress_only_internet_gateway_id))
}

fn no_egress_only(id: &str) -> Fault {
    match id.starts_with("eigw-") {
        true => Fault::new(
            "InvalidEgressOnlyInternetGatewayId.NotFound",
            format!("The egressOnlyInternetGateway ID '{id}' does not exist"),
        ),
        false => Fault::new(
            "InvalidEgressOnlyInternetGatewayId.Malformed",
            format!("Invalid id: \"{id}\" (expecting \"eigw-...\")"),
        ),
    }
}
