//! Elastic Load Balancing's records: load balancers, listeners, rules, target groups, targets.

mod listener;
mod load_balancer;
mod rule;
mod target;
mod target_group;

pub use listener::{Listener, ListenerTls};
pub use load_balancer::{AccessLogs, LoadBalancer, LoadBalancerAttributes, LoadBalancerKind};
pub use rule::{FixedResponse, Forward, ForwardStickiness, ListenerRule, Redirect, RuleAction};
pub use target::{Draining, Target};
pub use target_group::{
    FlowAttributes, GroupStickiness, HealthThresholds, StickinessKind, TargetCrossZone, TargetGroup,
    TargetGroupAttributes,
};
