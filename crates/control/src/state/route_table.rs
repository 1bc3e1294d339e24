//! Route tables.

use super::{Record, Tags};
use serde::{Deserialize, Serialize};
use vpc::{IpNet, VpcId};

/// A route table ("RouteTable", Amazon EC2 API Reference).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RouteTable {
    /// `rtb-…`.
    pub id: String,
    /// The VPC it is in; never changes.
    pub vpc: VpcId,
    /// `rtbassoc-…` of its association as the VPC's main table, if it is that. Subnets without a table of their own use it.
    pub main: Option<String>,
    /// Its routes, by destination no two alike.
    pub routes: Vec<Route>,
    /// Its tags.
    pub tags: Tags,
}

/// A route.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Route {
    /// Where packets go to that it speaks of.
    pub destination: IpNet,
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
    /// An internet gateway.
    InternetGateway(String),
}

impl Record for RouteTable {
    const TABLE: &'static str = "route_table";
    fn key(&self) -> String {
        self.id.clone()
    }
}
