//! The OCI distribution API (v1.1) as Amazon ECR serves it: `/v2/` on the address AWS clients use, where the user's tools push to and
//! pull from, and at the registry's own name, `ACCOUNT.dkr.ecr.REGION.amazonaws.com`, which tasks use.

mod auth;
mod blobs;
mod error;
mod lists;
mod manifests;
mod route;
mod uploads;

use crate::app::App;
use crate::http::{
    Door, field,
    reply::{self, Reply},
};
use ::images::answer::{Answer, Body, bytes};
use control::Caller;
use error::Refusal;
use http::{HeaderMap, Method, request::Parts};
use hyper::body::Incoming;
use route::Route;
use std::sync::Arc;

/// What every handler works on.
struct Request {
    app: Arc<App>,
    door: Door,
    caller: Caller,
    method: Method,
    headers: HeaderMap,
    query: String,
    body: Incoming,
}

/// Answers a request; there is none that has no answer.
pub(crate) async fn answer(app: Arc<App>, door: Door, parts: Parts, body: Incoming) -> Reply {
    let head = parts.method == Method::HEAD;
    let mut answer = match handle(app, door, parts, body).await {
        Ok(answer) => answer,
        Err(refusal) => refusal.answer(),
    };
    answer.headers.push(("docker-distribution-api-version", "registry/2.0".to_owned()));
    if head {
        answer.body = Body::Bytes(Vec::new());
    }
    reply::from_registry(answer)
}

async fn handle(app: Arc<App>, door: Door, parts: Parts, body: Incoming) -> Result<Answer, Refusal> {
    let caller = auth::caller(&app, &parts.headers)?;
    let route = Route::parse(parts.uri.path())?;
    let query = parts.uri.query().unwrap_or_default().to_owned();
    let request = Request { app, door, caller, method: parts.method, headers: parts.headers, query, body };
    match (route, &request.method) {
        (Route::Version, &Method::GET | &Method::HEAD) => Ok(bytes(200, "application/json", b"{}".to_vec())),
        (Route::Catalog, &Method::GET | &Method::HEAD) => lists::catalog(&request),
        (Route::Tags { name }, &Method::GET | &Method::HEAD) => lists::tags(&request, &name),
        (Route::Referrers { name, digest }, &Method::GET | &Method::HEAD) => {
            lists::referrers(&request, &name, &digest).await
        }
        (Route::Blob { name, digest }, &Method::GET | &Method::HEAD) => blobs::get(&request, name, digest).await,
        (Route::Blob { name, digest }, &Method::DELETE) => blobs::delete(&request, name, digest).await,
        (Route::Manifest { name, target }, &Method::GET | &Method::HEAD) => {
            manifests::get(&request, name, &target).await
        }
        (Route::Manifest { name, target }, &Method::PUT) => manifests::put(request, name, target).await,
        (Route::Manifest { name, target }, &Method::DELETE) => manifests::delete(&request, name, target).await,
        (Route::Uploads { name }, &Method::POST) => uploads::begin(request, name).await,
        (Route::Upload { name, id }, &Method::GET | &Method::HEAD) => uploads::status(&request, &name, &id),
        (Route::Upload { name, id }, &Method::PATCH) => uploads::patch(request, name, id).await,
        (Route::Upload { name, id }, &Method::PUT) => uploads::put(request, name, id).await,
        (Route::Upload { name, id }, &Method::DELETE) => uploads::cancel(&request, &name, &id),
        (_, method) => Err(Refusal::new(405, "UNSUPPORTED", format!("The operation {method} is unsupported there."))),
    }
}

impl Request {
    /// A header field's text.
    fn header(&self, name: &str) -> Option<String> {
        field(&self.headers, name)
    }

    /// A parameter of the query.
    fn parameter(&self, name: &str) -> Option<String> {
        let mut pairs = form_urlencoded::parse(self.query.as_bytes());
        pairs.find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
    }
}
