//! A line of an access log ("Access log entries", Application Load Balancers guide). Pure.
//!
//! What clients sent stands in quotes with its quotes, backslashes and everything that is not printable ASCII as `\xNN`, so that a line is
//! one whatever they sent.

use crate::{
    config::Listener,
    decide::Tally,
    http1::{request::Request, room},
    tls::Agreed,
};
use http_desync_guardian::RequestSafetyTier;
use std::{
    io::Write,
    net::SocketAddr,
    sync::Arc,
    time::{Duration, SystemTime},
};

/// The most of a `User-Agent` that is logged.
const AGENT: usize = 8 << 10;

/// What a client was greeted with over TLS.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Presented {
    /// The name that it asked for, if there is a certificate for it.
    pub domain: Option<Arc<str>>,
    /// The ARN of the certificate it was shown; none if it had come before and was not shown one.
    pub certificate: Option<Arc<str>>,
}

/// A request as the client wrote it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asked<'a> {
    pub method: &'a str,
    pub host: &'a str,
    pub target: &'a str,
    pub version: &'a str,
    pub agent: Option<&'a [u8]>,
}

/// Everything a line says.
#[derive(Debug)]
pub(crate) struct Line<'a> {
    pub listener: &'a Listener,
    /// `http`, `https`, `h2`, `grpcs`, `ws` or `wss`.
    pub kind: &'a str,
    pub begun: SystemTime,
    pub ended: SystemTime,
    pub client: SocketAddr,
    pub target: Option<SocketAddr>,
    /// Until a target had the request, until it answered, until the client was answered; none if no target answered.
    pub times: Option<[Duration; 3]>,
    pub status: Option<u16>,
    pub target_status: Option<u16>,
    pub received: u64,
    pub sent: u64,
    /// None for what is no request.
    pub asked: Option<Asked<'a>>,
    pub tls: Option<(Agreed, &'a Presented)>,
    /// The ARN of the target group.
    pub group: Option<&'a str>,
    pub trace: &'a [u8],
    pub tally: &'a Tally,
    pub location: Option<&'a str>,
    /// What tells the client's connection from all others.
    pub connection: u128,
}

impl Line<'_> {
    /// Appends it, with its end.
    pub(crate) fn append(&self, out: &mut Vec<u8>) {
        let node = &self.listener.node;
        // Writing to memory does not fail.
        let _ = write!(out, "{} {} {} {} ", self.kind, Moment(self.ended), node.load_balancer, self.client);
        let _ = match self.target {
            Some(target) => write!(out, "{target}"),
            None => write!(out, "-"),
        };
        let _ = match self.times {
            Some(times) => times.iter().try_for_each(|time| write!(out, " {:.3}", time.as_secs_f64())),
            None => write!(out, " -1 -1 -1"),
        };
        let _ = write!(out, " {} {} ", Code(self.status), Code(self.target_status));
        let _ = write!(out, "{} {} \"", self.received, self.sent);
        self.append_request(out);
        out.extend_from_slice(b"\" ");
        let agent = self.asked.and_then(|asked| asked.agent).unwrap_or(b"-");
        quoted(out, agent.get(..AGENT).unwrap_or(agent));
        let _ = match self.tls {
            Some((agreed, _)) => write!(out, " {} {}", agreed.suite, agreed.version),
            None => write!(out, " - -"),
        };
        let _ = write!(out, " {} ", self.group.unwrap_or("-"));
        quoted(out, self.trace);
        out.push(b' ');
        let presented = self.tls.map(|(_, presented)| presented);
        quoted(out, presented.and_then(|presented| presented.domain.as_deref()).unwrap_or("-").as_bytes());
        let certificate =
            presented.map_or("-", |presented| presented.certificate.as_deref().unwrap_or("session-reused"));
        let _ = write!(out, " \"{certificate}\" ");
        let tally = self.tally;
        let _ = match tally.matched {
            Some(priority) => write!(out, "{priority}"),
            None => write!(out, "-"),
        };
        let _ = write!(out, " {} \"{}\" ", Moment(self.begun), tally.action().unwrap_or("-"));
        quoted(out, self.location.unwrap_or("-").as_bytes());
        // Reasons are of what is not here: functions, logins, AWS WAF.
        let _ = write!(out, " \"-\" ");
        let _ = match self.target {
            Some(target) => write!(out, "\"{target}\" "),
            None => write!(out, "\"-\" "),
        };
        let _ = write!(out, "\"{}\" ", Code(self.target_status));
        let _ = match tally.classified {
            Some((tier, reason)) if tier != RequestSafetyTier::Compliant => {
                write!(out, "\"{tier:?}\" \"{reason:?}\"")
            }
            _ => write!(out, "\"-\" \"-\""),
        };
        let _ = write!(out, " TID_{:032x} ", self.connection);
        let rewritten = tally.rewritten.as_deref();
        quoted(out, rewritten.and_then(|rewritten| rewritten.host.as_deref()).unwrap_or("-").as_bytes());
        out.push(b' ');
        quoted(out, rewritten.and_then(|rewritten| rewritten.url.as_deref()).unwrap_or("-").as_bytes());
        let _ = writeln!(out, " \"{}\"", rewritten.map_or("-", |rewritten| rewritten.status));
    }

    /// Method, URL and version, as far as there are any.
    fn append_request(&self, out: &mut Vec<u8>) {
        let (listener, protocol) = (self.listener, if self.tls.is_some() { "https" } else { "http" });
        let asked = self.asked;
        escaped(out, asked.map_or("-", |asked| asked.method).as_bytes());
        let _ = write!(out, " {protocol}://");
        match asked.map(|asked| asked.host).filter(|host| !host.is_empty()) {
            Some(host) => escaped(out, crate::rules::without_port(host).as_bytes()),
            None => _ = write!(out, "{}", listener.node.address),
        }
        let _ = write!(out, ":{}", listener.port);
        escaped(out, asked.map_or("-", |asked| asked.target).as_bytes());
        let _ = write!(out, " {}", asked.map_or("-", |asked| asked.version));
    }
}

