//! Pulls: requests of a registry, made from inside a task's namespace over HTTPS, with whatever the registry wants to see first.

mod challenge;

use crate::dial::{Answer, Body, Dialer};
use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use challenge::Challenge;
use http::{HeaderValue, Method, Request, StatusCode, Uri, header};
use http_body_util::BodyExt;
use images::{
    chunks::Chunks,
    pull::{self, AuthorizationFailed, Transport},
};
use std::{
    io,
    sync::{Mutex, PoisonError},
};
use tokio::{runtime::Handle, time::timeout};

/// How often a registry may say that something is elsewhere.
const REDIRECTS: usize = 5;
/// The largest answer of a token service.
const TOKEN: usize = 64 << 10;

/// A user's name and password at a registry.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Login {
    pub(crate) user: String,
    pub(crate) password: String,
}

impl Login {
    fn basic(&self) -> String {
        format!("Basic {}", STANDARD.encode(format!("{}:{}", self.user, self.password)))
    }
}

/// A registry as one task reaches it.
pub(crate) struct Registry {
    dialer: Dialer,
    runtime: Handle,
    login: Option<Login>,
    /// What it wanted to see the last time.
    authorization: Mutex<Option<String>>,
}

impl Registry {
    /// Reaches a registry through a task's namespace, with a login there or as anybody.
    pub(crate) fn new(dialer: Dialer, runtime: Handle, login: Option<Login>) -> Self {
        Self { dialer, runtime, login, authorization: Mutex::default() }
    }

    /// Sends a request, and again with what the registry asks for if it asks for something.
    async fn answered(&self, request: &pull::Request) -> io::Result<Answer> {
        let known = self.authorization.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let answer = self.followed(request, known.as_deref()).await?;
        if answer.status() != StatusCode::UNAUTHORIZED {
            return Ok(answer);
        }
        let Some(authorization) = self.authorize(&answer).await? else { return Ok(answer) };
        if known.as_ref() == Some(&authorization) {
            return Ok(answer);
        }
        let answer = self.followed(request, Some(&authorization)).await?;
        *self.authorization.lock().unwrap_or_else(PoisonError::into_inner) = Some(authorization);
        Ok(answer)
    }

    /// Sends a request, and to wherever it is sent on. Another host is not shown who asks.
    async fn followed(&self, request: &pull::Request, authorization: Option<&str>) -> io::Result<Answer> {
        let mut uri: Uri = request.url().parse().map_err(io::Error::other)?;
        let mut authorization = authorization;
        for _ in 0..=REDIRECTS {
            let answer = self.dialer.send(sent(request, &uri, authorization)?).await?;
            let location = answer.headers().get(header::LOCATION).and_then(|value| value.to_str().ok());
            let (true, Some(location)) = (answer.status().is_redirection(), location) else { return Ok(answer) };
            let next = challenge::relative(&uri, location).map_err(io::Error::other)?;
            if next.authority() != uri.authority() {
                authorization = None;
            }
            uri = next;
        }
        Err(io::Error::other(format!("stopped after {REDIRECTS} redirects")))
    }

    /// What a refused request is to be sent with, as far as that can be told.
    async fn authorize(&self, refused: &Answer) -> io::Result<Option<String>> {
        let challenges = refused.headers().get_all(header::WWW_AUTHENTICATE).iter().filter_map(|v| v.to_str().ok());
        let Some(challenge) = challenges.filter_map(Challenge::parse).next() else { return Ok(None) };
        match challenge {
            Challenge::Basic => Ok(self.login.as_ref().map(Login::basic)),
            Challenge::Bearer(_) => {
                let whose = if self.login.is_some() { "oauth" } else { "anonymous" };
                let failed = |why: String| {
                    io::Error::other(AuthorizationFailed(format!("failed to fetch {whose} token: {why}")))
                };
                self.token(&challenge).await.map(|token| Some(format!("Bearer {token}"))).map_err(failed)
            }
        }
    }

    /// A token of the service that a challenge names ("Token authentication", distribution specification).
    async fn token(&self, challenge: &Challenge) -> Result<String, String> {
        let url = challenge.token_url().ok_or("the challenge names no realm")?;
        let mut request = Request::get(&url);
        if let Some(login) = &self.login {
            request = request.header(header::AUTHORIZATION, login.basic());
        }
        let request = request.body(Body::default()).map_err(|error| error.to_string())?;
        let answer = self.dialer.send(request).await.map_err(|error| format!("Get \"{url}\": {error}"))?;
        let status = answer.status();
        if !status.is_success() {
            return Err(format!("unexpected status from GET request to {url}: {status}"));
        }
        let body = self.dialer.whole(answer, TOKEN).await.map_err(|error| error.to_string())?;
        let told: serde_json::Value = serde_json::from_slice(&body).map_err(|error| error.to_string())?;
        let token = told.get("token").or_else(|| told.get("access_token")).and_then(serde_json::Value::as_str);
        token.map(str::to_owned).ok_or_else(|| "no token in the answer".to_owned())
    }
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
        let answer = self.runtime.block_on(self.answered(request))?;
        let headers = answer.headers().iter();
        let headers = headers
            .map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
            .collect();
        let status = answer.status().as_u16();
        let (mut incoming, runtime, silence) = (answer.into_body(), self.runtime.clone(), self.dialer.patience.silence);
        let body = Chunks::new(move || {
            let frame = runtime.block_on(async { timeout(silence, incoming.frame()).await });
            let frame = frame.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))?.transpose();
            Ok(frame.map_err(io::Error::other)?.map(|frame| frame.into_data().unwrap_or_default()))
        });
        Ok(pull::Response { status, headers, body: Box::new(body) })
    }
}
