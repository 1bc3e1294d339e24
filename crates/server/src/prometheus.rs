//! The region's metrics for Prometheus, at `/metrics`: text of its format 0.0.4 ("Exposition formats", Prometheus documentation).
//!
//! Of each metric the newest minute that is over, if that is recent: each statistic is a time series of its own, named as
//! `cloudwatch_exporter` names those that it gets from AWS (`aws_applicationelb_request_count_sum{load_balancer="app/web/…"}`), with the
//! minute as time.

use crate::app::App;
use crate::http::Door;
use crate::http::reply::{self, Reply};
use http::request::Parts;
use http::{Method, header};
use metrics::{Distribution, Metric, Statistic};
use spec::Millis;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::Arc;

/// How long after its end hosts may still tell of a minute, in milliseconds.
const LATE: Millis = 2_000;
/// A metric whose newest minute is so many minutes old is not there any more.
const RECENT: Millis = 5;
/// So many metrics are told at most: the first in the order of their names.
const MOST: usize = 20_000;
/// And no more than about so many bytes.
const BYTES: usize = 32 << 20;
/// What a line has beside names and labels: a statistic, a value and a time.
const EACH: usize = 50;
/// Where they are.
const PATH: &str = "/metrics";
/// The content's type.
const TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// The names of statistics at the ends of series' names.
const STATISTICS: [(&str, &str); 5] = [
    ("average", "Average"),
    ("maximum", "Maximum"),
    ("minimum", "Minimum"),
    ("sample_count", "SampleCount"),
    ("sum", "Sum"),
];
/// Those that are told of durations besides.
const PERCENTILES: [(&str, &str); 3] = [("p50", "p50"), ("p90", "p90"), ("p99", "p99")];

/// Whether a request is for them: one that no AWS client sends, as nobody has signed it. Only who is on this machine may ask.
pub(crate) fn is_for(app: &App, door: Door, parts: &Parts) -> bool {
    let open = match door {
        Door::Tcp => app.config.listen.ip().is_loopback(),
        Door::Unix => true,
        Door::Endpoint(..) | Door::Registries => false,
    };
    let unsigned = !parts.headers.contains_key(header::AUTHORIZATION) && parts.uri.query().is_none();
    open && unsigned && parts.method == Method::GET && parts.uri.path() == PATH
}

/// Answers such a request.
pub(crate) async fn answer(app: Arc<App>) -> Reply {
    match crate::app::blocking(move || Ok(text(&app))).await {
        Ok(text) => reply::text(TYPE, text),
        Err(fault) => reply::fault(&fault),
    }
}

fn text(app: &App) -> String {
    let minute = app.core.state().region.minute.max(1);
    let now = app.core.clock().now().millis - LATE;
    let end = now - now.rem_euclid(minute);
    let start = end - RECENT * minute;
    let mut all = Families::default();
    for metric in app.metrics.metrics(start) {
        if all.metrics == MOST || all.bytes >= BYTES {
            all.left_out += 1;
            continue;
        }
        let unit = app.metrics.unit(&metric).unwrap_or_default();
        // Alarms' minutes may be shorter than others', and those of the store not.
        let newest = (1..=RECENT).map(|ago| end - ago * minute).find_map(|at| {
            let values = app.metrics.values(&metric, None, at, at + minute);
            (values.count > 0.0).then_some((at, values))
        });
        if let Some((at, values)) = newest {
            all.add(&metric, &unit, at, &values);
        }
    }
    all.text()
}

/// Time series by their names and then by their labels.
#[derive(Debug, Default)]
struct Families {
    all: BTreeMap<String, Family>,
    metrics: usize,
    /// About how long the text will be.
    bytes: usize,
    left_out: usize,
}

#[derive(Debug, Default)]
struct Family {
    help: String,
    series: BTreeMap<String, (f64, Millis)>,
}

impl Families {
    fn add(&mut self, metric: &Metric, unit: &str, at: Millis, values: &Distribution) {
        self.metrics += 1;
        let labels = labels(&metric.dimensions);
        let base = safe(&format!("{}_{}", metric.namespace.to_lowercase(), snake(&metric.name)));
        let durations = matches!(unit, "Seconds" | "Milliseconds" | "Microseconds");
        let statistics = STATISTICS.iter().chain(PERCENTILES.iter().filter(|_| durations));
        for (name, statistic) in statistics {
            let Some(value) = Statistic::parse(statistic).and_then(|which| values.statistic(which)) else { continue };
            let family = self.all.entry(format!("{base}_{name}")).or_default();
            self.bytes += base.len() + labels.len() + EACH;
            if family.help.is_empty() {
                family.help =
                    format!("CloudWatch metric {} {} Statistic: {name} Unit: {unit}", metric.namespace, metric.name);
                self.bytes += family.help.len() + 2 * (base.len() + EACH);
            }
            // Two metrics whose names differ in what Prometheus can't tell apart: the first stays.
            family.series.entry(labels.clone()).or_insert((value, at));
        }
    }

