//! What the load balancer answers itself: error pages, fixed responses, redirects ("HTTP status codes", Application Load Balancers guide).

use std::{borrow::Cow, io::Write};

/// Why a request is not answered by a target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// 400: the request is malformed, too large, or broke off.
    Malformed,
    /// 405: not for load balancers.
    MethodNotAllowed,
    /// 408: the client sent nothing for the idle timeout.
    ClientTimeout,
    /// 414: the request's line is too long.
    UriTooLong,
    /// 463: more than 30 addresses in `X-Forwarded-For`.
    TooManyAddresses,
    /// 464: the request is of a version of HTTP that targets of its group don't take.
    Incompatible,
    /// 500: a rewrite gave what is no host or URL.
    Internal,
    /// 501: a transfer coding that isn't known.
    NotImplemented,
    /// 502: the target did not answer in HTTP, refused or broke the connection.
    BadGateway,
    /// 503: no target.
    Unavailable,
    /// 503 of a proxy of Service Connect: none could be connected to, so none has got any of the request.
    Unreached,
    /// 504: the target did not answer in time.
    GatewayTimeout,
    /// 505: a version of HTTP that isn't known.
    Version,
}

impl Refusal {
    /// The code and the words behind it.
    pub(crate) fn status(self) -> (u16, &'static str) {
        match self {
            Self::Malformed => (400, "Bad Request"),
            Self::MethodNotAllowed => (405, "Not Allowed"),
            Self::ClientTimeout => (408, "Request Time-out"),
            Self::UriTooLong => (414, "Request-URI Too Large"),
            Self::TooManyAddresses => (463, ""),
            Self::Incompatible => (464, ""),
            Self::Internal => (500, "Internal Server Error"),
            Self::NotImplemented => (501, "Not Implemented"),
            Self::BadGateway => (502, "Bad Gateway"),
            Self::Unavailable | Self::Unreached => (503, "Service Temporarily Unavailable"),
            Self::GatewayTimeout => (504, "Gateway Time-out"),
            Self::Version => (505, "HTTP Version Not Supported"),
        }
    }

    /// Whether no target has got any of the request.
    pub(crate) fn is_before_any(self) -> bool {
        matches!(self, Self::Unavailable | Self::Unreached)
    }

    /// Whether what the client sends next can't be relied on.
    pub(crate) fn ends_connection(self) -> bool {
        matches!(self, Self::Malformed | Self::ClientTimeout | Self::UriTooLong | Self::NotImplemented | Self::Version)
    }
}

/// An answer without a target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answer {
    /// The status code.
    pub status: u16,
    /// What stands behind it.
    pub reason: &'static str,
    /// The value of `Location`.
    pub location: Option<String>,
    /// The value of `Content-Type`; without one, `text/html`.
    pub content_type: Option<String>,
    /// The body; none is the page of the status.
    pub body: Option<String>,
    /// The value of `Server`, if it is said.
    pub server: Option<&'static str>,
    /// Whether the proxy that sent the request is told that it can be sent again ([`UNSENT`]).
    pub unsent: bool,
}

/// By what one proxy of Service Connect tells another that the application has got nothing of a request. Nobody else can say so: it is never
/// passed on.
pub(crate) const UNSENT_NAME: &str = "X-Neargate-Unsent";
const UNSENT: &str = "\r\nX-Neargate-Unsent: 1\r\n";

/// Whether the head of an answer says that.
pub(crate) fn is_unsent(head: &[u8]) -> bool {
    head.starts_with(b"HTTP/1.1 503 ") && memchr::memmem::find(head, UNSENT.as_bytes()).is_some()
}

/// What load balancers call themselves.
const SERVER: Option<&str> = Some("awselb/2.0");

impl From<Refusal> for Answer {
    fn from(refusal: Refusal) -> Self {
        let (status, reason) = refusal.status();
        Self { status, reason, location: None, content_type: None, body: None, server: SERVER, unsent: false }
    }
}

impl Answer {
    /// A redirect.
    pub(crate) fn redirect(status: u16, location: String) -> Self {
        let reason = if status == 301 { "Moved Permanently" } else { "Found" };
        Self { status, reason, location: Some(location), content_type: None, body: None, server: SERVER, unsent: false }
    }

    /// A fixed response.
    pub(crate) fn fixed(status: u16, content_type: &str, body: &str) -> Self {
        Self {
            status,
            reason: reason(status),
            location: None,
            content_type: Some(content_type.to_owned()),
            body: Some(body.to_owned()),
            server: SERVER,
            unsent: false,
        }
    }

