//! The heads that targets and clients get, from those that clients and targets sent. Pure.

use crate::{
    http1::{
        body::{Reading, Writing},
        members, passing,
        request::Request,
        response::Response,
    },
    page::{Refusal, UNSENT_NAME},
    rules::without_port,
    tls::Agreed,
};
use spec::balancing::XffProcessing;
use std::{
    borrow::Cow,
    io::Write,
    net::{IpAddr, SocketAddr},
};

/// The most addresses `X-Forwarded-For` may come with.
const ADDRESSES: usize = 30;
/// In heads that are larger only the root of a trace is kept ("Request tracing", Application Load Balancers guide).
const TRACED_HEAD: usize = 7 << 10;

/// The attributes of a load balancer that heads depend on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct HeadSettings {
    pub drop_invalid_header_fields: bool,
    pub preserve_host_header: bool,
    pub xff_processing: XffProcessing,
    pub xff_client_port: bool,
    pub tls_headers: bool,
    /// Whether this is a proxy of Service Connect, which leaves heads much as they are.
    pub mesh: bool,
}

/// By which way a request came, and what became of it here.
pub(crate) struct Passage<'a> {
    pub settings: &'a HeadSettings,
    /// The listener's.
    pub port: u16,
    /// `http` or `https`.
    pub protocol: &'a str,
    /// What was negotiated with the client.
    pub tls: Option<Agreed>,
    pub client: SocketAddr,
    /// The host as the target is told, after rewrites.
    pub host: &'a str,
    /// Path and query after rewrites.
    pub target: &'a str,
    /// Seconds since 1970.
    pub now: u64,
    /// 96 bits by chance for a trace.
    pub chance: u128,
    /// How large the head was in bytes.
    pub head_length: usize,
}

/// The host for the target. `rewritten` is what a transform made of the host without its port.
pub(crate) fn host<'a>(
    settings: &HeadSettings,
    request: &Request<'_, 'a>,
    rewritten: Option<Cow<'a, str>>,
    node: IpAddr,
    port: u16,
) -> Cow<'a, str> {
    let host = match rewritten {
        Some(host) => host,
        // HTTP/1.0 may leave it out; HTTP/1.1, which targets get, must not.
        None if request.host.is_empty() => match node {
            IpAddr::V4(address) => address.to_string().into(),
            IpAddr::V6(address) => format!("[{address}]").into(),
        },
        None => Cow::Borrowed(request.host),
    };
    let bare = without_port(&host);
    if settings.preserve_host_header {
        host
    } else if port == 80 || port == 443 {
        if bare.len() == host.len() { host } else { bare.to_owned().into() }
    } else if bare.len() == host.len() {
        format!("{host}:{port}").into()
    } else {
        host
    }
}

/// Appends the head that the target gets.
pub(crate) fn append_request(
    out: &mut Vec<u8>,
    request: &Request<'_, '_>,
    passage: &Passage<'_>,
) -> Result<(), Refusal> {
    // Writing to memory does not fail.
    let _ = write!(out, "{} {} HTTP/1.1\r\n", request.method, passage.target);
    if passage.settings.mesh {
        append_mesh(out, request, passage);
        return append_rest(out, request, passage);
    }
    append_forwarded_for(out, request, passage)?;
    let _ = write!(out, "X-Forwarded-Proto: {}\r\nX-Forwarded-Port: {}\r\n", passage.protocol, passage.port);
    let _ = write!(out, "Host: {}\r\nX-Amzn-Trace-Id: ", passage.host);
    append_trace(out, request, (passage.now, passage.chance), passage.head_length);
    out.extend_from_slice(b"\r\n");
    append_rest(out, request, passage)
}

