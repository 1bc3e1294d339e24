//! HTTP/2 as clients and targets see it, over real sockets on loopback addresses.

#[allow(dead_code, reason = "it is that of other tests, too")]
#[path = "../proxy/secured.rs"]
mod secured;
#[path = "../proxy/support.rs"]
mod support;
#[path = "../proxy/waiting.rs"]
mod waiting;

mod client;
mod conformance;
mod frames;
mod requests;
mod smuggling;
mod target;
mod targets;
