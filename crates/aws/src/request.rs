//! Which service and operation a request calls. Every service is behind one port, so the request itself must tell:
//! by `X-Amz-Target` (JSON), by the path (CBOR, REST), else by `Action` and `Version` (query), with the SigV4 scope to tell services of one
//! version apart and to name one there is nothing of.
//!
//! Absent: signatures, bodies' meaning, routing to a function.

use crate::api::{ALL, Api, IN_CBOR, NOBODY, Protocol, QUERIED};
use crate::doc::Doc;
use crate::fault::Fault;
use crate::rest;
use crate::sigv4::Scope;
use std::borrow::Cow;

/// An identified call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call<'a> {
    /// The service.
    pub api: &'static Api,
    /// The operation, one of `api.operations`.
    pub operation: &'static str,
    /// Who signed it and for which region; `None` when unsigned or not in SigV4's form.
    pub scope: Option<Scope>,
    /// What [`Api::parse`] reads: the body, or the query string where that holds the call.
    pub parameters: &'a [u8],
    /// The path, as it was sent.
    pub path: &'a str,
    /// The query string.
    pub query: &'a str,
}

impl Call<'_> {
    /// The request as a tree, wherever its members stand.
    ///
    /// # Errors
    /// Those of [`Api::parse`]; `MalformedInput` for a document of another operation.
    pub fn parse(&self) -> Result<Doc, Fault> {
        match self.api.protocol {
            Protocol::RestXml => rest::read(self),
            _ => self.api.parse(self.parameters),
        }
    }
}

/// A request that calls nothing there is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unidentified {
    /// Whose manner the refusal is dressed in: `api.refusal(request_id, &fault)`.
    pub api: &'static Api,
    /// Why.
    pub fault: Fault,
}

impl From<Unidentified> for Fault {
    fn from(unidentified: Unidentified) -> Self {
        unidentified.fault
    }
}

/// Tells which operation is called. `headers` gives a header's value by its lower-case name; `query` is the query
/// string without its question mark.
///
/// # Errors
/// With the manner to say it in: an unknown service or operation; `NotImplemented` (501) for an operation AWS has and
/// neargate does not; a request that names none.
pub fn identify<'a>(
    method: &str,
    path: &'a str,
    query: &'a str,
    headers: impl Fn(&str) -> Option<&'a str>,
    body: &'a [u8],
) -> Result<Call<'a>, Unidentified> {
    named(method, path, query, headers, body).map(|call| Call { path, query, ..call })
}

fn named<'a>(
    method: &str,
    path: &str,
    query: &'a str,
    headers: impl Fn(&str) -> Option<&'a str>,
    body: &'a [u8],
) -> Result<Call<'a>, Unidentified> {
    let scope = Scope::of(headers("authorization"), query);
    if let Some(target) = headers("x-amz-target") {
        return by_target(method, target, scope, body);
    }
    if headers("smithy-protocol") == Some("rpc-v2-cbor") {
        return by_path(method, path, scope, body);
    }
    if let Some(api) = rest_service(path, scope.as_ref()) {
        return by_route(api, method, path, scope, body);
    }
    let is_json = headers("content-type").is_some_and(|kind| kind.starts_with("application/x-amz-json"));
    if is_json {
        return refuse(
            &ANY_JSON,
            Fault::new("UnknownOperationException", "The request names no operation in X-Amz-Target."),
        );
    }
    let in_query = Action::read(query.as_bytes());
    let in_body = if in_query.name.is_some() { None } else { Some(Action::read(body)) };
    let parameters = if in_body.is_some() { body } else { query.as_bytes() };
    by_action(method, path, in_body.unwrap_or(in_query), scope, parameters)
}

fn by_target<'a>(method: &str, target: &str, scope: Option<Scope>, body: &'a [u8]) -> Result<Call<'a>, Unidentified> {
    let (prefix, name) = target.rsplit_once('.').unwrap_or(("", target));
    let Some(api) = ALL.into_iter().find(|api| !api.target.is_empty() && api.target == prefix) else {
        let service = scope.as_ref().map_or(prefix, |scope| &scope.service);
        return refuse(&ANY_JSON, unknown_service(service, target));
    };
    if method != "POST" {
        return refuse(
            api,
            Fault::new("UnknownOperationException", format!("{target} is called with POST, not {method}.")),
        );
    }
    match find(api, name) {
        Some(operation) => Ok(called(api, operation, scope, body)),
        None if api.unlisted.contains(&name) => refuse(api, Fault::not_implemented(name)),
        None => refuse(api, Fault::new("UnknownOperationException", format!("Unknown operation {target}."))),
    }
}

/// `/service/TARGET/operation/NAME` ("Smithy RPC v2 CBOR protocol").
fn by_path<'a>(method: &str, path: &str, scope: Option<Scope>, body: &'a [u8]) -> Result<Call<'a>, Unidentified> {
    let named = path.strip_prefix("/service/").and_then(|rest| rest.split_once("/operation/"));
    let (target, name) = named.unwrap_or(("", path));
    let Some(api) = IN_CBOR.into_iter().find(|api| api.target == target && method == "POST") else {
        let service = scope.as_ref().map_or(target, |scope| &scope.service);
        return refuse(&ANY_CBOR, unknown_service(service, &format!("{method} {path}")));
    };
    match find(api, name) {
        Some(operation) => Ok(called(api, operation, scope, body)),
        None if api.unlisted.contains(&name) => refuse(api, Fault::not_implemented(name)),
        None => refuse(api, Fault::new("UnknownOperationException", format!("Unknown operation {target}.{name}."))),
    }
}

