//! Signals by the names images use for them in `STOPSIGNAL`.

/// Names without `SIG`, at the place of their number on x86-64 and ARM64 Linux (signal(7)).
const NAMES: [&str; 31] = [
    "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV", "USR2", "PIPE", "ALRM", "TERM",
    "STKFLT", "CHLD", "CONT", "STOP", "TSTP", "TTIN", "TTOU", "URG", "XCPU", "XFSZ", "VTALRM", "PROF", "WINCH", "IO",
    "PWR", "SYS",
];
/// The first and the last real-time signal that programs may use; glibc keeps the two below for itself.
const RTMIN: i32 = 34;
const RTMAX: i32 = 64;

/// SIGTERM.
pub(crate) const TERM: i32 = 15;
/// SIGKILL.
pub(crate) const KILL: i32 = 9;

/// The number of a signal by number or name, with or without `SIG`, in any case, as Docker takes them; `None` for what is none.
pub(crate) fn parse(text: &str) -> Option<i32> {
    if let Ok(number) = text.parse() {
        return (1..=RTMAX).contains(&number).then_some(number);
    }
    let name = text.to_ascii_uppercase();
    let name = name.strip_prefix("SIG").unwrap_or(&name);
    let position = NAMES.iter().position(|known| *known == name).and_then(|at| i32::try_from(at + 1).ok());
    position.or_else(|| real_time(name)).or(match name {
        "POLL" => Some(29),
        "IOT" => Some(6),
        "CLD" => Some(17),
        _ => None,
    })
}

/// `RTMIN`, `RTMIN+3`, `RTMAX-2`, `RTMAX`.
fn real_time(name: &str) -> Option<i32> {
    let (base, offset, sign) = match (name.strip_prefix("RTMIN"), name.strip_prefix("RTMAX")) {
        (Some(rest), _) => (RTMIN, rest.strip_prefix('+').or(rest.is_empty().then_some("0"))?, 1),
        (_, Some(rest)) => (RTMAX, rest.strip_prefix('-').or(rest.is_empty().then_some("0"))?, -1),
        _ => return None,
    };
    let number = base + sign * i32::from(offset.parse::<u8>().ok()?);
    (RTMIN..=RTMAX).contains(&number).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn signals_have_the_names_images_use() {
        let known = [("SIGTERM", 15), ("quit", 3), ("9", 9), ("SIGRTMIN+3", 37), ("RTMAX-1", 63), ("SIGWINCH", 28)];
        known.into_iter().for_each(|(name, number)| assert_eq!(parse(name), Some(number), "{name}"));
        for wrong in ["", "SIG", "0", "65", "-1", "SIGNOPE", "SIGRTMIN+40", "RTMAX+1", "RTMIN+"] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
    }
}
