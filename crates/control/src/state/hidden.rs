//! A value that no message shows.

use serde::{Deserialize, Serialize};
use std::fmt;

/// A secret value: written to the journal, which seals it, and to the caller who asks for it, but never to a log. It belongs only in
/// records of tables that are [`super::Record::SECRET`].
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Hidden<T>(pub T);

impl<T> fmt::Debug for Hidden<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(hidden)")
    }
}
