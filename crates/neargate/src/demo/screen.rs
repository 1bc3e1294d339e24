//! How the demonstration looks. Colours only on a terminal, and not where NO_COLOR is set (no-color.org).

use super::{region::Region, story::Proof};
use serde_json::Value;
use std::{
    env,
    io::{self, IsTerminal, Write},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

/// Standard output. What can't be written, because nobody reads on, is not: the demonstration still cleans up.
pub struct Screen {
    colour: bool,
    /// Whether it is one whose lines can be written over.
    terminal: bool,
    hushed: Arc<AtomicBool>,
}

/// Ends what a screen shows.
pub struct Hush(Arc<AtomicBool>);

impl Hush {
    /// From now on nothing is shown.
    pub fn now(&self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Select Graphic Rendition parameters (ECMA-48).
#[derive(Clone, Copy)]
enum Style {
    Bold = 1,
    Dim = 2,
    Red = 31,
    Green = 32,
    Cyan = 36,
}

impl Screen {
    /// Looks at what standard output is.
    pub fn new() -> Self {
        let wanted = env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        let terminal = io::stdout().is_terminal();
        Self { colour: wanted && terminal, terminal, hushed: Arc::default() }
    }

    /// For whoever may have to interrupt.
    pub fn hush(&self) -> Hush {
        Hush(self.hushed.clone())
    }

    /// A chapter's heading.
    pub fn heading(&self, number: usize, title: &str) {
        self.line(&format!("\n{}", self.paint(Style::Bold, &format!("{number}. {title}"))));
    }

    /// A sentence or two.
    pub fn say(&self, text: &str) {
        self.line(&format!("   {text}"));
    }

    /// A command that is run.
    pub fn command(&self, command: &str) {
        self.line(&format!("   {}", self.paint(Style::Cyan, &format!("$ {command}"))));
    }

    /// What a command or file said.
    pub fn output(&self, text: &str) {
        text.trim_end().lines().for_each(|line| self.line(&format!("     {}", self.paint(Style::Dim, line))));
    }

    /// A value as JSON, with what fits on a line on one.
    pub fn json(&self, value: &Value) {
        self.output(&pretty(value, 0));
    }

    /// A claim, and whether it held.
    pub fn proof(&self, proof: &Proof) {
        let mark = if proof.held { self.paint(Style::Green, "✓") } else { self.paint(Style::Red, "✗") };
        self.line(&format!("   {mark} {}", proof.claim));
        if let Some(why) = &proof.why {
            why.lines().for_each(|line| self.line(&format!("     {line}")));
        }
    }

    /// Everything that was proved, or not.
    pub fn table(&self, proofs: &[Proof], took: Duration) {
        self.line(&format!("\n{}", self.paint(Style::Bold, "What was proved")));
        for proof in proofs {
            let word = if proof.held { self.paint(Style::Green, "PASS") } else { self.paint(Style::Red, "FAIL") };
            self.line(&format!("   {word}  {}", proof.claim));
        }
        let failed = proofs.iter().filter(|proof| !proof.held).count();
        let all = if failed == 0 {
            format!("all {} held", proofs.len())
        } else {
            format!("{failed} of {} did not hold", proofs.len())
        };
        self.line(&format!("\n   {all}, in {:.1} s", took.as_secs_f64()));
    }

    /// How to look around in a region that was kept, and how to remove it.
    pub fn kept(&self, region: &Region) {
        let (program, dir) = (region.program.display(), region.data_dir());
        let address = region.url.trim_start_matches("http://");
        self.line(&format!("\n{}", self.paint(Style::Bold, "The region goes on running")));
        self.command(&format!("eval \"$({program} env --listen {address})\""));
        self.command(&format!("export NEARGATE_DATA_DIR={}", dir.display()));
        self.command("aws ecs list-tasks");
        self.command(&format!("{program} status"));
        self.say("and when you have seen enough:");
        self.command(&format!("{program} down && rm -r {}", dir.parent().unwrap_or(&dir).display()));
    }

    /// Something that changes while it is looked at.
    pub fn live(&self) -> Live<'_> {
        Live { screen: self, height: 0, said: Vec::new() }
    }

    fn paint(&self, style: Style, text: &str) -> String {
        if self.colour { format!("\x1b[{}m{text}\x1b[0m", style as u8) } else { text.to_owned() }
    }

    fn line(&self, line: &str) {
        if self.hushed.load(Ordering::Relaxed) {
            return;
        }
        let _ = writeln!(io::stdout().lock(), "{line}");
    }
}

/// Lines that change: written over on a terminal; elsewhere each is written when it is new.
pub struct Live<'a> {
    screen: &'a Screen,
    height: usize,
    said: Vec<String>,
}

impl Live<'_> {
    /// Shows how it is now: whole, or in short where it can't be written over.
    pub fn show(&mut self, whole: &[String], short: Vec<String>) {
        if !self.screen.terminal {
            short.iter().filter(|line| !self.said.contains(line)).for_each(|line| self.screen.output(line));
            self.said = short;
            return;
        }
        let columns = rustix::termios::tcgetwinsize(io::stdout()).map_or(80, |size| usize::from(size.ws_col)).max(20);
        let up = match self.height {
            0 => String::new(),
            // Cursor Previous Line, Erase in Display (ECMA-48).
            height => format!("\x1b[{height}F\x1b[J"),
        };
        // A line that wraps would be two.
        let lines: Vec<String> =
            whole.iter().map(|line| format!("     {line}").chars().take(columns - 1).collect()).collect();
        self.height = lines.len();
        self.screen.line(&format!("{up}{}", lines.join("\n")));
    }
}

/// Characters of a line of JSON.
const WIDTH: usize = 100;

fn pretty(value: &Value, indent: usize) -> String {
    let line = value.to_string();
    if line.len() + indent <= WIDTH {
        return line;
    }
    let next = indent + 2;
    let (open, close, parts): (_, _, Vec<String>) = match value {
        Value::Array(all) => ('[', ']', all.iter().map(|one| pretty(one, next)).collect()),
        Value::Object(all) => (
            '{',
            '}',
            all.iter().map(|(name, one)| format!("{}: {}", Value::from(name.as_str()), pretty(one, next))).collect(),
        ),
        _ => return line,
    };
    let (inner, outer) = (" ".repeat(next), " ".repeat(indent));
    format!("{open}\n{inner}{}\n{outer}{close}", parts.join(&format!(",\n{inner}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn json_stays_json_and_breaks_only_where_it_must() {
        assert_eq!(pretty(&json!({ "a": [1, 2] }), 0), r#"{"a":[1,2]}"#);
        let long = json!({ "a": ["x".repeat(60), "y".repeat(60)], "b": 1 });
        let text = pretty(&long, 0);
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), long);
        assert!(text.lines().all(|line| line.len() <= WIDTH), "{text}");
    }
}
