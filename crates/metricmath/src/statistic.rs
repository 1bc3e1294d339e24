//! Statistics by their names ("CloudWatch statistics definitions").

/// What may be asked of a number of values.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Statistic {
    /// How many values.
    SampleCount,
    /// Their sum divided by how many they are.
    Average,
    /// Their sum.
    Sum,
    /// The least.
    Minimum,
    /// The greatest.
    Maximum,
    /// The value that so many per cent of all are not above.
    Percentile(f64),
    /// Something of the values between bounds.
    Within(Trimmed, Bounds),
}

/// What is asked of the values between bounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trimmed {
    /// `TM`: their mean.
    Mean,
    /// `TC`: how many they are.
    Count,
    /// `TS`: their sum.
    Sum,
    /// `WM`: the mean of all, where those that are outside count as if they were at the nearer bound.
    Winsorized,
    /// `PR`: how many per cent of all they are.
    Rank,
}

/// Bounds of values; none where there is no bound on that side.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Bounds {
    /// So many per cent of all values are below.
    Percents(Option<f64>, Option<f64>),
    /// Values above the one, and not above the other.
    Values(Option<f64>, Option<f64>),
}

impl Statistic {
    /// Reads a statistic's name: `Average`, `p99.9`, `tm90`, `TM(10%:90%)`; none where there is no such statistic.
    pub fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "SampleCount" => Self::SampleCount,
            "Average" => Self::Average,
            "Sum" => Self::Sum,
            "Minimum" => Self::Minimum,
            "Maximum" => Self::Maximum,
            "IQM" => Self::Within(Trimmed::Mean, Bounds::Percents(Some(25.0), Some(75.0))),
            _ => match name.strip_prefix('p') {
                Some(digits) => Self::Percentile(percent(digits)?),
                None => Self::within(name)?,
            },
        })
    }

    fn within(name: &str) -> Option<Self> {
        const KINDS: [(&str, &str, Trimmed); 5] = [
            ("tm", "TM", Trimmed::Mean),
            ("tc", "TC", Trimmed::Count),
            ("ts", "TS", Trimmed::Sum),
            ("wm", "WM", Trimmed::Winsorized),
            ("", "PR", Trimmed::Rank),
        ];
        KINDS.into_iter().find_map(|(one, two, kind)| {
            // Without brackets it is the upper bound, in per cent.
            if let Some(digits) = name.strip_prefix(one).filter(|_| !one.is_empty()) {
                return Some(Self::Within(kind, Bounds::Percents(None, Some(percent(digits)?))));
            }
            let inside = name.strip_prefix(two)?.strip_prefix('(')?.strip_suffix(')')?;
            Some(Self::Within(kind, bounds(inside, kind != Trimmed::Rank)?))
        })
    }
}

fn bounds(text: &str, percents: bool) -> Option<Bounds> {
    let (low, high) = text.split_once(':')?;
    let sides = || [low, high].into_iter().filter(|side| !side.is_empty());
    sides().next()?;
    let fit = |low: Option<f64>, high: Option<f64>| low.zip(high).is_none_or(|(low, high)| low < high);
    // A side that is not said is none; one that can't be read makes the whole no bounds.
    let side = |text: &str, read: &dyn Fn(&str) -> Option<f64>| {
        if text.is_empty() { Some(None) } else { read(text).map(Some) }
    };
    if percents && sides().all(|side| side.ends_with('%')) {
        let read = |text: &str| percent(text.strip_suffix('%')?);
        let (low, high) = (side(low, &read)?, side(high, &read)?);
        return fit(low, high).then_some(Bounds::Percents(low, high));
    }
    let (low, high) = (side(low, &number)?, side(high, &number)?);
    fit(low, high).then_some(Bounds::Values(low, high))
}

fn percent(text: &str) -> Option<f64> {
    number(text).filter(|percent| (0.0..=100.0).contains(percent))
}

/// Digits, with up to ten after a point.
fn number(text: &str) -> Option<f64> {
    let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole) || !digits(decimals) || decimals.len() > 10 {
        return None;
    }
    text.parse().ok().filter(|number: &f64| number.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_statistics() {
        let upper = |percent| Bounds::Percents(None, Some(percent));
        for (name, expected) in [
            ("Sum", Statistic::Sum),
            ("p99.9", Statistic::Percentile(99.9)),
            ("tm90", Statistic::Within(Trimmed::Mean, upper(90.0))),
            ("TM(:90%)", Statistic::Within(Trimmed::Mean, upper(90.0))),
            ("wm98", Statistic::Within(Trimmed::Winsorized, upper(98.0))),
            ("TS(80%:)", Statistic::Within(Trimmed::Sum, Bounds::Percents(Some(80.0), None))),
            ("TC(0.005:0.030)", Statistic::Within(Trimmed::Count, Bounds::Values(Some(0.005), Some(0.03)))),
            ("PR(:300)", Statistic::Within(Trimmed::Rank, Bounds::Values(None, Some(300.0)))),
            ("IQM", Statistic::Within(Trimmed::Mean, Bounds::Percents(Some(25.0), Some(75.0)))),
        ] {
            assert_eq!(Statistic::parse(name), Some(expected), "{name}");
        }
        for unknown in [
            "p101",
            "p-1",
            "p",
            "sum",
            "pinf",
            "",
            "tm",
            "tm101",
            "TM90",
            "tm(1:2)",
            "TM()",
            "TM(:)",
            "TM(5%:4%)",
            "TM(1:5%)",
            "PR(1%:5%)",
            "PR300",
            "TM(1:2",
            "TM(1e3:)",
            "p1.12345678901",
        ] {
            assert_eq!(Statistic::parse(unknown), None, "{unknown}");
        }
    }
}
