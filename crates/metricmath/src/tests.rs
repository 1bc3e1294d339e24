//! Expressions as a client writes them, with values in minutes.

use crate::{
    Error, Line, Queries, Query, What,
    parse::{LONGEST, parse},
    value::{Range, Span},
};
use proptest::prelude::*;
use spec::{MINUTE, Millis};

/// A Saturday, 2026-11-28T04:00:00Z.
const START: Millis = 1_795_838_400_000;

const HOUR: Millis = 60 * MINUTE;

/// Values of minutes; `-` is a missing one.
type Values<'a> = &'a str;

fn metric(id: &str) -> Query {
    Query { id: id.into(), label: id.to_uppercase(), what: What::Metric(MINUTE) }
}

fn expression(id: &str, text: &str) -> Query {
    Query { id: id.into(), label: id.into(), what: What::Expression(text.into(), None) }
}

fn minutes(values: Values<'_>, range: Range) -> Vec<(Millis, f64)> {
    let words = values.split_whitespace().enumerate();
    let at = |number: usize| START + MINUTE * Millis::try_from(number).unwrap();
    let mut points: Vec<(Millis, f64)> =
        words.filter(|(_, word)| *word != "-").map(|(n, word)| (at(n), word.parse().unwrap())).collect();
    points.retain(|(at, _)| (range.start..range.end).contains(at));
    points
}

