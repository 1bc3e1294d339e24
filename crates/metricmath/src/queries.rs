//! Metrics and expressions of one request. They may refer to each other in whatever order, but not in a circle.

use crate::{
    Error,
    evaluate::{Scope, undefined},
    parse::{Tree, parse},
    value::{Budget, Point, Range, Series, Span, Value},
};
use spec::Millis;
use std::{
    collections::{BTreeMap, BTreeSet},
    rc::Rc,
};

/// Queries of one request ("GetMetricData").
pub const QUERIES: usize = 500;

/// One of them.
#[derive(Debug, Clone, PartialEq)]
pub struct Query {
    /// What others call it.
    pub id: String,
    /// What its values are called.
    pub label: String,
    /// What it is.
    pub what: What,
}

/// What a query is.
#[derive(Debug, Clone, PartialEq)]
pub enum What {
    /// A metric, with values in periods of so many milliseconds.
    Metric(Millis),
    /// An expression, and the least its period may be.
    Expression(String, Option<Millis>),
}

/// Queries that fit together.
#[derive(Debug)]
pub struct Queries {
    all: Vec<Checked>,
    places: BTreeMap<String, usize>,
}

#[derive(Debug)]
struct Checked {
    id: String,
    label: Rc<str>,
    /// None of a metric.
    tree: Option<Tree>,
    /// The queries it refers to, itself not among them.
    uses: BTreeSet<usize>,
    period: Millis,
}

/// A time series that a query came to.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// What it is called: after the query, and after the metric it is of where there are several.
    pub label: String,
    /// The values.
    pub points: Vec<Point>,
}

/// Shows the values of a metric, which is said by its place among the queries.
pub type Source<'a> = dyn FnMut(usize, Range) -> Vec<Point> + 'a;

impl Queries {
    /// Reads and checks them.
    ///
    /// # Errors
    /// When one can't be, by its id.
    pub fn new(queries: Vec<Query>) -> Result<Self, Error> {
        if queries.is_empty() || queries.len() > QUERIES {
            let message = format!("The collection MetricDataQueries must have a size from 1 to {QUERIES}.");
            return Err(Error::invalid(message));
        }
        let mut places = BTreeMap::new();
        for (place, query) in queries.iter().enumerate() {
            check_id(&query.id)?;
            if places.insert(query.id.clone(), place).is_some() {
                return Err(Error::invalid("The values for parameter id in MetricDataQueries are not unique."));
            }
        }
        let is_metric = |query: &Query| matches!(query.what, What::Metric(_));
        let metrics: Vec<bool> = queries.iter().map(is_metric).collect();
        let mut all = Vec::with_capacity(queries.len());
        for Query { id, label, what } in queries {
            let (tree, period) = match what {
                What::Metric(period) => (None, period),
                What::Expression(text, period) => {
                    (Some(parse(&text).map_err(|error| error.of(&id))?), period.unwrap_or(0))
                }
            };
            let uses = tree.as_ref().map_or(Ok(BTreeSet::new()), |tree| uses(tree, &places, &metrics));
            let uses = uses.map_err(|error| error.of(&id))?;
            all.push(Checked { id, label: label.into(), tree, uses, period });
        }
        let mut checked = Self { all, places };
        let order = checked.order()?;
        for place in order {
            let longest = checked.all.get(place).into_iter().flat_map(|query| &query.uses);
            let longest = longest.filter_map(|used| Some(checked.all.get(*used)?.period)).max().unwrap_or(0);
            if let Some(query) = checked.all.get_mut(place) {
                query.period = query.period.max(longest);
            }
        }
        checked.check()?;
        if let Some(query) = checked.all.iter().find(|query| query.period <= 0) {
            return Err(Error::invalid("Period must not be null").of(&query.id));
        }
        Ok(checked)
    }

    /// How far apart the values of a query are: as far as those of the metric with the longest period in it, or as it says itself.
    pub fn period(&self, place: usize) -> Option<Millis> {
        self.all.get(place).map(|query| query.period)
    }

