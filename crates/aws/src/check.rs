//! Constraints of AWS's models, and where in a request one was broken.
//!
//! Two passes: reading a shape stops at the first value of a wrong type; checking then collects every broken
//! constraint. Stored shapes are read and never checked. How a violation is worded is each protocol's
//! affair (`wording`).

use std::fmt;

/// A shape read from a tree, or why not.
pub type Read<T> = Result<T, Violation>;

/// One step into a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// A structure's member, by its wire name.
    Member(&'static str),
    /// A list's item, from 1.
    Item(usize),
    /// A map's value, by its key.
    Key(String),
}

/// What a value broke.
#[derive(Debug, Clone, PartialEq)]
pub enum Rule {
    /// It must be there.
    Required,
    /// It is of another type.
    Type {
        /// What it is.
        found: &'static str,
        /// What it should be.
        wanted: &'static str,
    },
    /// It must be one of these.
    OneOf(&'static [&'static str]),
    /// Its length (characters, items or bytes) must be at least this.
    MinLength(i64),
    /// Its length must be at most this.
    MaxLength(i64),
    /// It must be at least this.
    Min(i64),
    /// It must be at most this.
    Max(i64),
    /// It must be of this form.
    Pattern(&'static str),
    /// No shape has it. Only EC2 minds, and services that are sent XML.
    Unknown,
}

/// A broken rule: where, by which value.
#[derive(Debug, Clone, PartialEq)]
pub struct Violation {
    /// The way to the value from the outside in.
    pub path: Vec<Step>,
    /// The value as text, where there is one.
    pub value: Option<String>,
    /// Whether there is a value that no message may show.
    pub hidden: bool,
    /// The rule it broke.
    pub rule: Rule,
}

/// A value as a message shows it is cut to this many characters.
const SHOWN: usize = 256;

impl Violation {
    /// A broken rule at a place yet to be named by [`Violation::under`].
    pub fn of(rule: Rule) -> Self {
        Self { path: Vec::new(), value: None, hidden: false, rule }
    }

    /// With the offending value, cut to a readable length.
    pub fn with_value(mut self, value: String) -> Self {
        self.value = Some(if value.chars().count() > SHOWN { value.chars().take(SHOWN).collect() } else { value });
        self
    }

    /// The same, one step further in.
    pub fn under(mut self, step: Step) -> Self {
        self.path.insert(0, step);
        self
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {:?}", crate::wording::dotted(&self.path), self.rule)
    }
}

/// A member's constraints, as the tables give them.
#[derive(Debug, Clone, Copy, Default)]
pub struct Rules {
    /// Whether an optional member must be there in a request.
    pub required: bool,
    /// Bounds on the value of a number, on the length of anything else.
    pub bounds: Option<(i64, i64)>,
    /// Bounds on the items of a list or the values of a map.
    pub each: Option<(i64, i64)>,
    /// The form of a string, or of each string in a list or map.
    pub pattern: Option<&'static str>,
    /// Whether the value is kept out of messages.
    pub sensitive: bool,
}

impl Rules {
    /// The rules for an item.
    pub fn inner(&self) -> Rules {
        Rules { bounds: self.each, pattern: self.pattern, sensitive: self.sensitive, ..Rules::default() }
    }
}

/// Collects violations on a walk through a shape.
#[derive(Debug, Default)]
pub struct Checker {
    path: Vec<Step>,
    found: Vec<Violation>,
}

impl Checker {
    /// No more than this many are collected: a message has a reader.
    const LIMIT: usize = 20;

    /// Walks one step in.
    pub fn within(&mut self, step: Step, walk: impl FnOnce(&mut Self)) {
        self.path.push(step);
        walk(self);
        self.path.pop();
    }

    /// Notes that a value broke one of its rules. The value is only asked for when there is room for one more, and may be shown.
    pub fn found(&mut self, rule: Rule, rules: &Rules, value: impl FnOnce() -> String) {
        if self.found.len() < Self::LIMIT {
            let violation = Violation { path: self.path.clone(), value: None, hidden: rules.sensitive, rule };
            self.found.push(if rules.sensitive { violation } else { violation.with_value(value()) });
        }
    }

    /// Notes that a value is missing here.
    pub fn missing(&mut self) {
        if self.found.len() < Self::LIMIT {
            self.found.push(Violation { path: self.path.clone(), ..Violation::of(Rule::Required) });
        }
    }

    /// Holds a length against bounds.
    pub fn length(&mut self, length: usize, rules: &Rules, value: impl FnOnce() -> String) {
        let length = i64::try_from(length).unwrap_or(i64::MAX);
        match rules.bounds {
            Some((min, _)) if length < min => self.found(Rule::MinLength(min), rules, value),
            Some((_, max)) if length > max => self.found(Rule::MaxLength(max), rules, value),
            _ => {}
        }
    }

    /// Holds a number against bounds. `shown` is the number as it was given, which `f64` may not hold exactly.
    pub fn number(&mut self, number: f64, shown: impl FnOnce() -> String, rules: &Rules) {
        match rules.bounds {
            Some((min, _)) if number < min as f64 => self.found(Rule::Min(min), rules, shown),
            Some((_, max)) if number > max as f64 => self.found(Rule::Max(max), rules, shown),
            _ => {}
        }
    }

    /// All that was found.
    pub fn finish(self) -> Vec<Violation> {
        self.found
    }
}
