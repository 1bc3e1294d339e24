//! `GetMetricData` and `GetMetricStatistics`.

use super::statistic;
use aws::api::cloudwatch::{
    Datapoint, GetMetricDataInput, GetMetricDataOutput, GetMetricStatisticsInput, GetMetricStatisticsOutput,
    LabelOptions, MetricDataResult, ScanBy, StandardUnit, StatusCode,
};
use aws::doc::Timestamp;
use aws::fault::Fault;
use aws::page;
use control::View;
use control::cloudwatch::queries::{self, Asked, Measured};
use control::cloudwatch::{bad_token, check_period, combination, dimensions, invalid, label};
use metricmath::{Point, Range, Span};
use metrics::{Metric, Statistic, Store};
use spec::{MINUTE, Millis};

/// Values in an answer ("GetMetricData").
const DATAPOINTS: usize = 100_800;
/// Datapoints of one call ("GetMetricStatistics").
const STATISTICS: i64 = 1_440;
/// Results in an answer: expressions may come to far more of them than were asked for.
const RESULTS: usize = 5_000;

pub(super) fn data(view: &View<'_>, store: &Store, request: GetMetricDataInput) -> Result<GetMetricDataOutput, Fault> {
    let GetMetricDataInput {
        metric_data_queries,
        start_time,
        end_time,
        next_token,
        scan_by,
        max_datapoints,
        label_options,
    } = request;
    check_zone(label_options)?;
    let validation = |message: &str| Fault::new("ValidationError", message);
    if start_time >= end_time {
        return Err(validation("The parameter StartTime must be less than the parameter EndTime."));
    }
    let most = match max_datapoints.map(usize::try_from) {
        None => DATAPOINTS,
        Some(Ok(most)) if most > 0 => most.min(DATAPOINTS),
        Some(_) => return Err(validation("The parameter MaxDatapoints must be greater than or equal to 1.")),
    };
    let from = next_token.as_deref().map_or(Ok(Place::default()), Place::read)?;
    let asked = queries::read(metric_data_queries, |seconds| seconds.saturating_mul(1000))?;
    let span = Span::new(start_time.millis, end_time.millis);
    let wanted: Vec<usize> = asked.returned.iter().map(|(place, _)| *place).collect();
    let mut source = |place: usize, range: Range| measured(store, &asked, place, range);
    let lines = asked.queries.evaluate(&wanted, span, &mut source).map_err(queries::fault)?;
    let lines =
        asked.returned.iter().zip(lines).flat_map(|((_, id), lines)| lines.into_iter().map(move |line| (id, line)));
    let ascends = scan_by == Some(ScanBy::TimestampAscending);
    let all = lines.map(|(id, line)| {
        let mut points = line.points;
        let values: Vec<f64> = points.iter().map(|(_, value)| *value).collect();
        let label = label::values(&line.label, &values, &view.state.region);
        if !ascends {
            points.reverse();
        }
        (id.clone(), label, points)
    });
    let (results, next) = page(all, from, most, ascends);
    Ok(GetMetricDataOutput {
        metric_data_results: Some(results),
        next_token: next.map(|place| place.token()),
        messages: Some(Vec::new()),
    })
}

/// A time zone is of times in labels, which are refused.
fn check_zone(options: Option<LabelOptions>) -> Result<(), Fault> {
    let zone = options.and_then(|LabelOptions { timezone }| timezone);
    let is_offset = |zone: &str| {
        let digits = zone.strip_prefix(['+', '-']);
        digits.is_some_and(|digits| digits.len() == 4 && digits.bytes().all(|byte| byte.is_ascii_digit()))
    };
    match zone.filter(|zone| !is_offset(zone)) {
        Some(zone) => {
            Err(Fault::new("ValidationError", format!("The value {zone} for parameter Timezone is invalid.")))
        }
        None => Ok(()),
    }
}

