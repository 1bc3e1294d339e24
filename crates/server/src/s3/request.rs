//! What a request is about ("Virtual hosting of buckets" and "Making requests", Amazon S3 User Guide).

use super::{absent, signed};
use crate::http::{Door, field};
use aws::fault::Fault;
use http::request::Parts;
use http::{HeaderMap, Method, header};
use std::net::IpAddr;

/// Longest key in bytes.
const KEY: usize = 1024;
/// Parameters that are no subresource.
const PARAMETERS: [&str; 25] = [
    "bucket-region",
    "continuation-token",
    "delimiter",
    "encoding-type",
    "fetch-owner",
    "key-marker",
    "list-type",
    "marker",
    "max-buckets",
    "max-keys",
    "max-parts",
    "max-uploads",
    "part-number-marker",
    "partNumber",
    "prefix",
    "response-cache-control",
    "response-content-disposition",
    "response-content-encoding",
    "response-content-language",
    "response-content-type",
    "response-expires",
    "start-after",
    "upload-id-marker",
    "version-id-marker",
    "versionId",
];
/// Header fields of S3's own that are understood, or say what is so anyway.
const FIELDS: [&str; 17] = [
    "x-amz-acl",
    "x-amz-bucket-object-lock-enabled",
    "x-amz-checksum-mode",
    "x-amz-confirm-remove-self-bucket-access",
    "x-amz-content-sha256",
    "x-amz-date",
    "x-amz-decoded-content-length",
    "x-amz-expected-bucket-owner",
    "x-amz-mp-object-size",
    "x-amz-object-ownership",
    "x-amz-sdk-checksum-algorithm",
    "x-amz-security-token",
    "x-amz-server-side-encryption",
    "x-amz-storage-class",
    "x-amz-tagging",
    "x-amz-trailer",
    "x-amz-user-agent",
];

/// A request, taken apart.
pub(super) struct Request {
    /// Where it came in.
    pub(super) door: Door,
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) bucket: Option<String>,
    pub(super) key: Option<String>,
    /// The subresource; empty if there is none.
    pub(super) action: String,
    /// Its value, such as an upload's id.
    pub(super) value: String,
    parameters: Vec<(String, String)>,
    pub(super) headers: HeaderMap,
}

impl Request {
    /// # Errors
    /// `InvalidURI`, `KeyTooLongError`; `NotImplemented` for what of it would not be heeded.
    pub(super) fn read(door: Door, parts: Parts) -> Result<Self, Fault> {
        let host = field(&parts.headers, header::HOST.as_str()).unwrap_or_default();
        let path = parts.uri.path().to_owned();
        let decoded = decode(path.strip_prefix('/').unwrap_or(&path));
        let decoded = decoded.ok_or_else(|| Fault::new("InvalidURI", "Couldn't parse the specified URI."))?;
        let (bucket, key) = match bucket_of(&host) {
            Some(bucket) => (bucket.to_owned(), decoded),
            None => match decoded.split_once('/') {
                Some((bucket, key)) => (bucket.to_owned(), key.to_owned()),
                None => (decoded, String::new()),
            },
        };
        if key.len() > KEY {
            let fault = Fault::new("KeyTooLongError", "Your key is too long");
            return Err(fault.with_field("Size", key.len().to_string()).with_field("MaxSizeAllowed", KEY.to_string()));
        }
        let query = parts.uri.query().unwrap_or_default();
        let all: Vec<(String, String)> = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        let is_said = |(name, _): &(String, String)| !signed::is_ours(name);
        let (parameters, actions): (Vec<_>, Vec<_>) =
            all.into_iter().filter(is_said).partition(|(name, _)| PARAMETERS.contains(&name.as_str()));
        if let Some((other, _)) = actions.get(1) {
            return Err(absent(&format!("?{other}")));
        }
        let (action, value) = actions.into_iter().next().unwrap_or_default();
        let own = |name: &&str| {
            name.starts_with("x-amz-")
                && !FIELDS.contains(name)
                && !name.starts_with("x-amz-meta-")
                && !name.starts_with("x-amz-checksum-")
        };
        let request = Self {
            door,
            method: parts.method,
            path,
            bucket: Some(bucket).filter(|bucket| !bucket.is_empty()),
            key: Some(key).filter(|key| !key.is_empty()),
            action,
            value,
            parameters,
            headers: parts.headers,
        };
        for (name, only) in [
            ("x-amz-server-side-encryption", "AES256"),
            ("x-amz-storage-class", "STANDARD"),
            ("x-amz-object-ownership", "BucketOwnerEnforced"),
            ("x-amz-bucket-object-lock-enabled", "false"),
        ] {
            if let Some(value) = request.header(name).filter(|value| !value.eq_ignore_ascii_case(only)) {
                return Err(absent(&format!("{name}: {value}")));
            }
        }
        if let Some(acl) =
            request.header("x-amz-acl").filter(|acl| !["private", "bucket-owner-full-control"].contains(acl))
        {
            let message = format!("The bucket does not allow ACLs ({acl})");
            return Err(Fault::new("AccessControlListNotSupported", message));
        }
        match request.headers.keys().map(|name| name.as_str()).find(own) {
            Some(name) => Err(absent(name)),
            None => Ok(request),
        }
    }

