//! Address ranges of VPCs and subnets ("VPC CIDR blocks", "Subnet CIDR blocks", Amazon VPC User Guide).

use super::parameter::invalid;
use aws::fault::Fault;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use vpc::IpNet;

/// Reads an IPv4 range. Bits beyond the prefix are cleared, as AWS does.
///
/// # Errors
/// `InvalidParameterValue` for what is not one.
pub(super) fn read_ipv4(parameter: &str, text: &str) -> Result<IpNet, Fault> {
    let net = text.parse::<IpNet>().ok().filter(|net| net.addr().is_ipv4());
    let wrong =
        || invalid(format!("Value ({text}) for parameter {parameter} is invalid. This is not a valid CIDR block."));
    net.map(|net| net.trunc()).ok_or_else(wrong)
}

/// Whether a VPC or a subnet can have it: /16 to /28, and not a range that can't be anybody's
/// (this network, loopback, link-local, multicast and beyond; RFC 6890).
pub(super) fn is_allowed(net: &IpNet) -> bool {
    let IpAddr::V4(first) = net.network() else { return false };
    let special = first.octets()[0] == 0 || first.is_loopback() || first.is_link_local() || first.octets()[0] >= 224;
    (16..=28).contains(&net.prefix_len()) && !special
}

/// Every IPv4 address: 0.0.0.0/0.
pub(super) fn everywhere() -> IpNet {
    IpNet::default()
}

/// Whether two ranges have an address in common.
pub(super) fn overlap(a: &IpNet, b: &IpNet) -> bool {
    a.contains(b) || b.contains(a)
}

/// An address as a number.
pub(super) fn number(ip: IpAddr) -> u128 {
    match ip {
        IpAddr::V4(ip) => u32::from(ip).into(),
        IpAddr::V6(ip) => ip.into(),
    }
}

/// The address of a number, of the same family as `like`. Numbers beyond the family's last address wrap.
pub(super) fn address(like: &IpNet, number: u128) -> IpAddr {
    match like {
        IpNet::V4(_) => Ipv4Addr::from(number as u32).into(),
        IpNet::V6(_) => Ipv6Addr::from(number).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read_in_their_canonical_form() {
        assert_eq!(read_ipv4("cidrBlock", "10.0.0.5/16").map(|net| net.to_string()).as_deref(), Ok("10.0.0.0/16"));
        for wrong in ["10.0.0.0", "10.0.0.0/33", "2001:db8::/56", "", "10.0.0/16"] {
            let message =
                format!("Value ({wrong}) for parameter cidrBlock is invalid. This is not a valid CIDR block.");
            assert_eq!(read_ipv4("cidrBlock", wrong).unwrap_err(), invalid(message));
        }
        assert_eq!(everywhere().to_string(), "0.0.0.0/0");
    }

    #[test]
    fn sizes_and_ranges_are_aws_s() {
        let allowed = |text: &str| is_allowed(&text.parse().unwrap());
        assert!(allowed("10.0.0.0/16") && allowed("10.0.0.0/28") && allowed("100.64.0.0/16"));
        assert!(!allowed("10.0.0.0/15") && !allowed("10.0.0.0/29"));
        assert!(
            !allowed("127.0.0.0/16")
                && !allowed("169.254.0.0/16")
                && !allowed("224.0.0.0/16")
                && !allowed("0.0.0.0/16")
        );
    }
}
