//! Functions of time: parts of the date and the time of day in UTC.

use jiff::{Timestamp, civil::DateTime, tz::TimeZone};
use spec::Millis;

/// What a function says of a time: `DAY` is 1 on Mondays and 7 on Sundays.
pub(crate) fn part(name: &str) -> Option<fn(Millis) -> Option<f64>> {
    Some(match name {
        "MINUTE" => |at| Some(f64::from(civil(at)?.minute())),
        "HOUR" => |at| Some(f64::from(civil(at)?.hour())),
        "DAY" => |at| Some(f64::from(civil(at)?.weekday().to_monday_one_offset())),
        "DATE" => |at| Some(f64::from(civil(at)?.day())),
        "MONTH" => |at| Some(f64::from(civil(at)?.month())),
        "YEAR" => |at| Some(f64::from(civil(at)?.year())),
        "EPOCH" => |at| Some(at.div_euclid(1000) as f64),
        _ => return None,
    })
}

fn civil(at: Millis) -> Option<DateTime> {
    Some(Timestamp::from_millisecond(at).ok()?.to_zoned(TimeZone::UTC).datetime())
}
