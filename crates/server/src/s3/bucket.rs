//! Buckets: made, looked at, deleted; their policies.

use super::{body, document, missing_key, reply, request::Request, storage};
use crate::app::{App, blocking};
use crate::http::reply::{Reply, whole};
use aws::fault::Fault;
use aws::xml;
use control::{Caller, s3};
use std::sync::Arc;

/// The most of a body that says something about a bucket.
const SMALL: usize = 64 << 10;
/// The most buckets of a page.
const PAGE: usize = 10_000;

/// ListBuckets.
pub(super) fn list(app: &App, request: &Request) -> Result<Reply, Fault> {
    request.only(&["prefix", "max-buckets", "continuation-token", "bucket-region"])?;
    let state = app.core.state();
    let here = request.parameter("bucket-region").is_none_or(|region| region == app.config.region);
    let most = match request.parameter("max-buckets").map(str::parse) {
        None => PAGE,
        Some(Ok(most @ 1..=PAGE)) => most,
        Some(_) => return Err(Fault::new("InvalidArgument", "max-buckets must be between 1 and 10000")),
    };
    let (prefix, after) = (request.parameter("prefix"), request.parameter("continuation-token"));
    let wanted = |name: &str| {
        here && prefix.is_none_or(|prefix| name.starts_with(prefix)) && after.is_none_or(|after| name > after)
    };
    let mut found = state.buckets.iter().filter(|bucket| wanted(&bucket.name)).peekable();
    Ok(reply::document("ListAllMyBucketsResult", |text| {
        owner(text, &app.config.account);
        let mut last = None;
        xml::open(text, "Buckets");
        for bucket in found.by_ref().take(most) {
            xml::open(text, "Bucket");
            xml::text(text, "Name", &bucket.name);
            xml::text(text, "CreationDate", &bucket.created.iso8601());
            xml::text(text, "BucketRegion", &app.config.region);
            xml::close(text, "Bucket");
            last = Some(&bucket.name);
        }
        xml::close(text, "Buckets");
        if let Some(last) = last.filter(|_| found.peek().is_some()) {
            xml::text(text, "ContinuationToken", last);
        }
        prefix.into_iter().for_each(|prefix| xml::text(text, "Prefix", prefix));
    }))
}

/// Who owns everything here, by an id in the form of a canonical user's.
pub(super) fn owner(text: &mut String, account: &str) {
    xml::open(text, "Owner");
    xml::text(text, "ID", &format!("{account:0>64}"));
    xml::close(text, "Owner");
}

/// CreateBucket.
pub(super) async fn create(
    app: &Arc<App>,
    caller: Caller,
    request: &Request,
    body: hyper::body::Incoming,
) -> Result<Reply, Fault> {
    request.only(&[])?;
    let content = body::small(app, request, body, SMALL).await?;
    let constraint = constraint(&content)?;
    let name = request.bucket().to_owned();
    let bucket = name.clone();
    app.core.run(caller, move |tx| s3::create(tx, &bucket, constraint.as_deref())).await?;
    let (shared, bucket) = (app.clone(), name.clone());
    blocking(move || shared.objects.create(&bucket).map_err(storage)).await?;
    let mut reply = reply::empty(200);
    reply::set(&mut reply, "location", &format!("/{name}"));
    Ok(reply)
}

/// `LocationConstraint` of a `CreateBucketConfiguration`.
fn constraint(content: &[u8]) -> Result<Option<String>, Fault> {
    if content.is_empty() {
        return Ok(None);
    }
    let document = document::read(content)?;
    let mut found = None;
    for element in document.root_element().children().filter(roxmltree::Node::is_element) {
        match element.tag_name().name() {
            "LocationConstraint" => found = element.text().map(str::to_owned).filter(|region| !region.is_empty()),
            other => return Err(super::absent(other)),
        }
    }
    Ok(found)
}

pub(super) fn malformed() -> Fault {
    let message = "The XML you provided was not well-formed or did not validate against our published schema";
    Fault::new("MalformedXML", message)
}

