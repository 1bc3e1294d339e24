//! Tokens of pages: a direction and a gap, `f/…` or `b/…` as CloudWatch Logs has them.

use aws::fault::Fault;
use control::logs::bad_token;
use logevents::store::{Direction, Gap};

pub(super) fn write(direction: Direction, gap: Gap) -> String {
    let letter = match direction {
        Direction::Forward => 'f',
        Direction::Backward => 'b',
    };
    format!("{letter}/{:016x}{:032x}{:016x}/s", gap.at, gap.stream, gap.number)
}

pub(super) fn read(token: &str) -> Result<(Direction, Gap), Fault> {
    parse(token).ok_or_else(bad_token)
}

fn parse(token: &str) -> Option<(Direction, Gap)> {
    let (letter, digits) = token.strip_suffix("/s")?.split_once('/')?;
    let direction = match letter {
        "f" => Direction::Forward,
        "b" => Direction::Backward,
        _ => return None,
    };
    if digits.len() != 64 || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let at = u64::from_str_radix(digits.get(..16)?, 16).ok()? as i64;
    let stream = u128::from_str_radix(digits.get(16..48)?, 16).ok()?;
    let number = u64::from_str_radix(digits.get(48..)?, 16).ok()?;
    Some((direction, Gap { at, stream, number }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_read_back_as_written_and_others_are_refused() {
        for gap in [Gap::START, Gap::END, Gap { at: 1_700_000_000_000, stream: 7, number: 9 }] {
            for direction in [Direction::Forward, Direction::Backward] {
                assert_eq!(read(&write(direction, gap)).unwrap(), (direction, gap));
            }
        }
        for wrong in ["", "f/", "x/0/s", "f/éé/s", &"0".repeat(70), "f/+000/s"] {
            assert_eq!(read(wrong).unwrap_err().code, "InvalidParameterException", "{wrong}");
        }
    }
}
