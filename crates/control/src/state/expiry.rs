//! What is forgotten when: a queue in the order of time, so that nothing has to be looked through.

use super::Record;
use aws::doc::Timestamp;
use serde::{Deserialize, Serialize};
use spec::TaskId;
use vpc::{NatGatewayId, PeeringId};

/// An entry of the queue.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Expiry {
    /// When.
    pub at: Timestamp,
    /// What.
    pub what: Expiring,
}

/// Something that is forgotten in time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Expiring {
    /// A stopped task.
    Task(TaskId),
    /// A client token, by its key.
    ClientToken(String),
    /// A client token of Amazon EC2, by its key.
    CallToken(String),
    /// A NAT gateway that is deleted or failed.
    NatGateway(NatGatewayId),
    /// A request for a peering connection, if nobody has decided about it.
    VpcPeeringRequest(PeeringId),
    /// A peering connection that has ended.
    VpcPeering(PeeringId),
    /// Credentials issued for a time, by their access key id.
    Session(String),
    /// An attempt to delete a service-linked role, by its id.
    RoleDeletion(String),
    /// Images that a repository's lifecycle policy is about, by the repository's name.
    EcrImages(String),
    /// A secret whose recovery window ends, by its name.
    Secret(String),
    /// The time that a target has to finish what is under way to it, by the target's key.
    TargetDraining(String),
    /// An operation of AWS Cloud Map that has ended, by its id.
    DiscoveryOperation(String),
    /// A change of a hosted zone that is in sync, by its id.
    HostedZoneChange(String),
    /// The time that a change of an instance's health waits, by the instance's key.
    InstanceHealth(String),
    /// An inactive ECS service, by its key.
    Service(String),
    /// A scheduled action that is to run, by its key.
    ScheduledAction(String),
    /// A scaling activity, by its key.
    ScalingActivity(String),
    /// A deleted stack, by its ARN.
    Stack(String),
    /// The time that a requested certificate waits for its records, by its id.
    CertificateRequest(String),
}

impl Record for Expiry {
    const TABLE: &'static str = "expiry";
    /// Sorts by time: moments before 1970 do not occur.
    fn key(&self) -> String {
        let at = self.at.millis.max(0);
        match &self.what {
            Expiring::Task(id) => format!("{at:016}/task/{id}"),
            Expiring::ClientToken(key) => format!("{at:016}/client-token/{key}"),
            Expiring::CallToken(key) => format!("{at:016}/call-token/{key}"),
            Expiring::NatGateway(id) => format!("{at:016}/nat-gateway/{id}"),
            Expiring::VpcPeeringRequest(id) => format!("{at:016}/vpc-peering-request/{id}"),
            Expiring::VpcPeering(id) => format!("{at:016}/vpc-peering/{id}"),
            Expiring::Session(key) => format!("{at:016}/session/{key}"),
            Expiring::RoleDeletion(id) => format!("{at:016}/role-deletion/{id}"),
            Expiring::EcrImages(repository) => format!("{at:016}/ecr-images/{repository}"),
            Expiring::Secret(name) => format!("{at:016}/secret/{name}"),
            Expiring::TargetDraining(key) => format!("{at:016}/target-draining/{key}"),
            Expiring::DiscoveryOperation(id) => format!("{at:016}/discovery-operation/{id}"),
            Expiring::HostedZoneChange(id) => format!("{at:016}/hosted-zone-change/{id}"),
            Expiring::InstanceHealth(key) => format!("{at:016}/instance-health/{key}"),
            Expiring::Service(key) => format!("{at:016}/service/{key}"),
            Expiring::ScheduledAction(key) => format!("{at:016}/scheduled-action/{key}"),
            Expiring::ScalingActivity(key) => format!("{at:016}/scaling-activity/{key}"),
            Expiring::Stack(id) => format!("{at:016}/stack/{id}"),
            Expiring::CertificateRequest(id) => format!("{at:016}/certificate-request/{id}"),
        }
    }
}
