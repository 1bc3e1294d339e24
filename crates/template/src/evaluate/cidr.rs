//! `Fn::Cidr`: equal parts of a block of addresses ("Fn::Cidr").

use crate::Error;
use ipnet::IpNet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Most parts of a block.
const MOST: usize = 256;

/// The first `count` parts of a block that have `bits` bits for addresses.
pub(crate) fn parts(block: &str, count: usize, bits: u8) -> Result<Vec<String>, Error> {
    let wrong = |what: &str| Error::function(format!("Fn::Cidr {what}"));
    let block: IpNet = block.parse().map_err(|_| wrong(&format!("needs a CIDR block, and {block} is none")))?;
    if count == 0 || count > MOST {
        return Err(wrong("needs a count from 1 to 256"));
    }
    let (base, width, prefix) = match block {
        IpNet::V4(net) => (u128::from(u32::from(net.network())), 32_u8, net.prefix_len()),
        IpNet::V6(net) => (u128::from(net.network()), 128_u8, net.prefix_len()),
    };
    let part_prefix = width
        .checked_sub(bits)
        .filter(|part| bits > 0 && *part >= prefix)
        .ok_or_else(|| wrong("needs bits that the block has"))?;
    let room = u32::from(part_prefix.saturating_sub(prefix));
    if room < usize::BITS && count > 1_usize.checked_shl(room).unwrap_or(usize::MAX) {
        return Err(wrong(&format!("can't make {count} blocks of {bits} bits from {block}")));
    }
    let address = |at: usize| {
        // A part's place fits: there is room for `count` of them in the block.
        let offset = u128::try_from(at).unwrap_or_default().checked_shl(u32::from(bits)).unwrap_or_default();
        let address = base.saturating_add(offset);
        match block {
            IpNet::V4(_) => IpAddr::V4(Ipv4Addr::from(u32::try_from(address).unwrap_or_default())),
            IpNet::V6(_) => IpAddr::V6(Ipv6Addr::from(address)),
        }
    };
    Ok((0..count).map(|at| format!("{}/{part_prefix}", address(at))).collect())
}
