//! The CloudWatch alarms that AWS makes for a policy that tracks a target value: one for values above it in three minutes of three, one for
//! values below nine tenths of it in fifteen of fifteen. They come and go with the policy, and can be seen and changed like any alarm.

use super::{super::invalid, arn, check};
use crate::{
    State, Tx, cloudwatch,
    state::{Record, ScalingPolicy, ScalingPolicyKind},
};
use aws::{
    api::{
        application_autoscaling::{
            Alarm, CustomizedMetricSpecification, MetricType, PredefinedMetricSpecification, TargetTrackingMetric,
            TargetTrackingMetricDataQuery, TargetTrackingMetricStat, TargetTrackingScalingPolicyConfiguration,
        },
        cloudwatch::{
            ComparisonOperator, Dimension, Metric as Named, MetricDataQuery, MetricStat, PutMetricAlarmInput,
            StandardUnit, Statistic,
        },
    },
    fault::Fault,
};

/// How long each period is, in seconds.
const PERIOD: i32 = 60;
/// How many periods must be above the target value.
const HIGH: i32 = 3;
/// How many must be below what is low.
const LOW: i32 = 15;
/// What is low, as a share of the target value.
const SHARE: f64 = 0.9;

/// The names of a policy's alarms, for high values and low ones. Those it has stay its own.
pub(super) fn names(
    tx: &mut Tx<'_>,
    resource: &str,
    known: Option<&ScalingPolicyKind>,
    configuration: &TargetTrackingScalingPolicyConfiguration,
) -> (String, Option<String>) {
    let (known_high, known_low) = match known {
        Some(ScalingPolicyKind::TargetTracking { high, low, .. }) => (Some(high.clone()), low.clone()),
        _ => (None, None),
    };
    let mut new = |side: &str| format!("TargetTracking-{resource}-{side}-{}", tx.uuid());
    let high = known_high.unwrap_or_else(|| new("AlarmHigh"));
    let scales_in = configuration.disable_scale_in != Some(true);
    (high, scales_in.then(|| known_low.unwrap_or_else(|| new("AlarmLow"))))
}

/// The alarms of a policy that are no longer wanted.
pub(super) fn remove(tx: &mut Tx<'_>, policy: &ScalingPolicy, later: &ScalingPolicyKind) {
    let kept = own(later);
    let gone: Vec<String> = own(&policy.kind).into_iter().filter(|name| !kept.contains(name)).collect();
    gone.iter().for_each(|name| cloudwatch::remove(tx, name));
}

/// All the alarms that were made for a policy.
pub(super) fn remove_all(tx: &mut Tx<'_>, policy: &ScalingPolicy) {
    own(&policy.kind).iter().for_each(|name| cloudwatch::remove(tx, name));
}

/// The names of the alarms that are made for a policy.
fn own(kind: &ScalingPolicyKind) -> Vec<String> {
    match kind {
        ScalingPolicyKind::Step(_) => Vec::new(),
        ScalingPolicyKind::TargetTracking { high, low, .. } => {
            [Some(high), low.as_ref()].into_iter().flatten().cloned().collect()
        }
    }
}

/// Makes the alarms of a policy, or makes them what they should be now.
///
/// # Errors
/// What CloudWatch says of them.
pub(super) fn put(tx: &mut Tx<'_>, policy: &ScalingPolicy) -> Result<(), Fault> {
    let ScalingPolicyKind::TargetTracking { configuration, high, low } = &policy.kind else { return Ok(()) };
    let target = configuration.target_value.unwrap_or_default();
    let high = (high.clone(), ComparisonOperator::GreaterThanThreshold, target, HIGH);
    let low = low.clone().map(|low| (low, ComparisonOperator::LessThanThreshold, target * SHARE, LOW));
    let arn = arn(&tx.state.region, policy);
    for (name, operator, threshold, periods) in [Some(high), low].into_iter().flatten() {
        let metric = Metric::of(&policy.resource, configuration)?;
        cloudwatch::make(tx, alarm(name, &arn, metric, (operator, threshold, periods)))?;
    }
    Ok(())
}

/// What an alarm of a policy is about: a metric, or an expression of several.
#[derive(Default)]
struct Metric {
    namespace: Option<String>,
    name: Option<String>,
    dimensions: Option<Vec<Dimension>>,
    statistic: Option<Statistic>,
    unit: Option<StandardUnit>,
    metrics: Option<Vec<MetricDataQuery>>,
}

impl Metric {
    fn of(resource: &str, configuration: &TargetTrackingScalingPolicyConfiguration) -> Result<Self, Fault> {
        match (&configuration.predefined_metric_specification, &configuration.customized_metric_specification) {
            (_, Some(customized)) => Self::customized(customized),
            (predefined, None) => Ok(Self::predefined(resource, &predefined.clone().unwrap_or_default())),
        }
    }

