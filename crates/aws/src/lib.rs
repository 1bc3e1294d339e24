//! What goes over AWS's wire: bytes ⇄ [`doc::Doc`] is one codec per protocol, `Doc` ⇄ typed shape is one generated
//! table per service.
//!
//! Absent on purpose: state, I/O, a clock, codecs per shape, and any opinion about what an operation does.
//!
//! | module | what |
//! |---|---|
//! | [`request`] | which service and operation an HTTP request calls |
//! | [`api`] | one service: parse a request, write a reply or a refusal; `api::ecs` & co. are the generated tables |
//! | [`doc`], [`form`], [`element`] | the tree between bytes and shapes |
//! | [`shape`], [`check`] | typed shapes over the tree, and the constraints AWS's models put on them |
//! | [`fault`] | what goes wrong, with AWS's code, message and status |
//! | [`page`], [`arn`], [`sigv4`] | pagination tokens, ARNs, SigV4 credential scopes |
//! | [`rest`] | services that are called by method and path |
//! | [`xml`], [`document`] | replies in XML, and what clients send in it |
#![forbid(unsafe_code)]

pub mod api;
pub mod arn;
mod cbor;
pub mod check;
pub mod doc;
pub mod document;
pub mod element;
pub mod fault;
pub mod form;
mod json;
pub mod page;
mod pattern;
mod query;
pub mod reply;
pub mod request;
pub mod rest;
pub mod shape;
pub mod sigv4;
mod storage;
mod timestamp;
mod wording;
pub mod xml;