    /// What a proxy of Service Connect answers: Envoy's words ("Response flags" and "Local reply modification", Envoy).
    pub(crate) fn of_mesh(refusal: Refusal) -> Self {
        let (status, words) = match refusal {
            Refusal::BadGateway | Refusal::Unreached => {
                (503, "upstream connect error or disconnect/reset before headers")
            }
            Refusal::Unavailable => (503, "no healthy upstream"),
            Refusal::GatewayTimeout => (504, "upstream request timeout"),
            other => other.status(),
        };
        Self { server: None, ..Self::fixed(status, "text/plain", words) }
    }

    /// Its body: what was configured, or the page of its status.
    pub(crate) fn content(&self) -> Cow<'_, str> {
        match &self.body {
            Some(body) => Cow::Borrowed(body),
            None => Cow::Owned(html(self.status, self.reason)),
        }
    }

    /// Appends the whole answer. `date` is the value of `Date`.
    pub(crate) fn append(&self, out: &mut Vec<u8>, date: &str, keep_alive: bool, is_head: bool) {
        let body = self.content();
        let content_type = self.content_type.as_deref().unwrap_or("text/html");
        let connection = if keep_alive { "keep-alive" } else { "close" };
        let has_body = self.status != 204;
        // Writing to memory does not fail.
        let _ = write!(out, "HTTP/1.1 {} {}\r\n", self.status, self.reason);
        if let Some(server) = self.server {
            let _ = write!(out, "Server: {server}\r\n");
        }
        let _ = write!(out, "Date: {date}\r\n");
        if has_body {
            let _ = write!(out, "Content-Type: {content_type}\r\nContent-Length: {}\r\n", body.len());
        }
        let _ = write!(out, "Connection: {connection}\r\n");
        if self.unsent {
            out.extend_from_slice(UNSENT.trim_start().as_bytes());
        }
        if let Some(location) = &self.location {
            let _ = write!(out, "Location: {location}\r\n");
        }
        out.extend_from_slice(b"\r\n");
        if has_body && !is_head {
            out.extend_from_slice(body.as_bytes());
        }
    }
}

fn html(status: u16, reason: &str) -> String {
    let title = if reason.is_empty() { status.to_string() } else { format!("{status} {reason}") };
    format!(
        "<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n<center><h1>{title}</h1></center>\r\n</body>\r\n</html>\r\n"
    )
}

/// The words of a status code that somebody configured (RFC 9110, 15). Others have none, which HTTP allows.
fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        201 => "Created",
        202 => "Accepted",
        204 => "No Content",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        408 => "Request Timeout",
        409 => "Conflict",
        410 => "Gone",
        414 => "URI Too Long",
        429 => "Too Many Requests",
        500 => "Internal Server Error",
        501 => "Not Implemented",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(answer: &Answer, keep_alive: bool, is_head: bool) -> String {
        let mut out = Vec::new();
        answer.append(&mut out, "Sat, 28 Nov 2026 01:34:37 GMT", keep_alive, is_head);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn pages_have_the_lengths_that_clients_know() {
        for (refusal, length) in [
            (Refusal::BadGateway, 122),
            (Refusal::Unavailable, 162),
            (Refusal::GatewayTimeout, 132),
            (Refusal::Malformed, 122),
        ] {
            let text = text(&refusal.into(), true, false);
            assert!(text.contains(&format!("\r\nContent-Length: {length}\r\n")), "{text}");
            assert_eq!(text.split_once("\r\n\r\n").unwrap().1.len(), length);
        }
    }

    #[test]
    fn redirects_and_fixed_responses() {
        let moved = text(&Answer::redirect(301, "https://a:443/".into()), true, false);
        assert!(moved.starts_with(
            "HTTP/1.1 301 Moved Permanently\r\nServer: awselb/2.0\r\nDate: Sat, 28 Nov 2026 01:34:37 GMT\r\n"
        ));
        assert!(
            moved.contains(
                "\r\nContent-Length: 134\r\nConnection: keep-alive\r\nLocation: https://a:443/\r\n\r\n<html>"
            )
        );
        let fixed = Answer::fixed(404, "text/plain", "nothing here");
        assert!(text(&fixed, false, false).ends_with("Content-Length: 12\r\nConnection: close\r\n\r\nnothing here"));
        assert!(text(&fixed, false, true).ends_with("Content-Length: 12\r\nConnection: close\r\n\r\n"));
        assert!(!text(&Answer::fixed(204, "text/plain", ""), true, false).contains("Content-Length"));
    }
}