fn lines(metrics: &[(&str, Values<'_>)], text: &str) -> Result<Vec<Line>, Error> {
    let mut queries: Vec<Query> = metrics.iter().map(|(id, _)| metric(id)).collect();
    queries.push(expression("e", text));
    let place = queries.len() - 1;
    let length = metrics.iter().map(|(_, values)| values.split_whitespace().count()).max().unwrap_or(1);
    let end = START + MINUTE * Millis::try_from(length).unwrap();
    let queries = Queries::new(queries)?;
    let mut found =
        queries.evaluate(&[place], Span::new(START, end), &mut |place, range| minutes(metrics[place].1, range))?;
    Ok(found.remove(0))
}

/// The values as text, a line for each time series.
fn shown(metrics: &[(&str, Values<'_>)], text: &str) -> String {
    let lines = lines(metrics, text).unwrap_or_else(|error| panic!("{text}: {error}"));
    let length = metrics.iter().map(|(_, values)| values.split_whitespace().count()).max().unwrap();
    let line = |line: &Line| {
        let value = |n: usize| {
            let at = START + MINUTE * Millis::try_from(n).unwrap();
            let found = line.points.iter().find(|point| point.0 == at);
            found.map_or("-".to_owned(), |(_, value)| format!("{}", (value * 1000.0).round() / 1000.0))
        };
        (0..length).map(value).collect::<Vec<_>>().join(" ")
    };
    lines.iter().map(line).collect::<Vec<_>>().join("; ")
}

fn refusal(text: &str) -> String {
    lines(&[("m1", "1 2"), ("m2", "3 4")], text)
        .map_or_else(|error| error.to_string(), |lines| panic!("{text}: {lines:?}"))
}

#[test]
fn operators_bind_as_in_arithmetic() {
    let m = [("m", "8 2")];
    for (text, expected) in [
        ("m + 2 * 3", "14 8"),
        ("(m + 2) * 3", "30 12"),
        ("m - 2 - 1", "5 -1"),
        ("m / 2 / 2", "2 0.5"),
        ("-m ^ 2", "-64 -4"),
        ("m * 2 ^ 3 ^ 0", "16 4"),
        ("2 * -m", "-16 -4"),
        ("m > 3 OR m < 1 AND m == 0", "1 0"),
        ("(m > 3 || m < 5) && m != 2", "1 0"),
        ("m >= 8", "1 0"),
        ("m <= 2 + 0", "0 1"),
        ("1.5e1 + m * .5", "19 16"),
    ] {
        assert_eq!(shown(&m, text), expected, "{text}");
    }
}

/// The examples of "Comparison and logical operators".
#[test]
fn a_value_that_one_side_lacks_is_0() {
    let both = [("metric1", "30 20 0 0"), ("metric2", "20 - 20 -")];
    assert_eq!(shown(&both, "metric1 < metric2"), "0 0 1 0");
    assert_eq!(shown(&both, "metric1 >= 30"), "1 0 0 0");
    assert_eq!(shown(&both, "metric1 > 15 AND metric2 > 15"), "1 0 0 0");
    assert_eq!(shown(&both, "metric1 + metric2"), "50 20 20 0");
    assert_eq!(shown(&both, "metric1 / metric2"), "1.5 - 0 -", "what is divided by 0 is dropped");
    assert_eq!(shown(&both, "metric2 * 2"), "40 - 40 -");
}

/// The tables of "Using IF expressions".
#[test]
fn conditions_are_as_documented() {
    let all = [("metric1", "1 1 0 0 -"), ("metric2", "30 - 0 0 30"), ("metric3", "0 0 20 - 20")];
    for (text, expected) in [
        ("IF(metric1, metric2, metric3)", "30 0 20 - -"),
        ("IF(metric1, 5, metric3)", "5 5 20 - -"),
        ("IF(metric1, metric2, 5)", "30 0 5 5 -"),
        ("IF(metric1, metric2)", "30 0 - - -"),
        ("IF(metric1 == 0, 10, 2)", "2 2 10 10 -"),
        ("IF(1, metric2, metric3)", "30 - 0 0 30"),
        ("IF(SUM(metric1) > 9, metric2, metric3)", "0 0 20 - 20"),
        ("IF(0, metric2)", "- - - - -"),
        ("metric1 + IF(SUM(metric1) > 1, 7, 8)", "8 8 7 7 -"),
    ] {
        assert_eq!(shown(&all, text), expected, "{text}");
    }
}

#[test]
fn functions_of_time_series() {
    let m = [("m", "-2.5 - 4 10")];
    for (text, expected) in [
        ("ABS(m)", "2.5 - 4 10"),
        ("CEIL(m)", "-2 - 4 10"),
        ("FLOOR(m)", "-3 - 4 10"),
        ("LOG10(m)", "- - 0.602 1"),
        ("LOG(m)", "- - 1.386 2.303"),
        ("DIFF(m)", "- - 6.5 6"),
        ("DIFF_TIME(m)", "- - 120 60"),
        ("RATE(m)", "- - 0.054 0.1"),
        ("RUNNING_SUM(m)", "-2.5 - 1.5 11.5"),
        ("m - AVG(m)", "-6.333 - 0.167 6.167"),
        ("m * 0 + MAX(m) + MIN(m)", "7.5 - 7.5 7.5"),
        ("SUM(m) / DATAPOINT_COUNT(m) + 0 * m", "3.833 - 3.833 3.833"),
        ("TIME_SERIES(STDDEV(m))", "5.104 5.104 5.104 5.104"),
        ("m / PERIOD(m)", "-0.042 - 0.067 0.167"),
        ("FILL(m, 1)", "-2.5 1 4 10"),
        ("FILL(m, REPEAT)", "-2.5 -2.5 4 10"),
        ("FILL(m, LINEAR)", "-2.5 0.75 4 10"),
        ("FILL(m, MIN(m))", "-2.5 -2.5 4 10"),
        ("FILL(m, m * 0)", "-2.5 - 4 10"),
        ("MINUTE(m)", "0 1 2 3"),
        ("HOUR(m) + DATE(m) * 100 + MONTH(m) * 10000", "112804 112804 112804 112804"),
        ("YEAR(m) + DAY(m) / 10", "2026.6 2026.6 2026.6 2026.6"),
        ("EPOCH(m) - 1795838400", "0 60 120 180"),
    ] {
        assert_eq!(shown(&m, text), expected, "{text}");
    }
    assert_eq!(shown(&[("m", "- 4 - 8 -")], "FILL(m, LINEAR)"), "- 4 6 8 -", "only what is between two values");
    assert_eq!(shown(&[("m", "- -")], "FILL(m, 0)"), "0 0");
}

#[test]
fn functions_of_arrays() {
    let all = [("m1", "1 2 -"), ("m2", "10 - 30"), ("errors1", "- - -")];
    for (text, expected) in [
        ("SUM(METRICS())", "11 2 30"),
        ("AVG([m1, m2])", "5.5 1 15"),
        ("MAX(METRICS())", "10 2 30"),
        ("MIN(METRICS(\"m\"))", "1 2 30"),
        ("SUM([METRICS('1'), m2])", "11 2 30"),
        ("SUM([METRICS(“m1”)])", "1 2 -"),
        ("DATAPOINT_COUNT(METRICS())", "2 1 1"),
        ("STDDEV([m1, m2])", "4.5 0 0"),
        ("SUM(METRICS()) / METRIC_COUNT(METRICS())", "3.667 0.667 10"),
        ("METRICS() * 2", "2 4 -; 20 - 60; - - -"),
        ("[m1, m2] / m1", "1 1 -; 10 0 -"),
        ("m1 - [m2]", "-9 2 -30"),
        ("-[m1, m2]", "-1 -2 -; -10 - -30"),
        ("REMOVE_EMPTY(METRICS())", "1 2 -; 10 - 30"),
        ("FIRST(SORT(METRICS(), AVG, DESC))", "10 - 30"),
        ("LAST([m1, m2])", "10 - 30"),
        ("SORT(METRICS(), MAX, ASC)", "1 2 -; 10 - 30; - - -"),
        ("SORT(METRICS(), SUM, DESC, 1)", "10 - 30"),
        ("SLICE(METRICS(), 1)", "10 - 30; - - -"),
        ("SLICE(SORT(METRICS(), SUM, DESC), 0, 1)", "10 - 30"),
        ("FILL([m1, m2], 0)", "1 2 0; 10 0 30"),
        ("IF(FIRST(SORT(METRICS(), AVG, DESC)) > 20, 1, 0)", "0 - 1"),
        ("SUM(CEIL(METRICS()))", "11 2 30"),
    ] {
        assert_eq!(shown(&all, text), expected, "{text}");
    }
    let labels = |text| lines(&all, text).unwrap().into_iter().map(|line| line.label).collect::<Vec<_>>();
    assert_eq!(labels("METRICS(\"m\")"), ["e M1", "e M2"]);
    assert_eq!(labels("SUM(METRICS())"), ["e"]);
    assert_eq!(labels("SORT(METRICS(), SUM, DESC, 1) / 2"), ["e M2"]);
}

#[test]
fn expressions_of_expressions_in_whatever_order() {
    let queries = vec![
        expression("total", "SUM(share) * 0 + m + share"),
        expression("share", "m / AVG(m)"),
        expression("number", "AVG(m)"),
        expression("other", "m - number"),
        metric("m"),
    ];
    let queries = Queries::new(queries).unwrap();
    let found =
        queries.evaluate(&[0, 3], Span::new(START, START + 2 * MINUTE), &mut |_, range| minutes("1 3", range)).unwrap();
    let values = |n: usize| found[n][0].points.iter().map(|point| point.1).collect::<Vec<_>>();
    assert_eq!((values(0), values(1)), (vec![1.5, 4.5], vec![-1.0, 1.0]));
    let number =
        queries.evaluate(&[2], Span::new(START, START + MINUTE), &mut |_, range| minutes("1 3", range)).unwrap_err();
    assert!(number.to_string().contains("Error in expression 'number'"), "{number}");
    assert!(queries.is_array(2).is_err() && !queries.is_array(0).unwrap());
    let circle = Queries::new(vec![expression("a", "b"), expression("b", "c + m"), expression("c", "a"), metric("m")]);
    assert_eq!(circle.unwrap_err().to_string(), "Error in expression 'a': Circular reference");
    let mut chain = vec![metric("m")];
    chain.extend(
        (1..500).map(|n| expression(&format!("e{n}"), &if n == 1 { "m".into() } else { format!("e{} + 1", n - 1) })),
    );
    let found =
        Queries::new(chain).unwrap().evaluate(&[499], Span::new(START, START + MINUTE), &mut |_, _| vec![(START, 1.0)]);
    assert_eq!(found.unwrap()[0][0].points, [(START, 499.0)]);
}

#[test]
fn the_longest_period_is_everybodys() {
    let hourly = Query { what: What::Metric(HOUR), ..metric("h") };
    let own = Query { what: What::Expression("m * 2".into(), Some(5 * MINUTE)), ..expression("own", "") };
    let queries = vec![
        metric("m"),
        hourly,
        expression("e", "m / h"),
        own,
        expression("plain", "m"),
        expression("p", "m + PERIOD(m)"),
    ];
    let queries = Queries::new(queries).unwrap();
    let periods: Vec<Millis> = (0..6).map(|place| queries.period(place).unwrap() / MINUTE).collect();
    assert_eq!(periods, [1, 60, 60, 5, 1, 1]);
    let mut asked = Vec::new();
    queries
        .evaluate(&[2, 3, 4], Span::new(START, START + HOUR), &mut |place, range| {
            asked.push((place, range.period / MINUTE));
            Vec::new()
        })
        .unwrap();
    assert_eq!(asked, [(0, 1), (0, 5), (0, 60), (1, 60)]);
    let none = Queries::new(vec![expression("e", "TIME_SERIES(1)")]).unwrap_err();
    assert_eq!(none.to_string(), "Error in expression 'e': Period must not be null");
}

#[test]
fn what_can_not_be_is_refused() {
    for (text, part) in [
        ("m1 +", "Error in expression 'e': Invalid syntax"),
        ("m1 m2", "Invalid syntax"),
        ("(m1", "Invalid syntax"),
        ("m1 ! m2", "Invalid syntax"),
        ("1.2.3 * m1", "Invalid syntax"),
        ("'m1", "Invalid syntax"),
        ("", "Invalid syntax"),
        ("m3", "Error in expression 'e': Undefined id 'm3'"),
        ("AVG(m1)", "must be a time series"),
        ("5", "Period must not be null"),
        ("AVG(m1) * 5", "must be a time series"),
        ("sum(METRICS())", "Invalid syntax"),
        ("NOSUCH(m1)", "Function 'NOSUCH' not found"),
        ("AVERAGE", "Undefined name AVERAGE"),
        ("ABS(1) + m1", "Unsupported operand type(s) for ABS: '[Scalar]'"),
        ("FIRST(m1)", "Unsupported operand type(s) for FIRST: '[TimeSeries]'"),
        ("METRICS() + [m1]", "Unsupported operand type(s) for +: '[TimeSeries[], TimeSeries[]]'"),
        ("IF(METRICS(), 1, 0)", "IF"),
        ("PERIOD(m1 * 2) * m1", "Invalid arguments of the function 'PERIOD'"),
        ("SORT(METRICS(), STDDEV, ASC)", "Invalid arguments of the function 'SORT'"),
        ("SORT(METRICS(), AVG, UP)", "Invalid arguments of the function 'SORT'"),
        ("ABS(m1, m2)", "Invalid arguments of the function 'ABS'"),
        ("[m1, 2]", "An array can be of time series only"),
        ("METRICS(m1)", "Invalid arguments of the function 'METRICS'"),
        ("SEARCH('{AWS/ECS}', 'Sum')", "SEARCH (metric math) is not supported"),
        ("ANOMALY_DETECTION_BAND(m1, 2)", "ANOMALY_DETECTION_BAND (metric math) is not supported"),
        ("SELECT AVG(CPUUtilization) FROM SCHEMA(\"AWS/ECS\")", "SELECT (Metrics Insights) is not supported"),
    ] {
        let refusal = refusal(text);
        assert!(refusal.contains(part), "{text}: {refusal}");
    }
    assert!(refusal(&"(".repeat(300)).contains("levels deep"));
    assert!(refusal(&"m1+".repeat(700)).contains("at most 2048 characters"));
    let twice = Queries::new(vec![metric("m"), metric("m")]).unwrap_err();
    assert!(twice.to_string().contains("not unique"), "{twice}");
    let name = Queries::new(vec![metric("M")]).unwrap_err();
    assert!(name.to_string().contains("^[a-z][a-zA-Z0-9_]*$"), "{name}");
}

#[test]
fn as_long_a_sum_as_can_be_written_comes_to_something() {
    let text = format!("m{}", "+m".repeat((LONGEST - 1) / 2));
    assert_eq!(shown(&[("m", "1")], &text), "1024");
}

#[test]
fn what_is_too_much_work_is_refused() {
    let mut queries = vec![metric("m")];
    queries.extend((1..100).map(|n| expression(&format!("e{n}"), "FILL(m, 0) + FILL(m, 1)")));
    let queries = Queries::new(queries).unwrap();
    let wanted: Vec<usize> = (1..100).collect();
    let error = queries.evaluate(&wanted, Span::new(0, 100_000 * MINUTE), &mut |_, _| Vec::new()).unwrap_err();
    assert!(error.to_string().contains("datapoints"), "{error}");
    let long = queries.evaluate(&[1], Span::new(i64::MIN / 2, i64::MAX / 2), &mut |_, _| Vec::new()).unwrap_err();
    assert!(long.to_string().contains("datapoints"), "{long}");
}

/// Texts that look like expressions.
fn expressions() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        Just("m1"),
        Just("m2"),
        Just("e"),
        Just("3"),
        Just("0.5"),
        Just("("),
        Just(")"),
        Just("["),
        Just("]"),
        Just(","),
        Just("+"),
        Just("-"),
        Just("*"),
        Just("/"),
        Just("^"),
        Just("<"),
        Just("=="),
        Just(" AND "),
        Just("||"),
        Just("METRICS()"),
        Just("SUM("),
        Just("IF("),
        Just("FILL("),
        Just("REPEAT"),
        Just("LINEAR"),
        Just("SORT("),
        Just("AVG"),
        Just("DESC"),
        Just("SLICE("),
        Just("RATE("),
        Just("DAY("),
        Just("'m'"),
        Just("é"),
        Just("1e999"),
        Just("TIME_SERIES("),
        Just("FIRST("),
        Just("PERIOD("),
    ];
    prop::collection::vec(part, 0..30).prop_map(|parts| parts.concat())
}

/// Expressions that come to time series.
fn series() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![Just("m1".to_owned()), Just("m2".to_owned())];
    leaf.prop_recursive(5, 40, 3, |inner| {
        let operator = prop::sample::select(vec!["+", "-", "*", "/", "^", "<", ">=", "==", " AND ", " OR "]);
        let function = prop::sample::select(vec!["ABS", "CEIL", "DIFF", "RATE", "RUNNING_SUM", "LOG", "HOUR", "-", ""]);
        let of_all = prop::sample::select(vec!["SUM", "AVG", "MAX", "MIN", "STDDEV", "DATAPOINT_COUNT"]);
        prop_oneof![
            (inner.clone(), operator, inner.clone())
                .prop_map(|(left, operator, right)| format!("({left}{operator}{right})")),
            (function, inner.clone()).prop_map(|(function, of)| format!("{function}({of})")),
            (of_all, inner.clone(), inner.clone())
                .prop_map(|(of_all, one, other)| format!("{of_all}([{one},{other}])")),
            (inner.clone(), inner.clone(), inner.clone()).prop_map(|(a, b, c)| format!("IF({a},{b},{c})")),
            (inner.clone(), inner).prop_map(|(a, b)| format!("FILL({a},MAX({b}))")),
        ]
    })
}

proptest! {
    #[test]
    fn reading_any_text_ends_well(text in any::<String>()) {
        let _ = parse(&text);
    }

    #[test]
    fn what_is_read_is_evaluated_or_refused(text in expressions()) {
        let _ = lines(&[("m1", "1 - 0 4"), ("m2", "- 2 7 -")], &text);
    }

    /// Whatever passes the check comes to values in the order of time, all of them numbers.
    #[test]
    fn what_is_well_formed_comes_to_numbers(text in series(), values in prop::collection::vec(prop::option::of(-5i32..5), 1..6)) {
        let word = |value: &Option<i32>| value.map_or("-".to_owned(), |value| value.to_string());
        let m1: Vec<String> = values.iter().map(word).collect();
        let m2: Vec<String> = values.iter().rev().map(word).collect();
        let found = lines(&[("m1", &m1.join(" ")), ("m2", &m2.join(" "))], &text);
        prop_assume!(text.len() <= LONGEST);
        let found = found.unwrap();
        prop_assert_eq!(found.len(), 1);
        prop_assert!(found[0].points.iter().all(|(_, value)| value.is_finite()));
        prop_assert!(found[0].points.windows(2).all(|pair| pair[0].0 < pair[1].0));
    }
}

#[test]
fn work_is_refused_before_it_is_done() {
    let mut queries: Vec<Query> = (0..400).map(|n| metric(&format!("m{n}"))).collect();
    queries.push(expression("e", "TIME_SERIES(1) * METRICS()"));
    let asked = Queries::new(queries).unwrap();
    let span = Span::new(START, START + 1_000_000 * MINUTE);
    let refused = asked.evaluate(&[400], span, &mut |_, _| Vec::new()).unwrap_err();
    assert!(refused.to_string().contains("at most 5000000 datapoints"), "{refused}");
    // What no expression uses is told, however much it is.
    let plain = Queries::new((0..6).map(|n| metric(&format!("m{n}"))).collect()).unwrap();
    let all = plain
        .evaluate(&[0, 1, 2, 3, 4, 5], span, &mut |_, _| (0..1_000_000).map(|n| (START + n * MINUTE, 1.0)).collect());
    assert_eq!(all.unwrap()[5][0].points.len(), 1_000_000);
    let array = |name: &str, times: usize| format!("[{}]", vec![name; times].join(","));
    let of = |text: &str| Queries::new(vec![metric("m"), expression("all", &array("m", 500)), expression("e", text)]);
    assert!(of("all").is_ok());
    let refused = of("[all, m]").unwrap_err();
    assert!(refused.to_string().contains("An array can have at most 500 time series"), "{refused}");
    let long = Query { label: "x".repeat(20_000), ..metric("m") };
    let asked = Queries::new(vec![long, expression("all", &array("m", 500))]).unwrap();
    assert!(asked.evaluate(&[1], Span::new(START, START + MINUTE), &mut |_, _| Vec::new()).is_err());
}

#[test]
fn an_id_may_begin_like_a_query_of_metrics_insights() {
    let queries = Queries::new(vec![metric("selected"), expression("e", "selected + 1")]);
    assert!(queries.is_ok());
}
