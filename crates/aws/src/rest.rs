//! Services that are called by method and path ("restXml protocol", Smithy): which operation a request calls, and where its members are.

use crate::api::{Api, Protocol};
use crate::doc::Doc;
use crate::element::{self, Element};
use crate::fault::Fault;
use crate::request::Call;
use percent_encoding::percent_decode_str;

/// How one operation is called, as AWS's model has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Route {
    /// The operation. Those that are not in the tables have routes, too.
    pub operation: &'static str,
    /// The HTTP method.
    pub method: &'static str,
    /// The path, with members in braces where they stand.
    pub path: &'static str,
    /// The name of the body's root element; empty where there is no body.
    pub root: &'static str,
    /// Parameters of the query string, and the members they are.
    pub query: &'static [(&'static str, &'static str)],
    /// HTTP status of its reply.
    pub status: u16,
    /// Members of the reply that are header fields, and the fields' names.
    pub headers: &'static [(&'static str, &'static str)],
}

impl Route {
    /// What there is to say of an operation that is not in the tables.
    pub(crate) const UNLISTED: Self =
        Self { operation: "", method: "", path: "", root: "", query: &[], status: 501, headers: &[] };
}

/// The service that a path is of, if it is one that is called so: each has its version in front.
pub(crate) fn service_of(path: &str, all: impl IntoIterator<Item = &'static Api>) -> Option<&'static Api> {
    let version = path.strip_prefix('/')?.split('/').next()?;
    all.into_iter().find(|api| api.protocol == Protocol::RestXml && api.version == version)
}

/// The operation at a path: of several that match it is the one with most of its path spelled out.
pub(crate) fn route_of(api: &'static Api, method: &str, path: &str) -> Option<&'static Route> {
    let matches = |route: &&Route| route.method == method && labels(route.path, path).is_some();
    api.routes.iter().filter(matches).min_by_key(|route| route.path.matches('{').count())
}

/// The members in a path, if it is of that form. A slash at the end says nothing.
fn labels<'p>(form: &'static str, path: &'p str) -> Option<Vec<(&'static str, &'p str)>> {
    let parts = |text: &'p str| text.trim_end_matches('/').split('/');
    let (mut form, mut path, mut found) = (form.trim_end_matches('/').split('/'), parts(path), Vec::new());
    loop {
        match (form.next(), path.next()) {
            (None, None) => return Some(found),
            (Some(wanted), Some(part)) => match wanted.strip_prefix('{').and_then(|name| name.strip_suffix('}')) {
                Some(name) if !part.is_empty() => found.push((name, part)),
                None if wanted == part => {}
                _ => return None,
            },
            _ => return None,
        }
    }
}

/// A request's members, wherever they stand, as one structure.
///
/// # Errors
/// `InvalidInput` for a body that is no XML, `MalformedInput` for another document than the operation's.
pub(crate) fn read(call: &Call<'_>) -> Result<Doc, Fault> {
    let Some(route) = call.api.routes.iter().find(|route| route.operation == call.operation) else {
        return call.api.parse(call.parameters);
    };
    let mut members = body(route, call.parameters)?;
    for (name, value) in form_urlencoded::parse(call.query.as_bytes()) {
        if let Some((_, member)) = route.query.iter().find(|(parameter, _)| *parameter == name) {
            members.put(member, Element::of(value.into_owned()));
        }
    }
    for (member, value) in labels(route.path, call.path).unwrap_or_default() {
        let value = percent_decode_str(value).decode_utf8_lossy();
        // An id may come as replies have it, with what it is of in front: `/hostedzone/Z1D633PJN98FT9`.
        let id = value.rsplit('/').next().unwrap_or_default();
        members.put(member, Element::of(id.to_owned()));
    }
    Ok(Doc::Element(members))
}

/// An operation without members of its own in the body may be called without one.
fn body(route: &Route, body: &[u8]) -> Result<Element, Fault> {
    if route.root.is_empty() || body.iter().all(u8::is_ascii_whitespace) {
        return Ok(Element::default());
    }
    let (root, members) = element::read(body, Api::MAX_DEPTH, Api::MAX_VALUES)?;
    match root == route.root {
        true => Ok(members),
        false => Err(Fault::new("MalformedInput", format!("{root} is not valid, expected {}", route.root))),
    }
}
