//! The region's images: loading, listing and removing them (`neargate image`), and answering pulls of hosts in the words of a
//! registry (OCI Distribution Specification). What they are and where they lie is the crate `images`' business.

use crate::app::{App, blocking, internal};
use crate::http::reply::{self, Body, Reply};
use ::images::{
    chunks::Chunks,
    mirror::{self, Error, Loaded, registry},
    reference::Reference,
};
use aws::fault::Fault;
use bytes::Bytes;
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
            let loaded =
                blocking(move || app.mirror.load(archive, name.as_deref()).map_err(|error| refused(&error))).await?;
            Ok(reply::json(200, &images(&loaded)))
        }
        Method::DELETE => {
            let name = parameter("name").unwrap_or_default();
            let reference = Reference::parse(&name)
                .map_err(|error| Fault::new("InvalidParameterException", format!("{name:?}: {error}")))?;
            let missing = Fault::new("ImageNotFoundException", format!("There is no image {name:?}.")).with_status(404);
            let removed = blocking(move || app.mirror.remove(&reference).map_err(internal)).await?;
            if removed { Ok(reply::json(200, &json!({}))) } else { Err(missing) }
        }
        _ => Err(Fault::new("UnknownRoute", format!("{method} is no way to use images.")).with_status(405)),
    }
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
        mirror::Error::Io(error) => internal(error),
        other => Fault::new("InvalidImageException", other.to_string()),
    }
}

/// `/v2/…`: a pull of a host.
///
/// # Errors
/// When the mirror's files can't be read.
pub(crate) async fn pull(app: Arc<App>, method: Method, path: String, headers: HeaderMap) -> Result<Reply, Fault> {
    let answer = blocking(move || {
        let field = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        registry::answer(&app.mirror, method.as_str(), &path, &field).map_err(internal)
    });
    let answer = answer.await?;
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
    Ok(response)
}

/// A part of a file as a body, read as fast as it is taken.
fn from_file(file: File, offset: u64, length: u64) -> Body {
    let (mut sender, body) = Channel::new(AHEAD);
    let runtime = Handle::current();
    tokio::task::spawn_blocking(move || {
        let (mut at, end) = (offset, offset + length);
        while at < end {
            let mut chunk = vec![0; CHUNK.min(usize::try_from(end - at).unwrap_or(CHUNK))];
            match file.read_exact_at(&mut chunk, at) {
                // A reader that went away needs no more.
                Ok(()) if runtime.block_on(sender.send_data(Bytes::from(chunk))).is_err() => return,
                Ok(()) => at += CHUNK as u64,
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
