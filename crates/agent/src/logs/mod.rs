//! What the `awslogs` driver does with a container's lines before they are sent; pure.

pub mod batch;
mod datetime;
mod join;

pub use join::{Event, Joined, Joiner};
