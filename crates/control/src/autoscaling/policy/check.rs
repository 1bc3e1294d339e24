//! What a policy may be ("PutScalingPolicy" and the data types of its configurations, Application Auto Scaling API Reference).

use super::super::{invalid, unsupported};
use crate::{
    State,
    state::{ScalingPolicy, ScalingPolicyKind},
};
use aws::{
    api::{
        application_autoscaling::{
            AdjustmentType, CustomizedMetricSpecification, MetricType, PolicyType, PredefinedMetricSpecification,
            StepAdjustment, StepScalingPolicyConfiguration, TargetTrackingScalingPolicyConfiguration,
        },
        cloudwatch::StandardUnit,
    },
    fault::Fault,
};

/// Steps of a policy ("Quotas for Application Auto Scaling").
const STEPS: usize = 20;
/// Values are in the range of -2^360 to 2^360 ("TargetTrackingScalingPolicyConfiguration").
const LARGEST: f64 = 2.348_542_582_773_833e108;
/// Dimensions of a metric ("MetricAlarm", Amazon CloudWatch API Reference).
const DIMENSIONS: usize = 30;

/// What a request says of a policy.
pub(super) struct Given {
    pub(super) kind: Option<PolicyType>,
    pub(super) step: Option<StepScalingPolicyConfiguration>,
    pub(super) tracking: Option<TargetTrackingScalingPolicyConfiguration>,
    pub(super) predictive: bool,
}

/// The same, checked.
pub(super) enum Checked {
    Step(StepScalingPolicyConfiguration),
    Tracking(TargetTrackingScalingPolicyConfiguration),
}

/// What a policy is to be: a new one, or another one than it was. Its type stays.
///
/// # Errors
/// `ValidationException`, by name for what neargate does not do.
pub(super) fn check(known: Option<&ScalingPolicyKind>, given: Given) -> Result<Checked, Fault> {
    let Given { kind, step, tracking, predictive } = given;
    if predictive || kind == Some(PolicyType::PredictiveScaling) {
        return Err(unsupported("predictive scaling"));
    }
    let kind = match (kind, known) {
        (Some(PolicyType::StepScaling), Some(ScalingPolicyKind::TargetTracking { .. }))
        | (Some(PolicyType::TargetTrackingScaling), Some(ScalingPolicyKind::Step(_))) => {
            return Err(invalid("The type of a scaling policy can't be changed."));
        }
        (Some(kind), _) => kind,
        (None, Some(ScalingPolicyKind::Step(_))) => PolicyType::StepScaling,
        (None, Some(ScalingPolicyKind::TargetTracking { .. })) => PolicyType::TargetTrackingScaling,
        (None, None) => return Err(invalid("PolicyType must be specified when a scaling policy is created.")),
    };
    match (kind, step, tracking, known) {
        (PolicyType::StepScaling, Some(step), None, known) => {
            let known = match known {
                Some(ScalingPolicyKind::Step(known)) => Some(known),
                _ => None,
            };
            check_step(known, step).map(Checked::Step)
        }
        (PolicyType::TargetTrackingScaling, None, Some(tracking), _) => {
            check_tracking(&tracking)?;
            Ok(Checked::Tracking(tracking))
        }
        // Nothing is said of what it is: it stays.
        (_, None, None, Some(ScalingPolicyKind::Step(known))) => Ok(Checked::Step(known.clone())),
        (_, None, None, Some(ScalingPolicyKind::TargetTracking { configuration, .. })) => {
            Ok(Checked::Tracking(configuration.clone()))
        }
        (kind, ..) => Err(invalid(format!("A policy of the type {kind} needs its own configuration and no other."))),
    }
}

fn not_negative(name: &str, value: Option<i32>) -> Result<(), Fault> {
    match value {
        Some(value) if value < 0 => Err(invalid(format!("{name} must be greater than or equal to 0."))),
        _ => Ok(()),
    }
}