/// The service that is called by method and path, if it is one: that of the path, unless the request was signed for another.
fn rest_service(path: &str, scope: Option<&Scope>) -> Option<&'static Api> {
    let signed_for = |api: &&Api| scope.is_none_or(|scope| scope.service == api.signing_name);
    let by_scope = |api: &&Api| scope.is_some_and(|scope| scope.service == api.signing_name);
    let by_path = rest::service_of(path, ALL).filter(signed_for);
    by_path.or_else(|| ALL.into_iter().find(|api| api.protocol == Protocol::RestXml && by_scope(api)))
}

fn by_route<'a>(
    api: &'static Api,
    method: &str,
    path: &str,
    scope: Option<Scope>,
    body: &'a [u8],
) -> Result<Call<'a>, Unidentified> {
    let Some(route) = rest::route_of(api, method, path) else {
        let message = format!("Unknown operation {method} {path}.");
        return refuse(api, Fault::new("UnknownOperationException", message).with_status(404));
    };
    match find(api, route.operation) {
        Some(operation) => Ok(called(api, operation, scope, body)),
        None => refuse(api, Fault::not_implemented(route.operation)),
    }
}

/// A call whose path and query string [`identify`] adds.
fn called<'a>(api: &'static Api, operation: &'static str, scope: Option<Scope>, parameters: &'a [u8]) -> Call<'a> {
    Call { api, operation, scope, parameters, path: "", query: "" }
}

fn by_action<'a>(
    method: &str,
    path: &str,
    action: Action<'_>,
    scope: Option<Scope>,
    parameters: &'a [u8],
) -> Result<Call<'a>, Unidentified> {
    let signed_for = scope.as_ref().map(|scope| scope.service.as_str());
    let Some(name) = action.name.as_deref().filter(|name| !name.is_empty()) else {
        return refuse(queried(signed_for, None), names_nothing(method, path, signed_for));
    };
    let version = action.version.as_deref();
    let known = |service: &str| ALL.iter().any(|api| api.signing_name == service);
    if let Some(service) = signed_for.filter(|service| !known(service)) {
        return refuse(&ANY_QUERY, unknown_service(service, name));
    }
    let api = queried(signed_for, version);
    if api.service.is_empty() {
        return refuse(api, no_such_version(name, version));
    }
    if version.is_some_and(|version| version != api.version) {
        return refuse(api, no_such_version(name, version));
    }
    if method != "POST" && method != "GET" {
        return refuse(api, Fault::new("InvalidAction", format!("{name} is called with POST or GET, not {method}.")));
    }
    match find(api, name) {
        Some(operation) => Ok(called(api, operation, scope, parameters)),
        None if api.unlisted.contains(&name) => refuse(api, Fault::not_implemented(name)),
        None if api.protocol == Protocol::Ec2 => {
            refuse(api, Fault::new("InvalidAction", format!("The action {name} is not valid for this web service.")))
        }
        None => refuse(api, no_such_version(name, Some(api.version))),
    }
}

/// The query service a request is for: the one it was signed for, else the one of its version. Nobody's manner when
/// there is none.
fn queried(signed_for: Option<&str>, version: Option<&str>) -> &'static Api {
    let queried = |api: &&Api| matches!(api.protocol, Protocol::Query | Protocol::Ec2);
    let mut services = ALL.into_iter().chain(QUERIED).filter(queried);
    let found = match signed_for {
        Some(service) => services.find(|api| api.signing_name == service),
        None => services.find(|api| Some(api.version) == version),
    };
    found.unwrap_or(&ANY_QUERY)
}

fn find(api: &Api, name: &str) -> Option<&'static str> {
    api.operations.iter().find(|operation| **operation == name).copied()
}

fn refuse<T>(api: &'static Api, fault: Fault) -> Result<T, Unidentified> {
    Err(Unidentified { api, fault })
}

fn unknown_service(service: &str, call: &str) -> Fault {
    Fault::new("NotImplemented", format!("{call} is not implemented: there is no service {service}.")).with_status(501)
}

fn no_such_version(name: &str, version: Option<&str>) -> Fault {
    let version = version.unwrap_or("NO_VERSION_SPECIFIED");
    Fault::new("InvalidAction", format!("Could not find operation {name} for version {version}"))
}

/// No action and no target: a service of another protocol (S3, Lambda) when it is signed for one, else no AWS call.
fn names_nothing(method: &str, path: &str, signed_for: Option<&str>) -> Fault {
    match signed_for.filter(|service| !ALL.iter().any(|api| api.signing_name == *service)) {
        Some(service) => unknown_service(service, &format!("{method} {path}")),
        None => Fault::new("MissingAction", "The request is missing an action or a required parameter."),
    }
}

/// What a form says is called.
#[derive(Default)]
struct Action<'a> {
    name: Option<Cow<'a, str>>,
    version: Option<Cow<'a, str>>,
}

impl<'a> Action<'a> {
    fn read(form: &'a [u8]) -> Self {
        let mut action = Self::default();
        for (name, value) in form_urlencoded::parse(form) {
            match name.as_ref() {
                "Action" => action.name = Some(value),
                "Version" => action.version = Some(value),
                _ => {}
            }
        }
        action
    }
}

/// The manner of a JSON service nobody knows.
static ANY_JSON: Api = Api { protocol: Protocol::Json, ..NOBODY };
/// The manner of a service in CBOR nobody knows.
static ANY_CBOR: Api = Api { protocol: Protocol::Cbor, ..NOBODY };
/// The manner of a query service nobody knows.
static ANY_QUERY: Api = NOBODY;
