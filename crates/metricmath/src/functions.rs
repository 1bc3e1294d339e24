//! Functions of time series and of arrays of them ("Functions supported for metric math").

use crate::{
    Error,
    evaluate::{Scope, arguments_of, each, wrong},
    parse::Tree,
    value::{Point, Series, Value},
};
use spec::Millis;
use std::collections::BTreeMap;

pub(crate) fn call(scope: &mut Scope<'_>, name: &str, arguments: &[Tree]) -> Result<Value, Error> {
    if let Some(of) = by_value(name).or_else(|| by_series(name)) {
        let [argument] = arguments else { return Err(arguments_of(name)) };
        return match scope.evaluate(argument)? {
            value @ Value::Scalar(_) => Err(wrong(name, &[&value])),
            value => Ok(each(value, |series| series.with(of(&series.points)), |value| value)),
        };
    }
    if let Some(of) = aggregate(name) {
        let [argument] = arguments else { return Err(arguments_of(name)) };
        return match scope.evaluate(argument)? {
            Value::Series(series) => Ok(Value::Scalar(of(&series.values().collect::<Vec<_>>(), 0))),
            Value::Array(all) => Ok(Value::Series(across(&all, of))),
            value => Err(wrong(name, &[&value])),
        };
    }
    match (name, arguments) {
        ("FILL", [of, filler]) => fill(scope, of, filler),
        ("FIRST" | "LAST" | "METRIC_COUNT" | "REMOVE_EMPTY", [of]) => {
            let all = array(scope, name, of)?;
            let one = |series: Option<&Series>| Value::Series(series.cloned().unwrap_or(Series::new(&"".into(), [])));
            Ok(match name {
                "FIRST" => one(all.first()),
                "LAST" => one(all.last()),
                "METRIC_COUNT" => Value::Scalar(all.len() as f64),
                _ => Value::Array(all.into_iter().filter(|series| !series.points.is_empty()).collect()),
            })
        }
        ("SLICE", [of, bounds @ ..]) if (1..=2).contains(&bounds.len()) => slice(scope, of, bounds),
        ("SORT", [of, Tree::Word(by), Tree::Word(order), limit @ ..]) if limit.len() <= 1 => {
            sort(scope, of, by, order, limit.first())
        }
        ("FILL" | "FIRST" | "LAST" | "METRIC_COUNT" | "REMOVE_EMPTY" | "SLICE" | "SORT", _) => Err(arguments_of(name)),
        _ => Err(Error::invalid(format!("Function '{name}' not found"))),
    }
}

type Mapping = fn(&[Point]) -> Vec<Point>;

/// Functions of each value.
fn by_value(name: &str) -> Option<Mapping> {
    fn map(points: &[Point], of: fn(f64) -> f64) -> Vec<Point> {
        points.iter().map(|(at, value)| (*at, of(*value))).collect()
    }
    Some(match name {
        "ABS" => |points| map(points, f64::abs),
        "CEIL" => |points| map(points, f64::ceil),
        "FLOOR" => |points| map(points, f64::floor),
        "LOG" => |points| map(points, f64::ln),
        "LOG10" => |points| map(points, f64::log10),
        _ => return None,
    })
}

/// Functions of each value and those before it.
fn by_series(name: &str) -> Option<Mapping> {
    fn pairs(points: &[Point], of: fn(f64, f64) -> f64) -> Vec<Point> {
        let pairs = points.iter().zip(points.iter().skip(1));
        pairs.map(|(before, after)| (after.0, of(after.1 - before.1, (after.0 - before.0) as f64 / 1000.0))).collect()
    }
    Some(match name {
        "DIFF" => |points| pairs(points, |values, _| values),
        "DIFF_TIME" => |points| pairs(points, |_, seconds| seconds),
        "RATE" => |points| pairs(points, |values, seconds| values / seconds),
        "RUNNING_SUM" => |points| {
            let sum = points.iter().scan(0.0, |sum, (at, value)| {
                *sum += value;
                Some((*at, *sum))
            });
            sum.collect()
        },
        _ => return None,
    })
}

/// A number of values, of which so many are missing.
type Aggregate = fn(&[f64], usize) -> f64;

/// Functions that make one number of several. Without any there is no least, greatest or average one.
fn aggregate(name: &str) -> Option<Aggregate> {
    Some(match name {
        // "Missing values are treated as 0."
        "AVG" => |values, missing| values.iter().sum::<f64>() / (values.len() + missing) as f64,
        "DATAPOINT_COUNT" => |values, _| values.len() as f64,
        "MAX" => |values, _| values.iter().copied().reduce(f64::max).unwrap_or(f64::NAN),
        "MIN" => |values, _| values.iter().copied().reduce(f64::min).unwrap_or(f64::NAN),
        "STDDEV" => |values, _| {
            let count = values.len() as f64;
            let mean = values.iter().sum::<f64>() / count;
            (values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / count).sqrt()
        },
        "SUM" => |values, _| values.iter().sum(),
        _ => return None,
    })
}

