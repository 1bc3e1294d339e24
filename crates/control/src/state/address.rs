//! Addresses in use: the index that makes taking the next free one and finding a subnet's interfaces cheap.

use super::Record;
use serde::{Deserialize, Serialize};
use std::net::IpAddr;
use vpc::InterfaceId;

/// An address that is in use.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Address {
    /// Where it is unique: a subnet's id for a private address, [`Address::PUBLIC`] for a public one.
    pub scope: String,
    /// The address.
    pub ip: IpAddr,
    /// Who holds it; none for an Elastic IP address that stands for nothing, and for one that was given up and that a host may
    /// still have.
    pub interface: Option<InterfaceId>,
}

impl Address {
    /// The scope of public addresses.
    pub const PUBLIC: &'static str = "public";

    /// The key of an address in a scope.
    pub fn key_of(scope: &str, ip: IpAddr) -> String {
        format!("{scope}/{ip}")
    }
}

impl Record for Address {
    const TABLE: &'static str = "address";
    fn key(&self) -> String {
        Self::key_of(&self.scope, self.ip)
    }
}
