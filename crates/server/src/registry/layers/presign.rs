//! Pre-signed URLs ("Authenticating Requests: Using Query Parameters (AWS Signature Version 4)", Amazon S3 API Reference). A URL says
//! itself what it is for and until when, so none has to be kept, and all hold after a restart.
//!
//! Absent: signed header fields beside `host`, and bodies.

use aws::{doc::Timestamp, sigv4::moment};
use hmac::{Hmac, Mac};
use sha2::{Digest, Sha256};

/// How long a URL of a layer holds, in seconds.
const VALID: i64 = 60 * 60;
const ALGORITHM: &str = "AWS4-HMAC-SHA256";
/// The access key that Amazon ECR signs with here. It is nobody's.
const ACCESS_KEY: &str = "ASIANEARGATELAYERS00";
const SIGNATURE: &str = "X-Amz-Signature";

/// Signs URLs of one region.
pub(super) struct Signer<'a> {
    pub(super) secret: &'a str,
    pub(super) region: &'a str,
}

/// Why a URL opens nothing.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Refused {
    /// It is not signed at all.
    Unsigned,
    /// Some parameter of a signature is missing or can't be read.
    Incomplete,
    /// It was valid so many seconds, until then.
    Expired { seconds: i64, at: Timestamp },
    /// It was changed after it was signed, or signed by somebody else. The signature it has.
    Mismatch(String),
}

impl Signer<'_> {
    /// The query of a URL that is valid from now on.
    pub(super) fn query(&self, host: &str, path: &str, now: Timestamp) -> String {
        let date = stamp(now);
        let (credential, expires) = (format!("{ACCESS_KEY}/{}", self.scope(&date)), VALID.to_string());
        let parameters = [
            ("X-Amz-Algorithm", ALGORITHM),
            ("X-Amz-Credential", credential.as_str()),
            ("X-Amz-Date", date.as_str()),
            ("X-Amz-Expires", expires.as_str()),
            ("X-Amz-SignedHeaders", "host"),
        ];
        let query = encoded(parameters.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect());
        let mac = self.mac("GET", host, path, &query, &date);
        format!("{query}&{SIGNATURE}={:x}", mac.finalize().into_bytes())
    }

    /// Checks the query that a request came with.
    ///
    /// # Errors
    /// [`Refused`].
    pub(super) fn check(
        &self,
        method: &str,
        host: &str,
        path: &str,
        query: &str,
        now: Timestamp,
    ) -> Result<(), Refused> {
        let all: Vec<(String, String)> = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        let value = |name: &str| all.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
        if !all.iter().any(|(name, _)| name.starts_with("X-Amz-")) {
            return Err(Refused::Unsigned);
        }
        let (Some(signature), Some(date), Some(seconds), Some("host"), Some(ALGORITHM)) = (
            value(SIGNATURE),
            value("X-Amz-Date"),
            value("X-Amz-Expires").and_then(|seconds| seconds.parse::<i64>().ok()),
            value("X-Amz-SignedHeaders"),
            value("X-Amz-Algorithm"),
        ) else {
            return Err(Refused::Incomplete);
        };
        let signed_at = moment(date).ok_or(Refused::Incomplete)?;
        let signed = all.iter().filter(|(name, _)| name != SIGNATURE).cloned().collect();
        let mac = self.mac(method, host, path, &encoded(signed), date);
        let bytes = unhexed(signature).unwrap_or_default();
        if mac.verify_slice(&bytes).is_err() {
            return Err(Refused::Mismatch(signature.to_owned()));
        }
        let at = Timestamp { millis: signed_at.millis.saturating_add(seconds.saturating_mul(1000)) };
        if now >= at { Err(Refused::Expired { seconds, at }) } else { Ok(()) }
    }

    /// What the signing key is for, `20260131/us-east-1/s3/aws4_request`.
    fn scope(&self, date: &str) -> String {
        format!("{}/{}/s3/aws4_request", day(date), self.region)
    }

    /// The signature of a request, not yet finished.
    fn mac(&self, method: &str, host: &str, path: &str, query: &str, date: &str) -> Hmac<Sha256> {
        let request = format!("{method}\n{path}\n{query}\nhost:{host}\n\nhost\nUNSIGNED-PAYLOAD");
        let text = format!("{ALGORITHM}\n{date}\n{}\n{:x}", self.scope(date), Sha256::digest(request));
        let mut key = format!("AWS4{}", self.secret).into_bytes();
        for part in [day(date), self.region, "s3", "aws4_request"] {
            key = keyed(&key, part).finalize().into_bytes().to_vec();
        }
        keyed(&key, &text)
    }
}