    /// Whether a query comes to several time series.
    ///
    /// # Errors
    /// When it comes to a number.
    pub fn is_array(&self, place: usize) -> Result<bool, Error> {
        let range = Span::new(0, 0).by(1);
        let known = self.values(&[place].into(), range, &mut Budget::new(), &mut |_, _| Vec::new())?;
        match known.get(&place) {
            Some(Value::Array(_)) => Ok(true),
            Some(Value::Series(_)) => Ok(false),
            Some(Value::Scalar(_)) | None => Err(self.scalar(place)),
        }
    }

    /// What queries come to in a span of time, in the order in which they are asked for, each once.
    ///
    /// # Errors
    /// When one comes to a number, or all are too much work.
    pub fn evaluate(&self, wanted: &[usize], span: Span, source: &mut Source<'_>) -> Result<Vec<Vec<Line>>, Error> {
        let mut by_period: BTreeMap<Millis, BTreeSet<usize>> = BTreeMap::new();
        for place in wanted {
            by_period.entry(self.period(*place).unwrap_or(1)).or_default().insert(*place);
        }
        let mut budget = Budget::new();
        let mut lines: BTreeMap<usize, Vec<Line>> = BTreeMap::new();
        for (period, places) in by_period {
            let mut known = self.values(&places, span.by(period), &mut budget, source)?;
            for place in places {
                lines.insert(place, self.lines(place, known.remove(&place), &mut budget)?);
            }
        }
        Ok(wanted.iter().map(|place| lines.remove(place).unwrap_or_default()).collect())
    }

    fn lines(&self, place: usize, value: Option<Value>, budget: &mut Budget) -> Result<Vec<Line>, Error> {
        let label = self.all.get(place).map_or("", |query| &query.label);
        let line = |label: String, series: Series| Line { label, points: Rc::unwrap_or_clone(series.points) };
        match value {
            Some(Value::Series(series)) => Ok(vec![line(label.to_owned(), series)]),
            Some(Value::Array(all)) => {
                let named = |series: Series| {
                    // What many are called is long, too.
                    budget.spend(label.len() + series.label.len())?;
                    Ok(line(format!("{label} {}", series.label).trim().to_owned(), series))
                };
                all.into_iter().map(named).collect()
            }
            Some(Value::Scalar(_)) | None => Err(self.scalar(place)),
        }
    }

    fn scalar(&self, place: usize) -> Error {
        let id = self.all.get(place).map_or("", |query| &query.id);
        Error::invalid("The result of an expression must be a time series or an array of time series, and not a Scalar")
            .of(id)
    }

    /// What these queries come to, and all they need.
    fn values(
        &self,
        wanted: &BTreeSet<usize>,
        range: Range,
        budget: &mut Budget,
        source: &mut Source<'_>,
    ) -> Result<BTreeMap<usize, Value>, Error> {
        let mut needed = wanted.clone();
        let order = self.order()?;
        for place in order.iter().rev() {
            if needed.contains(place) {
                needed.extend(self.all.get(*place).into_iter().flat_map(|query| &query.uses));
            }
        }
        let used: BTreeSet<usize> = needed
            .iter()
            .filter_map(|place| self.all.get(*place))
            .flat_map(|query| query.uses.iter().copied())
            .collect();
        let mut known: BTreeMap<usize, Value> = BTreeMap::new();
        for place in order.into_iter().filter(|place| needed.contains(place)) {
            let Some(query) = self.all.get(place) else { continue };
            let value = match &query.tree {
                None => {
                    let points = source(place, range);
                    // Telling what there is takes no working on it.
                    if used.contains(&place) {
                        budget.spend(points.len())?;
                    }
                    Value::Series(Series::new(&query.label, points))
                }
                Some(tree) => self.expression(tree, range, budget, &known).map_err(|error| error.of(&query.id))?,
            };
            // Whoever refers to an expression refers to what it is called.
            let value = match value {
                Value::Series(series) => Value::Series(Series { label: query.label.clone(), ..series }),
                other => other,
            };
            known.insert(place, value);
        }
        Ok(known)
    }

