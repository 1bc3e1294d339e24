//! `DescribeAlarms` and `DescribeAlarmsForMetric`.

use super::{arn, bad_token, combination, dimensions};
use crate::{Region, View, state::Alarm};
use aws::{
    api::cloudwatch::{
        AlarmType, DescribeAlarmsForMetricInput, DescribeAlarmsForMetricOutput, DescribeAlarmsInput,
        DescribeAlarmsOutput, MetricAlarm, PutMetricAlarmInput,
    },
    fault::Fault,
    page::{Size, paginate},
};

/// How many a page holds ("DescribeAlarms").
const PAGE: Size = Size { default: 50, max: 100 };

pub(super) fn describe(view: &View<'_>, request: DescribeAlarmsInput) -> Result<DescribeAlarmsOutput, Fault> {
    let DescribeAlarmsInput {
        alarm_names,
        alarm_name_prefix,
        alarm_types,
        children_of_alarm_name,
        parents_of_alarm_name,
        state_value,
        action_prefix,
        max_records,
        next_token,
    } = request;
    let names = alarm_names.filter(|names| !names.is_empty());
    if names.is_some() && alarm_name_prefix.is_some() {
        return Err(combination("AlarmNamePrefix and AlarmNames can not both be specified."));
    }
    // Only composite alarms have children, and nothing has parents without them.
    let any = children_of_alarm_name.is_none()
        && parents_of_alarm_name.is_none()
        && alarm_types.is_none_or(|types| types.is_empty() || types.contains(&AlarmType::MetricAlarm));
    let acts = |alarm: &Alarm, prefix: &str| {
        let lists = [&alarm.what.alarm_actions, &alarm.what.ok_actions, &alarm.what.insufficient_data_actions];
        lists.into_iter().flatten().flatten().any(|action| action.starts_with(prefix))
    };
    let wanted = |alarm: &&Alarm| {
        any && names.as_ref().is_none_or(|names| names.contains(&alarm.name))
            && alarm_name_prefix.as_ref().is_none_or(|prefix| alarm.name.starts_with(prefix))
            && state_value.is_none_or(|state| state == alarm.state)
            && action_prefix.as_ref().is_none_or(|prefix| acts(alarm, prefix))
    };
    let all = view.state.alarms.iter().filter(wanted);
    let (page, next_token) =
        paginate(all, |alarm| alarm.name.clone(), max_records, next_token.as_deref(), PAGE).map_err(|_| bad_token())?;
    Ok(DescribeAlarmsOutput {
        metric_alarms: Some(page.into_iter().map(|alarm| shape(&view.state.region, alarm)).collect()),
        composite_alarms: Some(Vec::new()),
        log_alarms: Some(Vec::new()),
        next_token,
    })
}

pub(super) fn for_metric(
    view: &View<'_>,
    request: DescribeAlarmsForMetricInput,
) -> Result<DescribeAlarmsForMetricOutput, Fault> {
    let DescribeAlarmsForMetricInput {
        metric_name,
        namespace,
        statistic,
        extended_statistic,
        dimensions: of,
        period,
        unit,
    } = request;
    let of = dimensions(of)?;
    let wanted = |alarm: &&Alarm| {
        let what = &alarm.what;
        what.metric_name.as_ref() == Some(&metric_name)
            && what.namespace.as_ref() == Some(&namespace)
            && dimensions(what.dimensions.clone()).is_ok_and(|dimensions| dimensions == of)
            && statistic.is_none_or(|statistic| what.statistic == Some(statistic))
            && extended_statistic.as_ref().is_none_or(|wanted| what.extended_statistic.as_ref() == Some(wanted))
            && period.is_none_or(|period| what.period == Some(period))
            && unit.is_none_or(|unit| what.unit == Some(unit))
    };
    let found = view.state.alarms.iter().filter(wanted).map(|alarm| shape(&view.state.region, alarm));
    Ok(DescribeAlarmsForMetricOutput { metric_alarms: Some(found.collect()) })
}

fn shape(region: &Region, alarm: &Alarm) -> MetricAlarm {
    let PutMetricAlarmInput {
        alarm_description,
        ok_actions,
        alarm_actions,
        insufficient_data_actions,
        metric_name,
        namespace,
        statistic,
        extended_statistic,
        dimensions,
        period,
        unit,
        evaluation_periods,
        datapoints_to_alarm,
        threshold,
        comparison_operator,
        treat_missing_data,
        evaluate_low_sample_count_percentile,
        metrics,
        ..
    } = alarm.what.clone();
    MetricAlarm {
        alarm_name: Some(alarm.name.clone()),
        alarm_arn: Some(arn(region, &alarm.name)),
        alarm_description,
        alarm_configuration_updated_timestamp: Some(alarm.updated_at),
        actions_enabled: Some(alarm.actions_enabled),
        ok_actions: Some(ok_actions.unwrap_or_default()),
        alarm_actions: Some(alarm_actions.unwrap_or_default()),
        insufficient_data_actions: Some(insufficient_data_actions.unwrap_or_default()),
        state_value: Some(alarm.state),
        state_reason: Some(alarm.reason.clone()),
        state_reason_data: alarm.reason_data.clone(),
        state_updated_timestamp: Some(alarm.state_updated_at),
        state_transitioned_timestamp: Some(alarm.transitioned_at),
        metric_name,
        namespace,
        statistic,
        extended_statistic,
        dimensions: Some(dimensions.unwrap_or_default()),
        period,
        unit,
        evaluation_periods,
        datapoints_to_alarm,
        threshold,
        comparison_operator,
        treat_missing_data,
        evaluate_low_sample_count_percentile,
        metrics: metrics.filter(|metrics| !metrics.is_empty()),
        ..MetricAlarm::default()
    }
}