fn keyed(key: &[u8], text: &str) -> Hmac<Sha256> {
    // HMAC takes keys of any length, so there is always one.
    let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap_or_else(|_| Hmac::new(&Default::default()));
    mac.update(text.as_bytes());
    mac
}

/// Parameters in their canonical order and form.
fn encoded(mut parameters: Vec<(String, String)>) -> String {
    parameters.sort();
    let escape = |text: &str| -> String {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
        text.bytes().map(|b| if plain(b) { char::from(b).to_string() } else { format!("%{b:02X}") }).collect()
    };
    let written: Vec<String> =
        parameters.iter().map(|(name, value)| format!("{}={}", escape(name), escape(value))).collect();
    written.join("&")
}

fn day(date: &str) -> &str {
    date.split('T').next().unwrap_or_default()
}

/// A moment as `20260131T120000Z`.
fn stamp(at: Timestamp) -> String {
    Timestamp { millis: at.millis - at.millis.rem_euclid(1000) }.iso8601().replace(['-', ':'], "")
}

fn unhexed(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> =
        text.chars().map(|digit| digit.to_digit(16).and_then(|digit| digit.try_into().ok())).collect();
    let digits = digits?;
    digits.chunks(2).map(|pair| Some(16 * pair.first()? + pair.get(1)?)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp { millis: 1_700_000_000_123 };
    const SIGNER: Signer<'_> = Signer { secret: "s", region: "us-east-1" };

    fn check(query: &str, after: i64) -> Result<(), Refused> {
        SIGNER.check("GET", "b.s3.us-east-1.amazonaws.com", "/1/ab", query, Timestamp { millis: NOW.millis + after })
    }

    #[test]
    fn a_url_holds_for_an_hour() {
        let query = SIGNER.query("b.s3.us-east-1.amazonaws.com", "/1/ab", NOW);
        assert!(query.starts_with(
            "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=ASIANEARGATELAYERS00%2F20231114%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=20231114T221320Z&X-Amz-Expires=3600&X-Amz-SignedHeaders=host&X-Amz-Signature="
        ), "{query}");
        assert_eq!((check(&query, 0), check(&query, 3_599_876)), (Ok(()), Ok(())));
        let expired = Refused::Expired { seconds: 3600, at: Timestamp { millis: 1_700_003_600_000 } };
        assert_eq!(check(&query, 3_599_877), Err(expired));
        assert_eq!(check(&query.replace("%2F", "/"), 0), Ok(()), "however a client writes it");
    }

    #[test]
    fn whatever_is_changed_the_signature_does_not_match() {
        let query = SIGNER.query("b.s3.us-east-1.amazonaws.com", "/1/ab", NOW);
        for (is, becomes) in [
            ("3600", "9999"),
            ("T2213", "T2313"),
            ("20231114%2F", "20231115%2F"),
            ("ASIA", "AKIA"),
            ("X-Amz-SignedHeaders=host", "X-Amz-SignedHeaders=host&x=y"),
        ] {
            let changed = query.replace(is, becomes);
            assert!(matches!(check(&changed, 0), Err(Refused::Mismatch(_))), "{changed}");
        }
        for odd in [query.trim_end_matches(|c: char| c.is_ascii_hexdigit()), &format!("{query}0"), &format!("{query}é")]
        {
            assert!(matches!(check(odd, 0), Err(Refused::Mismatch(_))), "{odd}");
        }
        let elsewhere = |method, host, path| SIGNER.check(method, host, path, &query, NOW);
        let host = "b.s3.us-east-1.amazonaws.com";
        assert!(matches!(elsewhere("HEAD", host, "/1/ab"), Err(Refused::Mismatch(_))));
        assert!(matches!(elsewhere("GET", "other", "/1/ab"), Err(Refused::Mismatch(_))));
        assert!(matches!(elsewhere("GET", host, "/1/ac"), Err(Refused::Mismatch(_))));
    }

    #[test]
    fn a_query_without_all_of_a_signature_is_none() {
        assert_eq!(check("", 0), Err(Refused::Unsigned));
        assert_eq!(check("list-type=2", 0), Err(Refused::Unsigned));
        let query = SIGNER.query("b.s3.us-east-1.amazonaws.com", "/1/ab", NOW);
        for part in ["X-Amz-Date=20231114T221320Z", "X-Amz-Expires=3600", "X-Amz-SignedHeaders=host"] {
            assert_eq!(check(&query.replace(part, "a=b"), 0), Err(Refused::Incomplete), "{part}");
        }
        assert_eq!(check(&query.replace("20231114T221320Z", "today"), 0), Err(Refused::Incomplete));
    }
}
