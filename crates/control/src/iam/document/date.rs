//! Dates of conditions: seconds since 1970, or a form of ISO 8601 of which nearly everything may be left out.

/// Whether a text is a date, or has a variable in it that may make it one.
pub(super) fn is_date(text: &str) -> bool {
    if text.contains("${") || text.parse::<i64>().is_ok() {
        return true;
    }
    let (day, time) = match text.split_once(['T', 't']) {
        Some((day, time)) => (day, Some(time)),
        None => (text, None),
    };
    is_day(day) && time.is_none_or(is_time)
}

/// `2026`, `2026-01`, `2026-01-31`.
fn is_day(text: &str) -> bool {
    let mut parts = text.strip_prefix('-').unwrap_or(text).split('-');
    let year = parts.next().is_some_and(|year| is_number(year, 1..=9, 0..=999_999_999));
    let month = parts.next().is_none_or(|month| is_number(month, 1..=2, 1..=12));
    let day = parts.next().is_none_or(|day| is_number(day, 1..=2, 1..=31));
    year && month && day && parts.next().is_none()
}

/// Nothing, or `1`, `1:02`, `1:02:03`, `1:02:03.004`, with an offset or without.
fn is_time(text: &str) -> bool {
    let (clock, offset) = match text.find(['Z', 'z', '+', '-']) {
        Some(at) => text.split_at(at),
        None => (text, ""),
    };
    let (whole, fraction) = clock.split_once('.').unwrap_or((clock, "0"));
    let mut parts = whole.split(':');
    let hour = parts.next().is_some_and(|hour| hour.is_empty() || is_number(hour, 1..=2, 0..=24));
    let minute = parts.next().is_none_or(|minute| is_number(minute, 1..=2, 0..=59));
    let second = parts.next().is_none_or(|second| is_number(second, 1..=2, 0..=59));
    let fraction = is_number(fraction, 1..=9, 0..=999_999_999);
    hour && minute && second && parts.next().is_none() && fraction && is_offset(offset)
}

/// Nothing, `Z`, `+01` or `+01:30`.
fn is_offset(text: &str) -> bool {
    let Some(ahead) = text.strip_prefix(['+', '-']) else { return text.is_empty() || text.eq_ignore_ascii_case("z") };
    let (hour, minute) = ahead.split_once(':').unwrap_or((ahead, "00"));
    is_number(hour, 2..=2, 0..=23) && is_number(minute, 2..=2, 0..=59)
}

fn is_number(text: &str, digits: std::ops::RangeInclusive<usize>, value: std::ops::RangeInclusive<u32>) -> bool {
    let plain = digits.contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    plain && text.parse().is_ok_and(|number| value.contains(&number))
}

#[cfg(test)]
mod tests {
    use super::is_date;

    #[test]
    fn what_iam_takes_for_a_date() {
        for right in [
            "01T",
            "2017-07-01T00:00:00Z",
            "2019-07-01",
            "2016-12-13T21:20:37.593194+00:00",
            "2016-12-13t2:00:00.593194+23",
            "-292275054",
            "1700000000",
            "${aws:PrincipalTag/until}",
        ] {
            assert!(is_date(right), "{right}");
        }
        for wrong in [
            "",
            "tomorrow",
            "234-13",
            "2016-12-13t2:00:00.593194+1",
            "2016-12-13t2:00:00.1999999999+10:59",
            "9223372036854775808",
            "2016-02-32",
            "2016-1-1-1",
            "2016-01-01T25:00",
        ] {
            assert!(!is_date(wrong), "{wrong}");
        }
    }
}
