//! Dynamic labels ("Using dynamic labels", Amazon CloudWatch User Guide): `${PROP('Dim.Name')}` and `${AVG}` in what a query is called
//! stand for properties of its metric and for what its values come to.

use super::{queries::Measured, unsupported};
use crate::Region;
use aws::fault::Fault;

/// Dynamic values of one label.
const MOST: usize = 6;
/// What is of values.
const OF_VALUES: [&str; 9] =
    ["AVG", "DATAPOINT_COUNT", "FIRST", "FIRST_LAST_RANGE", "LAST", "MAX", "MIN", "MIN_MAX_RANGE", "SUM"];

/// Puts a metric's properties in the place of their names, and leaves what is of values. `name` is what the query is called by itself.
///
/// # Errors
/// `ValidationError` for what is no dynamic value, `InvalidParameterValue` for times, which are not supported.
pub(super) fn properties(label: &str, metric: Option<&Measured>, name: &str) -> Result<String, Fault> {
    let mut count = 0;
    each(label, |value| {
        count += 1;
        if count > MOST {
            return Err(Fault::new("ValidationError", format!("A label can have at most {MOST} dynamic values.")));
        }
        if let Some(property) = value.strip_prefix("PROP('").and_then(|rest| rest.strip_suffix("')")) {
            let of_region = ["AccountId", "AccountLabel", "Region"].contains(&property);
            return Ok(if of_region { None } else { Some(of_metric(property, metric)?) });
        }
        match value {
            "LABEL" => Ok(Some(name.to_owned())),
            value if OF_VALUES.contains(&value) => Ok(None),
            value if value.contains("_TIME") => Err(unsupported(&format!("the dynamic label ${{{value}}}"))),
            value => Err(invalid(value)),
        }
    })
}

/// A property of a metric; expressions have none.
fn of_metric(property: &str, metric: Option<&Measured>) -> Result<String, Fault> {
    let (namespace, name, dimensions) = metric.map(|metric| metric.metric.clone()).unwrap_or_default();
    Ok(match (property, property.strip_prefix("Dim.")) {
        ("MetricName", _) => name,
        ("Namespace", _) => namespace,
        ("Stat", _) => metric.map(|metric| metric.statistic.clone()).unwrap_or_default(),
        ("Period", _) => metric.map(|metric| metric.period.to_string()).unwrap_or_default(),
        (_, Some(dimension)) => {
            dimensions.into_iter().find(|(name, _)| name == dimension).map(|(_, value)| value).unwrap_or_default()
        }
        _ => return Err(invalid(&format!("PROP('{property}')"))),
    })
}

/// Puts what values come to in the place of its names. `values` are in the order of time.
pub fn values(label: &str, values: &[f64], region: &Region) -> String {
    let of = |pick: fn(f64, f64) -> f64| values.iter().copied().reduce(pick);
    let number = |value: Option<f64>| value.map_or("--".to_owned(), number);
    let range = |one, other| format!("{}-{}", number(one), number(other));
    let (first, last, min, max) = (values.first().copied(), values.last().copied(), of(f64::min), of(f64::max));
    let sum = of(|one, other| one + other);
    let replaced = each(label, |value| {
        Ok(Some(match value {
            "AVG" => number(sum.map(|sum| sum / values.len() as f64)),
            "DATAPOINT_COUNT" => values.len().to_string(),
            "FIRST" => number(first),
            "FIRST_LAST_RANGE" => range(first, last),
            "LAST" => number(last),
            "MAX" => number(max),
            "MIN" => number(min),
            "MIN_MAX_RANGE" => range(min, max),
            "SUM" => number(sum),
            "PROP('AccountId')" | "PROP('AccountLabel')" => region.account.clone(),
            "PROP('Region')" => region.name.clone(),
            _ => return Ok(None),
        }))
    });
    replaced.unwrap_or_else(|_| label.to_owned())
}

/// A number as people read it: with three decimals at most.
fn number(value: f64) -> String {
    format!("{}", (value * 1000.0).round() / 1000.0)
}

fn invalid(value: &str) -> Fault {
    Fault::new("ValidationError", format!("The label has an invalid dynamic value: ${{{value}}}."))
}

/// A label with something else in the place of each dynamic value; with itself, if that is none.
fn each(label: &str, mut with: impl FnMut(&str) -> Result<Option<String>, Fault>) -> Result<String, Fault> {
    let (mut out, mut rest) = (String::new(), label);
    while let Some((before, after)) = rest.split_once("${") {
        let Some((value, after)) = after.split_once('}') else { break };
        out.push_str(before);
        match with(value)? {
            Some(text) => out.push_str(&text),
            None => out.push_str(&format!("${{{value}}}")),
        }
        rest = after;
    }
    out.push_str(rest);
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(label: &str) -> Result<String, String> {
        let metric = Measured {
            metric: ("AWS/ECS".into(), "CPUUtilization".into(), vec![("ServiceName".into(), "web}".into())]),
            unit: None,
            statistic: "p99".into(),
            period: 60,
        };
        let label = properties(label, Some(&metric), "CPUUtilization").map_err(|fault| fault.message)?;
        Ok(values(&label, &[2.0, 5.0, 1.0 / 3.0], &Region::default()))
    }

    #[test]
    fn dynamic_values_are_what_they_stand_for() {
        for (label, expected) in [
            ("plain ${ text", "plain ${ text"),
            ("${PROP('Dim.ServiceName')}: ${PROP('Stat')} of ${LABEL}", "web}: p99 of CPUUtilization"),
            (
                "${PROP('Namespace')} ${PROP('Period')} ${PROP('Region')} ${PROP('AccountId')}",
                "AWS/ECS 60 us-east-1 123456789012",
            ),
            ("${MIN}/${AVG}/${MAX}/${SUM}/${LAST}/${DATAPOINT_COUNT}", "0.333/2.444/5/7.333/0.333/3"),
            ("[${MIN_MAX_RANGE}] ${FIRST_LAST_RANGE}", "[0.333-5] 2-0.333"),
            ("${PROP('Dim.None')}.", "."),
        ] {
            assert_eq!(shown(label).as_deref(), Ok(expected));
        }
        for (label, part) in [
            ("${MAX_TIME}", "neargate does not support the dynamic label ${MAX_TIME} yet."),
            ("${MEDIAN}", "invalid dynamic value: ${MEDIAN}"),
            ("${PROP('Color')}", "invalid dynamic value: ${PROP('Color')}"),
            ("${MAX}${MAX}${MAX}${MAX}${MAX}${MAX}${MAX}", "at most 6"),
        ] {
            let refusal = shown(label).unwrap_err();
            assert!(refusal.contains(part), "{label}: {refusal}");
        }
        assert_eq!(values("${AVG} of ${DATAPOINT_COUNT}", &[], &Region::default()), "-- of 0");
    }
}
