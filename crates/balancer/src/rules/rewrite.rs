//! Transforms ("Transforms for listener rules", Application Load Balancers guide).

use super::condition::regex;
use crate::http1::LINE_LIMIT;
use regex::bytes::Regex;
use std::borrow::Cow;

/// A rewrite, compiled.
#[derive(Debug)]
pub(crate) struct Rewrite {
    regex: Regex,
    replace: Vec<u8>,
}

/// What came out can't be used.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Failed;

impl Rewrite {
    pub(super) fn compile(pattern: &str, replace: &str) -> Result<Self, String> {
        Ok(Self { regex: regex(pattern, false)?, replace: braced(replace) })
    }

    /// The host that takes this one's place.
    pub(crate) fn host<'t>(&self, text: &'t str) -> Result<Cow<'t, str>, Failed> {
        self.apply(text, |host| {
            !host.is_empty() && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_:[]".contains(&byte))
        })
    }

    /// The path and query that take these ones' place.
    pub(crate) fn url<'t>(&self, text: &'t str) -> Result<Cow<'t, str>, Failed> {
        self.apply(text, |url| url.starts_with('/') && url.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'#'))
    }

    /// What does not match stays as it is, whatever it is.
    fn apply<'t>(&self, text: &'t str, is_valid: impl Fn(&str) -> bool) -> Result<Cow<'t, str>, Failed> {
        match self.regex.replace(text.as_bytes(), &self.replace[..]) {
            Cow::Borrowed(_) => Ok(Cow::Borrowed(text)),
            Cow::Owned(bytes) => {
                let text = String::from_utf8(bytes).map_err(|_| Failed)?;
                if text.len() <= LINE_LIMIT && is_valid(&text) { Ok(Cow::Owned(text)) } else { Err(Failed) }
            }
        }
    }
}

/// `$1` is the first group's, whatever is behind it; a dollar that no digit follows is a dollar.
fn braced(replace: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(replace.len() + 8);
    let mut bytes = replace.bytes().peekable();
    while let Some(byte) = bytes.next() {
        match (byte, bytes.peek()) {
            (b'$', Some(digit)) if digit.is_ascii_digit() => {
                out.extend_from_slice(b"${");
                out.extend(bytes.next());
                out.push(b'}');
            }
            (b'$', _) => out.extend_from_slice(b"$$"),
            (byte, _) => out.push(byte),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rewrites() {
        let url = |regex, replace, text| Rewrite::compile(regex, replace).unwrap().url(text).map(Cow::into_owned);
        assert_eq!(url("^/api/(.*)$", "/$1", "/api/v1/x?y"), Ok("/v1/x?y".into()));
        assert_eq!(url("^/api/", "/", "/other"), Ok("/other".into()));
        assert_eq!(url("^/(a)(b)", "/$2x$1$", "/abc"), Ok("/bxa$c".into()));
        assert_eq!(url("^/api", "", "/api"), Err(Failed));
        assert_eq!(url("^/(.*)", "/$1 x", "/a"), Err(Failed));
        let many = "$1".repeat(500);
        assert_eq!(url("^(/.*)$", &many, &format!("/{}", "a".repeat(100))), Err(Failed), "no target would take it");
        let host = |regex, replace, text| Rewrite::compile(regex, replace).unwrap().host(text).map(Cow::into_owned);
        assert_eq!(host("^(.*)\\.old\\.test$", "$1.new.test", "a.old.test"), Ok("a.new.test".into()));
        assert_eq!(host("^.*$", "a/b", "a"), Err(Failed));
    }
}
