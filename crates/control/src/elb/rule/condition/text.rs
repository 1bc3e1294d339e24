//! What values of conditions may be made of, each kind with AWS's words for what it may not.

use super::super::super::invalid;
use aws::fault::Fault;

/// Characters of a value.
const LONGEST: usize = 128;
/// Characters of a header's name and of a method.
const LONGEST_NAME: usize = 40;

fn checked(field: &str, value: String, most: usize, may: impl Fn(&str) -> bool) -> Result<String, Fault> {
    if value.chars().count() > most {
        return Err(invalid(format!("Condition value for '{field}' cannot contain more than {most} characters")));
    }
    if value.is_empty() {
        return Err(invalid(format!("Condition value for '{field}' cannot be empty")));
    }
    if may(&value) {
        return Ok(value);
    }
    Err(invalid(format!("Condition value '{value}' contains a character that is not valid")))
}

fn is_wildcard(byte: u8) -> bool {
    matches!(byte, b'*' | b'?')
}

/// A pattern of a host: it has a dot, and a letter or a wildcard after the last.
pub(super) fn host(value: String) -> Result<String, Fault> {
    let part = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_') || is_wildcard(byte);
    let end = |value: &str| {
        let last = value.rsplit_once('.').and_then(|(_, last)| last.bytes().next());
        last.is_some_and(|byte| byte.is_ascii_alphabetic() || is_wildcard(byte))
    };
    checked("host-header", value, LONGEST, |value| value.bytes().all(part) && end(value))
}

/// A pattern of a path.
pub(super) fn path(value: String) -> Result<String, Fault> {
    let part = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.$/~\"'@:+&*?".contains(&byte);
    checked("path-pattern", value, LONGEST, |value| value.bytes().all(part))
}

/// A pattern of a header's value.
pub(super) fn header(value: String) -> Result<String, Fault> {
    checked("http-header", value, LONGEST, |value| value.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic()))
}

/// The name of a header: a token (RFC 9110, 5.6.2) without wildcards, and not that of the host.
pub(super) fn header_name(name: String) -> Result<String, Fault> {
    if name.eq_ignore_ascii_case("host") {
        return Err(invalid("You cannot specify 'host' as an HTTP header name"));
    }
    let part = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'+-.^_`|~".contains(&byte);
    checked("http-header", name, LONGEST_NAME, |name| name.bytes().all(part))
}

/// A method.
pub(super) fn method(value: String) -> Result<String, Fault> {
    let part = |byte: u8| byte.is_ascii_uppercase() || matches!(byte, b'-' | b'_');
    checked("http-request-method", value, LONGEST_NAME, |value| value.bytes().all(part))
}

/// A pattern of a query's key or value.
pub(super) fn query(value: String) -> Result<String, Fault> {
    checked("query-string", value, LONGEST, |value| value.bytes().all(|byte| byte.is_ascii_graphic()))
}

/// A range of addresses.
pub(super) fn range(value: String) -> Result<vpc::IpNet, Fault> {
    let read = value.parse::<vpc::IpNet>().ok().filter(|_| value != "255.255.255.255/32");
    read.ok_or_else(|| invalid(format!("The specified value '{value}' is not a valid CIDR block")))
}

/// A regular expression.
pub(super) fn regex(value: String) -> Result<String, Fault> {
    if value.chars().count() > LONGEST {
        return Err(invalid(format!("A regular expression cannot contain more than {LONGEST} characters")));
    }
    compiles(value)
}

/// A regular expression that the balancer can compile.
pub(in super::super) fn compiles(value: String) -> Result<String, Fault> {
    match regex::Regex::new(&value) {
        Ok(_) if !value.is_empty() => Ok(value),
        _ => Err(invalid(format!("The regular expression '{value}' is not valid"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_values_are_made_of() {
        for good in ["example.com", "*.example.com", "a_b-1.example.co?", "example.*"] {
            assert!(host(good.into()).is_ok(), "{good}");
        }
        for bad in ["example", "example.1", "a b.com", "example.com.", "é.com"] {
            let said = format!("Condition value '{bad}' contains a character that is not valid");
            assert_eq!(host(bad.into()).unwrap_err().message, said);
        }
        assert!(
            path("/img/*/~a$\"'@:+&?".into()).is_ok() && path("/a b".into()).is_err() && path("/%20".into()).is_err()
        );
        let get = method("get".into()).unwrap_err().message;
        assert_eq!(get, "Condition value 'get' contains a character that is not valid");
        let long = method("A".repeat(41)).unwrap_err().message;
        assert_eq!(long, "Condition value for 'http-request-method' cannot contain more than 40 characters");
        let host = header_name("Host".into()).unwrap_err().message;
        assert_eq!(host, "You cannot specify 'host' as an HTTP header name");
        assert!(header_name("X-*".into()).is_err() && header_name("X-A".into()).is_ok());
        for bad in ["10.0.0.1", "10.0.0.0/33", "255.255.255.255/32", ""] {
            let said = format!("The specified value '{bad}' is not a valid CIDR block");
            assert_eq!(range(bad.into()).unwrap_err().message, said);
        }
        assert!(range("10.0.0.1/32".into()).is_ok() && range("2001:db8::/32".into()).is_ok());
        assert!(regex("^/v[0-9]+/".into()).is_ok() && regex("(".into()).is_err() && regex("(?=a)".into()).is_err());
    }
}