/// What a proxy of Service Connect adds where it is not there yet, as Envoy does ("HTTP header manipulation", Envoy): which scheme the client
/// used, and what names the request from one proxy to the next.
fn append_mesh(out: &mut Vec<u8>, request: &Request<'_, '_>, passage: &Passage<'_>) {
    let _ = write!(out, "Host: {}\r\n", passage.host);
    if request.values("x-forwarded-proto").next().is_none() {
        let _ = write!(out, "X-Forwarded-Proto: {}\r\n", passage.protocol);
    }
    if request.values("x-request-id").next().is_none() {
        // A UUID of version 4 (RFC 9562).
        let id = passage.chance & !(0xf << 76 | 0x3 << 62) | 4 << 76 | 2 << 62;
        let part = |from: u32, bits: u32| id >> from & ((1 << bits) - 1);
        let _ = write!(
            out,
            "X-Request-Id: {:08x}-{:04x}-{:04x}-{:04x}-{:012x}\r\n",
            part(96, 32),
            part(80, 16),
            part(64, 16),
            part(48, 16),
            part(0, 48)
        );
    }
}

fn append_rest(out: &mut Vec<u8>, request: &Request<'_, '_>, passage: &Passage<'_>) -> Result<(), Refusal> {
    let (with_tls, forwards_left) = (passage.settings.tls_headers, request.forwards_left());
    if let Some(Agreed { version, suite, .. }) = passage.tls.filter(|_| with_tls) {
        let _ = write!(out, "X-Amzn-Tls-Version: {version}\r\nX-Amzn-Tls-Cipher-Suite: {suite}\r\n");
    }
    for field in passing(request.fields, request.names_fields) {
        let is_dropped = passage.settings.drop_invalid_header_fields && !is_plain(field.name);
        let is_replaced = if passage.settings.mesh { is_host(field.name) } else { is_replaced(field.name) };
        let is_written = is_replaced
            || (with_tls && is_of_tls(field.name))
            || (forwards_left.is_some() && field.name.eq_ignore_ascii_case("max-forwards"));
        if !is_dropped && !is_written {
            append_field(out, field);
        }
    }
    if let Some(left) = forwards_left {
        let _ = write!(out, "Max-Forwards: {}\r\n", left.saturating_sub(1));
    }
    match request.body {
        Reading::Length(0) if request.values("content-length").next().is_none() => {}
        Reading::Length(length) => {
            let _ = write!(out, "Content-Length: {length}\r\n");
        }
        Reading::Chunked(_) | Reading::Close => out.extend_from_slice(b"Transfer-Encoding: chunked\r\n"),
    }
    if let Some(protocol) = request.upgrade {
        out.extend_from_slice(b"Connection: upgrade\r\nUpgrade: ");
        out.extend_from_slice(protocol);
        out.extend_from_slice(b"\r\n");
    }
    out.extend_from_slice(b"\r\n");
    Ok(())
}

fn append_forwarded_for(out: &mut Vec<u8>, request: &Request<'_, '_>, passage: &Passage<'_>) -> Result<(), Refusal> {
    let held = || request.values("x-forwarded-for");
    if held().flat_map(members).nth(ADDRESSES).is_some() {
        return Err(Refusal::TooManyAddresses);
    }
    match passage.settings.xff_processing {
        XffProcessing::Remove => return Ok(()),
        XffProcessing::Preserve if held().next().is_none() => return Ok(()),
        XffProcessing::Append | XffProcessing::Preserve => {}
    }
    out.extend_from_slice(b"X-Forwarded-For: ");
    for (index, value) in held().enumerate() {
        if index > 0 {
            out.extend_from_slice(b", ");
        }
        out.extend_from_slice(value);
    }
    if passage.settings.xff_processing == XffProcessing::Append {
        if held().next().is_some() {
            out.extend_from_slice(b", ");
        }
        let _ = match passage.settings.xff_client_port {
            true => write!(out, "{}", passage.client),
            false => write!(out, "{}", passage.client.ip()),
        };
    }
    out.extend_from_slice(b"\r\n");
    Ok(())
}

