//! Verdicts over one region, in which everything is open until a test closes or changes something.

mod acls;
mod endpoints;
mod groups;
mod internet;
mod laws;
mod nat;
mod onward;
mod peering;
mod routing;

use super::*;
use crate::{fixture::*, *};
use std::{collections::BTreeMap, net::IpAddr};

/// The verdict on TCP from an interface to port 80 of an address.
fn tcp(topology: &Topology, id: &str, to: &str) -> Verdict {
    verdict(topology, &from(topology, id, to, Transport::tcp(80)))
}

fn at(vpc: &str, id: &str) -> End {
    End::Interface(vpc.into(), id.into())
}

/// What stops the packet on its way there.
fn stop(verdict: &Verdict) -> &Step {
    verdict.there.stopped_by().unwrap()
}

/// What stops the answer.
fn stop_back(verdict: &Verdict) -> &Step {
    assert!(verdict.arrives(), "{verdict:?}");
    verdict.back.as_ref().unwrap().stopped_by().unwrap()
}