/// What a head of HTTP/1.1 asks for, and the trace it came with.
pub(crate) fn asked<T>(head: &[u8], then: impl FnOnce(Option<Asked<'_>>, Option<&[u8]>) -> T) -> T {
    let mut room = room();
    match Request::read(head, &mut room) {
        Ok(request) => {
            let version = if request.is_11 { "HTTP/1.1" } else { "HTTP/1.0" };
            let agent = request.values("user-agent").next();
            let trace = request.values("x-amzn-trace-id").next();
            let (method, host, target) = (request.method, request.host, request.target);
            then(Some(Asked { method, host, target: &target, version, agent }), trace)
        }
        Err(_) => then(None, None),
    }
}

/// The trace that a target was told of, from its head.
pub(crate) fn traced(head: &[u8]) -> Option<Vec<u8>> {
    const NAME: &[u8] = b"\r\nX-Amzn-Trace-Id: ";
    let start = memchr::memmem::find(head, NAME)? + NAME.len();
    let rest = head.get(start..)?;
    Some(rest.get(..memchr::memchr(b'\r', rest)?)?.to_vec())
}

fn quoted(out: &mut Vec<u8>, text: &[u8]) {
    out.push(b'"');
    escaped(out, text);
    out.push(b'"');
}

fn escaped(out: &mut Vec<u8>, text: &[u8]) {
    for byte in text {
        match byte {
            b'"' | b'\\' | ..=0x1f | 0x7f.. => _ = write!(out, "\\x{byte:02X}"),
            plain => out.push(*plain),
        }
    }
}

/// A status code, if there is one.
struct Code(Option<u16>);

impl std::fmt::Display for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            Some(code) => write!(f, "{code}"),
            None => f.write_str("-"),
        }
    }
}

/// A time in ISO 8601 with microseconds.
struct Moment(SystemTime);

impl std::fmt::Display for Moment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let since = self.0.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let moment = jiff::Timestamp::from_microsecond(i64::try_from(since.as_micros()).unwrap_or(i64::MAX));
        write!(f, "{:.6}", moment.unwrap_or(jiff::Timestamp::UNIX_EPOCH))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_and_escapes() {
        let at = SystemTime::UNIX_EPOCH + Duration::from_micros(1_530_570_180_186_641);
        assert_eq!(Moment(at).to_string(), "2018-07-02T22:23:00.186641Z");
        assert_eq!(Moment(SystemTime::UNIX_EPOCH).to_string(), "1970-01-01T00:00:00.000000Z");
        let mut out = Vec::new();
        quoted(&mut out, b"a \"b\" \\ \xc3\xbc\n");
        assert_eq!(out, br#""a \x22b\x22 \x5C \xC3\xBC\x0A""#);
    }

    #[test]
    fn traces_are_found_in_the_head_of_a_target() {
        let head = b"GET / HTTP/1.1\r\nHost: a\r\nX-Amzn-Trace-Id: Root=1-2-3\r\n\r\n";
        assert_eq!(traced(head).as_deref(), Some(&b"Root=1-2-3"[..]));
        assert_eq!(traced(b"GET / HTTP/1.1\r\n\r\n"), None);
    }
}
