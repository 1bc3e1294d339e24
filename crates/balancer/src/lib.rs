//! The data plane of load balancers on one host, as far as it is not the kernel's.
//!
//! An [`Engine`] serves the nodes of load balancers: it listens in their network namespaces, decides about every request by the rules of
//! its listener, sends it to a target over a connection made in the same namespace, and checks the health of targets. Of Network Load
//! Balancers it serves the listeners with TLS on either side, with the proxy protocol or with several target groups, and checks the targets
//! of all. It is told everything there is by a [`Snapshot`] each time, and tells everything it saw by a `BalancingStatus`.
//!
//! | module | what |
//! |---|---|
//! | `engine` | one thread that makes the others serve a snapshot, by difference, and checks targets |
//! | `worker`, `client`, `exchange`, `tunnel` | the threads that serve: a connection is one task, its requests one after the other |
//! | `stream` | connections of Network Load Balancers, whose bytes are passed on as they are; the proxy protocol |
//! | `reach`, `pool`, `socket`, `copy`, `watch` | a target that takes a request, connections to it, bytes, what ends waiting for them |
//! | `tls` | TLS with clients and targets: policies, certificates, records |
//! | `counts` | what each thread counts for CloudWatch's metrics |
//! | `http2` | clients and targets that speak HTTP/2, health checks by gRPC |
//! | [`access`] | access logs |
//! | [`process`] | the process an engine lives in on a host, and how an agent starts it and speaks with it |
//! | `decide` | what becomes of a request and of its answer; pure, as are all below |
//! | `http1`, `heads`, `page`, `desync` | HTTP/1.1 in bytes; the heads that are sent on; what is answered here |
//! | `rules`, `pattern`, `cookie` | conditions, rewrites, redirects; stickiness |
//! | `target`, `health` | who gets the next request; what checks have shown |
//!
//! Absent here: what a load balancer should be, locks on the way of a request, a timer for each request, a retry of a request of
//! which a target may have got anything.

#![forbid(unsafe_code)]

pub mod access;
mod client;
mod config;
mod cookie;
mod copy;
mod counts;
mod decide;
mod desync;
mod engine;
mod exchange;
mod heads;
mod health;
mod http1;
mod http2;
mod page;
mod pattern;
mod pool;
mod probe;
pub mod process;
mod reach;
mod rules;
mod socket;
mod stream;
mod target;
mod tls;
mod tunnel;
mod watch;
mod worker;

pub use engine::{Door, Engine, Legacy, Mesh, Snapshot};
