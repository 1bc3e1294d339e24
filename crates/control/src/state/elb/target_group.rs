//! Target groups. Their targets are records of their own.

use crate::state::{LoadBalancer, LoadBalancerKind, Record, Tags};
use serde::{Deserialize, Serialize};
use spec::balancing::{Algorithm, FlowProtocol, ProtocolVersion, TargetGroupId, TargetHealthCheck};
use std::num::NonZeroU16;
use vpc::VpcId;

/// A target group ("TargetGroup", Elastic Load Balancing API Reference).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TargetGroup {
    /// The 16 hexadecimal digits at the end of its ARN.
    pub id: TargetGroupId,
    /// Unique in the region; never changes.
    pub name: String,
    /// The VPC it is in; never changes.
    pub vpc: VpcId,
    /// Whether it is of the type `instance`, not `ip`; never changes. There are no instances, so it has no targets.
    #[serde(default)]
    pub instances: bool,
    /// Whether its protocol is HTTPS, not HTTP, or TLS, not TCP; never changes.
    pub tls: bool,
    /// What its targets take, if it is a Network Load Balancer's; never changes.
    #[serde(default)]
    pub flows: Option<FlowProtocol>,
    /// What its targets speak; never changes.
    pub version: ProtocolVersion,
    /// The port of targets that are registered without one; never changes.
    pub port: NonZeroU16,
    /// How targets' health is found out.
    pub health_check: TargetHealthCheck,
    /// Its attributes.
    pub attributes: TargetGroupAttributes,
    /// Its tags.
    pub tags: Tags,
}

/// What can be set of a target group ("TargetGroupAttribute", Elastic Load Balancing API Reference). Times in seconds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TargetGroupAttributes {
    /// `deregistration_delay.timeout_seconds`.
    pub deregistration_delay: u32,
    /// `load_balancing.algorithm.type`.
    pub algorithm: Algorithm,
    /// `load_balancing.cross_zone.enabled`.
    pub cross_zone: TargetCrossZone,
    /// Those that a Network Load Balancer's group has.
    #[serde(default)]
    pub flows: FlowAttributes,
    /// `slow_start.duration_seconds`; 0 is none.
    pub slow_start: u32,
    /// `stickiness.…`.
    pub stickiness: GroupStickiness,
    /// `target_group_health.dns_failover.minimum_healthy_targets.…`: with fewer in a zone, its node is left out of DNS.
    pub dns_failover: HealthThresholds,
    /// `target_group_health.unhealthy_state_routing.minimum_healthy_targets.…`: with fewer, all targets are used.
    pub unhealthy_routing: HealthThresholds,
}

/// What can be set of a Network Load Balancer's target group ("Edit target group attributes for your Network Load Balancer").
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FlowAttributes {
    /// `preserve_client_ip.enabled`.
    pub preserve_client_ip: bool,
    /// `deregistration_delay.connection_termination.enabled`.
    pub end_when_deregistered: bool,
    /// `target_health_state.unhealthy.connection_termination.enabled`.
    pub end_when_unhealthy: bool,
    /// `target_health_state.unhealthy.draining_interval_seconds`: matters where the flows of an unhealthy target do not end at once.
    #[serde(default)]
    pub unhealthy_draining: u32,
    /// `proxy_protocol_v2.enabled`.
    #[serde(default)]
    pub proxy_protocol: bool,
}

impl FlowAttributes {
    /// What they are of a group of the type `ip` when it is made: targets see the clients of UDP only, and flows of UDP only end with
    /// their target's deregistration.
    pub fn of(protocol: FlowProtocol) -> Self {
        let udp = protocol != FlowProtocol::Tcp;
        Self {
            preserve_client_ip: udp,
            end_when_deregistered: udp,
            end_when_unhealthy: true,
            unhealthy_draining: 0,
            proxy_protocol: false,
        }
    }
}

/// `stickiness.…`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GroupStickiness {
    /// `stickiness.enabled`.
    pub enabled: bool,
    /// `stickiness.type`.
    pub kind: StickinessKind,
    /// `stickiness.app_cookie.cookie_name`; empty if there is none.
    pub cookie: String,
    /// `stickiness.app_cookie.duration_seconds`.
    pub application_duration: u32,
    /// `stickiness.lb_cookie.duration_seconds`.
    pub duration: u32,
}

/// `stickiness.type`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum StickinessKind {
    /// `lb_cookie`.
    LoadBalancer,
    /// `app_cookie`.
    Application,
    /// `source_ip`.
    SourceIp,
}

/// `load_balancing.cross_zone.enabled` of a target group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum TargetCrossZone {
    /// `true`.
    On,
    /// `false`.
    Off,
    /// `use_load_balancer_configuration`.
    LoadBalancer,
}

/// How many targets must be healthy; what is not there is `off`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct HealthThresholds {
    /// `….count`.
    pub count: Option<u32>,
    /// `….percentage`, 1 to 100.
    pub percentage: Option<u8>,
}

impl HealthThresholds {
    /// Whether so many healthy targets of all there are suffice.
    pub fn met(&self, healthy: usize, all: usize) -> bool {
        let count = self.count.is_none_or(|least| healthy as u64 >= u64::from(least));
        let share = self.percentage.is_none_or(|least| healthy as u64 * 100 >= u64::from(least) * all as u64);
        count && share
    }
}

impl Default for TargetGroupAttributes {
    fn default() -> Self {
        let one = HealthThresholds { count: Some(1), percentage: None };
        Self {
            deregistration_delay: 300,
            algorithm: Algorithm::default(),
            cross_zone: TargetCrossZone::LoadBalancer,
            flows: FlowAttributes::default(),
            slow_start: 0,
            stickiness: GroupStickiness {
                enabled: false,
                kind: StickinessKind::LoadBalancer,
                cookie: String::new(),
                application_duration: 86_400,
                duration: 86_400,
            },
            dns_failover: one,
            unhealthy_routing: one,
        }
    }
}

impl TargetGroup {
    /// Whether nodes of a load balancer use targets of other zones than their own.
    pub fn crosses_zones(&self, of: &LoadBalancer) -> bool {
        match self.attributes.cross_zone {
            TargetCrossZone::On => true,
            TargetCrossZone::Off => false,
            TargetCrossZone::LoadBalancer => of.kind == LoadBalancerKind::Application || of.attributes.cross_zone,
        }
    }
}

impl Record for TargetGroup {
    const TABLE: &'static str = "target_group";
    fn key(&self) -> String {
        self.id.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::HealthThresholds;

    #[test]
    fn both_thresholds_hold_and_off_is_none() {
        let met = |count, percentage, healthy| HealthThresholds { count, percentage }.met(healthy, 4);
        assert!(met(None, None, 0));
        assert!(!met(Some(1), None, 0) && met(Some(1), None, 1));
        assert!(!met(Some(1), Some(51), 2) && met(Some(1), Some(50), 2));
    }
}
