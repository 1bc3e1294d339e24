//! A call of AWS's API: which operation it is, who answers it, and the answer in the service's own protocol.

use super::{Door, Received, body, endpoint, guard, reply, reply::Reply};
use crate::app::{App, blocking, guarded, request_id};
use crate::{cloudwatch, logs, registry};
use ::aws::api::Api;
use ::aws::doc::Doc;
use ::aws::fault::Fault;
use ::aws::request::{Call, identify};
use control::{Caller, Handler, View, iam};
use http::request::Parts;
use http::{HeaderMap, HeaderValue};
use hyper::body::Incoming;
use shares::Share;
use std::sync::Arc;

/// Answers a call, or refuses it as the service it is meant for would.
pub(super) async fn answer(app: Arc<App>, door: Door, parts: Parts, body: Incoming) -> Reply {
    let id = match request_id() {
        Ok(id) => id,
        Err(error) => return reply::refuse(500, "InternalFailure", &error.to_string()),
    };
    let limits = &app.config.limits;
    let limit = match parts.headers.get("x-amz-target").map(HeaderValue::as_bytes) {
        _ if registry::takes_layers(&parts.headers) => limits.layer_part,
        Some(target) if takes_more(target) => limits.large_body,
        _ => limits.body,
    };
    let Received { bytes, room } = match body::read(door, &parts.headers, body, limit, limits.body_time).await {
        Ok(received) => received,
        Err(fault) => return reply::from_aws(manner(&parts).refusal(&id, &fault)),
    };
    let call = identified(&parts, &bytes).and_then(|call| meant(door, call));
    let call = match call.and_then(|call| no_link(&app, door, &parts, call)) {
        Ok(call) => call,
        Err(refused) => return reply::from_aws(refused.api.refusal(&id, &refused.fault)),
    };
    let (api, operation) = (call.api, call.operation);
    let answer = match run(app, door, call, &parts.headers, room).await {
        Ok(result) => api.reply(operation, &id, result),
        Err(fault) => api.refusal(&id, &fault),
    };
    reply::from_aws(answer)
}

/// `room` is what the call's body takes, which is held until nothing works on it any more: also when whoever called has gone.
async fn run(
    app: Arc<App>,
    door: Door,
    call: Call<'_>,
    headers: &HeaderMap,
    room: Option<Share>,
) -> Result<Doc, Fault> {
    let (api, operation) = (call.api, call.operation);
    let input = call.parse()?;
    let caller = Caller { access_key_id: call.scope.map(|scope| scope.access_key).unwrap_or_default() };
    iam::admit(&app.core.state(), app.core.clock().now(), &caller, api)?;
    if registry::answers(api, operation) {
        let place = registry::Place::of(door, headers);
        return registry::operation(app, caller, place, operation, input).await;
    }
    if let Some(answer) = logs::operation(api, operation) {
        let first_line = logs::first_line(headers)?;
        let turn = logs::turn(door, operation).await;
        return blocking(move || {
            let _held = (room, turn);
            let view = View { state: &app.core.state(), now: app.core.clock().now(), caller: &caller };
            answer(&view, &app.logs, first_line, input)
        })
        .await;
    }
    if let Some(answer) = cloudwatch::operation(api, operation) {
        return blocking(move || {
            let _held = room;
            let view = View { state: &app.core.state(), now: app.core.clock().now(), caller: &caller };
            answer(api, &view, &app.metrics, input)
        })
        .await;
    }
    match app.services.handler(api, operation)? {
        Handler::Read(answer) => {
            let state = app.core.state();
            guarded(|| answer(&View { state: &state, now: app.core.clock().now(), caller: &caller }, input))
        }
        Handler::Write(_) => {
            let shared = app.clone();
            let event = move |tx: &mut control::Tx<'_>| {
                let _room = room;
                match shared.services.handler(api, operation)? {
                    Handler::Write(answer) => answer(tx, input),
                    Handler::Read(answer) => answer(&tx.view(), input),
                }
            };
            app.core.run(caller, event).await
        }
    }
}

fn identified<'a>(parts: &'a Parts, body: &'a [u8]) -> Result<Call<'a>, ::aws::request::Unidentified> {
    let header = |name: &str| parts.headers.get(name).and_then(|value| value.to_str().ok());
    identify(parts.method.as_str(), parts.uri.path(), parts.uri.query().unwrap_or(""), header, body)
}

/// At a service's endpoint only what is for that service is answered.
fn meant(door: Door, call: Call<'_>) -> Result<Call<'_>, ::aws::request::Unidentified> {
    match door {
        Door::Endpoint(service, _) => endpoint::check(service, &call).map(|()| call),
        Door::Tcp | Door::Unix | Door::Registries => Ok(call),
    }
}

/// Nothing is changed by what a web page may have sent.
fn no_link<'a>(app: &App, door: Door, parts: &Parts, call: Call<'a>) -> Result<Call<'a>, ::aws::request::Unidentified> {
    let changes = matches!(app.services.handler(call.api, call.operation), Ok(Handler::Write(_)));
    match guard::check_link(door, &parts.method, &parts.headers) {
        Err(fault) if changes => Err(::aws::request::Unidentified { api: call.api, fault }),
        _ => Ok(call),
    }
}

/// Whose way of refusing a request gets whose body can't be read.
fn manner(parts: &Parts) -> &'static Api {
    match identified(parts, b"") {
        Ok(call) => call.api,
        Err(refused) => refused.api,
    }
}

/// Log events make larger bodies than most, and manifests of images.
fn takes_more(target: &[u8]) -> bool {
    target.starts_with(b"Logs_") || target.ends_with(b".PutImage")
}
