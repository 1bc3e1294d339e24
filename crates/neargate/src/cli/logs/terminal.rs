//! A container's words on the user's terminal. Whoever writes a log may not be trusted, and terminals take orders in what they are to
//! show: to change their title and clipboard, to answer as if the user had typed.

use std::borrow::Cow;

/// A text of which nothing is more than text and its colours. Other control characters are shown as cat(1) shows them: `^[`, `^M`.
pub fn harmless(text: &str) -> Cow<'_, str> {
    let text = text.strip_suffix('\r').unwrap_or(text);
    if !text.chars().any(is_order) {
        return Cow::Borrowed(text);
    }
    let (mut shown, mut rest) = (String::with_capacity(text.len()), text);
    while let Some(c) = rest.chars().next() {
        let (taken, after) = rest.split_at(colour(rest).unwrap_or(c.len_utf8()));
        match c {
            _ if taken.len() > c.len_utf8() || !is_order(c) => shown.push_str(taken),
            '\0'..='\x1f' => shown.extend(['^', char::from(c as u8 ^ 0x40)]),
            '\x7f' => shown.push_str("^?"),
            other => shown.extend(other.escape_unicode()),
        }
        rest = after;
    }
    Cow::Owned(shown)
}

fn is_order(c: char) -> bool {
    c.is_control() && c != '\n' && c != '\t'
}

/// The length of a sequence that only sets colours and the like ("Select Graphic Rendition", ECMA-48, 8.3.117), if one comes next.
fn colour(text: &str) -> Option<usize> {
    let parameters = text.strip_prefix("\x1b[")?;
    let end = parameters.find(|c: char| !c.is_ascii_digit() && c != ';' && c != ':')?;
    parameters.get(end..)?.starts_with('m').then_some("\x1b[".len() + end + 1)
}

#[cfg(test)]
mod tests {
    use super::harmless;

    #[test]
    fn colours_stay_and_orders_are_shown() {
        for (written, shown) in [
            ("plain\tüñ\nnext", "plain\tüñ\nnext"),
            ("of Windows\r", "of Windows"),
            ("\x1b[1;31mred\x1b[0m \x1b[38:5:9mtoo\x1b[m", "\x1b[1;31mred\x1b[0m \x1b[38:5:9mtoo\x1b[m"),
            ("\x1b]0;title\x07", "^[]0;title^G"),
            ("\x1b]52;c;cm0gLXJmIC8=\x1b\\", "^[]52;c;cm0gLXJmIC8=^[\\"),
            ("\x1b[6n \x1b[2J \x1b[31", "^[[6n ^[[2J ^[[31"),
            ("done\rhidden\x7f\0", "done^Mhidden^?^@"),
            ("\u{9b}6n", "\\u{9b}6n"),
        ] {
            assert_eq!(harmless(written), shown, "{written:?}");
        }
    }
}
