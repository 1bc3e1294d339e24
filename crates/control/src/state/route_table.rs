//! Route tables.

use super::{Record, Tags};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use vpc::{Destination, IpNet, RouteTableId, SubnetId, Target, VpcId};

/// A route table ("RouteTable", Amazon EC2 API Reference).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RouteTable {
    /// `rtb-…`.
    pub id: RouteTableId,
    /// The VPC it is in; never changes.
    pub vpc: VpcId,
    /// `rtbassoc-…` of its association as the VPC's main table, if it is that. Subnets without a table of their own use it.
    pub main: Option<String>,
    /// The subnets it is associated with, by `rtbassoc-…`. A subnet is in one table at most.
    pub subnets: BTreeMap<String, SubnetId>,
    /// Its routes, by destination no two alike. There is a local route for each of the VPC's ranges.
    pub routes: Vec<Route>,
    /// Its tags.
    pub tags: Tags,
}

/// A route.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Route {
    /// Where packets go to that it speaks of.
    pub destination: Destination,
    /// Where they are sent.
    pub target: RouteTarget,
    /// Whether it came with the table (`CreateRouteTable`), not by a call of its own (`CreateRoute`).
    pub built_in: bool,
}

/// Where a route sends packets.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum RouteTarget {
    /// `local`: within the VPC.
    Local,
    /// Out of it. The target may be gone; the route is a black hole then.
    Out(Target),
}

impl Route {
    /// A local route for a range of the VPC.
    pub fn local(range: IpNet) -> Self {
        Self { destination: Destination::Net(range), target: RouteTarget::Local, built_in: true }
    }
}

impl Record for RouteTable {
    const TABLE: &'static str = "route_table";
    fn key(&self) -> String {
        self.id.to_string()
    }
}