/// A configuration of steps on top of the one there is: what is not said stays ("PutScalingPolicy"), but for the least change of a percentage
/// where it no longer is one.
fn check_step(
    known: Option<&StepScalingPolicyConfiguration>,
    given: StepScalingPolicyConfiguration,
) -> Result<StepScalingPolicyConfiguration, Fault> {
    let known = known.cloned().unwrap_or_default();
    let adjustment_type = given.adjustment_type.or(known.adjustment_type);
    let is_percentage = adjustment_type == Some(AdjustmentType::PercentChangeInCapacity);
    let least = known.min_adjustment_magnitude.filter(|_| is_percentage);
    let step = StepScalingPolicyConfiguration {
        adjustment_type,
        step_adjustments: given.step_adjustments.or(known.step_adjustments),
        min_adjustment_magnitude: given.min_adjustment_magnitude.or(least),
        cooldown: given.cooldown.or(known.cooldown),
        metric_aggregation_type: given.metric_aggregation_type.or(known.metric_aggregation_type),
    };
    let Some(kind) = step.adjustment_type else { return Err(invalid("AdjustmentType must be specified.")) };
    let steps = step.step_adjustments.as_deref().unwrap_or_default();
    if steps.is_empty() {
        return Err(invalid("At least one step adjustment must be specified."));
    }
    if steps.len() > STEPS {
        return Err(invalid(format!("A step scaling policy can have at most {STEPS} step adjustments.")));
    }
    not_negative("Cooldown", step.cooldown)?;
    not_negative("MinAdjustmentMagnitude", step.min_adjustment_magnitude)?;
    if step.min_adjustment_magnitude.is_some() && !is_percentage {
        return Err(invalid("MinAdjustmentMagnitude can be specified with PercentChangeInCapacity only."));
    }
    let negative = |step: &StepAdjustment| step.scaling_adjustment.is_some_and(|by| by < 0);
    if kind == AdjustmentType::ExactCapacity && steps.iter().any(negative) {
        return Err(invalid("The ScalingAdjustment of an ExactCapacity can't be negative."));
    }
    check_intervals(steps)?;
    Ok(step)
}

/// Intervals meet each other, and what is beyond them on the side where they go on is somebody's ("StepAdjustment").
fn check_intervals(steps: &[StepAdjustment]) -> Result<(), Fault> {
    let mut intervals = Vec::new();
    for step in steps {
        let (low, high) = (step.metric_interval_lower_bound, step.metric_interval_upper_bound);
        if low.is_none() && high.is_none() {
            return Err(invalid("The lower and the upper bound of a step adjustment can't both be null."));
        }
        let (low, high) = (low.unwrap_or(f64::NEG_INFINITY), high.unwrap_or(f64::INFINITY));
        if low.is_nan() || high.is_nan() || low >= high {
            return Err(invalid("The upper bound of a step adjustment must be greater than its lower bound."));
        }
        intervals.push((low, high));
    }
    intervals.sort_by(|one, other| one.0.total_cmp(&other.0));
    for pair in intervals.windows(2) {
        let [one, other] = pair else { continue };
        if one.1 > other.0 {
            return Err(invalid("The intervals of step adjustments can't overlap."));
        }
        if one.1 < other.0 {
            return Err(invalid("The intervals of step adjustments can't have a gap."));
        }
    }
    let first = intervals.first().map_or(0.0, |interval| interval.0);
    let last = intervals.last().map_or(0.0, |interval| interval.1);
    if first.is_finite() && first < 0.0 {
        return Err(invalid("With a negative lower bound there must be a step adjustment with a null lower bound."));
    }
    if last.is_finite() && last > 0.0 {
        return Err(invalid("With a positive upper bound there must be a step adjustment with a null upper bound."));
    }
    Ok(())
}

fn check_tracking(tracking: &TargetTrackingScalingPolicyConfiguration) -> Result<(), Fault> {
    let TargetTrackingScalingPolicyConfiguration {
        target_value,
        predefined_metric_specification,
        customized_metric_specification,
        scale_out_cooldown,
        scale_in_cooldown,
        disable_scale_in: _,
    } = tracking;
    let target = target_value.unwrap_or(0.0);
    if !(target > 0.0 && target <= LARGEST) {
        return Err(invalid("TargetValue must be greater than 0 and at most 2^360."));
    }
    not_negative("ScaleOutCooldown", *scale_out_cooldown)?;
    not_negative("ScaleInCooldown", *scale_in_cooldown)?;
    match (predefined_metric_specification, customized_metric_specification) {
        (Some(predefined), None) => check_predefined(predefined),
        (None, Some(customized)) => check_customized(customized),
        _ => Err(invalid(
            "Either a PredefinedMetricSpecification or a CustomizedMetricSpecification must be specified, and not both.",
        )),
    }
}

