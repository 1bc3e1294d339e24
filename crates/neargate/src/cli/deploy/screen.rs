//! What goes on, as it is shown: a tree drawn over and over on a terminal, a line for each event elsewhere.

use super::progress::{Line, Progress};
use rustix::termios::tcgetwinsize;
use std::io::{self, Write};

/// How it is shown.
pub enum View {
    /// Not at all.
    Silent,
    /// A line for each event.
    Lines,
    /// A tree, redrawn in place; how many lines of it are drawn.
    Tree(usize),
}

impl View {
    /// As it is wanted, and can be.
    pub fn new(wanted: bool, is_terminal: bool) -> Self {
        match (is_terminal, wanted) {
            (true, _) => Self::Tree(0),
            (false, true) => Self::Lines,
            (false, false) => Self::Silent,
        }
    }

    /// Shows what is there now; `lines` are what is new. `now` is in seconds since the epoch.
    pub fn show(&mut self, progress: &Progress, lines: &[String], now: f64, over: bool) {
        let mut out = io::stdout().lock();
        let text = match self {
            Self::Silent => return,
            Self::Lines => lines.iter().map(|line| harmless(line) + "\n").collect(),
            Self::Tree(drawn) => {
                let size = tcgetwinsize(&out).ok().filter(|size| size.ws_col > 0 && size.ws_row > 0);
                let (width, height) =
                    size.map_or((80, 24), |size| (usize::from(size.ws_col), usize::from(size.ws_row)));
                let tree = progress.tree(now);
                // The last one stays, and may be longer than the screen.
                let shown =
                    if over { tree.into_iter().map(|line| line.text).collect() } else { fit(&tree, height - 1) };
                let up = if *drawn > 0 { format!("\x1b[{drawn}A\r\x1b[J") } else { String::new() };
                *drawn = shown.len();
                shown.iter().fold(up, |text, line| text + &cut(&harmless(line), width) + "\n")
            }
        };
        // Whoever doesn't read it any more still has the stack.
        let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    }
}

/// As much of a tree as there is room for: what is done is left out first, the earliest of it before the rest.
fn fit(lines: &[Line], height: usize) -> Vec<String> {
    let Some(over) = lines.len().checked_sub(height).filter(|over| *over > 0) else {
        return lines.iter().map(|line| line.text.clone()).collect();
    };
    let done = lines.iter().filter(|line| line.done).count();
    // The line that says so takes room itself.
    let left_out = (over + 1).min(done);
    let mut kept = Vec::new();
    let mut passed = 0;
    for line in lines {
        if line.done && passed < left_out {
            passed += 1;
        } else {
            kept.push(line.text.clone());
        }
        if passed == left_out && left_out > 0 && kept.len() == 1 {
            kept.push(format!("  ✓ {left_out} done"));
        }
    }
    kept.truncate(height);
    kept
}

/// The beginning of a line that fits.
fn cut(line: &str, width: usize) -> String {
    line.chars().take(width).collect()
}

/// A line of which nothing is an order to a terminal: names and reasons may be anybody's words.
fn harmless(line: &str) -> String {
    line.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(of: &[(&str, bool)]) -> Vec<Line> {
        of.iter().map(|(text, done)| Line { text: (*text).to_owned(), done: *done }).collect()
    }

    #[test]
    fn what_is_done_makes_room() {
        let tree = lines(&[("shop", false), ("a", true), ("b", true), ("c", false), ("d", true)]);
        assert_eq!(fit(&tree, 5), ["shop", "a", "b", "c", "d"]);
        assert_eq!(fit(&tree, 4), ["shop", "  ✓ 2 done", "c", "d"]);
        assert_eq!(fit(&tree, 2).len(), 2);
    }

    #[test]
    fn a_terminal_takes_no_orders() {
        assert_eq!(harmless("a\x1b]0;title\x07"), "a\u{fffd}]0;title\u{fffd}");
        assert_eq!(cut("äbc", 2), "äb");
    }
}
