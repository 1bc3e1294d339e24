//! Heads of HTTP/2 to and from the form in which they are decided about. Pure.
//!
//! A target gets nothing but what was written here: what would be read differently in HTTP/1.1 is refused (RFC 9113, 10.3).

use crate::{
    http1::{
        FIELDS, Framed, HEAD_LIMIT, LINE_LIMIT, body::Reading, is_authority, passing, request::Request,
        response::Response,
    },
    page::{Answer, Refusal},
};
use http::{HeaderMap, HeaderName, HeaderValue, header, request::Parts};

/// A field's name, its value and what HTTP/1.1 has around them.
const AROUND: usize = 4;

/// The values of all `cookie` fields as one, if there are more (RFC 9113, 8.2.3).
pub(super) fn cookies(fields: &HeaderMap) -> Option<Vec<u8>> {
    let mut values = fields.get_all(header::COOKIE).iter();
    let (first, second) = (values.next()?, values.next()?);
    let mut joined = first.as_bytes().to_vec();
    for value in std::iter::once(second).chain(values) {
        joined.extend_from_slice(b"; ");
        joined.extend_from_slice(value.as_bytes());
    }
    Some(joined)
}

/// A request's head as it is decided about, and how large it is in HTTP/1.1. `cookies` is [`cookies`]' answer, `room` is for the fields.
pub(super) fn read<'r, 'b>(
    parts: &'b Parts,
    has_body: bool,
    cookies: Option<&'b [u8]>,
    room: &'r mut Vec<httparse::Header<'b>>,
) -> Result<(Request<'r, 'b>, usize), Refusal> {
    let method = parts.method.as_str();
    if method == "TRACE" || method == "CONNECT" {
        return Err(Refusal::MethodNotAllowed);
    }
    let target = parts.uri.path_and_query().map_or("", |target| target.as_str());
    if target.len() > LINE_LIMIT {
        return Err(Refusal::UriTooLong);
    }
    let is_target = target.starts_with('/') || target == "*" && method == "OPTIONS";
    if !is_target || !target.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(Refusal::Malformed);
    }
    let mut length = method.len() + target.len();
    let mut is_cookie_there = false;
    for (name, value) in &parts.headers {
        let value = match cookies {
            Some(_) if *name == header::COOKIE && std::mem::replace(&mut is_cookie_there, true) => continue,
            Some(joined) if *name == header::COOKIE => joined,
            _ => value.as_bytes(),
        };
        let size = name.as_str().len() + value.len() + AROUND;
        length += size;
        if size > LINE_LIMIT || room.len() == FIELDS || is_of_connection(name, value) || !is_value(value) {
            return Err(Refusal::Malformed);
        }
        room.push(httparse::Header { name: name.as_str(), value });
    }
    if length > HEAD_LIMIT {
        return Err(Refusal::Malformed);
    }
    let fields: &'r [httparse::Header<'b>] = room;
    let host = host(parts)?;
    let body = match Framed::read(fields).map_err(|_| Refusal::Malformed)?.length {
        Some(length) if has_body || length == 0 => Reading::Length(length),
        Some(_) => return Err(Refusal::Malformed),
        None if has_body => Reading::CHUNKED,
        None => Reading::NONE,
    };
    let expects =
        parts.headers.get(header::EXPECT).is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"100-continue"));
    let request = Request {
        method,
        target: target.into(),
        fields,
        names_fields: false,
        host,
        is_11: true,
        is_2: true,
        body,
        keep_alive: true,
        expects_continue: expects && has_body,
        upgrade: None,
    };
    Ok((request, length))
}

/// Host and port it is for: `:authority` or `host`, which say the same if both are there (RFC 9113, 8.3.1).
fn host(parts: &Parts) -> Result<&str, Refusal> {
    let mut fields = parts.headers.get_all(header::HOST).iter();
    let field = fields.next().map(|value| value.to_str().map_err(|_| Refusal::Malformed)).transpose()?;
    if fields.next().is_some() {
        return Err(Refusal::Malformed);
    }
    let host = match (parts.uri.authority().map(|authority| authority.as_str()), field) {
        (Some(authority), Some(field)) if !authority.eq_ignore_ascii_case(field) => return Err(Refusal::Malformed),
        (Some(host), _) | (None, Some(host)) => host,
        (None, None) => return Err(Refusal::Malformed),
    };
    if is_authority(host) { Ok(host) } else { Err(Refusal::Malformed) }
}

/// Fields that no message of HTTP/2 has (RFC 9113, 8.2.2).
fn is_of_connection(name: &HeaderName, value: &[u8]) -> bool {
    match name.as_str() {
        "connection" | "keep-alive" | "proxy-connection" | "transfer-encoding" | "upgrade" => true,
        "te" => !value.eq_ignore_ascii_case(b"trailers"),
        _ => false,
    }
}

/// RFC 9113, 8.2.1.
fn is_value(value: &[u8]) -> bool {
    let is_blank = |byte: Option<&u8>| matches!(byte, Some(b' ' | b'\t'));
    !is_blank(value.first()) && !is_blank(value.last()) && !value.iter().any(|byte| matches!(byte, b'\r' | b'\n' | 0))
}

