//! Who connects to AWS's services from inside a region's networks.

use std::{fmt, net::IpAddr, str::FromStr};

/// Who made a connection that a host passes on to the server, which shares out by it what there is: an address, and the namespace it was
/// used in, as in another one it may be somebody else's. Several tasks behind a NAT gateway are one client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Client {
    /// The namespace's number on its host.
    pub namespace: u64,
    /// The address.
    pub address: IpAddr,
}

impl fmt::Display for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.namespace, self.address)
    }
}

impl FromStr for Client {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (namespace, address) = text.split_once(' ').ok_or(())?;
        Ok(Self { namespace: namespace.parse().map_err(drop)?, address: address.parse().map_err(drop)? })
    }
}
