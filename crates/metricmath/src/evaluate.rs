//! What a tree comes to: operators, arrays and what is referred to. Functions are in modules of their own.

use crate::{
    Error, calendar, conditional, functions,
    parse::{Operator, Tree},
    queries::QUERIES,
    value::{Budget, Point, Range, Series, Value},
};
use spec::Millis;
use std::rc::Rc;

/// What an expression is evaluated in.
pub(crate) struct Scope<'a> {
    pub range: Range,
    pub budget: &'a mut Budget,
    /// What a query with an id came to, and whether it is a metric.
    pub lookup: &'a dyn Fn(&str) -> Option<(Value, bool)>,
    /// All metrics of the request with that in their ids.
    pub metrics: &'a dyn Fn(&str) -> Vec<Series>,
}

/// Functions that CloudWatch has for what is not here.
const UNSUPPORTED: [&str; 6] =
    ["ANOMALY_DETECTION_BAND", "DB_PERF_INSIGHTS", "INSIGHT_RULE_METRIC", "LAMBDA", "SEARCH", "SERVICE_QUOTA"];

impl Scope<'_> {
    pub(crate) fn evaluate(&mut self, tree: &Tree) -> Result<Value, Error> {
        let value = match tree {
            Tree::Number(number) => Value::Scalar(*number),
            Tree::Id(id) => self.lookup(id)?.0,
            Tree::Array(parts) => self.array(parts)?,
            Tree::Negative(of) => {
                let value = self.evaluate(of)?;
                each(value, |series| series.with(series.points.iter().map(|(at, value)| (*at, -value))), |value| -value)
            }
            Tree::Chain(first, rest) => {
                let mut left = self.evaluate(first)?;
                for (operator, right) in rest {
                    let right = self.evaluate(right)?;
                    // Before there is as much as that.
                    self.budget.spend_on_both(&left, &right)?;
                    left = combine(*operator, left, right)?;
                }
                left
            }
            Tree::Call(name, arguments) => self.call(name, arguments)?,
            Tree::Text(_) => return Err(Error::invalid("A text can be an argument of METRICS only")),
            Tree::Word(word) => return Err(Error::invalid(format!("Undefined name {word}"))),
        };
        self.budget.spend_on(&value)?;
        Ok(value)
    }

    pub(crate) fn lookup(&self, id: &str) -> Result<(Value, bool), Error> {
        (self.lookup)(id).ok_or_else(|| undefined(id))
    }

    /// Arrays in an array are as if what they have were in it. None is larger than one of all queries could be: nothing else makes an
    /// array larger than those it is made of.
    fn array(&mut self, parts: &[Tree]) -> Result<Value, Error> {
        let mut all = Vec::new();
        for part in parts {
            match self.evaluate(part)? {
                Value::Series(series) => all.push(series),
                Value::Array(more) => all.extend(more),
                Value::Scalar(_) => return Err(Error::invalid("An array can be of time series only")),
            }
            if all.len() > QUERIES {
                return Err(Error::invalid(format!("An array can have at most {QUERIES} time series")));
            }
        }
        Ok(Value::Array(all))
    }

    fn call(&mut self, name: &str, arguments: &[Tree]) -> Result<Value, Error> {
        match (name, arguments) {
            (name, _) if UNSUPPORTED.contains(&name) => Err(Error::Unsupported(format!("{name} (metric math)"))),
            ("METRICS", []) => Ok(Value::Array((self.metrics)(""))),
            ("METRICS", [Tree::Text(part)]) => Ok(Value::Array((self.metrics)(part))),
            ("METRICS", _) => Err(arguments_of(name)),
            ("PERIOD", [Tree::Id(id)]) => match self.lookup(id)? {
                (_, true) => Ok(Value::Scalar(self.range.period as f64 / 1000.0)),
                (_, false) => Err(Error::invalid("PERIOD is of a metric only")),
            },
            ("PERIOD", _) => Err(arguments_of(name)),
            ("TIME_SERIES", [of]) => match self.evaluate(of)? {
                Value::Scalar(value) => self.constant(value).map(Value::Series),
                other => Err(wrong(name, &[&other])),
            },
            ("IF", arguments) => conditional::call(self, arguments),
            (name, [of]) if calendar::part(name).is_some() => {
                let value = self.evaluate(of)?;
                let (Value::Series(series), Some(part)) = (&value, calendar::part(name)) else {
                    return Err(wrong(name, &[&value]));
                };
                self.budget.spend(self.range.len())?;
                let range = self.range;
                Ok(Value::Series(series.with(range.times().map(|at| (at, part(at).unwrap_or(f64::NAN))))))
            }
            (name, _) if calendar::part(name).is_some() => Err(arguments_of(name)),
            _ => functions::call(self, name, arguments),
        }
    }

    /// A time series that has the same value everywhere.
    pub(crate) fn constant(&mut self, value: f64) -> Result<Series, Error> {
        self.budget.spend(self.range.len())?;
        let range = self.range;
        Ok(Series::new(&Rc::from(""), range.times().map(|at| (at, value))))
    }
}

