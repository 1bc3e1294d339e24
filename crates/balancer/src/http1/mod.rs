//! HTTP/1.1 as bytes: heads and bodies, without sockets.
//!
//! What is read is never what is written: a message is taken apart and written anew with exactly one framing.

pub(crate) mod body;
#[cfg(test)]
mod fuzz;
pub(crate) mod request;
pub(crate) mod response;
/// The tests' own reader, which they share with those over sockets.
#[cfg(test)]
#[path = "../../tests/proxy/strict.rs"]
mod strict;

/// The most a head may have in bytes, all lines together, until it is refused ("Quotas", Application Load Balancers guide).
pub(crate) const HEAD_LIMIT: usize = 64 << 10;
/// The most of one line of a request's head.
pub(crate) const LINE_LIMIT: usize = 16 << 10;
/// The most of a response's head.
pub(crate) const RESPONSE_HEAD_LIMIT: usize = 32 << 10;
/// The most fields a head may have.
pub(crate) const FIELDS: usize = 256;

/// Room for the fields of a head.
pub(crate) type Room<'a> = [std::mem::MaybeUninit<httparse::Header<'a>>; FIELDS];

/// Empty room.
pub(crate) const fn room<'a>() -> Room<'a> {
    [const { std::mem::MaybeUninit::uninit() }; FIELDS]
}

/// The length of the head at the beginning of these bytes, its empty line included. What is before `searched` was looked at before.
pub(crate) fn head_length(bytes: &[u8], searched: usize) -> Option<usize> {
    let mut from = searched.saturating_sub(2);
    while let Some(found) = memchr::memchr(b'\n', &bytes[from..]) {
        from += found + 1;
        match bytes[from..] {
            [b'\n', ..] => return Some(from + 1),
            [b'\r', b'\n', ..] => return Some(from + 2),
            _ => {}
        }
    }
    None
}

/// The members of a field that is a list.
pub(crate) fn members(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    value.split(|byte| *byte == b',').map(<[u8]>::trim_ascii).filter(|member| !member.is_empty())
}

/// What `Connection`, `Content-Length` and `Transfer-Encoding` of a message say, taken together.
#[derive(Debug, Default)]
pub(crate) struct Framed {
    /// `close` is among the options of the connection.
    pub close: bool,
    /// `keep-alive` is.
    pub keep: bool,
    /// `upgrade` is.
    pub upgrade: bool,
    /// Fields are among them, which end here then.
    pub names_fields: bool,
    /// The length, if it is told.
    pub length: Option<u64>,
    /// The body comes in chunks.
    pub chunked: bool,
}

/// Why a message has no framing that everybody would understand alike.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum BadFraming {
    /// Lengths that are none, or that differ.
    Length,
    /// Codings that are not understood.
    Coding,
    /// `chunked` is not the last coding, or is there twice.
    Chunked,
}