    fn predefined(resource: &str, of: &PredefinedMetricSpecification) -> Self {
        if of.predefined_metric_type == Some(MetricType::ALBRequestCountPerTarget) {
            let label = of.resource_label.as_deref().unwrap_or_default();
            let (balancer, group) = check::resource(label).unwrap_or_default();
            return Self {
                namespace: Some("AWS/ApplicationELB".to_owned()),
                name: Some("RequestCountPerTarget".to_owned()),
                dimensions: Some(vec![dimension("TargetGroup", group), dimension("LoadBalancer", balancer)]),
                statistic: Some(Statistic::Sum),
                ..Self::default()
            };
        }
        let memory = of.predefined_metric_type == Some(MetricType::ECSServiceAverageMemoryUtilization);
        let mut parts = resource.split('/').skip(1).map(str::to_owned);
        let (cluster, service) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        Self {
            namespace: Some("AWS/ECS".to_owned()),
            name: Some(if memory { "MemoryUtilization" } else { "CPUUtilization" }.to_owned()),
            dimensions: Some(vec![dimension("ClusterName", cluster), dimension("ServiceName", service)]),
            statistic: Some(Statistic::Average),
            unit: Some(StandardUnit::Percent),
            metrics: None,
        }
    }

    fn customized(of: &CustomizedMetricSpecification) -> Result<Self, Fault> {
        if let Some(metrics) = &of.metrics {
            return Ok(Self { metrics: Some(queries(metrics)?), ..Self::default() });
        }
        let given = of.dimensions.iter().flatten();
        let dimensions =
            given.map(|of| dimension(of.name.as_deref().unwrap_or_default(), of.value.clone().unwrap_or_default()));
        let statistic = of.statistic.and_then(|statistic| Statistic::parse(statistic.as_str()));
        Ok(Self {
            namespace: of.namespace.clone(),
            name: of.metric_name.clone(),
            dimensions: Some(dimensions.collect()),
            statistic: Some(statistic.unwrap_or(Statistic::Average)),
            unit: of.unit.as_deref().and_then(StandardUnit::parse),
            metrics: None,
        })
    }
}

/// Metrics and expressions of them as CloudWatch is told of them.
///
/// # Errors
/// What CloudWatch says of them, as a `ValidationException`.
pub(super) fn queries(given: &[TargetTrackingMetricDataQuery]) -> Result<Vec<MetricDataQuery>, Fault> {
    let mut queries = Vec::with_capacity(given.len());
    for TargetTrackingMetricDataQuery { expression, id, label, metric_stat, return_data } in given.iter().cloned() {
        let stat = metric_stat.map(|TargetTrackingMetricStat { metric, stat, unit }| {
            let TargetTrackingMetric { dimensions, metric_name, namespace } = metric.unwrap_or_default();
            let given = dimensions.into_iter().flatten();
            let dimensions = given.map(|of| dimension(&of.name.unwrap_or_default(), of.value.unwrap_or_default()));
            let metric = Named { namespace, metric_name, dimensions: Some(dimensions.collect()) };
            let unit = match unit.as_deref() {
                Some(unit) => Some(
                    StandardUnit::parse(unit).ok_or_else(|| invalid(format!("{unit} is no unit of CloudWatch's.")))?,
                ),
                None => None,
            };
            Ok::<_, Fault>(MetricStat { metric: Some(metric), period: Some(PERIOD), stat, unit })
        });
        let metric_stat = stat.transpose()?;
        queries.push(MetricDataQuery {
            id,
            metric_stat,
            expression,
            label,
            return_data,
            period: None,
            account_id: None,
        });
    }
    cloudwatch::check_metrics(&queries).map_err(|fault| invalid(fault.message))?;
    Ok(queries)
}

fn dimension(name: &str, value: String) -> Dimension {
    Dimension { name: Some(name.to_owned()), value: Some(value) }
}

fn alarm(
    name: String,
    arn: &str,
    metric: Metric,
    (operator, threshold, periods): (ComparisonOperator, f64, i32),
) -> PutMetricAlarmInput {
    PutMetricAlarmInput {
        alarm_name: name,
        alarm_description: Some(format!("DO NOT EDIT OR DELETE. For TargetTrackingScaling policy {arn}.")),
        actions_enabled: Some(true),
        ok_actions: None,
        alarm_actions: Some(vec![arn.to_owned()]),
        insufficient_data_actions: None,
        metric_name: metric.name,
        namespace: metric.namespace,
        statistic: metric.statistic,
        extended_statistic: None,
        dimensions: metric.dimensions,
        period: metric.metrics.is_none().then_some(PERIOD),
        unit: metric.unit,
        evaluation_periods: Some(periods),
        datapoints_to_alarm: None,
        threshold: Some(threshold),
        comparison_operator: Some(operator),
        treat_missing_data: None,
        evaluate_low_sample_count_percentile: None,
        metrics: metric.metrics,
        tags: None,
        threshold_metric_id: None,
        evaluation_window: None,
        warm_up_configuration: None,
        evaluation_criteria: None,
        evaluation_interval: None,
        action_configuration: None,
    }
}

/// The alarms that invoke a policy: its own, or all that have it as an action.
pub(super) fn of(state: &State, policy: &ScalingPolicy) -> Vec<Alarm> {
    let shape =
        |name: &str| Alarm { alarm_name: Some(name.to_owned()), alarm_arn: Some(cloudwatch::arn(&state.region, name)) };
    if let ScalingPolicyKind::TargetTracking { .. } = policy.kind {
        return own(&policy.kind).iter().map(|name| shape(name)).collect();
    }
    let invokes = |action: &str| super::by_arn(state, action).is_some_and(|found| found.key() == policy.key());
    let users = state.alarms.iter().filter(|alarm| cloudwatch::actions_of(alarm).any(invokes));
    users.map(|alarm| shape(&alarm.name)).collect()
}