    fn text(&self) -> String {
        let mut text = String::new();
        for (name, Family { help, series }) in &self.all {
            let help = help.replace('\\', "\\\\").replace('\n', "\\n");
            let _ = write!(text, "# HELP {name} {help}\n# TYPE {name} gauge\n");
            for (labels, (value, at)) in series {
                let _ = match labels.is_empty() {
                    true => writeln!(text, "{name} {value} {at}"),
                    false => writeln!(text, "{name}{{{labels}}} {value} {at}"),
                };
            }
        }
        let _ = write!(
            text,
            "# HELP neargate_metrics_left_out Metrics that are not told, because there are too many.\n\
             # TYPE neargate_metrics_left_out gauge\nneargate_metrics_left_out {}\n",
            self.left_out
        );
        text
    }
}

/// Dimensions as labels. Those whose names Prometheus can't tell apart get numbers: one label twice, and it refuses everything.
fn labels(dimensions: &[(String, String)]) -> String {
    let mut labels: BTreeMap<String, &str> = BTreeMap::new();
    for (dimension, value) in dimensions {
        let name = safe(&snake(dimension));
        let mut unlike = name.clone();
        for number in 2.. {
            if !labels.contains_key(&unlike) {
                break;
            }
            unlike = format!("{name}_{number}");
        }
        labels.insert(unlike, value);
    }
    labels.iter().map(|(name, value)| format!("{name}=\"{}\"", escape(value))).collect::<Vec<_>>().join(",")
}

/// `RequestCount` as `request_count`.
fn snake(name: &str) -> String {
    let mut snake = String::with_capacity(name.len() + 8);
    let mut before = None;
    for next in name.chars() {
        if next.is_ascii_uppercase()
            && before.is_some_and(|before: char| before.is_ascii_lowercase() || before.is_ascii_digit())
        {
            snake.push('_');
        }
        snake.extend(next.to_lowercase());
        before = Some(next);
    }
    snake
}

/// What of a name a series' or a label's may have: `[a-zA-Z_][a-zA-Z0-9_]*`.
fn safe(name: &str) -> String {
    let mut safe = String::with_capacity(name.len() + 4);
    for next in name.chars() {
        match next.is_ascii_alphanumeric() {
            true => safe.push(next),
            false if safe.ends_with('_') => {}
            false => safe.push('_'),
        }
    }
    if !safe.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_') {
        safe.insert(0, '_');
    }
    safe
}

/// A label's value between its quotes.
fn escape(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_cloudwatch_exporter() {
        for (name, expected) in [
            ("RequestCount", "request_count"),
            ("HTTPCode_Target_5XX_Count", "httpcode_target_5_xx_count"),
            ("CPUUtilization", "cpuutilization"),
            ("TCP_ELB_Reset_Count", "tcp_elb_reset_count"),
        ] {
            assert_eq!(safe(&snake(name)), expected);
        }
        assert_eq!(safe("aws/applicationelb_x"), "aws_applicationelb_x");
        assert_eq!(safe("my app/é-1"), "my_app_1");
        assert_eq!(safe("5xx"), "_5xx");
    }

    #[test]
    fn no_label_is_there_twice() {
        let of = |names: &[&str]| {
            labels(&names.iter().map(|name| ((*name).to_owned(), format!("of {name}"))).collect::<Vec<_>>())
        };
        assert_eq!(
            of(&["ServiceName", "service-name", "service_name"]),
            "service_name=\"of ServiceName\",service_name_2=\"of service-name\",service_name_3=\"of service_name\""
        );
        assert_eq!(of(&["a_2", "A", "a"]), "a=\"of A\",a_2=\"of a_2\",a_3=\"of a\"");
        assert_eq!(of(&[]), "");
    }

    #[test]
    fn series_are_grouped_told_once_and_escaped() {
        let metric =
            |namespace: &str, value: &str| Metric::new(namespace, "Hits", vec![("Path".to_owned(), value.to_owned())]);
        let mut all = Families::default();
        all.add(&metric("A/B", "a\"b\\\n"), "Count", 60_000, &Distribution::of(2.0, 3.0));
        all.add(&metric("A B", "a\"b\\\n"), "Count", 60_000, &Distribution::of(9.0, 1.0));
        all.add(&metric("A/B", "other"), "Count", 60_000, &Distribution::of(0.5, 1.0));
        all.add(&Metric::new("A/B", "Took", Vec::new()), "Seconds", 60_000, &Distribution::of(0.25, 4.0));
        let text = all.text();
        let lines: Vec<&str> = text.lines().filter(|line| line.contains("_sum") || line.contains("_p99")).collect();
        assert_eq!(
            lines,
            [
                "# HELP a_b_hits_sum CloudWatch metric A/B Hits Statistic: sum Unit: Count",
                "# TYPE a_b_hits_sum gauge",
                "a_b_hits_sum{path=\"a\\\"b\\\\\\n\"} 6 60000",
                "a_b_hits_sum{path=\"other\"} 0.5 60000",
                "# HELP a_b_took_p99 CloudWatch metric A/B Took Statistic: p99 Unit: Seconds",
                "# TYPE a_b_took_p99 gauge",
                "a_b_took_p99 0.25 60000",
                "# HELP a_b_took_sum CloudWatch metric A/B Took Statistic: sum Unit: Seconds",
                "# TYPE a_b_took_sum gauge",
                "a_b_took_sum 1 60000",
            ]
        );
        assert!(text.ends_with("neargate_metrics_left_out 0\n"), "{text}");
    }
}
