//! Which function answers a path. Everything outside `/_neargate/` is a call of AWS's API, but what is asked of `/metrics` unsigned.

use super::{Door, aws as calls, body, guard, reply, reply::Reply};
use crate::app::App;
use crate::{access_logs, cloudwatch, mirror, networks, prometheus, registry, reset, s3, stacks, status, sync};
use ::aws::fault::Fault;
use bytes::Bytes;
use http::{Method, Request};
use hyper::body::Incoming;
use std::sync::Arc;

/// Answers a request; there is none that has no answer.
pub(super) async fn answer(app: Arc<App>, door: Door, request: Request<Incoming>) -> Reply {
    let (parts, body) = request.into_parts();
    let guarded = guard::check(door, &parts.method, &parts.headers);
    let path = parts.uri.path();
    if guarded.is_ok() && prometheus::is_for(&app, door, &parts) {
        return prometheus::answer(app).await;
    }
    if guarded.is_ok() && is_registry(door, path) {
        return registry::answer(app, door, parts, body).await;
    }
    if guarded.is_ok() && registry::is_for_bucket(&app, door, &parts) {
        return registry::fetch(app, parts).await;
    }
    if guarded.is_ok() && s3::is_for(door, &parts) {
        return s3::answer(app, door, parts, body).await;
    }
    let own = match door {
        // A registry's paths are AWS's there, and neargate's own lead nowhere.
        Door::Endpoint(..) => path.starts_with("/_neargate/"),
        Door::Registries => true,
        Door::Tcp | Door::Unix => path.starts_with("/_neargate/"),
    };
    match guarded {
        Ok(()) if own => own_route(app, door, &parts, body).await.unwrap_or_else(|fault| reply::fault(&fault)),
        Ok(()) => calls::answer(app, door, parts, body).await,
        Err(fault) => reply::fault(&fault),
    }
}

/// Whether a request is for the region's registry of images, which is Amazon ECR's.
fn is_registry(door: Door, path: &str) -> bool {
    match door {
        Door::Tcp => path == "/v2" || path.starts_with("/v2/"),
        Door::Endpoint(service, _) => service.name == "ecr.dkr",
        Door::Unix | Door::Registries => false,
    }
}

/// The last ones are for hosts and stand open at the unix socket only.
async fn own_route(app: Arc<App>, door: Door, parts: &http::request::Parts, body: Incoming) -> Result<Reply, Fault> {
    let limits = app.config.limits.clone();
    let read = |body| body::read(door, &parts.headers, body, limits.of_hosts, limits.body_time);
    match (door, &parts.method, parts.uri.path()) {
        (Door::Endpoint(..), method, path) => Err(no_route(method, path)),
        (Door::Registries, method, path) if path.starts_with("/v2/") => {
            mirror::pull(app, method.clone(), path, parts.headers.clone()).await
        }
        (Door::Registries, method, path) => Err(no_route(method, path)),
        (_, &Method::GET, "/_neargate/health") => Ok(reply::json(200, &status::health(&app))),
        (_, &Method::GET, "/_neargate/status") => Ok(reply::json(200, &status::status(&app))),
        (_, &Method::GET, "/_neargate/tasks") => Ok(reply::json(200, &status::tasks(&app))),
        (_, &Method::GET, "/_neargate/stopped") => Ok(reply::json(200, &status::failed_to_start(&app))),
        (_, &Method::GET, "/_neargate/networks") => Ok(reply::json(200, &networks::networks(&app))),
        (_, &Method::GET, "/_neargate/topology") => Ok(reply::json(200, &status::topology(&app))),
        (_, &Method::GET, "/_neargate/zones") => Ok(reply::json(200, &status::zones(&app))),
        (_, &Method::POST, "/_neargate/reset") => Ok(reply::json(200, &reset::reset(&app).await?)),
        (Door::Unix, &Method::POST, "/_neargate/sync") => {
            let request = from_json(&read(body).await?.bytes)?;
            Ok(reply::json(200, &sync::sync(&app, request).await?))
        }
        (Door::Unix, &Method::POST, "/_neargate/credentials") => {
            let spec::CredentialsRequest { task, role } = from_json(&read(body).await?.bytes)?;
            let issue = move |tx: &mut control::Tx<'_>| control::iam::task_credentials(tx, &task, role);
            Ok(reply::json(200, &app.core.run(control::Caller::default(), issue).await?))
        }
        (Door::Unix, &Method::POST, "/_neargate/certificates") => {
            let spec::CertificatesRequest { arns } = from_json(&read(body).await?.bytes)?;
            Ok(reply::json(200, &control::acm::certificates(&app.core.state(), &arns)))
        }
        (Door::Unix, &Method::POST, "/_neargate/interrupt") => {
            let spec::InterruptRequest { task } = from_json(&read(body).await?.bytes)?;
            let interrupt = move |tx: &mut control::Tx<'_>| control::ecs::interrupt(tx, &task);
            app.core.run(control::Caller::default(), interrupt).await?;
            Ok(reply::json(200, &serde_json::json!({})))
        }
        (Door::Unix, &Method::POST, "/_neargate/measured") => {
            let measured = from_json(&read(body).await?.bytes)?;
            let keeper = app.clone();
            crate::app::blocking(move || cloudwatch::take(&keeper, measured)).await?;
            Ok(reply::json(200, &serde_json::json!({})))
        }
        (Door::Unix, &Method::POST, "/_neargate/access_log") => {
            access_logs::take(&app, from_json(&read(body).await?.bytes)?).await?;
            Ok(reply::json(200, &serde_json::json!({})))
        }
        (Door::Unix, &Method::POST, path) if path.starts_with(stacks::ROUTE) => {
            let operation = path.strip_prefix(stacks::ROUTE).unwrap_or_default();
            Ok(reply::json(200, &stacks::operation(app.clone(), operation, read(body).await?).await?))
        }
        (Door::Unix, method, "/_neargate/images") => {
            mirror::manage(app, method, parts.uri.query().unwrap_or_default(), body).await
        }
        (_, method, path) => Err(no_route(method, path)),
    }
}

fn no_route(method: &Method, path: &str) -> Fault {
    Fault::new("UnknownRoute", format!("There is no {method} {path} here.")).with_status(404)
}

fn from_json<T: serde::de::DeserializeOwned>(body: &Bytes) -> Result<T, Fault> {
    serde_json::from_slice(body).map_err(|error| Fault::new("SerializationException", error.to_string()))
}
