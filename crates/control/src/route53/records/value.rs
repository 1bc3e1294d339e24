//! Values of records as text ("Supported DNS record types", Amazon Route 53 Developer Guide).

use crate::route53::name;
use aws::api::route53::RRType;
use vpc::{RecordKind, RecordValue, Soa};

/// The longest character string (RFC 1035, section 3.3).
const LONGEST_STRING: usize = 255;

/// The type of records that resolvers answer with; none for one that they don't, and for the SOA record, which is the zone's.
pub(in crate::route53) fn kind(of: RRType) -> Option<RecordKind> {
    Some(match of {
        RRType::A => RecordKind::A,
        RRType::Aaaa => RecordKind::Aaaa,
        RRType::Caa => RecordKind::Caa,
        RRType::Cname => RecordKind::Cname,
        RRType::Mx => RecordKind::Mx,
        RRType::Ns => RecordKind::Ns,
        RRType::Ptr => RecordKind::Ptr,
        RRType::Srv => RecordKind::Srv,
        RRType::Txt => RecordKind::Txt,
        RRType::Soa
        | RRType::Naptr
        | RRType::Spf
        | RRType::Ds
        | RRType::Tlsa
        | RRType::Sshfp
        | RRType::Svcb
        | RRType::Https => return None,
    })
}

/// A value of a type of records.
///
/// # Errors
/// AWS's words for what is wrong with it.
pub(in crate::route53) fn read(kind: RecordKind, text: &str) -> Result<RecordValue, String> {
    let fields: Vec<&str> = text.split_ascii_whitespace().collect();
    match kind {
        RecordKind::A => {
            let wrong = |_| problem("ARRDATAIllegalIPv4Address", "Value is not a valid IPv4 address", text);
            text.parse().map(RecordValue::Address).map_err(wrong)
        }
        RecordKind::Aaaa => {
            let wrong = |_| problem("AAAARRDATAIllegalIPv6Address", "Value is not a valid IPv6 address", text);
            text.parse().map(RecordValue::AddressV6).map_err(wrong)
        }
        RecordKind::Cname | RecordKind::Ns | RecordKind::Ptr => name::read(text).map(RecordValue::Name),
        RecordKind::Mx => match fields.as_slice() {
            [preference, host] => Ok(RecordValue::Mail(number("MX", preference)?, name::read(host)?)),
            _ => Err(problem("MXRRDATANotTwoFields", "MX record doesn't have 2 fields", text)),
        },
        RecordKind::Srv => match fields.as_slice() {
            [priority, weight, port, host] => {
                let (priority, weight) = (number("SRV", priority)?, number("SRV", weight)?);
                Ok(RecordValue::Service { priority, weight, port: number("SRV", port)?, host: name::read(host)? })
            }
            _ => Err(problem("SRVRRDATANotFourFields", "SRV record doesn't have 4 fields", text)),
        },
        RecordKind::Txt => strings(text).map(RecordValue::Text),
        RecordKind::Caa => authority(text),
    }
}

fn problem(code: &str, why: &str, with: &str) -> String {
    format!("FATAL problem: {code} ({why}) encountered with '{with}'")
}

fn number<T: std::str::FromStr>(kind: &str, text: &str) -> Result<T, String> {
    text.parse().map_err(|_| problem(&format!("{kind}RRDATAInvalidNumber"), "Value is not a valid number", text))
}

/// `0 issue "ca.example.net"` (RFC 8659, section 4.1).
fn authority(text: &str) -> Result<RecordValue, String> {
    let wrong = || problem("CAARRDATANotThreeFields", "CAA record doesn't have 3 fields", text);
    let (flags, rest) = text.trim().split_once(' ').ok_or_else(wrong)?;
    let (tag, value) = rest.trim_start().split_once(' ').ok_or_else(wrong)?;
    let plain = !tag.is_empty() && tag.len() <= 15 && tag.bytes().all(|byte| byte.is_ascii_alphanumeric());
    match <[Vec<u8>; 1]>::try_from(strings(value)?) {
        Ok([value]) if plain => Ok(RecordValue::Authority { flags: number("CAA", flags)?, tag: tag.to_owned(), value }),
        _ => Err(wrong()),
    }
}

/// `"one" "another"`: character strings in quotation marks, where `\"` is one, and `\351` the byte of that octal number.
fn strings(text: &str) -> Result<Vec<Vec<u8>>, String> {
    let unquoted = || problem("InvalidCharacterString", "Value should be enclosed in quotation marks", text);
    let (mut found, mut rest) = (Vec::new(), text.trim());
    while !rest.is_empty() {
        let (string, after) = string(rest.strip_prefix('"').ok_or_else(unquoted)?).ok_or_else(unquoted)?;
        if string.len() > LONGEST_STRING {
            return Err(problem("CharacterStringTooLong", "Value is too long", text));
        }
        found.push(string);
        if !after.is_empty() && !after.starts_with([' ', '\t']) {
            return Err(unquoted());
        }
        rest = after.trim_start();
    }
    if found.is_empty() { Err(unquoted()) } else { Ok(found) }
}

