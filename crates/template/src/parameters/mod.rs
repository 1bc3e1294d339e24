//! Parameters: how they are declared, and the values given for them ("CloudFormation template Parameters syntax").

mod check;
mod declaration;
mod kind;

pub use check::{Checked, Existing, Given, SsmLookup};
pub(crate) use declaration::declared;
pub use kind::{ParameterKind, Specific};

/// Characters of a parameter's value.
pub(crate) const LONGEST_VALUE: usize = 4_096;

/// What is said of a parameter.
#[derive(Debug, Clone, PartialEq)]
pub struct Parameter {
    /// What its values are.
    pub kind: ParameterKind,
    /// Its value when none is given.
    pub default: Option<String>,
    /// The only values it may have; of a list, its items.
    pub allowed_values: Option<Vec<String>>,
    /// A regular expression for the whole value; of a list, for its items.
    pub allowed_pattern: Option<String>,
    /// What is said when a value breaks a constraint.
    pub constraint_description: Option<String>,
    /// The least characters of a text.
    pub min_length: Option<u64>,
    /// The most characters of a text.
    pub max_length: Option<u64>,
    /// The least number.
    pub min_value: Option<f64>,
    /// The greatest number.
    pub max_value: Option<f64>,
    /// Whether its value is never shown.
    pub no_echo: bool,
    /// What it is, in the author's words.
    pub description: Option<String>,
}
