//! Who a request comes from: by its header, or by a URL that was signed beforehand ("Authenticating requests", Amazon S3 API Reference).
//! Signatures are looked at as little as everywhere: access keys of nobody are welcome. URLs hold as long as they say.
//!
//! Absent: the header of version 2, forms that browsers send.

use aws::{
    doc::Timestamp,
    fault::Fault,
    sigv4::{Scope, moment},
};
use http::header;
use http::request::Parts;

/// The name that requests to S3 are signed for.
const SERVICE: &str = "s3";
/// The longest that a URL of version 4 holds, in seconds: a week.
const LONGEST: i64 = 7 * 24 * 60 * 60;

/// Who has signed a request for S3.
pub(super) struct Signed {
    pub(super) access_key: String,
    /// How long it holds.
    until: Until,
}

enum Until {
    /// A header holds for its request alone.
    Now,
    /// So many seconds, until then.
    Version4 {
        seconds: i64,
        at: Timestamp,
    },
    Version2 {
        at: Timestamp,
    },
    /// It does not say.
    Unsaid,
}

impl Signed {
    /// None for what is signed for another service, or not at all.
    pub(super) fn of(parts: &Parts) -> Option<Self> {
        if let Some(value) = parts.headers.get(header::AUTHORIZATION) {
            let scope = Scope::from_authorization(value.to_str().ok()?)?;
            let now = Self { access_key: scope.access_key, until: Until::Now };
            return (scope.service == SERVICE).then_some(now);
        }
        let query = parts.uri.query().unwrap_or_default();
        let value = |name: &str| {
            form_urlencoded::parse(query.as_bytes()).find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
        };
        if let Some(credential) = value("X-Amz-Credential") {
            let scope = Scope::parse(&credential).filter(|scope| scope.service == SERVICE)?;
            let signed = value("X-Amz-Date").and_then(|date| moment(&date));
            let seconds = value("X-Amz-Expires").and_then(|seconds| seconds.parse().ok());
            let until = match (signed, seconds) {
                (Some(Timestamp { millis }), Some(seconds @ 0..=LONGEST)) => {
                    Until::Version4 { seconds, at: Timestamp { millis: millis.saturating_add(seconds * 1000) } }
                }
                _ => Until::Unsaid,
            };
            return Some(Self { access_key: scope.access_key, until });
        }
        let access_key = value("AWSAccessKeyId").filter(|_| value("Signature").is_some())?;
        let until = match value("Expires").and_then(|seconds| seconds.parse::<i64>().ok()) {
            Some(seconds) => Until::Version2 { at: Timestamp { millis: seconds.saturating_mul(1000) } },
            None => Until::Unsaid,
        };
        Some(Self { access_key, until })
    }

    /// # Errors
    /// `AccessDenied` for a URL whose time is over; `AuthorizationQueryParametersError` for one that does not say when that is.
    pub(super) fn check(&self, now: Timestamp) -> Result<(), Fault> {
        let expired = |at: &Timestamp| {
            let fault = Fault::new("AccessDenied", "Request has expired").with_status(403);
            fault.with_field("Expires", at.iso8601()).with_field("ServerTime", now.iso8601())
        };
        match &self.until {
            Until::Version4 { seconds, at } if now >= *at => {
                Err(expired(at).with_field("X-Amz-Expires", seconds.to_string()))
            }
            Until::Version2 { at } if now >= *at => Err(expired(at)),
            Until::Now | Until::Version4 { .. } | Until::Version2 { .. } => Ok(()),
            Until::Unsaid => {
                let message = "X-Amz-Expires must be a number of seconds of a week at most, and X-Amz-Date in the ISO8601 Long Format \
                               \"yyyyMMdd'T'HHmmss'Z'\"";
                Err(Fault::new("AuthorizationQueryParametersError", message))
            }
        }
    }
}

/// Whether a parameter is part of a URL's signature, or what an SDK says of itself.
pub(super) fn is_ours(name: &str) -> bool {
    name.starts_with("X-Amz-")
        || ["x-id", "AWSAccessKeyId", "Signature", "Expires", "x-amz-security-token"].contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(query: &str, now: i64) -> Option<Result<(), String>> {
        let (parts, ()) = http::Request::get(format!("/b/k?{query}")).body(()).unwrap().into_parts();
        Some(Signed::of(&parts)?.check(Timestamp { millis: now * 1000 }).map_err(|fault| fault.code.into_owned()))
    }

    #[test]
    fn urls_hold_as_long_as_they_say() {
        let four = "X-Amz-Credential=k/20231114/us-east-1/s3/aws4_request&X-Amz-Date=20231114T221320Z&X-Amz-Expires=60";
        let two = "AWSAccessKeyId=k&Signature=s&Expires=1700000060";
        for query in [four, two] {
            assert_eq!(check(query, 1_700_000_059), Some(Ok(())));
            assert_eq!(check(query, 1_700_000_060), Some(Err("AccessDenied".to_owned())));
        }
        let unsaid = Some(Err("AuthorizationQueryParametersError".to_owned()));
        assert_eq!(check(&four.replace("Expires=60", "Expires=700000"), 1_700_000_000), unsaid);
        assert_eq!(check("AWSAccessKeyId=k&Signature=s", 0), unsaid);
        assert_eq!(check(&four.replace("/s3/", "/ecs/"), 1_700_000_000), None);
        assert_eq!(check("prefix=a", 0), None);
    }
}
