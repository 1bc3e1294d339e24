//! Conditions joined by `&&` and `||`, with parentheses: `()` before `&&` before `||`.

use super::{Error, scanner::Scanner};

#[derive(Debug)]
pub(super) enum Expression<L> {
    All(Vec<Self>),
    Any(Vec<Self>),
    Leaf(L),
}

/// How one condition is read.
pub(super) type Read<'r, L> = &'r mut dyn FnMut(&mut Scanner<'_>) -> Result<L, Error>;

/// Parentheses in parentheses: more than anybody writes, less than a stack holds.
const DEPTH: usize = 64;

impl<L> Expression<L> {
    pub(super) fn read(scanner: &mut Scanner<'_>, leaf: Read<'_, L>) -> Result<Self, Error> {
        Self::any(scanner, leaf, 0)
    }

    fn any(scanner: &mut Scanner<'_>, leaf: Read<'_, L>, depth: usize) -> Result<Self, Error> {
        let first = Self::all(scanner, leaf, depth)?;
        let mut parts = vec![first];
        while scanner.eat("||") {
            parts.push(Self::all(scanner, leaf, depth)?);
        }
        Ok(Self::Any(parts))
    }

    fn all(scanner: &mut Scanner<'_>, leaf: Read<'_, L>, depth: usize) -> Result<Self, Error> {
        let first = Self::one(scanner, leaf, depth)?;
        let mut parts = vec![first];
        while scanner.eat("&&") {
            parts.push(Self::one(scanner, leaf, depth)?);
        }
        Ok(Self::All(parts))
    }

    fn one(scanner: &mut Scanner<'_>, leaf: Read<'_, L>, depth: usize) -> Result<Self, Error> {
        scanner.skip_space();
        let part = if scanner.eat("(") {
            if depth >= DEPTH {
                return Err(Error::pattern());
            }
            let inner = Self::any(scanner, leaf, depth + 1)?;
            if !scanner.eat(")") {
                return Err(Error::pattern());
            }
            inner
        } else {
            Self::Leaf(leaf(scanner)?)
        };
        scanner.skip_space();
        Ok(part)
    }

    /// Whether something is so of each of its conditions.
    pub(super) fn every(&self, is: &impl Fn(&L) -> bool) -> bool {
        match self {
            Self::All(parts) | Self::Any(parts) => parts.iter().all(|part| part.every(is)),
            Self::Leaf(condition) => is(condition),
        }
    }

    /// Whether it is so, when told which conditions are.
    pub(super) fn holds(&self, leaf: &impl Fn(&L) -> bool) -> bool {
        match self {
            Self::All(parts) => parts.iter().all(|part| part.holds(leaf)),
            Self::Any(parts) => parts.iter().any(|part| part.holds(leaf)),
            Self::Leaf(condition) => leaf(condition),
        }
    }

    /// The longest of the texts that conditions can't be without, of those that must all be so.
    pub(super) fn required<'e>(&'e self, text: &impl Fn(&'e L) -> Option<&'e str>) -> Option<&'e str> {
        match self {
            Self::Leaf(condition) => text(condition),
            Self::Any(parts) if parts.len() != 1 => None,
            Self::All(parts) | Self::Any(parts) => {
                parts.iter().filter_map(|part| part.required(text)).max_by_key(|text| text.len())
            }
        }
    }
}
