//! Calls of AWS's API that the agent makes for a task: over HTTPS, from inside the task's namespace, signed with the credentials of its
//! execution role. So a task without a way to a service fails here as it does on AWS.

mod failure;
mod service;
mod sign;

pub(crate) use failure::Failure;
pub(crate) use service::{ECR, LOGS, SECRETS_MANAGER, SSM, Service};

use crate::dial::{Body, Connection, Dialer};
use bytes::Bytes;
use http::{Request, StatusCode, header};
use serde_json::Value;
use spec::Credentials;
use std::{io, time::Duration};
use tokio::time::sleep;

/// Attempts in all, as AWS's SDKs make them, and the pause before the second.
const ATTEMPTS: u32 = 3;
const PAUSE: Duration = Duration::from_millis(50);
/// The largest answer taken: ten parameters of 8 KiB, or a secret of 64 KiB, and what JSON makes of them.
const ANSWER: usize = 1 << 20;

/// Makes one task's calls.
#[derive(Clone)]
pub(crate) struct Aws {
    pub(crate) dialer: Dialer,
    pub(crate) region: String,
    /// Its execution role's.
    pub(crate) credentials: Credentials,
}

impl Aws {
    /// The same for calls of another region's endpoints.
    pub(crate) fn in_region(&self, region: &str) -> Self {
        Self { region: region.to_owned(), ..self.clone() }
    }

    /// Calls an operation. What can pass is tried again.
    ///
    /// # Errors
    /// [`Failure`].
    pub(crate) async fn call(&self, service: &Service, operation: &str, input: &Value) -> Result<Value, Failure> {
        let body = Bytes::from(input.to_string());
        let (mut connection, mut attempt, mut pause) = (None, 1, PAUSE);
        loop {
            let failure = match self.once(&mut connection, service, operation, &body, &[]).await {
                Ok(answer) => return Ok(answer),
                Err(failure) => failure.after(attempt),
            };
            if attempt >= ATTEMPTS || !failure.passes() {
                return Err(failure);
            }
            sleep(pause).await;
            attempt += 1;
            pause *= 2;
        }
    }

    /// Calls an operation once, on a connection that is there or a new one, with headers of its own. A connection that can be used again
    /// is left there.
    ///
    /// # Errors
    /// [`Failure`].
    pub(crate) async fn once(
        &self,
        connection: &mut Option<Connection>,
        service: &Service,
        operation: &str,
        body: &Bytes,
        headers: &[(&str, &str)],
    ) -> Result<Value, Failure> {
        let url = format!("https://{}.{}.amazonaws.com/", service.host, self.region);
        let answered = async {
            let request = Request::post(&url)
                .header(header::CONTENT_TYPE, "application/x-amz-json-1.1")
                .header("x-amz-target", format!("{}.{operation}", service.target));
            let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
            let mut request = request.body(Body::new(body.clone())).map_err(io::Error::other)?;
            sign::sign(&mut request, body, &self.credentials, &self.region, service.signing)?;
            self.answered(connection, request).await
        };
        match answered.await {
            Ok((status, _, answer)) if status.is_success() => Ok(answer),
            Ok((status, request_id, answer)) => Err(Failure::refused(status, request_id, &answer)),
            Err(error) => Err(Failure::NoAnswer { url, attempts: 1, why: error.to_string() }),
        }
    }

    /// The status, id and body of an answer.
    async fn answered(
        &self,
        kept: &mut Option<Connection>,
        request: Request<Body>,
    ) -> io::Result<(StatusCode, String, Value)> {
        let mut connection = match kept.take().filter(|connection| !connection.is_closed()) {
            Some(connection) => connection,
            None => self.dialer.open(request.uri()).await?,
        };
        let answer = connection.send(request).await?;
        let status = answer.status();
        let request_id = answer.headers().get("x-amzn-requestid").and_then(|id| id.to_str().ok());
        let request_id = request_id.unwrap_or_default().to_owned();
        let body = self.dialer.whole(answer, ANSWER).await?;
        *kept = Some(connection);
        Ok((status, request_id, serde_json::from_slice(&body).unwrap_or_default()))
    }
}
