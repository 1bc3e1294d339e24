//! From an expression's text to a tree.
//!
//! Operators bind as in arithmetic: `OR` the least, then `AND`, comparisons, `+ -`, `* /`, the sign, and `^`, which goes from right to
//! left.

use crate::Error;

/// Characters of an expression ("MetricDataQuery").
pub const LONGEST: usize = 2_048;
/// How deep brackets, signs and powers may be in each other.
const DEEPEST: usize = 100;

/// An expression.
#[derive(Debug, Clone, PartialEq)]
pub enum Tree {
    /// A number.
    Number(f64),
    /// A text in quotes: what the ids of metrics have in them.
    Text(String),
    /// Another query's id.
    Id(String),
    /// A word in capitals: `ASC`, `REPEAT`.
    Word(String),
    /// Several things in brackets.
    Array(Vec<Tree>),
    /// The same with another sign.
    Negative(Box<Tree>),
    /// Something and what follows, from left to right.
    Chain(Box<Tree>, Vec<(Operator, Tree)>),
    /// A function of something.
    Call(String, Vec<Tree>),
}

/// What is between two operands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Operator {
    Or,
    And,
    Equal,
    NotEqual,
    LessOrEqual,
    GreaterOrEqual,
    Less,
    Greater,
    Plus,
    Minus,
    Times,
    Divide,
    Power,
}

impl Operator {
    /// How it is written, and how strongly it binds.
    const ALL: [(&str, Self, u8); 15] = [
        ("OR", Self::Or, 1),
        ("||", Self::Or, 1),
        ("AND", Self::And, 2),
        ("&&", Self::And, 2),
        ("==", Self::Equal, 3),
        ("!=", Self::NotEqual, 3),
        ("<=", Self::LessOrEqual, 3),
        (">=", Self::GreaterOrEqual, 3),
        ("<", Self::Less, 3),
        (">", Self::Greater, 3),
        ("+", Self::Plus, 4),
        ("-", Self::Minus, 4),
        ("*", Self::Times, 5),
        ("/", Self::Divide, 5),
        ("^", Self::Power, 7),
    ];

    pub(crate) fn sign(self) -> &'static str {
        Self::ALL.iter().find(|(_, operator, _)| *operator == self).map_or("", |(text, ..)| text)
    }
}

/// How strongly the sign binds.
const SIGN: u8 = 6;

/// Reads an expression.
///
/// # Errors
/// When it is none, or one that is not supported.
pub fn parse(text: &str) -> Result<Tree, Error> {
    if text.chars().count() > LONGEST {
        return Err(Error::invalid(format!("An expression can have at most {LONGEST} characters")));
    }
    let first = text.trim_start().split_once(char::is_whitespace);
    if first.is_some_and(|(word, _)| word.eq_ignore_ascii_case("select")) {
        return Err(Error::Unsupported("SELECT (Metrics Insights)".to_owned()));
    }
    let tokens = tokens(text)?;
    let mut parser = Parser { tokens: &tokens, depth: 0 };
    let tree = parser.operand_and_more(0)?;
    if parser.tokens.is_empty() { Ok(tree) } else { Err(Error::syntax()) }
}

#[derive(Debug, Clone, PartialEq)]
enum Token {
    Number(f64),
    Text(String),
    Id(String),
    Word(String),
    /// An operator, a bracket or a comma.
    Sign(&'static str),
}

fn tokens(text: &str) -> Result<Vec<Token>, Error> {
    const BRACKETS: [&str; 5] = ["(", ")", "[", "]", ","];
    let signs = || BRACKETS.into_iter().chain(Operator::ALL.iter().map(|(sign, ..)| *sign));
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let length = |belongs: fn(char) -> bool| rest.find(|char| !belongs(char)).unwrap_or(rest.len());
        let (token, length) = match first {
            '0'..='9' | '.' => number(rest)?,
            '"' | '\'' | '“' | '‘' => quoted(rest, first)?,
            _ if first.is_ascii_alphabetic() => {
                let length = length(|char| char.is_ascii_alphanumeric() || char == '_');
                let word = rest.get(..length).unwrap_or_default();
                let operator = Operator::ALL.iter().find(|(text, ..)| *text == word);
                let token = match operator {
                    Some((sign, ..)) => Token::Sign(sign),
                    None if first.is_ascii_lowercase() => Token::Id(word.to_owned()),
                    None => Token::Word(word.to_owned()),
                };
                (token, length)
            }
            _ => {
                let sign = signs().find(|sign| rest.starts_with(sign)).ok_or_else(Error::syntax)?;
                (Token::Sign(sign), sign.len())
            }
        };
        tokens.push(token);
        rest = rest.get(length..).unwrap_or_default().trim_start();
    }
    Ok(tokens)
}

