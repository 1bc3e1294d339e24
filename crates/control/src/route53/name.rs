//! Domain names as Amazon Route 53 takes and shows them ("DNS domain name format", Amazon Route 53 Developer Guide).

/// The longest name and the longest label (RFC 1035, section 2.3.4).
const LONGEST: usize = 253;
const LONGEST_LABEL: usize = 63;

/// A name as records have it: in lower case, without a dot at the end.
///
/// # Errors
/// AWS's words for what is wrong with it. Amazon Route 53 takes more characters in names than resolvers here are asked for.
pub(super) fn read(text: &str) -> Result<String, String> {
    let name = unescaped(text).to_ascii_lowercase();
    let name = name.strip_suffix('.').unwrap_or(&name);
    let problem =
        |code: &str, why: &str, with: &str| Err(format!("FATAL problem: {code} ({why}) encountered with '{with}'"));
    let odd = |c: &char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '*' | '.'));
    if let Some(odd) = name.chars().find(odd) {
        return problem("UnsupportedCharacter", "Value contains unsupported characters", &odd.to_string());
    }
    if name.split('.').any(str::is_empty) {
        return problem("DomainLabelEmpty", "Domain label is empty", text);
    }
    if let Some(label) = name.split('.').find(|label| label.len() > LONGEST_LABEL) {
        return problem("DomainLabelTooLong", "Domain label is too long", label);
    }
    if name.len() > LONGEST {
        return problem("DomainNameTooLong", "Domain name is too long", text);
    }
    // An asterisk in front is a wildcard. Elsewhere it would stand for itself, which no resolver here is asked for.
    if name.strip_prefix("*.").unwrap_or(name).contains('*') {
        return problem("UnsupportedCharacter", "Value contains unsupported characters", "*");
    }
    Ok(name.to_owned())
}

/// A text with `\052` and the like, three octal digits, as the characters that they are.
fn unescaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('\\') {
        out += before;
        let code = after.get(..3).and_then(|digits| u8::from_str_radix(digits, 8).ok()).filter(u8::is_ascii);
        (rest, _) = match code {
            Some(code) => (after.get(3..).unwrap_or_default(), out.push(char::from(code))),
            None => (after, out.push('\\')),
        };
    }
    out + rest
}

/// A name as AWS shows it: with a dot at its end, and a wildcard's asterisk as `\052`.
pub(super) fn shown(name: &str) -> String {
    format!("{}.", name.replace('*', "\\052"))
}

/// Whether a name is a zone's own, or under it.
pub(super) fn is_in(name: &str, zone: &str) -> bool {
    name == zone || name.strip_suffix(zone).is_some_and(|rest| rest.ends_with('.'))
}

/// What names are listed by: their labels from the end.
pub(super) fn reversed(name: &str) -> String {
    let labels: Vec<&str> = name.rsplit('.').collect();
    format!("{}.", labels.join("."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_and_shown_as_aws_does() {
        for (text, name, as_shown) in [
            ("Example.COM.", "example.com", "example.com."),
            ("*.example.com", "*.example.com", "\\052.example.com."),
            ("\\052.example.com.", "*.example.com", "\\052.example.com."),
            ("_a._tcp.x-1.local", "_a._tcp.x-1.local", "_a._tcp.x-1.local."),
        ] {
            assert_eq!(read(text).as_deref(), Ok(name));
            assert_eq!(shown(name), as_shown);
        }
        let long = format!("{}.com", "a".repeat(64));
        for (text, code) in [
            ("", "DomainLabelEmpty"),
            ("a..b", "DomainLabelEmpty"),
            (long.as_str(), "DomainLabelTooLong"),
            (&"a.".repeat(128), "DomainNameTooLong"),
            ("a b.com", "UnsupportedCharacter"),
            ("\\100.com", "UnsupportedCharacter"),
            ("\\é", "UnsupportedCharacter"),
            ("a.*.com", "UnsupportedCharacter"),
            ("*a.com", "UnsupportedCharacter"),
        ] {
            let problem = read(text).unwrap_err();
            assert!(problem.starts_with(&format!("FATAL problem: {code} (")), "{text}: {problem}");
        }
        assert_eq!(reversed("www.example.com"), "com.example.www.");
        assert!(is_in("a.example.com", "example.com") && is_in("example.com", "example.com"));
        assert!(!is_in("aexample.com", "example.com") && !is_in("com", "example.com"));
    }
}
