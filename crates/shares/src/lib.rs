//! What there is only so much of, shared out among clients in a region's networks, so that none keeps others waiting.
//!
//! - [`Places`]: connections. Nobody waits for one: who has most loses one.
//! - [`Shares`]: amounts, such as memory. Whoever has used up its own waits, in a line of its own.

#![forbid(unsafe_code)]

mod amounts;
mod client;
mod places;

pub use amounts::{Share, Shares};
pub use client::Client;
pub use places::{Heard, Place, Places, Stream, accept, serve};