/// The values of a query's metric.
pub(super) fn measured(store: &Store, asked: &Asked, place: usize, range: Range) -> Vec<Point> {
    let Some(Some(measured)) = asked.metrics.get(place) else { return Vec::new() };
    let Some(statistic) = Statistic::parse(&measured.statistic) else { return Vec::new() };
    let range = Range { start: begin(range.start, range.period), ..range };
    let periods = store.periods(&metric(measured), measured.unit.as_deref(), range);
    periods.into_iter().filter_map(|(at, values)| Some((at, values.statistic(statistic)?))).collect()
}

pub(super) fn metric(measured: &Measured) -> Metric {
    let (namespace, name, dimensions) = measured.metric.clone();
    Metric::new(namespace, name, dimensions)
}

/// Times are rounded down to a minute, or less where the periods are ("GetMetricData").
fn begin(start: Millis, period: Millis) -> Millis {
    start.saturating_sub(start.rem_euclid(period.clamp(1, MINUTE)))
}

/// Where an answer goes on: in which of the results, and after which time in it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Place {
    result: usize,
    after: Option<Millis>,
}

impl Place {
    fn token(self) -> String {
        page::encode(&format!("{}/{}", self.result, self.after.map_or(String::new(), |after| after.to_string())))
    }

    fn read(token: &str) -> Result<Self, Fault> {
        let key = page::decode(token).map_err(|_| bad_token())?;
        let (result, after) = key.split_once('/').ok_or_else(bad_token)?;
        let after = if after.is_empty() { None } else { Some(after.parse().map_err(|_| bad_token())?) };
        Ok(Self { result: result.parse().map_err(|_| bad_token())?, after })
    }
}

/// As many values as may be in an answer, and where the next one goes on.
fn page(
    all: impl Iterator<Item = (String, String, Vec<Point>)>,
    from: Place,
    most: usize,
    ascends: bool,
) -> (Vec<MetricDataResult>, Option<Place>) {
    let (mut results, mut room) = (Vec::new(), most);
    for (result, (id, label, points)) in all.enumerate().skip(from.result) {
        let after = from.after.filter(|_| result == from.result);
        // The one that was the last may not be there any more.
        let is_said = |at: Millis| after.is_some_and(|after| if ascends { at <= after } else { at >= after });
        let said = points.iter().take_while(|(at, _)| is_said(*at)).count();
        let left = points.get(said..).unwrap_or_default();
        if room == 0 && !left.is_empty() || results.len() == RESULTS {
            return (results, Some(Place { result, after: None }));
        }
        let taken = left.get(..room).unwrap_or(left);
        room -= taken.len();
        let is_partial = taken.len() < left.len();
        let (timestamps, values) = taken.iter().map(|(at, value)| (Timestamp { millis: *at }, *value)).unzip();
        results.push(MetricDataResult {
            id: Some(id),
            label: Some(label),
            timestamps: Some(timestamps),
            values: Some(values),
            status_code: Some(if is_partial { StatusCode::PartialData } else { StatusCode::Complete }),
            messages: None,
        });
        if is_partial {
            return (results, Some(Place { result, after: taken.last().map(|(at, _)| *at) }));
        }
    }
    (results, None)
}

