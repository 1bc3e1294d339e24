//! The region's images: loading, listing and removing them (`neargate image`), and answering pulls of hosts in the words of a
//! registry (OCI Distribution Specification). What they are and where they lie is the crate `images`' business.

use crate::app::{App, blocking, internal};
use crate::core::unavailable;
use crate::http::{
    field,
    reply::{self, Reply},
};
use ::images::{
    chunks::Chunks,
    mirror::{self, Error, Loaded, registry},
    reference::{DEFAULT_REGISTRY, Reference},
};
use aws::fault::Fault;
use control::Caller;
use http::{HeaderMap, Method};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use serde_json::{Value, json};
use std::io::{self, Read};
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Handle;

/// `/_neargate/images`: POST loads an archive (`?as=NAME`), GET lists, DELETE removes `?name=NAME`.
///
/// # Errors
/// What is wrong with the archive or the name, or what the disk says.
pub(crate) async fn manage(app: Arc<App>, method: &Method, query: &str, body: Incoming) -> Result<Reply, Fault> {
    let parameter = |name: &str| {
        form_urlencoded::parse(query.as_bytes()).find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
    };
    match *method {
        Method::GET => Ok(reply::json(200, &images(&app.mirror.list()))),
        Method::POST => {
            let (name, archive) = (parameter("as"), upload(body, app.config.limits.body_time));
            let loaded = blocking({
                let mirror = app.mirror.clone();
                move || mirror.load(archive, name.as_deref()).map_err(|error| refused(&error))
            })
            .await?;
            announce(&app).await?;
            Ok(reply::json(200, &images(&loaded)))
        }
        Method::DELETE => {
            let name = parameter("name").unwrap_or_default();
            let reference = Reference::parse(&name)
                .map_err(|error| Fault::new("InvalidParameterException", format!("{name:?}: {error}")))?;
            let missing = Fault::new("ImageNotFoundException", format!("There is no image {name:?}.")).with_status(404);
            let mirror = app.mirror.clone();
            let removed = blocking(move || mirror.remove(&reference).map_err(internal)).await?;
            announce(&app).await?;
            if removed { Ok(reply::json(200, &json!({}))) } else { Err(missing) }
        }
        _ => Err(Fault::new("UnknownRoute", format!("{method} is no way to use images.")).with_status(405)),
    }
}

/// Lets the networks know which registries there are: names lead to them, and so do their ports.
///
/// # Errors
/// When that can't be kept.
pub(crate) async fn announce(app: &App) -> Result<(), Fault> {
    let names = app.mirror.registries();
    app.core
        .run(Caller::default(), move |tx| {
            control::mirror::set_registries(tx, &names);
            Ok(())
        })
        .await
}

fn images(loaded: &[Loaded]) -> Value {
    let one = |image: &Loaded| {
        let name = format!(
            "{}{}",
            image.reference.name(),
            image.reference.tag().map(|tag| format!(":{tag}")).unwrap_or_default()
        );
        json!({ "name": name, "digest": image.digest.to_string(), "layers": image.layers, "bytes": image.bytes })
    };
    json!({ "images": loaded.iter().map(one).collect::<Vec<_>>() })
}

fn refused(error: &Error) -> Fault {
    match error {
        mirror::Error::Io(error) if disk::is_full(error) => unavailable(format!("Images can't be kept: {error}.")),
        mirror::Error::Io(error) => internal(error),
        other => Fault::new("InvalidImageException", other.to_string()),
    }
}

/// `/v2/…` at a public registry, which `Host` names: a pull.
///
/// # Errors
/// When the mirror's files can't be read.
pub(crate) async fn pull(app: Arc<App>, method: Method, path: &str, headers: HeaderMap) -> Result<Reply, Fault> {
    let host = headers.get(http::header::HOST).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let rest = path.strip_prefix("/v2/").unwrap_or_default();
    let path = if rest.is_empty() { path.to_owned() } else { format!("/v2/{}/{rest}", registry_of(host)) };
    let answer = blocking(move || {
        registry::answer(&app.mirror, method.as_str(), &path, &|name| field(&headers, name)).map_err(internal)
    });
    Ok(reply::from_registry(answer.await?))
}

/// The registry that answers at a host, as images' names have it.
pub(crate) fn registry_of(host: &str) -> &str {
    match host.strip_suffix(":443").unwrap_or(host) {
        "registry-1.docker.io" | "index.docker.io" => DEFAULT_REGISTRY,
        other => other,
    }
}

/// A request's body, read by a thread that may wait.
fn upload(mut body: Incoming, patience: Duration) -> impl Read + Send {
    let runtime = Handle::current();
    Chunks::new(move || {
        let frame = runtime.block_on(async { tokio::time::timeout(patience, body.frame()).await });
        let late = |_| io::Error::new(io::ErrorKind::TimedOut, "the archive stopped coming");
        let frame = frame.map_err(late)?.transpose().map_err(io::Error::other)?;
        Ok(frame.map(|frame| frame.into_data().unwrap_or_default()))
    })
}
