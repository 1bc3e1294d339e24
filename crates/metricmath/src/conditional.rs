//! `IF(condition, trueValue, falseValue)` ("Using IF expressions").

use crate::{
    Error,
    evaluate::{Scope, arguments_of, wrong},
    parse::Tree,
    value::{Series, Value},
};
use spec::Millis;

pub(crate) fn call(scope: &mut Scope<'_>, arguments: &[Tree]) -> Result<Value, Error> {
    let ([condition, yes], otherwise) = match arguments {
        [condition, yes] => ([condition, yes], None),
        [condition, yes, no] => ([condition, yes], Some(no)),
        _ => return Err(arguments_of("IF")),
    };
    let condition = scope.evaluate(condition)?;
    let yes = scope.evaluate(yes)?;
    let no = otherwise.map(|no| scope.evaluate(no)).transpose()?;
    if [Some(&condition), Some(&yes), no.as_ref()].into_iter().flatten().any(|value| matches!(value, Value::Array(_))) {
        let given: Vec<&Value> = [Some(&condition), Some(&yes), no.as_ref()].into_iter().flatten().collect();
        return Err(wrong("IF", &given));
    }
    match condition {
        Value::Scalar(condition) => choose(scope, is_true(condition), yes, no),
        Value::Series(condition) => Ok(Value::Series(by_time(&condition, &yes, no.as_ref()))),
        Value::Array(_) => Err(arguments_of("IF")),
    }
}

/// Any value but 0 is true. What is no number is not.
fn is_true(condition: f64) -> bool {
    condition != 0.0 && !condition.is_nan()
}

/// One of the two; as a time series, unless both are numbers: what type it is is not up to the condition.
fn choose(scope: &mut Scope<'_>, is: bool, yes: Value, no: Option<Value>) -> Result<Value, Error> {
    if let (Value::Scalar(yes), Some(Value::Scalar(no))) = (&yes, &no) {
        return Ok(Value::Scalar(if is { *yes } else { *no }));
    }
    let chosen = if is { Some(yes) } else { no };
    Ok(Value::Series(match chosen {
        Some(Value::Series(series)) => series,
        Some(Value::Scalar(value)) => scope.constant(value)?,
        Some(Value::Array(_)) | None => Series::new(&"".into(), []),
    }))
}

/// Each time that the condition has a value for. Where it is true and there is none, 0 is taken; where it is false, nothing.
fn by_time(condition: &Series, yes: &Value, no: Option<&Value>) -> Series {
    let of = |value: &Value, at: Millis| match value {
        Value::Scalar(value) => Some(*value),
        Value::Series(series) => series.at(at),
        Value::Array(_) => None,
    };
    let chosen = condition.points.iter().filter_map(|(at, condition)| {
        let value = match is_true(*condition) {
            true => of(yes, *at).unwrap_or(0.0),
            false => of(no?, *at)?,
        };
        Some((*at, value))
    });
    condition.with(chosen)
}
