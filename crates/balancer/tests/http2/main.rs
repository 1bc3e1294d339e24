//! HTTP/2 as clients and targets see it, over real sockets on loopback addresses.

#[allow(dead_code, reason = "it is that of other tests, too")]
#[path = "../proxy/support.rs"]
mod support;

mod client;
mod conformance;
mod frames;
mod requests;
mod smuggling;
mod target;
mod targets;
