//! Pulls: requests of a registry, made from inside a task's namespace over HTTPS, with whatever the registry wants to see first.

mod challenge;
mod pace;

use crate::{
    cancel::Cancelled,
    dial::{Answer, Body, Dialer, broken},
    secrets::Login,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use challenge::Challenge;
use http::{HeaderValue, Method, Request, StatusCode, Uri, header};
use http_body_util::BodyExt;
use images::{
    chunks::Chunks,
    pull::{self, AuthorizationFailed, Redirected, Transport},
};
use pace::Pace;
use std::{
    io,
    sync::{Mutex, PoisonError},
    time::Instant,
};
use tokio::{runtime::Handle, time::timeout};

/// How often a registry may say that something is elsewhere: as often as Go's `net/http` believes it.
const REDIRECTS: usize = 10;
/// The largest answer of a token service.
const TOKEN: usize = 64 << 10;

/// A registry as one task reaches it.
pub(crate) struct Registry {
    dialer: Dialer,
    /// Whether anybody still wants what it is asked for.
    cancelled: Cancelled,
    runtime: Handle,
    login: Option<Login>,
    /// What it wanted to see the last time.
    authorization: Mutex<Option<String>>,
}

impl Registry {
    /// Reaches a registry through a task's namespace, with a login there or as anybody.
    pub(crate) fn new(dialer: Dialer, cancelled: Cancelled, runtime: Handle, login: Option<Login>) -> Self {
        Self { dialer, cancelled, runtime, login, authorization: Mutex::default() }
    }

    /// Sends a request, and again with what the registry asks for if it asks for something. Whoever else was asked on the way is shown
    /// nothing: what they name would be sent the login.
    async fn answered(&self, request: &pull::Request) -> io::Result<Answer> {
        let known = self.authorization.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let (answer, elsewhere) = self.followed(request, known.as_deref()).await?;
        if answer.status() != StatusCode::UNAUTHORIZED || elsewhere {
            return Ok(answer);
        }
        let Some(authorization) = self.authorize(&answer).await? else { return Ok(answer) };
        if known.as_ref() == Some(&authorization) {
            return Ok(answer);
        }
        let (answer, _) = self.followed(request, Some(&authorization)).await?;
        *self.authorization.lock().unwrap_or_else(PoisonError::into_inner) = Some(authorization);
        Ok(answer)
    }

    /// Sends a request, and to wherever it is sent on. Another host is not shown who asks. Also tells whether one answered.
    async fn followed(&self, request: &pull::Request, authorization: Option<&str>) -> io::Result<(Answer, bool)> {
        let first: Uri = request.url().parse().map_err(io::Error::other)?;
        let (mut uri, mut authorization, mut elsewhere) = (first.clone(), authorization, false);
        for _ in 0..=REDIRECTS {
            let answer = self.dialer.send(sent(request, &uri, authorization)?).await;
            let answer = answer.map_err(|error| if uri == first { error } else { redirected(&uri, &error) })?;
            let location = answer.headers().get(header::LOCATION).and_then(|value| value.to_str().ok());
            let (true, Some(location)) = (answer.status().is_redirection(), location) else {
                return Ok((answer, elsewhere));
            };
            uri = challenge::relative(&uri, location).map_err(io::Error::other)?;
            if uri.authority() != first.authority() {
                (authorization, elsewhere) = (None, true);
            }
        }
        Err(redirected(&uri, &io::Error::other(format!("stopped after {REDIRECTS} redirects"))))
    }

    /// What a refused request is to be sent with, as far as that can be told.
    async fn authorize(&self, refused: &Answer) -> io::Result<Option<String>> {
        let challenges = refused.headers().get_all(header::WWW_AUTHENTICATE).iter().filter_map(|v| v.to_str().ok());
        let Some(challenge) = challenges.filter_map(Challenge::parse).next() else { return Ok(None) };
        match challenge {
            Challenge::Basic => Ok(self.login.as_ref().map(basic)),
            Challenge::Bearer(_) => {
                let whose = if self.login.is_some() { "oauth" } else { "anonymous" };
                let failed = |(why, refused): (String, bool)| {
                    io::Error::other(AuthorizationFailed {
                        why: format!("failed to fetch {whose} token: {why}"),
                        refused,
                    })
                };
                self.token(&challenge).await.map(|token| Some(format!("Bearer {token}"))).map_err(failed)
            }
        }
    }

    /// A token of the service that a challenge names ("Token authentication", distribution specification).
    ///
    /// # Errors
    /// Why there is none, and whether that was said by somebody.
    async fn token(&self, challenge: &Challenge) -> Result<String, (String, bool)> {
        let url = challenge.token_url().ok_or_else(|| ("the challenge names no realm".to_owned(), true))?;
        let mut request = Request::get(&url);
        if let Some(login) = &self.login {
            request = request.header(header::AUTHORIZATION, basic(login));
        }
        let request = request.body(Body::default()).map_err(|error| (error.to_string(), true))?;
        let answer = self.dialer.send(request).await.map_err(|error| (format!("Get \"{url}\": {error}"), false))?;
        let status = answer.status();
        if !status.is_success() {
            return Err((format!("unexpected status from GET request to {url}: {status}"), !status.is_server_error()));
        }
        let body = self.dialer.whole(answer, TOKEN).await.map_err(|error| (error.to_string(), false))?;
        let told: serde_json::Value = serde_json::from_slice(&body).map_err(|error| (error.to_string(), true))?;
        let token = told.get("token").or_else(|| told.get("access_token")).and_then(serde_json::Value::as_str);
        token.map(str::to_owned).ok_or_else(|| ("no token in the answer".to_owned(), true))
    }
}

/// RFC 7617.
fn basic(login: &Login) -> String {
    format!("Basic {}", STANDARD.encode(format!("{}:{}", login.user, login.password)))
}

/// A failure at a place that a request was sent on to. The query of such a URL is often a signature, which opens what it is for.
fn redirected(uri: &Uri, error: &io::Error) -> io::Error {
    let whole = uri.to_string();
    let url = whole.split('?').next().unwrap_or_default().to_owned();
    io::Error::new(error.kind(), Redirected { url, why: error.to_string() })
}

/// What Go says of a body that breaks off.
fn cut(error: hyper::Error) -> io::Error {
    let error = broken(error);
    match error.kind() {
        io::ErrorKind::UnexpectedEof => io::Error::new(error.kind(), "unexpected EOF"),
        _ => error,
    }
}

/// Why nothing more is fetched for a task that is to stop.
fn given_up() -> io::Error {
    io::Error::new(io::ErrorKind::ConnectionAborted, "context canceled")
}

/// A request as it is sent to one place.
fn sent(request: &pull::Request, uri: &Uri, authorization: Option<&str>) -> io::Result<Request<Body>> {
    let method = match request.method {
        pull::Method::Head => Method::HEAD,
        pull::Method::Get => Method::GET,
    };
    let mut sent = Request::builder().method(method).uri(uri.clone()).header(header::USER_AGENT, "neargate");
    if !request.accept.is_empty() {
        sent = sent.header(header::ACCEPT, request.accept.join(", "));
    }
    if let Some(from) = request.from {
        sent = sent.header(header::RANGE, format!("bytes={from}-"));
    }
    if let Some(authorization) = authorization {
        let mut value = HeaderValue::from_str(authorization).map_err(io::Error::other)?;
        value.set_sensitive(true);
        sent = sent.header(header::AUTHORIZATION, value);
    }
    sent.body(Body::new(Bytes::new())).map_err(io::Error::other)
}

impl Transport for Registry {
    fn send(&self, request: &pull::Request) -> io::Result<pull::Response> {
        let cancelled = self.cancelled.clone();
        let answer = self.runtime.block_on(cancelled.or(self.answered(request))).unwrap_or_else(|| Err(given_up()))?;
        let headers = answer.headers().iter();
        let headers = headers
            .map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
            .collect();
        let status = answer.status().as_u16();
        let (mut incoming, runtime) = (answer.into_body(), self.runtime.clone());
        let mut pace = Pace::new(self.dialer.patience.silence);
        let body = Chunks::new(move || {
            let asked = Instant::now();
            let frame = runtime.block_on(cancelled.or(async { timeout(pace.left(), incoming.frame()).await }));
            let frame =
                frame.ok_or_else(given_up)?.map_err(|_| io::Error::new(io::ErrorKind::TimedOut, "i/o timeout"))?;
            let data = frame.transpose().map_err(cut)?.map(|frame| frame.into_data().unwrap_or_default());
            pace.came(data.as_ref().map_or(0, Bytes::len), asked.elapsed());
            Ok(data)
        });
        Ok(pull::Response { status, headers, body: Box::new(body) })
    }
}
