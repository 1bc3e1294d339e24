//! What a policy wants when an alarm invokes it, and what is done of what several want: pure functions ("Target tracking scaling policies" and
//! "Step scaling policies", Application Auto Scaling User Guide).
//!
//! What AWS does not document is decided on the safe side. Target tracking scales out by the newest value, and in by the highest of those that
//! the alarm goes by, rounding up both times; so it does not remove what it would add again.

use aws::api::application_autoscaling::{
    AdjustmentType, MetricAggregationType, StepAdjustment, StepScalingPolicyConfiguration,
};

/// What is known of a scalable target.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Situation {
    /// The desired count.
    pub(super) current: u32,
    /// The least it is scaled in to.
    pub(super) min: u32,
    /// The most it is scaled out to.
    pub(super) max: u32,
    /// What it was before the scale-outs whose cooldown is in effect, if one is: what they added counts towards what steps add now.
    pub(super) before_scale_out: Option<u32>,
    /// Whether the cooldown of a scale-in is in effect.
    pub(super) scaled_in: bool,
    /// Whether a deployment is under way: nothing is scaled in meanwhile.
    pub(super) deploying: bool,
    /// Whether every target tracking policy that may scale in is ready to.
    pub(super) tracking_ready: bool,
    /// Whether scaling out is suspended.
    pub(super) out_suspended: bool,
    /// Whether scaling in is suspended.
    pub(super) in_suspended: bool,
}

/// What a policy wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wish {
    /// More, and how many.
    Out(u32),
    /// Fewer, and how many; whether target tracking wants it.
    In(u32, bool),
    /// What there is, and why.
    Stay(Reason),
    /// Nothing: none of its steps is meant, or what was added last is still to take effect.
    Nothing,
}

/// Why nothing is done ("Understanding not scaled reason codes").
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reason {
    /// Fewer would be too few at once.
    AutoScalingAnticipatedFlapping,
    /// A deployment is under way.
    TargetServicePutResourceAsUnscalable,
    /// There are as many as may be.
    AlreadyAtMaxCapacity,
    /// There are as few as may be.
    AlreadyAtMinCapacity,
    /// There are as many as there should be.
    AlreadyAtDesiredCapacity,
}

/// What is done. `by` is the place of the policy that it is done for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Decision {
    /// The desired count becomes another one.
    Scale { by: usize, to: u32 },
    /// It does not, for a reason that is told.
    Stay { by: usize, reason: Reason },
    /// Nothing, and nobody is told.
    Nothing,
}

impl Situation {
    /// What a policy that adds starts from.
    fn base(&self) -> u32 {
        self.before_scale_out.unwrap_or(self.current).min(self.current)
    }

    /// A wish for more, if it is for more than there is.
    fn more(&self, wanted: u32) -> Wish {
        match wanted > self.current {
            true => Wish::Out(wanted),
            false if self.before_scale_out.is_some() => Wish::Nothing,
            false => Wish::Stay(Reason::AlreadyAtDesiredCapacity),
        }
    }
}

/// How many there would have to be for a metric to have its target value.
fn proportional(count: u32, value: f64, target: f64) -> u32 {
    let wanted = f64::from(count) * (value / target);
    // What is too much by as little as numbers are inexact is not too much. The conversion keeps within bounds by itself.
    (wanted - wanted.abs() * 1e-9).ceil() as u32
}

/// What target tracking wants when the alarm for high values invokes it. `values` are those the alarm goes by, the newest last, which was
/// measured when there were `count`: while a scale-out takes effect, those before it, so that nothing is added twice.
pub(super) fn track_high(target: f64, values: &[f64], count: u32, situation: &Situation) -> Wish {
    let Some(newest) = values.last() else { return Wish::Nothing };
    situation.more(proportional(count.max(1), *newest, target))
}

/// What target tracking wants when the alarm for low values invokes it.
pub(super) fn track_low(target: f64, values: &[f64], situation: &Situation) -> Wish {
    let Some(highest) = values.iter().copied().reduce(f64::max) else { return Wish::Nothing };
    let wanted = proportional(situation.current, highest, target);
    if wanted < situation.current { Wish::In(wanted, true) } else { Wish::Stay(Reason::AutoScalingAnticipatedFlapping) }
}

