//! VPC endpoints.

use super::{Lifecycle, Record, Tags};
use aws::doc::Timestamp;
use serde::{Deserialize, Serialize};
use spec::Revision;
use std::collections::{BTreeMap, BTreeSet};
use vpc::{EndpointId, InterfaceId, RouteTableId, SecurityGroupId, SubnetId, VpcId};

/// A VPC endpoint ("VpcEndpoint", Amazon EC2 API Reference).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct VpcEndpoint {
    /// `vpce-…`.
    pub id: EndpointId,
    /// The VPC it is in; never changes.
    pub vpc: VpcId,
    /// The service's short name, such as `logs`; never changes.
    pub service: String,
    /// Where in its life it is.
    pub state: Lifecycle,
    /// The revision that it came into that state with.
    pub since: Revision,
    /// The policy that was given to it, which allows everything; none for the default one, which does the same.
    pub policy: Option<String>,
    /// What it is made of.
    pub kind: VpcEndpointKind,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// Its tags.
    pub tags: Tags,
}

/// The kinds of endpoints.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum VpcEndpointKind {
    /// An interface in each of its subnets.
    Interface {
        /// Its interfaces by subnet.
        interfaces: BTreeMap<SubnetId, InterfaceId>,
        /// What every one of them carries.
        security_groups: BTreeSet<SecurityGroupId>,
        /// What its DNS names start with: its id, a hyphen and eight random characters. Never changes.
        dns_label: String,
        /// The hosted zone its DNS names are shown with. Never changes.
        hosted_zone: String,
        /// Whether the service's own name leads to it inside the VPC.
        private_dns: bool,
    },
    /// A route in each of its route tables.
    Gateway {
        /// Its route tables.
        route_tables: BTreeSet<RouteTableId>,
    },
}

impl Record for VpcEndpoint {
    const TABLE: &'static str = "vpc_endpoint";
    fn key(&self) -> String {
        self.id.to_string()
    }
}
