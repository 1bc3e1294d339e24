//! Answers of S3, and its refusals ("Error responses", Amazon S3 API Reference).

use crate::app::request_id;
use crate::http::reply::{Body, Reply, whole};
use aws::doc::Timestamp;
use aws::fault::Fault;
use aws::xml;
use bytes::Bytes;
use http::{HeaderName, HeaderValue, Response, StatusCode};
use time::{Month, OffsetDateTime};

const NAMESPACE: &str = "http://s3.amazonaws.com/doc/2006-03-01/";

/// An answer without content.
pub(super) fn empty(status: u16) -> Reply {
    with(status, whole(Bytes::new()))
}

/// An answer.
pub(super) fn with(status: u16, body: Body) -> Reply {
    let mut reply = Response::new(body);
    *reply.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    reply
}

/// An answer in XML. `write` writes what is inside of the root.
pub(super) fn document(root: &str, write: impl FnOnce(&mut String)) -> Reply {
    let mut text = format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<{root} xmlns=\"{NAMESPACE}\">");
    write(&mut text);
    xml::close(&mut text, root);
    let mut reply = with(200, whole(text.into_bytes()));
    set(&mut reply, "content-type", "application/xml");
    reply
}

/// Adds a header field, unless HTTP can't say it.
pub(super) fn set(reply: &mut Reply, name: &str, value: &str) {
    if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::from_str(value)) {
        reply.headers_mut().insert(name, value);
    }
}

/// A refusal.
pub(super) fn refusal(fault: &Fault, path: &str, is_head: bool) -> Reply {
    if fault.status == 304 {
        let mut reply = empty(fault.status);
        fault.fields.iter().for_each(|(name, value)| set(&mut reply, name, value));
        return reply;
    }
    if is_head {
        return empty(fault.status);
    }
    let mut text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error>".to_owned();
    xml::text(&mut text, "Code", &fault.code);
    xml::text(&mut text, "Message", &fault.message);
    fault.fields.iter().for_each(|(name, value)| xml::text(&mut text, name, value));
    xml::text(&mut text, "Resource", path);
    xml::text(&mut text, "RequestId", &request_id().unwrap_or_default());
    xml::close(&mut text, "Error");
    let mut reply = with(fault.status, whole(text.into_bytes()));
    set(&mut reply, "content-type", "application/xml");
    reply
}

/// What every answer has.
pub(super) fn finish(mut reply: Reply) -> Reply {
    set(&mut reply, "server", "AmazonS3");
    set(&mut reply, "x-amz-request-id", &request_id().unwrap_or_default());
    reply
}

const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// A moment as header fields have it (RFC 9110, 5.6.7).
pub(super) fn date(at: Timestamp) -> String {
    let moment = OffsetDateTime::from_unix_timestamp(at.millis.div_euclid(1000)).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    let day = DAYS.get(usize::from(moment.weekday().number_days_from_monday())).unwrap_or(&"");
    let month = MONTHS.get(usize::from(u8::from(moment.month())) - 1).unwrap_or(&"");
    let (hour, minute, second) = moment.to_hms();
    format!("{day}, {:02} {month} {} {hour:02}:{minute:02}:{second:02} GMT", moment.day(), moment.year())
}

/// The same back, in seconds since 1970.
pub(super) fn moment(date: &str) -> Option<i64> {
    let parts: Vec<&str> = date.split_once(", ")?.1.split(' ').collect();
    let [day, month, year, clock, "GMT"] = parts[..] else { return None };
    let number = MONTHS.iter().position(|name| *name == month)? + 1;
    let month = Month::try_from(u8::try_from(number).ok()?).ok()?;
    let clock: Vec<u8> = clock.split(':').map(str::parse).collect::<Result<_, _>>().ok()?;
    let [hour, minute, second] = clock[..] else { return None };
    let date = time::Date::from_calendar_date(year.parse().ok()?, month, day.parse().ok()?).ok()?;
    Some(date.with_hms(hour, minute, second).ok()?.assume_utc().unix_timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates() {
        let text = date(Timestamp { millis: 1_795_829_677_999 });
        assert_eq!(text, "Sat, 28 Nov 2026 01:34:37 GMT");
        assert_eq!(moment(&text), Some(1_795_829_677));
        assert_eq!(moment("yesterday"), None);
    }
}