/// The head for a target that speaks HTTP/2, from the one for a target that speaks HTTP/1.1. None if HTTP/2 can't say it.
pub(super) fn request(head: &[u8], tls: bool, takes_trailers: bool) -> Option<http::Request<()>> {
    /// The load balancer adds some.
    const ROOM: usize = FIELDS + 16;
    let mut room = vec![httparse::EMPTY_HEADER; ROOM];
    let mut parsed = httparse::Request::new(&mut room);
    if !parsed.parse(head).ok()?.is_complete() {
        return None;
    }
    let host = parsed.headers.iter().find(|field| field.name.eq_ignore_ascii_case("host"))?.value;
    let uri = http::Uri::builder()
        .scheme(if tls { "https" } else { "http" })
        .authority(host)
        .path_and_query(parsed.path?)
        .build()
        .ok()?;
    let mut request = http::Request::new(());
    *request.method_mut() = parsed.method?.parse().ok()?;
    (*request.uri_mut(), *request.version_mut()) = (uri, http::Version::HTTP_2);
    let fields = request.headers_mut();
    fields.reserve(parsed.headers.len());
    for field in parsed.headers.iter() {
        let name = HeaderName::from_bytes(field.name.as_bytes()).ok()?;
        if name != header::HOST && name != header::TRANSFER_ENCODING {
            fields.append(name, HeaderValue::from_bytes(field.value).ok()?);
        }
    }
    if takes_trailers {
        fields.insert(header::TE, HeaderValue::from_static("trailers"));
    }
    Some(request)
}

