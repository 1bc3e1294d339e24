//! What a task's containers find at 169.254.170.2: metadata of their task ("Amazon ECS task metadata endpoint version 4 for tasks on
//! Fargate", Amazon ECS Developer Guide) and their role's credentials ("Task IAM role", same guide).
//!
//! Who asks is told by the address: the network lets no one send from another's. A path leads to what is the asking task's own, and
//! to nothing else.

mod describe;
mod errors;
mod route;
mod serve;
mod stats;
mod storage;
#[cfg(test)]
mod tests;

pub(crate) use route::{container_id, environment};
pub(crate) use serve::{HTTP, Server, serve};
