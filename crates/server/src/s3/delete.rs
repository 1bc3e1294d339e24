//! DeleteObject and DeleteObjects.

use super::{body, bucket::malformed, document, reply, request::Request, storage};
use crate::app::{App, blocking};
use crate::http::reply::Reply;
use aws::fault::Fault;
use aws::xml;
use control::s3;
use hyper::body::Incoming;
use std::sync::Arc;

/// The most keys of a request, and how long it may be: keys of 1024 bytes, each escaped.
const MOST: usize = 1000;
const LONGEST: usize = 8 << 20;

/// DeleteObject.
pub(super) async fn one(app: &Arc<App>, request: &Request) -> Result<Reply, Fault> {
    request.of_the_only_version(&[])?;
    s3::find(&app.core.state(), request.bucket())?;
    remove(app, request.bucket().to_owned(), request.key().to_owned()).await?;
    Ok(reply::empty(204))
}

async fn remove(app: &Arc<App>, bucket: String, key: String) -> Result<(), Fault> {
    let shared = app.clone();
    blocking(move || shared.objects.delete(&bucket, &key).map_err(storage)).await
}

/// DeleteObjects.
pub(super) async fn several(app: &Arc<App>, request: &Request, body: Incoming) -> Result<Reply, Fault> {
    request.only(&[])?;
    s3::find(&app.core.state(), request.bucket())?;
    let content = body::small(app, request, body, LONGEST).await?;
    let (wanted, is_quiet) = read(&content)?;
    let mut outcomes = Vec::new();
    for (key, unsupported) in wanted {
        let outcome = match unsupported {
            Some(name) => Err(super::absent(&name)),
            None => remove(app, request.bucket().to_owned(), key.clone()).await,
        };
        outcomes.push((key, outcome));
    }
    Ok(reply::document("DeleteResult", |text| {
        for (key, outcome) in &outcomes {
            match outcome {
                Ok(()) if is_quiet => {}
                Ok(()) => {
                    xml::open(text, "Deleted");
                    xml::text(text, "Key", key);
                    xml::close(text, "Deleted");
                }
                Err(fault) => {
                    xml::open(text, "Error");
                    xml::text(text, "Key", key);
                    xml::text(text, "Code", &fault.code);
                    xml::text(text, "Message", &fault.message);
                    xml::close(text, "Error");
                }
            }
        }
    }))
}

/// The keys of a `Delete`, each with what of it can't be heeded; and whether only errors are told.
#[allow(clippy::type_complexity)]
fn read(content: &[u8]) -> Result<(Vec<(String, Option<String>)>, bool), Fault> {
    let document = document::read(content)?;
    let (mut keys, mut is_quiet) = (Vec::new(), false);
    for element in document.root_element().children().filter(roxmltree::Node::is_element) {
        match element.tag_name().name() {
            "Quiet" => is_quiet = element.text() == Some("true"),
            "Object" => {
                let (mut key, mut unsupported) = (None, None);
                for member in element.children().filter(roxmltree::Node::is_element) {
                    match member.tag_name().name() {
                        "Key" => key = member.text().map(str::to_owned),
                        "VersionId" if member.text() == Some("null") => {}
                        other => unsupported = Some(other.to_owned()),
                    }
                }
                keys.push((key.ok_or_else(malformed)?, unsupported));
            }
            _ => return Err(malformed()),
        }
    }
    if keys.is_empty() || keys.len() > MOST { Err(malformed()) } else { Ok((keys, is_quiet)) }
}