    fn expression(
        &self,
        tree: &Tree,
        range: Range,
        budget: &mut Budget,
        known: &BTreeMap<usize, Value>,
    ) -> Result<Value, Error> {
        let is_metric = |place: usize| self.all.get(place).is_some_and(|query| query.tree.is_none());
        let lookup = |id: &str| {
            let place = *self.places.get(id)?;
            Some((known.get(&place)?.clone(), is_metric(place)))
        };
        let metrics = |part: &str| {
            let wanted = known.iter().filter(|(place, _)| {
                is_metric(**place) && self.all.get(**place).is_some_and(|query| query.id.contains(part))
            });
            let series = wanted.filter_map(|(_, value)| match value {
                Value::Series(series) => Some(series.clone()),
                _ => None,
            });
            series.collect()
        };
        Scope { range, budget, lookup: &lookup, metrics: &metrics }.evaluate(tree)
    }

    /// An order in which each comes after all it refers to.
    fn order(&self) -> Result<Vec<usize>, Error> {
        let mut order = Vec::with_capacity(self.all.len());
        let mut waiting: Vec<usize> = self.all.iter().map(|query| query.uses.len()).collect();
        let mut users: Vec<Vec<usize>> = vec![Vec::new(); self.all.len()];
        for (place, query) in self.all.iter().enumerate() {
            for used in &query.uses {
                if let Some(users) = users.get_mut(*used) {
                    users.push(place);
                }
            }
        }
        let mut ready: Vec<usize> = (0..self.all.len()).filter(|place| waiting.get(*place) == Some(&0)).rev().collect();
        while let Some(place) = ready.pop() {
            order.push(place);
            for user in users.get(place).into_iter().flatten() {
                if let Some(left) = waiting.get_mut(*user) {
                    *left -= 1;
                    if *left == 0 {
                        ready.push(*user);
                    }
                }
            }
        }
        let circular = self.all.iter().zip(&waiting).find(|(_, waiting)| **waiting > 0);
        match circular {
            Some((query, _)) => Err(Error::invalid("Circular reference").of(&query.id)),
            None => Ok(order),
        }
    }

    /// Evaluates everything without any values: types do not depend on them.
    fn check(&self) -> Result<(), Error> {
        let everything: BTreeSet<usize> = (0..self.all.len()).collect();
        let range = Span::new(0, 0).by(1);
        self.values(&everything, range, &mut Budget::new(), &mut |_, _| Vec::new()).map(drop)
    }
}

fn check_id(id: &str) -> Result<(), Error> {
    let belongs = |char: char| char.is_ascii_alphanumeric() || char == '_';
    if id.starts_with(|first: char| first.is_ascii_lowercase()) && id.chars().all(belongs) {
        return Ok(());
    }
    Err(Error::invalid(format!(
        "The value {id} for parameter MetricDataQueries.member.Id is not matching the expected pattern ^[a-z][a-zA-Z0-9_]*$."
    )))
}

/// The places of the queries that an expression refers to.
fn uses(tree: &Tree, places: &BTreeMap<String, usize>, metrics: &[bool]) -> Result<BTreeSet<usize>, Error> {
    let mut found = BTreeSet::new();
    let mut unknown = None;
    tree.each(&mut |part| match part {
        Tree::Id(id) => match places.get(id) {
            Some(place) => _ = found.insert(*place),
            None => unknown = unknown.take().or(Some(undefined(id))),
        },
        Tree::Call(name, arguments) if name == "METRICS" => {
            let part = match arguments.first() {
                Some(Tree::Text(part)) => part.as_str(),
                _ => "",
            };
            let meant = places.iter().filter(|(id, place)| metrics.get(**place) == Some(&true) && id.contains(part));
            found.extend(meant.map(|(_, place)| *place));
        }
        _ => {}
    });
    unknown.map_or(Ok(found), Err)
}
