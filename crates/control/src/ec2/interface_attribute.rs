//! ModifyNetworkInterfaceAttribute, DescribeNetworkInterfaceAttribute, ResetNetworkInterfaceAttribute. Absent: attributes of
//! attachments, of IPv6, ENA Express and connection tracking.

use super::{
    describe_interfaces::{show_attachment, show_groups},
    elastic_ip::may_change,
    interface::choose_groups,
    network_interface::{get, no_attachment},
    parameter::{combination, done, missing, only_false, unsupported},
};
use crate::{Tx, View};
use aws::{
    api::ec2::{
        AttributeBooleanValue, AttributeValue, DescribeNetworkInterfaceAttributeRequest,
        DescribeNetworkInterfaceAttributeResult, ModifyNetworkInterfaceAttributeRequest,
        NetworkInterfaceAttachmentChanges, NetworkInterfaceAttribute, ResetNetworkInterfaceAttributeRequest,
    },
    fault::Fault,
    shape::Nothing,
};
use vpc::SecurityGroupId;

/// ModifyNetworkInterfaceAttribute: one attribute a call.
pub(super) fn modify(tx: &mut Tx<'_>, input: ModifyNetworkInterfaceAttributeRequest) -> Result<Nothing, Fault> {
    let ModifyNetworkInterfaceAttributeRequest {
        ena_srd_specification,
        enable_primary_ipv6,
        connection_tracking_specification,
        associate_public_ip_address,
        associated_subnet_ids,
        dry_run,
        network_interface_id,
        description,
        source_dest_check,
        groups,
        attachment,
    } = input;
    unsupported("EnaSrdSpecification", ena_srd_specification)?;
    only_false("EnablePrimaryIpv6", enable_primary_ipv6)?;
    unsupported("ConnectionTrackingSpecification", connection_tracking_specification)?;
    unsupported("AssociatePublicIpAddress", associate_public_ip_address)?;
    unsupported("AssociatedSubnetIds", associated_subnet_ids)?;
    let interface = get(&tx.state, &network_interface_id)?.clone();
    may_change(&interface)?;
    if let Some(NetworkInterfaceAttachmentChanges { attachment_id, .. }) = attachment {
        return Err(no_attachment(&attachment_id.unwrap_or_default()));
    }
    let groups = groups.filter(|groups| !groups.is_empty());
    let mut changed = interface.clone();
    match (description.and_then(|d| d.value), source_dest_check.and_then(|c| c.value), groups) {
        (Some(description), None, None) => changed.description = description,
        (None, Some(check), None) => changed.source_dest_check = check,
        (None, None, Some(groups)) => {
            let groups = groups.into_iter().map(SecurityGroupId::from).collect();
            changed.security_groups = choose_groups(&tx.state, &interface.vpc, groups)?;
        }
        (None, None, None) => return Err(combination("No attributes specified.")),
        _ => return Err(combination("Fields for multiple attribute types specified")),
    }
    if changed != interface {
        tx.state.network_interfaces.put(changed);
    }
    done(dry_run, Nothing)
}

/// DescribeNetworkInterfaceAttribute.
pub(super) fn describe(
    view: &View<'_>,
    input: DescribeNetworkInterfaceAttributeRequest,
) -> Result<DescribeNetworkInterfaceAttributeResult, Fault> {
    let DescribeNetworkInterfaceAttributeRequest { dry_run, network_interface_id, attribute } = input;
    let interface = get(view.state, &network_interface_id)?;
    let mut answer = DescribeNetworkInterfaceAttributeResult {
        network_interface_id: Some(network_interface_id),
        ..DescribeNetworkInterfaceAttributeResult::default()
    };
    match attribute.ok_or_else(|| missing("attribute"))? {
        NetworkInterfaceAttribute::Description => {
            answer.description = Some(AttributeValue { value: Some(interface.description.clone()) });
        }
        NetworkInterfaceAttribute::GroupSet => answer.groups = Some(show_groups(view.state, interface)),
        NetworkInterfaceAttribute::SourceDestCheck => {
            answer.source_dest_check = Some(AttributeBooleanValue { value: Some(interface.source_dest_check) });
        }
        NetworkInterfaceAttribute::Attachment => answer.attachment = show_attachment(interface),
        NetworkInterfaceAttribute::AssociatePublicIpAddress => {
            let given = interface.public_ips.values().any(|public| public.allocation.is_none());
            answer.associate_public_ip_address = Some(given);
        }
    }
    done(dry_run, answer)
}

/// ResetNetworkInterfaceAttribute: the check of source and destination is on again, whatever value is sent.
pub(super) fn reset(tx: &mut Tx<'_>, input: ResetNetworkInterfaceAttributeRequest) -> Result<Nothing, Fault> {
    let ResetNetworkInterfaceAttributeRequest { dry_run, network_interface_id, source_dest_check } = input;
    source_dest_check.ok_or_else(|| missing("sourceDestCheck"))?;
    may_change(get(&tx.state, &network_interface_id)?)?;
    tx.state.network_interfaces.update(&network_interface_id, |interface| interface.source_dest_check = true);
    done(dry_run, Nothing)
}
