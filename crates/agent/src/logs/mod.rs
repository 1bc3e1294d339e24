//! What the `awslogs` driver does with a container's lines before they are sent; pure.

mod datetime;
mod join;

pub use join::{Event, Joined, Joiner};
