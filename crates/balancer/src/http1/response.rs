//! A target's answer's head as it came.

use super::{Framed, Room, body::Reading};

/// A response's head, taken apart.
#[derive(Debug)]
pub(crate) struct Response<'r, 'b> {
    /// The status code.
    pub status: u16,
    /// What stands behind the code.
    pub reason: &'b str,
    /// The fields, in their order.
    pub fields: &'r [httparse::Header<'b>],
    /// Whether `Connection` names some of them.
    pub names_fields: bool,
    /// Its body, not yet read.
    pub body: Reading,
    /// The length it names, also where there is no body, as for HEAD.
    pub length: Option<u64>,
    /// Whether the target keeps the connection.
    pub keep_alive: bool,
}

/// It is not a response.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Malformed;

impl<'r, 'b> Response<'r, 'b> {
    /// Reads a whole head. `to_head` is whether the request's method was HEAD.
    pub(crate) fn read(head: &'b [u8], to_head: bool, room: &'r mut Room<'b>) -> Result<Self, Malformed> {
        let mut parsed = httparse::Response::new(&mut []);
        let mut config = httparse::ParserConfig::default();
        // Such a blank is taken out (RFC 9112, 5.1), where one in a request is refused.
        config.allow_spaces_after_header_name_in_responses(true);
        match config.parse_response_with_uninit_headers(&mut parsed, head, room) {
            Ok(httparse::Status::Complete(_)) => {}
            Ok(httparse::Status::Partial) | Err(_) => return Err(Malformed),
        }
        let (Some(status @ 100..=999), Some(minor)) = (parsed.code, parsed.version) else { return Err(Malformed) };
        let fields: &'r [httparse::Header<'b>] = parsed.headers;
        let framed = Framed::read(fields).map_err(|_| Malformed)?;
        let bodiless = to_head || status < 200 || status == 204 || status == 304;
        let body = match framed.length {
            _ if bodiless => Reading::NONE,
            _ if framed.chunked => Reading::CHUNKED,
            Some(length) => Reading::Length(length),
            None => Reading::Close,
        };
        // HTTP/1.0 knows no codings: what comes after such a body can't be relied on (RFC 9112, 6.1).
        let keep_alive = if minor == 1 { !framed.close } else { framed.keep && !framed.close && !framed.chunked };
        Ok(Self {
            status,
            reason: parsed.reason.unwrap_or_default(),
            fields,
            names_fields: framed.names_fields,
            keep_alive: keep_alive && body != Reading::Close,
            body,
            length: framed.length,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{super::room, *};
    use proptest::prelude::*;

    fn body(head: &str, method: &str) -> Result<(Reading, bool), Malformed> {
        Response::read(head.as_bytes(), method == "HEAD", &mut room())
            .map(|response| (response.body.clone(), response.keep_alive))
    }

    #[test]
    fn where_bodies_end() {
        assert_eq!(body("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", "GET"), Ok((Reading::Length(5), true)));
        assert_eq!(body("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", "HEAD"), Ok((Reading::NONE, true)));
        assert_eq!(body("HTTP/1.1 304 \r\nContent-Length: 5\r\n\r\n", "GET"), Ok((Reading::NONE, true)));
        assert_eq!(body("HTTP/1.1 204 No Content\r\n\r\n", "GET"), Ok((Reading::NONE, true)));
        assert_eq!(body("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "GET"), Ok((Reading::CHUNKED, true)));
        assert_eq!(body("HTTP/1.1 200 OK\r\n\r\n", "GET"), Ok((Reading::Close, false)));
        assert_eq!(body("HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", "GET"), Ok((Reading::NONE, false)));
        assert_eq!(
            body("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n", "GET"),
            Ok((Reading::CHUNKED, false))
        );
        assert_eq!(body("HTTP/1.1 200 OK\r\nContent-Length : 5\r\n\r\n", "GET"), Ok((Reading::Length(5), true)));
        assert_eq!(body("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n", "GET"), Err(Malformed));
        assert_eq!(body("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n", "GET"), Err(Malformed));
        assert_eq!(body("SSH-2.0-OpenSSH\r\n\r\n", "GET"), Err(Malformed));
    }

    proptest! {
        #[test]
        fn never_panics(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let _ = body(&String::from_utf8_lossy(&bytes), "GET");
        }
    }
}
