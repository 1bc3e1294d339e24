//! When an alarm changes its state: a pure function of its configuration and of the values of the last periods ("Alarm evaluation" and
//! "Configuring how CloudWatch alarms treat missing data", Amazon CloudWatch User Guide).
//!
//! An alarm looks at more periods than it goes by, so that values which come late or not at all are made up for by older ones: it goes by
//! the newest values there are. Only where they are fewer than the periods it goes by does it matter how missing ones are treated.

use super::{
    queries::{self, Asked},
    reason,
};
use crate::{Region, state::Alarm};
use aws::{
    api::cloudwatch::{ComparisonOperator, Metric, MetricDataQuery, MetricStat, PutMetricAlarmInput, StateValue},
    doc::Timestamp,
};
use spec::Millis;

/// How many periods are looked at beyond those an alarm goes by. CloudWatch's number "varies"; its examples have two.
const MORE: usize = 2;
/// Seconds.
const MINUTE: i64 = 60;
const TEN: i64 = 10;

/// What an alarm has to be shown.
#[derive(Debug)]
pub struct Watched {
    /// The alarm's metric or metrics and expressions of them, and the place among them of what it watches.
    pub asked: Option<(Asked, usize)>,
    /// Beginnings and ends of the periods, the newest last.
    pub periods: Vec<(Millis, Millis)>,
}

/// What is known of one period.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Period {
    /// When it began.
    pub start: Millis,
    /// The statistic of its values, and how many those are (not so of an expression); none where there are none.
    pub value: Option<(f64, f64)>,
}

/// An alarm's new state, or a new reason for the one it has.
#[derive(Debug, Clone, PartialEq)]
pub struct Verdict {
    /// The state.
    pub state: StateValue,
    /// Why, in words.
    pub reason: String,
    /// Why, as JSON.
    pub data: String,
}

/// What an alarm has to be shown at a time, in a region whose minutes may be shorter than others'.
pub fn watched(alarm: &Alarm, region: &Region, now: Millis) -> Watched {
    let what = &alarm.what;
    let asked = asked(what, region);
    let period = asked.as_ref().and_then(|(asked, place)| asked.queries.period(*place));
    let length = period.unwrap_or_else(|| region.lasting(MINUTE)).max(1);
    // One with a period of minutes is evaluated once a minute, about the minutes that are over; one with less every ten seconds.
    let step = if length < region.lasting(MINUTE) { region.lasting(TEN) } else { region.minute };
    let end = now - now.rem_euclid(step.max(1));
    let count = count(what.evaluation_periods) + MORE;
    let periods = (0..count).rev().map(|back| {
        let end = end - length * Millis::try_from(back).unwrap_or(0);
        (end - length, end)
    });
    Watched { asked, periods: periods.collect() }
}

/// What an alarm watches. It was checked when the alarm was made.
fn asked(what: &PutMetricAlarmInput, region: &Region) -> Option<(Asked, usize)> {
    let asked = queries::read(queries(what), |seconds| region.lasting(seconds)).ok()?;
    let place = asked.returned.first()?.0;
    Some((asked, place))
}

/// The one metric of an alarm as the only one of several.
fn queries(what: &PutMetricAlarmInput) -> Vec<MetricDataQuery> {
    if let Some(metrics) = what.metrics.as_ref().filter(|metrics| !metrics.is_empty()) {
        return metrics.clone();
    }
    let statistic = what.statistic.map(|statistic| statistic.as_str().to_owned());
    let metric = Metric {
        namespace: what.namespace.clone(),
        metric_name: what.metric_name.clone(),
        dimensions: what.dimensions.clone(),
    };
    let stat = MetricStat {
        metric: Some(metric),
        period: what.period,
        stat: statistic.or_else(|| what.extended_statistic.clone()),
        unit: what.unit,
    };
    vec![MetricDataQuery { id: Some("m1".to_owned()), metric_stat: Some(stat), ..MetricDataQuery::default() }]
}

/// How long an alarm's periods are, in seconds.
pub(super) fn period(what: &PutMetricAlarmInput) -> i64 {
    let asked = queries::read(queries(what), |seconds| seconds).ok();
    let period = asked.and_then(|asked| asked.queries.period(asked.returned.first()?.0));
    period.unwrap_or(MINUTE)
}

/// How far back an alarm looks, in seconds.
pub(crate) fn look_back(what: &PutMetricAlarmInput) -> i64 {
    period(what).saturating_mul(i64::from(what.evaluation_periods.unwrap_or(1)))
}

/// The values that an alarm goes by, of those it is shown: the newest, in the order of time.
pub(super) fn values(alarm: &Alarm, periods: &[Period]) -> Vec<f64> {
    let newest = periods.iter().rev().filter_map(|period| Some(period.value?.0));
    let mut values: Vec<f64> = newest.take(count(alarm.what.evaluation_periods)).collect();
    values.reverse();
    values
}

fn count(periods: Option<i32>) -> usize {
    periods.and_then(|periods| usize::try_from(periods).ok()).unwrap_or(1).max(1)
}

/// How an alarm goes by values.
pub(super) struct Rule {
    /// How many values it goes by.
    pub(super) periods: usize,
    /// How many of them must be breaching.
    pub(super) datapoints: usize,
    pub(super) operator: ComparisonOperator,
    pub(super) threshold: f64,
}

