//! Application Auto Scaling: scalable targets and scaling policies.

mod policy;
mod target;
#[cfg(test)]
mod tests;

use super::Types;

/// This service's types.
pub(super) const TYPES: Types = &[
    ("AWS::ApplicationAutoScaling::ScalableTarget", &target::ScalableTarget),
    ("AWS::ApplicationAutoScaling::ScalingPolicy", &policy::ScalingPolicy),
];
