//! PutObject.

use super::{body, get::names, reply, request::Request, storage, tagging};
use crate::app::{App, blocking};
use crate::http::reply::Reply;
use aws::fault::Fault;
use control::s3;
use http::header;
use hyper::body::Incoming;
use objects::{Algorithm, Draft, Object, draft::Content};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The most of what a user says about an object: names without `x-amz-meta-`, and values.
const METADATA: usize = 2 << 10;
const META: &str = "x-amz-meta-";
/// Fields that an object comes with and goes out with.
const KEPT: [&str; 5] = ["cache-control", "content-disposition", "content-language", "content-type", "expires"];

/// PutObject.
pub(super) async fn object(app: &Arc<App>, request: &Request, content: Incoming) -> Result<Reply, Fault> {
    request.only(&[])?;
    s3::find(&app.core.state(), request.bucket())?;
    let (mut fields, condition) = (fields(request)?, Condition::of(request)?);
    let (mut draft, content, algorithm) = body::receive(app, request, content, Algorithm::Crc64nvme).await?;
    let said = [checksum(&content, algorithm), ("x-amz-checksum-type".to_owned(), "FULL_OBJECT".to_owned())];
    fields.extend(said.iter().cloned());
    let modified = app.core.clock().now().millis;
    let object = Object::new(request.key().to_owned(), &content, modified, fields);
    let (shared, bucket) = (app.clone(), request.bucket().to_owned());
    blocking(move || keep(&shared, &bucket, &mut draft, object, &condition)).await?;
    let mut reply = reply::empty(200);
    reply::set(&mut reply, "etag", &format!("\"{}\"", content.md5));
    reply::set(&mut reply, "x-amz-server-side-encryption", "AES256");
    said.iter().for_each(|(name, value)| reply::set(&mut reply, name, value));
    Ok(reply)
}

/// Makes a draft an object, if that may be.
///
/// # Errors
/// `PreconditionFailed`, `NoSuchBucket`; of the disk.
pub(super) fn keep(
    app: &App,
    bucket: &str,
    draft: &mut Draft,
    object: Object,
    condition: &Condition,
) -> Result<(), Fault> {
    match app.objects.put(bucket, draft, object, |held| condition.holds(held)).map_err(storage)? {
        Ok(true) => Ok(()),
        Ok(false) => {
            let message = "At least one of the pre-conditions you specified did not hold";
            Err(Fault::new("PreconditionFailed", message).with_status(412))
        }
        // It is being deleted, if it is still to be seen.
        Err(objects::Missing) => {
            let gone = || Fault::new("NoSuchBucket", "The specified bucket does not exist").with_status(404);
            Err(s3::find(&app.core.state(), bucket).err().unwrap_or_else(gone))
        }
    }
}

/// The field that a checksum stands in.
pub(super) fn checksum_name(algorithm: Algorithm) -> String {
    format!("x-amz-checksum-{}", algorithm.name())
}

/// The field that says a content's checksum.
pub(super) fn checksum(content: &Content, algorithm: Algorithm) -> (String, String) {
    let found = content.checksums.iter().find(|(known, _)| *known == algorithm).map(|(_, value)| value.clone());
    (checksum_name(algorithm), found.unwrap_or_default())
}

/// What is said of a content whose checksum is another one.
pub(super) fn mismatch(algorithm: Algorithm) -> Fault {
    let name = algorithm.name().to_uppercase();
    Fault::new("BadDigest", format!("The {name} you specified did not match the calculated checksum."))
}

/// What must be so of the object that is replaced ("Conditional writes", Amazon S3 User Guide).
pub(super) enum Condition {
    None,
    Absent,
    Is(String),
    /// It is the one that came at that time.
    Same {
        etag: String,
        modified: i64,
    },
}

impl Condition {
    pub(super) fn of(request: &Request) -> Result<Self, Fault> {
        match (request.header("if-none-match"), request.header("if-match")) {
            (None, None) => Ok(Self::None),
            (Some("*"), None) => Ok(Self::Absent),
            (None, Some(tag)) => Ok(Self::Is(tag.to_owned())),
            _ => Err(super::absent("If-None-Match of anything but *")),
        }
    }

    fn holds(&self, held: Option<&Object>) -> bool {
        match self {
            Self::None => true,
            Self::Absent => held.is_none(),
            Self::Same { etag, modified } => held.is_some_and(|held| held.etag == *etag && held.modified == *modified),
            Self::Is(tag) => held.is_some_and(|held| names(tag, &held.etag)),
        }
    }
}

/// What is said about the object.
pub(super) fn fields(request: &Request) -> Result<BTreeMap<String, String>, Fault> {
    let mut fields = BTreeMap::new();
    let mut keep = |name: &str, value: &str| drop(fields.insert(name.to_owned(), value.to_owned()));
    keep("content-type", "binary/octet-stream");
    for name in KEPT {
        request.header(name).into_iter().for_each(|value| keep(name, value));
    }
    // How it is sent is no part of it.
    let encoding = request.header(header::CONTENT_ENCODING.as_str()).unwrap_or_default();
    let encodings: Vec<&str> = encoding.split(',').map(str::trim).filter(|one| *one != "aws-chunked").collect();
    let encoding = encodings.join(",");
    if !encoding.is_empty() {
        keep("content-encoding", &encoding);
    }
    if let Some(tags) = request.header(tagging::FIELD) {
        keep(tagging::FIELD, &tagging::given(tags)?);
    }
    let mut size = 0;
    for (name, value) in &request.headers {
        let Some(own) = name.as_str().strip_prefix(META) else { continue };
        let value = value.to_str().map_err(|_| super::absent("metadata in other than ASCII"))?;
        size += own.len() + value.len();
        keep(name.as_str(), value);
    }
    if size > METADATA {
        let fault = Fault::new("MetadataTooLarge", "Your metadata headers exceed the maximum allowed metadata size");
        return Err(fault.with_field("Size", size.to_string()).with_field("MaxSizeAllowed", METADATA.to_string()));
    }
    Ok(fields)
}

/// The algorithm of the checksum that a request names, by a header, or by a trailer that is to come.
pub(super) fn algorithm(request: &Request) -> Option<Algorithm> {
    let named = |name: &str| name.strip_prefix("x-amz-checksum-").and_then(Algorithm::named);
    let trailer = request.header("x-amz-trailer").and_then(named);
    trailer.or_else(|| request.headers.keys().find_map(|name| named(name.as_str())))
}
