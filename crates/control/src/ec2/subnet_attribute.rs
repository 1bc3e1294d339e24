//! ModifySubnetAttribute.

use super::{
    parameter::{combination, not_supported, only_false, unsupported},
    subnet::get,
};
use crate::Tx;
use aws::{
    api::ec2::{AttributeBooleanValue, HostnameType, ModifySubnetAttributeRequest},
    fault::Fault,
    shape::Nothing,
};

/// ModifySubnetAttribute. Only `MapPublicIpOnLaunch` can change; of the others, what already is may be said.
pub(super) fn modify(tx: &mut Tx<'_>, input: ModifySubnetAttributeRequest) -> Result<Nothing, Fault> {
    let ModifySubnetAttributeRequest {
        assign_ipv6_address_on_creation,
        map_public_ip_on_launch,
        subnet_id,
        map_customer_owned_ip_on_launch,
        customer_owned_ipv4_pool,
        enable_dns64,
        private_dns_hostname_type_on_launch,
        enable_resource_name_dns_a_record_on_launch,
        enable_resource_name_dns_aaaa_record_on_launch,
        enable_lni_at_device_index,
        disable_lni_at_device_index,
    } = input;
    let id = get(&tx.state, &subnet_id)?.id.clone();
    let value = |attribute: &Option<AttributeBooleanValue>| attribute.as_ref().and_then(|attribute| attribute.value);
    let switches = [
        ("AssignIpv6AddressOnCreation", value(&assign_ipv6_address_on_creation)),
        ("MapCustomerOwnedIpOnLaunch", value(&map_customer_owned_ip_on_launch)),
        ("EnableDns64", value(&enable_dns64)),
        ("EnableResourceNameDnsARecordOnLaunch", value(&enable_resource_name_dns_a_record_on_launch)),
        ("EnableResourceNameDnsAAAARecordOnLaunch", value(&enable_resource_name_dns_aaaa_record_on_launch)),
    ];
    let map_public_ip = value(&map_public_ip_on_launch);
    unsupported("CustomerOwnedIpv4Pool", customer_owned_ipv4_pool)?;
    unsupported("EnableLniAtDeviceIndex", enable_lni_at_device_index)?;
    unsupported("DisableLniAtDeviceIndex", disable_lni_at_device_index)?;
    if private_dns_hostname_type_on_launch == Some(HostnameType::ResourceName) {
        return Err(not_supported("PrivateDnsHostnameTypeOnLaunch=resource-name"));
    }
    switches.iter().try_for_each(|(name, value)| only_false(name, *value))?;
    let others = switches.iter().filter(|(_, value)| value.is_some()).count()
        + usize::from(private_dns_hostname_type_on_launch.is_some());
    match others + usize::from(map_public_ip.is_some()) {
        0 => return Err(combination("No attributes specified.")),
        1 => {}
        _ => return Err(combination("Fields for multiple attribute types specified.")),
    }
    tx.state.subnets.update(&id, |subnet| subnet.map_public_ip = map_public_ip.unwrap_or(subnet.map_public_ip));
    Ok(Nothing)
}
