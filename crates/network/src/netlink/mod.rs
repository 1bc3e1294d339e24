//! Netlink in this process: no `ip`, `nft` or `tc` is ever run.
//!
//! [`message`] is the format, [`socket`] the conversation; [`route`] speaks rtnetlink(7) of links, addresses, neighbours and routes, [`shape`] of bandwidths,
//! [`nftables`] of tables, [`expression`] writes the inside of a rule, and [`conntrack`]
//! knows connections.

pub(crate) mod conntrack;
pub(crate) mod expression;
pub(crate) mod message;
pub(crate) mod nftables;
pub(crate) mod route;
pub(crate) mod shape;
pub(crate) mod socket;

pub(crate) use socket::{Refusal, Socket};