/// Digits, perhaps with a point among them and an exponent.
fn number(text: &str) -> Result<(Token, usize), Error> {
    let digits = |from: usize| {
        let rest = text.get(from..).unwrap_or_default();
        from + rest.bytes().take_while(u8::is_ascii_digit).count()
    };
    let mut end = digits(0);
    if text.get(end..).is_some_and(|rest| rest.starts_with('.')) {
        end = digits(end + 1);
    }
    if text.get(end..).is_some_and(|rest| rest.starts_with(['e', 'E'])) {
        let signed = text.get(end + 1..).is_some_and(|rest| rest.starts_with(['+', '-']));
        let from = end + 1 + usize::from(signed);
        if digits(from) > from {
            end = digits(from);
        }
    }
    let follows = text.get(end..).and_then(|rest| rest.chars().next());
    if follows.is_some_and(|char| char.is_alphanumeric() || char == '_' || char == '.') {
        return Err(Error::syntax());
    }
    let number = text.get(..end).and_then(|digits| digits.parse::<f64>().ok()).filter(|number| number.is_finite());
    Ok((Token::Number(number.ok_or_else(Error::syntax)?), end))
}

/// The documentation has typographic quotes in its examples, too.
fn quoted(text: &str, quote: char) -> Result<(Token, usize), Error> {
    let end = match quote {
        '“' => '”',
        '‘' => '’',
        other => other,
    };
    let inside = text.get(quote.len_utf8()..).unwrap_or_default();
    let (inside, _) = inside.split_once(end).ok_or_else(Error::syntax)?;
    Ok((Token::Text(inside.to_owned()), quote.len_utf8() + inside.len() + end.len_utf8()))
}

struct Parser<'a> {
    tokens: &'a [Token],
    depth: usize,
}

impl Parser<'_> {
    fn next(&mut self) -> Option<Token> {
        let (first, rest) = self.tokens.split_first()?;
        self.tokens = rest;
        Some(first.clone())
    }

    fn skip(&mut self, sign: &str) -> bool {
        let found = matches!(self.tokens.first(), Some(Token::Sign(found)) if *found == sign);
        if found {
            self.tokens = self.tokens.get(1..).unwrap_or_default();
        }
        found
    }

    fn operator(&self) -> Option<(Operator, u8)> {
        let Token::Sign(sign) = self.tokens.first()? else { return None };
        Operator::ALL.iter().find(|(text, ..)| text == sign).map(|(_, operator, binds)| (*operator, *binds))
    }

    /// An operand and all operators after it that bind more strongly, with theirs.
    fn operand_and_more(&mut self, least: u8) -> Result<Tree, Error> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(Error::invalid(format!("An expression can be at most {DEEPEST} levels deep")));
        }
        let mut tree = self.operand()?;
        while let Some((operator, binds)) = self.operator().filter(|(_, binds)| *binds > least) {
            self.tokens = self.tokens.get(1..).unwrap_or_default();
            // What is to the right of a power is so before it is.
            let right = self.operand_and_more(if operator == Operator::Power { binds - 1 } else { binds })?;
            tree = match tree {
                Tree::Chain(first, mut rest) if rest.last().is_some_and(|(last, _)| binding(*last) == binds) => {
                    rest.push((operator, right));
                    Tree::Chain(first, rest)
                }
                tree => Tree::Chain(Box::new(tree), vec![(operator, right)]),
            };
        }
        self.depth -= 1;
        Ok(tree)
    }

    fn operand(&mut self) -> Result<Tree, Error> {
        match self.next().ok_or_else(Error::syntax)? {
            Token::Number(number) => Ok(Tree::Number(number)),
            Token::Text(text) => Ok(Tree::Text(text)),
            Token::Id(id) => Ok(Tree::Id(id)),
            Token::Word(name) => match self.skip("(") {
                true => Ok(Tree::Call(name, self.list(")")?)),
                false => Ok(Tree::Word(name)),
            },
            Token::Sign("(") => {
                let tree = self.operand_and_more(0)?;
                // In brackets, a chain is one operand.
                if self.skip(")") { Ok(Tree::Chain(Box::new(tree), Vec::new())) } else { Err(Error::syntax()) }
            }
            Token::Sign("[") => Ok(Tree::Array(self.list("]")?)),
            Token::Sign("-") => Ok(Tree::Negative(Box::new(self.operand_and_more(SIGN)?))),
            Token::Sign(_) => Err(Error::syntax()),
        }
    }

    fn list(&mut self, end: &str) -> Result<Vec<Tree>, Error> {
        let mut all = Vec::new();
        if self.skip(end) {
            return Ok(all);
        }
        loop {
            all.push(self.operand_and_more(0)?);
            if self.skip(end) {
                return Ok(all);
            }
            if !self.skip(",") {
                return Err(Error::syntax());
            }
        }
    }
}

fn binding(operator: Operator) -> u8 {
    Operator::ALL.iter().find(|(_, of, _)| *of == operator).map_or(0, |(.., binds)| *binds)
}

impl Tree {
    /// Shows every part of it, itself first.
    pub(crate) fn each<'a>(&'a self, then: &mut impl FnMut(&'a Self)) {
        then(self);
        match self {
            Self::Number(_) | Self::Text(_) | Self::Id(_) | Self::Word(_) => {}
            Self::Array(all) | Self::Call(_, all) => all.iter().for_each(|part| part.each(then)),
            Self::Negative(of) => of.each(then),
            Self::Chain(first, rest) => {
                first.each(then);
                rest.iter().for_each(|(_, part)| part.each(then));
            }
        }
    }
}