/// Does the same with a number, a time series, or each of several.
pub(crate) fn each(value: Value, series: impl Fn(&Series) -> Series, scalar: impl Fn(f64) -> f64) -> Value {
    match value {
        Value::Scalar(value) => Value::Scalar(scalar(value)),
        Value::Series(one) => Value::Series(series(&one)),
        Value::Array(all) => Value::Array(all.iter().map(series).collect()),
    }
}

/// An operator between two values. Where only one of two time series has a value, the other's is 0 ("Basic arithmetic functions").
fn combine(operator: Operator, left: Value, right: Value) -> Result<Value, Error> {
    let of = |left: f64, right: f64| apply(operator, left, right);
    let number_left =
        |left: f64, right: &Series| right.with(right.points.iter().map(|(at, value)| (*at, of(left, *value))));
    let number_right =
        |left: &Series, right: f64| left.with(left.points.iter().map(|(at, value)| (*at, of(*value, right))));
    let both = |left: &Series, right: &Series| {
        let of =
            |(at, left, right): (Millis, Option<f64>, Option<f64>)| (at, of(left.unwrap_or(0.0), right.unwrap_or(0.0)));
        left.with(union(&left.points, &right.points).into_iter().map(of))
    };
    Ok(match (left, right) {
        (Value::Scalar(left), Value::Scalar(right)) => Value::Scalar(of(left, right)),
        (Value::Scalar(left), Value::Series(right)) => Value::Series(number_left(left, &right)),
        (Value::Series(left), Value::Scalar(right)) => Value::Series(number_right(&left, right)),
        (Value::Series(left), Value::Series(right)) => Value::Series(both(&left, &right)),
        (Value::Scalar(left), Value::Array(right)) => {
            Value::Array(right.iter().map(|right| number_left(left, right)).collect())
        }
        (Value::Array(left), Value::Scalar(right)) => {
            Value::Array(left.iter().map(|left| number_right(left, right)).collect())
        }
        (Value::Series(left), Value::Array(right)) => {
            let named = |right: &Series| Series { label: right.label.clone(), ..both(&left, right) };
            Value::Array(right.iter().map(named).collect())
        }
        (Value::Array(left), Value::Series(right)) => {
            Value::Array(left.iter().map(|left| both(left, &right)).collect())
        }
        (left @ Value::Array(_), right @ Value::Array(_)) => {
            return Err(Error::invalid(format!(
                "Unsupported operand type(s) for {}: '[{}, {}]'",
                operator.sign(),
                left.kind(),
                right.kind()
            )));
        }
    })
}

fn apply(operator: Operator, left: f64, right: f64) -> f64 {
    let truth = |is: bool| if is { 1.0 } else { 0.0 };
    match operator {
        // What is no number stays none, whatever it is compared with.
        _ if left.is_nan() || right.is_nan() => f64::NAN,
        Operator::Plus => left + right,
        Operator::Minus => left - right,
        Operator::Times => left * right,
        // Not finite, and dropped, where it is divided by 0.
        Operator::Divide => left / right,
        Operator::Power => left.powf(right),
        Operator::Equal => truth(left == right),
        Operator::NotEqual => truth(left != right),
        Operator::Less => truth(left < right),
        Operator::Greater => truth(left > right),
        Operator::LessOrEqual => truth(left <= right),
        Operator::GreaterOrEqual => truth(left >= right),
        Operator::And => truth(left != 0.0 && right != 0.0),
        Operator::Or => truth(left != 0.0 || right != 0.0),
    }
}

/// The times that either has, and the values there.
fn union(left: &[Point], right: &[Point]) -> Vec<(Millis, Option<f64>, Option<f64>)> {
    let mut all = Vec::with_capacity(left.len().max(right.len()));
    let (mut left, mut right) = (left.iter().peekable(), right.iter().peekable());
    while let Some(at) = left.peek().into_iter().chain(right.peek()).map(|(at, _)| *at).min() {
        let here = |point: &&Point| point.0 == at;
        all.push((at, left.next_if(here).map(|point| point.1), right.next_if(here).map(|point| point.1)));
    }
    all
}

pub(crate) fn undefined(id: &str) -> Error {
    Error::invalid(format!("Undefined id '{id}'"))
}

/// So many arguments, or such, a function does not have.
pub(crate) fn arguments_of(name: &str) -> Error {
    Error::invalid(format!("Invalid arguments of the function '{name}'"))
}

/// A function is not of what it was given.
pub(crate) fn wrong(name: &str, given: &[&Value]) -> Error {
    let kinds: Vec<&str> = given.iter().map(|value| value.kind()).collect();
    Error::invalid(format!("Unsupported operand type(s) for {name}: '[{}]'", kinds.join(", ")))
}