/// HeadBucket.
pub(super) fn head(app: &App, request: &Request) -> Result<Reply, Fault> {
    request.only(&[])?;
    s3::find(&app.core.state(), request.bucket())?;
    let mut reply = reply::empty(200);
    reply::set(&mut reply, "x-amz-bucket-region", &app.config.region);
    reply::set(&mut reply, "x-amz-access-point-alias", "false");
    Ok(reply)
}

/// DeleteBucket.
pub(super) async fn delete(app: &Arc<App>, caller: Caller, request: &Request) -> Result<Reply, Fault> {
    request.only(&[])?;
    remove(app, caller, request.bucket().to_owned()).await?;
    Ok(reply::empty(204))
}

/// Deletes a bucket, if nothing is in it.
///
/// # Errors
/// `NoSuchBucket`, `BucketNotEmpty`; `InternalError`, of the disk.
pub(crate) async fn remove(app: &Arc<App>, caller: Caller, name: String) -> Result<(), Fault> {
    s3::find(&app.core.state(), &name)?;
    let (shared, bucket) = (app.clone(), name.clone());
    if !blocking(move || Ok(shared.objects.close(&bucket))).await? {
        let fault = Fault::new("BucketNotEmpty", "The bucket you tried to delete is not empty").with_status(409);
        return Err(fault.with_field("BucketName", name));
    }
    let bucket = name.clone();
    if let Err(fault) = app.core.run(caller, move |tx| s3::delete(tx, &bucket)).await {
        // It is still there, unless somebody else was faster.
        let (shared, known) = (app.clone(), s3::find(&app.core.state(), &name).is_ok());
        if known {
            blocking(move || shared.objects.create(&name).map_err(storage)).await?;
        }
        return Err(fault);
    }
    let shared = app.clone();
    let forget = move || {
        for (id, _) in shared.objects.uploads_to(&name).map_err(storage)? {
            shared.objects.end_upload(&id).map_err(storage)?;
        }
        Ok(())
    };
    blocking(forget).await
}

/// GetBucketLocation.
pub(super) fn location(app: &App, request: &Request) -> Result<Reply, Fault> {
    request.only(&[])?;
    let state = app.core.state();
    s3::find(&state, request.bucket())?;
    Ok(reply::document("LocationConstraint", |text| *text += s3::location(&state).unwrap_or_default()))
}

/// GetBucketPolicy.
pub(super) fn policy(app: &App, request: &Request) -> Result<Reply, Fault> {
    request.only(&[])?;
    let state = app.core.state();
    let bucket = s3::find(&state, request.bucket())?;
    let none = || {
        let fault = Fault::new("NoSuchBucketPolicy", "The bucket policy does not exist").with_status(404);
        fault.with_field("BucketName", request.bucket())
    };
    let policy = bucket.policy.clone().ok_or_else(none)?;
    let mut reply = reply::with(200, whole(policy.into_bytes()));
    reply::set(&mut reply, "content-type", "application/json");
    Ok(reply)
}

/// PutBucketPolicy.
pub(super) async fn set_policy(
    app: &Arc<App>,
    caller: Caller,
    request: &Request,
    body: hyper::body::Incoming,
) -> Result<Reply, Fault> {
    request.only(&[])?;
    s3::find(&app.core.state(), request.bucket())?;
    let content = body::small(app, request, body, SMALL).await?;
    let document = String::from_utf8(content).map_err(|_| Fault::new("MalformedPolicy", "The policy is not UTF-8"))?;
    let bucket = request.bucket().to_owned();
    app.core.run(caller, move |tx| s3::set_policy(tx, &bucket, Some(&document))).await?;
    Ok(reply::empty(204))
}

/// DeleteBucketPolicy.
pub(super) async fn delete_policy(app: &Arc<App>, caller: Caller, request: &Request) -> Result<Reply, Fault> {
    request.only(&[])?;
    let bucket = request.bucket().to_owned();
    app.core.run(caller, move |tx| s3::set_policy(tx, &bucket, None)).await?;
    Ok(reply::empty(204))
}

/// Whether an object's bucket is there, which is said rather than that the object is not.
pub(super) fn of_object<T>(app: &App, request: &Request, object: Option<T>) -> Result<T, Fault> {
    match object {
        Some(object) => Ok(object),
        None => {
            s3::find(&app.core.state(), request.bucket())?;
            Err(missing_key(request.key()))
        }
    }
}
