//! Public addresses: from 198.18.0.0/15, which is routed nowhere (RFC 2544).

use super::{address::next_free, cidr::address};
use crate::{Tx, state::Address};
use aws::fault::Fault;
use std::net::{IpAddr, Ipv4Addr};
use vpc::IpNet;

const BASE: Ipv4Addr = Ipv4Addr::new(198, 18, 0, 0);
const PREFIX: u8 = 15;

/// A free one, looked for from a drawn place on, so that one is not given again soon.
///
/// # Errors
/// `InsufficientAddressCapacity` when all are taken.
pub(super) fn next(tx: &mut Tx<'_>) -> Result<IpAddr, Fault> {
    let none = || Fault::new("InsufficientAddressCapacity", "Insufficient capacity: every public address is in use.");
    let pool = IpNet::new(IpAddr::V4(BASE), PREFIX).map_err(|_| none())?;
    let start = u128::from(u32::from(BASE)) + u128::from(tx.draw() >> (64 - (32 - PREFIX)));
    let taken = |ip| tx.state.addresses.contains(&Address::key_of(Address::PUBLIC, ip));
    next_free(&pool, Some(address(&pool, start)), taken).ok_or_else(none)
}
