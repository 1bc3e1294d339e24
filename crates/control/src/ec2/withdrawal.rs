//! How an address, a private or a public one, is given up: nobody else gets it before every host has the network without it.

use crate::{
    State, Tx,
    state::{Address, WithdrawnAddress},
};
use std::net::IpAddr;

/// Gives an address up. It is free once no host can have it any more ([`free`]).
pub(super) fn withdraw(tx: &mut Tx<'_>, scope: &str, ip: IpAddr) {
    let since = tx.state.revision + 1;
    tx.state.addresses.put(Address { scope: scope.to_owned(), ip, interface: None });
    tx.state.withdrawn_addresses.put(WithdrawnAddress { scope: scope.to_owned(), ip, since });
}

/// Frees an address at once: call it when no host can have it any more.
pub(crate) fn free(state: &mut State, scope: &str, ip: IpAddr) {
    let key = Address::key_of(scope, ip);
    state.withdrawn_addresses.remove(&key);
    if state.addresses.remove(&key).is_some() {
        // The public scope is no subnet.
        state.subnets.update(scope, |subnet| subnet.in_use = subnet.in_use.saturating_sub(1));
    }
}
