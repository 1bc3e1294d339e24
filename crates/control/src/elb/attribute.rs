//! Attributes: settings by their keys, each with a default, shown and changed as text.

use super::{invalid, not_supported};
use aws::fault::Fault;
use std::ops::RangeInclusive;

/// One attribute of a `T`.
pub(super) struct Attribute<T> {
    /// Its key.
    pub(super) key: &'static str,
    /// Its value.
    pub(super) show: fn(&T) -> String,
    /// Gives it the value, which stands after the key.
    pub(super) set: fn(&mut T, &str, &str) -> Result<(), Fault>,
}

/// Every attribute with its value.
pub(super) fn show<T>(of: &T, table: &[Attribute<T>]) -> Vec<(String, String)> {
    table.iter().map(|attribute| (attribute.key.to_owned(), (attribute.show)(of))).collect()
}

/// Changes some attributes.
///
/// # Errors
/// `ValidationError` for keys that are given twice or are none, naming what they would be of; those of the values.
pub(super) fn modify<T>(
    of: &mut T,
    what: &str,
    table: &[Attribute<T>],
    given: Vec<(Option<String>, Option<String>)>,
) -> Result<(), Fault> {
    let given: Vec<(String, String)> =
        given.into_iter().map(|(key, value)| (key.unwrap_or_default(), value.unwrap_or_default())).collect();
    for (n, (key, _)) in given.iter().enumerate() {
        if given.iter().skip(n + 1).any(|(other, _)| other == key) {
            return Err(invalid(format!("Attribute key '{key}' has been specified more than once")));
        }
    }
    for (key, value) in given {
        let unknown = || invalid(format!("{what} attribute key '{key}' is not recognized"));
        let attribute = table.iter().find(|attribute| attribute.key == key).ok_or_else(unknown)?;
        (attribute.set)(of, &key, &value)?;
    }
    Ok(())
}

/// `true` or `false`.
///
/// # Errors
/// `ValidationError`.
pub(super) fn boolean(key: &str, value: &str) -> Result<bool, Fault> {
    match value {
        "true" => Ok(true),
        "false" => Ok(false),
        _ => Err(invalid(format!("The value of '{key}' must be 'true' or 'false', but was '{value}'"))),
    }
}

/// An integer of a range.
///
/// # Errors
/// `ValidationError` with the range.
pub(super) fn number(key: &str, value: &str, range: RangeInclusive<u32>) -> Result<u32, Fault> {
    let read = digits(value).filter(|number| range.contains(number));
    let (from, to) = (range.start(), range.end());
    read.ok_or_else(|| invalid(format!("'{key}' value '{value}' must be between '{from}-{to}' inclusive")))
}

/// A number written in digits alone.
pub(super) fn digits(value: &str) -> Option<u32> {
    value.bytes().all(|byte| byte.is_ascii_digit()).then(|| value.parse().ok()).flatten()
}

/// Accepts of a setting that neargate does not have only the value that it has anyway.
///
/// # Errors
/// `InvalidConfigurationRequest` naming it.
pub(super) fn only(key: &str, value: &str, fixed: &str) -> Result<(), Fault> {
    if value == fixed { Ok(()) } else { Err(not_supported(format_args!("The value '{value}' of '{key}'"))) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_refused_in_aws_words() {
        let said = |fault: Result<u32, Fault>| fault.unwrap_err().message;
        let delay = "deregistration_delay.timeout_seconds";
        for wrong in ["3601", "-1", "+5", "", "4294967296", " 5"] {
            let refused = format!("'{delay}' value '{wrong}' must be between '0-3600' inclusive");
            assert_eq!(said(number(delay, wrong, 0..=3600)), refused);
        }
        assert_eq!(number(delay, "3600", 0..=3600), Ok(3600));
        let yes = boolean("deletion_protection.enabled", "yes").unwrap_err().message;
        assert_eq!(yes, "The value of 'deletion_protection.enabled' must be 'true' or 'false', but was 'yes'");
    }
}
