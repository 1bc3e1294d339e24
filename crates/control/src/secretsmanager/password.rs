//! GetRandomPassword, and the drawing of characters.

use super::invalid;
use crate::Tx;
use aws::{
    api::secretsmanager::{GetRandomPasswordRequest, GetRandomPasswordResponse},
    fault::Fault,
};

/// The characters of each type ("GetRandomPassword", AWS Secrets Manager API Reference).
const LOWERCASE: &str = "abcdefghijklmnopqrstuvwxyz";
const UPPERCASE: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
const NUMBERS: &str = "0123456789";
const PUNCTUATION: &str = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~";
const SPACE: &str = " ";
/// What the end of an ARN is made of.
pub(super) const LETTERS_AND_DIGITS: &str = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
/// Characters of a password when the request does not say.
const LENGTH: i64 = 32;

/// Draws a password.
pub(super) fn get(tx: &mut Tx<'_>, request: GetRandomPasswordRequest) -> Result<GetRandomPasswordResponse, Fault> {
    let GetRandomPasswordRequest {
        password_length,
        exclude_characters,
        exclude_numbers,
        exclude_punctuation,
        exclude_uppercase,
        exclude_lowercase,
        include_space,
        require_each_included_type,
    } = request;
    let types = [
        (exclude_lowercase != Some(true), LOWERCASE),
        (exclude_uppercase != Some(true), UPPERCASE),
        (exclude_numbers != Some(true), NUMBERS),
        (exclude_punctuation != Some(true), PUNCTUATION),
        (include_space == Some(true), SPACE),
    ];
    let excluded = exclude_characters.unwrap_or_default();
    let included = types.into_iter().filter(|(included, _)| *included);
    let types: Vec<Vec<char>> =
        included.map(|(_, all)| all.chars().filter(|c| !excluded.contains(*c)).collect()).collect();
    let all = types.concat();
    if all.is_empty() {
        return Err(invalid("All characters have been excluded from selection."));
    }
    let length = usize::try_from(password_length.unwrap_or(LENGTH)).unwrap_or(0);
    let mut password = Vec::with_capacity(length);
    if require_each_included_type != Some(false) {
        if types.iter().any(Vec::is_empty) {
            return Err(invalid("All characters of the desired type have been excluded."));
        }
        if length < types.len() {
            return Err(invalid("Password length is too short based on the required types."));
        }
        password.extend(types.iter().filter_map(|one| pick(tx, one)));
    }
    while let Some(char) = (password.len() < length).then(|| pick(tx, &all)).flatten() {
        password.push(char);
    }
    shuffle(tx, &mut password);
    Ok(GetRandomPasswordResponse { random_password: Some(password.into_iter().collect()) })
}

/// So many characters out of `from`.
pub(super) fn draw(tx: &mut Tx<'_>, from: &str, length: usize) -> String {
    let from: Vec<char> = from.chars().collect();
    (0..length).filter_map(|_| pick(tx, &from)).collect()
}

/// One of these, each as likely as any.
fn pick(tx: &mut Tx<'_>, from: &[char]) -> Option<char> {
    from.get(below(tx, from.len())).copied()
}

/// Any order of them is as likely as any other (Fisher and Yates).
fn shuffle(tx: &mut Tx<'_>, chars: &mut [char]) {
    for last in (1..chars.len()).rev() {
        chars.swap(last, below(tx, last + 1));
    }
}

/// A number below `bound`. Draws that would favour the small ones are thrown away.
fn below(tx: &mut Tx<'_>, bound: usize) -> usize {
    let bound = (bound as u64).max(1);
    let fair = u64::MAX - u64::MAX % bound;
    loop {
        // Ids are drawn from half of the seed only, which they give away; that would be all there is to find out of a password too.
        let secret = tx.secret();
        let drawn = secret.first_chunk().map_or(0, |bytes| u64::from_be_bytes(*bytes));
        if drawn < fair {
            return (drawn % bound) as usize;
        }
    }
}