impl Framed {
    /// Reads the fields.
    pub(crate) fn read(fields: &[httparse::Header<'_>]) -> Result<Self, BadFraming> {
        let mut framed = Self::default();
        let mut coded = false;
        for field in fields {
            if field.name.eq_ignore_ascii_case("content-length") {
                // A list of equal numbers is as good as one of them (RFC 9110, 8.6).
                for member in field.value.split(|byte| *byte == b',') {
                    let length = number(member.trim_ascii()).ok_or(BadFraming::Length)?;
                    if framed.length.is_some_and(|earlier| earlier != length) {
                        return Err(BadFraming::Length);
                    }
                    framed.length = Some(length);
                }
            } else if field.name.eq_ignore_ascii_case("transfer-encoding") {
                for member in members(field.value) {
                    if coded && framed.chunked {
                        return Err(BadFraming::Chunked);
                    }
                    coded = true;
                    if member.eq_ignore_ascii_case(b"chunked") {
                        framed.chunked = true;
                    } else if !member.eq_ignore_ascii_case(b"identity") {
                        return Err(BadFraming::Coding);
                    }
                }
            } else if field.name.eq_ignore_ascii_case("connection") {
                for member in members(field.value) {
                    if member.eq_ignore_ascii_case(b"close") {
                        framed.close = true;
                    } else if member.eq_ignore_ascii_case(b"keep-alive") {
                        framed.keep = true;
                    } else if member.eq_ignore_ascii_case(b"upgrade") {
                        framed.upgrade = true;
                    } else {
                        framed.names_fields = true;
                    }
                }
            }
        }
        if framed.chunked {
            // RFC 9112, 6.3: the coding overrides the length.
            framed.length = None;
        }
        Ok(framed)
    }
}

/// A decimal number of digits alone.
fn number(text: &[u8]) -> Option<u64> {
    let digits = !text.is_empty() && text.iter().all(u8::is_ascii_digit);
    std::str::from_utf8(text).ok().filter(|_| digits)?.parse().ok()
}

/// Whether a field is a connection's, not a message's, and ends here (RFC 9110, 7.6.1). Those of the framing are written anew.
fn is_hop(name: &str) -> bool {
    const NAMES: [&str; 9] = [
        "connection",
        "keep-alive",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "content-length",
        "upgrade",
        "expect",
    ];
    NAMES.iter().any(|hop| name.eq_ignore_ascii_case(hop))
}

/// Whether this is a host, with or without a port (RFC 3986, 3.2.2), and no user. A comma, which could stand in one, is none of it: others
/// could take it for a list.
pub(crate) fn is_authority(text: &str) -> bool {
    let is_port = |port: &str| port.bytes().all(|byte| byte.is_ascii_digit());
    if let Some(rest) = text.strip_prefix('[') {
        let Some((address, port)) = rest.split_once(']') else { return false };
        return address.parse::<std::net::Ipv6Addr>().is_ok()
            && (port.is_empty() || port.strip_prefix(':').is_some_and(is_port));
    }
    let (name, port) = text.split_once(':').unwrap_or((text, ""));
    let bytes = name.as_bytes();
    let is_of_name = |(at, byte): (usize, &u8)| match byte {
        b'%' => bytes.get(at + 1..at + 3).is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit)),
        byte => byte.is_ascii_alphanumeric() || b"-._~!$&'()*+;=".contains(byte),
    };
    !name.is_empty() && bytes.iter().enumerate().all(is_of_name) && is_port(port)
}

/// Fields that go on to the other side. `names_fields` is [`Framed::names_fields`].
pub(crate) fn passing<'r, 'b>(
    fields: &'r [httparse::Header<'b>],
    names_fields: bool,
) -> impl Iterator<Item = &'r httparse::Header<'b>> {
    fields
        .iter()
        .filter(move |field| !(is_hop(field.name) || names_fields && is_named_by_connection(fields, field.name)))
}

/// Whether a `Connection` among the fields names this one. What routes a message can't be taken out this way.
fn is_named_by_connection(fields: &[httparse::Header<'_>], name: &str) -> bool {
    !name.eq_ignore_ascii_case("host")
        && fields
            .iter()
            .filter(|field| field.name.eq_ignore_ascii_case("connection"))
            .any(|field| members(field.value).any(|member| member.eq_ignore_ascii_case(name.as_bytes())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_ends_with_its_first_empty_line() {
        assert_eq!(head_length(b"GET / HTTP/1.1\r\nHost: a\r\n\r\nGET", 0), Some(27));
        assert_eq!(head_length(b"GET / HTTP/1.1\nHost: a\n\nGET", 0), Some(24));
        assert_eq!(head_length(b"GET / HTTP/1.1\r\nHost: a\r\n", 0), None);
        let whole = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n";
        for seen in 0..whole.len() {
            assert_eq!(head_length(&whole[..seen], 0), None);
            assert_eq!(head_length(whole, seen), Some(whole.len()), "{seen}");
        }
    }

    #[test]
    fn authorities() {
        for is_one in ["a", "A-b_c.test", "a.test:", "a.test:8080", "192.0.2.1:1", "[::1]", "[2001:db8::1]:80", "a%2Fb"]
        {
            assert!(is_authority(is_one), "{is_one}");
        }
        for is_none in [
            "",
            ":80",
            "a b",
            "a:b",
            "a:80:80",
            "a:-1",
            "u@a",
            "a/b",
            "a?b",
            "a#b",
            "a\\b",
            "a,b",
            "a%2",
            "a%zz",
            "[::1",
            "[::1]x",
            "[::1]:x",
            "[a]",
            "[]",
            "[1.2.3.4]",
            "[::1%eth0]",
            "\u{e4}",
            "a\"b",
            "a<b",
            "{a}",
            "a|b",
            "a^b",
            "a`b",
        ] {
            assert!(!is_authority(is_none), "{is_none}");
        }
    }
}