impl Rule {
    fn of(alarm: &Alarm) -> Self {
        let what = &alarm.what;
        let periods = count(what.evaluation_periods);
        Self {
            periods,
            datapoints: what.datapoints_to_alarm.map_or(periods, |given| count(Some(given))),
            operator: what.comparison_operator.unwrap_or(ComparisonOperator::GreaterThanThreshold),
            threshold: what.threshold.unwrap_or_default(),
        }
    }

    pub(super) fn is_breaching(&self, value: f64) -> bool {
        match self.operator {
            ComparisonOperator::GreaterThanOrEqualToThreshold => value >= self.threshold,
            ComparisonOperator::GreaterThanThreshold => value > self.threshold,
            ComparisonOperator::LessThanThreshold => value < self.threshold,
            ComparisonOperator::LessThanOrEqualToThreshold => value <= self.threshold,
            // Anomaly detection's; no alarm is made with them.
            _ => false,
        }
    }
}

/// The state an alarm has after these periods, the newest last, if that is another one.
pub fn evaluate(alarm: &Alarm, periods: &[Period], now: Timestamp) -> Option<Verdict> {
    let rule = Rule::of(alarm);
    let treatment = alarm.what.treat_missing_data.as_deref().unwrap_or("missing");
    let state = decide(&rule, treatment, periods)?;
    (state != alarm.state).then(|| Verdict {
        state,
        reason: reason::words(&rule, treatment, state, periods),
        data: reason::data(alarm, &rule, periods, now),
    })
}

/// The state after these periods; none where the one it has is kept.
fn decide(rule: &Rule, treatment: &str, periods: &[Period]) -> Option<StateValue> {
    // Values from the newest on, with how many periods back they are, from 1.
    let values = periods.iter().rev().zip(1..).filter_map(|(period, back)| Some((period.value?.0, back)));
    let values: Vec<(f64, usize)> = values.take(rule.periods).collect();
    let breaching = values.iter().filter(|(value, _)| rule.is_breaching(*value)).count();
    let missing = rule.periods - values.len();
    let alarm_if = |alarm: bool| Some(if alarm { StateValue::Alarm } else { StateValue::Ok });
    match treatment {
        _ if missing == 0 => alarm_if(breaching >= rule.datapoints),
        "breaching" => alarm_if(breaching + missing >= rule.datapoints),
        "notBreaching" => alarm_if(breaching >= rule.datapoints),
        _ if breaching >= rule.datapoints => Some(StateValue::Alarm),
        // A value that is all right shows that not everything is breaching.
        _ if values.len() > breaching => Some(StateValue::Ok),
        "ignore" => None,
        _ if values.is_empty() => Some(StateValue::InsufficientData),
        // All there are, and all are breaching. If the first was not early enough, more may come: it would be premature.
        _ => {
            let oldest = values.last().map_or(0, |(_, back)| *back);
            (oldest >= rule.datapoints).then_some(StateValue::Alarm)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use spec::MINUTE;

    fn rule(datapoints: usize, periods: usize) -> Rule {
        Rule { periods, datapoints, operator: ComparisonOperator::GreaterThanThreshold, threshold: 0.5 }
    }

    /// `0` is a value that is all right, `X` a breaching one, `-` a missing one; the newest is last.
    fn states(rule: &Rule, text: &str) -> String {
        let period = |(number, sign): (i64, char)| Period {
            start: number * MINUTE,
            value: match sign {
                '0' => Some((0.0, 1.0)),
                'X' => Some((1.0, 1.0)),
                _ => None,
            },
        };
        let periods: Vec<Period> = (0..).zip(text.chars()).map(period).collect();
        let state = |treatment| match decide(rule, treatment, &periods) {
            Some(StateValue::Alarm) => 'A',
            Some(StateValue::Ok) => 'O',
            Some(StateValue::InsufficientData) => 'I',
            None => '=',
        };
        ["missing", "ignore", "breaching", "notBreaching"].map(state).iter().collect()
    }

    /// The tables of "Configuring how CloudWatch alarms treat missing data".
    #[test]
    fn missing_data_is_treated_as_documented() {
        let three_of_three = rule(3, 3);
        for (periods, expected) in
            [("0-X-X", "OOOO"), ("0----", "OOOO"), ("-----", "I=AO"), ("0XX-X", "AAAA"), ("--X--", "A=AO")]
        {
            assert_eq!(states(&three_of_three, periods), expected, "{periods}");
        }
        assert_eq!(states(&three_of_three, "----X"), "==AO", "it would be premature");
        let two_of_three = rule(2, 3);
        for (periods, expected) in
            [("0-X-X", "AAAA"), ("00X0X", "AAAA"), ("0-X--", "OOAO"), ("----0", "OOAO"), ("---X-", "A=AO")]
        {
            assert_eq!(states(&two_of_three, periods), expected, "{periods}");
        }
    }

    #[test]
    fn operators() {
        let breaching = |operator| {
            let rule = Rule { operator, threshold: 2.0, ..rule(1, 1) };
            [1.0, 2.0, 3.0].map(|value| rule.is_breaching(value))
        };
        assert_eq!(breaching(ComparisonOperator::GreaterThanThreshold), [false, false, true]);
        assert_eq!(breaching(ComparisonOperator::GreaterThanOrEqualToThreshold), [false, true, true]);
        assert_eq!(breaching(ComparisonOperator::LessThanThreshold), [true, false, false]);
        assert_eq!(breaching(ComparisonOperator::LessThanOrEqualToThreshold), [true, true, false]);
    }
}
