//! Whether trailers have pseudo-header fields, which makes them malformed (RFC 9113, 8.1) and which the `h2` crate passes over. Names
//! that an encoder keeps in its own table are not known here: those are passed over.

/// The pseudo-header fields of the static table (RFC 7541, A).
const PSEUDO: std::ops::RangeInclusive<usize> = 1..=14;
const PADDED: u8 = 0x8;
const PRIORITY: u8 = 0x20;
/// The first seven bits of a name that begins with a colon, by Huffman's code (RFC 7541, B).
const COLON: u8 = 0b101_1100;

/// Whether a HEADERS frame has any in its own part of the block.
pub(super) fn have_pseudo(flags: u8, payload: &[u8]) -> bool {
    find(flags, payload).unwrap_or_default()
}

/// None for what is no block.
fn find(flags: u8, mut rest: &[u8]) -> Option<bool> {
    if flags & PADDED > 0 {
        let (padding, after) = rest.split_first()?;
        rest = after.get(..after.len().checked_sub(usize::from(*padding))?)?;
    }
    if flags & PRIORITY > 0 {
        rest = rest.get(5..)?;
    }
    while let Some(first) = rest.first() {
        let (prefix, is_literal) = match first {
            0x80.. => (7, false),
            0x40.. => (6, true),
            0x20.. => {
                number(&mut rest, 5)?;
                continue;
            }
            _ => (4, true),
        };
        let index = number(&mut rest, prefix)?;
        if PSEUDO.contains(&index) {
            return Some(true);
        }
        if is_literal {
            if index == 0 {
                let (is_coded, name) = string(&mut rest)?;
                let begins = if is_coded { name.first()? >> 1 == COLON } else { *name.first()? == b':' };
                if begins {
                    return Some(true);
                }
            }
            string(&mut rest)?;
        }
    }
    Some(false)
}

/// A number with so many bits of its first octet (RFC 7541, 5.1).
fn number(rest: &mut &[u8], prefix: u32) -> Option<usize> {
    let (first, mut after) = rest.split_first()?;
    let most = (1usize << prefix) - 1;
    let mut value = usize::from(*first) & most;
    if value == most {
        let mut shift = 0;
        loop {
            let (octet, more) = after.split_first()?;
            after = more;
            value = value.checked_add(usize::from(octet & 0x7f).checked_shl(shift)?)?;
            shift += 7;
            if octet & 0x80 == 0 {
                break;
            }
            if shift > 28 {
                return None;
            }
        }
    }
    *rest = after;
    Some(value)
}

/// A string, and whether it is coded (RFC 7541, 5.2).
fn string<'b>(rest: &mut &'b [u8]) -> Option<(bool, &'b [u8])> {
    let is_coded = rest.first()? & 0x80 > 0;
    let length = number(rest, 7)?;
    let (text, after) = rest.split_at_checked(length)?;
    *rest = after;
    Some((is_coded, text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_with_a_colon_are_found() {
        assert!(!have_pseudo(0, b"\x40\x01x\x01y\x00\x01a\x01b\xbe\x3f\x61"));
        for block in [&b"\x83"[..], b"\x42\x01x", b"\x00\x02:a\x01b", b"\x40\x01x\x01y\x10\x82\xb8\x7f\x01b"] {
            assert!(have_pseudo(0, block), "{block:?}");
        }
        assert!(have_pseudo(PADDED | PRIORITY, b"\x02\0\0\0\0\0\x83\0\0"));
    }

    proptest! {
        #[test]
        fn never_panics(flags in any::<u8>(), bytes in prop::collection::vec(any::<u8>(), 0..40)) {
            let _ = have_pseudo(flags, &bytes);
        }
    }
}