fn check_predefined(of: &PredefinedMetricSpecification) -> Result<(), Fault> {
    let PredefinedMetricSpecification { predefined_metric_type, resource_label } = of;
    let label = resource_label.as_deref();
    match predefined_metric_type {
        Some(MetricType::ALBRequestCountPerTarget) => match label {
            Some(label) => {
                resource(label).map(drop).ok_or_else(|| invalid(format!("Invalid resource label '{label}'.")))
            }
            None => Err(invalid("ResourceLabel must be specified with ALBRequestCountPerTarget.")),
        },
        Some(MetricType::ECSServiceAverageCPUUtilization | MetricType::ECSServiceAverageMemoryUtilization) => {
            match label {
                Some(_) => Err(invalid("ResourceLabel can be specified with ALBRequestCountPerTarget only.")),
                None => Ok(()),
            }
        }
        Some(
            kind @ (MetricType::ECSServiceAverageCPUUtilizationHighResolution
            | MetricType::ECSServiceAverageMemoryUtilizationHighResolution),
        ) => Err(unsupported(&format!("PredefinedMetricType={kind} (high-resolution metrics)"))),
        Some(kind) => Err(invalid(format!("{kind} is no metric of the service namespace ecs."))),
        None => Err(invalid("PredefinedMetricType must be specified.")),
    }
}

/// Load balancer and target group of a label, as metrics name them: `app/NAME/ID/targetgroup/NAME/ID`.
pub(super) fn resource(label: &str) -> Option<(String, String)> {
    let parts: Vec<&str> = label.split('/').collect();
    match parts.as_slice() {
        ["app", balancer, balancer_id, "targetgroup", group, group_id] if parts.iter().all(|part| !part.is_empty()) => {
            Some((format!("app/{balancer}/{balancer_id}"), format!("targetgroup/{group}/{group_id}")))
        }
        _ => None,
    }
}

fn check_customized(of: &CustomizedMetricSpecification) -> Result<(), Fault> {
    let CustomizedMetricSpecification { metric_name, namespace, dimensions, statistic, unit, metrics } = of;
    if let Some(metrics) = metrics {
        let plain = metric_name.is_some()
            || namespace.is_some()
            || dimensions.is_some()
            || statistic.is_some()
            || unit.is_some();
        if plain {
            return Err(invalid(
                "Metrics can't be specified together with MetricName, Namespace, Dimensions, Statistic or Unit.",
            ));
        }
        return super::alarms::queries(metrics).map(drop);
    }
    let given = |text: &Option<String>| text.as_ref().is_some_and(|text| !text.is_empty());
    if !given(metric_name) || !given(namespace) || statistic.is_none() {
        return Err(invalid("MetricName, Namespace and Statistic must be specified."));
    }
    if dimensions.as_ref().is_some_and(|dimensions| dimensions.len() > DIMENSIONS) {
        return Err(invalid(format!("A metric can have at most {DIMENSIONS} dimensions.")));
    }
    match unit.as_deref() {
        Some(unit) if StandardUnit::parse(unit).is_none() => {
            Err(invalid(format!("{unit} is no unit of CloudWatch's.")))
        }
        _ => Ok(()),
    }
}

/// Refuses a second policy of a target on one metric.
///
/// # Errors
/// `ValidationException` in AWS's words.
pub(super) fn alone(
    state: &State,
    target: &str,
    name: &str,
    new: &TargetTrackingScalingPolicyConfiguration,
) -> Result<(), Fault> {
    let same = |policy: &ScalingPolicy| match &policy.kind {
        ScalingPolicyKind::TargetTracking { configuration, .. } => {
            policy.name != name
                && configuration.predefined_metric_specification == new.predefined_metric_specification
                && configuration.customized_metric_specification == new.customized_metric_specification
        }
        ScalingPolicyKind::Step(_) => false,
    };
    match state.scaling_policies.prefixed(&ScalingPolicy::prefix(target)).any(same) {
        true => Err(invalid("Only one TargetTrackingScaling policy for a given metric specification is allowed.")),
        false => Ok(()),
    }
}
