//! Amazon Route 53: hosted zones, public and private, and their record sets.
//!
//! This file is the routing table. What resolvers are told of it all, and of AWS Cloud Map's names, is in [`zones`](zones()). Absent: health
//! checks, routing by latency, place or client, traffic policies, DNSSEC, reusable delegation sets, zones shared with other accounts,
//! registration of domains: every public zone counts as delegated.

mod changes;
mod linked;
mod name;
mod page;
mod records;
mod tags;
mod told;
mod zones;

#[cfg(test)]
mod tests;

pub(crate) use changes::{awaited, run};
pub(crate) use linked::{PRIVATE_SERVERS, conflict, zone_id};
pub use told::zones;

use crate::Service;
use aws::{
    api::route53::{API, op},
    fault::Fault,
};

/// The routing table.
pub fn service() -> Service {
    Service::new(&API)
        .write(op::CreateHostedZone, zones::create::create)
        .read(op::GetHostedZone, zones::describe::get)
        .read(op::GetHostedZoneCount, zones::describe::count)
        .read(op::GetDNSSEC, zones::describe::dnssec)
        .read(op::ListHostedZones, zones::list::list)
        .read(op::ListHostedZonesByName, zones::list::by_name)
        .read(op::ListHostedZonesByVPC, zones::list::by_vpc)
        .write(op::UpdateHostedZoneComment, zones::describe::update_comment)
        .write(op::DeleteHostedZone, zones::delete::delete)
        .write(op::AssociateVPCWithHostedZone, zones::vpcs::associate)
        .write(op::DisassociateVPCFromHostedZone, zones::vpcs::disassociate)
        .write(op::ChangeResourceRecordSets, records::change::change)
        .read(op::ListResourceRecordSets, records::list::list)
        .read(op::GetChange, changes::get)
        .read(op::ListTagsForResource, tags::list)
        .read(op::ListTagsForResources, tags::list_several)
        .write(op::ChangeTagsForResource, tags::change)
}

/// A value that can't be right.
fn invalid(message: impl Into<String>) -> Fault {
    Fault::new("InvalidInput", message)
}

/// Something of Amazon Route 53's that neargate does not have.
fn unsupported(what: &str) -> Fault {
    invalid(format!("neargate does not support {what}."))
}

/// An id, without what it is of in front: `/hostedzone/Z06752353VBUDTC32S84S`.
fn bare(id: &str) -> &str {
    id.rsplit('/').next().unwrap_or_default()
}
