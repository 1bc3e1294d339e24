//! GetObject and HeadObject.

use super::{bucket, reply, request::Request, storage, tagging};
use crate::app::{App, blocking};
use crate::http::reply::{Reply, from_file};
use ::images::answer::Part;
use aws::doc::Timestamp;
use aws::fault::Fault;
use http::Method;
use objects::Object;
use std::sync::Arc;

/// What a request can have an answer say, and in which field.
const OVERRIDES: [(&str, &str); 6] = [
    ("response-cache-control", "cache-control"),
    ("response-content-disposition", "content-disposition"),
    ("response-content-encoding", "content-encoding"),
    ("response-content-language", "content-language"),
    ("response-content-type", "content-type"),
    ("response-expires", "expires"),
];

/// GetObject, HeadObject.
pub(super) async fn object(app: &Arc<App>, request: &Request) -> Result<Reply, Fault> {
    request.of_the_only_version(&OVERRIDES.map(|(parameter, _)| parameter))?;
    let (shared, bucket, key) = (app.clone(), request.bucket().to_owned(), request.key().to_owned());
    let found = blocking(move || shared.objects.get(&bucket, &key).map_err(storage)).await?;
    let (object, file) = bucket::of_object(app, request, found)?;
    let etag = format!("\"{}\"", object.etag);
    conditions(request, &object)?;
    let (status, offset, length, range) = match Part::of(request.header("range"), object.size) {
        Part::Whole => (200, 0, object.size, None),
        Part::Range { first, last } => {
            (206, first, last - first + 1, Some(format!("bytes {first}-{last}/{}", object.size)))
        }
        Part::Outside => {
            let fault = Fault::new("InvalidRange", "The requested range is not satisfiable").with_status(416);
            return Err(fault.with_field("ActualObjectSize", object.size.to_string()));
        }
    };
    let is_head = request.method == Method::HEAD;
    let mut reply = match is_head {
        true => reply::empty(status),
        false => reply::with(status, from_file(file, offset, length)),
    };
    for (name, value) in object.fields.iter().filter(|(name, _)| *name != tagging::FIELD) {
        // A checksum is of all of it.
        let is_checksum = name.starts_with("x-amz-checksum-");
        let is_wanted = range.is_none()
            && request.header("x-amz-checksum-mode").is_some_and(|mode| mode.eq_ignore_ascii_case("ENABLED"));
        if !is_checksum || is_wanted {
            reply::set(&mut reply, name, value);
        }
    }
    for (parameter, name) in OVERRIDES {
        if let Some(value) = request.parameter(parameter) {
            reply::set(&mut reply, name, value);
        }
    }
    // How many tags there are is told to those who may see them ("GetObject", Amazon S3 API Reference).
    match tagging::of(&object).len() {
        0 => {}
        count => reply::set(&mut reply, "x-amz-tagging-count", &count.to_string()),
    }
    range.iter().for_each(|range| reply::set(&mut reply, "content-range", range));
    reply::set(&mut reply, "content-length", &length.to_string());
    reply::set(&mut reply, "accept-ranges", "bytes");
    reply::set(&mut reply, "etag", &etag);
    reply::set(&mut reply, "last-modified", &reply::date(Timestamp { millis: object.modified }));
    reply::set(&mut reply, "x-amz-server-side-encryption", "AES256");
    Ok(reply)
}

/// Conditions of a request (RFC 9110, 13.2.2).
fn conditions(request: &Request, object: &Object) -> Result<(), Fault> {
    let modified = object.modified.div_euclid(1000);
    let since = |name: &str| request.header(name).and_then(reply::moment);
    let failed = |condition: &'static str| {
        let message = "At least one of the pre-conditions you specified did not hold";
        Err(Fault::new("PreconditionFailed", message).with_status(412).with_field("Condition", condition))
    };
    let etag = format!("\"{}\"", object.etag);
    let unchanged = || Err(Fault::new("NotModified", "Not Modified").with_status(304).with_field("ETag", etag));
    match (request.header("if-match"), since("if-unmodified-since")) {
        (Some(tags), _) if !names(tags, &object.etag) => return failed("If-Match"),
        (None, Some(since)) if modified > since => return failed("If-Unmodified-Since"),
        _ => {}
    }
    match (request.header("if-none-match"), since("if-modified-since")) {
        (Some(tags), _) if names(tags, &object.etag) => unchanged(),
        (None, Some(since)) if modified <= since => unchanged(),
        _ => Ok(()),
    }
}

/// Whether a list of ETags has this one, or all.
pub(super) fn names(tags: &str, etag: &str) -> bool {
    tags.split(',').map(str::trim).any(|tag| tag == "*" || tag.trim_start_matches("W/").trim_matches('"') == etag)
}
