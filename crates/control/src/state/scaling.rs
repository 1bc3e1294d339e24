//! Application Auto Scaling: services whose desired count it sets, by what, and what it did.

use super::{Record, Service, Tags};
use aws::{
    api::application_autoscaling::{
        NotScaledReason, ScalableTargetAction, ScalingActivityStatusCode, StepScalingPolicyConfiguration,
        SuspendedState, TargetTrackingScalingPolicyConfiguration,
    },
    doc::Timestamp,
};
use serde::{Deserialize, Serialize};
use spec::Millis;

/// The name of a service as a resource: `service/CLUSTER/SERVICE`.
fn resource(cluster: &str, service: &str) -> String {
    format!("service/{}", Service::key_of(cluster, service))
}

/// A service whose desired count is set by policies and schedules, between two bounds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ScalableTarget {
    /// The name of its cluster.
    pub cluster: String,
    /// The name of the service.
    pub service: String,
    /// The last part of its ARN.
    pub id: String,
    /// The least tasks it is scaled in to.
    pub min: u32,
    /// The most tasks it is scaled out to.
    pub max: u32,
    /// When it was registered.
    pub created_at: Timestamp,
    /// What does not happen for now; every member is there.
    pub suspended: SuspendedState,
    /// Its tags.
    pub tags: Tags,
    /// The number of the activity that is under way.
    pub activity: Option<u64>,
    /// The last scale-out of a policy's, while it counts.
    pub scaled_out: Option<Cooldown>,
    /// The last scale-in of a policy's, while it counts.
    pub scaled_in: Option<Cooldown>,
}

/// What a policy did, and how long that is given to take effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cooldown {
    /// The capacity before.
    pub from: u32,
    /// The capacity that metrics are of which were taken before the activity has ended.
    pub measured: u32,
    /// The capacity since.
    pub to: u32,
    /// For how long after the activity has ended.
    pub lasts: Millis,
    /// Until when, once the activity has ended.
    pub until: Option<Millis>,
}

impl ScalableTarget {
    /// Such as `service/default/web`.
    pub fn resource(&self) -> String {
        resource(&self.cluster, &self.service)
    }

    /// The key of its service.
    pub fn service_key(&self) -> String {
        Service::key_of(&self.cluster, &self.service)
    }
}

impl Record for ScalableTarget {
    const TABLE: &'static str = "scalable_target";
    fn key(&self) -> String {
        self.resource()
    }
}

/// What sets the desired count of a scalable target when an alarm invokes it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ScalingPolicy {
    /// The scalable target: `service/CLUSTER/SERVICE`.
    pub resource: String,
    /// Its name, unique in the target.
    pub name: String,
    /// A UUID, the part of its ARN that no other has.
    pub id: String,
    /// A UUID at the end of its ARN.
    pub creator: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// What it goes by.
    pub kind: ScalingPolicyKind,
}

/// What a policy goes by.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum ScalingPolicyKind {
    /// How far beyond its threshold an alarm of the user's is.
    Step(StepScalingPolicyConfiguration),
    /// What a metric's value should be.
    TargetTracking {
        /// As it was given.
        configuration: TargetTrackingScalingPolicyConfiguration,
        /// The name of the alarm that invokes it when the value is higher.
        high: String,
        /// The name of the one for when it is lower; none where it never scales in.
        low: Option<String>,
    },
}

impl ScalingPolicy {
    /// What the keys of a target's policies start with: neither clusters nor services have a slash in their names.
    pub fn prefix(resource: &str) -> String {
        format!("{resource}/")
    }

    /// The key of a policy.
    pub fn key_of(resource: &str, name: &str) -> String {
        format!("{}{name}", Self::prefix(resource))
    }
}

impl Record for ScalingPolicy {
    const TABLE: &'static str = "scaling_policy";
    fn key(&self) -> String {
        Self::key_of(&self.resource, &self.name)
    }
}

/// What sets the bounds of a scalable target at a time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ScheduledAction {
    /// The scalable target: `service/CLUSTER/SERVICE`.
    pub resource: String,
    /// Its name, unique in the target.
    pub name: String,
    /// A UUID, the part of its ARN that no other has.
    pub id: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it runs, as it was given.
    pub schedule: String,
    /// The time zone of that, as it was given.
    pub timezone: Option<String>,
    /// It runs at this time, and not before.
    pub start: Option<Timestamp>,
    /// It does not run after this time.
    pub end: Option<Timestamp>,
    /// The bounds it sets.
    pub action: ScalableTargetAction,
    /// When it runs next, if it does.
    pub next: Option<Timestamp>,
}

impl ScheduledAction {
    /// What the keys of a target's actions start with.
    pub fn prefix(resource: &str) -> String {
        format!("{resource}/")
    }

    /// The key of a scheduled action.
    pub fn key_of(resource: &str, name: &str) -> String {
        format!("{}{name}", Self::prefix(resource))
    }
}

impl Record for ScheduledAction {
    const TABLE: &'static str = "scheduled_action";
    fn key(&self) -> String {
        Self::key_of(&self.resource, &self.name)
    }
}

/// Something that was done to a scalable target, or was not.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ScalingActivity {
    /// The scalable target: `service/CLUSTER/SERVICE`. It may be gone.
    pub resource: String,
    /// Its place among the target's activities.
    pub number: u64,
    /// A UUID.
    pub id: String,
    /// What is done.
    pub description: String,
    /// Why.
    pub cause: String,
    /// When it began.
    pub started_at: Timestamp,
    /// When it was over.
    pub ended_at: Option<Timestamp>,
    /// How far it is.
    pub status: ScalingActivityStatusCode,
    /// The same in words.
    pub message: Option<String>,
    /// The capacity that was asked for.
    pub capacity: Option<u32>,
    /// Why nothing was done.
    pub not_scaled: Option<NotScaledReason>,
}

impl ScalingActivity {
    /// What the keys of a target's activities start with; they are in the order of their numbers.
    pub fn prefix(resource: &str) -> String {
        format!("{resource}/")
    }

    /// The key of an activity.
    pub fn key_of(resource: &str, number: u64) -> String {
        format!("{}{number:020}", Self::prefix(resource))
    }
}

impl Record for ScalingActivity {
    const TABLE: &'static str = "scaling_activity";
    fn key(&self) -> String {
        Self::key_of(&self.resource, self.number)
    }
}
