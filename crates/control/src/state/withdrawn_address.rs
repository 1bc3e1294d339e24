//! Addresses that nothing has any more, and that a host may still have.

use super::{Address, Record};
use serde::{Deserialize, Serialize};
use spec::Revision;
use std::net::IpAddr;

/// An address that was given up. Its [`Address`] stays, so that nobody else gets it, until every host has the network without it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WithdrawnAddress {
    /// As in [`Address`].
    pub scope: String,
    /// The address.
    pub ip: IpAddr,
    /// The revision that gave it up.
    pub since: Revision,
}

impl Record for WithdrawnAddress {
    const TABLE: &'static str = "withdrawn_address";
    fn key(&self) -> String {
        Address::key_of(&self.scope, self.ip)
    }
}