/// The value of `X-Amzn-Trace-Id`: a root if there is none yet, otherwise this load balancer's part in front of what there is. Of a time in
/// seconds, 96 bits by chance, and how large the head was.
pub(crate) fn append_trace(
    out: &mut Vec<u8>,
    request: &Request<'_, '_>,
    (now, chance): (u64, u128),
    head_length: usize,
) {
    let parts = |value: &'static str| {
        request
            .values("x-amzn-trace-id")
            .flat_map(|held| held.split(|byte| *byte == b';'))
            .map(<[u8]>::trim_ascii)
            .filter(move |part| {
                part.get(..value.len()).is_some_and(|start| start.eq_ignore_ascii_case(value.as_bytes()))
            })
    };
    let root = parts("root=").next();
    let id = format!("1-{:08x}-{:024x}", now as u32, chance & (u128::MAX >> 32));
    if head_length > TRACED_HEAD {
        match root {
            Some(root) => out.extend_from_slice(root),
            None => out.extend_from_slice(format!("Root={id}").as_bytes()),
        }
        return;
    }
    let _ = write!(out, "{}={id}", if root.is_some() { "Self" } else { "Root" });
    for part in parts("").filter(|part| !part.is_empty()) {
        if !part.get(..5).is_some_and(|start| start.eq_ignore_ascii_case(b"self=")) {
            out.push(b';');
            out.extend_from_slice(part);
        }
    }
}

