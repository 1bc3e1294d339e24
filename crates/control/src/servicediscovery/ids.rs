//! Ids as AWS Cloud Map gives them.

use crate::Tx;

const LOWER: &[u8] = b"abcdefghijklmnopqrstuvwxyz234567";
const DIGITS: &[u8] = b"0123456789abcdefghijklmnopqrstuvwxyz";

/// Such as `ns-ebg2jra7orsj2y23` and `srv-mo6wycszvyez7fxc`.
pub(super) fn resource(tx: &mut Tx<'_>, prefix: &str) -> String {
    format!("{prefix}-{}", text(tx, LOWER, 16))
}

/// Such as `k43dmiizk4aavpwxahj524zy2nmibeib-kq2xlla5`: the end says when.
pub(super) fn operation(tx: &mut Tx<'_>) -> String {
    let mut millis = u64::try_from(tx.now.millis).unwrap_or(0);
    let mut when = Vec::new();
    while millis > 0 || when.len() < 8 {
        when.push(digit(DIGITS, millis));
        millis /= DIGITS.len() as u64;
    }
    let when: String = when.into_iter().rev().collect();
    format!("{}-{when}", text(tx, LOWER, 32))
}

/// What sets the name of a namespace apart from an older one of the same name.
pub(super) fn suffix(tx: &mut Tx<'_>) -> String {
    text(tx, LOWER, 16)
}

fn text(tx: &mut Tx<'_>, alphabet: &[u8], length: usize) -> String {
    (0..length).map(|_| digit(alphabet, tx.draw() >> 16)).collect()
}

fn digit(alphabet: &[u8], number: u64) -> char {
    let place = (number % alphabet.len() as u64) as usize;
    char::from(alphabet.get(place).copied().unwrap_or(b'0'))
}