/// One time series of several: at each time that any of them has a value for.
fn across(all: &[Series], of: Aggregate) -> Series {
    let mut times: BTreeMap<Millis, Vec<f64>> = BTreeMap::new();
    for (at, value) in all.iter().flat_map(|series| series.points.iter()) {
        times.entry(*at).or_default().push(*value);
    }
    Series::new(&"".into(), times.into_iter().map(|(at, values)| (at, of(&values, all.len() - values.len()))))
}

fn array(scope: &mut Scope<'_>, name: &str, of: &Tree) -> Result<Vec<Series>, Error> {
    match scope.evaluate(of)? {
        Value::Array(all) => Ok(all),
        other => Err(wrong(name, &[&other])),
    }
}

fn number(scope: &mut Scope<'_>, name: &str, of: &Tree) -> Result<f64, Error> {
    match scope.evaluate(of)? {
        Value::Scalar(number) => Ok(number),
        other => Err(wrong(name, &[&other])),
    }
}

fn slice(scope: &mut Scope<'_>, of: &Tree, bounds: &[Tree]) -> Result<Value, Error> {
    let all = array(scope, "SLICE", of)?;
    let mut places = Vec::new();
    for bound in bounds {
        // What is no number, or less than none, is 0.
        places.push(number(scope, "SLICE", bound)?.max(0.0) as usize);
    }
    let start = places.first().copied().unwrap_or(0);
    let end = places.get(1).copied().unwrap_or(usize::MAX);
    Ok(Value::Array(all.into_iter().take(end).skip(start).collect()))
}

fn sort(scope: &mut Scope<'_>, of: &Tree, by: &str, order: &str, limit: Option<&Tree>) -> Result<Value, Error> {
    let all = array(scope, "SORT", of)?;
    let by =
        aggregate(by).filter(|_| ["AVG", "MAX", "MIN", "SUM"].contains(&by)).ok_or_else(|| arguments_of("SORT"))?;
    let ascends = match order {
        "ASC" => true,
        "DESC" => false,
        _ => return Err(arguments_of("SORT")),
    };
    let limit = limit.map(|limit| number(scope, "SORT", limit)).transpose()?;
    let mut keyed: Vec<(f64, Series)> = Vec::with_capacity(all.len());
    for series in all {
        scope.budget.spend(series.points.len())?;
        keyed.push((by(&series.values().collect::<Vec<_>>(), 0), series));
    }
    // Those without values are the last in either order.
    keyed.sort_by(|(one, _), (other, _)| {
        let by_value = if ascends { one.total_cmp(other) } else { other.total_cmp(one) };
        one.is_nan().cmp(&other.is_nan()).then(by_value)
    });
    let wanted = limit.map_or(usize::MAX, |limit| limit.max(0.0) as usize);
    Ok(Value::Array(keyed.into_iter().take(wanted).map(|(_, series)| series).collect()))
}

/// What missing values are filled with.
enum Filler {
    Number(f64),
    Series(Series),
    Repeat,
    Linear,
}

fn fill(scope: &mut Scope<'_>, of: &Tree, filler: &Tree) -> Result<Value, Error> {
    let value = scope.evaluate(of)?;
    let filler = match filler {
        Tree::Word(word) if word == "REPEAT" => Filler::Repeat,
        Tree::Word(word) if word == "LINEAR" => Filler::Linear,
        other => match scope.evaluate(other)? {
            Value::Scalar(number) => Filler::Number(number),
            Value::Series(series) => Filler::Series(series),
            other => return Err(wrong("FILL", &[&value, &other])),
        },
    };
    let series = match &value {
        Value::Scalar(_) => return Err(wrong("FILL", &[&value])),
        Value::Series(_) => 1,
        Value::Array(all) => all.len(),
    };
    scope.budget.spend(scope.range.len().saturating_mul(series))?;
    let range = scope.range;
    let filled = |series: &Series| {
        let mut known = series.points.iter().copied().peekable();
        let mut before: Option<Point> = None;
        let value = |at: Millis| {
            if let Some(point) = known.next_if(|point| point.0 == at) {
                before = Some(point);
                return Some((at, point.1));
            }
            let value = match &filler {
                Filler::Number(number) => *number,
                Filler::Series(series) => series.at(at)?,
                Filler::Repeat => before?.1,
                Filler::Linear => {
                    let ((start, from), (end, to)) = (before?, *known.peek()?);
                    from + (to - from) * (at - start) as f64 / (end - start) as f64
                }
            };
            Some((at, value))
        };
        series.with(range.times().filter_map(value))
    };
    Ok(each(value, filled, |value| value))
}