/// The bytes up to a closing quotation mark, and what is behind it.
fn string(text: &str) -> Option<(Vec<u8>, &str)> {
    let (mut bytes, mut rest) = (Vec::new(), text);
    loop {
        let at = rest.find(['"', '\\'])?;
        let (before, from) = rest.split_at_checked(at)?;
        bytes.extend_from_slice(before.as_bytes());
        rest = match from.strip_prefix('\\') {
            None => return Some((bytes, from.get(1..)?)),
            Some(escaped) => {
                let octal = escaped.get(..3).filter(|code| code.bytes().all(|byte| byte.is_ascii_digit()));
                match octal.map(|code| u8::from_str_radix(code, 8)) {
                    Some(Ok(byte)) => {
                        bytes.push(byte);
                        escaped.get(3..)?
                    }
                    Some(Err(_)) => return None,
                    None => {
                        let character = escaped.chars().next()?;
                        bytes.extend_from_slice(escaped.get(..character.len_utf8())?.as_bytes());
                        escaped.get(character.len_utf8()..)?
                    }
                }
            }
        };
    }
}

/// The SOA record of a zone.
///
/// # Errors
/// AWS's words for what is wrong with it.
pub(in crate::route53) fn soa(text: &str) -> Result<Soa, String> {
    let fields: Vec<&str> = text.split_ascii_whitespace().collect();
    let [server, mailbox, serial, refresh, retry, expire, minimum] = fields.as_slice() else {
        return Err(problem("SOARRDATANotSevenFields", "SOA record doesn't have 7 fields", text));
    };
    Ok(Soa {
        server: name::read(server)?,
        mailbox: name::read(mailbox)?,
        serial: number("SOA", serial)?,
        refresh: number("SOA", refresh)?,
        retry: number("SOA", retry)?,
        expire: number("SOA", expire)?,
        minimum: number("SOA", minimum)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_read_by_their_type() {
        let name = |text: &str| RecordValue::Name(text.to_owned());
        for (kind, text, value) in [
            (RecordKind::A, "10.0.0.1", RecordValue::Address([10, 0, 0, 1].into())),
            (RecordKind::Aaaa, "2001:db8::1", RecordValue::AddressV6("2001:db8::1".parse().unwrap())),
            (RecordKind::Cname, "Www.Example.com.", name("www.example.com")),
            (RecordKind::Mx, "10 mail.example.com", RecordValue::Mail(10, "mail.example.com".to_owned())),
            (
                RecordKind::Srv,
                "1 2 80 a.example.com.",
                RecordValue::Service { priority: 1, weight: 2, port: 80, host: "a.example.com".to_owned() },
            ),
            (RecordKind::Txt, r#""a b" "\"c\351\\""#, RecordValue::Text(vec![b"a b".to_vec(), b"\"c\xe9\\".to_vec()])),
            (
                RecordKind::Caa,
                r#"0 issue "ca.example.net; x=y""#,
                RecordValue::Authority { flags: 0, tag: "issue".to_owned(), value: b"ca.example.net; x=y".to_vec() },
            ),
        ] {
            assert_eq!(read(kind, text), Ok(value), "{text}");
        }
        let long = format!("\"{}\"", "a".repeat(256));
        for (kind, text, code) in [
            (RecordKind::A, "10.0.0.256", "ARRDATAIllegalIPv4Address (Value is not a valid IPv4 address)"),
            (RecordKind::Aaaa, "10.0.0.1", "AAAARRDATAIllegalIPv6Address (Value is not a valid IPv6 address)"),
            (RecordKind::Mx, "smtp", "MXRRDATANotTwoFields (MX record doesn't have 2 fields)"),
            (RecordKind::Mx, "70000 smtp.example.com", "MXRRDATAInvalidNumber"),
            (RecordKind::Srv, "1 1 80", "SRVRRDATANotFourFields (SRV record doesn't have 4 fields)"),
            (RecordKind::Txt, "a", "InvalidCharacterString (Value should be enclosed in quotation marks)"),
            (RecordKind::Txt, "\"a", "InvalidCharacterString"),
            (RecordKind::Txt, "\"a\"b\"", "InvalidCharacterString"),
            (RecordKind::Txt, "\"\\777\"", "InvalidCharacterString"),
            (RecordKind::Txt, "\"\\", "InvalidCharacterString"),
            (RecordKind::Txt, &long, "CharacterStringTooLong (Value is too long)"),
            (RecordKind::Caa, "0 issue", "CAARRDATANotThreeFields"),
            (RecordKind::Cname, "a..b", "DomainLabelEmpty"),
        ] {
            let why = read(kind, text).unwrap_err();
            assert!(why.starts_with(&format!("FATAL problem: {code}")), "{text}: {why}");
        }
    }
}
