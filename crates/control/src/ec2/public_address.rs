//! Public addresses: from 198.18.0.0/15, which is routed nowhere (RFC 2544), but for its end, where AWS's own services answer.

use super::{
    address::{is_usable, next_free},
    cidr::address,
};
use crate::{Tx, state::Address};
use aws::fault::Fault;
use std::net::IpAddr;
use vpc::{IpNet, PUBLIC_POOL, SERVICE_POOL};

/// Whether an address can be one.
pub(super) fn is_of_pool(ip: IpAddr) -> bool {
    is_usable(&IpNet::V4(PUBLIC_POOL), ip) && !IpNet::V4(SERVICE_POOL).contains(&ip)
}

/// A free one, looked for from a drawn place on, so that one is not given again soon.
///
/// # Errors
/// `InsufficientAddressCapacity` when all are taken.
pub(super) fn next(tx: &mut Tx<'_>) -> Result<IpAddr, Fault> {
    let pool = IpNet::V4(PUBLIC_POOL);
    let start = u128::from(u32::from(PUBLIC_POOL.network())) + u128::from(tx.draw() >> (32 + PUBLIC_POOL.prefix_len()));
    let services = IpNet::V4(SERVICE_POOL);
    let taken = |ip| services.contains(&ip) || tx.state.addresses.contains(&Address::key_of(Address::PUBLIC, ip));
    next_free(&pool, Some(address(&pool, start)), taken).ok_or_else(|| {
        Fault::new("InsufficientAddressCapacity", "Insufficient capacity: every public address is in use.")
    })
}