/// Whether the name of a header field is one that `routing.http.drop_invalid_header_fields.enabled` lets pass.
pub(crate) fn is_plain(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

fn is_host(name: &str) -> bool {
    name.eq_ignore_ascii_case("host")
}

/// What the load balancer writes itself.
fn is_replaced(name: &str) -> bool {
    const NAMES: [&str; 5] = ["host", "x-forwarded-for", "x-forwarded-proto", "x-forwarded-port", "x-amzn-trace-id"];
    NAMES.iter().any(|replaced| name.eq_ignore_ascii_case(replaced))
}

/// What `routing.http.x_amzn_tls_version_and_cipher_suite.enabled` has the load balancer write.
fn is_of_tls(name: &str) -> bool {
    ["x-amzn-tls-version", "x-amzn-tls-cipher-suite"].iter().any(|written| name.eq_ignore_ascii_case(written))
}

fn append_field(out: &mut Vec<u8>, field: &httparse::Header<'_>) {
    out.extend_from_slice(field.name.as_bytes());
    out.extend_from_slice(b": ");
    out.extend_from_slice(field.value);
    out.extend_from_slice(b"\r\n");
}

/// Appends an interim answer (RFC 9110, 15.2), for a client that knows of them.
pub(crate) fn append_interim(out: &mut Vec<u8>, response: &Response<'_, '_>) {
    // Writing to memory does not fail.
    let _ = write!(out, "HTTP/1.1 {} {}\r\n", response.status, response.reason);
    for field in passing(response.fields, response.names_fields) {
        append_field(out, field);
    }
    out.extend_from_slice(b"\r\n");
}

/// Appends the head that the client gets; answers how the body is written and whether its connection may stay.
pub(crate) fn append_response(
    out: &mut Vec<u8>,
    response: &Response<'_, '_>,
    cookies: &[String],
    date: &str,
    client_is_11: bool,
    keep_alive: bool,
) -> (Writing, bool) {
    let _ = write!(out, "HTTP/1.1 {} {}\r\n", response.status, response.reason);
    if !response.fields.iter().any(|field| field.name.eq_ignore_ascii_case("date")) {
        let _ = write!(out, "Date: {date}\r\n");
    }
    let is_told = |field: &&httparse::Header<'_>| !field.name.eq_ignore_ascii_case(UNSENT_NAME);
    for field in passing(response.fields, response.names_fields).filter(is_told) {
        append_field(out, field);
    }
    for cookie in cookies {
        let _ = write!(out, "Set-Cookie: {cookie}\r\n");
    }
    if response.status == 101 {
        out.extend_from_slice(b"Connection: upgrade\r\n");
        for field in response.fields.iter().filter(|field| field.name.eq_ignore_ascii_case("upgrade")) {
            append_field(out, field);
        }
        out.extend_from_slice(b"\r\n");
        return (Writing::Plain, false);
    }
    let unmeasured = matches!(response.body, Reading::Chunked(_) | Reading::Close);
    let (writing, keep_alive) = match unmeasured {
        true if client_is_11 => (Writing::Chunked, keep_alive),
        // Its end is the connection's.
        true => (Writing::Plain, false),
        false => (Writing::Plain, keep_alive),
    };
    if writing == Writing::Chunked {
        out.extend_from_slice(b"Transfer-Encoding: chunked\r\n");
    } else if let Some(length) = response.length.filter(|_| response.status != 204) {
        let _ = write!(out, "Content-Length: {length}\r\n");
    }
    out.extend_from_slice(if keep_alive { b"Connection: keep-alive\r\n\r\n" } else { b"Connection: close\r\n\r\n" });
    (writing, keep_alive)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http1::room;

    const PLAIN: HeadSettings = HeadSettings {
        drop_invalid_header_fields: false,
        preserve_host_header: false,
        xff_processing: XffProcessing::Append,
        xff_client_port: false,
        tls_headers: false,
        mesh: false,
    };

    fn forwarded(settings: &HeadSettings, port: u16, head: &str) -> Result<String, Refusal> {
        let mut room = room();
        let request = Request::read(head.as_bytes(), &mut room).unwrap();
        let host = host(settings, &request, None, IpAddr::from([10, 0, 0, 1]), port);
        let mut out = Vec::new();
        let passage = Passage {
            settings,
            port,
            protocol: "http",
            tls: None,
            client: "192.0.2.7:4321".parse().unwrap(),
            host: &host,
            target: &request.target,
            now: 0x6789_1233,
            chance: 0xabc,
            head_length: head.len(),
        };
        append_request(&mut out, &request, &passage)?;
        Ok(String::from_utf8(out).unwrap())
    }

    #[test]
    fn a_request() {
        let head = "POST /a?b HTTP/1.1\r\nhost: A.test:80\r\nX_y: 1\r\nConnection: close, X-Hop\r\nX-Hop: 1\r\nKeep-Alive: 5\r\n\
                    TE: trailers\r\nX-Forwarded-Proto: https\r\nX-Forwarded-For: 198.51.100.1\r\nx-forwarded-for: ::1\r\n\
                    Expect: 100-continue\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\nUpgrade: h2c\r\n\r\n";
        assert_eq!(
            forwarded(&PLAIN, 80, head).unwrap(),
            "POST /a?b HTTP/1.1\r\nX-Forwarded-For: 198.51.100.1, ::1, 192.0.2.7\r\nX-Forwarded-Proto: http\r\n\
             X-Forwarded-Port: 80\r\nHost: A.test\r\nX-Amzn-Trace-Id: Root=1-67891233-000000000000000000000abc\r\nX_y: 1\r\n\
             Transfer-Encoding: chunked\r\n\r\n"
        );
    }

    #[test]
    fn attributes() {
        let head = "GET / HTTP/1.1\r\nHost: a.test\r\nX_y: 1\r\nX-Forwarded-For: 1.1.1.1\r\n\r\n";
        let with = |change: fn(&mut HeadSettings)| {
            let mut settings = PLAIN;
            change(&mut settings);
            forwarded(&settings, 8080, head).unwrap()
        };
        assert!(with(|_| {}).contains("\r\nHost: a.test:8080\r\n"));
        assert!(with(|settings| settings.preserve_host_header = true).contains("\r\nHost: a.test\r\n"));
        assert!(!with(|settings| settings.drop_invalid_header_fields = true).contains("X_y"));
        assert!(with(|settings| settings.xff_client_port = true).contains("For: 1.1.1.1, 192.0.2.7:4321\r\n"));
        assert!(with(|settings| settings.xff_processing = XffProcessing::Preserve).contains("For: 1.1.1.1\r\n"));
        assert!(!with(|settings| settings.xff_processing = XffProcessing::Remove).contains("X-Forwarded-For"));
    }

    #[test]
    fn more_than_thirty_addresses_are_refused() {
        let head = |count| {
            format!("GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: {}\r\n\r\n", vec!["1.1.1.1"; count].join(","))
        };
        assert!(forwarded(&PLAIN, 80, &head(30)).is_ok());
        assert_eq!(forwarded(&PLAIN, 80, &head(31)), Err(Refusal::TooManyAddresses));
    }

    #[test]
    fn hosts() {
        let host_of = |head: &str, port| {
            let all = forwarded(&PLAIN, port, head).unwrap();
            all.split_once("\r\nHost: ").unwrap().1.split_once("\r\n").unwrap().0.to_owned()
        };
        assert_eq!(host_of("GET / HTTP/1.0\r\n\r\n", 80), "10.0.0.1");
        assert_eq!(host_of("GET / HTTP/1.1\r\nHost: [::1]:443\r\n\r\n", 443), "[::1]");
        assert_eq!(host_of("GET / HTTP/1.1\r\nHost: [::1]\r\n\r\n", 81), "[::1]:81");
        assert_eq!(host_of("GET http://b.test/ HTTP/1.1\r\nHost: a\r\n\r\n", 81), "b.test:81");
    }

    #[test]
    fn traces() {
        let trace = |value: &str| {
            let head = format!("GET / HTTP/1.1\r\nHost: a\r\nX-Amzn-Trace-Id: {value}\r\n\r\n");
            let all = forwarded(&PLAIN, 80, &head).unwrap();
            all.split_once("Trace-Id: ").unwrap().1.split_once("\r\n").unwrap().0.to_owned()
        };
        let own = "1-67891233-000000000000000000000abc";
        assert_eq!(trace("Root=1-1-1;CalledFrom=app"), format!("Self={own};Root=1-1-1;CalledFrom=app"));
        assert_eq!(trace("Self=1-2-2;Root=1-1-1"), format!("Self={own};Root=1-1-1"));
        assert_eq!(trace("CalledFrom=app"), format!("Root={own};CalledFrom=app"));
        assert_eq!(trace(&format!("Self=1;Root=1-1-1;X={}", "x".repeat(8_000))), "Root=1-1-1");
    }

    #[test]
    fn upgrades() {
        let head = "GET / HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x\r\n\r\n";
        let all = forwarded(&PLAIN, 80, head).unwrap();
        assert!(all.ends_with("Sec-WebSocket-Key: x\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n"), "{all}");
    }

    #[test]
    fn responses() {
        let reply = |head: &str, method: &str, is_11: bool| {
            let mut room = room();
            let response = Response::read(head.as_bytes(), method == "HEAD", &mut room).unwrap();
            let mut out = Vec::new();
            let (writing, keep) = append_response(&mut out, &response, &["a=b".into()], "DATE", is_11, true);
            (String::from_utf8(out).unwrap(), writing, keep)
        };
        let chunked = "HTTP/1.1 200 Fine\r\nDate: then\r\nTransfer-Encoding: chunked\r\nTrailer: x\r\nConnection: close, X-Hop\r\nX-Hop: 1\r\n\r\n";
        let (text, writing, keep) = reply(chunked, "GET", true);
        assert_eq!(
            text,
            "HTTP/1.1 200 Fine\r\nDate: then\r\nSet-Cookie: a=b\r\nTransfer-Encoding: chunked\r\nConnection: keep-alive\r\n\r\n"
        );
        assert_eq!((writing, keep), (Writing::Chunked, true));
        let (text, writing, keep) = reply(chunked, "GET", false);
        assert!(text.ends_with("\r\nConnection: close\r\n\r\n") && !text.contains("chunked"), "{text}");
        assert_eq!((writing, keep), (Writing::Plain, false));
        let (text, ..) = reply("HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n", "HEAD", true);
        assert!(text.contains("\r\nDate: DATE\r\n") && text.contains("\r\nContent-Length: 7\r\n"), "{text}");
        let (text, ..) =
            reply("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n", "GET", true);
        assert!(text.ends_with("Connection: upgrade\r\nUpgrade: websocket\r\n\r\n"), "{text}");
    }
}
