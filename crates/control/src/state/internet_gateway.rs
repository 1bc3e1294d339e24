//! Internet gateways.

use super::{Record, Tags};
use serde::{Deserialize, Serialize};
use vpc::{InternetGatewayId, VpcId};

/// An internet gateway ("InternetGateway", Amazon EC2 API Reference).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct InternetGateway {
    /// `igw-…`.
    pub id: InternetGatewayId,
    /// The VPC it is attached to.
    pub vpc: Option<VpcId>,
    /// Its tags.
    pub tags: Tags,
}

impl Record for InternetGateway {
    const TABLE: &'static str = "internet_gateway";
    fn key(&self) -> String {
        self.id.to_string()
    }
}
