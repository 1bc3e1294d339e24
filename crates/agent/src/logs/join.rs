//! Lines on their way to being log events: several become one where the task definition says which lines begin one
//! (`awslogs-multiline-pattern`, `awslogs-datetime-format`; "Amazon CloudWatch Logs logging driver", Docker documentation).
//!
//! What becomes of lines depends on nothing but them and their times, so the same lines that are read again after a crash become the
//! same events.

use super::datetime;
use containers::log::{Line, MAX_LINE, Mark};
use regex::bytes::{Regex, RegexBuilder};
use spec::{Millis, Multiline};

/// An event goes on for this long after its first line ("awslogs-force-flush-interval-seconds", Docker documentation).
const OPEN: Millis = 5_000;
/// How much longer more is waited for: a line of that time may still be on its way here.
const GRACE: Millis = 1_000;
/// Bytes a compiled pattern may take.
const SIZE: usize = 4 << 20;

/// Joins one container's lines, of both its streams.
#[derive(Debug, Default)]
pub struct Joiner {
    /// Which lines begin an event. Without it every line is one.
    begins: Option<Regex>,
    open: Option<Event>,
}

/// A log event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// When its first line was written.
    pub at: Millis,
    /// Its text, at most [`MAX_LINE`] bytes. Where lines are joined each keeps its newline, as Docker has it. Never empty.
    pub text: Vec<u8>,
    /// Where to read on after it.
    pub resume: Mark,
}

/// What has become of some lines.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Joined {
    /// Events that are complete.
    pub events: Vec<Event>,
    /// Where to read on after all that is done with; `None` if nothing is.
    pub resume: Option<Mark>,
}

impl Joiner {
    /// One for a container's log configuration.
    ///
    /// # Errors
    /// In the driver's words, when its pattern is none.
    pub fn new(multiline: Option<&Multiline>) -> Result<Self, String> {
        let compile = |pattern: &str| {
            let built = RegexBuilder::new(pattern).size_limit(SIZE).dfa_size_limit(SIZE).build();
            built.map_err(|error| format!("awslogs could not parse multiline pattern key \"{pattern}\": {error}"))
        };
        let begins = match multiline {
            None => None,
            Some(Multiline::Pattern(pattern)) => Some(compile(pattern)?),
            Some(Multiline::Datetime(format)) => Some(compile(&datetime::pattern(format)?)?),
        };
        Ok(Self { begins, open: None })
    }

    /// Takes lines in. If there are none, an event that has been open for long is complete; with `ending` any event is, for no more
    /// lines will come.
    pub fn join(&mut self, lines: Vec<Line>, now: Millis, ending: bool) -> Joined {
        let mut joined = Joined::default();
        let none = lines.is_empty();
        for line in lines {
            match &self.begins {
                None => joined.whole(line),
                Some(begins) => {
                    let begins = begins.is_match(&line.bytes);
                    self.add(line, begins, &mut joined);
                }
            }
        }
        if none && self.open.as_ref().is_some_and(|open| ending || now - open.at >= OPEN + GRACE) {
            joined.close(&mut self.open);
        }
        joined
    }

    /// Whether there is an event that may go on.
    pub fn is_open(&self) -> bool {
        self.open.is_some()
    }

    fn add(&mut self, line: Line, begins: bool, joined: &mut Joined) {
        let goes_on =
            |open: &Event| !begins && line.time - open.at < OPEN && open.text.len() + line.bytes.len() < MAX_LINE;
        if !self.open.as_ref().is_some_and(goes_on) {
            joined.close(&mut self.open);
        }
        let open = self.open.get_or_insert(Event { at: line.time, text: Vec::new(), resume: line.mark });
        open.text.extend(line.bytes);
        // A line so long that it came in pieces has no room for one.
        if open.text.len() < MAX_LINE {
            open.text.push(b'\n');
        }
        open.resume = line.mark;
    }
}

impl Joined {
    fn close(&mut self, open: &mut Option<Event>) {
        if let Some(event) = open.take() {
            self.resume = Some(event.resume);
            self.events.push(event);
        }
    }

