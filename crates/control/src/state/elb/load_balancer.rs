//! Load balancers.

use crate::state::{Record, Tags};
use aws::doc::Timestamp;
use serde::{Deserialize, Serialize};
use spec::{
    Revision,
    balancing::{DesyncMitigation, XffProcessing},
};
use std::collections::{BTreeMap, BTreeSet};
use vpc::{InterfaceId, LoadBalancerId, SecurityGroupId, SubnetId, VpcId};

/// An Application or Network Load Balancer ("LoadBalancer", Elastic Load Balancing API Reference).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LoadBalancer {
    /// The 16 hexadecimal digits at the end of its ARN.
    pub id: LoadBalancerId,
    /// Its type; never changes.
    #[serde(default)]
    pub kind: LoadBalancerKind,
    /// Unique in the region; never changes.
    pub name: String,
    /// The number in its DNS name; never changes.
    pub number: u32,
    /// Whether its nodes have private addresses only (`internal`); never changes.
    pub internal: bool,
    /// The VPC it is in; never changes.
    pub vpc: VpcId,
    /// Its nodes' interfaces by subnet, one in each enabled Availability Zone.
    pub nodes: BTreeMap<SubnetId, InterfaceId>,
    /// What every one of them carries; a Network Load Balancer that was made without any never has one.
    pub security_groups: BTreeSet<SecurityGroupId>,
    /// The revision that asked for it, until every host has it: it is `provisioning` until then.
    pub provisioning: Option<Revision>,
    /// The nodes with too few healthy targets: its DNS name does not lead to them as long as it can lead to others.
    pub unhealthy: BTreeSet<InterfaceId>,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// Its attributes.
    pub attributes: LoadBalancerAttributes,
    /// Its tags.
    pub tags: Tags,
}

/// `Type` of a load balancer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum LoadBalancerKind {
    /// `application`.
    #[default]
    Application,
    /// `network`.
    Network,
}

/// Where an Application Load Balancer logs requests.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccessLogs {
    /// `access_logs.s3.enabled`.
    pub enabled: bool,
    /// `access_logs.s3.bucket`.
    pub bucket: String,
    /// `access_logs.s3.prefix`.
    pub prefix: String,
    /// Whether the bucket says that it is used.
    pub announced: bool,
}

/// What can be set of a load balancer ("LoadBalancerAttribute", Elastic Load Balancing API Reference). Times in seconds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LoadBalancerAttributes {
    /// `access_logs.s3.…`.
    #[serde(default)]
    pub access_logs: AccessLogs,
    /// `deletion_protection.enabled`.
    pub deletion_protection: bool,
    /// `load_balancing.cross_zone.enabled` of a Network Load Balancer; an Application Load Balancer's is always on.
    #[serde(default)]
    pub cross_zone: bool,
    /// `idle_timeout.timeout_seconds`.
    pub idle_timeout: u32,
    /// `client_keep_alive.seconds`.
    pub client_keep_alive: u32,
    /// `routing.http.desync_mitigation_mode`.
    pub desync_mitigation: DesyncMitigation,
    /// `routing.http.drop_invalid_header_fields.enabled`.
    pub drop_invalid_header_fields: bool,
    /// `routing.http.preserve_host_header.enabled`.
    pub preserve_host_header: bool,
    /// `routing.http.x_amzn_tls_version_and_cipher_suite.enabled`.
    pub tls_headers: bool,
    /// `routing.http.xff_client_port.enabled`.
    pub xff_client_port: bool,
    /// `routing.http.xff_header_processing.mode`.
    pub xff_processing: XffProcessing,
    /// `routing.http2.enabled`.
    pub http2: bool,
}

impl Default for LoadBalancerAttributes {
    fn default() -> Self {
        Self {
            access_logs: AccessLogs::default(),
            deletion_protection: false,
            cross_zone: false,
            idle_timeout: 60,
            client_keep_alive: 3600,
            desync_mitigation: DesyncMitigation::default(),
            drop_invalid_header_fields: false,
            preserve_host_header: false,
            tls_headers: false,
            xff_client_port: false,
            xff_processing: XffProcessing::default(),
            http2: true,
        }
    }
}

impl Record for LoadBalancer {
    const TABLE: &'static str = "load_balancer";
    fn key(&self) -> String {
        self.id.to_string()
    }
}
