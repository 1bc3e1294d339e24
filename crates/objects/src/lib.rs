//! Objects of buckets: content, and what is said about it, by keys in their order.
//!
//! | module | what |
//! |---|---|
//! | [`store`] | buckets, and the file of each object |
//! | [`draft`] | an object on its way in |
//! | [`uploads`] | one that comes in parts |
//! | [`checksum`] | what a content is checked with |
//!
//! Absent: Amazon S3's API, who may do what, versions.

#![forbid(unsafe_code)]

pub mod checksum;
pub mod draft;
pub mod store;
pub mod uploads;

pub use checksum::{Algorithm, Checksum};
pub use draft::Draft;
pub use store::{Missing, Object, Store};
pub use uploads::Upload;