/// What is made of the cookies that a target's head sets.
pub(super) fn held<T>(fields: &HeaderMap, make: impl FnOnce(&[httparse::Header<'_>]) -> T) -> T {
    let set = fields.get_all(header::SET_COOKIE).iter();
    make(&set.map(|value| httparse::Header { name: "set-cookie", value: value.as_bytes() }).collect::<Vec<_>>())
}

/// Adds to a target's head what the client gets beside it.
pub(super) fn complete(fields: &mut HeaderMap, cookies: &[String], date: impl FnOnce() -> String) {
    // Both are written here, of letters that fields may have.
    if !fields.contains_key(header::DATE)
        && let Ok(date) = HeaderValue::try_from(date())
    {
        fields.insert(header::DATE, date);
    }
    for cookie in cookies.iter().filter_map(|cookie| HeaderValue::from_str(cookie).ok()) {
        fields.append(header::SET_COOKIE, cookie);
    }
}

/// An interim answer as the client gets it. None if it has what HTTP/2 can't say.
pub(super) fn interim(response: &Response<'_, '_>) -> Option<http::Response<()>> {
    let mut head = http::Response::new(());
    *head.status_mut() = http::StatusCode::from_u16(response.status).ok()?;
    append(head.headers_mut(), response)?;
    Some(head)
}

/// Appends the fields of an answer that go on to the client.
fn append(fields: &mut HeaderMap, response: &Response<'_, '_>) -> Option<()> {
    for field in passing(response.fields, response.names_fields) {
        fields.append(HeaderName::from_bytes(field.name.as_bytes()).ok()?, HeaderValue::from_bytes(field.value).ok()?);
    }
    Some(())
}

/// The answer's head as the client gets it. None if it has what HTTP/2 can't say.
pub(super) fn response(
    response: &Response<'_, '_>,
    cookies: &[String],
    date: impl FnOnce() -> String,
) -> Option<http::Response<()>> {
    let mut head = http::Response::new(());
    *head.status_mut() = http::StatusCode::from_u16(response.status).ok()?;
    let fields = head.headers_mut();
    fields.reserve(response.fields.len() + cookies.len() + 1);
    if !response.fields.iter().any(|field| field.name.eq_ignore_ascii_case("date")) {
        fields.insert(header::DATE, HeaderValue::try_from(date()).ok()?);
    }
    append(fields, response)?;
    for cookie in cookies {
        fields.append(header::SET_COOKIE, HeaderValue::from_str(cookie).ok()?);
    }
    if let Some(length) = response.length.filter(|_| response.status != 204) {
        fields.insert(header::CONTENT_LENGTH, length.into());
    }
    Some(head)
}

/// An answer of the load balancer's own, with its content.
pub(super) fn answer(answer: &Answer, date: &str) -> Option<(http::Response<()>, String)> {
    let mut head = http::Response::new(());
    *head.status_mut() = http::StatusCode::from_u16(answer.status).ok()?;
    let content = if answer.status == 204 { String::new() } else { answer.content().into_owned() };
    let fields = head.headers_mut();
    if let Some(server) = answer.server {
        fields.insert(header::SERVER, HeaderValue::from_static(server));
    }
    fields.insert(header::DATE, HeaderValue::from_str(date).ok()?);
    if answer.status != 204 {
        let content_type = answer.content_type.as_deref().unwrap_or("text/html");
        fields.insert(header::CONTENT_TYPE, HeaderValue::from_str(content_type).ok()?);
        fields.insert(header::CONTENT_LENGTH, content.len().into());
    }
    if let Some(location) = &answer.location {
        fields.insert(header::LOCATION, HeaderValue::from_str(location).ok()?);
    }
    Some((head, content))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        heads::{HeadSettings, Passage, append_request},
        http1::room,
    };
    use proptest::prelude::*;
    use spec::balancing::XffProcessing;

    const SETTINGS: HeadSettings = HeadSettings {
        drop_invalid_header_fields: false,
        preserve_host_header: false,
        xff_processing: XffProcessing::Append,
        xff_client_port: false,
        tls_headers: false,
        mesh: false,
    };

    /// What a target that speaks HTTP/1.1 gets of a head, and the request's own length.
    fn written(parts: &Parts, has_body: bool) -> Result<(Vec<u8>, usize), Refusal> {
        let (cookies, mut fields, mut out) = (cookies(&parts.headers), Vec::new(), Vec::new());
        let (request, length) = read(parts, has_body, cookies.as_deref(), &mut fields)?;
        let passage = Passage {
            settings: &SETTINGS,
            port: 443,
            protocol: "https",
            tls: None,
            client: ([192, 0, 2, 1], 1).into(),
            host: request.host,
            target: &request.target,
            now: 0,
            chance: 0,
            head_length: length,
        };
        append_request(&mut out, &request, &passage)?;
        Ok((out, length))
    }

    fn parts(method: &str, path: &str, fields: &[(&str, &str)]) -> Parts {
        let mut request = http::Request::builder().method(method).uri(format!("http://a.test{path}"));
        for (name, value) in fields {
            request = request.header(*name, *value);
        }
        request.body(()).unwrap().into_parts().0
    }

    #[test]
    fn what_is_refused() {
        let refused =
            |method: &str, path: &str, fields: &[(&str, &str)]| written(&parts(method, path, fields), true).err();
        assert_eq!(refused("GET", "/", &[]), None);
        assert_eq!(refused("TRACE", "/", &[]), Some(Refusal::MethodNotAllowed));
        assert_eq!(refused("GET", &format!("/{}", "x".repeat(17_000)), &[]), Some(Refusal::UriTooLong));
        for fields in [
            &[("connection", "close")][..],
            &[("te", "gzip")],
            &[("host", "b.test")],
            &[("host", "a.test"), ("host", "a.test")],
            &[("content-length", "1"), ("content-length", "2")],
            &[("content-length", "-1")],
            &[("x", "y ")],
            &[("x", &"y".repeat(17_000))],
        ] {
            assert_eq!(refused("POST", "/", fields), Some(Refusal::Malformed), "{fields:?}");
        }
        let many: Vec<_> = (0..257).map(|number| (format!("x-{number}"), "y")).collect();
        let many: Vec<_> = many.iter().map(|(name, value)| (name.as_str(), *value)).collect();
        assert_eq!(refused("GET", "/", &many), Some(Refusal::Malformed));
        assert_eq!(written(&parts("GET", "/", &[("content-length", "3")]), false).err(), Some(Refusal::Malformed));
    }

    #[test]
    fn a_head_for_http2_has_no_framing_of_http1() {
        let (out, _) = written(&parts("POST", "/a?b", &[("te", "trailers"), ("x", "y")]), true).unwrap();
        let request = request(&out, false, true).unwrap();
        assert_eq!((request.uri().to_string(), request.method().as_str()), ("http://a.test/a?b".into(), "POST"));
        assert_eq!(
            (&request.headers()["te"], &request.headers()["x"]),
            (&HeaderValue::from_static("trailers"), &HeaderValue::from_static("y"))
        );
        assert!(!request.headers().contains_key("host") && !request.headers().contains_key("transfer-encoding"));
    }

    proptest! {
        /// Whatever the `http` crate lets through, a target reads one request with the fields that were sent and one framing.
        #[test]
        fn one_request_in_one_request_out(
            method in "[!#$%&'*+.^_`|~0-9A-Za-z-]{1,8}",
            path in "[ -~]{0,12}",
            fields in prop::collection::vec(("[!#$%&'*+.^_`|~0-9a-z-]{1,8}|content-length|cookie|host|te", prop::collection::vec(any::<u8>(), 0..8)), 0..6),
            has_body in any::<bool>(),
        ) {
            let mut request = http::Request::builder().method(&*method).uri(format!("http://a.test/{path}"));
            for (name, value) in &fields {
                request = request.header(&**name, &**value);
            }
            let Ok(request) = request.body(()) else { return Ok(()) };
            let parts = request.into_parts().0;
            let Ok((out, _)) = written(&parts, has_body) else { return Ok(()) };
            let mut room = room();
            let read = crate::http1::request::Request::read(&out, &mut room);
            let read = read.expect("what a target can read");
            prop_assert_eq!(crate::http1::head_length(&out, 0), Some(out.len()));
            prop_assert_eq!((read.method, Some(&*read.target)), (&*method, parts.uri.path_and_query().map(|target| target.as_str())));
            prop_assert_eq!(read.host, "a.test");
            prop_assert_eq!(read.body != Reading::NONE, has_body && parts.headers.get("content-length").is_none_or(|length| length != "0"));
        }
    }
}
