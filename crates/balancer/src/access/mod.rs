//! Access logs ("Access logs for your Application Load Balancer"): a line for each request, where a load balancer is to have them.
//!
//! | module | what |
//! |---|---|
//! | [`line`] | a line, from what is known of a request; pure |
//! | [`noted`] | what is noted of a request on its way |
//! | [`buffer`] | a thread's lines, until they are handed on |
//! | [`files`] | the files of nodes: written, closed, found again |
//!
//! A thread hands its lines on a few times a second; whoever writes them does so on a thread of its own. What comes faster than it can be
//! written, or than it is delivered, is dropped, and said.

pub(crate) mod buffer;
pub mod files;
pub(crate) mod line;
pub(crate) mod noted;

pub(crate) use buffer::{Buffer, Sink};
pub(crate) use line::{Line, Presented};
pub(crate) use noted::Noted;
