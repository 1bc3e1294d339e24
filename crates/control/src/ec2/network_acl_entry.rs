//! Entries of network ACLs: CreateNetworkAclEntry, ReplaceNetworkAclEntry, DeleteNetworkAclEntry. Absent: IPv6.

use super::{
    cidr,
    network_acl::get,
    parameter::{done, invalid, missing, unsupported},
    protocol, quota,
};
use crate::{Tx, state::AclEntry};
use aws::{
    api::ec2::{
        CreateNetworkAclEntryRequest, DeleteNetworkAclEntryRequest, IcmpTypeCode, PortRange,
        ReplaceNetworkAclEntryRequest, RuleAction,
    },
    fault::Fault,
    shape::Nothing,
};
use std::cmp::Reverse;
use vpc::{IpProtocol, Ports};

/// The numbers entries may have ("CreateNetworkAclEntry", Amazon EC2 API Reference); those beyond are reserved.
const NUMBERS: std::ops::RangeInclusive<u16> = 1..=32766;

/// CreateNetworkAclEntry.
pub(super) fn create(tx: &mut Tx<'_>, input: CreateNetworkAclEntryRequest) -> Result<Nothing, Fault> {
    let CreateNetworkAclEntryRequest {
        dry_run,
        network_acl_id,
        rule_number,
        protocol,
        rule_action,
        egress,
        cidr_block,
        ipv6_cidr_block,
        icmp_type_code,
        port_range,
    } = input;
    unsupported("Ipv6CidrBlock", ipv6_cidr_block)?;
    let acl = get(&tx.state, &network_acl_id)?;
    let given = Given { rule_number, protocol, rule_action, egress, cidr_block, icmp_type_code, port_range };
    let entry = given.read()?;
    if acl.entries.iter().any(|other| is(other, rule_number, egress)) {
        return Err(Fault::new(
            "NetworkAclEntryAlreadyExists",
            format!("The network acl entry identified by {rule_number} already exists."),
        ));
    }
    // The quota counts the last rule of every ACL, which is not kept as an entry.
    if acl.entries.iter().filter(|other| other.egress == egress).count() + 1 >= quota::RULES_PER_NETWORK_ACL {
        return Err(Fault::new(
            "NetworkAclEntryLimitExceeded",
            "The maximum number of network ACL entries has been reached.",
        ));
    }
    tx.state.network_acls.update(&network_acl_id, |acl| {
        acl.entries.push(entry);
        acl.entries.sort_by_key(|entry| (Reverse(entry.egress), entry.number));
    });
    done(dry_run, Nothing)
}

/// ReplaceNetworkAclEntry. Everything but number and direction can become another.
pub(super) fn replace(tx: &mut Tx<'_>, input: ReplaceNetworkAclEntryRequest) -> Result<Nothing, Fault> {
    let ReplaceNetworkAclEntryRequest {
        dry_run,
        network_acl_id,
        rule_number,
        protocol,
        rule_action,
        egress,
        cidr_block,
        ipv6_cidr_block,
        icmp_type_code,
        port_range,
    } = input;
    unsupported("Ipv6CidrBlock", ipv6_cidr_block)?;
    let acl = get(&tx.state, &network_acl_id)?;
    let given = Given { rule_number, protocol, rule_action, egress, cidr_block, icmp_type_code, port_range };
    let entry = given.read()?;
    if !acl.entries.iter().any(|other| is(other, rule_number, egress)) {
        return Err(not_there(rule_number));
    }
    tx.state.network_acls.update(&network_acl_id, |acl| {
        acl.entries.iter_mut().filter(|other| is(other, rule_number, egress)).for_each(|other| *other = entry.clone());
    });
    done(dry_run, Nothing)
}

/// DeleteNetworkAclEntry.
pub(super) fn delete(tx: &mut Tx<'_>, input: DeleteNetworkAclEntryRequest) -> Result<Nothing, Fault> {
    let DeleteNetworkAclEntryRequest { dry_run, network_acl_id, rule_number, egress } = input;
    let acl = get(&tx.state, &network_acl_id)?;
    read_number(rule_number)?;
    if !acl.entries.iter().any(|entry| is(entry, rule_number, egress)) {
        return Err(not_there(rule_number));
    }
    tx.state.network_acls.update(&network_acl_id, |acl| acl.entries.retain(|entry| !is(entry, rule_number, egress)));
    done(dry_run, Nothing)
}

fn is(entry: &AclEntry, number: i32, egress: bool) -> bool {
    i32::from(entry.number) == number && entry.egress == egress
}

fn not_there(number: i32) -> Fault {
    let message = format!("The network acl entry identified by {number} does not exist.");
    Fault::new("InvalidNetworkAclEntry.NotFound", message)
}

/// An entry as a request gives it.
struct Given {
    rule_number: i32,
    protocol: String,
    rule_action: RuleAction,
    egress: bool,
    cidr_block: Option<String>,
    icmp_type_code: Option<IcmpTypeCode>,
    port_range: Option<PortRange>,
}

impl Given {
    fn read(self) -> Result<AclEntry, Fault> {
        let Self { rule_number, protocol, rule_action, egress, cidr_block, icmp_type_code, port_range } = self;
        let number = read_number(rule_number)?;
        let protocol = protocol::read(&protocol)?;
        let ports = read_ports(protocol, icmp_type_code, port_range)?;
        let cidr = cidr::read_ipv4("cidrBlock", &cidr_block.ok_or_else(|| missing("cidrBlock"))?)?;
        Ok(AclEntry { number, egress, protocol, ports, cidr, allow: rule_action == RuleAction::Allow })
    }
}

fn read_number(number: i32) -> Result<u16, Fault> {
    let wrong = || {
        invalid(format!(
            "Value ({number}) for parameter ruleNumber is invalid. Rule numbers must be between 1 and 32766."
        ))
    };
    u16::try_from(number).ok().filter(|number| NUMBERS.contains(number)).ok_or_else(wrong)
}

/// TCP and UDP must have a range of ports, ICMP a type and a code. Every other protocol has all of its traffic, whatever else
/// is said; so has ICMPv6 with an IPv4 range ("CreateNetworkAclEntry", Amazon EC2 API Reference).
fn read_ports(protocol: IpProtocol, icmp: Option<IcmpTypeCode>, ports: Option<PortRange>) -> Result<Ports, Fault> {
    match protocol {
        IpProtocol::TCP | IpProtocol::UDP => {
            let PortRange { from, to } = ports.unwrap_or_default();
            protocol::read_ports(protocol, from, to)
        }
        IpProtocol::ICMP => {
            let IcmpTypeCode { code, r#type } = icmp.ok_or_else(|| missing("icmpTypeCode"))?;
            protocol::read_ports(protocol, r#type, code)
        }
        _ => Ok(Ports::All),
    }
}