pub(super) fn statistics(
    _: &View<'_>,
    store: &Store,
    request: GetMetricStatisticsInput,
) -> Result<GetMetricStatisticsOutput, Fault> {
    let GetMetricStatisticsInput {
        namespace,
        metric_name,
        dimensions: of,
        start_time,
        end_time,
        period,
        statistics,
        extended_statistics,
        unit,
    } = request;
    if start_time >= end_time {
        return Err(combination("The parameter StartTime must be less than the parameter EndTime."));
    }
    check_period(period)?;
    let statistics = statistics.unwrap_or_default();
    let extended = extended_statistics.unwrap_or_default();
    if statistics.is_empty() && extended.is_empty() {
        return Err(Fault::new("MissingParameter", "At least one of Statistics and ExtendedStatistics is required."));
    }
    let percentiles: Vec<(String, Statistic)> =
        extended.into_iter().map(|name| statistic(&name).map(|which| (name, which))).collect::<Result<_, _>>()?;
    if let Some((name, _)) = percentiles.iter().find(|(_, which)| !matches!(which, Statistic::Percentile(_))) {
        return Err(invalid(format!("The value {name} for parameter ExtendedStatistics is not a percentile.")));
    }
    let length = Millis::from(period) * 1000;
    let start = begin(start_time.millis, length);
    let asked = end_time.millis.saturating_sub(start).div_euclid(length);
    if asked > STATISTICS {
        return Err(combination(format!(
            "You have requested up to {asked} datapoints, which exceeds the limit of 1,440. You may reduce the datapoints requested by \
             increasing Period, or decreasing the time range."
        )));
    }
    let metric = Metric::new(namespace, metric_name.clone(), dimensions(of)?);
    let in_unit = unit.or_else(|| store.unit(&metric).and_then(|unit| StandardUnit::parse(&unit)));
    let asks = |name: &str| statistics.iter().any(|statistic| statistic.as_str() == name);
    let range = Span::new(start, end_time.millis).by(length);
    let periods = store.periods(&metric, unit.map(StandardUnit::as_str), range);
    let datapoints = periods.into_iter().map(|(at, values)| {
        let plain = |name: &str, which| if asks(name) { values.statistic(which) } else { None };
        let of = percentiles.iter().filter_map(|(name, which)| Some((name.clone(), values.statistic(*which)?)));
        Datapoint {
            timestamp: Some(Timestamp { millis: at }),
            sample_count: plain("SampleCount", Statistic::SampleCount),
            average: plain("Average", Statistic::Average),
            sum: plain("Sum", Statistic::Sum),
            minimum: plain("Minimum", Statistic::Minimum),
            maximum: plain("Maximum", Statistic::Maximum),
            unit: in_unit,
            extended_statistics: (!percentiles.is_empty()).then(|| of.collect()),
        }
    });
    Ok(GetMetricStatisticsOutput { label: Some(metric_name), datapoints: Some(datapoints.collect()) })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Ids, values and whether there is more of it.
    fn shown(results: &[MetricDataResult]) -> Vec<(String, Vec<f64>, bool)> {
        let one = |result: &MetricDataResult| {
            let is_partial = result.status_code == Some(StatusCode::PartialData);
            (result.id.clone().unwrap(), result.values.clone().unwrap(), is_partial)
        };
        results.iter().map(one).collect()
    }

    #[test]
    fn pages_have_every_value_once() {
        let points = |values: &[f64]| values.iter().map(|value| (*value as Millis, *value)).collect::<Vec<_>>();
        let all = [("a", points(&[3.0, 2.0, 1.0])), ("b", points(&[])), ("c", points(&[5.0, 4.0]))];
        let mut from = Place::default();
        let mut pages = Vec::new();
        loop {
            let lines = all.iter().map(|(id, points)| ((*id).to_owned(), String::new(), points.clone()));
            let (results, next) = page(lines, from, 2, false);
            pages.push(shown(&results));
            let Some(next) = next else { break };
            from = Place::read(&next.token()).unwrap();
            assert_eq!(from, next);
        }
        let result = |id: &str, values: &[f64], is_partial| (id.to_owned(), values.to_vec(), is_partial);
        assert_eq!(
            pages,
            [
                vec![result("a", &[3.0, 2.0], true)],
                vec![result("a", &[1.0], false), result("b", &[], false), result("c", &[5.0], true)],
                vec![result("c", &[4.0], false)],
            ]
        );
        let of = |from, ascends| {
            let points = if ascends { points(&[1.0, 3.0, 5.0]) } else { points(&[5.0, 3.0, 1.0]) };
            let line = ("a".to_owned(), String::new(), points);
            shown(&page(std::iter::once(line), from, 9, ascends).0)
        };
        let gone = Place { result: 0, after: Some(2) };
        assert_eq!(of(gone, false), [result("a", &[1.0], false)]);
        assert_eq!(of(gone, true), [result("a", &[3.0, 5.0], false)]);
        assert_eq!(Place::read("nonsense").unwrap_err().code, "InvalidNextToken");
    }
}
