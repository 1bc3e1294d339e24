//! Rules of listeners.

use crate::state::{Record, Tags};
use serde::{Deserialize, Serialize};
use spec::balancing::{Condition, TargetGroupId, Transform};
use vpc::LoadBalancerId;

/// A rule of a listener ("Rule", Elastic Load Balancing API Reference).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ListenerRule {
    /// The load balancer it is of; never changes.
    pub load_balancer: LoadBalancerId,
    /// The listener it is of; never changes.
    pub listener: String,
    /// The 16 hexadecimal digits at the end of its ARN.
    pub id: String,
    /// 1 to 50,000, unlike the listener's other rules; none of the default rule, which is last.
    pub priority: Option<u16>,
    /// What a request must all meet; nothing of the default rule.
    pub conditions: Vec<Condition>,
    /// Rewrites of what is forwarded.
    pub transforms: Vec<Transform>,
    /// What becomes of the request.
    pub action: RuleAction,
    /// `Order` as it was given with the action.
    pub order: Option<i32>,
    /// Its tags. Those of the default rule are always none.
    pub tags: Tags,
}

/// What becomes of a request ("Action", Elastic Load Balancing API Reference).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum RuleAction {
    /// `forward`.
    Forward(Forward),
    /// `redirect`.
    Redirect(Redirect),
    /// `fixed-response`.
    Fixed(FixedResponse),
}

/// `ForwardConfig`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Forward {
    /// The groups with their weights, 0 to 999: one to five.
    pub groups: Vec<(TargetGroupId, u16)>,
    /// `TargetGroupStickinessConfig`.
    pub stickiness: ForwardStickiness,
}

/// `TargetGroupStickinessConfig`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ForwardStickiness {
    /// Whether a client stays with the group it was given.
    pub enabled: bool,
    /// For how many seconds; there if it is enabled.
    pub duration: Option<u32>,
}

/// `RedirectConfig`, with what was not said filled in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Redirect {
    /// 301 or 302.
    pub status: u16,
    /// `HTTP`, `HTTPS` or `#{protocol}`.
    pub protocol: String,
    /// The host.
    pub host: String,
    /// The port.
    pub port: String,
    /// The path, from its `/` on.
    pub path: String,
    /// The query, without `?`.
    pub query: String,
}

/// `FixedResponseConfig`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FixedResponse {
    /// 2XX, 4XX or 5XX.
    pub status: u16,
    /// `ContentType`.
    pub content_type: Option<String>,
    /// `MessageBody`.
    pub body: Option<String>,
}

impl ListenerRule {
    /// What the keys of a listener's rules start with.
    pub fn prefix(load_balancer: &str, listener: &str) -> String {
        format!("{load_balancer}/{listener}/")
    }

    /// The key of a rule.
    pub fn key_of(load_balancer: &str, listener: &str, id: &str) -> String {
        format!("{load_balancer}/{listener}/{id}")
    }

    /// The target groups that it forwards to.
    pub fn groups(&self) -> impl Iterator<Item = &TargetGroupId> {
        let groups = match &self.action {
            RuleAction::Forward(forward) => forward.groups.as_slice(),
            RuleAction::Redirect(_) | RuleAction::Fixed(_) => &[],
        };
        groups.iter().map(|(group, _)| group)
    }
}

impl Record for ListenerRule {
    const TABLE: &'static str = "listener_rule";
    fn key(&self) -> String {
        Self::key_of(&self.load_balancer, &self.listener, &self.id)
    }
}