    /// A header field's value.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The value of a parameter.
    pub(super) fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// Refuses parameters other than these.
    ///
    /// # Errors
    /// `NotImplemented` naming one.
    pub(super) fn only(&self, known: &[&str]) -> Result<(), Fault> {
        match self.parameters.iter().find(|(name, _)| !known.contains(&name.as_str())) {
            Some((name, _)) => Err(absent(&format!("?{name} of {} {}", self.method, self.path))),
            None => Ok(()),
        }
    }

    /// The same where a version may be named. There is one of each object, whose id is `null`, as in buckets without versioning ("How S3
    /// Versioning works", Amazon S3 User Guide).
    ///
    /// # Errors
    /// `NotImplemented` naming a parameter; `InvalidArgument`.
    pub(super) fn of_the_only_version(&self, known: &[&str]) -> Result<(), Fault> {
        let known: Vec<&str> = known.iter().copied().chain(["versionId"]).collect();
        self.only(&known)?;
        match self.parameter("versionId") {
            None | Some("null") => Ok(()),
            Some(_) => Err(invalid_version()),
        }
    }

    /// The bucket's name.
    pub(super) fn bucket(&self) -> &str {
        self.bucket.as_deref().unwrap_or_default()
    }

    /// The object's key.
    pub(super) fn key(&self) -> &str {
        self.key.as_deref().unwrap_or_default()
    }

    /// # Errors
    /// `AccessDenied` when the caller takes somebody else for the owner.
    pub(super) fn check_owner(&self, account: &str) -> Result<(), Fault> {
        match self.header("x-amz-expected-bucket-owner") {
            Some(owner) if owner != account => Err(Fault::new("AccessDenied", "Access Denied").with_status(403)),
            _ => Ok(()),
        }
    }
}

/// A version that no object has.
pub(super) fn invalid_version() -> Fault {
    Fault::new("InvalidArgument", "Invalid version id specified")
}

/// The bucket that a host stands for, if it stands for one.
fn bucket_of(host: &str) -> Option<&str> {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    if name.starts_with('[') || name.parse::<IpAddr>().is_ok() {
        return None;
    }
    let before = |domain: &str| name.strip_suffix(domain)?.strip_suffix('.');
    let local = || before("s3.localhost").or_else(|| before("localhost").filter(|name| *name != "s3"));
    let of_aws = || {
        let labels = before("amazonaws.com")?;
        match labels.rsplit_once(".s3") {
            // `.s3`, `.s3.REGION` or the older `.s3-REGION`.
            Some((bucket, region)) if region.is_empty() || region.starts_with(['.', '-']) => Some(bucket),
            _ => None,
        }
    };
    local().or_else(of_aws)
}

/// A path without its escapes.
fn decode(path: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(path.len());
    let mut rest = path.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let mut digit = || char::from(rest.next()?).to_digit(16);
        bytes.push(u8::try_from(16 * digit()? + digit()?).ok()?);
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_that_stand_for_a_bucket() {
        for (host, bucket) in [
            ("127.0.0.1:4566", None),
            ("[::1]:4566", None),
            ("localhost:4566", None),
            ("s3.localhost:4566", None),
            ("mine.localhost:4566", Some("mine")),
            ("my.logs.s3.localhost:4566", Some("my.logs")),
            ("s3.us-east-1.amazonaws.com", None),
            ("s3.amazonaws.com", None),
            ("mine.s3.amazonaws.com", Some("mine")),
            ("mine.s3.eu-west-1.amazonaws.com:443", Some("mine")),
            ("a.s3.b.s3.eu-west-1.amazonaws.com", Some("a.s3.b")),
        ] {
            assert_eq!(bucket_of(host), bucket, "{host}");
        }
    }

    #[test]
    fn paths() {
        assert_eq!(decode("a%20b+c/%C3%BC").as_deref(), Some("a b+c/ü"));
        assert_eq!((decode("%"), decode("%zz"), decode("%ff")), (None, None, None));
    }
}
