//! A request's head as it came.

use super::{BadFraming, Framed, HEAD_LIMIT, LINE_LIMIT, Room, body::Reading, is_authority, members, number};
use crate::page::Refusal;
use std::borrow::Cow;

/// A request's head, taken apart.
#[derive(Debug)]
pub(crate) struct Request<'r, 'b> {
    /// The method.
    pub method: &'b str,
    /// Path and query, from `/` on; `*` for what is asked of the server as a whole.
    pub target: Cow<'b, str>,
    /// The fields, in their order.
    pub fields: &'r [httparse::Header<'b>],
    /// Whether `Connection` names some of them.
    pub names_fields: bool,
    /// Host and port it is for, as the client says it; empty if it does not, which HTTP/1.0 allows.
    pub host: &'b str,
    /// Whether it is of HTTP/1.1, or of HTTP/2.
    pub is_11: bool,
    /// Whether it is of HTTP/2.
    pub is_2: bool,
    /// Its body, not yet read.
    pub body: Reading,
    /// Whether the client wants to send another one over its connection.
    pub keep_alive: bool,
    /// Whether it waits for a `100 Continue` before it sends the body.
    pub expects_continue: bool,
    /// The protocol it wants to go on with, such as `websocket`.
    pub upgrade: Option<&'b [u8]>,
}

/// Whether what came so far can still become a head within the limits.
pub(crate) fn within_limits(bytes: &[u8]) -> Result<(), Refusal> {
    if memchr::memchr(b'\n', &bytes[..bytes.len().min(LINE_LIMIT)]).is_none() && bytes.len() > LINE_LIMIT {
        return Err(Refusal::UriTooLong);
    }
    if bytes.len() > HEAD_LIMIT { Err(Refusal::Malformed) } else { Ok(()) }
}

impl<'r, 'b> Request<'r, 'b> {
    /// Reads a whole head.
    pub(crate) fn read(head: &'b [u8], room: &'r mut Room<'b>) -> Result<Self, Refusal> {
        within_limits(head)?;
        let mut parsed = httparse::Request::new(&mut []);
        match parsed.parse_with_uninit_headers(head, room) {
            Ok(httparse::Status::Complete(_)) => {}
            Err(httparse::Error::Version) if names_a_version(head) => return Err(Refusal::Version),
            Ok(httparse::Status::Partial) | Err(_) => return Err(Refusal::Malformed),
        }
        let (Some(method), Some(target), Some(minor)) = (parsed.method, parsed.path, parsed.version) else {
            return Err(Refusal::Malformed);
        };
        let fields: &'r [httparse::Header<'b>] = parsed.headers;
        if fields.iter().any(|field| field.name.len() + field.value.len() + 4 > LINE_LIMIT) {
            return Err(Refusal::Malformed);
        }
        // TRACE shows what is not the client's to see; CONNECT is for proxies of another kind.
        if method == "TRACE" || method == "CONNECT" {
            return Err(Refusal::MethodNotAllowed);
        }
        let is_11 = minor == 1;
        let framed = Framed::read(fields).map_err(|bad| match bad {
            BadFraming::Coding => Refusal::NotImplemented,
            BadFraming::Length | BadFraming::Chunked => Refusal::Malformed,
        })?;
        let body = match framed.length {
            // HTTP/1.0 has no codings: who sends one, and how others read it, can't be told.
            _ if framed.chunked && !is_11 => return Err(Refusal::Malformed),
            _ if framed.chunked => Reading::CHUNKED,
            Some(length) => Reading::Length(length),
            None => Reading::NONE,
        };
        let (target, authority) = split(method, target).ok_or(Refusal::Malformed)?;
        let mut hosts = fields.iter().filter(|field| field.name.eq_ignore_ascii_case("host"));
        let host = match hosts.next() {
            Some(field) => std::str::from_utf8(field.value).map_err(|_| Refusal::Malformed)?.trim_ascii(),
            None if is_11 => return Err(Refusal::Malformed),
            None => "",
        };
        let host = authority.unwrap_or(host);
        if !host.is_empty() && !is_authority(host) {
            return Err(Refusal::Malformed);
        }
        let value =
            |name: &str| fields.iter().find(|field| field.name.eq_ignore_ascii_case(name)).map(|field| field.value);
        Ok(Self {
            method,
            target,
            fields,
            names_fields: framed.names_fields,
            host,
            is_11,
            is_2: false,
            expects_continue: is_11
                && !body.is_done()
                && value("expect").is_some_and(|value| value.eq_ignore_ascii_case(b"100-continue")),
            body,
            keep_alive: if is_11 { !framed.close } else { framed.keep && !framed.close },
            // HTTP/2 by this way is obsolete (RFC 9113, 3.1), and requests in it would meet no rule.
            upgrade: value("upgrade").filter(|protocols| {
                is_11 && framed.upgrade && !members(protocols).any(|one| one.eq_ignore_ascii_case(b"h2c"))
            }),
        })
    }

    /// The path alone.
    pub(crate) fn path(&self) -> &str {
        self.target.split_once('?').map_or(&self.target, |(path, _)| path)
    }

    /// The query, without `?`.
    pub(crate) fn query(&self) -> &str {
        self.target.split_once('?').map_or("", |(_, query)| query)
    }

    /// Whether it calls a method by gRPC ("gRPC over HTTP2", gRPC).
    pub(crate) fn is_grpc(&self) -> bool {
        const TYPE: &[u8] = b"application/grpc";
        self.values("content-type").next().is_some_and(|value| {
            value.get(..TYPE.len()).is_some_and(|start| start.eq_ignore_ascii_case(TYPE))
                && matches!(value.get(TYPE.len()), None | Some(b'+' | b';' | b' '))
        })
    }

    /// How often a question about what the server can do may be passed on (RFC 9110, 7.6.2).
    pub(crate) fn forwards_left(&self) -> Option<u64> {
        if self.method != "OPTIONS" {
            return None;
        }
        self.values("max-forwards").next().and_then(number)
    }

    /// The values of a field, in their order.
    pub(crate) fn values(&self, name: &str) -> impl Iterator<Item = &'b [u8]> {
        self.fields.iter().filter(move |field| field.name.eq_ignore_ascii_case(name)).map(|field| field.value)
    }
}

