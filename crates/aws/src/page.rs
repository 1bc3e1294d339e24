//! Pagination with opaque tokens. A token holds the key of the last item sent, not a count of items, so a page goes on
//! at the right place also when items came or went in between.

use crate::fault::Fault;
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;

/// How many items a page holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    /// When the request does not say.
    pub default: usize,
    /// At most, whatever the request says.
    pub max: usize,
}

/// A token this service did not make. The caller knows the service's error for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BadToken;

impl BadToken {
    /// The refusal, with the service's code: `InvalidParameterException`, `InvalidPaginationToken`, ….
    pub fn fault(self, code: &'static str) -> Fault {
        Fault::new(code, "Invalid token.")
    }
}

/// One page of `items` in the order of their keys, and the token for the next where there is more.
///
/// Keys must be unique; items are sent in their order. A `max_results` below one counts as one.
///
/// # Errors
/// [`BadToken`] for a token that is not one of ours.
pub fn paginate<T>(
    items: impl IntoIterator<Item = T>,
    key: impl Fn(&T) -> String,
    max_results: Option<i32>,
    next_token: Option<&str>,
    size: Size,
) -> Result<(Vec<T>, Option<String>), BadToken> {
    let after = next_token.map(decode).transpose()?;
    let wanted = max_results.map_or(size.default, |wanted| usize::try_from(wanted).unwrap_or(1));
    let wanted = wanted.clamp(1, size.max.max(1));
    let keyed = items.into_iter().map(|item| (key(&item), item));
    let mut rest: Vec<(String, T)> = keyed.filter(|(key, _)| after.as_ref().is_none_or(|after| key > after)).collect();
    rest.sort_by(|(a, _), (b, _)| a.cmp(b));
    let more = rest.len() > wanted;
    rest.truncate(wanted);
    let token = rest.last().filter(|_| more).map(|(key, _)| encode(key));
    Ok((rest.into_iter().map(|(_, item)| item).collect(), token))
}

/// A key that sorts the other way round: every byte turned over, and an end that sorts after every byte.
pub fn descending(key: &str) -> String {
    let turned: String = key.bytes().map(|byte| format!("{:02x}", u8::MAX - byte)).collect();
    turned + "g"
}

/// In every token, so that other base64 is told apart.
const MARK: &[u8] = b"neargate1:";

/// A token for where to go on.
pub fn encode(key: &str) -> String {
    let sum = checksum(key).to_be_bytes();
    BASE64_URL_SAFE_NO_PAD.encode([MARK, sum.as_slice(), key.as_bytes()].concat())
}

/// What a token was made of.
///
/// # Errors
/// When it was not made here.
pub fn decode(token: &str) -> Result<String, BadToken> {
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(token).map_err(|_| BadToken)?;
    let (sum, key) = bytes.strip_prefix(MARK).and_then(<[u8]>::split_first_chunk).ok_or(BadToken)?;
    let key = std::str::from_utf8(key).map_err(|_| BadToken)?;
    if u32::from_be_bytes(*sum) == checksum(key) { Ok(key.to_owned()) } else { Err(BadToken) }
}

/// FNV-1a: finds a token cut short or mistyped. It keeps nobody from making one, and needs not: a token only says where
/// to go on among things the caller may list anyway.
fn checksum(key: &str) -> u32 {
    key.bytes().fold(0x811c_9dc5, |sum, byte| (sum ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: Size = Size { default: 3, max: 100 };

    fn page(items: &[&str], max: Option<i32>, token: Option<&str>) -> (Vec<String>, Option<String>) {
        paginate(items.iter().map(|s| (*s).to_owned()), String::clone, max, token, SIZE).expect("our own token")
    }

    #[test]
    fn every_item_once_in_order() {
        let items = ["e", "a", "d", "c", "b", "g", "f"];
        let (mut seen, mut token) = (Vec::new(), None);
        loop {
            let (some, next) = page(&items, Some(2), token.as_deref());
            seen.extend(some);
            token = next;
            if token.is_none() {
                break;
            }
        }
        assert_eq!(seen, ["a", "b", "c", "d", "e", "f", "g"]);
    }

    #[test]
    fn the_last_full_page_has_no_token() {
        assert_eq!(page(&["a", "b", "c"], None, None).1, None);
        assert!(page(&["a", "b", "c", "d"], None, None).1.is_some());
    }

    #[test]
    fn items_that_come_and_go_move_nothing() {
        let (first, token) = page(&["b", "d", "f", "h"], Some(2), None);
        assert_eq!(first, ["b", "d"]);
        // The last item sent is gone, one came before it and one after.
        let (second, _) = page(&["a", "b", "e", "f", "h"], Some(2), token.as_deref());
        assert_eq!(second, ["e", "f"]);
    }

    #[test]
    fn a_size_out_of_bounds_is_brought_into_them() {
        let items: Vec<String> = (0..200).map(|i| format!("{i:03}")).collect();
        let count = |max| paginate(items.clone(), String::clone, max, None, SIZE).expect("no token").0.len();
        assert_eq!((count(None), count(Some(-5)), count(Some(0)), count(Some(150))), (3, 1, 1, 100));
    }

    #[test]
    fn a_foreign_token_is_refused() {
        let (_, token) = page(&["a", "b", "c", "d"], None, None);
        let token = token.expect("more");
        let mut changed = token.clone();
        changed.pop();
        for bad in ["", "abc", "%%%", "bmVhcmdhdGU", changed.as_str()] {
            assert_eq!(paginate(["a".to_owned()], String::clone, None, Some(bad), SIZE), Err(BadToken), "{bad}");
        }
    }
}