/// What step scaling wants. `above`: whether its alarm is about values above the threshold.
pub(super) fn step(
    policy: &StepScalingPolicyConfiguration,
    threshold: f64,
    above: bool,
    values: &[f64],
    situation: &Situation,
) -> Wish {
    let Some(value) = aggregate(policy.metric_aggregation_type, values) else { return Wish::Nothing };
    let steps = policy.step_adjustments.as_deref().unwrap_or_default();
    let difference = value - threshold;
    let Some(by) = steps.iter().find(|step| is_meant(step, difference, above)).and_then(|step| step.scaling_adjustment)
    else {
        return Wish::Nothing;
    };
    let change = |from: u32| match policy.adjustment_type {
        Some(AdjustmentType::ExactCapacity) => i64::from(by) - i64::from(from),
        Some(AdjustmentType::PercentChangeInCapacity) => {
            percent(from, by, policy.min_adjustment_magnitude.unwrap_or(0))
        }
        _ => i64::from(by),
    };
    let exact = policy.adjustment_type == Some(AdjustmentType::ExactCapacity);
    let from = if by > 0 && !exact { situation.base() } else { situation.current };
    let wanted = (i64::from(from) + change(from)).clamp(0, i64::from(u32::MAX));
    let wanted = u32::try_from(wanted).unwrap_or(u32::MAX);
    match wanted < situation.current && (by < 0 || exact) {
        true => Wish::In(wanted, false),
        false => situation.more(wanted),
    }
}

fn aggregate(kind: Option<MetricAggregationType>, values: &[f64]) -> Option<f64> {
    match kind {
        Some(MetricAggregationType::Minimum) => values.iter().copied().reduce(f64::min),
        Some(MetricAggregationType::Maximum) => values.iter().copied().reduce(f64::max),
        _ if values.is_empty() => None,
        _ => Some(values.iter().sum::<f64>() / values.len() as f64),
    }
}

/// Whether a step is for a value that is so far from the threshold: above it the lower bound belongs to the step, below it the upper one.
fn is_meant(step: &StepAdjustment, difference: f64, above: bool) -> bool {
    let low = step.metric_interval_lower_bound.unwrap_or(f64::NEG_INFINITY);
    let high = step.metric_interval_upper_bound.unwrap_or(f64::INFINITY);
    if difference > 0.0 || (difference == 0.0 && above) {
        low <= difference && difference < high
    } else {
        low < difference && difference <= high
    }
}

/// So many per cent of a capacity: towards zero, but no less than one, or than the least that is worth it.
fn percent(of: u32, by: i32, least: i32) -> i64 {
    if by == 0 {
        return 0;
    }
    let exact = f64::from(of) * f64::from(by) / 100.0;
    let whole = if exact.abs() < 1.0 { exact.signum() * exact.abs().ceil() } else { exact.trunc() } as i64;
    let size = whole.abs().max(i64::from(least));
    if by < 0 { -size } else { size }
}

/// What is done of what several policies want at once: more if one wants more, and of what is wanted always the most.
pub(super) fn decide(situation: &Situation, wishes: &[Wish]) -> Decision {
    let Situation { current, min, max, .. } = *situation;
    let most = |wanted: &dyn Fn(&Wish) -> Option<u32>| {
        let all = wishes.iter().enumerate().filter_map(|(by, wish)| Some((wanted(wish)?, by)));
        // Of several that want the same the first.
        all.reduce(|one, other| if other.0 > one.0 { other } else { one })
    };
    let out = most(&|wish| match wish {
        Wish::Out(wanted) if !situation.out_suspended => Some(*wanted),
        _ => None,
    });
    if let Some((wanted, by)) = out {
        let to = wanted.clamp(min, max);
        return match to > current {
            true => Decision::Scale { by, to },
            false => Decision::Stay { by, reason: Reason::AlreadyAtMaxCapacity },
        };
    }
    let fewer = most(&|wish| match wish {
        Wish::In(wanted, tracking) if !situation.in_suspended && (!tracking || situation.tracking_ready) => {
            Some(*wanted)
        }
        _ => None,
    });
    if let Some((wanted, by)) = fewer {
        let to = wanted.clamp(min, max);
        return if current <= min {
            Decision::Stay { by, reason: Reason::AlreadyAtMinCapacity }
        } else if situation.deploying {
            Decision::Stay { by, reason: Reason::TargetServicePutResourceAsUnscalable }
        } else if situation.scaled_in || to >= current {
            Decision::Nothing
        } else {
            Decision::Scale { by, to }
        };
    }
    let stay = wishes.iter().enumerate().find_map(|(by, wish)| match wish {
        Wish::Stay(reason) => Some(Decision::Stay { by, reason: *reason }),
        _ => None,
    });
    stay.unwrap_or(Decision::Nothing)
}

#[cfg(test)]
mod tests;
