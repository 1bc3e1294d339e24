//! The region's images: loading, listing and removing them (`neargate image`), and answering pulls of hosts in the words of a
//! registry (OCI Distribution Specification). What they are and where they lie is the crate `images`' business.

use crate::app::{App, blocking, internal};
use crate::core::unavailable;
use crate::http::reply::{self, Body, Reply};
use ::images::{
    chunks::Chunks,
    mirror::{self, Error, Loaded, registry},
    reference::{DEFAULT_REGISTRY, Reference},
};
use aws::fault::Fault;
use bytes::Bytes;
use control::Caller;
use http::{HeaderMap, Method, StatusCode};
use http_body_util::{BodyExt, channel::Channel};
use hyper::body::Incoming;
use serde_json::{Value, json};
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt;
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Handle;

/// Bytes of a layer read and sent at once.
const CHUNK: usize = 256 << 10;
/// How many of those may wait for a slow reader.
const AHEAD: usize = 4;

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
    Ok(send(answer.await?))
}

/// A header field that may have been sent in several lines (RFC 9110, section 5.3).
pub(crate) fn field(headers: &HeaderMap, name: &str) -> Option<String> {
    let lines: Vec<&str> = headers.get_all(name).iter().filter_map(|value| value.to_str().ok()).collect();
    Some(lines.join(", ")).filter(|_| !lines.is_empty())
}

/// A registry's answer as a response.
pub(crate) fn send(answer: registry::Answer) -> Reply {
    let body = match answer.body {
        registry::Body::Bytes(bytes) => reply::whole(bytes),
        registry::Body::File { file, offset, length } => from_file(file, offset, length),
    };
    let mut response = http::Response::new(body);
    *response.status_mut() = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    for (name, value) in answer.headers {
        if let Ok(value) = value.parse() {
            response.headers_mut().insert(name, value);
        }
    }
    response
}

/// The registry that answers at a host, as images' names have it.
pub(crate) fn registry_of(host: &str) -> &str {
    match host.strip_suffix(":443").unwrap_or(host) {
        "registry-1.docker.io" | "index.docker.io" => DEFAULT_REGISTRY,
        other => other,
    }
}

/// A part of a file as a body, read as fast as it is taken. No thread waits for a slow reader.
fn from_file(file: File, offset: u64, length: u64) -> Body {
    let (mut sender, body) = Channel::new(AHEAD);
    tokio::spawn(async move {
        let file = Arc::new(file);
        let (mut at, end) = (offset, offset + length);
        while at < end {
            let (file, size) = (file.clone(), CHUNK.min(usize::try_from(end - at).unwrap_or(CHUNK)));
            let read = move || {
                let mut chunk = vec![0; size];
                file.read_exact_at(&mut chunk, at).map(|()| Bytes::from(chunk))
            };
            match tokio::task::spawn_blocking(read).await.unwrap_or_else(|error| Err(io::Error::other(error))) {
                Ok(chunk) => {
                    at += size as u64;
                    // A reader that went away needs no more.
                    if sender.send_data(chunk).await.is_err() {
                        return;
                    }
                }
                Err(error) => return sender.abort(error),
            }
        }
    });
    body.boxed()
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