    /// A line that is an event, unless it is empty: CloudWatch Logs takes no event without a text.
    fn whole(&mut self, line: Line) {
        self.resume = Some(line.mark);
        if !line.bytes.is_empty() {
            self.events.push(Event { at: line.time, text: line.bytes, resume: line.mark });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use containers::log::Stream;
    use proptest::prelude::*;

    fn at(from: u64) -> Mark {
        Mark { from, ..Mark::default() }
    }

    fn lines(texts: &[(Millis, &str)]) -> Vec<Line> {
        let line = |((time, text), from): (&(Millis, &str), u64)| Line {
            time: *time,
            stream: Stream::Out,
            bytes: text.as_bytes().to_vec(),
            mark: at(from),
        };
        texts.iter().zip(1..).map(line).collect()
    }

    fn texts(joined: &Joined) -> Vec<(Millis, &str)> {
        joined.events.iter().map(|event| (event.at, std::str::from_utf8(&event.text).unwrap())).collect()
    }

    fn pattern(text: &str) -> Joiner {
        Joiner::new(Some(&Multiline::Pattern(text.into()))).unwrap()
    }

    #[test]
    fn without_a_pattern_every_line_with_a_text_is_an_event() {
        let joined = Joiner::new(None).unwrap().join(lines(&[(1, "a"), (2, ""), (3, "b"), (4, "")]), 5, false);
        assert_eq!((texts(&joined), joined.resume), (vec![(1, "a"), (3, "b")], Some(at(4))));
    }

    #[test]
    fn lines_that_begin_no_event_belong_to_the_one_before() {
        let mut joiner = pattern("^INFO|^ERROR");
        let trace =
            [(1, "tail of something"), (2, "ERROR boom"), (3, "  at a"), (3, "  at b"), (4, "INFO on"), (5, "")];
        let joined = joiner.join(lines(&trace), 6, false);
        assert_eq!(texts(&joined), [(1, "tail of something\n"), (2, "ERROR boom\n  at a\n  at b\n")]);
        assert_eq!(joined.resume, Some(at(4)));
        assert_eq!(joiner.join(Vec::new(), 4 + OPEN, false), Joined::default(), "more may be on its way");
        let rest = joiner.join(Vec::new(), 4 + OPEN + GRACE, false);
        assert_eq!((texts(&rest), rest.resume), (vec![(4, "INFO on\n\n")], Some(at(6))));
        assert_eq!(joiner.join(Vec::new(), i64::MAX, true), Joined::default());
    }

    #[test]
    fn an_event_ends_with_its_task_and_after_its_time() {
        let mut joiner = pattern("^A");
        let joined = joiner.join(lines(&[(0, "A"), (OPEN - 1, "b"), (OPEN, "late"), (OPEN + 1, "later")]), 0, false);
        assert_eq!(texts(&joined), [(0, "A\nb\n")]);
        assert_eq!(texts(&joiner.join(Vec::new(), 0, true)), [(OPEN, "late\nlater\n")]);
    }

    #[test]
    fn no_event_is_larger_than_the_log_service_takes() {
        let mut joiner = pattern("^A");
        let (half, whole) = ("x".repeat(MAX_LINE / 2), "y".repeat(MAX_LINE));
        let mut joined = joiner.join(lines(&[(0, "A"), (1, &half), (2, &half), (3, &whole), (4, "z")]), 4, false);
        joined.events.extend(joiner.join(Vec::new(), 4, true).events);
        let sizes: Vec<usize> = joined.events.iter().map(|event| event.text.len()).collect();
        assert_eq!(sizes, [2 + MAX_LINE / 2 + 1, MAX_LINE / 2 + 1, MAX_LINE, 2]);
    }

    #[test]
    fn formats_of_times_are_patterns() {
        for (format, line, begins) in [
            (r"\[%b %d, %Y %H:%M:%S\]", "[May 01, 2017 19:00:01] A message", true),
            (r"\[%b %d, %Y %H:%M:%S\]", "May 01, 2017 19:00:01", false),
            ("%Y-%m-%dT%H:%M:%S%L", "2026-01-31T23:59:59.123 x", true),
            ("%Y-%m-%dT%H:%M:%S%L", "2026-13-31T23:59:59.123 x", false),
            ("%Y-%m-%d %H:%M:%S,%f%z", "at 2026-01-31 23:59:59,123456+0100", true),
            ("%A %B %I:%M %p %Z", "Wednesday August 09:15 AM CEST", true),
            ("%a %y %w %j 100%%", "Tue 26 2 366 100%", true),
            ("%j", "367", false),
        ] {
            let mut joiner = Joiner::new(Some(&Multiline::Datetime(format.into()))).unwrap();
            let joined = joiner.join(lines(&[(0, "first"), (0, line)]), 0, false);
            assert_eq!(joined.events.len() == 1, begins, "{format} in {line}");
        }
    }

    #[test]
    fn what_is_no_pattern_is_said_in_the_drivers_words() {
        let refused = |multiline: Multiline| Joiner::new(Some(&multiline)).unwrap_err();
        let said = refused(Multiline::Pattern("(".into()));
        assert!(said.starts_with("awslogs could not parse multiline pattern key \"(\": "), "{said}");
        let said = refused(Multiline::Datetime("%Q".into()));
        assert_eq!(said, "awslogs could not parse datetime format \"%Q\": no directive %Q");
        refused(Multiline::Datetime("%".into()));
    }

    proptest! {
        /// Whatever the lines and however they come: nothing is lost, changed in order or too large, and reading again from where
        /// an event said to gives the same events.
        #[test]
        fn the_same_lines_become_the_same_events(
            texts in prop::collection::vec((0_i64..3_000, "[AB]{0,3}"), 0..40), chunk in 1_usize..8, again in 0_usize..40,
        ) {
            let mut time = 0;
            let timed: Vec<(Millis, &str)> = texts.iter().map(|(step, text)| { time += step; (time, text.as_str()) }).collect();
            let all = lines(&timed);
            let run = |lines: &[Line], chunk: usize| {
                let mut joiner = pattern("^A");
                let mut events: Vec<Event> =
                    lines.chunks(chunk).flat_map(|some| joiner.join(some.to_vec(), time, false).events).collect();
                events.extend(joiner.join(Vec::new(), time, true).events);
                events
            };
            let events = run(&all, chunk);
            let text: Vec<u8> = events.iter().flat_map(|event| event.text.clone()).collect();
            let expected: String = texts.iter().map(|(_, text)| format!("{text}\n")).collect();
            prop_assert_eq!(String::from_utf8(text).unwrap(), expected);
            prop_assert!(events.iter().all(|event| !event.text.is_empty() && event.text.len() <= MAX_LINE));
            if let Some(event) = events.get(again) {
                let rest: Vec<Line> = all.iter().filter(|line| line.mark.from > event.resume.from).cloned().collect();
                prop_assert_eq!(&run(&rest, 1), &events[again + 1..]);
            }
        }
    }
}