/// Path and query, and the authority of a target in absolute form.
fn split<'t>(method: &str, target: &'t str) -> Option<(Cow<'t, str>, Option<&'t str>)> {
    if target.starts_with('/') || (target == "*" && method == "OPTIONS") {
        return Some((target.into(), None));
    }
    let rest = ["http://", "https://"].iter().find_map(|scheme| {
        target.get(..scheme.len()).filter(|start| start.eq_ignore_ascii_case(scheme)).map(|_| &target[scheme.len()..])
    })?;
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    let path = match path {
        // What is asked of the server as a whole (RFC 9112, 3.2.4).
        "" if method == "OPTIONS" => "*".into(),
        "" => "/".into(),
        query if query.starts_with('?') => format!("/{query}").into(),
        path => path.into(),
    };
    (!authority.is_empty()).then_some((path, Some(authority)))
}

/// Whether the first line is a request's and ends with a version of HTTP, only none that is spoken here.
fn names_a_version(head: &[u8]) -> bool {
    let line = head.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let mut parts = line.strip_suffix(b"\r").unwrap_or(line).split(|byte| *byte == b' ');
    let (Some([_, ..]), Some([_, ..]), Some(version), None) = (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return false;
    };
    matches!(version, [b'H', b'T', b'T', b'P', b'/', major, b'.', minor] if major.is_ascii_digit() && minor.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::{super::room, *};
    use proptest::prelude::*;

    fn refused(head: &str) -> Refusal {
        Request::read(head.as_bytes(), &mut room()).expect_err(head)
    }

    #[test]
    fn targets_in_all_forms() {
        let read = |line: &str| {
            let head = format!("{line} HTTP/1.1\r\nHost: in.header:81\r\n\r\n");
            let mut room = room();
            let request = Request::read(head.as_bytes(), &mut room).unwrap();
            format!("{} {} {}", request.host, request.path(), request.query())
        };
        assert_eq!(read("GET /a/b?c=d?e"), "in.header:81 /a/b c=d?e");
        assert_eq!(read("GET HTTP://other:80/a?b"), "other:80 /a b");
        assert_eq!(read("GET http://other"), "other / ");
        assert_eq!(read("GET http://other?a/b"), "other / a/b");
        assert_eq!(read("OPTIONS *"), "in.header:81 * ");
        assert_eq!(read("OPTIONS http://other"), "other * ");
        assert_eq!(read("OPTIONS http://other/"), "other / ");
    }

    #[test]
    fn what_is_refused() {
        let get = |fields: &str| format!("GET / HTTP/1.1\r\n{fields}\r\n");
        assert_eq!(refused("TRACE / HTTP/1.1\r\nHost: a\r\n\r\n"), Refusal::MethodNotAllowed);
        assert_eq!(refused("GET / HTTP/2.0\r\nHost: a\r\n\r\n"), Refusal::Version);
        assert_eq!(refused("GET / HTTQ/1.1\r\nHost: a\r\n\r\n"), Refusal::Malformed);
        assert_eq!(refused("GET /\r\n\r\n"), Refusal::Malformed);
        assert_eq!(refused("GET * HTTP/1.1\r\nHost: a\r\n\r\n"), Refusal::Malformed);
        assert_eq!(refused("GET a:80 HTTP/1.1\r\nHost: a\r\n\r\n"), Refusal::Malformed);
        assert_eq!(refused(&get("")), Refusal::Malformed);
        assert_eq!(refused(&get("Host: a b\r\n")), Refusal::Malformed);
        assert_eq!(refused(&get("Host: a\r\nX : b\r\n")), Refusal::Malformed);
        assert_eq!(refused(&get("Host: a\r\nX: b\r\n c\r\n")), Refusal::Malformed);
        assert_eq!(refused(&get("Host: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n")), Refusal::Malformed);
        assert_eq!(refused(&get("Host: a\r\nContent-Length: +1\r\n")), Refusal::Malformed);
        assert_eq!(refused(&get("Host: a\r\nTransfer-Encoding: gzip, chunked\r\n")), Refusal::NotImplemented);
        assert_eq!(refused(&get("Host: a\r\nTransfer-Encoding: chunked, chunked\r\n")), Refusal::Malformed);
        assert_eq!(refused("GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"), Refusal::Malformed);
        assert_eq!(refused(&get(&format!("Host: a\r\nX: {}\r\n", "x".repeat(17_000)))), Refusal::Malformed);
        assert_eq!(refused(&get(&format!("Host: a\r\n{}", "X: 1234567\r\n".repeat(6_000)))), Refusal::Malformed);
        assert_eq!(refused(&format!("GET /{} HTTP/1.1\r\nHost: a\r\n\r\n", "x".repeat(17_000))), Refusal::UriTooLong);
    }

    #[test]
    fn connections_and_bodies() {
        let read = |version: &str, fields: &str| {
            let head = format!("POST / HTTP/{version}\r\nHost: a\r\n{fields}\r\n");
            let mut room = room();
            let request = Request::read(head.as_bytes(), &mut room).unwrap();
            (request.keep_alive, request.body.clone())
        };
        assert_eq!(read("1.1", ""), (true, Reading::NONE));
        assert_eq!(read("1.1", "Connection: foo, Close\r\n"), (false, Reading::NONE));
        assert_eq!(read("1.0", ""), (false, Reading::NONE));
        assert_eq!(read("1.0", "Connection: keep-alive\r\n"), (true, Reading::NONE));
        assert_eq!(read("1.1", "Content-Length: 7, 7\r\n"), (true, Reading::Length(7)));
        assert_eq!(read("1.1", "Content-Length: 7\r\nTransfer-Encoding: Chunked\r\n"), (true, Reading::CHUNKED));
        assert_eq!(read("1.1", "Transfer-Encoding: identity\r\nContent-Length: 7\r\n"), (true, Reading::Length(7)));
    }

    proptest! {
        #[test]
        fn never_panics(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let _ = Request::read(&bytes, &mut room());
        }

        #[test]
        fn never_panics_on_what_is_almost_a_head(
            method in "[A-Z ]{0,6}", target in "[ -~]{0,20}", version in "HTTP/[0-9.]{0,3}", fields in "([ -~]{0,20}[:\r\n]{1,3}){0,4}",
        ) {
            let _ = Request::read(format!("{method} {target} {version}\r\n{fields}\r\n\r\n").as_bytes(), &mut room());
        }
    }
}
